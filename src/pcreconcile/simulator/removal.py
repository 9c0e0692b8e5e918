"""What stops the removal of a reseller relationship.

Neither status nor code is documented, and one message alone (C3): 400/3000 with a description. Policy: what is known
not to be active any more does not block (C5); a status that nobody knows does.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from .kinds import WINDOW_DAYS, Kind
from .lifecycle import instant_of
from .messages import Json
from .transfers import is_open

__all__ = ["first_blocker"]

_CANNOT = "Customer relationship cannot be removed due to"
_GONE = ("deleted", "expired", "disabled", "none")
_HARMLESS = {Kind.LEGACY_LICENSE: (*_GONE, "suspended"), Kind.AZURE_LEGACY: (*_GONE, "suspended")}


def first_blocker(customer: Json, now: datetime) -> str | None:
    """The service's message for the first thing that blocks, None when nothing does."""
    orders = sorted(set(_azure_orders(customer)))
    if orders:
        return f"{_CANNOT} active Azure reserved instances. Please cancel the following orders: {', '.join(orders)}"
    return next(_others(customer, now), None)


def _azure_orders(customer: Json) -> Iterator[str]:
    """What the service calls reserved instances, by alternate ID; a plan not suspended is one too (section 4.3)."""
    for item in customer["subscriptions"]:
        if item["kind"] == Kind.AZURE_PLAN and item["wire"].get("status") not in (*_GONE, "suspended"):
            yield _alternate_id(customer, item["wire"].get("orderId"))
    for entitlement in customer["entitlements"]:
        live = not entitlement.get("expired") and entitlement["wire"].get("quantity") != 0
        if entitlement["kind"] == Kind.RESERVATION and live:
            yield _alternate_id(customer, entitlement["wire"]["referenceOrder"]["id"])


def _alternate_id(customer: Json, order_id: object) -> str:
    return next((o["wire"]["alternateId"] for o in customer["orders"] if o["wire"]["id"] == order_id), str(order_id))


def _others(customer: Json, now: datetime) -> Iterator[str]:
    for item in customer["subscriptions"]:
        status = item["wire"].get("status")
        if item["kind"] != Kind.AZURE_PLAN and status not in _HARMLESS.get(Kind(item["kind"]), _GONE):
            yield f"{_CANNOT} subscription {item['wire']['id']} in status {status}."
    for entitlement in customer["entitlements"]:
        if entitlement["kind"] == Kind.PERPETUAL_SOFTWARE and _is_returnable(customer, entitlement, now):
            order = entitlement["wire"]["referenceOrder"]["id"]
            yield f"{_CANNOT} active software purchases. Please cancel the following orders: {order}"
    for transfer in customer["transfers"]:
        if is_open(transfer, now):
            yield f"{_CANNOT} the open transfer {transfer['wire']['id']}."


def _is_returnable(customer: Json, entitlement: Json, now: datetime) -> bool:
    """Perpetual software that was not cancelled and still could be; afterwards the customer owns it."""
    reference = entitlement["wire"]["referenceOrder"]
    order = next((each["wire"] for each in customer["orders"] if each["wire"]["id"] == reference["id"]), None)
    created = instant_of(order.get("creationDate")) if order else None
    if entitlement["wire"].get("quantity") == 0:
        return False
    return created is None or now <= created + timedelta(days=WINDOW_DAYS[Kind.PERPETUAL_SOFTWARE])
