"""Holds on the command line: set, shown and lifted in the store, and the operator setting that needs no store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pcreconcile.cli import wiring
from pcreconcile.model.errors import Held, UsageError
from pcreconcile.model.notes import Note, NoteDraft, NoteKind, hold_in_words, standing_holds
from pcreconcile.model.run import Holder

SETTING = "PCRECONCILE_HOLD"
LONGEST = 1000  # characters of a reason


@dataclass(frozen=True, slots=True)
class State:
    """What stands now, and what the command has just written (None: nothing)."""

    holds: tuple[Note, ...]
    written: Note | None = None


def hold(session: wiring.Session, why: str) -> State:
    """Keep every apply of the partner tenant, running ones included, from beginning a write.

    Needs no lock and sends no request. Raises UsageError without a reason, StoreError when the store cannot keep it.
    """
    store = wiring.read_journal(session)
    written = store.note(_draft(session, NoteKind.HOLD, {"why": _reason(why)}))
    return State(standing_holds(store.notes()), written)


def lift(session: wiring.Session, why: str) -> State:
    """End the holds that stand now; one that comes at the same moment is not among them. Raises as `hold` does."""
    store = wiring.read_journal(session)
    standing = standing_holds(store.notes())
    if not standing:
        return State(())
    body: dict[str, object] = {"lifts": [each.number for each in standing], "why": _reason(why) if why else ""}
    written = store.note(_draft(session, NoteKind.LIFT, body))
    return State(standing_holds(store.notes()), written)


def state(session: wiring.Session) -> State:
    """What stands. Raises StoreError when that cannot be seen."""
    return State(standing_holds(wiring.read_journal(session).notes()))


def standing(session: wiring.Session, environment: Mapping[str, str]) -> Iterator[Held]:
    """Every hold, that of the setting first. Raises StoreError when those of the store cannot be seen."""
    if held := of_setting(environment):
        yield held
    for note in state(session).holds:
        yield Held((note,))


def of_setting(environment: Mapping[str, str]) -> Held | None:
    """The hold that the operator's setting makes; any text but none at all is one."""
    why = environment.get(SETTING, "")
    return Held((), f"held: {' '.join(why.split())} ({SETTING})", f"unset {SETTING} to end it") if why else None


def require_no_setting(environment: Mapping[str, str]) -> None:
    """Raises Held when the operator's setting keeps every apply from beginning."""
    if held := of_setting(environment):
        raise held


def in_words(note: Note) -> str:
    """One standing hold, with its number."""
    return f"hold {note.number}: {hold_in_words(note).removeprefix('held: ')}"


def _draft(session: wiring.Session, kind: NoteKind, body: dict[str, object]) -> NoteDraft:
    return NoteDraft(kind, session.clock.now(), _who(wiring.this_process(session)), body)


def _who(process: Holder) -> str:
    return f"{process.user}@{process.host}"


def _reason(why: str) -> str:
    text = " ".join(why.split())
    if not text or len(text) > LONGEST:
        raise UsageError(
            f"--why needs a reason of 1 to {LONGEST} characters: it is shown to everybody whose apply it stops"
        )
    return text
