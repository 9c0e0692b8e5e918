"""Guards over the whole plan, before the first write (design, sections 5 and 10). There is no force: change the wish or
the policy.

What counts and what fits is said by `model.budgets`, which apply asks again under the policy of its day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo

import msgspec

from pcreconcile.model.budgets import Room, Spending, rooms_of, seats_of
from pcreconcile.model.fitting import Share, customers_left, found, share_of, together, would_fit
from pcreconcile.model.gravity import gravity_of
from pcreconcile.model.memory import Memory
from pcreconcile.model.money import Money
from pcreconcile.model.plan import NOW, Action, Approvals, CustomerPlan, Guard
from pcreconcile.model.policies_in_force import PoliciesInForce, merge_guards
from pcreconcile.model.policy import Policy
from pcreconcile.model.protection import Protection, asks_to_change, trespasses
from pcreconcile.model.tickets import accepts


def check_under_all(
    plans: Sequence[CustomerPlan],
    live: int,
    memory: Memory,
    policies: PoliciesInForce,
    now: datetime,
    zone: tzinfo = UTC,
) -> tuple[Guard, ...]:
    """As `check_guards`, under every policy in force: a guard has passed when it passed under all of them."""
    return merge_guards(
        [(judge, check_guards(plans, live, memory, judge.policy, now, zone)) for judge in policies.judges]
    )


def check_guards(
    plans: Sequence[CustomerPlan], live: int, memory: Memory, policy: Policy, now: datetime, zone: tzinfo = UTC
) -> tuple[Guard, ...]:
    """Every guard with what it found; `live` is how many customers the partner has now.

    The days of exceptions are those of `zone`, where the partner is; a budget of the day is that of the last 24 hours,
    whatever the zone. The first budget that says no also says what would fit.
    """
    shares = [share_of(plan.name, _due(plan)) for plan in plans]
    asked = together(shares)
    today = now.astimezone(zone).date()
    rooms = rooms_of(policy, today, Spending(), memory.spent, now)
    protection = Protection(policy, today, memory.stood_for)
    guards = [
        *(_budget(room, shares) for room in rooms if not isinstance(room.limit.most, Money)),
        _customers_left(live - asked.removals, asked.removals, policy),
        *(_budget(room, shares) for room in rooms if isinstance(room.limit.most, Money)),
    ]
    free = [share for plan, share in zip(plans, shares, strict=True) if not protection.refusal(plan.desired)]
    advised = _advised(guards, free, [*rooms, customers_left(live, policy.min_customers_left)])
    protected = (Guard(f"protected:{name}", False, why) for name, why in trespasses(plans, protection).items())
    return (*advised, *protected, *_tickets(plans, policy))


def needed_approvals(plans: Sequence[CustomerPlan], policy: Policy) -> Approvals:
    """How many approvals apply wants, and because of which sorts of actions."""
    sorts = {sort for plan in plans for action in _due(plan) for sort in gravity_of(action)}
    reasons = tuple(sorted(sorts & set(policy.approvals.actions)))
    return Approvals(required=policy.approvals.required if reasons else 0, reasons=reasons)


def seats_lost(actions: Sequence[Action]) -> int:
    """Seats that lose a service."""
    return sum(seats_of(action) for action in actions)


def _due(plan: CustomerPlan) -> tuple[Action, ...]:
    return tuple(action for action in plan.actions if action.when == NOW)


def _budget(room: Room, shares: Sequence[Share]) -> Guard:
    said = found(room, shares)
    limit = room.limit.most if isinstance(room.limit.most, int) else None
    return Guard(f"budget:{room.limit.path}", said.passed, said.message, limit, said.value)


def _customers_left(left: int, removals: int, policy: Policy) -> Guard:
    passed = removals == 0 or left >= policy.min_customers_left
    message = f"customers left after this run: {left}, at least {policy.min_customers_left}"
    return Guard("min-customers-left", passed, message, policy.min_customers_left, left)


def _advised(guards: Sequence[Guard], shares: Sequence[Share], rooms: Sequence[Room]) -> list[Guard]:
    """The guards, with what would fit at the first that has not passed."""
    first = next((guard for guard in guards if not guard.passed), None)
    if first is None:
        return list(guards)
    message = f"{first.message}; {would_fit(shares, rooms)}"
    return [msgspec.structs.replace(each, message=message) if each is first else each for each in guards]


def _tickets(plans: Sequence[CustomerPlan], policy: Policy) -> Iterator[Guard]:
    """Customers whose ticket the policy does not accept and who are asked to change.

    The manifests are read under the change's own policy, so only one at a base can still say no here.
    """
    for plan in plans:
        wanted = plan.actions and asks_to_change(plan)
        if policy.ticket is not None and wanted and not accepts(policy.ticket, plan.desired.ticket or ""):
            message = f"the ticket of {plan.name} must match {policy.ticket!r}; name one that does"
            yield Guard(f"ticket:{plan.name}", False, message)
