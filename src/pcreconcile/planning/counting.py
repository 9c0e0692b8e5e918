"""The plan in numbers, whole or narrowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pcreconcile.model.money import totals
from pcreconcile.model.plan import MANUAL, NOW, ActionKind, CustomerPlan, Totals
from pcreconcile.planning.guards import seats_lost


def counted(customers: Sequence[CustomerPlan]) -> Totals:
    """How many customers stand where, and what their actions come to."""
    actions = [action for customer in customers for action in customer.actions]
    due = [action for action in actions if action.when == NOW]
    manual = sum(action.when == MANUAL for action in actions)
    return Totals(
        customers=len(customers),
        verdicts=dict(sorted(Counter(str(customer.verdict) for customer in customers).items())),
        actions_now=len(due),
        actions_later=len(actions) - len(due) - manual,
        actions_manual=manual,
        removals_now=sum(action.kind is ActionKind.REMOVE_RELATIONSHIP for action in due),
        seats=seats_lost(due),
        refunds=totals(action.money.refund for action in due),
    )
