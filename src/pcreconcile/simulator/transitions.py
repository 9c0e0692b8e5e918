"""Which status of a subscription may follow which, and with what error otherwise (API facts, section 5.2)."""

from datetime import datetime

from . import asynchrony
from .clock import day_after
from .kinds import LEGACY, Kind, window_days
from .lifecycle import instant_of
from .messages import Call, Json, Refusal, refusal
from .wishes import LARGEST_QUANTITY, Wish

__all__ = ["BY_THE_PARTNER", "change_status", "check_changeable", "check_state", "passed_window", "window_is_open"]

BY_THE_PARTNER = "NonPayment"
"""The reason that a partner's own suspension shows where one is shown. The page of suspending names fraud and
non-payment as what it is for; which words the service sets, no source says."""

_KNOWN = ("none", "active", "pending", "suspended", "expired", "disabled", "deleted")
_SUSPENDABLE = (*LEGACY, Kind.NEW_COMMERCE_LICENSE, Kind.AZURE_PLAN)
_CANCELLABLE = (Kind.NEW_COMMERCE_LICENSE, Kind.SOFTWARE_SUBSCRIPTION, Kind.MARKETPLACE_SAAS)


def check_state(item: Json, wish: Wish) -> None:
    """Refuse what the present state does not allow, whatever the new status would be."""
    status = item["wire"].get("status")
    if asynchrony.in_progress(item):
        raise refusal(409, 900278, "There is a pending operation on this subscription. Retry after 24 hours.")
    if status == "deleted":
        raise refusal(400, 2011, "A deleted subscription cannot be updated.")
    if status in ("expired", "disabled"):
        raise refusal(400, 900279, "Updates to this subscription are no longer allowed.")
    if status == "pending":
        raise refusal(400, 800082, "The subscription is not ready yet.")
    if status not in _KNOWN:
        raise refusal(400, 800096, "The status of the subscription cannot be updated.")
    if wish.status not in _KNOWN:
        raise refusal(400, 800002, f"Invalid input: status {wish.status}.")
    _check_edits(item, wish)


def _check_edits(item: Json, wish: Wish) -> None:
    wire, kind = item["wire"], Kind(item["kind"])
    if wire["status"] == "suspended" and wish.status == "suspended" and kind not in (*LEGACY, Kind.AZURE_PLAN):
        raise refusal(400, 800091, "A suspended subscription cannot be updated.")
    quantity = wish.edits.get("quantity", wire.get("quantity"))
    if quantity == wire.get("quantity"):
        return
    if wire["status"] == "suspended":
        raise refusal(400, 2001, "The quantity of a suspended subscription cannot be changed.")
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise refusal(400, 2002, "The quantity is out of range.")


def check_changeable(item: Json) -> None:
    """Refuse every change of a savings plan, auto-renew included: no page names an API for it (C11).

    The code is the one whose text says so; which one the service would give, no source says.
    """
    if Kind(item["kind"]) == Kind.SAVINGS_PLAN:
        raise refusal(400, 2006, "Updates on subscriptions of this offer are not allowed.")


def change_status(call: Call, customer: Json, item: Json, wish: Wish) -> Json:
    """The members that the new status brings with it. Raises the service's refusal."""
    moves = {"suspended": _suspend, "active": _reactivate, "deleted": _cancel}
    move = moves.get(wish.status)
    if move is None:
        raise _cannot(item, wish.status)
    return move(customer, item, call.now)


def _cannot(item: Json, wanted: str) -> Refusal:
    return refusal(400, 800040, f"The status cannot be changed to {wanted} from {item['wire'].get('status')}.")


def _suspend(_customer: Json, item: Json, _now: datetime) -> Json:
    """A suspended new-commerce subscription loses auto-renew and its schedule, and goes on being billed."""
    kind = Kind(item["kind"])
    if kind not in _SUSPENDABLE:
        raise _cannot(item, "suspended")
    if any(each["wire"].get("status") == "active" for each in item.get("azureEntitlements", ())):
        text = "The Azure plan cannot be suspended while it has active Azure subscriptions."
        raise refusal(403, 900115, text)
    return {"status": "suspended"} | (_no_renewal(item) if kind == Kind.NEW_COMMERCE_LICENSE else {})


def _no_renewal(item: Json) -> Json:
    settings: Json = {"autoRenewEnabled": False}
    if "scheduledActions" in item["wire"]:
        settings["scheduledActions"] = []
    if "scheduledNextTermInstructions" in item["wire"]:
        settings["scheduledNextTermInstructions"] = None
    return settings


def _reactivate(customer: Json, item: Json, _now: datetime) -> Json:
    """Only the status comes back: neither auto-renew nor the schedule is restored, whatever the body says."""
    wire = item["wire"]
    if wire["status"] != "suspended":
        raise _cannot(item, "active")
    if any(reason != BY_THE_PARTNER for reason in wire.get("suspensionReasons") or ()):
        # Microsoft suspended it, not the partner.
        raise refusal(400, 800096, "The status of the subscription cannot be updated.")
    parent_id = str(wire.get("parentSubscriptionId")).lower()
    parent = next((each for each in customer["subscriptions"] if str(each["wire"]["id"]).lower() == parent_id), None)
    if parent is not None and parent["wire"].get("status") != "active":
        raise refusal(409, 27009, "A child subscription cannot be enabled when its parent is not active.")
    return {"status": "active"} | ({"suspensionReasons": []} if "suspensionReasons" in wire else {})


def _cancel(_customer: Json, item: Json, now: datetime) -> Json:
    if Kind(item["kind"]) not in _CANCELLABLE:
        raise _cannot(item, "deleted")
    if not window_is_open(item["wire"], now):
        raise passed_window(_days(item))
    return {"status": "deleted"} | _no_renewal(item)


def _days(item: Json) -> int:
    wire = item["wire"]
    return window_days(Kind(item["kind"]), str(wire.get("publisherName")), str(wire.get("friendlyName"))) or 0


def window_is_open(wire: Json, now: datetime) -> bool:
    """Whether the date field still allows a cancellation; null means never (section 5.5).

    Cancellable at any time is told by the date of the term end, which is a day and counts as a whole.
    """
    until, end = instant_of(wire.get("cancellationAllowedUntilDate")), instant_of(wire.get("commitmentEndDate"))
    if until is not None and until == end:
        return now < day_after(until)
    return until is not None and now <= until


def passed_window(days: int) -> Refusal:
    """The error for a cancellation that comes too late."""
    text = f"You have passed your {days}-day cancellation window. We are unable to cancel your purchase."
    return refusal(400, 900117, text)
