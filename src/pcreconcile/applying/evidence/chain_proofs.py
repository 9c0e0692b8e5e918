"""Proofs about the journal: whole from its first event to its head, each told event sealed, anchored where asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from pcreconcile.applying.evidence.anchors import Anchor, anchor_line
from pcreconcile.applying.evidence.proofs import proof, unchecked
from pcreconcile.applying.evidence.told import SIGNERS, Entry, Told
from pcreconcile.applying.stores.chain import START, seal_of
from pcreconcile.model.evidence import Evidence, Proof
from pcreconcile.model.ids import RunId, TenantId
from pcreconcile.model.run import EventKind, Head

_UNANCHORED = "; anchored: no (the chain proves order and wholeness, and could have been made anew as a whole)"


def chain_proofs(told: Told, evidence: Evidence, anchor: Anchor | None) -> Iterator[Proof]:
    """Links, seals, the head, and that nothing is missing inside of what is told."""
    links = len(told.entries)
    yield from proof(
        "chain", _broken(told), f"the journal is whole from event 1 to {links}{_UNANCHORED if anchor is None else ''}"
    )
    shown = [entry for entry in told.entries if entry.event is not None]
    cut = sum(entry.cut for entry in shown)
    yield from proof("events", _unsealed(shown), f"{len(shown) - cut} events are what their hashes say")
    if cut:
        yield unchecked(
            "events", f"{cut} events are told without names or other customers: their links alone are checked"
        )
    if links > len(shown):
        yield unchecked("events", f"{links - len(shown)} events of other runs or customers are given as links alone")
    yield from proof("head", _wrong_head(told, evidence.partner.tenant_id), "head.json is the chain's last event")
    if evidence.subject.customer is None:
        yield from proof("gaps", _gaps(told), "no event of the runs is left out")
    yield from proof("runs", _misplaced(told), "each run begins once, and nothing happens after its end")


def document_proofs(told: Told, evidence: Evidence) -> Iterator[Proof]:
    """Every document that an event names is there, and is what the event says."""
    nameless = "; told without names, so that they are not compared with the journal's digests"
    well = f"every document that the journal names is there{nameless if evidence.redacted else ''}"
    yield from proof("documents", _missing(told), well)
    if evidence.redacted:
        return
    documents = [(f"looks/{digest}.json", digest, content) for digest, content in told.looks.items()]
    documents += [(SIGNERS, digest, content) for digest, content in _signers(told)]
    if evidence.subject.customer is None:
        starts = told.starts.values()
        plans = ((told.plans.get(str(e.body.get("digest"))), e.body.get("planDocument")) for e in starts)
        documents += [(plan.file, str(digest), plan.content) for plan, digest in plans if plan is not None]
    else:
        yield unchecked("documents", "plans are told without other customers, so the journal's digests do not fit them")
    wrong = (f"{name} is not what the journal kept" for name, digest, content in documents if _sha(content) != digest)
    yield from proof("documents", wrong, f"{len(documents)} documents are what the journal kept")


def _signers(told: Told) -> Iterator[tuple[str, bytes]]:
    """Each list that a run names, as the archive has it; another one where it has none that fits."""
    have = {_sha(content): content for content in told.signers}
    for event in told.starts.values():
        if digest := event.body.get("allowedSigners"):
            yield str(digest), have.get(str(digest), b"")


def anchor_proofs(told: Told, partner: TenantId, anchor: Anchor | None) -> Iterator[Proof]:
    """Whether somebody outside vouches for the chain; without an anchor the proof of the chain itself says so."""
    if anchor is None:
        return
    after = len(told.entries) - anchor.head.seq
    later = f"; {after} later events are not covered by it" if after else ""
    yield from proof("anchor", _unanchored(told, partner, anchor), f"anchored: yes, at event {anchor.head.seq}{later}")


def _unanchored(told: Told, partner: TenantId, anchor: Anchor) -> Iterator[str]:
    seq = anchor.head.seq
    if anchor.partner != partner:
        yield f"the anchor is that of partner tenant {anchor.partner}"
    elif seq > len(told.entries):
        yield f"the anchor is younger (event {seq}) than this (event {len(told.entries)}): take an older one"
    elif told.entries[seq - 1].hash != anchor.head.hash:
        yield f"event {seq} is not the one that was anchored: this is another journal, or one that was made anew"


def _broken(told: Told) -> Iterator[str]:
    prev = START
    if not told.entries:
        yield "there is no event at all"
    for seq, entry in enumerate(told.entries, start=1):
        if entry.seq != seq or entry.prev != prev:
            yield f"event {entry.seq} does not follow the one before it"
            return
        prev = entry.hash


def _unsealed(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.event is not None and not entry.cut and seal_of(entry.event) != entry.hash:
            yield f"event {entry.seq} is not what its hash says"


def _wrong_head(told: Told, partner: TenantId) -> Iterator[str]:
    last = told.entries[-1]
    head = Head(last.seq, last.hash)
    expected = {"anchor": anchor_line(partner, head), "partner": partner, "seq": last.seq, "hash": last.hash}
    if told.head != expected:
        yield "head.json is not the chain's last event"


def _gaps(told: Told) -> Iterator[str]:
    """One run at a time holds the journal, so between two events of a run there is no other's."""
    ends: dict[RunId, list[int]] = {}
    for event in told.events():
        ends.setdefault(event.run, []).append(event.seq)
    for run, numbers in ends.items():
        missing = numbers[-1] - numbers[0] + 1 - len(numbers)
        if missing:
            yield f"run {run}: {missing} events between its first and its last are left out"


def _misplaced(told: Told) -> Iterator[str]:
    begun: set[RunId] = set()
    ended: set[RunId] = set()
    for event in told.events():
        if (event.kind is EventKind.RUN_STARTED) == (event.run in begun):
            yield f"event {event.seq}: run {event.run} does not begin with one event that says so"
        if event.run in ended:
            yield f"event {event.seq}: run {event.run} had ended"
        begun.add(event.run)
        if event.kind is EventKind.RUN_FINISHED:
            ended.add(event.run)


def _missing(told: Told) -> Iterator[str]:
    kept = {approval.kept for approval in told.approvals}
    cut = {(each.approval.plan_id, each.approval.principal) for each in told.approvals if each.cut}
    for event in told.events():
        body = event.body
        if event.kind is EventKind.LOOKED and body.get("document") not in told.looks:
            yield f"event {event.seq}: the look that it names is missing"
        if event.kind is EventKind.RUN_STARTED and body.get("planDocument") and body.get("digest") not in told.plans:
            yield f"event {event.seq}: the plan that it names is missing"
        if body.get("allowedSigners") and not told.signers:
            yield f"event {event.seq}: the allowed_signers that it names are missing"
        for grant in body.get("approvals", ()):
            if grant.get("document") not in kept and (event.plan, grant.get("principal")) not in cut:
                yield f"event {event.seq}: the approval of {grant.get('principal')} that it names is missing"


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
