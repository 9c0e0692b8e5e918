"""One customer: is it the right one, is it there, what does the wish take, and when is the wish reached."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import holdings_of
from pcreconcile.model.desired import OnBlocked, Relationship
from pcreconcile.model.estate import Customer, CustomerState, Snapshot
from pcreconcile.model.extras import Extra, extra_read, extras_seen
from pcreconcile.model.observed import observe_items
from pcreconcile.model.plan import MANUAL, Blocker, CustomerPlan, Notice, Observed, Verdict
from pcreconcile.planning.delegated_access import with_access_ended
from pcreconcile.planning.keeping import plan_activity, plan_request, plan_suspension
from pcreconcile.planning.removal import plan_removal
from pcreconcile.planning.setting import Outcome, Setting


def plan_customer(snapshot: Snapshot, setting: Setting) -> CustomerPlan:
    """All that the plan says about one customer. Pure, and it raises nothing."""
    tenant = setting.desired.tenant_id
    listed = snapshot.listed.customers.get(tenant)
    state = snapshot.states.get(tenant)
    outcome = _outcome(snapshot, listed, state, setting)
    return _plan(outcome, listed, state, setting)


def _outcome(snapshot: Snapshot, listed: Customer | None, state: CustomerState | None, setting: Setting) -> Outcome:
    problem = _unread(snapshot, listed, state)
    if problem:
        return Outcome(unread=True, blockers=(_blocker("read-incomplete", problem),))
    if state is None:  # covered by _unread
        return Outcome(unread=True)
    if listed is None:
        return with_access_ended(_absent(snapshot, state, setting), state, setting)
    if state.customer is None:  # covered by _unread
        return Outcome(unread=True)
    refusal = _wrong_customer(state.customer, setting)
    if refusal is not None:
        return Outcome(refused=True, blockers=(refusal,))
    return with_access_ended(_present(listed, state, setting), state, setting)


def _unread(snapshot: Snapshot, listed: Customer | None, state: CustomerState | None) -> str:
    """Why nothing can be said about the customer; empty when everything was seen.

    Absent needs a complete customers list; the list and the read by ID must not contradict each other.
    """
    if not snapshot.listed.read.complete:
        return f"the customers list could not be read to its end: {snapshot.listed.read.problem}"
    if state is None:
        return "this customer was not read"
    if state.problems:
        return "; ".join(state.problems)
    if listed is not None and state.customer is None:
        return "the customers list shows it, and the read by ID says that there is no such customer"
    if listed is None and state.customer is not None and state.customer.relationship not in {None, "none"}:
        return f"it is not in the customers list, and the read by ID shows {state.customer.relationship}"
    return ""


def _blocker(code: str, how: str) -> Blocker:
    return Blocker(code=code, target=None, clears_at=None, how=how)


def _domains(customer: Customer) -> set[str]:
    return {name.lower() for name in (customer.domain, *customer.custom_domains) if name}


def _wrong_customer(customer: Customer, setting: Setting) -> Blocker | None:
    """The second key: the domain must be this customer's."""
    if setting.desired.domain.lower() in _domains(customer):
        return None
    how = (
        f"the manifest says {setting.desired.domain}, and this tenant is {customer.company_name} ({customer.domain}); "
        "correct the tenant ID or the domain"
    )
    return _blocker("domain-mismatch", how)


def _absent(snapshot: Snapshot, state: CustomerState, setting: Setting) -> Outcome:
    """Not in the complete customers list: gone, never ours, or a typo in the tenant ID."""
    known = [*snapshot.listed.customers.values(), *(s.customer for s in snapshot.states.values() if s.customer)]
    namesake = next((other for other in known if setting.desired.domain.lower() in _domains(other)), None)
    if namesake is not None and namesake.tenant_id != setting.desired.tenant_id:
        how = (
            f"{setting.desired.domain} belongs to the live customer {namesake.company_name} with tenant ID "
            f"{namesake.tenant_id}; correct the tenant ID"
        )
        return Outcome(refused=True, blockers=(_blocker("domain-of-another-tenant", how),))
    match setting.desired.relationship:
        case Relationship.REMOVED:
            return Outcome(reached=True, warnings=(_proof(snapshot, state, setting),))
        case Relationship.ACTIVE:
            return plan_request(setting)
        case _:
            how = "there is no reseller relationship, so there is nothing to suspend"
            return Outcome(blockers=(_blocker("no-relationship", how),))


