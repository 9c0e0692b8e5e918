"""What must hold before the first write of a run: every check of the plan as a whole, and what the run is allowed by.

What needs no request comes first. Every check raises; from here on what happens to a customer is an outcome.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.applying import approving, guards
from pcreconcile.applying.approving import Asked, Consent, Grant
from pcreconcile.applying.day_history import is_asked, read_records, require_read
from pcreconcile.applying.guards import Pending, uncounted
from pcreconcile.applying.journal import Journal
from pcreconcile.applying.lost_journal import Loss
from pcreconcile.applying.past_removals import past_removals
from pcreconcile.applying.ports import Clock, Planner, Service
from pcreconcile.applying.preflight import Kept, Preflight, Prepared
from pcreconcile.applying.spending import Day, day_of
from pcreconcile.applying.work import Work
from pcreconcile.model.approval import kept_bytes, statement
from pcreconcile.model.budgets import DAY
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import IncompleteRead, NoAnswer, Refused, RemoteError
from pcreconcile.model.estate import CustomerList
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import CustomerPlan, Plan
from pcreconcile.model.plan_comparison import weight_of
from pcreconcile.model.policies_in_force import Judge, PoliciesInForce
from pcreconcile.model.policy import Policy
from pcreconcile.model.protection import Protection, StoodFor

# Who answers so, or gives no usable token, has not said no: 429, 502, 503, 504 (exit 9 instead of 1).
_BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, under which policies, wanted by which manifests, agreed to by whom.

    `work` are the customers with due actions; `kept` is the plan as a claim, with what it is compared by. `stood_for`
    are the tenants that entries of `protected` ever stood for.
    """

    plan: Plan
    fleet: DesiredFleet
    policies: PoliciesInForce
    consent: Consent | None
    work: Mapping[TenantId, Work]
    kept: Kept
    stood_for: StoodFor

    @property
    def policy(self) -> Policy:
        """The change's, with the stricter of both where a base is judged too."""
        return self.policies.strictest


