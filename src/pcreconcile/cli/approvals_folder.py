"""The folder of approvals: `approvals/<plan-id>/<who>.yaml`, beside the partner folder and no part of the manifests.

An approval must not change the plan that it approves, so it lies outside what a plan is made from. Withdrawals lie
beside the approvals (`withdrawn-….yaml`); what a file is it says itself, whatever its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.model.approval import SignedApproval, SignedWithdrawal, Withdrawal
from pcreconcile.model.errors import ManifestError, UsageError
from pcreconcile.model.ids import PlanId

if TYPE_CHECKING:
    from pcreconcile.manifests.files import FoundFile

FOLDER = "approvals"
VARIABLE = "PCRECONCILE_APPROVALS"  # of the option `--approvals`

_LONGEST = 100  # characters of a file name
_WITHDRAWN = "withdrawn-"
_PLAN = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SAFE = re.compile(r"[a-z0-9][a-z0-9@._+-]*", re.ASCII)
_UNSAFE = re.compile(r"[^a-z0-9@._+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """The approvals and withdrawals in a plan's folder, and what of the files is neither and why."""

    approvals: tuple[SignedApproval, ...] = ()
    withdrawals: tuple[SignedWithdrawal, ...] = ()
    problems: tuple[str, ...] = ()


def chosen(environment: Mapping[str, str]) -> Path | None:
    """The folder that the variable of `--approvals` names, for commands that have no such option."""
    named = environment.get(VARIABLE, "")
    return Path(named) if named else None


def folder_of(home: Path, given: Path | None) -> Path:
    """Where approvals lie: the folder that was given, else `approvals/` beside the partner folder."""
    return given if given is not None else home.resolve().parent / FOLDER


def read(folder: Path, plan: PlanId) -> Found:
    """All that is kept for a plan. A file that cannot be read, or is neither, is a problem and no error.

    Approvals in files that are called as `approve` calls them come first, then the newest: the others may be a heap
    that somebody has put there, of which not all are verified.
    """
    found = _found(folder / plan, lambda _: True)
    newest = sorted(found.approvals, key=lambda signed: signed.approval.approved_at, reverse=True)
    return replace(found, approvals=tuple(sorted(newest, key=_is_renamed)))


def _is_renamed(signed: SignedApproval) -> bool:
    return Path(signed.source).name != f"{_file_name(signed.approval.principal)}.yaml"


def read_withdrawals(folder: Path) -> Found:
    """The withdrawals of every plan's folder, by their usual names."""
    try:
        plans = sorted(entry.name for entry in os.scandir(folder) if _PLAN.fullmatch(entry.name))
    except OSError:
        return Found()
    found = [_found(folder / plan, lambda name: name.startswith(_WITHDRAWN)) for plan in plans]
    return Found(
        withdrawals=tuple(each for one in found for each in one.withdrawals),
        problems=tuple(problem for one in found for problem in one.problems),
    )


def _found(place: Path, wanted: Callable[[str], bool]) -> Found:
    from pcreconcile.manifests.files import Walk

    if not os.path.lexists(place):
        return Found()
    if place.is_symlink() or not place.is_dir():
        return Found(problems=(f"{place}: not a folder",))
    walk = Walk(place)
    read = [_one(file) for file in walk.directly_in(place, str(place), wanted)]
    return Found(
        tuple(each for each in read if isinstance(each, SignedApproval)),
        tuple(each for each in read if isinstance(each, SignedWithdrawal)),
        (*(line for each in read if isinstance(each, tuple) for line in each), *map(str, walk.findings)),
    )


def file_for(folder: Path, plan: PlanId, principal: str) -> Path:
    """Where the approval of a person is kept; two people never share a file.

    A principal that is no plain file name is made one, told apart by a digest of it.
    """
    return folder / plan / f"{_file_name(principal)}.yaml"


def withdrawal_file_for(folder: Path, withdrawal: Withdrawal) -> Path:
    """Where a person's withdrawal of one approval is kept."""
    name = f"{_WITHDRAWN}{withdrawal.approval[:12]}-by-{_file_name(withdrawal.principal)}.yaml"
    return folder / withdrawal.plan_id / name


def _file_name(principal: str) -> str:
    name = principal.casefold()
    if not _SAFE.fullmatch(name) or len(name) > _LONGEST:
        plain = _UNSAFE.sub("-", name).strip(".-")[: _LONGEST - 20] or "approver"
        name = f"{plain}-{sha256(principal.casefold().encode()).hexdigest()[:12]}"
    return name


def keep(file: Path, text: str, principal: str) -> None:
    """Write an approval or withdrawal, or write it anew where the file is this person's.

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


def read_file(path: Path) -> SignedApproval | SignedWithdrawal:
    """One approval or withdrawal. Raises ManifestError when the file cannot be read or is neither."""
    from pcreconcile.manifests.files import Walk

    walk = Walk(path.parent)
    for file in walk.single(path, str(path)):
        return _read(file)
    raise ManifestError(walk.findings)


def _read(file: FoundFile) -> SignedApproval | SignedWithdrawal:
    from pcreconcile.manifests.approvals import read_signed
    from pcreconcile.manifests.files import read_bytes

    data = read_bytes(file)
    if not isinstance(data, bytes):
        raise ManifestError([data])
    return read_signed(data, file.shown)


def _one(file: FoundFile) -> SignedApproval | SignedWithdrawal | tuple[str, ...]:
    try:
        return _read(file)
    except ManifestError as error:
        return tuple(str(finding) for finding in error.findings)


def _belongs_to(file: Path, principal: str) -> bool:
    try:
        signed = read_file(file)
    except ManifestError:
        return False
    said = signed.approval if isinstance(signed, SignedApproval) else signed.withdrawal
    return said.principal.casefold() == principal.casefold()
