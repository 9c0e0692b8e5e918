"""Entitlements of software and reservations, and the artifact behind a reservation (API facts, section 6.5)."""

from . import asynchrony
from .clock import wire_day
from .customers import commerce_customer
from .kinds import Kind
from .lifecycle import instant_of
from .messages import Call, Json, Reply, collection, refusal

__all__ = ["get_artifact", "list_entitlements", "reservation_state"]

_TYPES = {"software": "software", "reservedinstance": "reservedinstance"}
_TYPES["virtualmachinereservedinstance"] = "reservedinstance"


def list_entitlements(call: Call) -> Reply:
    """`GET /entitlements[?entitlementType=][&showExpiry=true]`; never paged."""
    customer = commerce_customer(call)
    wanted = call.query.get("entitlementtype", "").lower()
    if wanted and wanted not in _TYPES:
        raise refusal(400, 3000, "The entitlementType is invalid.")
    dated = call.query.get("showexpiry", "").lower() == "true"
    shown = []
    for entitlement in customer["entitlements"]:
        if wanted and entitlement["wire"].get("entitlementType") != _TYPES[wanted]:
            continue
        expiry = {"expiryDate": entitlement["expires"]} if dated and entitlement["expires"] else {}
        shown.append(expiry | asynchrony.observe(entitlement))
    return collection(shown)


def get_artifact(call: Call) -> Reply:
    """`GET /customers/{id}/artifacts/reservedinstance/…/resource/{id}`: the reservations of a purchase."""
    for entitlement in commerce_customer(call)["entitlements"]:
        reservation = entitlement.get("reservation")
        if reservation and reservation["orderId"] == call.params["resource"].lower():
            asynchrony.observe(entitlement)
            return Reply(200, {"type": "reservedinstance", "reservations": [_reservation(entitlement)]})
    raise refusal(404, 1000, "The artifact was not found.")


def _reservation(entitlement: Json) -> Json:
    reservation, expires = entitlement["reservation"], instant_of(entitlement["expires"])
    return {
        "reservationId": reservation["id"],
        "displayName": reservation["name"],
        "scopeType": "Shared",
        "appliedScopes": None,
        "quantity": entitlement["wire"]["quantity"],
        # This one date has no zone on the wire (section 3).
        "expiryDateTime": wire_day(expires).removesuffix("Z") if expires else None,
        "effectiveDateTime": reservation["starts"],
        "provisioningState": reservation_state(entitlement),
    }


def reservation_state(entitlement: Json) -> str:
    """The provisioning state of a reservation."""
    if entitlement["kind"] == Kind.RESERVATION and entitlement["wire"]["quantity"] == 0:
        return "Cancelled"
    return "Expired" if entitlement.get("expired") else "Created"
