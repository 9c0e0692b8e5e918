"""Wire to model: one function per resource. What must be there and is not raises `UnexpectedShape`.

Statuses and snake_case words become lower case text and stay open: an unknown one is kept. GUIDs become lower case;
order IDs that are no GUIDs are opaque and kept.
"""

from __future__ import annotations

import json
from typing import Any

from pcreconcile.model.estate import (
    AzureEntitlement,
    Customer,
    Entitlement,
    Order,
    OrderLineItem,
    RefundOption,
    Subscription,
)
from pcreconcile.model.ids import NIL_GUID, OrderId, SubscriptionId, TenantId, is_guid, tenant_id
from pcreconcile.partner_center.end_of_term import AUTO_RENEW, has_next_term, read_actions, read_next_term
from pcreconcile.partner_center.prices import unit_price
from pcreconcile.partner_center.routes import is_part
from pcreconcile.partner_center.wire import Members, UnexpectedShape

_RESERVATION_ARTIFACTS = frozenset({"reservedinstance", "virtualmachinereservedinstance"})


def decode_customer(customer: Members) -> Customer:
    """A customer of the list or by ID (facts, 4.1 and 4.2)."""
    profile = customer.member("companyProfile")
    return Customer(
        tenant_id=_tenant_id(customer),
        company_name=profile.text("companyName"),
        domain=profile.text("domain").lower(),
        relationship=_word(customer, "relationshipToPartner"),
        custom_domains=tuple(domain.lower() for domain in customer.texts("customDomains")),
        allow_delegated_access=customer.flag("allowDelegatedAccess"),
        associated_partner_id=customer.optional_text("associatedPartnerId"),
    )


def decode_subscription(subscription: Members) -> Subscription:
    """A row of /subscriptions, or one by ID (facts, 5.3 to 5.5)."""
    parent = subscription.optional_text("parentSubscriptionId")
    return Subscription(
        id=SubscriptionId(usable_id(subscription, "id")),
        offer_id=folded(subscription.text("offerId")),
        name=subscription.optional_text("friendlyName", "offerName") or "",
        status=subscription.text("status").lower(),
        quantity=subscription.quantity("quantity"),
        order_id=_order_id(subscription.optional_text("orderId")),
        parent_subscription_id=None if parent is None else SubscriptionId(folded(parent)),
        product_type=_product_type(subscription),
        billing_type=_word(subscription, "billingType"),
        billing_cycle=_word(subscription, "billingCycle"),
        unit_type=subscription.optional_text("unitType"),
        term_duration=_term(subscription),
        is_trial=subscription.flag("isTrial") or False,
        is_microsoft_product=subscription.flag("isMicrosoftProduct"),
        publisher=subscription.optional_text("publisherName"),
        partner_id=subscription.optional_text("partnerId"),
        auto_renew=subscription.flag(AUTO_RENEW),
        scheduled_actions=read_actions(subscription),
        scheduled_next_term=has_next_term(subscription),
        effective_start=subscription.instant("effectiveStartDate"),
        commitment_end=subscription.instant("commitmentEndDate", "commitmentEndDateTime"),
        cancellation_allowed_until=subscription.instant("cancellationAllowedUntilDate"),
        suspension_reasons=subscription.texts("suspensionReasons"),
        created=subscription.instant("creationDate"),
        refund_options=tuple(map(_refund_option, subscription.optional_objects("refundOptions"))),
        promotion_id=subscription.optional_text("promotionId"),
        next_term=read_next_term(subscription),
        next_charge=_as_it_came(subscription.get("nextChargeInstructions")),
    )


def _as_it_came(value: Any) -> str | None:
    """One text for equal values; None where nothing is set."""
    return None if not value else json.dumps(value, sort_keys=True, default=str)


def _refund_option(option: Members) -> RefundOption:
    """The wire says `expiresAt`, the resource's page `expiresAfter` (facts, 5.5 and C12)."""
    return RefundOption(type=option.text("type"), expires=option.instant("expiresAt", "expiresAfter"))


def decode_order(order: Members) -> Order:
    """A row of /orders, or one by ID (facts, 6.2)."""
    currency = order.optional_text("currencyCode")
    return Order(
        id=OrderId(usable_id(order, "id")),
        status=order.text("status").lower(),
        line_items=tuple(_line_item(line, currency) for line in order.objects("lineItems")),
        alternate_id=order.optional_text("alternateId"),
        billing_cycle=_word(order, "billingCycle"),
        currency=currency,
        created=order.instant("creationDate"),
    )


