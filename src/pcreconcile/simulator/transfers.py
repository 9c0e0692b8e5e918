"""Transfers of a customer's products to other partners (API facts, 6; exit rules, 1.3).

The one who gives only looks on: what the parties decide comes by the simulator's own route. An open transfer locks what
it moves; when it is completed, its lines are gone from this partner. Statuses are an open set (the documentation names
Active and Completed), so everything that is not known to be over is open.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .clock import wire_time
from .customers import commerce_customer
from .kinds import Kind
from .lifecycle import instant_of
from .messages import Call, Json, Refusal, Reply, collection, member, refusal
from .software import cancel_entitlement, cancel_line, cancel_software_of

__all__ = ["check_free", "decide_transfer", "get_transfer", "is_open", "list_transfers"]

_OVER = ("completed", "cancelled", "canceled", "rejected", "declined", "expired", "failed")


def list_transfers(call: Call) -> Reply:
    """`GET /customers/{id}/transfers`."""
    return collection([_shown(call, each) for each in commerce_customer(call)["transfers"]])


def get_transfer(call: Call) -> Reply:
    """`GET /customers/{id}/transfers/{transfer}`."""
    found = _find(commerce_customer(call), call.params["transfer"])
    if found is None:
        raise refusal(404, 900100, "The transfer request was not found.")
    return Reply(200, _shown(call, found))


def _find(customer: Json, wanted: str) -> Json | None:
    return next((each for each in customer["transfers"] if _same(each["wire"].get("id"), wanted)), None)


def _same(one: Any, other: Any) -> bool:
    return str(one).lower() == str(other).lower()


def _shown(call: Call, transfer: Json) -> Json:
    """A transfer expires by itself after its time (rules: 30 days without action)."""
    wire: Json = transfer["wire"]
    lapsed = str(wire.get("status")).lower() not in _OVER and not is_open(transfer, call.now)
    return wire | {"status": "Expired"} if lapsed else wire


def is_open(transfer: Json, now: datetime) -> bool:
    """Whether it may still be completed."""
    expires = instant_of(transfer["wire"].get("expirationTime"))
    return str(transfer["wire"].get("status")).lower() not in _OVER and (expires is None or now < expires)


def check_free(customer: Json, resource: str, now: datetime) -> None:
    """Refuse to change a subscription or an order that an open transfer moves.

    The code is that of the transfer's own routes; which one a PATCH would get, no source says.
    """
    for transfer in customer["transfers"]:
        if is_open(transfer, now) and any(_same(name, resource) for name in _moved(transfer["wire"])):
            raise refusal(409, 900101, f"The transfer request {transfer['wire'].get('id')} is already in progress.")


def _moved(wire: Json) -> Iterator[Any]:
    """The subscriptions and orders that a transfer's lines name."""
    for line in _lines(wire.get("lineItems")):
        yield from (line[name] for name in ("subscriptionId", "orderId") if line.get(name))


def _lines(rows: Any) -> Iterator[Json]:
    """Lines and the add-ons that go along with them; an estate may hold other shapes."""
    for line in rows if isinstance(rows, list) else []:
        if isinstance(line, dict):
            yield line
            yield from _lines(line.get("addonItems"))


def decide_transfer(call: Call) -> Reply:
    """`POST /_simulator/transfers/{id}` with `{"status": TEXT}`: the parties complete, cancel or reject it."""
    wanted, status = call.params["transfer"], member(call.body, "status")
    if not isinstance(status, str) or not status.strip():
        raise Refusal(Reply(400, {"error": 'expected {"status": "Completed"} or another status'}))
    for tenant in call.world.store.customers_mentioning(wanted):
        customer = call.world.customer(tenant) or {"transfers": []}
        transfer = _find(customer, wanted)
        if transfer is not None:
            return Reply(200, _decided(call, customer, transfer, status))
    raise Refusal(Reply(404, {"error": "there is no such transfer"}))


def _decided(call: Call, customer: Json, transfer: Json, status: str) -> Json:
    if not is_open(transfer, call.now):
        raise Refusal(Reply(409, {"error": "the transfer is over"}))
    wire: Json = transfer["wire"]
    wire |= {"status": status, "lastModifiedTime": wire_time(call.now)}
    if status.lower() == "completed":
        wire["completedTime"] = wire_time(call.now)
        _hand_over(customer, set(map(str.lower, map(str, _moved(wire)))))
    return wire


def _hand_over(customer: Json, names: set[str]) -> None:
    """What was moved is gone from here; of an Azure plan its Azure subscriptions go and the plan stays."""
    for item in customer["subscriptions"]:
        if str(item["wire"].get("id")).lower() in names:
            _leave(customer, item)
    for order in customer["orders"]:
        if str(order["wire"]["id"]).lower() in names:
            for line in order["wire"]["lineItems"]:
                cancel_line(customer, order["wire"], line)
    for entitlement in customer["entitlements"]:
        if entitlement["wire"]["referenceOrder"]["id"].lower() in names:
            entitlement["wire"].update(cancel_entitlement(entitlement["wire"]))


def _leave(customer: Json, item: Json) -> None:
    if item["kind"] == Kind.AZURE_PLAN:
        for azure in item.get("azureEntitlements", ()):
            azure["wire"]["status"] = "inactive"
        return
    item["moved"] = True
    item["wire"] |= {"status": "deleted", "autoRenewEnabled": False}
    cancel_software_of(customer, item["wire"])
