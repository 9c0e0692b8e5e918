"""From the journal to the files of an archive: what is told whole, what only as a link, what without its names.

Everything comes from the store, so that any machine that reaches it can make the same archive, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pcreconcile.applying.evidence.anchors import anchor_line
from pcreconcile.applying.evidence.redaction import LEFT_OUT, Masks
from pcreconcile.applying.evidence.selection import Selection
from pcreconcile.applying.evidence.told import AUDIT, HEAD, JOURNAL, SIGNERS, AuditFile, written
from pcreconcile.model.errors import StoreError
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import Event, EventKind, Head

Document = Callable[[str], bytes | None]

# What a document of another kind makes of code that expects an approval, a plan or a look.
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, msgspec.MsgspecError)

_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Journalled:
    """A journal to make evidence from: all of its events, and the documents that it keeps."""

    events: Sequence[Event]
    document: Document

    def kept(self, digest: object) -> bytes | None:
        """A document that an event names; None where the event names none. Raises StoreError when it is missing."""
        if not isinstance(digest, str):
            return None
        content = self.document(digest)
        if content is None:
            raise StoreError(f"the journal is damaged: it does not have document {digest}, which an event names")
        return content


@dataclass(frozen=True, slots=True)
class Wanted:
    """What goes into the archive. `redacted` archives have placeholders for names."""

    partner: TenantId
    selection: Selection
    redacted: bool
    audit: AuditFile


def kept_plans(journal: Journalled) -> Iterator[Plan]:
    """Every plan that the journal kept and this version can read."""
    digests = {e.body.get("planDocument") for e in journal.events if e.kind is EventKind.RUN_STARTED}
    for digest in sorted(filter(None, digests)):
        try:
            yield msgspec.json.decode(journal.kept(digest) or b"", type=Plan)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue


def gather(journal: Journalled, wanted: Wanted) -> dict[str, bytes]:
    """The files, by name, without those that are derived from them; all JSON escaped for machines.

    Raises StoreError, also for documents that are not what the event that names them says.
    """
    try:
        files = _Gathering(journal, wanted).files()
        return {name: written(data) if name.endswith((".json", ".ndjson")) else data for name, data in files.items()}
    except _STRANGE as error:
        raise StoreError(
            f"the journal is damaged: a document that an event names is not one of its kind ({type(error).__name__})"
        ) from error


class _Gathering:
    def __init__(self, journal: Journalled, wanted: Wanted) -> None:
        self._journal = journal
        self._wanted = wanted
        self._only = wanted.selection.subject.customer
        self._told = [event for event in journal.events if self._is_told(event)]
        self._starts = [event for event in self._told if event.kind is EventKind.RUN_STARTED]
        self._plans = dict(self._read_plans())
        self._looks = dict(self._read_looks())
        self._masks = self._make_masks() if wanted.redacted else None

    def files(self) -> dict[str, bytes]:
        last = self._journal.events[-1]
        head = Head(last.seq, last.hash)
        partner = self._wanted.partner
        line = anchor_line(partner, head)
        found = {
            JOURNAL: b"".join(self._line(event) + b"\n" for event in self._journal.events),
            HEAD: canonical_json({"anchor": line, "partner": partner, "seq": head.seq, "hash": head.hash}),
            AUDIT: canonical_json(self._audit()),
        }
        found |= {f"plans/{digest}.json": self._document(content) for digest, content in self._plans.items()}
        found |= {f"looks/{digest}.json": self._document(content) for digest, content in self._looks.items()}
        return found | dict(self._approvals()) | dict(self._signers())

    def _is_told(self, event: Event) -> bool:
        if event.run not in self._wanted.selection.runs:
            return False
        return self._only is None or event.customer in {None, self._only}

    def _line(self, event: Event) -> bytes:
        if not self._is_told(event):
            return canonical_json({"seq": event.seq, "prev": event.prev, "hash": event.hash})
        body = dict(event.body)
        if self._only is not None and event.kind is EventKind.RUN_FINISHED:
            body["customers"] = {who: how for who, how in body.get("customers", {}).items() if who == self._only}
        if self._masks is not None:
            body = self._masks.body(body)
        shown = msgspec.to_builtins(msgspec.structs.replace(event, body=body))
        return canonical_json(shown | ({} if body == event.body else {"redacted": True}))

    def _read_plans(self) -> Iterator[tuple[str, bytes]]:
        for event in self._starts:
            content = self._journal.kept(event.body.get("planDocument"))
            if content is not None:
                yield _named(event, "digest"), _cut(content, self._only)

    def _read_looks(self) -> Iterator[tuple[str, bytes]]:
        for event in self._told:
            if event.kind is EventKind.LOOKED:
                content = self._journal.kept(str(event.body["document"])) or b""
                yield str(event.body["document"]), content

    def _make_masks(self) -> Masks:
        documents = [msgspec.json.decode(content) for content in [*self._plans.values(), *self._looks.values()]]
        people = [str(event.body["user"]) for event in self._starts if event.body.get("user")]
        return Masks(documents, [*people, *self._approvers()])

    def _approvers(self) -> set[str]:
        granted = (grant for event in self._starts for grant in event.body.get("approvals", ()))
        return {str(grant["principal"]) for grant in granted}

    def _document(self, content: bytes) -> bytes:
        return content if self._masks is None else canonical_json(self._masks.document(msgspec.json.decode(content)))

    def _audit(self) -> dict[str, Any]:
        raw: dict[str, Any] = msgspec.to_builtins(self._wanted.audit)
        return raw if self._masks is None else self._masks.document(raw)

    def _approvals(self) -> Iterator[tuple[str, bytes]]:
        """Each approval of each plan once, as it was signed, and its signature."""
        names: dict[str, str] = {}
        for event in self._starts:
            for grant in event.body.get("approvals", ()):
                digest, folder = str(grant["document"]), f"approvals/{event.plan}"
                if (key := f"{folder} {digest}") in names:
                    continue
                names[key] = name = _free(f"{folder}/{_file_name(str(grant['principal']))}", set(names.values()))
                content = msgspec.json.decode(self._journal.kept(digest) or b"")
                yield f"{name}.json", self._signed(content["document"])
                yield f"{name}.json.sig", str(content["signature"]).encode()

    def _signed(self, document: dict[str, Any]) -> bytes:
        """The bytes that were signed; a comment is a person's text, and cannot be taken out without saying so."""
        if self._masks is None or not document["spec"].get("comment"):
            return canonical_json(document)
        return canonical_json(
            {**document, "spec": {**document["spec"], "comment": LEFT_OUT}, "redacted": True},
        )

    def _signers(self) -> Iterator[tuple[str, bytes]]:
        """The last of them under the name that ssh-keygen's manual uses, earlier ones beside it."""
        digests = [str(e.body["allowedSigners"]) for e in self._starts if e.body.get("allowedSigners")]
        at_base = (digest for e in self._starts for digest in _listed(e, "allowedSignersAtBase"))
        for digest in sorted({*digests, *at_base}):
            content = self._journal.kept(digest) or b""
            name = SIGNERS if digest == digests[-1] else f"{SIGNERS}.{digest[:12]}"
            yield name, content if self._masks is None else _signers_of(content, self._approvers())


