"""An order in progress: what it bought can be neither changed nor ended before it has finished (800060, 800014).

That holds for every family alike, so it stands around all of them (`exit_of`) instead of inside each. Nobody says when
an order finishes, so what waits for it has no date; what its status means must be known, or nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, blocked, not_understood
from pcreconcile.exits.family import FamilyExit, Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.rules import Rules

RULE = "order.in-progress"
_FINISHED = frozenset({"completed", "cancelled"})


@dataclass(frozen=True, slots=True)
class AfterItsOrder:
    """A family whose answers wait until the order of what they speak of has finished; otherwise the family itself."""

    family: FamilyExit

    @property
    def FAMILY(self) -> Family:
        """The family's own."""
        return self.family.FAMILY

    @property
    def ASKED(self) -> int:
        """The family's own."""
        return self.family.ASKED

    @property
    def PLACE(self) -> int:
        """The family's own."""
        return self.family.PLACE

    @property
    def PRECEDES(self) -> tuple[Precedence, ...]:
        """The family's own."""
        return self.family.PRECEDES

    @property
    def ENDS_BY_SUSPENDING(self) -> bool:
        """The family's own."""
        return self.family.ENDS_BY_SUSPENDING

    def recognise(self, subject: Subject) -> Evidence | None:
        """The family's own: an order in progress makes nothing another product."""
        return self.family.recognise(subject)

    def leave(self, holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
        """Nothing of it ends before its order has finished, and the removal waits too."""
        found = self.family.leave(holding, wish, rules, now)
        return found if _is_over(holding) else _awaited(holding, found, rules)

    def pause(self, holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
        """Nothing of it is suspended before."""
        return _if_written(holding, self.family.pause(holding, wish, rules, now), rules)

    def resume(self, holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
        """Nothing of it is given back before."""
        return _if_written(holding, self.family.resume(holding, wish, rules, now), rules)

    def stay(self, holding: Holding, rules: Rules, now: datetime) -> Exit:
        """The family's own: it has no steps."""
        return self.family.stay(holding, rules, now)

    def renew(self, holding: Holding, desire: LineDesire, rules: Rules, now: datetime) -> Exit:
        """Its term is told nothing before."""
        return _if_written(holding, self.family.renew(holding, desire, rules, now), rules)


def _is_over(holding: Holding) -> bool:
    """What is deleted, or was bought and is no more, waits for no order."""
    row = holding.subject.subscription
    return holding.subject.quantity == 0 if row is None else row.status == "deleted"


def _if_written(holding: Holding, found: Exit, rules: Rules) -> Exit:
    return _awaited(holding, found, rules) if found.steps else found


def _awaited(holding: Holding, found: Exit, rules: Rules) -> Exit:
    order = holding.subject.order
    if found.closed:
        return found
    if order is not None and order.status not in _FINISHED | {"pending"}:
        return not_understood("unknown-status", holding, f"the status '{order.status}' of its order {order.id}")
    how = _what_for(holding)
    if not how:
        return found
    match rules.word(RULE):
        case "free":
            return found
        case "probe":
            return replace(found, probe=True)
    return blocked("order-in-progress", holding, how, rule=RULE)


def _what_for(holding: Holding) -> str:
    """What has to happen first; "" when nothing is in progress."""
    row, order = holding.subject.subscription, holding.subject.order
    if order is not None and order.status == "pending":
        placed = "" if order.created is None else f" of {order.created:%Y-%m-%d}"
        return f"order {order.id}{placed} is in progress; wait until Partner Center shows it as completed or cancelled"
    if row is not None and row.status == "pending":
        return "its order, or a change of it, is in progress; wait until Partner Center no longer shows it as pending"
    return ""
