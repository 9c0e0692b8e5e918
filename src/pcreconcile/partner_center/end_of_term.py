"""End-of-term instructions: the one place that knows their property names (API facts, section 10).

The shape is known from one typed client and one vendor article, so it is tolerated when absent and read back after
every write. `scheduledActions` and `scheduledNextTermInstructions` are never sent together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pcreconcile.model.estate import Instruction, ScheduledAction
from pcreconcile.model.observed import TERM_END, Fields, observe_instructions, schedule_word
from pcreconcile.partner_center.instructions import encode_instruction, read_instruction
from pcreconcile.partner_center.scheduled_changes import changes_of
from pcreconcile.partner_center.wire import Members, find_name

AUTO_RENEW = "autoRenewEnabled"
ACTIONS = "scheduledActions"
NEXT_TERM = "scheduledNextTermInstructions"

_SCHEDULE_TYPE = "scheduleType"
_ACTION_TYPE = "actionType"
_EFFECTIVE_DATE = "effectiveDate"
_INSTRUCTIONS = "instructions"

_RENEW = "RenewToNewTerm"
_KNOWN_WORDS = (TERM_END, "CustomDate", "Cancel", _RENEW, "RenewToExtendedServiceTerm", "Transition")


def read_actions(subscription: Members) -> tuple[ScheduledAction, ...] | None:
    """The scheduled actions of a subscription; None when the member did not come."""
    if subscription.optional_array(ACTIONS) is None:
        return None
    return tuple(_read_action(action, subscription) for action in subscription.objects(ACTIONS))


def _read_action(action: Members, subscription: Members) -> ScheduledAction:
    return ScheduledAction(
        schedule_type=_word(action.text(_SCHEDULE_TYPE)),
        action_type=_word(action.text(_ACTION_TYPE)),
        effective_date=action.instant(_EFFECTIVE_DATE),
        changes=changes_of(action, subscription),
        instruction=read_instruction(action.get(_INSTRUCTIONS)),
    )


def read_next_term(subscription: Members) -> Instruction | None:
    """What the next term is told in the older member; None where that says nothing."""
    return read_instruction(subscription.get(NEXT_TERM)) if has_next_term(subscription) else None


def has_next_term(subscription: Members) -> bool:
    """Whether instructions for the next term are set."""
    instructions = subscription.optional_member(NEXT_TERM)
    return instructions is not None and any(value is not None for value in instructions.raw.values())


def with_actions(resource: dict[str, Any], wanted: Fields) -> dict[str, Any]:
    """The resource with the wanted actions, with every other that has a date of its own, and without the older member.

    `wanted` are fields of `model.observed`: `scheduledInstructions` in full, else `scheduledActions` in words. A PATCH
    replaces the whole list, so that what is left out of it is gone (API facts, 5.6 and 10); what is there already goes
    back as it came, with members that are not known here.
    """
    members = Members(resource, "subscription")
    told = wanted.get("scheduledInstructions")
    if told is None:
        actions = [_action(members, *text.rpartition("/")[::2]) for text in wanted.get("scheduledActions") or ()]
    else:
        actions = [_in_full(members, action) for action in told]
    actions += [each for each in _of_their_own_date(members) if each not in actions]
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


def with_next_term(resource: dict[str, Any], told: Fields) -> dict[str, Any]:
    """The resource with instructions for the next term in the older member, and without the newer one."""
    newer = find_name(resource, ACTIONS)
    kept = {name: value for name, value in resource.items() if name != newer}
    return {**kept, find_name(resource, NEXT_TERM) or NEXT_TERM: encode_instruction(told)}


def needs_auto_renew(wanted: Iterable[str]) -> bool:
    """Whether one of these instructions, given as `scheduleType/actionType`, is never applied without auto-renew."""
    return any(text.rpartition("/")[2] == _RENEW for text in wanted)


def _of_their_own_date(subscription: Members) -> Iterator[dict[str, Any]]:
    """What is scheduled for another day than the end of the term, as it came."""
    for action in subscription.optional_objects(ACTIONS):
        if schedule_word(action.text(_SCHEDULE_TYPE)) != TERM_END:
            yield action.raw


def _in_full(subscription: Members, wanted: Fields) -> dict[str, Any]:
    """The action that is there already, else one made of all that is wanted of it."""
    for action in subscription.optional_objects(ACTIONS):
        if observe_instructions((_read_action(action, subscription),)) == [wanted]:
            return action.raw
    fresh = {name: wanted[name] for name in (_SCHEDULE_TYPE, _ACTION_TYPE, _EFFECTIVE_DATE) if name in wanted}
    told = wanted.get(_INSTRUCTIONS)
    return fresh if told is None else {**fresh, _INSTRUCTIONS: encode_instruction(told)}


def _action(subscription: Members, schedule_type: str, action_type: str) -> dict[str, Any]:
    schedule_type = schedule_type or TERM_END
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
