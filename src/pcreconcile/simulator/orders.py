"""Orders: list, get, and the PATCH that cancels software (API facts, section 6)."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from . import audit
from .customers import commerce_customer
from .kinds import LEGACY, WINDOW_DAYS, Kind
from .lifecycle import instant_of
from .messages import Call, Json, Reply, collection, link, member, refusal
from .software import cancel_line
from .transfers import check_free
from .transitions import passed_window, window_is_open
from .webhooks import notify_subscription

__all__ = ["get_order", "get_order_provisioning_status", "list_orders", "patch_order"]

LAG = timedelta(minutes=15)
"""How long a new order may take to show (section 6.1)."""


def _find(call: Call, customer: Json) -> Json:
    """The order of a path; order IDs are case-sensitive, unless they are GUIDs. Raises 404/20000."""
    wanted = call.params["order"]
    orders: list[Json] = customer["orders"]
    for order in orders:
        known = order["wire"]["id"]
        if known == wanted or (_is_legacy(order) and known.lower() == wanted.lower()):
            if not _is_visible(call, order):
                break
            return order
    raise refusal(404, 20000, f"The order {wanted} was not found.")


def _is_visible(call: Call, order: Json) -> bool:
    """Whether a read sees an order: a new one hides from the first few, as long as it is new."""
    created = instant_of(order["wire"].get("creationDate"))
    seen = order.get("reads", 0)
    if created is None or call.now >= created + LAG or seen >= call.world.options["orderLagReads"]:
        return True
    order["reads"] = seen + 1
    return False


def _is_legacy(order: Json) -> bool:
    return any(Kind(kind) in LEGACY for kind in order["kinds"])


def _shown(call: Call, customer: Json, order: Json) -> Json:
    """An order as a read shows it: with prices where the request asks for them (`include_price`)."""
    shown = _render(customer, order)
    if call.query.get("include_price", "").lower() == "true":
        prices = order.get("prices") or [None] * len(shown["lineItems"])
        shown["lineItems"] = [_priced(line, price) for line, price in zip(shown["lineItems"], prices, strict=False)]
    return shown


def _priced(line: Json, price: str | None) -> Json:
    """A line with its `pricing`, all of one unit but the last; without it where the estate names no price."""
    if price is None:
        return line
    unit = dict.fromkeys(("listPrice", "discountedPrice", "proratedPrice", "price"), float(price))
    return line | {"pricing": unit | {"extendedPrice": float(Decimal(price) * line["quantity"])}}


def _render(customer: Json, order: Json) -> Json:
    wire = order["wire"]
    base = f"/customers/{customer['id']}/orders/{wire['id']}"
    links = {"self": link(base), "provisioningStatus": link(f"{base}/provisioningstatus")}
    shown: Json = {"links": links | {"patchOperation": link(base, "PATCH")}, "attributes": {"objectType": "Order"}}
    shown.update(wire)
    return shown


def list_orders(call: Call) -> Reply:
    """`GET /orders[?billingType=onetime][&include_price=true]`; never paged."""
    customer = commerce_customer(call)
    orders = [_shown(call, customer, order) for order in customer["orders"] if _is_visible(call, order)]
    wanted = call.query.get("billingtype", "").replace("_", "").lower()
    if wanted:
        orders = [each for each in orders if str(each.get("billingCycle")).replace("_", "") == wanted]
    return collection(orders)


def get_order(call: Call) -> Reply:
    """`GET /orders/{id}[?include_price=true]`."""
    customer = commerce_customer(call)
    return Reply(200, _shown(call, customer, _find(call, customer)))


def get_order_provisioning_status(call: Call) -> Reply:
    """`GET /orders/{id}/provisioningstatus`: a line that was cancelled is Unfulfilled (section 6.4)."""
    order = _find(call, commerce_customer(call))
    return collection([_provisioning(line) for line in order["wire"]["lineItems"]])


def _provisioning(line: Json) -> Json:
    status = "Fulfilled" if line["quantity"] else "Unfulfilled"
    quantities = [{"quantity": line["quantity"], "status": status}]
    number = line["lineItemNumber"]
    return {"lineItemNumber": number, "status": status, "quantityProvisioningInformation": quantities}


def patch_order(call: Call) -> Reply:
    """`PATCH /orders/{id}` with status cancelled: the whole order, or the lines that the body names."""
    customer = commerce_customer(call)
    order = _find(call, customer)
    _check_body(call, order)
    check_free(customer, str(order["wire"]["id"]), call.now)
    lines = _chosen(call, order)
    if order["wire"]["status"] == "cancelled" or any(line["quantity"] == 0 for line in lines):
        raise refusal(400, 800061, "The order cannot be canceled.")
    for line in lines:
        _check_cancellable(call, customer, order, line)
    old = _render(customer, order)
    ended = [each for line in lines if (each := _cancel(customer, order, line)) is not None]
    record = audit.record(call, customer, "update_order", "order", old, _render(customer, order))
    for subscription in ended:
        notify_subscription(call, customer, subscription, record)
    return Reply(200, _render(customer, order))


def _check_body(call: Call, order: Json) -> None:
    if member(call.body, "id") not in (None, order["wire"]["id"]):
        raise refusal(400, 800002, "The order ID of the body is not that of the path.")
    if str(member(call.body, "status")).lower() != "cancelled":
        raise refusal(400, 800002, "Invalid input: status.")


def _chosen(call: Call, order: Json) -> list[Json]:
    """The lines to cancel. Raises 400/800002 when a line is not of this order."""
    lines: list[Json] = order["wire"]["lineItems"]
    named = member(call.body, "lineItems")
    if named is None or named == []:
        return lines
    by_number = {line["lineItemNumber"]: line for line in lines}
    chosen: dict[int, Json] = {}
    for each in named if isinstance(named, list) else [None]:
        number: Any = member(each, "lineItemNumber")
        line = by_number.get(number) if type(number) is int else None
        if line is None or member(each, "offerId") not in (None, line["offerId"]):
            raise refusal(400, 800002, "Invalid input: lineItems.")
        chosen[number] = line
    return list(chosen.values())


def _check_cancellable(call: Call, customer: Json, order: Json, line: Json) -> None:
    """Outside the sandbox software alone is cancelled by its order (the table of section 0, codes of section 6.3)."""
    kind = Kind(order["kinds"][line["lineItemNumber"]])
    if kind in LEGACY:
        text = f"Order {order['wire']['id']} cannot be cancelled. "
        raise refusal(400, 800063, f"{text}Use PATCH /customers/{customer['id']}/subscriptions/<id> to suspend.")
    if kind == Kind.MARKETPLACE_SAAS:
        raise refusal(403, 800077, "Seat-based SaaS is not supported via patch order; use patch subscription.")
    if kind == Kind.RESERVATION and call.world.options["sandbox"]:
        return
    if kind not in (Kind.PERPETUAL_SOFTWARE, Kind.SOFTWARE_SUBSCRIPTION):
        text = "Non-sandbox tenants are not allowed to cancel purchases other than software subscriptions"
        raise refusal(403, 800019, f"{text} and perpetual software.")
    if not _in_window(customer, order["wire"], line, kind, call.now):
        raise passed_window(WINDOW_DAYS[kind])


def _in_window(customer: Json, order: Json, line: Json, kind: Kind, now: datetime) -> bool:
    """Perpetual software counts from the order's creation, a software subscription has its own date."""
    if kind == Kind.PERPETUAL_SOFTWARE:
        created = instant_of(order.get("creationDate"))
        return created is not None and now <= created + timedelta(days=WINDOW_DAYS[kind])
    subscription = _subscription_of(customer, line)
    return subscription is not None and subscription.get("status") == "active" and window_is_open(subscription, now)


def _subscription_of(customer: Json, line: Json) -> Json | None:
    wires = (item["wire"] for item in customer["subscriptions"])
    return next((wire for wire in wires if wire["id"] == line.get("subscriptionId")), None)


def _cancel(customer: Json, order: Json, line: Json) -> Json | None:
    """Empty a line; the subscription that ended with it."""
    cancel_line(customer, order["wire"], line)
    subscription = _subscription_of(customer, line)
    if subscription is not None:
        subscription |= {"status": "deleted", "autoRenewEnabled": False}
    return subscription
