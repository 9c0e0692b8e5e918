"""The one door to other programs: git and ssh-keygen get what they need to find their way, and nothing else.

The environment of a child is made from a list of what it may have. Credentials are told by no common mark, so that a
list of what to take out would miss the next one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["NotAnswered", "child_environment", "run"]

# Where programs, the user's own files and libraries lie; language and time; the terminal; the user's SSH agent, its
# question for a passphrase and its security key.
_PASSED = frozenset(
    (
        *("PATH", "PATHEXT", "SYSTEMROOT", "COMSPEC", "WINDIR", "LD_LIBRARY_PATH"),
        *("HOME", "USER", "LOGNAME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA"),
        *("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
        *("LANG", "LANGUAGE", "TZ", "TZDIR", "TMPDIR", "TEMP", "TMP"),
        *("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR"),
        *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "SSH_SK_PROVIDER"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"),
    )
)
_LOCALE = "LC_"


class NotAnswered(Exception):
    """A program is there and did not come to its end, or could not be started."""


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a child may know of an environment: no credential, no `GIT_*`, no `PCRECONCILE_*`.

    Names are compared as they are written, except that Windows' own come in any letter case.
    """
    return {name: value for name, value in environment.items() if _is_passed(name)}


def run(
    command: Sequence[str],
    *,
    given: bytes = b"",
    settings: Mapping[str, str] | None = None,
    folder: Path | None = None,
    patience: float | None,
    shows_errors: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end and return its answer, whatever its exit code.

    `settings` are added to the child's environment, `patience` is in seconds (None: somebody is asked something), and
    `shows_errors` leaves the child's error output at the terminal. Raises FileNotFoundError when there is no such
    program, NotAnswered when it cannot be started or takes too long.
    """
    environment = {**child_environment(os.environ), **(settings or {})}
    errors = None if shows_errors else subprocess.PIPE
    try:
        return subprocess.run(  # noqa: S603
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=folder,
            timeout=patience,
            check=False,
        )
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise NotAnswered(f"{command[0]} cannot be asked for that: {type(error).__name__}") from error
    except subprocess.SubprocessError as error:
        raise NotAnswered(f"{command[0]} has not answered for {patience or 0:.0f} seconds") from error


def _is_passed(name: str) -> bool:
    plain = name.upper() if os.name == "nt" else name
    return plain in _PASSED or plain.startswith(_LOCALE)
