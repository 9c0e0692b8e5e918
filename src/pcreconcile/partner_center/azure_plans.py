"""Which subscriptions are Azure plans: decided here alone, because no single field says so (API facts, section 5.3)."""

from __future__ import annotations

from pcreconcile.model.estate import Subscription

_PLAN_PRODUCT = "DZH318Z0BPS6"
_LEGACY_OFFER = "MS-AZR"
_GONE = frozenset({"deleted", "expired"})


def may_be_azure_plan(subscription: Subscription) -> bool:
    """Whether Azure subscriptions may stand under it, so that they must be read."""
    return offers_azure_plan(subscription.offer_id, subscription.billing_type)


def offers_azure_plan(offer_id: str, billing_type: str | None) -> bool:
    """Whether an offer is an Azure plan, or may be one."""
    offer = offer_id.upper()
    if offer.startswith(_LEGACY_OFFER):
        return False
    return _is_plan_product(offer) or billing_type == "usage"


def must_show_entitlements(subscription: Subscription) -> bool:
    """Whether a 404 on its Azure subscriptions is a failed read rather than the sign that it is no plan."""
    return _is_plan_product(subscription.offer_id.upper()) and subscription.status not in _GONE


def _is_plan_product(offer: str) -> bool:
    return offer.partition(":")[0] == _PLAN_PRODUCT
