"""What the reader of evidence brings along: who may sign, and what somebody outside has anchored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.cli import evidencing, files, wiring
from pcreconcile.model.errors import PlanFileError, UsageError

if TYPE_CHECKING:
    from pcreconcile.applying.evidence import Anchor, Checks

_MOST = 2**20  # bytes of allowed_signers


@dataclass(frozen=True, slots=True)
class Vouched:
    """The options of `verify` as they were given."""

    allowed_signers: Path | None
    anchor: str | None
    repository: Path | None


def checks(session: wiring.Session | None, given: Vouched) -> Checks:
    """What to prove with. Raises UsageError for a file that cannot be read and for an anchor that does not count."""
    theirs = _read(given.allowed_signers) if given.allowed_signers is not None else None
    return evidencing.checks(theirs, _anchor(session, given) if given.anchor is not None else None)


def _anchor(session: wiring.Session | None, given: Vouched) -> Anchor:
    from pcreconcile.cli.anchors import signed_anchor

    repository = given.repository or (session.loaded.home if session is not None else None)
    if repository is None:
        raise UsageError("--anchor needs the git repository of the tag: give --repository DIR")
    return signed_anchor(repository, given.anchor or "", given.allowed_signers or _partners_own(session))


def _partners_own(session: wiring.Session | None) -> Path | None:
    if session is None:
        return None
    path = session.loaded.home / session.loaded.policy.approvals.allowed_signers
    return path if path.is_file() else None


def _read(path: Path) -> bytes:
    try:
        content = files.read(path, _MOST)
    except PlanFileError as error:
        raise UsageError(str(error)) from error
    if len(content) > _MOST:
        raise UsageError(f"{path}: larger than 1 MiB")
    return content
