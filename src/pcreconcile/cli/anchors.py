"""An anchor is a signed git tag whose message holds the journal's head: found, its signature checked, and read.

The tag is read once, and its signature judged by ssh-keygen over the bytes that were read: git's own check would run
whatever program its configuration names, and look the tag up again. The list of signers is always one that is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pcreconcile.cli import child_process
from pcreconcile.cli.repository import Repository
from pcreconcile.model.errors import UsageError

if TYPE_CHECKING:
    from pcreconcile.applying.evidence import Anchor

_PATIENCE = 120.0  # seconds; for a program that hangs, not for a busy machine
_ARMOUR = b"-----BEGIN SSH SIGNATURE-----"
_TAGGED = re.compile(rb"^tagger .*> ([0-9]{1,12}) [+-][0-9]{4}$", re.MULTILINE)
_NAMESPACE = "git"  # of all signatures that git makes with SSH keys


def signed_anchor(repository: Path, name: str, allowed_signers: Path | None) -> Anchor:
    """What a signed tag of that name anchors.

    `allowed_signers` lists whose SSH signatures count. Raises UsageError when there is no such tag, when it is not
    signed by one of them or nobody says who they are, or when it holds no journal head.
    """
    from pcreconcile.applying.evidence import BadAnchor, parse_anchor

    tag = _tag(repository, name)
    payload, mark, armour = tag.partition(_ARMOUR)
    _require_signature(name, payload, mark + armour, allowed_signers)
    message = payload.partition(b"\n\n")[2].decode(errors="replace")
    try:
        return parse_anchor(message)
    except BadAnchor as error:
        raise UsageError(f"--anchor {name}: {error}") from error


def _tag(folder: Path, name: str) -> bytes:
    """An annotated tag, by its name with or without refs/tags/."""
    full = name if name.startswith("refs/tags/") else f"refs/tags/{name}"
    tag = Repository(folder).message(full)
    if tag is None:
        raise UsageError(f"--anchor {name}: no such tag in the git repository of {folder}")
    if not tag:
        raise UsageError(f"--anchor {name}: not a signed tag: make it with `git tag -s`")
    return tag


def _require_signature(name: str, payload: bytes, armour: bytes, allowed_signers: Path | None) -> None:
    why = _fault(payload, armour, allowed_signers)
    if why:
        raise UsageError(f"--anchor {name}: its signature does not count: {why}")


def _fault(payload: bytes, armour: bytes, allowed_signers: Path | None) -> str:
    """What is wrong with a signature; "" when one of the listed signers made it."""
    if not armour:
        return "it has no SSH signature (`git tag -s` with gpg.format=ssh makes one)"
    if allowed_signers is None:
        return "nobody says whose signatures count: give --allowed-signers FILE"
    with TemporaryDirectory(prefix="pcreconcile-") as folder:
        signature = Path(folder, "signature")
        signature.write_bytes(armour)
        by = ["-f", str(allowed_signers.absolute()), "-s", str(signature), *_at(payload)]
        found = _ssh_keygen(["find-principals", *by], b"")
        verify = ["verify", "-n", _NAMESPACE, *by, "-I"]
        people = found.stdout.decode(errors="replace").splitlines() if found.returncode == 0 else []
        answers = [_ssh_keygen([*verify, person], payload) for person in people]
    if any(answer.returncode == 0 for answer in answers):
        return ""
    return _said(answers[-1] if answers else found) or "its key is not listed"


def _at(payload: bytes) -> Sequence[str]:
    """The instant for which keys must be valid: when the tag was made, as for git."""
    made = _TAGGED.search(payload)
    if made is None:
        return ()
    try:
        return ("-O", f"verify-time={datetime.fromtimestamp(int(made[1]), UTC):%Y%m%d%H%M%S}")
    except (ValueError, OverflowError, OSError):
        return ()


def _ssh_keygen(words: Sequence[str], given: bytes) -> CompletedProcess[bytes]:
    settings = {"TZ": "UTC", "LC_ALL": "C"}
    try:
        return child_process.run(["ssh-keygen", "-Y", *words], given=given, settings=settings, patience=_PATIENCE)
    except FileNotFoundError as error:
        raise UsageError("ssh-keygen is not installed, and --anchor needs it (OpenSSH 8.9 or later)") from error
    except child_process.NotAnswered as error:
        raise UsageError(str(error)) from error


def _said(done: CompletedProcess[bytes]) -> str:
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
