"""One customer: is it the right one, is it there, what does the wish take, and when is the wish reached."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import Holding, holdings_of
from pcreconcile.exits.allowance import used_by
from pcreconcile.model.desired import OnBlocked, Relationship
from pcreconcile.model.estate import Customer, CustomerState, Snapshot
from pcreconcile.model.extras import Extra, extras_seen, unproven_absence
from pcreconcile.model.observed import observe_items
from pcreconcile.model.plan import MANUAL, Action, Blocker, CustomerPlan, Deadline, Notice, Observed, Verdict
from pcreconcile.planning.addons import conflicting_lines
from pcreconcile.planning.calendar import end_of
from pcreconcile.planning.counting import summed
from pcreconcile.planning.delegated_access import with_access_ended
from pcreconcile.planning.freezes import frozen_deadlines
from pcreconcile.planning.handover import offered
from pcreconcile.planning.keeping import plan_activity, plan_suspension
from pcreconcile.planning.past_removals import came_back
from pcreconcile.planning.presence import customer_blocker, plan_absence, wrong_customer
from pcreconcile.planning.pricing import with_charges
from pcreconcile.planning.removal import plan_removal
from pcreconcile.planning.setting import Outcome, Setting
from pcreconcile.planning.unread import (
    closing_windows,
    needs_user,
    next_closing,
    no_credential,
    shows_windows,
    supposing_nothing_else,
    try_again_at,
    unread_because,
)

BY_HAND = "manual-step"


def plan_customer(snapshot: Snapshot, setting: Setting) -> CustomerPlan:
    """All that the plan says about one customer. Pure, and it raises nothing."""
    tenant = setting.desired.tenant_id
    listed = snapshot.listed.customers.get(tenant)
    state = snapshot.states.get(tenant)
    setting = replace(setting, state=state)
    outcome = _with_steps_of_people(_outcome(snapshot, listed, state, setting))
    return _plan(outcome, listed, state, setting)


def _outcome(snapshot: Snapshot, listed: Customer | None, state: CustomerState | None, setting: Setting) -> Outcome:
    problem = unread_because(snapshot, state, setting)
    if problem:
        return _unknown(problem, listed, state, setting)
    if state is None:  # covered by unread_because
        return Outcome(unread=True)
    if listed is None:
        outcome = with_access_ended(plan_absence(snapshot, setting), state, setting)
        unproven = unproven_absence(state, setting.needed) if outcome.reached else ""
        return _unknown(unproven, listed, state, setting) if unproven else outcome
    if state.customer is None:  # covered by unread_because
        return Outcome(unread=True)
    refusal = wrong_customer(state.customer, setting)
    if refusal is not None:
        return Outcome(refused=True, blockers=(refusal,))
    outcome = _present(listed, state, setting)
    return outcome if outcome.unread else with_access_ended(outcome, state, setting)


def _with_steps_of_people(outcome: Outcome) -> Outcome:
    """A step that waits for a person stands among the blockers too, unless something without a date names it already.

    What is only offered to a person is in nobody's way.
    """
    known = {each.target for each in outcome.blockers + outcome.later_blockers if each.clears_at is None}
    steps = [each for each in outcome.actions if each.when == MANUAL and each.instructions is not None]
    found = [_step_of_a_person(each) for each in steps if each.id not in outcome.offers and each.target not in known]
    return replace(outcome, blockers=(*outcome.blockers, *found))


def _step_of_a_person(action: Action) -> Blocker:
    who = "" if action.instructions is None else f" ({action.instructions.who})"
    how = f"a person must do it by hand{who}: {action.reason}"
    return Blocker(BY_HAND, action.target, None, how, action.rule)


def _unknown(problem: str, listed: Customer | None, state: CustomerState | None, setting: Setting) -> Outcome:
    """No action, whatever closes meanwhile; the windows that are known to close are all that is said."""
    blocker = customer_blocker("read-incomplete", problem)
    customer = None if state is None else state.customer
    if state is None or customer is None or not shows_windows(state) or wrong_customer(customer, setting) is not None:
        return Outcome(unread=True, blockers=(blocker,))
    supposed = supposing_nothing_else(state)
    outcome = _present(listed or customer, supposed, replace(setting, state=supposed))
    return Outcome(
        unread=True,
        blockers=(blocker,),
        warnings=closing_windows(outcome.actions, customer, setting),
        deadlines=outcome.deadlines,
        closing=next_closing(outcome.actions, setting),
    )


def _present(listed: Customer, state: CustomerState, setting: Setting) -> Outcome:
    relationship = (state.customer.relationship if state.customer else None) or listed.relationship
    if relationship != "reseller":
        return Outcome(
            blockers=(customer_blocker("not-a-reseller", f"the relationship is '{relationship}', not 'reseller'"),)
        )
    if (returned := came_back(setting)) is not None:
        return returned
    holdings = priced_holdings(state, setting)
    outcome = _wished(listed, holdings, setting)
    conflicts = conflicting_lines(outcome.actions, holdings, setting)
    if conflicts:
        return Outcome(refused=True, blockers=conflicts, warnings=outcome.warnings)
    return replace(outcome, offers=offered(holdings, setting))


def priced_holdings(state: CustomerState, setting: Setting) -> tuple[Holding, ...]:
    """What the customer holds, with what it costs and what our own returns have used of its allowance."""
    ours = setting.memory.returned.get(setting.desired.tenant_id, ())
    held = holdings_of(state, used_by(ours, setting.now, setting.rules))
    return with_charges(held, setting.prices, setting.rules, setting.now)


def _wished(listed: Customer, holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
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
    if undated or any(action.when == MANUAL and action.id not in outcome.offers for action in outcome.actions):
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
    unseen = no_credential(state) if verdict is not Verdict.UNKNOWN else ()
    deadlines = _deadlines(outcome, setting)
    return CustomerPlan(
        name=setting.desired.name,
        tenant_id=setting.desired.tenant_id,
        desired=setting.desired,
        observed=_kept(
            replace(_observed(listed, state), unseen=tuple(Extra(read.resource) for read in unseen)), verdict
        ),
        verdict=verdict,
        earliest_removal=None if earliest is None else earliest.date(),
        confidence="low" if outcome.probe else "high",
        binding_blocker=_binding(
            outcome.blockers if earliest is not None else outcome.blockers + outcome.later_blockers
        ),
        next_deadline=min((each.at for each in deadlines), default=None),
        actions=outcome.actions,
        blockers=tuple(dict.fromkeys(outcome.blockers + outcome.later_blockers)),
        warnings=(*warnings, *needs_user(unseen), *_too_late(earliest, setting), *frozen_deadlines(deadlines, setting)),
        money=summed(outcome.actions),
        deadlines=deadlines,
        try_again_at=outcome.again or (try_again_at(outcome.closing, setting) if verdict is Verdict.UNKNOWN else None),
    )


def _kept(observed: Observed, verdict: Verdict) -> Observed:
    """Of a customer with nothing to do no items: most of a fleet converges, and nobody compares what it holds.

    A converged customer has no action and no blocker by its definition (`Outcome.reached`); warnings and deadlines
    carry the names of what they speak of themselves.
    """
    return replace(observed, items=()) if verdict is Verdict.CONVERGED else observed


def _deadlines(outcome: Outcome, setting: Setting) -> tuple[Deadline, ...]:
    """Those of the holdings and the manifest's own, each once, as far as they are ahead, in their order."""
    day = setting.desired.deadline
    found = list(outcome.deadlines)
    if day is not None and setting.desired.relationship is Relationship.REMOVED and not outcome.reached:
        text = "the manifest's deadline: by the end of that day the relationship should be gone"
        found.append(Deadline(at=end_of(day, setting.zone), code="deadline", target=None, text=text))
    ahead = {each for each in found if each.at > setting.now}
    return tuple(sorted(ahead, key=lambda each: (each.at, each.code, each.target.id if each.target else "")))


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
