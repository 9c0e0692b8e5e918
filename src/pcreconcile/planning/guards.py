"""Guards over the whole plan, before the first write (design, sections 5 and 10). There is no force: change the wish or
the policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.memory import Memory
from pcreconcile.model.money import Money
from pcreconcile.model.plan import (
    MANUAL,
    NOW,
    Action,
    ActionKind,
    Approvals,
    CustomerPlan,
    Effect,
    Guard,
    Reversibility,
)
from pcreconcile.model.policy import Policy, Protected

_FINAL = frozenset({Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY})
_NAMED = 3  # how many actions a message names before it counts


def check_guards(
    plans: Sequence[CustomerPlan], live: int, memory: Memory, policy: Policy, now: datetime
) -> tuple[Guard, ...]:
    """Every guard with what it found; `live` is how many customers the partner has now."""
    due = [action for plan in plans for action in plan.actions if action.when == NOW]
    removals = sum(action.kind is ActionKind.REMOVE_RELATIONSHIP for action in due)
    recent = sum(now - timedelta(days=1) < at <= now for at in memory.removals)
    guards = [
        _budget("perRun.removals", removals, policy.per_run.removals, policy, now),
        _budget("perRun.oneWayActions", _one_way(due), policy.per_run.one_way_actions, policy, now),
        _budget("perRun.seats", seats_lost(due), policy.per_run.seats, policy, now),
        _budget("perRun.protective", _protective(due), policy.per_run.protective, policy, now),
        _budget("perDay.removals", removals + recent if removals else 0, policy.per_day.removals, policy, now),
        _customers_left(live - removals, removals, policy),
        *_money(plans, policy),
        *(_protected(plan) for plan in plans if _is_protected(plan.desired, policy) and _changes(plan)),
    ]
    return tuple(guards)


def needed_approvals(plans: Sequence[CustomerPlan], policy: Policy) -> Approvals:
    """How many approvals apply wants, and because of which sorts of actions."""
    due = [action for plan in plans for action in plan.actions if action.when == NOW]
    sorts = {str(action.effect) for action in due} | {"one-way" for action in due if action.reversibility in _FINAL}
    reasons = tuple(sorted(sorts & set(policy.approvals.actions)))
    return Approvals(required=policy.approvals.required if reasons else 0, reasons=reasons)


def seats_lost(actions: Sequence[Action]) -> int:
    """Seats that lose a service."""
    return sum(action.impact.seats for action in actions if action.impact is not None)


def _one_way(due: Sequence[Action]) -> int:
    return sum(action.reversibility in _FINAL and action.effect is not Effect.PROTECTIVE for action in due)


def _protective(due: Sequence[Action]) -> int:
    return sum(action.effect is Effect.PROTECTIVE for action in due)


def _budget(code: str, value: int, limit: int, policy: Policy, now: datetime) -> Guard:
    exempt = next((each for each in policy.exceptions if each.budget == code and now.date() <= each.until), None)
    limit = exempt.limit if exempt is not None and isinstance(exempt.limit, int) else limit
    passed = value <= limit
    remedy = "" if passed else "; split the change (--target), or raise the budget in the policy by an exception"
    return Guard(f"budget:{code}", passed, f"{code}: {value} of at most {limit}{remedy}", limit, value)


def _customers_left(left: int, removals: int, policy: Policy) -> Guard:
    passed = removals == 0 or left >= policy.min_customers_left
    message = f"customers left after this run: {left}, at least {policy.min_customers_left}"
    return Guard("min-customers-left", passed, message, policy.min_customers_left, left)


def _money(plans: Sequence[CustomerPlan], policy: Policy) -> list[Guard]:
    """What the run newly commits, against a limit in one currency.

    An unknown amount is not zero, and nothing is converted: either refuses the run, because nobody can say that the
    limit holds.
    """
    limit = policy.per_run.money
    if limit is None:
        return []
    commits = [(plan, each) for plan in plans for each in plan.actions if _commits(each)]
    unknown = [_of(plan, each) for plan, each in commits if each.money.committed is None]
    amounts = [(plan, each, each.money.committed) for plan, each in commits if each.money.committed is not None]
    foreign = [f"{_of(plan, each)} ({money})" for plan, each, money in amounts if money.currency != limit.currency]
    known = sum((money.amount for _, _, money in amounts if money.currency == limit.currency), Decimal(0))
    problems = [
        *([f"nobody knows what these commit: {_some(unknown)}"] if unknown else []),
        *([f"these are in another currency: {_some(foreign)}"] if foreign else []),
        *(["split the change (--target), or raise the budget in the policy"] if known > limit.amount else []),
    ]
    message = "; ".join([f"perRun.money: {Money(known, limit.currency)} of at most {limit}", *problems])
    return [Guard("budget:perRun.money", not problems, message)]


def _commits(action: Action) -> bool:
    return action.when == NOW and action.effect is Effect.COMMITS_MONEY


def _of(plan: CustomerPlan, action: Action) -> str:
    return f"{action.target.name} of {plan.name}"


def _some(names: Sequence[str]) -> str:
    """The first few by name, the rest by number."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _is_protected(desired: DesiredCustomer, policy: Policy) -> bool:
    return any(_names(entry, desired) for entry in policy.protected)


def _names(entry: Protected, desired: DesiredCustomer) -> bool:
    if entry.name is not None:
        return fnmatchcase(desired.name, entry.name)
    if entry.tenant_id is not None:
        return entry.tenant_id == desired.tenant_id
    return bool(entry.labels) and all(desired.labels.get(key) == value for key, value in (entry.labels or {}).items())


def _changes(plan: CustomerPlan) -> bool:
    """Asked to change: told to leave or pause, or more than protection would be written (a person's step is theirs)."""
    asked = plan.desired.relationship in {Relationship.REMOVED, Relationship.SUSPENDED}
    return asked or any(a.effect is not Effect.PROTECTIVE and a.when != MANUAL for a in plan.actions)


def _protected(plan: CustomerPlan) -> Guard:
    message = (
        f"{plan.name} is protected by the policy; take the change back, or lift the protection by a reviewed change"
    )
    return Guard(f"protected:{plan.name}", False, message)
