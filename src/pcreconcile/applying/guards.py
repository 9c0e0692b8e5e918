"""What is checked over the whole plan before the first write. Each refusal names its remedy; there is no force.

Planning has judged every guard; here the plan's own verdict is honoured and what moves with time is judged again: the
removals of the last 24 hours, freezes, the number of customers that stay, the service's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import Refused, StalePlan
from pcreconcile.model.estate import CustomerList
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import Action, ActionKind, CustomerPlan, Effect, Plan
from pcreconcile.model.policy import Policy

REMOVALS_PER_DAY = "perDay.removals"
CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pending:
    """A due action that the journal does not show as done, with its customer.

    `touched`: an earlier run may have done it, so that the journal's memory counts it already.
    """

    customer: CustomerPlan
    action: Action
    touched: bool = False


def check_guards(plan: Plan) -> None:
    """Raises Refused when a guard of the plan has not passed."""
    failed = [f"{guard.code}: {guard.message}" for guard in plan.guards if not guard.passed]
    if failed:
        raise Refused(
            "the plan was refused by its guards, nothing was written: "
            + "; ".join(failed)
            + "; narrow the plan with --target, or change the manifests or the policy, and plan again"
        )


def check_manifests(fleet: DesiredFleet, pending: Sequence[Pending]) -> None:
    """Raises StalePlan when no customer that the plan would touch is still wanted as it was."""
    wanted = {customer.tenant_id: customer for customer in fleet.customers}
    touched = {entry.customer.tenant_id: entry.customer for entry in pending}
    if touched and all(wanted.get(tenant) != customer.desired for tenant, customer in touched.items()):
        names = ", ".join(customer.name for customer in touched.values())
        raise StalePlan(f"the manifests have changed since this plan was made ({names}): make a new plan")


def check_removals(policy: Policy, memory: Memory, pending: Sequence[Pending], today: date) -> None:
    """Raises Refused when the removals of the last 24 hours and those of this plan are more than the policy allows."""
    planned = len(_removals(pending))
    limit = _limit(policy, today)
    done = len(memory.removals)
    if planned and done + planned > limit:
        raise Refused(
            f"{REMOVALS_PER_DAY}: {done} removals were sent in the last 24 hours and this plan would send {planned} "
            f"more, the limit is {limit}: wait, narrow the plan with --target, or grant an exception in the policy"
        )


def check_freezes(policy: Policy, pending: Sequence[Pending], today: date) -> None:
    """Raises Refused when today is frozen and the plan does more than protect."""
    if all(entry.action.effect is Effect.PROTECTIVE for entry in pending):
        return
    for freeze in policy.freezes:
        if freeze.first <= today <= freeze.last:
            raise Refused(
                f"freeze until {freeze.last} ({freeze.reason}): only protective actions run; "
                "wait, or plan again with --only protective"
            )


def check_customers_left(policy: Policy, listed: CustomerList, pending: Sequence[Pending]) -> None:
    """Raises Refused when too few customers would stay."""
    leaving = _removals(pending) & listed.customers.keys()
    left = len(listed.customers) - len(leaving)
    if leaving and left < policy.min_customers_left:
        raise Refused(
            f"minCustomersLeft: {left} customers would stay, the policy wants {policy.min_customers_left}: "
            "narrow the plan with --target or change the policy"
        )


def check_clocks(here: datetime, there: datetime) -> None:
    """Raises Refused when this machine and the service disagree about the time by more than five minutes."""
    apart = abs(here - there)
    if apart > CLOCKS_APART:
        raise Refused(
            f"the clock here says {_minute(here)}, the service's {_minute(there)}: dates cannot be trusted; "
            "set this machine's clock and apply again"
        )


def local_day(now: datetime, zone: str) -> date:
    """The day in the partner's time zone; in UTC when this machine does not know the zone."""
    return now.astimezone(_zone(zone)).date()


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _limit(policy: Policy, today: date) -> int:
    granted = (e.limit for e in policy.exceptions if e.budget == REMOVALS_PER_DAY and today <= e.until)
    return next((limit for limit in granted if isinstance(limit, int)), policy.per_day.removals)


def _removals(pending: Sequence[Pending]) -> set[TenantId]:
    return {e.customer.tenant_id for e in pending if e.action.kind is ActionKind.REMOVE_RELATIONSHIP}


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
