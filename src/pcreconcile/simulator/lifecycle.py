"""What time does to a customer: renewals, Extended Service Terms, expiry (API facts, sections 5.2, 5.5 and 10).

Everything is a function of the customer's document and the instant, so it is applied when the customer is next looked
at, however many terms have passed since.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from .asynchrony import in_progress, settle
from .billing import ended_at, follow
from .clock import add_term, day_after, is_term, parse_instant, wire_day, wire_time
from .kinds import LEGACY, Kind, window_days
from .messages import Json

__all__ = ["EXTENDED_AVAILABILITY", "bring_up_to", "full_refund", "instant_of", "term_end"]

DISABLED_AFTER = timedelta(days=30)
DELETED_AFTER = timedelta(days=120)
"""From the end of the term: 30 days expired, then 90 days disabled, then deleted (section 5.2)."""

EXTENDED_AVAILABILITY = "CFQ7TTC0EST1"
"""Extended Service Terms are separate items of the catalogue (section 10); this is the one of every product here."""

NEVER_ENDS = 9000
"""Non-expiring rows are dated into the year 9999."""


Bases = dict[str, Json]
"""A customer's subscriptions by ID. Bases stand before their add-ons, so they are brought up to now before them."""


def instant_of(value: Any) -> datetime | None:
    """A wire date; None for anything that is not one, because an estate may hold odd shapes."""
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def bring_up_to(customer: Json, now: datetime) -> None:
    """Let pass what has passed for this customer."""
    bases: Bases = {str(item["wire"].get("id")).lower(): item for item in customer["subscriptions"]}
    for item in customer["subscriptions"]:
        step = _STEPS.get(Kind(item["kind"]))
        if step is None:
            continue
        if in_progress(item) and step(deepcopy(item), now, bases) is not None:
            settle(item)  # what was asked for before a term ended decides how it ends
        while (at := step(item, now, bases)) is not None:
            follow(item, at)
    for entitlement in customer["entitlements"]:
        _expire_reservation(entitlement, now)
    for relationship in customer["gdap"]:
        _expire_delegated_admin(relationship["wire"], now)


def term_end(item: Json) -> datetime | None:
    """The instant from which the term is over: new-commerce end dates are inclusive, legacy ones exclusive.

    None for what never ends, and for what has a term that this service does not know.
    """
    end = instant_of(item["wire"].get("commitmentEndDate"))
    if end is None or end.year >= NEVER_ENDS or not is_term(item["wire"].get("termDuration")):
        return None
    return end if Kind(item["kind"]) in LEGACY else day_after(end)


def _modern_step(item: Json, now: datetime, bases: Bases) -> datetime | None:
    """One change of state whose time has come, and when that was; None when there is none."""
    end, wire = term_end(item), item["wire"]
    at = _run_schedule(item, now, end)
    if at is not None:
        return at
    if end is None or now < end:
        return None
    if wire.get("status") in ("active", "suspended"):
        if _base_has_ended(item, end, bases):
            _expire(wire)
        else:
            _end_of_term(item, end)
        return end
    for status, after, then in (("expired", DISABLED_AFTER, "disabled"), ("disabled", DELETED_AFTER, "deleted")):
        if wire.get("status") == status and now >= end + after:
            wire["status"] = then
            return end + after
    return None


def _base_has_ended(item: Json, end: datetime, bases: Bases) -> bool:
    """Whether an add-on stands alone at the end of its term: it renews with its base or not at all.

    The facts do not say what becomes of such an add-on; that it ends is a choice.
    """
    base = bases.get(str(item["wire"].get("parentSubscriptionId")).lower())
    ended = None if base is None else ended_at(base)
    return ended is not None and ended <= end


def _end_of_term(item: Json, end: datetime) -> None:
    wire = item["wire"]
    if wire["status"] == "suspended":
        _expire(wire)
    elif wire.get("autoRenewEnabled"):
        _renew(item, end, _next_term(wire))
    elif item["kind"] == Kind.NEW_COMMERCE_LICENSE and not wire.get("isTrial") and not ends_by_instruction(wire):
        _extend(item, end)
    else:
        _expire(wire)


def ends_by_instruction(wire: Json) -> bool:
    """Whether an instruction says that the subscription stops at the end of its term (section 10)."""
    wanted = ("TermEnd", "Cancel")
    return any((action.get("scheduleType"), action.get("actionType")) == wanted for action in _scheduled(wire))


def _expire(wire: Json) -> None:
    wire |= {"status": "expired", "autoRenewEnabled": False, "cancellationAllowedUntilDate": None}
    if "refundOptions" in wire:
        wire["refundOptions"] = []


def _run_schedule(item: Json, now: datetime, end: datetime | None) -> datetime | None:
    """Execute the earliest scheduled change whose own date has come, and say when that was (section 10)."""
    wire = item["wire"]
    began = instant_of(wire.get("effectiveStartDate"))
    dated = sorted(_dated_actions(wire), key=lambda each: each[0])
    if wire.get("status") != "active" or began is None or end is None or not dated:
        return None
    at, action = dated[0]
    if now < at or end <= at:
        return None
    wire["scheduledActions"].remove(action)
    _SCHEDULED[action["actionType"]](item, max(at, began), _mapping(action.get("instructions")))
    return max(at, began)


def _dated_actions(wire: Json) -> Iterator[tuple[datetime, Json]]:
    for action in _scheduled(wire):
        at = instant_of(action.get("effectiveDate")) if action.get("scheduleType") == "CustomDate" else None
        if at is not None and action.get("actionType") in _SCHEDULED:
            yield at, action


