"""As whom and with which key somebody signs, as git on this machine has it, unless the command line says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pcreconcile.model.errors import UsageError

_PATIENCE = 10.0
_USUAL = ".ssh/id_ed25519"


def principal(given: str | None, folder: Path) -> str:
    """Who approves. Raises UsageError when nobody says."""
    name = given or _configured(folder, "user.email")
    if not name:
        raise UsageError("nobody says who approves: use --as, or set git's user.email")
    return name


def key(given: str | None, folder: Path) -> str:
    """A key file, or a public key as text whose other half an agent holds. Raises UsageError when there is none."""
    if given:
        return given
    if _configured(folder, "gpg.format") == "ssh" and (configured := _configured(folder, "user.signingkey")):
        return configured
    if not (Path("~").expanduser() / _USUAL).exists():
        raise UsageError(
            "there is no key to sign with: use --key, or set git's user.signingkey with gpg.format=ssh,"
            f" or make one with `ssh-keygen -t ed25519` (~/{_USUAL})"
        )
    return f"~/{_USUAL}"


def _configured(folder: Path, name: str) -> str:
    """A setting of git; "" without git or outside any repository and user settings."""
    asked = ["git", "-C", str(folder), "config", "--get", name]
    try:
        answer = subprocess.run(asked, capture_output=True, timeout=_PATIENCE, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return answer.stdout.decode(errors="replace").strip()
