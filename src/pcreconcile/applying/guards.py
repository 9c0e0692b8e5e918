"""What is checked over the whole plan before the first write. Each refusal names its remedy; there is no force.

Planning has judged every guard by the policy of its day. Here the plan's own verdict is honoured, and all of it is
judged again, always, by the policy of this day and by what has been done since: budgets, protection, freezes, the
number of customers that stay, the service's clock. What an earlier run of the plan did counts as part of this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pcreconcile.applying.spending import Day
from pcreconcile.model.budgets import Room, Spending, rooms_of
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import Refused, StalePlan
from pcreconcile.model.estate import CustomerList
from pcreconcile.model.fitting import Share, customers_left, found, share_of, together, would_fit
from pcreconcile.model.gravity import is_protective
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import NOW, Action, ActionKind, CustomerPlan, Plan
from pcreconcile.model.policy import Policy
from pcreconcile.model.protection import NOBODY, Protection, StoodFor, trespasses
from pcreconcile.model.tickets import accepts

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


def check_wishes(plan: Plan, fleet: DesiredFleet, pending: Sequence[Pending]) -> None:
    """Raises Refused when the plan names the manifests of now as its source, and they say something else.

    A digest of the manifests that nobody gave ("") names nothing.
    """
    if not fleet.digest or plan.sources.manifests != fleet.digest:
        return
    wanted = {customer.tenant_id: customer for customer in fleet.customers}
    touched = {entry.customer.tenant_id: entry.customer for entry in pending}
    forged = sorted(each.name for tenant, each in touched.items() if wanted.get(tenant) != each.desired)
    if forged:
        raise Refused(
            f"the plan was made from these manifests, as it says itself, and wants of {', '.join(forged)} what they do "
            "not say: nothing was written; make a new plan, and find out who changed this one"
        )


def check_manifests(fleet: DesiredFleet, pending: Sequence[Pending]) -> None:
    """Raises StalePlan when no customer that the plan would touch is still wanted as it was."""
    wanted = {customer.tenant_id: customer for customer in fleet.customers}
    touched = {entry.customer.tenant_id: entry.customer for entry in pending}
    if touched and all(wanted.get(tenant) != customer.desired for tenant, customer in touched.items()):
        names = ", ".join(customer.name for customer in touched.values())
        raise StalePlan(f"the manifests have changed since this plan was made ({names}): make a new plan")


def check_protected(protection: Protection, plan: Plan, pending: Sequence[Pending]) -> None:
    """Raises Refused when today's policy protects a customer that the plan asks to change.

    What was begun before the protection came is brought to its end.
    """
    open_still = {entry.customer.name for entry in pending if not entry.touched}
    waiting = {customer.name for customer in plan.customers if not _due(customer)}
    refusals = trespasses(plan.customers, protection)
    found = [why for name, why in refusals.items() if name in open_still | waiting]
    if found:
        raise Refused("nothing was written: " + "; ".join(found))


def check_tickets(policy: Policy, pending: Sequence[Pending]) -> None:
    """Raises Refused when the policy does not accept the ticket of a customer that is to be changed.

    The manifests were read under the change's own policy, so only one at a base can still say no.
    """
    desired = {entry.customer.name: entry.customer.desired for entry in pending if not is_protective(entry.action)}
    wrong = [name for name, each in desired.items() if policy.ticket and not accepts(policy.ticket, each.ticket or "")]
    if wrong:
        raise Refused(
            f"nothing was written: the ticket of {', '.join(wrong)} must match {policy.ticket!r}; name one that does"
        )


def check_budgets(
    policy: Policy,
    plan: Plan,
    pending: Sequence[Pending],
    day: Day,
    now: datetime,
    live: int | None = None,
    stood_for: StoodFor = NOBODY,
) -> None:
    """Raises Refused when the plan is over a budget of today's policy, with what would fit; nothing is written then.

    Per run counts every due action of the plan, those of earlier runs too; per day what `day` holds and what is still
    to be sent. A budget stops only what has not been begun. `live` is how many customers the partner has, where known.
    """
    today = local_day(now, plan.partner.time_zone)
    run = _shares(entry for entry in pending if not entry.touched)
    rolling = _shares(uncounted(pending, day))
    rooms = rooms_of(policy, today, _begun(plan, pending), day.spent, now)
    said = [found(room, rolling if room.limit.is_daily else run) for room in rooms]
    over = [each.message for each in said if not each.passed]
    if over:
        fresh = [*rooms_of(policy, today, Spending(), day.spent, now), *_customers_left(policy, plan, live)]
        protection = Protection(policy, today, stood_for)
        free = _shares(entry for entry in pending if not protection.refusal(entry.customer.desired))
        raise Refused(f"over budget, nothing was written: {'; '.join(over)}; {would_fit(free, fresh)}")


def uncounted(pending: Iterable[Pending], day: Day) -> list[Pending]:
    """What the day does not hold yet; what was begun before it counts again, since it may be sent again."""
    return [entry for entry in pending if not (entry.touched and entry.action.id in day.actions)]


def check_freezes(policy: Policy, pending: Sequence[Pending], today: date) -> None:
    """Raises Refused when today is frozen and the plan does more than protect."""
    if all(is_protective(entry.action) for entry in pending):
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


def _begun(plan: Plan, pending: Sequence[Pending]) -> Spending:
    """What of the plan's due actions earlier runs have done, or may have."""
    untouched = {entry.action.id for entry in pending if not entry.touched}
    return together(
        [share_of("", (each for each in _due(customer) if each.id not in untouched)) for customer in plan.customers]
    )


def _shares(pending: Iterable[Pending]) -> list[Share]:
    by_customer: dict[TenantId, list[Pending]] = {}
    for entry in pending:
        by_customer.setdefault(entry.customer.tenant_id, []).append(entry)
    return [share_of(each[0].customer.name, (entry.action for entry in each)) for each in by_customer.values()]


def _customers_left(policy: Policy, plan: Plan, live: int | None) -> list[Room]:
    """As a budget; where the partner's customers have not been counted yet, as the plan found them."""
    if live is None:
        guard = next((guard for guard in plan.guards if guard.code == "min-customers-left"), None)
        if guard is None or guard.value is None:
            return []
        live = guard.value + together([share_of("", _due(customer)) for customer in plan.customers]).removals
    return [customers_left(live, policy.min_customers_left)]


def _due(customer: CustomerPlan) -> tuple[Action, ...]:
    return tuple(each for each in customer.actions if each.when == NOW)


def _removals(pending: Sequence[Pending]) -> set[TenantId]:
    return {e.customer.tenant_id for e in pending if e.action.kind is ActionKind.REMOVE_RELATIONSHIP}


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