def _scheduled(wire: Json) -> list[Json]:
    """The instructions that have the shape of one; an estate may hold others."""
    actions = wire.get("scheduledActions")
    return [each for each in actions if isinstance(each, dict)] if isinstance(actions, list) else []


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _cancel(item: Json, _at: datetime, _told: Json) -> None:
    item["wire"] |= {"status": "deleted", "autoRenewEnabled": False, "scheduledActions": []}
    item["wire"]["cancellationAllowedUntilDate"] = None


def _change_product(item: Json, at: datetime, told: Json) -> None:
    """Another product in the same subscription; a new term begins when the instruction names one."""
    wire, product = item["wire"], _mapping(told.get("product"))
    parts = [product.get(name) for name in ("productId", "skuId", "availabilityId")]
    if all(parts):
        wire["offerId"] = ":".join(map(str, parts))
    if product.get("termDuration"):
        _renew(item, at, told)


def _renew(item: Json, start: datetime, told: Json) -> None:
    """A new term, as the instructions for it say, with a new window (5.5: the window reopens on renewal)."""
    wire = item["wire"]
    term = _mapping(told.get("product")).get("termDuration")
    wire["termDuration"] = term if is_term(term) else wire["termDuration"]
    wire["quantity"] = told.get("quantity") or wire["quantity"]
    wire["isTrial"] = False  # a trial that renews has become a paid subscription
    days = window_days(Kind(item["kind"]), str(wire.get("publisherName")), str(wire.get("friendlyName")))
    _new_term(wire, start, start + timedelta(days=days or 7))


def _next_term(wire: Json) -> Json:
    for action in _scheduled(wire):
        if action.get("actionType") == "RenewToNewTerm" and action.get("scheduleType") != "CustomDate":
            return _mapping(action.get("instructions"))
    return _mapping(wire.get("scheduledNextTermInstructions"))


def _extend(item: Json, start: datetime) -> None:
    """The paid month-to-month Extended Service Term: its own availability, cancellable at any time (section 10)."""
    wire = item["wire"]
    product, _, _ = str(wire["offerId"]).rpartition(":")
    wire |= {
        "offerId": f"{product}:{EXTENDED_AVAILABILITY}",
        "termDuration": "P1M",
        "billingCycle": "monthly",
        "scheduledActions": [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}],
    }
    _new_term(wire, start, None)
    wire["cancellationAllowedUntilDate"] = wire["commitmentEndDate"]


def _new_term(wire: Json, start: datetime, window_until: datetime | None) -> None:
    end = add_term(start, wire["termDuration"]) - timedelta(days=1)
    wire["effectiveStartDate"] = wire_time(start)
    wire["commitmentEndDate"] = wire_day(end)
    wire["cancellationAllowedUntilDate"] = wire_time(window_until) if window_until else None
    if "refundOptions" in wire:
        wire["refundOptions"] = [full_refund(window_until)] if window_until else []


def full_refund(until: datetime) -> Json:
    """The entry of refundOptions that a window comes with (section 5.5)."""
    return {"type": "Full", "expiresAt": wire_time(until)}


_SCHEDULED: dict[str, Callable[[Json, datetime, Json], None]] = {
    "Cancel": _cancel,
    "RenewToNewTerm": _renew,
    "RenewToExtendedServiceTerm": lambda item, at, _told: _extend(item, at),
    "Transition": _change_product,
}
"""What a change with a date of its own does. The facts name the actions and not their effect: this is a choice."""


def _legacy_step(item: Json, now: datetime, _bases: Bases) -> datetime | None:
    """A legacy licence renews, or expires when it does not; a suspended one stays as it is."""
    end, wire = term_end(item), item["wire"]
    if end is None or now < end or wire.get("status") != "active":
        return None
    if wire.get("autoRenewEnabled"):
        wire["effectiveStartDate"] = wire_time(end)
        wire["commitmentEndDate"] = wire_time(add_term(end, wire["termDuration"]))
    else:
        wire["status"] = "expired"
    return end


def _savings_plan_step(item: Json, now: datetime, _bases: Bases) -> datetime | None:
    """A savings plan buys itself anew where it is told to, and is over otherwise."""
    end, wire = term_end(item), item["wire"]
    if end is None or now < end or wire.get("status") != "active":
        return None
    if wire.get("autoRenewEnabled"):
        _new_term(wire, end, None)
    else:
        wire["status"] = "expired"
    return end


_STEPS: dict[Kind, Callable[[Json, datetime, Bases], datetime | None]] = {
    Kind.NEW_COMMERCE_LICENSE: _modern_step,
    Kind.SOFTWARE_SUBSCRIPTION: _modern_step,
    Kind.MARKETPLACE_SAAS: _modern_step,
    Kind.SAVINGS_PLAN: _savings_plan_step,
    Kind.LEGACY_LICENSE: _legacy_step,
}


def _expire_reservation(entitlement: Json, now: datetime) -> None:
    expires = instant_of(entitlement.get("expires"))
    if entitlement["kind"] != Kind.RESERVATION or entitlement.get("expired") or expires is None:
        return
    if now >= expires:
        entitlement["expired"] = True
        follow(entitlement, expires)


def _expire_delegated_admin(wire: Json, now: datetime) -> None:
    end = instant_of(wire.get("endDateTime"))
    if wire.get("status") in ("active", "expiring") and end is not None and now >= end:
        wire["status"] = "expired"
