"""Why actions are there: a long reason that many of them share is told once, in a numbered note below the customers.

A reason with a window in it stays where it is: its date must be read beside the action.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pcreconcile.model.plan import Action, CustomerPlan
from pcreconcile.rendering.page import BLANK, Line, Tone
from pcreconcile.rendering.text import prose

_LONG = 60  # characters
_OFTEN = 3  # actions


class Notes:
    """The notes of some customers, numbered in the order in which a reader first meets them."""

    def __init__(self, customers: Iterable[CustomerPlan]) -> None:
        pairs = ((action, customer) for customer in customers for action in customer.actions)
        told = Counter(reason_of(*pair) for pair in pairs if pair[0].window_closes_at is None)
        shared = [reason for reason, count in told.items() if len(reason) > _LONG and count >= _OFTEN]
        self._numbers = {reason: number for number, reason in enumerate(shared, start=1)}

    def number(self, action: Action, customer: CustomerPlan) -> int | None:
        """The note that says why the action is there; None when that is to be said beside it."""
        return None if action.window_closes_at else self._numbers.get(reason_of(action, customer))

    def lines(self) -> Iterator[Line]:
        """All notes, below the customers."""
        if self._numbers:
            yield BLANK
            yield Line("Notes", tone=Tone.HEADING)
        for reason, number in self._numbers.items():
            yield Line(reason, indent=2, mark=f"{number}. ", tone=Tone.QUIET)


def reason_of(action: Action, customer: CustomerPlan) -> str:
    """Why an action is there, without the reason of the manifest: that stands in the customer's head already."""
    wish = customer.desired.reason
    return prose(action.reason.removeprefix(f"{wish}; ") if wish else action.reason)
