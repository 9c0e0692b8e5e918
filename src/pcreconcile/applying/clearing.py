"""What must hold before the first write of a run: every check of the plan as a whole, and what the run is allowed by.

What needs no request comes first. Every check raises; from here on what happens to a customer is an outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.applying import approving, guards
from pcreconcile.applying.approving import Asked, Consent, Grant
from pcreconcile.applying.day_history import day_history, is_asked
from pcreconcile.applying.guards import Pending, uncounted
from pcreconcile.applying.journal import Journal
from pcreconcile.applying.ports import Clock, Planner, Service
from pcreconcile.applying.preflight import Kept, Preflight, Prepared
from pcreconcile.applying.spending import Day, day_of
from pcreconcile.applying.work import Work
from pcreconcile.model.approval import kept_bytes, statement
from pcreconcile.model.budgets import DAY
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import IncompleteRead, NoAnswer
from pcreconcile.model.estate import CustomerList
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Plan
from pcreconcile.model.plan_comparison import weight_of
from pcreconcile.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, under which policy, wanted by which manifests, agreed to by whom.

    `work` are the customers with due actions; `kept` is the plan as a claim, with what it is compared by.
    """

    plan: Plan
    fleet: DesiredFleet
    policy: Policy
    consent: Consent | None
    work: Mapping[TenantId, Work]
    kept: Kept


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
    """What the service said before any customer was read: `there` is the later of its time and ours."""

    listed: CustomerList
    user: str | None
    there: datetime
    day: Day


async def clear(order: Order, asked: Asked, service: Service, planner: Planner, clock: Clock) -> Cleared:
    """Check everything. Raises what `run.apply` raises before its first write."""
    now = clock.now()
    day = day_of(asked.events, now - DAY)
    _check_the_plan(order, asked, day, now)
    grants = approving.granted(asked, order.consent, now)
    if not asked.pending:
        return Cleared(None, grants, None, {}, None)
    answered = await _ask_the_service(order, asked, grants, day, service, clock)
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
    guards.check_protected(order.policy, order.plan, pending)
    guards.check_budgets(order.policy, order.plan, pending, day, now)
    guards.check_freezes(order.policy, pending, guards.local_day(now, order.plan.partner.time_zone))


async def _ask_the_service(
    order: Order, asked: Asked, grants: Sequence[Grant], day: Day, service: Service, clock: Clock
) -> Answered:
    policy, plan, pending = order.policy, order.plan, asked.pending
    try:
        await service.authorise(frozenset(entry.action.kind for entry in pending))
        there, user = await service.service_time(), await service.user()
        approving.confirmed(grants, user, max(there, clock.now()))
        guards.check_clocks(clock.now(), there)
        listed = await service.list_customers()
    except NoAnswer as error:  # nothing was written yet, so nothing is indeterminate
        raise IncompleteRead(f"the service does not answer, nothing was written: {error}") from error
    if not listed.read.complete:
        raise IncompleteRead(f"the customers list could not be read, nothing was written: {listed.read.problem}")
    now = clock.now()
    day = await day_history(service, day, policy, plan.partner.time_zone, pending, now)
    guards.check_budgets(policy, plan, pending, day, now, live=len(listed.customers))
    guards.check_customers_left(policy, listed, pending)
    return Answered(listed, user, max(there, clock.now()), day)


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
    if pending == list(asked.pending):
        return grants
    policy, plan, now = order.policy, order.plan, clock.now()
    fresh = tuple(each.customer for each in prepared.values())
    guards.check_protected(policy, msgspec.structs.replace(plan, customers=fresh), pending)
    guards.check_freezes(policy, pending, guards.local_day(now, plan.partner.time_zone))
    day = await _whole_day(answered.day, asked, pending, order, service, now)
    guards.check_budgets(policy, plan, pending, day, now, live=len(answered.listed.customers))
    guards.check_customers_left(policy, answered.listed, pending)
    again = approving.granted(replace(asked, pending=pending), order.consent, now)
    approving.confirmed(again, answered.user, max(answered.there, now))
    return again


async def _whole_day(
    day: Day, asked: Asked, pending: Sequence[Pending], order: Order, service: Service, now: datetime
) -> Day:
    """The day for the heavier actions: the audit records are asked for only where they have not been already."""
    zone = order.plan.partner.time_zone
    if is_asked(order.policy, zone, uncounted(asked.pending, day), now):
        return day
    return await day_history(service, day, order.policy, zone, pending, now)


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
