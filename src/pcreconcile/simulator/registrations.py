"""Registering an Azure subscription for reservations: accepted, settled after a few reads (API facts, section 5.1)."""

from . import asynchrony, audit
from .customers import commerce_customer
from .kinds import Kind
from .messages import Call, Json, Reply, refusal
from .subscriptions import find_subscription

__all__ = ["get_registration_status", "register"]

_REGISTRABLE = (Kind.AZURE_LEGACY, Kind.AZURE_PLAN)


def register(call: Call) -> Reply:
    """`POST …/registrations`: 202 with the address of the status. Asking again changes nothing."""
    customer = commerce_customer(call)
    item = find_subscription(call, customer)
    if item["kind"] not in _REGISTRABLE:
        raise refusal(400, 900141, "The operation is not supported for this subscription.")
    if item["wire"].get("status") != "active":
        raise refusal(400, 800012, "The subscription is not active.")
    registration = item.setdefault("registration", {"wire": {"status": "NotRegistered"}})
    if registration["wire"]["status"] == "NotRegistered":
        registration["wire"]["status"] = "Registering"
        asynchrony.begin(registration, call.world.options["asyncReads"], {"status": "Registered"})
        old, new = {"status": "NotRegistered"}, {"status": "Registering"}
        audit.record(call, customer, "update_subscription", "subscription", old, new)
    return Reply(202, None, {"Location": f"/customers/{customer['id']}/subscriptions/{_id(item)}/registrationstatus"})


def get_registration_status(call: Call) -> Reply:
    """`GET …/registrationstatus`: NotRegistered, Registering or Registered."""
    item = find_subscription(call, commerce_customer(call))
    registration: Json = item.get("registration") or {"wire": {"status": "NotRegistered"}}
    status = asynchrony.observe(registration)["status"]
    attributes = {"objectType": "SubscriptionRegistrationStatus"}
    return Reply(200, {"subscriptionId": _id(item), "status": status, "attributes": attributes})


def _id(item: Json) -> str:
    return str(item["wire"]["id"])
