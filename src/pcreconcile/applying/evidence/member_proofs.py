"""Proofs about single events: each says all that an event of its kind says, in the words that this program writes.

What an event leaves out can contradict nothing. So it is no proof either, and a run whose first event is of today's
format has no event that says less (`start_proofs` judges the first events themselves, and older formats with them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pcreconcile.applying.evidence.proofs import proof
from pcreconcile.applying.evidence.start_proofs import says_all
from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.looks import Moment
from pcreconcile.applying.outcome import Outcome
from pcreconcile.model.evidence import Proof
from pcreconcile.model.run import Event, EventKind

_ACT = ("kind", "target", "effect", "precondition", "postcondition")
_REFUSED = ("status", "code", "message", "correlationId")

SAYS: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.RUN_STARTED: (),  # `start_proofs`
    EventKind.CUSTOMER_STARTED: (),
    EventKind.INTENT: (*_ACT, "reversibility", "seats", "money"),
    EventKind.ANSWERED: ("status", "correlationId", "accepted"),
    EventKind.REFUSED: _REFUSED,
    EventKind.NO_ANSWER: ("status", "message", "correlationId"),
    EventKind.VERIFIED: (*_ACT, "written", "seen"),
    EventKind.UNPROVEN: ("message",),
    EventKind.STALE: ("message",),
    EventKind.SKIPPED: ("message",),
    EventKind.LOOKED: ("moment", "document"),
    EventKind.AUDITED: ("auditRecord",),
    EventKind.CUSTOMER_FINISHED: ("outcome", "message"),
    EventKind.RUN_FINISHED: ("exitCode", "customers", "interruption"),
    EventKind.HELD: ("note", "who", "since", "why"),
    EventKind.HOLD_LIFTED: ("note", "who", "since", "why", "lifts"),
    EventKind.SEALED: ("events", "head", "who"),
}
"""What this program writes into every event of a kind, whatever has happened."""


def member_proofs(told: Told) -> Iterator[Proof]:
    """Of every run whose first event is of today's format."""
    events = [event for event in told.events() if (start := told.starts.get(event.run)) and says_all(start)]
    wrong = [f"event {event.seq} ({event.kind}): {why}" for event in events for why in _wrong(event)]
    yield from proof("said", wrong, f"{len(events)} events say what such events say")


def _wrong(event: Event) -> Iterator[str]:
    absent = [name for name in SAYS[event.kind] if name not in event.body]
    yield from (f"it does not say its {name}" for name in absent)
    yield from (why for name, expected in _WORDS.get(event.kind, {}).items() if (why := expected(event.body.get(name))))


def _status(lowest: int, highest: int) -> Callable[[Any], str]:
    def judge(status: Any) -> str:
        if isinstance(status, int) and lowest <= status <= highest:
            return ""
        return f"its status is {status}; expected one from {lowest} to {highest}"

    return judge


def _word(name: str, words: type[Moment] | type[Outcome]) -> Callable[[Any], str]:
    known = [str(word) for word in words]
    return lambda value: "" if value in known else f"its {name} is {value!r}; expected one of {', '.join(known)}"


def _interruption(text: Any) -> str:
    return (
        "" if isinstance(text, str) else f"its interruption is {text!r}; expected a text, empty when nothing cut it off"
    )


def _seen(seen: Any) -> str:
    return "" if isinstance(seen, dict) else f"its seen is {seen!r}; expected the fields that were read"


_WORDS: Mapping[EventKind, Mapping[str, Callable[[Any], str]]] = {
    EventKind.ANSWERED: {"status": _status(200, 299)},
    EventKind.REFUSED: {"status": _status(300, 599)},
    EventKind.VERIFIED: {"seen": _seen},
    EventKind.LOOKED: {"moment": _word("moment", Moment)},
    EventKind.CUSTOMER_FINISHED: {"outcome": _word("outcome", Outcome)},
    EventKind.RUN_FINISHED: {"interruption": _interruption},
}
