"""What the body of a PATCH of a subscription asks for, checked for shape.

Members that belong to the service (dates, names of products, links) are ignored when they are sent back.
"""

from dataclasses import dataclass
from typing import Any

from .clock import is_term, parse_instant
from .kinds import Kind
from .messages import Json, Refusal, member, refusal

__all__ = ["LARGEST_QUANTITY", "Wish", "read_wish", "renewal_settings", "without_schedules"]

LARGEST_QUANTITY = 300_000
SCHEDULE_TYPES = ("TermEnd", "CustomDate")
ACTION_TYPES = ("Cancel", "RenewToNewTerm", "RenewToExtendedServiceTerm", "Transition")
_PRODUCT = ("productId", "skuId", "availabilityId", "billingCycle", "termDuration", "promotionId")


@dataclass(frozen=True, slots=True)
class Wish:
    """`status` as asked for, `edits` of other members; None where the body says nothing."""

    status: str
    edits: Json
    auto_renew: bool | None
    scheduled_actions: list[Json] | None
    next_term: Json | None


def read_wish(body: Any, item: Json) -> Wish:
    """The wish of a request body. Raises 400/800002 when a member has the wrong shape."""
    wire = item["wire"]
    if not isinstance(body, dict):
        raise _invalid("The request body must be a subscription.")
    if str(member(body, "id") or wire["id"]).lower() != str(wire["id"]).lower():
        raise _invalid("The subscription ID of the body is not that of the path.")
    scheduled = member(body, "scheduledActions")
    next_term = member(body, "scheduledNextTermInstructions")
    wish = Wish(
        status=_status(member(body, "status"), str(wire.get("status"))),
        edits=_edits(body),
        auto_renew=_flag(member(body, "autoRenewEnabled"), "autoRenewEnabled"),
        scheduled_actions=None if scheduled is None else _scheduled_actions(scheduled),
        next_term=None if next_term is None else _instructions(next_term, "scheduledNextTermInstructions"),
    )
    _check_consistent(wish, item)
    return wish


def _invalid(text: str) -> Refusal:
    return refusal(400, 800002, text)


def _status(value: Any, current: str) -> str:
    if value is None:
        return current
    if not isinstance(value, str):
        raise _invalid("Invalid input: status.")
    return current if value.lower() == current.lower() else value.lower()


def _flag(value: Any, name: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise _invalid(f"Invalid input: {name}.")
    return value


def _edits(body: Json) -> Json:
    edits: Json = {}
    quantity, name = member(body, "quantity"), member(body, "friendlyName")
    if quantity is not None:
        if isinstance(quantity, bool) or not isinstance(quantity, int):
            raise _invalid("Invalid input: quantity.")
        edits["quantity"] = quantity
    if name is not None:
        if not isinstance(name, str):
            raise _invalid("Invalid input: friendlyName.")
        edits["friendlyName"] = name
    return edits


def _scheduled_actions(value: Any) -> list[Json]:
    if not isinstance(value, list):
        raise _invalid("Invalid input: scheduledActions.")
    return [_scheduled_action(each) for each in value]


def _scheduled_action(value: Any) -> Json:
    """One instruction in the shape of section 10, whatever the case of its names and of its enum values."""
    action: Json = {
        "scheduleType": _enum(member(value, "scheduleType"), SCHEDULE_TYPES, "scheduleType"),
        "actionType": _enum(member(value, "actionType"), ACTION_TYPES, "actionType"),
    }
    effective = member(value, "effectiveDate")
    if effective is not None:
        action["effectiveDate"] = _date(effective)
    elif action["scheduleType"] == "CustomDate":
        raise _invalid("Invalid input: scheduledActions.effectiveDate.")
    instructions = member(value, "instructions")
    if instructions is not None:
        action["instructions"] = _instructions(instructions, "scheduledActions.instructions")
    return action


def _enum(value: Any, allowed: tuple[str, ...], name: str) -> str:
    found = next((each for each in allowed if isinstance(value, str) and each.lower() == value.lower()), None)
    if found is None:
        raise _invalid(f"Invalid input: scheduledActions.{name}.")
    return found


def _date(value: Any) -> str:
    try:
        parse_instant(value if isinstance(value, str) else "")
    except ValueError as error:
        raise _invalid("Invalid input: scheduledActions.effectiveDate.") from error
    return str(value)


def _instructions(value: Any, name: str) -> Json:
    """Product and quantity of the next term."""
    product, quantity = member(value, "product"), member(value, "quantity")
    if not isinstance(value, dict) or not (product is None or isinstance(product, dict)):
        raise _invalid(f"Invalid input: {name}.")
    if quantity is not None and (type(quantity) is not int or not 1 <= quantity <= LARGEST_QUANTITY):
        raise _invalid(f"Invalid input: {name}.quantity.")
    kept = {key: member(product, key) for key in _PRODUCT if member(product, key) is not None}
    if kept.get("termDuration") is not None and not is_term(kept["termDuration"]):
        raise _invalid(f"Invalid input: {name}.product.termDuration.")
    instructions: Json = {"product": kept} if kept else {}
    end = member(value, "customTermEndDate")
    if end is not None:
        instructions["customTermEndDate"] = _date(end)
    return instructions | ({"quantity": quantity} if quantity is not None else {})


def _check_consistent(wish: Wish, item: Json) -> None:
    """Instructions are for licences; to cancel or to extend at term end goes with auto-renew off (section 10)."""
    for action in wish.scheduled_actions or ():
        if item["kind"] != Kind.NEW_COMMERCE_LICENSE:
            raise _invalid("scheduledActions are supported for new-commerce licences only.")
        ending = action["scheduleType"] == "TermEnd" and action["actionType"] != "RenewToNewTerm"
        if ending and action["actionType"] != "Transition" and wish.auto_renew:
            raise _invalid(f"The scheduled action {action['actionType']} needs autoRenewEnabled to be false.")


def renewal_settings(wish: Wish, item: Json, *, reset: bool) -> Json:
    """The renewal settings after a PATCH; what the body leaves out is reset unless that trap is switched off.

    When both forms of instructions are sent, only `scheduledActions` is honoured (section 10).
    """
    wire = item["wire"]
    settings: Json = {}
    if wish.auto_renew is not None or reset:
        settings["autoRenewEnabled"] = bool(wish.auto_renew)
    if item["kind"] == Kind.NEW_COMMERCE_LICENSE and (wish.scheduled_actions is not None or "scheduledActions" in wire):
        kept = [] if reset else wire.get("scheduledActions", [])
        settings["scheduledActions"] = kept if wish.scheduled_actions is None else wish.scheduled_actions
    if wish.scheduled_actions is not None:
        return settings | ({"scheduledNextTermInstructions": None} if "scheduledNextTermInstructions" in wire else {})
    if wish.next_term is not None or (reset and "scheduledNextTermInstructions" in wire):
        settings["scheduledNextTermInstructions"] = wish.next_term
    return settings


def without_schedules(settings: Json) -> Json:
    """What is left of new renewal settings where schedules need auto-renew: the end of the term alone (5.7)."""
    actions = settings.get("scheduledActions")
    if actions is None:
        return {}
    return {"scheduledActions": [each for each in actions if each["scheduleType"] == "TermEnd"]}
