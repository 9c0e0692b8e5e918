"""The files of an archive, read: what the proofs and the story are made from. Strict: what does not parse is damage.

The same value is made from the journal itself, so that a run is proven by one and the same code whether its evidence
comes from the store or from an archive that somebody sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from pcreconcile.applying.stores.bodies import misfit_of
from pcreconcile.model.approval import Approval
from pcreconcile.model.errors import PcreconcileError
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.identity import canonical_json, sha256_hex
from pcreconcile.model.ids import PlanId, RunId
from pcreconcile.model.machine_json import escaped_json
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import Event, EventKind

JOURNAL, HEAD, AUDIT, SIGNERS = "journal.ndjson", "head.json", "audit.json", "allowed_signers"
EVIDENCE, PAGE, DIGESTS = "evidence.json", "index.html", "digests.txt"

_PLAN = re.compile(r"plans/([0-9a-f]{64})\.json", re.ASCII)
_APPROVAL = re.compile(r"approvals/([0-9a-f]{64})/[A-Za-z0-9@._~%+-]+\.json", re.ASCII)
_LOOK = re.compile(r"looks/([0-9a-f]{64})\.json", re.ASCII)
_OLDER_SIGNERS = re.compile(r"allowed_signers\.[0-9a-f]{12}", re.ASCII)

Files = Mapping[str, bytes]
_Kind = TypeVar("_Kind")


class DamagedEvidence(PcreconcileError):
    """A file of the archive is not what pcreconcile writes; the text names it."""


class Entry(msgspec.Struct, frozen=True):
    """One event of the chain. `event` is None where only its link is told; `cut` where texts were taken out of it."""

    seq: int
    prev: str
    hash: str
    event: Event | None = None
    cut: bool = False


class AuditFile(msgspec.Struct, frozen=True, rename="camel"):
    """`audit.json`: what the service's own records say, and whether it was asked."""

    records: tuple[AuditRecord, ...] = ()
    asked: bool = False
    since: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ToldPlan:
    """A plan as the archive has it: `content` in canonical form, `raw` the document, `plan` its value."""

    file: str
    content: bytes
    raw: dict[str, Any]
    plan: Plan


@dataclass(frozen=True, slots=True)
class ToldApproval:
    """`signed` are the bytes that were signed; `cut` where the comment was taken out, so that they are not."""

    file: str
    signed: bytes
    signature: str
    approval: Approval
    cut: bool

    @property
    def kept(self) -> str:
        """The digest under which the journal keeps it."""
        document = msgspec.json.decode(self.signed)
        return sha256_hex({"document": document, "signature": self.signature})


@dataclass(frozen=True, slots=True)
class Told:
    """An archive's files by meaning: plans by digest of the plan, looks by digest of the document.

    `starts` is the first event of every run that is told.
    """

    entries: tuple[Entry, ...]
    plans: Mapping[str, ToldPlan]
    approvals: tuple[ToldApproval, ...]
    looks: Mapping[str, bytes]
    signers: tuple[bytes, ...]
    audit: AuditFile
    head: dict[str, Any]
    starts: Mapping[RunId, Event]

    def events(self) -> Iterator[Event]:
        """Those that are told, in order."""
        return (entry.event for entry in self.entries if entry.event is not None)

    def plan_of(self, run: RunId) -> ToldPlan | None:
        """The plan that a run applied; None where the journal did not keep it."""
        first = self.starts.get(run)
        return self.plans.get(str(first.body.get("digest"))) if first is not None else None

    def look(self, digest: str) -> dict[str, Any]:
        """A look by the digest that its event names; {} where there is none."""
        found: dict[str, Any] = msgspec.json.decode(self.looks.get(digest, b"{}"))
        return found


def approvals_of(told: Told, plan: PlanId) -> tuple[ToldApproval, ...]:
    """Those in the folder of one plan."""
    return tuple(each for each in told.approvals if each.file.startswith(f"approvals/{plan}/"))


def written(content: bytes) -> bytes:
    """Canonical JSON as it is written into an archive: the same value, escaped for machines.

    Digests and hashes are of the canonical form, so they hold for either.
    """
    return escaped_json(content.decode()).encode()


def as_hashed(content: bytes) -> bytes:
    """The canonical form of a document as an archive has it; what is neither form stays as it is, and fits no digest.

    Archives of earlier versions hold the canonical form itself.
    """
    canonical = canonical_json(msgspec.json.decode(content))
    return canonical if content == written(canonical) else content


def is_written(content: bytes, canonical: bytes) -> bool:
    """Whether a file is one of the two forms in which that value stands in archives."""
    return content in {canonical, written(canonical)}


