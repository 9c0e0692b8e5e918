"""Software cancelled in one place shows in all three: subscription, order line and entitlement."""

from .messages import Json

__all__ = ["cancel_entitlement", "cancel_line", "cancel_software_of", "reduce_entitlement"]


def cancel_software_of(customer: Json, subscription: Json) -> None:
    """Empty the order line and the entitlement of a cancelled subscription."""
    for order in customer["orders"]:
        for line in order["wire"]["lineItems"]:
            if line.get("subscriptionId") == subscription["id"]:
                cancel_line(customer, order["wire"], line)


def cancel_line(customer: Json, order: Json, line: Json) -> None:
    """Set a line to quantity 0; the order is cancelled once all its lines are (section 6.3)."""
    line["quantity"] = 0
    if all(each["quantity"] == 0 for each in order["lineItems"]):
        order["status"] = "cancelled"
    for entitlement in customer["entitlements"]:
        reference = entitlement["wire"]["referenceOrder"]
        if reference["id"] == order["id"] and reference["lineItemId"] == str(line["lineItemNumber"]):
            entitlement["wire"].update(cancel_entitlement(entitlement["wire"]))


def reduce_entitlement(wire: Json, by: int) -> Json:
    """The members of an entitlement of which so much is no longer fulfilled."""
    left = wire["quantity"] - by
    if not left:
        return cancel_entitlement(wire)
    fulfilled, gone = {"quantity": left, "status": "Fulfilled"}, {"quantity": by, "status": "Unfulfilled"}
    return {"quantity": left, "quantityDetails": [fulfilled, gone]}


def cancel_entitlement(wire: Json) -> Json:
    """The members of an entitlement that is no longer fulfilled; `quantity` counts what is fulfilled (section 6.5)."""
    details = [{**detail, "status": "Unfulfilled"} for detail in wire["quantityDetails"]]
    return {"quantity": 0, "quantityDetails": details, "fulfillmentState": "Unfulfilled"}
