"""What an intent says besides the act itself: what the act takes away for good, so that no later read can show it,
and which wish a removal serves.

Suspending turns auto-renew off and drops scheduled changes, of the add-ons too that go with their base (API facts, 5.6
and 10), so that the whole instruction is kept, to be sent again; a returned reservation is gone together with its
quote. Only these few business fields are kept, and no texts but the service's own words for a scheduled change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from pcreconcile.applying.texts import clean
from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import Action, ActionKind, Observed
from pcreconcile.model.plan_sources import manifest_digest, wish_digest

KEPT = (
    "autoRenewEnabled",
    "scheduledActions",
    "scheduledInstructions",
    "scheduledNextTerm",
    "nextTermInstructions",
    "scheduledChanges",
    "quantity",
)

_IN_FULL = ("scheduledInstructions", "nextTermInstructions")


def lost_with(action: Action, observed: Observed) -> dict[str, Any]:
    """Members for the body of the intent: `keeps` of a suspension, `counts` of a returned reservation.

    `keeps` has the renewal settings of each active subscription that will be suspended, by its ID; `counts` is the
    refund that counts against the customer's allowance, null when nobody quoted it.
    """
    if action.kind is ActionKind.SUSPEND_SUBSCRIPTION:
        return {"keeps": {row["id"]: _settings(row) for row in _suspended_by(action, observed)}}
    if action.kind is ActionKind.RETURN_RESERVATION:
        return {"counts": msgspec.to_builtins(action.money.refund)}
    return {}


def wish_of(action: Action, desired: DesiredCustomer) -> dict[str, Any]:
    """Members for the body of a removal's intent: which wish it serves, so that it is not served twice by mistake.

    Digests alone: a reason is a person's text, which stays in the plan document.
    """
    if action.kind is not ActionKind.REMOVE_RELATIONSHIP:
        return {}
    return {"wish": wish_digest(desired.reason, desired.ticket), "manifest": manifest_digest(desired)}


def _settings(row: Fields) -> Fields:
    """Texts that must not be kept are masked; an instruction that would be masked is left out, and not kept in part."""
    settings = {name: row.get(name) for name in KEPT}
    if any(_clean(settings[name]) != settings[name] for name in _IN_FULL):
        settings = {name: value for name, value in settings.items() if name not in _IN_FULL}
    return settings | {"scheduledChanges": [clean(str(each)) for each in row.get("scheduledChanges") or ()]}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _clean(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_clean(member) for member in value]
    return clean(value) if isinstance(value, str) else value


def _suspended_by(action: Action, observed: Observed) -> Iterable[Fields]:
    """The target and the active add-ons below it, however deep."""
    rows = [item for item in observed.items if item.get("type") == "subscription" and item.get("status") == "active"]
    below = {action.target.id.lower()}
    while more := {_id(row) for row in rows if str(row.get("parentSubscriptionId")).lower() in below} - below:
        below |= more
    return (row for row in rows if _id(row) in below)


def _id(row: Fields) -> str:
    return str(row["id"]).lower()
