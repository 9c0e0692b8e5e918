"""The plan in numbers, whole or narrowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pcreconcile.model.money import totals
from pcreconcile.model.plan import MANUAL, NOW, Action, ActionKind, CustomerPlan, MoneySummary, Totals
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
        money=summed(actions),
    )


def summed(actions: Sequence[Action]) -> MoneySummary:
    """What the actions come to, one sum per currency and member.

    What is unknown is counted by the member's name and never added as nothing. Only what was bought can have a price:
    an action without a family (the removal itself) counts in neither.
    """
    money = [action.money for action in actions if action.family is not None]
    refunds = [each.refund for each in money]
    lost = [each.lost_per_day for each in money]
    committed = [each.committed for each in money]
    unknown = {"refund": refunds.count(None), "lostPerDay": lost.count(None), "committed": committed.count(None)}
    return MoneySummary(
        refund=totals(refunds),
        lost_per_day=totals(lost),
        committed=totals(committed),
        unknown={member: count for member, count in unknown.items() if count},
    )
