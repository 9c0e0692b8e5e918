"""The dates of a plan, customer by customer, as one calendar."""

from __future__ import annotations

from datetime import timedelta

from pcreconcile.model.agenda import FORMAT_VERSION, Agenda, AgendaDeadline, AgendaRemoval
from pcreconcile.model.desired import Relationship
from pcreconcile.model.plan import CustomerPlan, Deadline, Plan, Verdict

NO_SPAN = timedelta(0)
_SEEN_AND_REFUSED = "on-blocked-fail"  # the notice of a customer that was planned before it was refused


def agenda(plan: Plan, within: timedelta = NO_SPAN) -> Agenda:
    """Every deadline and removal date of the plan; `inside` are those at most `within` after the plan was made."""
    deadlines = [_deadline(customer, each, plan, within) for customer in plan.customers for each in customer.deadlines]
    removals = [_removal(customer) for customer in plan.customers]
    return Agenda(
        format_version=FORMAT_VERSION,
        created_at=plan.created_at,
        partner=plan.partner,
        within=within,
        deadlines=tuple(sorted(deadlines, key=lambda each: (each.at, each.customer, each.code, _id(each)))),
        removals=tuple(sorted((each for each in removals if each), key=lambda each: (each.on, each.customer))),
        unseen={customer.name: _why(customer) for customer in plan.customers if _is_unseen(customer)},
        projected_from=plan.projected_from,
    )


def _deadline(customer: CustomerPlan, found: Deadline, plan: Plan, within: timedelta) -> AgendaDeadline:
    left = found.at - plan.created_at
    return AgendaDeadline(
        customer=customer.name,
        tenant_id=customer.tenant_id,
        at=found.at,
        days_left=left.days,
        inside=left <= within,
        code=found.code,
        target=found.target,
        text=found.text,
    )


def _removal(customer: CustomerPlan) -> AgendaRemoval | None:
    if customer.desired.relationship is not Relationship.REMOVED or customer.earliest_removal is None:
        return None
    return AgendaRemoval(customer.name, customer.tenant_id, customer.earliest_removal, customer.confidence)


def _id(found: AgendaDeadline) -> str:
    return found.target.id if found.target is not None else ""


def _why(customer: CustomerPlan) -> str:
    return "; ".join(blocker.how for blocker in customer.blockers) or str(customer.verdict)


def _is_unseen(customer: CustomerPlan) -> bool:
    if customer.verdict is Verdict.REFUSED:
        return not any(notice.code == _SEEN_AND_REFUSED for notice in customer.warnings)
    return customer.verdict is Verdict.UNKNOWN
