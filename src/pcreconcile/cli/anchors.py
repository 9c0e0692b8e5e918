"""An anchor is a signed git tag whose message holds the journal's head: found, checked by git, and read.

The tag is looked up once and then named by its object ID, so that nobody can put another in its place meanwhile.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.model.errors import UsageError

if TYPE_CHECKING:
    from pcreconcile.applying.evidence import Anchor

_PATIENCE = 60.0
_ID = re.compile(r"[0-9a-f]{40,64}", re.ASCII)


def signed_anchor(repository: Path, name: str, allowed_signers: Path | None) -> Anchor:
    """What a signed tag of that name anchors.

    `allowed_signers` lists whose SSH signatures count (None: what git is configured with). Raises UsageError when there
    is no such tag, when it is not signed by one of them, or holds no journal head.
    """
    from pcreconcile.applying.evidence import BadAnchor, parse_anchor

    tag = _tag(repository, name)
    _require_signature(repository, tag, name, allowed_signers)
    content = _ask(repository, ["cat-file", "tag", tag], f"--anchor {name}: its message cannot be read")
    message = content.partition("\n\n")[2].partition("-----BEGIN ")[0]
    try:
        return parse_anchor(message)
    except BadAnchor as error:
        raise UsageError(f"--anchor {name}: {error}") from error


def _tag(repository: Path, name: str) -> str:
    """The object ID of an annotated tag, by its name with or without refs/tags/."""
    full = name if name.startswith("refs/tags/") else f"refs/tags/{name}"
    words = ["rev-parse", "--verify", "--quiet", "--end-of-options", full]
    found = _ask(repository, words, f"--anchor {name}: no such tag in the git repository of {repository}").strip()
    sort = _ask(repository, ["cat-file", "-t", found], f"--anchor {name}: it cannot be read").strip()
    if sort != "tag" or not _ID.fullmatch(found):
        raise UsageError(f"--anchor {name}: not a signed tag: make it with `git tag -s`")
    return found


def _require_signature(repository: Path, tag: str, name: str, allowed_signers: Path | None) -> None:
    listed = [] if allowed_signers is None else ["-c", f"gpg.ssh.allowedSignersFile={allowed_signers.absolute()}"]
    done = _run(repository, [*listed, "verify-tag", tag])
    if done.returncode != 0:
        raise UsageError(f"--anchor {name}: its signature does not count{_said(done.stderr)}")


def _ask(repository: Path, words: Sequence[str], otherwise: str) -> str:
    done = _run(repository, words)
    if done.returncode != 0:
        raise UsageError(f"{otherwise}{_said(done.stderr)}")
    return done.stdout


def _run(repository: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = ["git", "--no-replace-objects", "-C", str(repository), *words]
    try:
        return subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError("git is not installed, and --anchor needs it") from error
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise UsageError("git cannot be asked about the anchor") from error


def _said(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": git says: {lines[-1]}" if lines else ""
