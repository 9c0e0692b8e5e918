"""The steps of one customer, as lines: what is done now, by hand, later, and once the way is clear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pcreconcile.model.money import Money
from pcreconcile.model.plan import Action, ActionKind, CustomerPlan, Effect, Reversibility
from pcreconcile.rendering import words
from pcreconcile.rendering.notes import Notes, reason_of
from pcreconcile.rendering.page import Line, Tone
from pcreconcile.rendering.text import outside, prose

# What saves what is owed until the term end; everything else leaves it owed.
_SAVING = frozenset({ActionKind.CANCEL_SUBSCRIPTION, ActionKind.CANCEL_ORDER_LINE, ActionKind.RETURN_RESERVATION})


class Step(msgspec.Struct, frozen=True):
    """An action, and why it is there: in words, or in the note of that number."""

    action: Action
    reason: str
    note: int | None

    @classmethod
    def of(cls, action: Action, customer: CustomerPlan, notes: Notes) -> Step:
        """The step that an action is on paper."""
        note = notes.number(action, customer)
        return cls(action, "" if note else reason_of(action, customer), note)


def now(steps: Sequence[Step]) -> Iterator[Line]:
    """What the next apply does, in its order."""
    if steps:
        yield Line("now", indent=2, tone=Tone.HEADING)
    for number, step in enumerate(steps, start=1):
        yield from _step(f"{number}. ", step)


def later(steps: Sequence[Step]) -> Iterator[Line]:
    """What has a date, by date."""
    if steps:
        yield Line("later", indent=2, tone=Tone.HEADING)
    for step in sorted(steps, key=lambda step: step.action.when):
        yield from _step(f"{step.action.when}  ", step)


def afterwards(steps: Sequence[Step]) -> Iterator[Line]:
    """What pcreconcile does itself, once a person or a decision has cleared the way."""
    if steps:
        yield Line("after that, on a date that nobody knows yet", indent=2, tone=Tone.HEADING)
    for step in steps:
        yield from _step("- ", step)


def _step(mark: str, step: Step) -> Iterator[Line]:
    action = step.action
    yield Line(words.what(action), indent=4, mark=mark)
    one_way = action.reversibility in (Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY)
    yield from _why(step, Tone.ATTENTION if one_way else Tone.PLAIN)


def _why(step: Step, tone: Tone) -> Iterator[Line]:
    note = (f"note {step.note}",) if step.note else ()
    yield Line("; ".join((*_facts(step.action), *note)), indent=7, tone=tone)
    if step.reason:
        yield Line(step.reason, indent=7, tone=Tone.QUIET)
    if step.action.loses:
        yield Line(f"it loses {prose('; '.join(step.action.loses))}", indent=7, tone=Tone.ATTENTION)


def _facts(action: Action) -> Iterator[str]:
    yield words.reversible(action)
    if effect := _effect(action):
        yield effect
    if action.impact is not None and action.impact.data_until is not None:
        yield f"data lives until {action.impact.data_until}"
    yield from _money(action)
    closes = words.day_time(action.window_closes_at) if action.window_closes_at else ""
    if closes and closes not in action.reason:
        yield f"window closes {closes}"


def _money(action: Action) -> Iterator[str]:
    """What is known of it; what is not stands in the customer's sum."""
    money = action.money
    if money.refund is not None:
        yield f"refund {money.refund}" if money.refund.amount else "no refund"
    if money.lost_per_day is not None and money.lost_per_day.amount:
        yield f"{money.lost_per_day} lost a day"
    if money.committed is not None:
        yield _committed(action, money.committed)


def _committed(action: Action, amount: Money) -> str:
    if action.effect is Effect.COMMITS_MONEY:
        return f"commits {amount}"
    owed = f"{amount} owed until its term ends" if amount.amount else "nothing owed afterwards"
    return f"otherwise {owed}" if action.kind in _SAVING else owed


def _effect(action: Action) -> str:
    effect = words.EFFECTS[action.effect]
    if action.impact is None or not action.impact.seats:
        return effect
    felt = f"{words.counted(action.impact.seats, 'seat')} of {outside(action.impact.service)}"
    return f"{effect}: {felt}" if effect else felt


def by_hand(steps: Sequence[Step]) -> Iterator[Line]:
    """What a person does: who, what, where."""
    if steps:
        yield Line("by hand", indent=2, tone=Tone.HEADING)
    for step in steps:
        yield from _manual_step(step)


def offers(steps: Sequence[Step]) -> Iterator[Line]:
    """What a person may do, and nothing waits for."""
    if steps:
        yield Line("offered: nothing waits for it", indent=2, tone=Tone.HEADING)
    for step in steps:
        yield from _manual_step(step)


def _manual_step(step: Step) -> Iterator[Line]:
    action, told = step.action, step.action.instructions
    yield Line(f"{outside(told.who)}: {words.what(action)}" if told else words.what(action), indent=4, mark="- ")
    if told:
        yield Line(prose(told.text), indent=7)
    if told and told.link:
        yield Line(prose(told.link), indent=7, whole=True)
    yield from _why(step, Tone.PLAIN)
