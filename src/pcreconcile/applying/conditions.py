"""Whether a thing as read is as a plan wants it: preconditions and postconditions are subsets of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from pcreconcile.model.errors import RemoteError
from pcreconcile.model.observed import BESIDES, Fields
from pcreconcile.model.plan import Action, ActionKind, CustomerPlan, Target

AZURE_SUBSCRIPTION = "azure-subscription"
SUBSCRIPTION = "subscription"

# What the service says to a write when there is nothing to write to (API facts, 4.3, 9.2): a claim until it is read.
_GONE_STATUSES = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_GONE_CODES = frozenset({"2011", "20002", "20003", "60003", "800111"})
_NO_RELATIONSHIP = ("3000", "does not exist")  # the code alone says that something is not valid


class Shows(StrEnum):
    """What a read says about an action."""

    DONE = "done"
    NOT_DONE = "not-done"
    UNDER_WAY = "under-way"
    NEITHER = "neither"


def judge(action: Action, fields: Fields | None) -> Shows:
    """The postcondition first, since a thing may satisfy both; a thing that is not there satisfies neither.

    An empty postcondition can never be proven, so it never holds. A thing that says itself that its end is under way
    satisfies neither yet.
    """
    if fields is None:
        return Shows.NEITHER
    if action.postcondition and holds(action.postcondition, fields):
        return Shows.DONE
    if holds(action.precondition, fields):
        return Shows.NOT_DONE
    return Shows.UNDER_WAY if fields.get("underWay") is True else Shows.NEITHER


def says_gone(error: RemoteError) -> bool:
    """Whether a refusal says that the thing is not there (any more); only a read can tell whether that is so."""
    code, words = _NO_RELATIONSHIP
    if error.code == code:
        return words in error.message.casefold()
    return error.status in _GONE_STATUSES or error.code in _GONE_CODES


def holds(condition: Mapping[str, Any], fields: Fields) -> bool:
    """Every named field has the named value; null and absent are the same."""
    return all(same(fields.get(name), value) for name, value in condition.items())


def same(one: Any, other: Any) -> bool:
    """Equality of two field values; lists compare in order, whatever sequence they came as."""
    return bool(_plain(one) == _plain(other))


def unmet(condition: Mapping[str, Any], fields: Fields | None) -> str:
    """The fields that are not as the condition says, for people."""
    if fields is None:
        return "it does not exist"
    wrong = [name for name, value in sorted(condition.items()) if not same(fields.get(name), value)]
    return ", ".join(f"{name} is {fields.get(name)}, not {condition[name]}" for name in wrong)


def changed_besides(action: Action, before: Fields | None, now: Fields) -> str:
    """What of a subscription a write of ours changed without being asked to, for people; "" for nothing.

    `before` is what it looked like when the request left, None when this run sent none. A subscription that was
    cancelled keeps nothing.
    """
    if before is None or action.target.type != SUBSCRIPTION or action.kind is ActionKind.CANCEL_SUBSCRIPTION:
        return ""
    names = [name for name in BESIDES if not same(before.get(name), now.get(name))]
    told = ", ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in names)
    return f"the service did it, and with it changed what it was not asked to: {told}" if told else ""


def parent_of(target: Target, customer: CustomerPlan) -> str | None:
    """The Azure plan's subscription ID for an Azure subscription, else None."""
    if target.type != AZURE_SUBSCRIPTION:
        return None
    items = (item for item in customer.observed.items if item.get("type") == target.type)
    return next((item.get("planId") for item in items if item.get("id") == target.id), None)


def _plain(value: Any) -> Any:
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
