"""End-of-term instructions: the one place that knows their property names (API facts, section 10).

The shape is known from one typed client and one vendor article, so it is tolerated when absent and read back after
every write. `scheduledActions` and `scheduledNextTermInstructions` are never sent together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pcreconcile.model.estate import ScheduledAction
from pcreconcile.partner_center.scheduled_changes import changes_of
from pcreconcile.partner_center.wire import Members, find_name

AUTO_RENEW = "autoRenewEnabled"
ACTIONS = "scheduledActions"
NEXT_TERM = "scheduledNextTermInstructions"

_SCHEDULE_TYPE = "scheduleType"
_ACTION_TYPE = "actionType"
_EFFECTIVE_DATE = "effectiveDate"
_INSTRUCTIONS = "instructions"

_TERM_END = "TermEnd"
_RENEW = "RenewToNewTerm"
_KNOWN_WORDS = (_TERM_END, "CustomDate", "Cancel", _RENEW, "RenewToExtendedServiceTerm", "Transition")


def read_actions(subscription: Members) -> tuple[ScheduledAction, ...] | None:
    """The scheduled actions of a subscription; None when the member did not come."""
    if subscription.optional_array(ACTIONS) is None:
        return None
    return tuple(
        ScheduledAction(
            schedule_type=_word(action.text(_SCHEDULE_TYPE)),
            action_type=_word(action.text(_ACTION_TYPE)),
            effective_date=action.instant(_EFFECTIVE_DATE),
            changes=changes_of(action, subscription),
        )
        for action in subscription.objects(ACTIONS)
    )


def has_next_term(subscription: Members) -> bool:
    """Whether instructions for the next term are set."""
    instructions = subscription.optional_member(NEXT_TERM)
    return instructions is not None and any(value is not None for value in instructions.raw.values())


def with_actions(resource: dict[str, Any], wanted: Iterable[str]) -> dict[str, Any]:
    """The resource with exactly these actions, given as `scheduleType/actionType`, and without the older member.

    What a renewal is already told (product, quantity) is carried over; otherwise it would silently be reset.
    """
    members = Members(resource, "subscription")
    actions = [_action(members, *text.rpartition("/")[::2]) for text in wanted]
    older, newer = find_name(resource, NEXT_TERM), find_name(resource, ACTIONS)
    kept = {name: value for name, value in resource.items() if name not in {older, newer}}
    return {**kept, newer or ACTIONS: actions}


def without_next_term(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without instructions for a next term that is not to come."""
    return {name: value for name, value in resource.items() if name != find_name(resource, NEXT_TERM)}


def in_one_form(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with what it is told already, in one of the two members: the newer one wins where it says anything.

    The service honours the newer one alone where both are sent, be it empty (facts, section 10).
    """
    members = Members(resource, "subscription")
    if members.optional_array(ACTIONS) is None or not has_next_term(members):
        return resource
    superfluous = find_name(resource, NEXT_TERM if members.optional_array(ACTIONS) else ACTIONS)
    return {name: value for name, value in resource.items() if name != superfluous}


def needs_auto_renew(wanted: Iterable[str]) -> bool:
    """Whether one of these instructions, given as `scheduleType/actionType`, is never applied without auto-renew."""
    return any(text.rpartition("/")[2] == _RENEW for text in wanted)


def _action(subscription: Members, schedule_type: str, action_type: str) -> dict[str, Any]:
    schedule_type = schedule_type or _TERM_END
    for action in subscription.optional_objects(ACTIONS):
        if (_word(action.text(_SCHEDULE_TYPE)), _word(action.text(_ACTION_TYPE))) == (schedule_type, action_type):
            return action.raw
    fresh: dict[str, Any] = {_SCHEDULE_TYPE: schedule_type, _ACTION_TYPE: action_type}
    if action_type == _RENEW and has_next_term(subscription):
        fresh[_INSTRUCTIONS] = subscription.get(NEXT_TERM)
    return fresh


def _word(text: str) -> str:
    """A known word in its documented spelling; another one as it came."""
    return next((word for word in _KNOWN_WORDS if word.casefold() == text.casefold()), text)