@dataclass(frozen=True, slots=True)
class Cleared:
    """What the checks before the first write found: what the run is allowed by, and every customer as prepared.

    `preflight` is None when nothing is left to do.
    """

    listed: CustomerList | None
    grants: tuple[Grant, ...]
    user: str | None
    prepared: Mapping[TenantId, Prepared]
    preflight: Preflight | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the service said before any customer was read: `there` is the later of its time and ours.

    `day` is the journal's, with what audit records add where a budget of the day asks for them (`counted`); `loss` is
    what they show that the journal lacks.
    """

    listed: CustomerList
    user: str | None
    there: datetime
    day: Day
    counted: bool = False
    loss: Loss | None = None


async def clear(order: Order, asked: Asked, service: Service, planner: Planner, clock: Clock) -> Cleared:
    """Check everything. Raises what `run.apply` raises before its first write."""
    now = clock.now()
    day = day_of(asked.events, now - DAY)
    _check_the_plan(order, asked, day, now)
    grants = approving.granted(asked, order.consent, now)
    if not asked.pending:
        return Cleared(None, grants, None, {}, None)
    answered = await _ask_the_service(order, asked, grants, day, service, clock)
    if answered.loss is not None:
        asked = replace(asked, loss=answered.loss)
        grants = approving.granted(asked, order.consent, clock.now())
    preflight = Preflight(order.kept, answered.listed, service, planner, clock)
    prepared = await preflight.prepare(order.work.values())
    grants = await _check_again(order, asked, grants, answered, prepared, service, clock)
    return Cleared(answered.listed, grants, answered.user, prepared, preflight)


def _check_the_plan(order: Order, asked: Asked, day: Day, now: datetime) -> None:
    """Every check of the plan as a whole that needs no request."""
    pending = asked.pending
    guards.check_wishes(order.plan, order.fleet, pending)
    if not asked.resumed:
        guards.check_manifests(order.fleet, pending)
    guards.check_guards(order.plan)
    _judge_acts(order, order.plan.customers, pending, now)
    for judge in order.policies.judges:
        with _judged_by(judge):
            guards.check_budgets(judge.policy, order.plan, pending, day, now, stood_for=order.stood_for)


def _judge_acts(order: Order, customers: tuple[CustomerPlan, ...], pending: Sequence[Pending], now: datetime) -> None:
    """Protection, tickets and freezes, under every policy."""
    today = guards.local_day(now, order.plan.partner.time_zone)
    plan = msgspec.structs.replace(order.plan, customers=customers)
    for judge in order.policies.judges:
        with _judged_by(judge):
            guards.check_protected(Protection(judge.policy, today, order.stood_for), plan, pending)
            guards.check_tickets(judge.policy, pending)
            guards.check_freezes(judge.policy, pending, today)


@contextlib.contextmanager
def _judged_by(judge: Judge) -> Iterator[None]:
    """A refusal names the policy that it is made under, where there are two."""
    try:
        yield
    except Refused as error:
        raise Refused(judge.says(str(error))) from error


async def _ask_the_service(
    order: Order, asked: Asked, grants: Sequence[Grant], day: Day, service: Service, clock: Clock
) -> Answered:
    pending = asked.pending
    try:
        await service.authorise(frozenset(entry.action.kind for entry in pending))
        there, user = await service.service_time(), await service.user()
        approving.confirmed(grants, user, max(there, clock.now()))
        guards.check_clocks(clock.now(), there)
        listed = await service.list_customers()
    except NoAnswer as error:  # nothing was written yet, so nothing is indeterminate
        raise IncompleteRead(f"the service does not answer, nothing was written: {error}") from error
    except RemoteError as error:
        if error.status not in _BUSY:
            raise
        raise IncompleteRead(f"the service is busy, nothing was written: {error}") from error
    if not listed.read.complete:
        raise IncompleteRead(f"the customers list could not be read, nothing was written: {listed.read.problem}")
    answered = Answered(listed, user, max(there, clock.now()), day)
    return await _judge_spending(order, pending, answered, service, clock.now())


async def _judge_spending(
    order: Order, pending: Sequence[Pending], answered: Answered, service: Service, now: datetime
) -> Answered:
    """Budgets and the number of customers that stay, under every policy; what was answered, with what was read for it.

    The records are read once: where the lighter actions have asked for them, the day holds them already.
    """
    if not answered.counted and _asks_for_records(order, pending, answered.day, now):
        records = await read_records(service, answered.day, now)
        require_read(records)
        answered = replace(answered, day=records.day, counted=True, loss=records.loss)
    listed = answered.listed
    for judge in order.policies.judges:
        with _judged_by(judge):
            guards.check_budgets(
                judge.policy, order.plan, pending, answered.day, now, len(listed.customers), order.stood_for
            )
            guards.check_customers_left(judge.policy, listed, pending)
    return answered


def _asks_for_records(order: Order, pending: Sequence[Pending], day: Day, now: datetime) -> bool:
    zone, new = order.plan.partner.time_zone, uncounted(pending, day)
    return any(is_asked(judge.policy, zone, new, day, now) for judge in order.policies.judges)


async def _check_again(
    order: Order,
    asked: Asked,
    grants: tuple[Grant, ...],
    answered: Answered,
    prepared: Mapping[TenantId, Prepared],
    service: Service,
    clock: Clock,
) -> tuple[Grant, ...]:
    """Guards, budgets and approvals by what the fresh plan says of the same actions, where it says something else.

    With the same checks of the kept plan before, the larger of both counts, and a file that belittles gains nothing.
    """
    pending = [_as_planned_again(entry, prepared) for entry in asked.pending]
    removed = _removed_before(order, prepared)
    if pending == list(asked.pending) and not removed:
        return grants
    now = clock.now()
    _judge_acts(order, tuple(each.customer for each in prepared.values()), pending, now)
    answered = await _judge_spending(order, pending, answered, service, now)
    asked = replace(asked, pending=pending, loss=answered.loss, removed_before=removed)
    again = approving.granted(asked, order.consent, now)
    approving.confirmed(again, answered.user, max(answered.there, now))
    return again


def _removed_before(order: Order, prepared: Mapping[TenantId, Prepared]) -> dict[TenantId, datetime]:
    """Customers with something to send, whom runs of other plans have removed: they have come back since."""
    past = past_removals(order.kept.events)
    sending = [tenant for tenant, each in prepared.items() if each.actions and tenant in past.fulfilled]
    return {tenant: max(removal.at for removal in past.fulfilled[tenant]) for tenant in sending}


def _as_planned_again(entry: Pending, prepared: Mapping[TenantId, Prepared]) -> Pending:
    """The action as heavy as the heavier of both plans has it; what is not planned again is not sent either."""
    found = prepared.get(entry.customer.tenant_id)
    action = found.actions.get(entry.action.id) if found is not None else None
    if action is None or weight_of(action) == weight_of(entry.action):
        return entry
    return replace(entry, action=action)


def allowed_by(order: Order, asked: Asked, cleared: Cleared, journal: Journal) -> dict[str, Any]:
    """Who agreed, as whom it is applied, and from what: members of the run's first event, with the documents kept."""
    consent = order.consent
    lists = consent.allowed_signers if consent and cleared.grants else ()
    signers = [journal.keep(content) for content in lists]
    return {
        "required": approving.required(asked),
        "approvalsFor": sorted(order.policy.approvals.actions),
        "resumed": asked.resumed,
        "approvals": [_kept_grant(grant, journal) for grant in cleared.grants],
        "allowedSigners": signers[0] if signers else None,
        "allowedSignersAtBase": signers[1:],
        "user": cleared.user,
        "commit": order.plan.sources.commit,
    }


def _kept_grant(grant: Grant, journal: Journal) -> dict[str, Any]:
    signed = grant.approval
    return {
        "principal": signed.approval.principal,
        "key": grant.signer.key,
        "statement": statement(signed.approval),
        "document": journal.keep(kept_bytes(signed)),
    }
