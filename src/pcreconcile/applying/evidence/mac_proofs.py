"""Proofs about the journal key: which of the told events only its owner can have written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcreconcile.applying.evidence.proofs import proof, unchecked
from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.stores.sealing import MAC, JournalKey, Sealing
from pcreconcile.model.evidence import Proof
from pcreconcile.model.ids import TenantId
from pcreconcile.model.run import Event


def mac_proofs(told: Told, partner: TenantId, key: JournalKey | None) -> Iterator[Proof]:
    """MACs of the events that are told whole; nothing where there is neither a key nor a MAC."""
    events = [entry.event for entry in told.entries if entry.event is not None and not entry.cut]
    sealed = [event for event in events if MAC in event.body]
    if key is None:
        if sealed:
            yield unchecked("macs", f"{len(sealed)} events carry MACs, not checked: PCRECONCILE_JOURNAL_KEY is not set")
        return
    well = f"{len(sealed)} events carry MACs of the journal key"
    yield from proof("macs", _wrong(events, partner, Sealing(key)), well)
    before = [event for event in events if not sealed or event.seq < sealed[0].seq]
    if before:
        yield unchecked("macs", f"{len(before)} events carry no MAC: older than the seal, or written without the key")


def _wrong(events: Sequence[Event], partner: TenantId, sealing: Sealing) -> Iterator[str]:
    seen = False
    for event in events:
        seen = seen or MAC in event.body
        if seen and not sealing.fits(event, partner):
            yield f"event {event.seq} carries no MAC of the journal key"