def _proof(snapshot: Snapshot, state: CustomerState, setting: Setting) -> Notice:
    """Our journal, or else the service's own audit record, shows that the relationship was there and was removed."""
    run = setting.memory.removed.get(setting.desired.tenant_id)
    if run is not None:
        return Notice("removal-proven", f"removed by run {run}, as the journal shows")
    record = snapshot.removal_records.get(setting.desired.tenant_id)
    if record is not None:
        who = f" by {record.by}" if record.by else ""
        text = f"removed on {record.at:%Y-%m-%d}{who}, as audit record {record.id} of Partner Center shows"
        return Notice("removal-proven", text)
    read = extra_read(state, Extra.REMOVAL_RECORD)
    unread = f" (the audit records could not be read: {read.problem})" if read is not None and read.problem else ""
    text = f"it is not in the customers list, and nothing proves that it was ever ours{unread}: check the tenant ID"
    return Notice("removal-unproven", text)


def _present(listed: Customer, state: CustomerState, setting: Setting) -> Outcome:
    relationship = (state.customer.relationship if state.customer else None) or listed.relationship
    if relationship != "reseller":
        return Outcome(blockers=(_blocker("not-a-reseller", f"the relationship is '{relationship}', not 'reseller'"),))
    holdings = holdings_of(state)
    match setting.desired.relationship:
        case Relationship.REMOVED:
            return plan_removal(listed, holdings, setting)
        case Relationship.SUSPENDED:
            return plan_suspension(holdings, setting)
        case _:
            return plan_activity(holdings, setting)


def _verdict(outcome: Outcome) -> Verdict:
    if outcome.refused:
        return Verdict.REFUSED
    if outcome.unread:
        return Verdict.UNKNOWN
    if outcome.reached:
        return Verdict.CONVERGED
    blockers = outcome.blockers + outcome.later_blockers
    undated = any(blocker.clears_at is None for blocker in blockers)
    if undated or any(action.when == MANUAL for action in outcome.actions):
        return Verdict.BLOCKED
    return Verdict.WAITING if blockers else Verdict.READY


def _plan(outcome: Outcome, listed: Customer | None, state: CustomerState | None, setting: Setting) -> CustomerPlan:
    verdict = _verdict(outcome)
    warnings = outcome.warnings
    if verdict in {Verdict.BLOCKED, Verdict.WAITING} and setting.desired.on_blocked is OnBlocked.FAIL:
        text = f"it is {verdict}, and the manifest says onBlocked: fail; nothing is planned for it"
        warnings = (*warnings, Notice("on-blocked-fail", text))
        outcome, verdict = replace(outcome, actions=()), Verdict.REFUSED
    earliest = outcome.removal
    return CustomerPlan(
        name=setting.desired.name,
        tenant_id=setting.desired.tenant_id,
        desired=setting.desired,
        observed=_observed(listed, state),
        verdict=verdict,
        earliest_removal=None if earliest is None else earliest.date(),
        confidence="low" if outcome.probe else "high",
        binding_blocker=_binding(
            outcome.blockers if earliest is not None else outcome.blockers + outcome.later_blockers
        ),
        next_deadline=min((each.at for each in outcome.deadlines if each.at > setting.now), default=None),
        actions=outcome.actions,
        blockers=outcome.blockers + outcome.later_blockers,
        warnings=(*warnings, *_too_late(earliest, setting)),
        deadlines=tuple(
            sorted((each for each in outcome.deadlines if each.at > setting.now), key=lambda each: (each.at, each.code))
        ),
    )


def _binding(blockers: tuple[Blocker, ...]) -> Blocker | None:
    """The blocker that clears last; one without a date binds before any other."""
    undated = next((blocker for blocker in blockers if blocker.clears_at is None), None)
    dated = [blocker for blocker in blockers if blocker.clears_at is not None]
    return undated or max(dated, key=lambda each: str(each.clears_at), default=None)


def _too_late(earliest: datetime | None, setting: Setting) -> tuple[Notice, ...]:
    deadline = setting.desired.deadline
    if setting.desired.relationship is not Relationship.REMOVED or deadline is None or earliest is None:
        return ()
    if earliest.astimezone(setting.zone).date() <= deadline:
        return ()
    return (Notice("deadline", f"the earliest removal is after the deadline {deadline}"),)


def _observed(listed: Customer | None, state: CustomerState | None) -> Observed:
    customer = (state.customer if state is not None else None) or listed
    items = tuple(observe_items(state)) if state is not None else ()
    extras = extras_seen(state) if state is not None else ()
    if customer is None or listed is None:
        return Observed(relationship="none", domain=None, company_name=None, items=items, extras=extras)
    rows = state.subscriptions if state is not None else ()
    return Observed(
        relationship=customer.relationship or listed.relationship,
        domain=customer.domain,
        company_name=customer.company_name,
        custom_domains=tuple(sorted(customer.custom_domains)),
        seats=sum(row.quantity for row in rows if row.status == "active" and row.billing_type != "usage"),
        items=items,
        extras=extras,
    )
