"""Notes: what is kept beside the journal's chain, without the lock that a running apply holds.

A hold must reach a run that is at work, a withdrawn approval must be known whatever becomes of its file, and `plan`,
which never takes the lock, keeps whom the policy has protected. Notes are numbered from 1 and append-only; what they
say of writes is copied into the chain by the run that holds the lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class NoteKind(StrEnum):
    """What a note is about."""

    HOLD = "hold"  # no apply begins a write; body: {"why": text}
    LIFT = "lift"  # ends holds; body: {"lifts": [numbers of their notes], "why": text}
    WITHDRAWAL = "withdrawal"  # an approval counts no more
    PROTECTED = "protected"  # tenants for which an entry of the policy has stood
    RETURNED = "returned"  # a customer that we removed was seen again; body: {"tenant": ID, "run": that removed it}


class NoteDraft(msgspec.Struct, frozen=True):
    """A note before the store numbers it. `who` is a person at a machine, in words; `at` is aware."""

    kind: NoteKind
    at: datetime
    who: str
    body: dict[str, Any] = {}


class Note(msgspec.Struct, frozen=True, rename="camel"):
    """One kept note; `at` is aware UTC.

    `mac` is "" for one that was written without a journal key. `proven` is False when a journal key is set and the MAC
    is not of it: such a note may forbid, but permits nothing.
    """

    number: int
    kind: NoteKind
    at: datetime
    who: str
    body: dict[str, Any]
    mac: str = ""
    proven: bool = True


def standing_holds(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The holds that no proven later note has lifted, in order."""
    notes = tuple(notes)
    lifted = {number for note in notes if note.proven for number in lifted_by(note)}
    return tuple(note for note in notes if note.kind is NoteKind.HOLD and note.number not in lifted)


def hold_in_words(hold: Note) -> str:
    """`held: WHY (by WHO since WHEN)`."""
    return f"held: {hold.body.get('why', '')} (by {hold.who} since {hold.at:%Y-%m-%d %H:%M:%S} UTC)"


def lifted_by(note: Note) -> frozenset[int]:
    """The numbers of the holds that a lift ends: those that it names, and that came before it."""
    named = note.body.get("lifts") if note.kind is NoteKind.LIFT else None
    numbers = named if type(named) is list else []
    return frozenset(number for number in numbers if type(number) is int and number < note.number)
