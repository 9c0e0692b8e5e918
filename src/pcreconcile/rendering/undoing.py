"""What the customer loses on which day, what can be undone until when, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcreconcile.model.plan import MANUAL, Action, CustomerPlan, Reversibility
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Tone
from pcreconcile.rendering.text import outside

_FINAL = frozenset({Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY})


def undoing(customer: CustomerPlan) -> Iterator[Line]:
    """Two lists; empty for a customer with nothing to do."""
    yield from _losses([action for action in customer.actions if action.impact is not None])
    yield from _undone("What can be undone", [each for each in customer.actions if each.reversibility not in _FINAL])
    yield from _undone("What cannot be undone", [each for each in customer.actions if each.reversibility in _FINAL])


def _losses(actions: Sequence[Action]) -> Iterator[Line]:
    if actions:
        yield BLANK
        yield Line("Who loses what, and when", tone=Tone.HEADING)
    for action in actions:
        if action.impact is None:
            continue
        lived = (
            f"data lives until {action.impact.data_until}"
            if action.impact.data_until
            else "how long data lives, nobody says"
        )
        seats = f"{words.counted(action.impact.seats, 'seat')} of " if action.impact.seats else ""
        yield Line(f"{seats}{outside(action.impact.service)}; {lived}", indent=2, mark=f"{_day(action)}  ")


def _day(action: Action) -> str:
    return "no date yet" if action.when == MANUAL else action.when


def _undone(heading: str, actions: Sequence[Action]) -> Iterator[Line]:
    if actions:
        yield BLANK
        yield Line(heading, tone=Tone.HEADING)
    for action in actions:
        yield Line(f"{words.what(action)}: {words.reversible(action)}", indent=2, mark="- ")
