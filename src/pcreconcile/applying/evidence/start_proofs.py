"""Proofs about how runs began: what wrote says from which plan and by whose leave.

Everything that a run did is held against what its first event names. So a first event that names nothing would leave
nothing to fail: a run that wrote and does not say it is not proven. The oldest journals said no more; a journal in
which something stands that their programs never wrote is none of them, and somebody has taken it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pcreconcile.applying.evidence.proofs import proof
from pcreconcile.applying.evidence.replaying import RunReplay
from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.stores.bodies import BEGINS_WITH
from pcreconcile.applying.stores.sealing import MAC
from pcreconcile.model.evidence import Proof, Standing
from pcreconcile.model.ids import RunId
from pcreconcile.model.run import Event, EventKind

WRITES = frozenset({EventKind.INTENT, EventKind.ANSWERED, EventKind.REFUSED, EventKind.NO_ANSWER, EventKind.VERIFIED})
_OLDEST = frozenset({"digest", "planMadeBy"})  # all that the first event of a run said in the oldest journals
_LATER_KINDS = frozenset(
    {
        EventKind.LOOKED,
        EventKind.AUDITED,
        EventKind.SKIPPED,
        EventKind.HELD,
        EventKind.HOLD_LIFTED,
        EventKind.SEALED,
    }
)
_LATER_MEMBERS = {
    EventKind.RUN_STARTED: frozenset(BEGINS_WITH) - _OLDEST,
    EventKind.INTENT: frozenset({"reversibility", "seats", "money"}),
    EventKind.VERIFIED: frozenset({"seen"}),
}


def says_all(start: Event) -> bool:
    """Whether the first event of a run says all that those of today's format say."""
    return not _missing(start)


def start_proofs(told: Told, replays: Mapping[RunId, RunReplay]) -> Iterator[Proof]:
    """Every run that wrote names its plan and its approvals, and whether it went on an earlier one.

    `replays` are those of runs of which every event is told.
    """
    wrong = [
        why for run, start in told.starts.items() if run in replays and (why := _other_resumed(start, replays[run]))
    ]
    if wrong:
        yield from proof("started", wrong, "")
    wrote = {event.run for event in told.events() if event.kind in WRITES}
    starts = [start for run, start in told.starts.items() if run in wrote]
    silent = {start.seq: missing for start in starts if (missing := _missing(start))}
    if not silent and not wrong:
        yield from proof("started", (), f"{len(starts)} runs that wrote name their plan and by whose leave")
    if not silent:
        return
    taken = {start.seq: mark for start in starts if start.seq in silent and (mark := _later_mark(told, start))}
    gone = (f"event {seq}: {silent[seq]} was taken out of it, {mark}" for seq, mark in taken.items())
    if taken:
        yield from proof("started", gone, "")
    old = [f"event {seq}: the journal is of an older format: {why}" for seq, why in silent.items() if seq not in taken]
    if old:
        yield from proof("started", old, "", Standing.NOT_PROVEN)


def _other_resumed(start: Event, replayed: RunReplay) -> str:
    said = start.body.get("resumed")
    if said is None or said == replayed.resumed:
        return ""
    known = "has written already" if replayed.resumed else "has not written before"
    return f"event {start.seq}: its resumed is {str(said).lower()}, and by the journal its plan {known}"


def _missing(start: Event) -> str:
    """What the first event of a run that wrote does not say; "" when it says all."""
    absent = [name for name in BEGINS_WITH if name not in start.body]
    if not absent and start.body["planDocument"] and start.body["required"] is not None:
        return ""
    return f"the run wrote and does not name {', '.join(absent) or 'its planDocument or what was required'}"


def _later_mark(told: Told, start: Event) -> str:
    """What shows that a later program wrote it, in this run or before it; "" where nothing does."""
    for event in told.events():
        if event.seq > start.seq and event.run != start.run:
            continue
        if event.kind in _LATER_KINDS:
            return f"since event {event.seq} ({event.kind}) is none of an older format"
        if later := sorted(event.body.keys() & (_LATER_MEMBERS.get(event.kind, frozenset()) | {MAC})):
            return f"since event {event.seq} ({event.kind}) has {', '.join(later)}, which no older format had"
    return ""
