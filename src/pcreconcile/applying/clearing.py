"""What must hold before the first write of a run: every check of the plan as a whole, and what the run is allowed by.

What needs no request comes first. Every check raises; from here on what happens to a customer is an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pcreconcile.applying import approving, guards
from pcreconcile.applying.approving import Asked, Consent, Grant
from pcreconcile.applying.day_history import day_history
from pcreconcile.applying.journal import Journal
from pcreconcile.applying.ports import Clock, Service
from pcreconcile.applying.spending import Day, day_of
from pcreconcile.model.approval import kept_bytes, statement
from pcreconcile.model.budgets import DAY
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import IncompleteRead, NoAnswer
from pcreconcile.model.estate import CustomerList
from pcreconcile.model.plan import Plan
from pcreconcile.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, under which policy, wanted by which manifests, agreed to by whom."""

    plan: Plan
    fleet: DesiredFleet
    policy: Policy
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class Cleared:
    """What the checks before the first write found: the customers list, and what the run is allowed by."""

    listed: CustomerList | None
    grants: tuple[Grant, ...]
    user: str | None


async def clear(order: Order, asked: Asked, service: Service, clock: Clock) -> Cleared:
    """Check everything. Raises what `run.apply` raises before its first write."""
    now = clock.now()
    day = day_of(asked.events, now - DAY)
    _check_the_plan(order, asked, day, now)
    grants = approving.granted(asked, order.consent, now)
    if not asked.pending:
        return Cleared(None, grants, None)
    listed, user = await _ask_the_service(order, asked, grants, day, service, clock)
    return Cleared(listed, grants, user)


def _check_the_plan(order: Order, asked: Asked, day: Day, now: datetime) -> None:
    """Every check of the plan as a whole that needs no request."""
    pending = asked.pending
    if not asked.resumed:
        guards.check_manifests(order.fleet, pending)
    guards.check_guards(order.plan)
    guards.check_protected(order.policy, order.plan, pending)
    guards.check_budgets(order.policy, order.plan, pending, day, now)
    guards.check_freezes(order.policy, pending, guards.local_day(now, order.plan.partner.time_zone))


async def _ask_the_service(
    order: Order, asked: Asked, grants: Sequence[Grant], day: Day, service: Service, clock: Clock
) -> tuple[CustomerList, str | None]:
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
    return listed, user


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