def _named(event: Event, member: str) -> str:
    """What an event that names a document says of it. Raises StoreError where it does not."""
    if value := event.body.get(member):
        return str(value)
    raise StoreError(
        f"the journal is damaged: event {event.seq} ({event.kind}) names a planDocument and no {member}; "
        "expected the SHA-256 that the plan states of itself"
    )


def _listed(event: Event, member: str) -> list[str]:
    """The documents that a member of an event lists, none where it is absent. Raises StoreError for anything else."""
    value = event.body.get(member, [])
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise StoreError(
        f"the journal is damaged: event {event.seq} ({event.kind}) has a {member} that is no list of documents; "
        "expected the SHA-256 of each"
    )


def _cut(content: bytes, only: TenantId | None) -> bytes:
    """A plan without all other customers, and without what tells of the fleet; as it was where there are none."""
    if only is None:
        return content
    raw = msgspec.json.decode(content)
    raw["customers"] = [customer for customer in raw["customers"] if customer["tenantId"] == only]
    for name, part in raw.items():
        if isinstance(part, list) and name != "customers":
            raw[name] = [each for each in part if isinstance(each, dict) and each.get("tenantId") == only]
    raw["totals"] = {**_empty(raw["totals"]), "customers": len(raw["customers"])}
    return canonical_json(raw)


def _empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _empty(part) for name, part in value.items()} if value.keys() != {"amount", "currency"} else None
    return [] if isinstance(value, list) else 0


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}~{number}", number + 1
    return free


def _file_name(principal: str) -> str:
    """A name that is one part of a path on every system."""
    shown = _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), principal)
    return shown if shown.strip(".") else f"%{shown}"


def _signers_of(content: bytes, approvers: set[str]) -> bytes:
    """The lines of those who approved, and other lines with their keys (the same key under another name counts)."""
    lines = [line for line in content.decode("utf-8", "replace").splitlines() if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    theirs = [line for line in lines if any(name.casefold() in line.casefold() for name in approvers)]
    keys = {part for line in theirs for part in line.split() if part.startswith("AAAA")}
    kept = [line for line in lines if line in theirs or keys & set(line.split())]
    return "".join(f"{line}\n" for line in kept).encode()