def read_files(files: Files) -> Told:
    """Everything but what is derived. Raises DamagedEvidence, also for a file that no archive has."""
    entries = _entries(files)
    shown = (entry.event for entry in entries if entry.event is not None)
    return Told(
        entries=entries,
        plans=dict(_plans(files)),
        approvals=tuple(_approvals(files)),
        looks=dict(_looks(files)),
        signers=tuple(files[name] for name in sorted(files) if name == SIGNERS or _OLDER_SIGNERS.fullmatch(name)),
        audit=_audit(files),
        head=_object(HEAD, _needed(files, HEAD)),
        starts={event.run: event for event in shown if event.kind is EventKind.RUN_STARTED},
    )


def strange(files: Files) -> list[str]:
    """Names that no archive has."""
    return sorted(name for name in files if not _known(name, files))


def _known(name: str, files: Files) -> bool:
    if name in {JOURNAL, HEAD, AUDIT, SIGNERS, EVIDENCE, PAGE, DIGESTS}:
        return True
    if name.endswith(".sig"):
        return name.removesuffix(".sig") in files and _APPROVAL.fullmatch(name.removesuffix(".sig")) is not None
    return any(form.fullmatch(name) for form in (_PLAN, _APPROVAL, _LOOK, _OLDER_SIGNERS))


def _audit(files: Files) -> AuditFile:
    content = _needed(files, AUDIT)
    found = _decoded(AUDIT, content, AuditFile)
    if not is_written(content, canonical_json(found)):
        raise DamagedEvidence(f"{AUDIT}: not in its one canonical form")
    return found


def _entries(files: Files) -> tuple[Entry, ...]:
    lines = _needed(files, JOURNAL).split(b"\n")
    if lines.pop() != b"":
        raise DamagedEvidence(f"{JOURNAL}: its last line is cut off")
    return tuple(_entry(number, line) for number, line in enumerate(lines, start=1))


def _entry(number: int, line: bytes) -> Entry:
    raw = _object(f"{JOURNAL}, line {number}", line)
    if not is_written(line, canonical_json(raw)):
        raise DamagedEvidence(f"{JOURNAL}, line {number}: not in its one canonical form")
    cut = raw.pop("redacted", False)
    if raw.keys() == {"seq", "prev", "hash"} and cut is False:
        return _converted(f"{JOURNAL}, line {number}", raw, Entry)
    event = _converted(f"{JOURNAL}, line {number}", raw, Event)
    if msgspec.to_builtins(event) != raw or type(cut) is not bool:
        raise DamagedEvidence(f"{JOURNAL}, line {number}: not an event as the journal has them")
    if not cut and (misfit := misfit_of(event)):
        raise DamagedEvidence(f"{JOURNAL}, line {number}: {misfit}")
    return Entry(event.seq, event.prev, event.hash, event, cut)


def _plans(files: Files) -> Iterator[tuple[str, ToldPlan]]:
    for name, match in _matching(files, _PLAN):
        raw = _object(name, files[name])
        yield match[1], ToldPlan(name, as_hashed(files[name]), raw, _converted(name, raw, Plan))


def _approvals(files: Files) -> Iterator[ToldApproval]:
    for name, _ in _matching(files, _APPROVAL):
        raw = _object(name, files[name])
        cut = raw.pop("redacted", False) is True
        try:
            spec = {**raw["spec"], "principal": raw["metadata"]["name"]}
        except (KeyError, TypeError) as error:
            raise DamagedEvidence(f"{name}: not an approval") from error
        signature = _needed(files, f"{name}.sig").decode("ascii", "replace")
        yield ToldApproval(name, as_hashed(files[name]), signature, _converted(name, spec, Approval), cut)


def _looks(files: Files) -> Iterator[tuple[str, bytes]]:
    for name, match in _matching(files, _LOOK):
        _object(name, files[name])
        yield match[1], as_hashed(files[name])


def _matching(files: Files, form: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str]]]:
    return ((name, match) for name in sorted(files) if (match := form.fullmatch(name)) is not None)


def _needed(files: Files, name: str) -> bytes:
    try:
        return files[name]
    except KeyError:
        raise DamagedEvidence(f"{name} is missing") from None


def _object(name: str, content: bytes) -> dict[str, Any]:
    return _decoded(name, content, dict[str, Any])


def _decoded(name: str, content: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedEvidence(f"{name}: {error}") from None


def _converted(name: str, raw: Any, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedEvidence(f"{name}: {error}") from None
