"""Ending delegated administration, which is a wish of its own beside the reseller relationship.

GDAP is an object of Microsoft Graph: nothing says that removing the relationship ends it, so each relationship is
terminated by itself. DAP is a flag of the customer that goes with the reseller relationship (API facts, 4.3 and 7).
Nothing here delays the removal: what is in the way of this part has its date or its reason, and no more.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from pcreconcile.exits import Serve, Step
from pcreconcile.model.estate import CustomerState, DelegatedAdminRelationship
from pcreconcile.model.ids import ActionId
from pcreconcile.model.observed import ENDED_RELATIONSHIPS, ENDING_RELATIONSHIPS
from pcreconcile.model.plan import Action, ActionKind, Blocker, Effect, Notice, Reversibility, Target
from pcreconcile.planning.actions import Draft, drafted, made, requiring
from pcreconcile.planning.calendar import NEVER, start_of, tomorrow
from pcreconcile.planning.setting import Outcome, Setting

_STARTING = frozenset({"approved", "activating"})
_ASKED_FOR = frozenset({"created", "approvalpending"})


def with_access_ended(outcome: Outcome, state: CustomerState, setting: Setting) -> Outcome:
    """What a customer takes, with the end of delegated access where the manifest asks for one.

    Without a date it follows the removal; with one it comes on that day, removed or not.
    """
    if outcome.refused or not setting.desired.ends_delegated_access:
        return outcome
    relationships = state.delegated_admin or ()
    removal = next((each for each in outcome.actions if each.kind is ActionKind.REMOVE_RELATIONSHIP), None)
    drafts = (*_removed_admin(state, setting, outcome), *_terminations(relationships, setting, outcome, removal))
    in_the_way = (*_hindered(relationships, setting), *_dated(drafts, outcome, setting))
    if outcome.closed and (drafts or in_the_way):
        drafts, in_the_way = (), tuple(each for each in outcome.closed if each not in outcome.blockers)
    return msgspec.structs.replace(
        outcome,
        actions=(*outcome.actions, *made(drafts, setting.now)),
        later_blockers=in_the_way,
        warnings=(*outcome.warnings, *_warnings(state, relationships)),
        reached=outcome.reached and not drafts and not in_the_way,
    )


def _instant(setting: Setting) -> datetime:
    day = setting.desired.delegated_access.at
    at = setting.start if day is None else max(setting.start, start_of(day, setting.zone))
    return setting.thawed(at)


def _terminations(
    relationships: tuple[DelegatedAdminRelationship, ...], setting: Setting, outcome: Outcome, removal: Action | None
) -> tuple[Draft, ...]:
    """One per active relationship; none while one of them is not understood, or nobody knows how the removal goes."""
    dated = setting.desired.delegated_access.at is not None
    if any(not _is_known(each) for each in relationships) or not (dated or removal or outcome.reached):
        return ()
    own, before = _instant(setting), frozenset[ActionId]()
    if removal is not None and not dated:
        own, before = max(own, outcome.removal or NEVER), frozenset({removal.id})
    active = (each for each in relationships if each.status == "active")
    return tuple(requiring(drafted(setting.desired.tenant_id, _terminate(each), None, own), before) for each in active)


def _is_known(relationship: DelegatedAdminRelationship) -> bool:
    known = ENDED_RELATIONSHIPS | ENDING_RELATIONSHIPS | _STARTING | _ASKED_FOR
    return relationship.status == "active" or relationship.status in known


def _target(relationship: DelegatedAdminRelationship) -> Target:
    return Target("delegated-admin", relationship.id, relationship.name or relationship.id)


def _terminate(relationship: DelegatedAdminRelationship) -> Step:
    return Step(
        kind=ActionKind.TERMINATE_DELEGATED_ACCESS,
        target=_target(relationship),
        precondition={"status": "active"},
        postcondition={"ended": True},
        reversibility=Reversibility.NEEDS_COUNTERPARTY,
        effect=Effect.NEUTRAL,
        serve=Serve.AT_ONCE,
        why="the manifest ends delegated access; to have it again the customer's admin must approve a new request",
    )


def _removed_admin(state: CustomerState, setting: Setting, outcome: Outcome) -> tuple[Draft, ...]:
    """DAP on its own, where the day comes before the removal, which takes DAP away with it."""
    customer, own = state.customer, _instant(setting)
    stands = customer is not None and customer.relationship == "reseller" and customer.allow_delegated_access
    goes_along = outcome.removal is not None and outcome.removal <= own
    if customer is None or not stands or goes_along or setting.desired.delegated_access.at is None:
        return ()
    step = Step(
        kind=ActionKind.REMOVE_DELEGATED_ADMIN,
        target=Target("customer", customer.tenant_id, customer.company_name),
        precondition={"relationship": "reseller", "allowDelegatedAccess": True},
        postcondition={"allowDelegatedAccess": False},
        reversibility=Reversibility.NEEDS_COUNTERPARTY,
        effect=Effect.NEUTRAL,
        serve=Serve.AT_ONCE,
        why="the manifest ends delegated access; the reseller relationship itself stays as it is",
    )
    return (drafted(setting.desired.tenant_id, step, None, own),)


def _hindered(relationships: tuple[DelegatedAdminRelationship, ...], setting: Setting) -> tuple[Blocker, ...]:
    """What cannot be terminated yet, or is not over yet."""
    soon = tomorrow(setting.now)
    found = []
    for each in relationships:
        if each.status in ENDING_RELATIONSHIPS:
            how = "it is being terminated, which Microsoft has not finished yet"
            found.append(Blocker("delegated-access-ending", _target(each), soon, how))
        elif each.status in _STARTING:
            how = "the customer has approved it, and it can be terminated once it is active"
            found.append(Blocker("delegated-access-starting", _target(each), soon, how))
        elif not _is_known(each):
            how = f"pcreconcile does not know the status '{each.status}', and ends no delegated access until it does"
            found.append(Blocker("unknown-delegated-access", _target(each), None, how))
    return tuple(found)


def _dated(drafts: tuple[Draft, ...], outcome: Outcome, setting: Setting) -> tuple[Blocker, ...]:
    """The day that the manifest names (or a freeze, or notBefore), where the removal does not come later anyway."""
    latest = max((draft.own for draft in drafts), default=setting.now)
    if latest == NEVER or latest <= max(setting.now, outcome.removal or setting.now):
        return ()
    how = "delegated access ends on that day: delegatedAccess and notBefore of the manifest, freezes of the policy"
    return (Blocker("delegated-access-date", None, latest.date(), how),)


def _warnings(state: CustomerState, relationships: tuple[DelegatedAdminRelationship, ...]) -> tuple[Notice, ...]:
    found = []
    for each in relationships:
        if each.status in _ASKED_FOR:
            text = f"{each.name}: a request for delegated access that the customer can still approve; withdraw it"
            found.append(Notice("delegated-access-pending", text, _target(each)))
    customer = state.customer
    if customer is not None and customer.relationship == "none" and customer.allow_delegated_access:
        text = "the relationship is gone and delegated administration (DAP) still shows: check in Partner Center"
        found.append(Notice("delegated-admin-left", text))
    return tuple(found)
