"""Azure Resource Manager as far as the return of a reservation needs it (API facts, section 6.6).

`calculateRefund` opens a session and says what would come back; `return` needs that session, is accepted, and settles
after a few reads. Returns draw on an allowance of USD 50,000 per customer and rolling twelve months. When part of a
reservation is returned, it ends and the rest goes on under a new ID.
"""

import re
import uuid
from datetime import timedelta
from decimal import Decimal

from . import asynchrony, audit
from .clock import wire_time
from .entitlements import observe_entitlement, reservation_state
from .lifecycle import instant_of
from .messages import Call, Json, Reply, member, odata_refusal
from .software import reduce_entitlement

__all__ = ["calculate_refund", "get_operation", "list_reservations", "return_reservation"]

ALLOWANCE = Decimal("50000.00")
_CENT = Decimal("0.01")
_RESERVATION = re.compile(
    r"/providers/microsoft\.capacity/reservationorders/([^/]+)/reservations/([^/]+)", re.IGNORECASE
)


def _find(call: Call) -> tuple[Json, Json]:
    """The customer and entitlement of a reservation order. Raises 404, or 403 without the right to manage it."""
    wanted = call.params["order"].lower()
    for tenant in call.world.store.customers_mentioning(wanted):
        customer = call.world.customer(tenant) or {}
        for entitlement in customer.get("entitlements", ()):
            if entitlement.get("reservation", {}).get("orderId") == wanted:
                _check_rights(call, customer)
                return customer, entitlement
    raise odata_refusal(404, "ReservationOrderNotFound", "The reservation order was not found.")


def _check_rights(call: Call, customer: Json) -> None:
    """A delegated token, a standing relationship and the owner's role on the order are all needed."""
    delegated = call.token is not None and call.token.delegated
    if not delegated or not customer["reservationRights"] or customer["relationshipToPartner"] == "none":
        raise odata_refusal(403, "AuthorizationFailed", "The client is not authorized to perform this action.")


def list_reservations(call: Call) -> Reply:
    """`GET …/reservationOrders/{id}/reservations`."""
    _, entitlement = _find(call)
    wire, reservation = observe_entitlement(entitlement), entitlement["reservation"]
    properties = {"quantity": wire["quantity"], "provisioningState": reservation_state(entitlement)}
    properties |= {"displayName": reservation["name"], "expiryDate": entitlement["expires"]}
    past = properties | {"quantity": 0, "provisioningState": "Cancelled"}
    orders = _full_id(entitlement).rpartition("/")[0]
    rows = [{"id": f"{orders}/{each}", "properties": past} for each in reservation.get("past", ())]
    return Reply(200, {"value": [*rows, {"id": _full_id(entitlement), "properties": properties}]})


def _full_id(entitlement: Json) -> str:
    reservation = entitlement["reservation"]
    base = f"/providers/microsoft.capacity/reservationOrders/{reservation['orderId']}"
    return f"{base}/reservations/{reservation['id']}"


def calculate_refund(call: Call) -> Reply:
    """`POST …/calculateRefund`: the refund, the allowance used so far, and what forbids the return."""
    customer, entitlement = _find(call)
    quantity = _quantity(call, entitlement)
    session = str(uuid.uuid4())
    entitlement |= {"session": session, "sessionQuantity": quantity}
    return Reply(200, _refund_body(call, customer, entitlement, session))


def _quantity(call: Call, entitlement: Json) -> int:
    """How many the body returns. Raises when it names no such reservation, or none that can be returned."""
    named = member(member(call.body, "properties"), "reservationToReturn")
    parsed = _RESERVATION.fullmatch(str(member(named, "reservationId")))
    reservation, quantity = entitlement["reservation"], member(named, "quantity")
    if parsed is None or (parsed[1].lower(), parsed[2].lower()) != (reservation["orderId"], reservation["id"]):
        raise odata_refusal(400, "BadRequest", "The reservationToReturn is invalid.")
    if asynchrony.in_progress(entitlement) or reservation_state(entitlement) != "Created":
        raise odata_refusal(400, "InvalidReservationState", "The reservation cannot be returned in its present state.")
    held = entitlement["wire"]["quantity"]
    if type(quantity) is not int or type(held) is not int or not 1 <= quantity <= held:
        raise odata_refusal(400, "InvalidQuantity", "The quantity is not one of the reservation.")
    return quantity


