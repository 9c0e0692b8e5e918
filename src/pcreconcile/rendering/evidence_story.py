"""One customer's story on the index page: run by run, each action step by step, and what a read has shown of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from pcreconcile.model.evidence import ActionStory, CustomerEnd, CustomerStory, Evidence, LookStory, RequestStory
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import RunId
from pcreconcile.model.plan import Target
from pcreconcile.model.run import ActionState
from pcreconcile.rendering import words
from pcreconcile.rendering.evidence_view import Said, Tone

STATES = {
    ActionState.VERIFIED: Said("proven", Tone.GOOD),
    ActionState.ANSWERED: Said("accepted, not seen yet", Tone.ATTENTION),
    ActionState.UNPROVEN: Said("accepted, not seen in time", Tone.DANGER),
    ActionState.SENT: Said("sent, outcome unknown", Tone.DANGER),
    ActionState.INDETERMINATE: Said("sent, outcome unknown", Tone.DANGER),
    ActionState.FAILED: Said("refused by the service", Tone.DANGER),
    ActionState.STALE: Said("left alone: things had changed", Tone.ATTENTION),
    ActionState.SKIPPED: Said("left alone", Tone.ATTENTION),
    ActionState.PLANNED: Said("not begun", Tone.PLAIN),
}

MOMENTS = {"before": "before the first write", "gate": "before the removal", "after": "at the end"}

_ANSWERS = {
    "answered": Said("The service said yes", Tone.GOOD),
    "accepted": Said("The service accepted it and went on working", Tone.GOOD),
    "refused": Said("The service refused it", Tone.DANGER),
    "no-answer": Said("No answer came, so a read had to tell", Tone.ATTENTION),
    "": Said("Nothing more was recorded: the run was cut off here", Tone.DANGER),
}


class Passage(msgspec.Struct, frozen=True):
    """What one run did for a customer; `end` is None where the run recorded neither a start nor an end."""

    run: RunId
    number: int | None
    end: CustomerEnd | None
    looks: tuple[LookStory, ...]
    actions: tuple[ActionStory, ...]


class Step(msgspec.Struct, frozen=True):
    """One thing that happened to an action; `labels` are IDs with what they are."""

    at: datetime | None
    said: Said
    labels: tuple[tuple[str, str], ...] = ()
    message: str = ""


class FieldRow(msgspec.Struct, frozen=True):
    """One field of a thing: as it was, as planned, as a read showed it."""

    name: str
    before: str
    planned: str
    seen: str
    agrees: bool | None


def stamp(instant: datetime | None) -> str:
    """An instant to the second, in UTC; events inside a second keep their order."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if instant else "no time"


def passages(customer: CustomerStory, evidence: Evidence) -> list[Passage]:
    """Run by run, in the order of the evidence; a run that only the actions know comes last."""
    ends = {end.run: end for end in customer.ends}
    numbers = {run.run: number for number, run in enumerate(evidence.runs, 1)}
    named = dict.fromkeys([*ends, *(look.run for look in customer.looks), *(action.run for action in customer.actions)])
    return [
        Passage(
            run,
            numbers.get(run),
            ends.get(run),
            tuple(look for look in customer.looks if look.run == run),
            tuple(action for action in customer.actions if action.run == run),
        )
        for run in sorted(named, key=lambda run: numbers.get(run, len(numbers) + 1))
    ]


def act(action: ActionStory) -> str:
    """What was done, without the thing's name."""
    return _looked_up(words.ACTIONS, action.kind)


def thing(target: Target) -> str:
    """What people call it, else its ID; the customer itself goes without saying."""
    return "" if target.type == "customer" else words.target_name(target)


def traits(action: ActionStory) -> list[str]:
    """What weighs about an action: reversibility, effect, seats."""
    reversibility = _looked_up(words.REVERSIBILITY, action.reversibility)
    effect = _looked_up(words.EFFECTS, action.effect)
    seats = words.counted(action.seats, "seat") if action.seats else ""
    return [each for each in (reversibility, effect, seats) if each]


def verdict(text: str) -> str:
    """A verdict's word with what it means."""
    meaning = _looked_up(words.VERDICTS, text)
    return text if meaning == text else f"{text}: {meaning}"


def steps(action: ActionStory) -> Iterator[Step]:
    """Every request with its answer, and what became of it."""
    for request in action.requests:
        yield Step(
            request.intent_at, Said("Intent recorded, then sent", Tone.PLAIN), (("request", request.request_id),)
        )
        yield _answer(request)
    if action.state is ActionState.VERIFIED:
        yield Step(action.verified_at, Said(_proof(action), Tone.GOOD), (), action.message)
    else:
        yield Step(None, Said(STATES[action.state].text.capitalize(), STATES[action.state].tone), (), action.message)


def _proof(action: ActionStory) -> str:
    if action.written:
        return "Read back: it is as planned"
    return "Read: it was as planned before anything was sent"


def _answer(request: RequestStory) -> Step:
    said = _ANSWERS.get(request.answer, Said(request.answer, Tone.ATTENTION))
    labels = (
        ("status", str(request.status) if request.status else ""),
        ("code", request.code),
        ("correlation", request.correlation_id),
    )
    return Step(request.answered_at, said, tuple(each for each in labels if each[1]), request.message)


def rows(action: ActionStory) -> list[FieldRow]:
    """The postcondition field by field."""
    return [_row(action, name, wanted) for name, wanted in sorted(action.postcondition.items())]


def _row(action: ActionStory, name: str, wanted: Any) -> FieldRow:
    before = value(action.precondition[name]) if name in action.precondition else "not compared"
    if action.seen is None:
        return FieldRow(name, before, value(wanted), "no read is kept", None)
    found = action.seen.get(name)
    return FieldRow(name, before, value(wanted), value(found), canonical_json(found) == canonical_json(wanted))


def value(found: Any) -> str:
    """A field's value for people."""
    if found is None or found in ("", [], ()):
        return "nothing"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, list | tuple):
        return ", ".join(value(each) for each in found)
    return found if isinstance(found, str) else canonical_json(found).decode()


def _looked_up(table: Mapping[Any, str], key: str) -> str:
    """The tables are keyed by enumerations of text; a word that they do not know stands for itself."""
    return table.get(key, key)
