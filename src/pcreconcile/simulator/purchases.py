"""Orders and entitlements of an estate's items (API facts, sections 6.2 and 6.5)."""

import hashlib
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from .billing import opened
from .clock import day_after, wire_day, wire_time
from .identifiers import etag, stable_id
from .items import Item
from .kinds import Kind
from .messages import Json

__all__ = ["add_line", "alternate_id", "entitlement"]

_CENT = Decimal("0.01")
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_CYCLES = {Kind.SOFTWARE_SUBSCRIPTION: "one_time", Kind.MARKETPLACE_SAAS: "monthly"}


def alternate_id(order: str) -> str:
    """The twelve hex digits by which the removal error names an order."""
    return hashlib.sha256(order.encode()).hexdigest()[:12]


def add_line(orders: list[Json], item: Item) -> int:
    """Add an item to its order, which is created when it is the first one; its line number."""
    order = next((each for each in orders if each["wire"]["id"] == item.order_id), None)
    if order is None:
        order = {"wire": _order_wire(item), "kinds": [], "prices": []}
        orders.append(order)
    lines: list[Json] = order["wire"]["lineItems"]
    lines.append(_line(item, len(lines)))
    order["kinds"].append(item.kind.value)
    order["prices"].append(_unit_price(item))
    order["wire"].update(item.fields.mapping("orderWire"))
    return len(lines) - 1


def _order_wire(item: Item) -> Json:
    currency = item.fields.text("currency", "USD")
    wire: Json = {
        "id": item.order_id,
        "alternateId": alternate_id(item.order_id),
        "referenceCustomerId": item.source.tenant,
        "billingCycle": _CYCLES.get(item.kind, item.defaults.cycle),
        "currencyCode": currency,
        "currencySymbol": _SYMBOLS.get(currency, currency),
        "lineItems": [],
        "creationDate": _creation(item),
        "status": "completed",
        "transactionType": "UserPurchase",
    }
    if item.legacy:
        # Legacy orders print a local offset and carry an etag, but no currency (sections 2 and 14.6).
        if not item.fields.has("currency"):
            del wire["currencyCode"], wire["currencySymbol"]
        wire["attributes"] = {"etag": etag(item.order_id, 1), "objectType": "Order"}
    return wire


def _creation(item: Item) -> str:
    if not item.legacy:
        return wire_time(item.bought)
    pacific = item.bought.astimezone(timezone(timedelta(hours=-8)))
    return pacific.isoformat(timespec="milliseconds")


def _line(item: Item, number: int) -> Json:
    cancelled = item.fields.get("status") == "deleted" and not item.legacy
    line: Json = {
        "lineItemNumber": number,
        "offerId": item.offer,
        "termDuration": item.term,
        "transactionType": "New",
        "friendlyName": item.name,
        "quantity": 0 if cancelled else item.quantity,
        "partnerIdOnRecord": item.fields.text("partnerId", ""),
    }
    if item.has_subscription:
        line["subscriptionId"] = item.id
    if item.source.parent:
        line["parentSubscriptionId"] = item.source.parent.id
    return line


def entitlement(item: Item, line: int) -> Json | None:
    """The entitlement of software or of a reservation, None for everything else."""
    if item.kind not in (Kind.SOFTWARE_SUBSCRIPTION, Kind.PERPETUAL_SOFTWARE, Kind.RESERVATION):
        return None
    reserved = item.kind == Kind.RESERVATION
    product, sku, _ = [*item.offer.split(":"), "", ""][:3]
    quantity = 0 if item.fields.get("status") == "deleted" else item.quantity
    state = "Fulfilled" if quantity else "Unfulfilled"
    reference: Json = {"id": item.order_id, "lineItemId": str(line), "alternateId": alternate_id(item.order_id)}
    wire: Json = {
        "includedEntitlements": [],
        "referenceOrder": reference,
        "productId": product,
        "skuId": sku,
        "quantity": quantity,
        "quantityDetails": [{"quantity": item.quantity, "status": state}],
        "entitledArtifacts": [_artifact_reference(item)] if reserved else [],
        "entitlementType": "reservedinstance" if reserved else "software",
        "fulfillmentState": state,
    }
    own = item.fields.mapping("wire") if not item.has_subscription else {}
    expires = _expires(item)
    kept: Json = {"kind": item.kind.value, "wire": wire | own, "expires": wire_day(expires) if expires else None}
    if reserved:
        kept["reservation"] = _reservation(item)
        kept["book"] = opened(kept, item.bought, None)
    return kept


def _expires(item: Item) -> datetime | None:
    if item.ends is None or item.kind == Kind.RESERVATION:
        return item.ends
    return day_after(item.ends)


def _artifact_reference(item: Item) -> Json:
    resource = stable_id(item.id, "reservation-order")
    groups = hashlib.sha256(item.id.encode()).hexdigest()[:32]
    path = f"groups/{groups}/lineitems/{stable_id(item.id, 'line')}/resource/{resource}"
    uri = f"/customers/{item.source.tenant}/artifacts/reservedinstance/{path}"
    return {
        "link": {"uri": uri, "method": "GET", "headers": []},
        "resourceId": resource,
        "artifactType": "reservedinstance",
        "dynamicAttributes": {"reservationType": "virtualmachines"},
    }


def _reservation(item: Item) -> Json:
    return {
        "orderId": stable_id(item.id, "reservation-order"),
        "id": stable_id(item.id, "reservation"),
        "name": item.name,
        "starts": wire_time(item.starts),
        "price": str(_price(item)),
        "refundable": item.fields.flag("refundable", default=True),
    }


def _unit_price(item: Item) -> str | None:
    """What one unit costs per charge; an estate writes the price of a whole reservation, however many it holds."""
    if not item.fields.has("price"):
        return None
    whole = _price(item)
    return str((whole / max(item.quantity, 1)).quantize(_CENT) if item.kind == Kind.RESERVATION else whole)


def _price(item: Item) -> Decimal:
    written: Any = item.fields.get("price") if item.fields.has("price") else "1200.00"
    try:
        price = Decimal(written) if isinstance(written, str) else None
    except InvalidOperation:
        price = None
    if price is None or not price.is_finite() or not 0 <= price < 1_000_000_000:
        raise item.fields.wrong("price", 'a quoted decimal such as "1200.00"')
    return price.quantize(_CENT)