def _refund_body(call: Call, customer: Json, entitlement: Json, session: str) -> Json:
    quantity = entitlement["sessionQuantity"]
    refund = _usd(_refund(call, entitlement, quantity))
    policy = {
        "consumedRefundsTotal": _usd(_consumed(call, customer)),
        "maxRefundLimit": _usd(ALLOWANCE),
        "policyErrors": _policy_errors(call, customer, entitlement, quantity),
    }
    properties = {
        "sessionId": session,
        "quantity": quantity,
        "billingRefundAmount": refund,
        "pricingRefundAmount": refund,
        "policyResult": {"properties": policy},
        "billingInformation": {"billingCurrencyTotalPaidAmount": _usd(Decimal(entitlement["reservation"]["price"]))},
    }
    return {"id": _full_id(entitlement).rpartition("/reservations/")[0], "properties": properties}


def _usd(amount: Decimal) -> Json:
    return {"currencyCode": "USD", "amount": float(amount)}


def _refund(call: Call, entitlement: Json, quantity: int) -> Decimal:
    """The price of so many, prorated by days that are left."""
    starts, expires = instant_of(entitlement["reservation"]["starts"]), instant_of(entitlement["expires"])
    price = _price(entitlement, quantity)
    if starts is None or expires is None or expires <= starts:
        return price.quantize(_CENT)
    share = Decimal((expires - max(call.now, starts)).days) / Decimal(max((expires - starts).days, 1))
    return (price * min(max(share, Decimal(0)), Decimal(1))).quantize(_CENT)


def _price(entitlement: Json, quantity: int) -> Decimal:
    """What was paid for so many of a reservation."""
    whole, held = Decimal(entitlement["reservation"]["price"]), int(entitlement["wire"]["quantity"])
    return whole * quantity / max(held, 1)


def _consumed(call: Call, customer: Json) -> Decimal:
    since = call.now - timedelta(days=365)
    recent = [each for each in customer["refunds"] if (instant_of(each["at"]) or since) > since]
    return sum((Decimal(each["amount"]) for each in recent), Decimal(0))


def _policy_errors(call: Call, customer: Json, entitlement: Json, quantity: int) -> list[Json]:
    if not entitlement["reservation"]["refundable"]:
        return [{"code": "NonRefundableProduct", "message": "This reservation cannot be refunded."}]
    if _consumed(call, customer) + _refund(call, entitlement, quantity) > ALLOWANCE:
        return [{"code": "RefundLimitExceeded", "message": "The refund exceeds the rolling limit of 50000 USD."}]
    return []


def return_reservation(call: Call) -> Reply:
    """`POST …/return`: 202 with the address of the operation. Needs the session of `calculateRefund`."""
    customer, entitlement = _find(call)
    quantity = _quantity(call, entitlement)
    session = member(member(call.body, "properties"), "sessionId")
    if not session or (session, quantity) != (entitlement.get("session"), entitlement.get("sessionQuantity")):
        raise odata_refusal(400, "InvalidSessionId", "The session of calculateRefund is missing or unknown.")
    errors = _policy_errors(call, customer, entitlement, quantity)
    if errors:
        raise odata_refusal(400, errors[0]["code"], errors[0]["message"])
    body = _refund_body(call, customer, entitlement, session)
    customer["refunds"].append({"at": wire_time(call.now), "amount": str(_refund(call, entitlement, quantity))})
    old = dict(entitlement["wire"])
    new = reduce_entitlement(old, quantity)
    if new["quantity"]:
        price = _price(entitlement, new["quantity"]).quantize(_CENT)
        entitlement["reservation"]["rest"] = {"id": str(uuid.uuid4()), "price": str(price)}
    asynchrony.begin(entitlement, call.world.options["asyncReads"], new)
    audit.record(call, customer, "return_reservation", "reservation", old, old | new)
    order = entitlement["reservation"]["orderId"]
    operation = f"{call.base_url}/management/providers/Microsoft.Capacity/operationResults/{order}"
    return Reply(202, body, {"Location": f"{operation}?api-version=2022-11-01", "Retry-After": "1"})


def get_operation(call: Call) -> Reply:
    """The operation behind a return: 202 until it has settled."""
    _, entitlement = _find(call)
    observe_entitlement(entitlement)
    if asynchrony.in_progress(entitlement):
        return Reply(202, None, {"Location": f"{call.base_url}{call.path}", "Retry-After": "1"})
    return Reply(200, {"id": call.path, "status": "Succeeded"})
