"""The folder of approvals: `approvals/<plan-id>/<who>.yaml`, beside the partner folder and no part of the manifests.

An approval must not change the plan that it approves, so it lies outside what a plan is made from.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.model.approval import SignedApproval
from pcreconcile.model.errors import ManifestError, UsageError
from pcreconcile.model.ids import PlanId

if TYPE_CHECKING:
    from pcreconcile.manifests.files import FoundFile

FOLDER = "approvals"

_LONGEST = 100  # characters of a file name
_SAFE = re.compile(r"[a-z0-9][a-z0-9@._+-]*", re.ASCII)
_UNSAFE = re.compile(r"[^a-z0-9@._+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """The approvals in a plan's folder, and what of the files there is none and why."""

    approvals: tuple[SignedApproval, ...] = ()
    problems: tuple[str, ...] = ()


def folder_of(home: Path, given: Path | None) -> Path:
    """Where approvals lie: the folder that was given, else `approvals/` beside the partner folder."""
    return given if given is not None else home.resolve().parent / FOLDER


def read(folder: Path, plan: PlanId) -> Found:
    """Every approval kept for a plan. A file that cannot be read, or is none, is a problem and no error."""
    from pcreconcile.manifests.files import Walk

    place = folder / plan
    if not os.path.lexists(place):
        return Found()
    if place.is_symlink() or not place.is_dir():
        return Found((), (f"{place}: not a folder",))
    walk = Walk(place)
    read = [_one(file) for file in walk.directly_in(place, str(place), lambda _: True)]
    approvals = tuple(each for each in read if isinstance(each, SignedApproval))
    problems = tuple(line for each in read if not isinstance(each, SignedApproval) for line in each)
    return Found(approvals, (*problems, *map(str, walk.findings)))


def file_for(folder: Path, plan: PlanId, principal: str) -> Path:
    """Where the approval of a person is kept; two people never share a file.

    A principal that is no plain file name is made one, told apart by a digest of it.
    """
    name = principal.casefold()
    if not _SAFE.fullmatch(name) or len(name) > _LONGEST:
        plain = _UNSAFE.sub("-", name).strip(".-")[: _LONGEST - 20] or "approver"
        name = f"{plain}-{sha256(principal.casefold().encode()).hexdigest()[:12]}"
    return folder / plan / f"{name}.yaml"


def keep(file: Path, text: str, principal: str) -> None:
    """Write an approval, or write it anew where the file is this person's.

    Raises UsageError when it is somebody else's or cannot be written.
    """
    from pcreconcile.cli import files

    files.require_unlinked(file.parent)
    files.require_unlinked(file)
    if file.exists() and not _belongs_to(file, principal):
        raise UsageError(f"{file}: there is another file, and it is no approval of {principal}: move it away")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{file.parent}: cannot be made: {error.strerror or type(error).__name__}") from error
    files.write(file, text.encode())


def read_file(path: Path) -> SignedApproval:
    """One approval. Raises ManifestError when the file cannot be read or is none."""
    from pcreconcile.manifests.files import Walk

    walk = Walk(path.parent)
    for file in walk.single(path, str(path)):
        return _read(file)
    raise ManifestError(walk.findings)


def _read(file: FoundFile) -> SignedApproval:
    from pcreconcile.manifests.approvals import read_approval
    from pcreconcile.manifests.files import read_bytes

    data = read_bytes(file)
    if not isinstance(data, bytes):
        raise ManifestError([data])
    return read_approval(data, file.shown)


def _one(file: FoundFile) -> SignedApproval | tuple[str, ...]:
    try:
        return _read(file)
    except ManifestError as error:
        return tuple(str(finding) for finding in error.findings)


def _belongs_to(file: Path, principal: str) -> bool:
    try:
        return read_file(file).approval.principal.casefold() == principal.casefold()
    except ManifestError:
        return False
