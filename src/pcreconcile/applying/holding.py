"""Holds: while one stands, no apply begins a write.

The store itself refuses the intent, in the transaction that would append it, so a hold that was noted is never passed
by. What is here says how a run ends then, and copies holds and their ends from the notes into the chain, which only
the holder of the lock writes: those that a run finds when it begins stand before its first event and belong to no run,
one that stops it stands inside of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pcreconcile.applying.journal import Journal
from pcreconcile.model.errors import ExitCode, Held, StoreError
from pcreconcile.model.notes import Note, NoteKind, standing_holds
from pcreconcile.model.run import Event, EventKind

_KINDS = {NoteKind.HOLD: EventKind.HELD, NoteKind.LIFT: EventKind.HOLD_LIFTED}


def begin(journal: Journal, notes: Sequence[Note], events: Iterable[Event], resumed: bool) -> None:
    """Bring the chain up to the notes; raises Held when a hold stands and no request of the plan needs its proof.

    Raises StoreError when the chain knows a hold that the notes do not: somebody has taken it away.
    """
    known = {number for event in events if (number := _number(event)) is not None}
    if missing := known - {note.number for note in notes if note.kind in _KINDS}:
        raise StoreError(f"the journal is damaged: note {min(missing)} is missing, which an event names")
    journal.holds_in_chain |= known
    for note in notes:
        if note.kind in _KINDS and note.proven:
            journal.hold(_KINDS[note.kind], note)
    holds = standing_holds(notes)
    for note in holds:
        journal.hold(EventKind.HELD, note)
    if holds and not resumed:
        raise Held(holds)


def exit_code(code: int, journal: Journal) -> int:
    """What a run ends with: one that a hold kept from every write was refused, and is not half done."""
    return ExitCode.REFUSED if journal.held and not journal.sent and code == ExitCode.PARTIAL else code


def _number(event: Event) -> int | None:
    number = event.body.get("note") if event.kind in _KINDS.values() else None
    return number if type(number) is int else None
