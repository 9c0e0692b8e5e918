"""The subscription of an estate's item, as the service keeps and shows it (API facts, sections 5.3 to 5.5)."""

from typing import Any

from .billing import AZURE_SUBSCRIPTION, opened
from .clock import wire_day, wire_time
from .fields import Fields
from .identifiers import stable_id
from .items import Item
from .kinds import Kind
from .lifecycle import full_refund, term_end
from .messages import Json

__all__ = ["subscription"]

_END_OF_TERM = {"cancel": "Cancel", "extend": "RenewToExtendedServiceTerm", "renew": "RenewToNewTerm"}


def subscription(item: Item) -> Json:
    """The subscription of an item as the service keeps it."""
    version = 2 if item.legacy else None
    wire = _subscription_wire(item)
    kept: Json = {"kind": item.kind.value, "wire": wire | item.fields.mapping("wire"), "version": version}
    if item.kind == Kind.AZURE_PLAN:
        kept["azureEntitlements"] = list(_azure_entitlements(item))
    end = term_end(kept)
    kept["book"] = opened(kept, item.bought, min(end, item.fields.created) if end else None)
    return kept


def _subscription_wire(item: Item) -> Json:
    wire: Json = {
        "id": item.id,
        "offerId": item.offer,
        "offerName": item.name,
        "friendlyName": item.name,
        "quantity": item.quantity,
        "unitType": item.defaults.unit_type,
        "hasPurchasableAddons": False,
        "creationDate": wire_time(item.bought),
        "effectiveStartDate": wire_time(item.starts),
        "commitmentEndDate": _commitment_end(item),
        "status": item.fields.text("status", "active"),
        "autoRenewEnabled": _auto_renew(item),
        "isTrial": item.fields.flag("trial", item.fields.get("kind") == "trial"),
        "billingType": item.defaults.billing_type,
        "billingCycle": item.fields.text("billingCycle", "monthly" if item.term == "P1M" else item.defaults.cycle),
        "termDuration": item.term,
        "isMicrosoftProduct": item.publisher.lower().startswith("microsoft"),
        "partnerId": item.fields.text("partnerId", ""),
        "attentionNeeded": False,
        "actionTaken": False,
        "contractType": "subscription",
        "publisherName": item.publisher,
        "orderId": item.order_id,
    }
    if item.source.parent:
        wire["parentSubscriptionId"] = item.source.parent.id
    if item.fields.has("suspendedBecause"):
        wire["suspensionReasons"] = _texts(item.fields, "suspendedBecause")
    return wire | (_legacy_members(item) if item.legacy else _modern_members(item))


def _auto_renew(item: Item) -> bool:
    """An instruction for the end of the term decides it; a trial does not renew by itself."""
    told = item.fields.get("endOfTerm")
    trial = item.fields.get("kind") == "trial" or item.fields.get("trial") is True
    running = item.fields.get("status") in (None, "active", "pending")
    natural = item.defaults.auto_renew and running and not trial
    return item.fields.flag("autoRenew", natural if told is None else told == "renew")


def _texts(fields: Fields, key: str) -> list[str]:
    values = fields.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise fields.wrong(key, "a list of texts")
    return values


def _commitment_end(item: Item) -> str:
    if item.ends is None:
        return "9999-12-10T00:00:00Z"
    return wire_time(item.ends) if item.legacy else wire_day(item.ends)


def _legacy_members(item: Item) -> Json:
    if item.kind != Kind.AZURE_LEGACY:
        return {}
    return {"entitlementId": stable_id(item.id, "azure"), "isTrial": False}


def _modern_members(item: Item) -> Json:
    members: Json = {
        "productType": {"id": item.defaults.product_type, "displayName": item.defaults.product_type},
        "cancellationAllowedUntilDate": wire_time(item.window_until) if item.window_until else None,
        "renewalTermDuration": "",
    }
    if item.kind == Kind.MARKETPLACE_SAAS and item.window_until:
        members["refundOptions"] = [full_refund(item.window_until)]
    if item.kind == Kind.NEW_COMMERCE_LICENSE:
        members |= _scheduled_actions(item)
    elif item.kind == Kind.SOFTWARE_SUBSCRIPTION and _auto_renew(item):
        members["scheduledNextTermInstructions"] = _same_again(item)
    return members


def _scheduled_actions(item: Item) -> Json:
    """The end-of-term instruction in the shape of section 10; `endOfTerm: absent` leaves the member out."""
    told = item.fields.get("endOfTerm") or ("renew" if _auto_renew(item) else "none")
    if told not in (*_END_OF_TERM, "none", "absent"):
        raise item.fields.wrong("endOfTerm", "one of renew, cancel, extend, none, absent")
    if told == "absent":
        return {}
    if told == "none":
        return {"scheduledActions": []}
    action: Json = {"scheduleType": "TermEnd", "actionType": _END_OF_TERM[told]}
    if told == "renew":
        action["instructions"] = _same_again(item)
    return {"scheduledActions": [action]}


def _same_again(item: Item) -> Json:
    product, sku, availability = [*item.offer.split(":"), "", ""][:3]
    cycle = item.fields.text("billingCycle", "monthly" if item.term == "P1M" else item.defaults.cycle)
    terms = {"billingCycle": cycle, "termDuration": item.term}
    names = {"productId": product, "skuId": sku, "availabilityId": availability}
    return {"product": names | terms, "quantity": item.quantity}


def _azure_entitlements(item: Item) -> Any:
    known = ("id", "name", "status", "wire")
    for number, fields in enumerate(item.fields.each("azureSubscriptions", known)):
        wire = {
            "id": fields.text("id", stable_id(item.id, "azure", number)),
            "friendlyName": fields.text("name", "Microsoft Azure"),
            "status": fields.text("status", "active"),
            "subscriptionId": item.id,
        }
        kept: Json = {"kind": AZURE_SUBSCRIPTION, "wire": wire | fields.mapping("wire")}
        yield kept | {"book": opened(kept, item.bought, None)}
