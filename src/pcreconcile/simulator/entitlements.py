"""Entitlements of software and reservations, and the artifact behind a reservation (API facts, section 6.5)."""

from collections.abc import Iterator

from . import asynchrony
from .clock import wire_day
from .customers import commerce_customer
from .kinds import Kind
from .lifecycle import instant_of
from .messages import Call, Json, Reply, collection, refusal

__all__ = ["get_artifact", "list_entitlements", "observe_entitlement", "reservation_state"]

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
        shown.append(expiry | observe_entitlement(entitlement))
    return collection(shown)


def get_artifact(call: Call) -> Reply:
    """`GET /customers/{id}/artifacts/reservedinstance/…/resource/{id}`: the reservations of a purchase."""
    for entitlement in commerce_customer(call)["entitlements"]:
        reservation = entitlement.get("reservation")
        if reservation and reservation["orderId"] == call.params["resource"].lower():
            observe_entitlement(entitlement)
            return Reply(200, {"type": "reservedinstance", "reservations": list(_reservations(entitlement))})
    raise refusal(404, 1000, "The artifact was not found.")


def observe_entitlement(entitlement: Json) -> Json:
    """Read an entitlement: what it shows this time. Once part of a reservation is back, the rest has a new ID."""
    wire = asynchrony.observe(entitlement)
    reservation = entitlement.get("reservation", {})
    rest = reservation.get("rest")
    if rest is not None and not asynchrony.in_progress(entitlement):
        reservation["past"] = [*reservation.get("past", ()), reservation["id"]]
        reservation |= {"id": rest["id"], "price": rest["price"], "rest": None}
    return wire


def _reservations(entitlement: Json) -> Iterator[Json]:
    """The reservation that is left, after those that parts of it were returned from."""
    common, reservation = _common(entitlement), entitlement["reservation"]
    for past in reservation.get("past", ()):
        yield common | {"reservationId": past, "quantity": 0, "provisioningState": "Cancelled"}
    yield common


def _common(entitlement: Json) -> Json:
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