def _line_item(line: Members, currency: str | None) -> OrderLineItem:
    subscription, quantity = line.optional_text("subscriptionId"), line.quantity("quantity")
    return OrderLineItem(
        number=line.integer("lineItemNumber"),
        offer_id=folded(line.text("offerId")),
        name=line.optional_text("friendlyName") or "",
        quantity=quantity,
        term_duration=_term(line),
        subscription_id=None if subscription is None else SubscriptionId(folded(subscription)),
        transaction_type=_word(line, "transactionType"),
        unit_price=unit_price(line, quantity, currency),
    )


def decode_entitlement(entitlement: Members) -> Entitlement:
    """A row of /entitlements (facts, 6.5). Included entitlements belong to the same purchase and are left out."""
    order = entitlement.member("referenceOrder")
    return Entitlement(
        order_id=OrderId(folded(order.text("id"))),
        line_item=order.integer("lineItemId"),
        entitlement_type=entitlement.text("entitlementType").lower(),
        quantity=entitlement.quantity("quantity"),
        product_id=entitlement.optional_text("productId") or "",
        sku_id=entitlement.optional_text("skuId") or "",
        alternate_id=order.optional_text("alternateId"),
        fulfillment_state=_word(entitlement, "fulfillmentState"),
        expires=entitlement.instant("expiryDate"),
        reservation_orders=_reservation_orders(entitlement),
    )


def decode_azure_entitlement(entitlement: Members, plan: SubscriptionId) -> AzureEntitlement:
    """A row of /azureEntitlements of one plan (facts, 5.8)."""
    return AzureEntitlement(
        id=usable_id(entitlement, "id"),
        plan_id=plan,
        name=entitlement.optional_text("friendlyName") or "",
        status=entitlement.text("status").lower(),
        subscription_id=_folded_or_none(entitlement.optional_text("subscriptionId")),
    )


def is_without_relationship(customer: Members) -> bool:
    """Whether a customer by ID says that the relationship is over; such a body may hold nothing else (facts, 4.3)."""
    return _word(customer, "relationshipToPartner") == "none"


def tenant_of(row: Any) -> TenantId | None:
    """Whose row of the customers list this is, whatever else it says; None without a usable tenant ID."""
    try:
        return tenant_id(Members(row, "customer").text("id"))
    except (UnexpectedShape, ValueError):
        return None


def _tenant_id(customer: Members) -> TenantId:
    try:
        return tenant_id(customer.text("id"))
    except ValueError:
        raise UnexpectedShape(f"{customer.where}.id: expected a tenant ID") from None


def _reservation_orders(entitlement: Members) -> tuple[str, ...]:
    found = {
        usable_id(artifact, "resourceId")
        for artifact in entitlement.optional_objects("entitledArtifacts")
        if _word(artifact, "artifactType") in _RESERVATION_ARTIFACTS
    }
    return tuple(sorted(found))


def _product_type(subscription: Members) -> str | None:
    """`productType.id`; a bare text is taken too."""
    if isinstance(subscription.get("productType"), str):
        return subscription.optional_text("productType")
    product_type = subscription.optional_member("productType")
    return None if product_type is None else product_type.optional_text("id", "displayName")


def _term(resource: Members) -> str | None:
    term = resource.optional_text("termDuration")
    return None if term is None else term.upper()


def _word(resource: Members, name: str) -> str | None:
    word = resource.optional_text(name)
    return None if word is None else word.lower()


def _order_id(text: str | None) -> OrderId | None:
    return None if text is None else OrderId(folded(text))


def _folded_or_none(text: str | None) -> str | None:
    return None if text is None else folded(text)


def usable_id(resource: Members, name: str) -> str:
    """An ID that a later request can name in its path (routes.py), and not the nil GUID."""
    text = folded(resource.text(name))
    if not is_part(text) or text == NIL_GUID:
        raise UnexpectedShape(f"{resource.where}.{name}: expected an ID")
    return text


def folded(text: str) -> str:
    """A GUID in lower case, anything else as it is."""
    return text.lower() if is_guid(text) else text
