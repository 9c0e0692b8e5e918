"""`--only EFFECT`: a plan with the actions of one effect alone, and what can be done without the others.

Nothing is planned anew: verdicts, blockers, dates and what was observed stay those of the whole plan, and the notice
`only` says what was left out. Guards, approvals, money and numbers are those of what is left, so that a plan over a
budget can still be narrowed to what no budget limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pcreconcile.model.identity import seal
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import Action, ActionKind, CustomerPlan, Effect, Notice, Plan
from pcreconcile.model.policies_in_force import PoliciesInForce
from pcreconcile.planning.counting import counted, summed
from pcreconcile.planning.guards import check_under_all, needed_approvals

ONLY = "only"


def narrowed(plan: Plan, effect: Effect, *, live: int, memory: Memory, policies: PoliciesInForce) -> Plan:
    """The plan with a new ID, holding the actions of this effect whose requirements are all kept.

    `live` (how many customers the partner has), `memory` and `policies` are those that the plan was made with; the
    guards are asked again with them, at the plan's own instant. Pure, and it raises nothing.
    """
    zone = ZoneInfo(plan.partner.time_zone)
    customers = tuple(_narrowed(customer, _kept(customer.actions, effect)) for customer in plan.customers)
    return seal(
        replace(
            plan,
            customers=customers,
            guards=check_under_all(customers, live, memory, policies, plan.created_at, zone),
            approvals=needed_approvals(customers, policies.strictest),
            totals=counted(customers),
            warnings=(*plan.warnings, _notice(plan, customers, effect)),
        )
    )


def _narrowed(customer: CustomerPlan, kept: tuple[Action, ...]) -> CustomerPlan:
    return replace(customer, actions=kept, money=summed(kept))


def _kept(actions: Sequence[Action], effect: Effect) -> tuple[Action, ...]:
    kept = tuple(action for action in actions if action.effect is effect)
    while True:
        ids = {action.id for action in kept}
        possible = tuple(action for action in kept if ids.issuperset(action.requires))
        if len(possible) == len(kept):
            return kept
        kept = possible


def _notice(plan: Plan, customers: Sequence[CustomerPlan], effect: Effect) -> Notice:
    kept = {action.id for customer in customers for action in customer.actions}
    dropped = Counter(
        action.kind for customer in plan.customers for action in customer.actions if action.id not in kept
    )
    told = ", ".join(f"{dropped[kind]} {kind}" for kind in ActionKind if dropped[kind])
    pairs = zip(plan.customers, customers, strict=True)
    concerned = sum(len(before.actions) > len(after.actions) for before, after in pairs)
    left_out = f"{told} (of {concerned} customer{'' if concerned == 1 else 's'})" if told else "nothing"
    text = (
        f"{effect} actions that require no others; left out: {left_out}; verdicts, blockers and dates are those of the "
        "whole plan"
    )
    return Notice(ONLY, text)
