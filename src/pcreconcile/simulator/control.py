"""The simulator's own routes: its clock, its switches, its log, its state. They need no token and are not logged."""

import json
from typing import Any

from . import options
from .clock import parse_instant, parse_span, wire_time
from .customers import full_customer
from .entitlements import reservation_state
from .messages import Call, Json, Refusal, Reply, member
from .subscriptions import render

__all__ = [
    "change_subscription",
    "get_clock",
    "get_options",
    "get_world",
    "list_requests",
    "set_clock",
    "set_options",
]


def _bad(text: str) -> Refusal:
    return Refusal(Reply(400, {"error": text}))


def get_clock(call: Call) -> Reply:
    """`GET /_simulator/clock`."""
    return Reply(200, {"now": wire_time(call.now)})


def set_clock(call: Call) -> Reply:
    """`POST /_simulator/clock`: `{"now": ISO}`, `{"clock": ISO}`, `{"advance": "3d"}` or a bare ISO text.

    The clock stands still afterwards; backwards is refused with 400.
    """
    body = {"now": call.body} if isinstance(call.body, str) else call.body
    wanted, span = member(body, "now") or member(body, "clock"), member(body, "advance")
    try:
        if isinstance(wanted, str):
            clock = call.world.clock.moved_to(parse_instant(wanted))
        elif isinstance(span, str):
            clock = call.world.clock.advanced(parse_span(span.removeprefix("+")))
        else:
            raise _bad('expected {"now": ISO8601} or {"advance": "3d"}')
    except (ValueError, OverflowError) as error:
        raise _bad(str(error)) from error
    call.world.set_meta("clock", clock.dump())
    return Reply(200, {"now": wire_time(clock.now())})


def get_options(call: Call) -> Reply:
    """`GET /_simulator/options`."""
    return Reply(200, call.world.options)


def set_options(call: Call) -> Reply:
    """`POST /_simulator/options`: changes the switches that the body names."""
    try:
        changed = call.world.options | options.checked(call.body)
    except ValueError as error:
        raise _bad(str(error)) from error
    call.world.set_meta("options", changed)
    return Reply(200, changed)


def change_subscription(call: Call) -> Reply:
    """`POST /_simulator/subscriptions/{id}` with members of the subscription: what a person changed by hand elsewhere.

    It stands for the Azure portal, for Microsoft and for the customer; no rule of the service is asked.
    """
    wanted = call.params["subscription"].lower()
    if not isinstance(call.body, dict) or "id" in call.body:
        raise _bad("expected members of a subscription other than its id")
    for tenant in call.world.store.customers_mentioning(wanted):
        customer = call.world.customer(tenant) or {"subscriptions": []}
        for item in customer["subscriptions"]:
            if str(item["wire"].get("id")).lower() == wanted:
                item["wire"].update(call.body)
                return Reply(200, render(customer, item))
    raise Refusal(Reply(404, {"error": "there is no such subscription"}))


def list_requests(call: Call) -> Reply:
    """`GET /_simulator/requests[?since=SEQ][&format=ndjson]`: what was asked of the service so far."""
    since = call.query.get("since", "0")
    if not (since.isascii() and since.isdigit()) or len(since) > 15:
        raise _bad("since: expected a sequence number")
    log = call.world.store.requests(int(since))
    if call.query.get("format") == "ndjson":
        text = "".join(json.dumps(each) + "\n" for each in log)
        return Reply(200, text, {"Content-Type": "application/x-ndjson"})
    return Reply(200, log)


def get_world(call: Call) -> Reply:
    """`GET /_simulator/world`: the whole state. Looking at it is no read of the service: nothing settles by it."""
    world = call.world
    customers = {customer["id"].lower(): _dump(customer) for customer in world.every_customer()}
    body: Json = {
        "clock": {"now": wire_time(world.now), "fixed": world.clock.fixed is not None},
        "partner": world.partner,
        "options": world.options,
        "customers": customers,
        "auditRecords": world.store.audit(),
    }
    return Reply(200, body)


def _dump(customer: Json) -> Json:
    return {
        "relationship": customer["relationshipToPartner"],
        "companyName": customer["companyName"],
        "domain": customer["domain"],
        "allowDelegatedAccess": customer["allowDelegatedAccess"],
        "customer": full_customer(customer),
        "subscriptions": [render(customer, item) for item in customer["subscriptions"]],
        "orders": [order["wire"] for order in customer["orders"]],
        "entitlements": [_entitlement(each) for each in customer["entitlements"]],
        "azureEntitlements": list(_azure_entitlements(customer)),
        "transfers": [each["wire"] for each in customer["transfers"]],
        "delegatedAdminRelationships": [each["wire"] for each in customer["gdap"]],
        "resellers": customer["resellers"],
    }


def _entitlement(entitlement: Json) -> Json:
    more: Json = {"expiryDate": entitlement["expires"]}
    if "reservation" in entitlement:
        more["provisioningState"] = reservation_state(entitlement)
    return {**entitlement["wire"], **more}


def _azure_entitlements(customer: Json) -> Any:
    for item in customer["subscriptions"]:
        for entitlement in item.get("azureEntitlements", ()):
            yield entitlement["wire"]
