"""The business fields of one thing, as plain data: what a plan keeps, compares and proves.

Planning writes them into `observed`, `precondition` and `postcondition`; applying reads the same thing again and
compares. Both go through here, so that "what was seen" has one meaning. Type and ID name a thing:

===================  =========================  ==================================================
type                 id                         from
===================  =========================  ==================================================
customer             tenant ID                  the customers list and the customer by ID
subscription         subscription ID            /subscriptions
azure-subscription   Azure entitlement ID       /subscriptions/{plan}/azureEntitlements (`planId`)
order-line           orderId/lineItemNumber     /orders
entitlement          orderId/lineItemNumber/type   /entitlements
delegated-admin      relationship ID            Graph, delegatedAdminRelationships
reservation          orderId/reservationId      Azure Resource Manager, reservationOrders
transfer             transfer ID                /transfers
reseller             reseller's tenant ID       /customers/{id}/relationships
===================  =========================  ==================================================

Refund quotes and prices are left out: they only estimate, and they change by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from pcreconcile.model.estate import (
    AzureEntitlement,
    CustomerState,
    DelegatedAdminRelationship,
    Entitlement,
    Instruction,
    Order,
    OrderLineItem,
    Reseller,
    Reservation,
    ScheduledAction,
    Subscription,
    Transfer,
)

Fields = dict[str, Any]

# What of a subscription is neither its state nor the end of its term, so that no write of ours may change it.
BESIDES = (
    "name",
    "quantity",
    "partnerId",
    "promotionId",
    "termDuration",
    "billingCycle",
    "nextChargeInstructions",
)

# An Azure subscription that no longer runs; anything else, an unknown word included, counts as running.
ENDED_AZURE_STATUSES = frozenset({"inactive", "disabled", "deleted", "expired", "cancelled", "canceled"})

# A reservation that is over (API facts, 6.5); anything else, an unknown word included, counts as living.
ENDED_RESERVATION_STATES = frozenset({"cancelled", "canceled", "expired", "split", "merged"})

# A transfer that is over; anything else, an unknown word included, counts as open.
ENDED_TRANSFERS = frozenset(
    {"completed", "complete", "cancelled", "canceled", "rejected", "declined", "expired", "failed"}
)

# A delegated admin relationship on its way out, and one that is over (API facts, section 7).
ENDING_RELATIONSHIPS = frozenset({"terminationrequested", "terminating", "expiring"})
ENDED_RELATIONSHIPS = frozenset({"terminated", "expired"})


def instant(value: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z`, to the microsecond where there is one."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


TERM_END = "TermEnd"
_SCHEDULE_WORDS = ("TermEnd", "CustomDate", "Cancel", "RenewToNewTerm", "RenewToExtendedServiceTerm", "Transition")
_BY_FOLDED = {word.lower(): word for word in _SCHEDULE_WORDS}


def schedule_word(raw: str) -> str:
    """A schedule or action type in the documented spelling whatever its case; unknown words stay as they came."""
    return _BY_FOLDED.get(raw.replace("_", "").lower(), raw)


def observe_schedule(actions: tuple[ScheduledAction, ...] | None) -> list[str] | None:
    """End-of-term instructions as `TermEnd/Cancel`; None when the member never came."""
    if actions is None:
        return None
    return sorted(f"{schedule_word(each.schedule_type)}/{schedule_word(each.action_type)}" for each in actions)


def observe_instructions(actions: tuple[ScheduledAction, ...] | None) -> list[Fields] | None:
    """The same in full, with all that each is told; None when the member never came.

    The date of a term's end is no part of it, and neither is what a cancellation is told: the service may fill both in.
    """
    if actions is None:
        return None
    return sorted(map(_observe_action, actions), key=repr)


def _observe_action(action: ScheduledAction) -> Fields:
    schedule, kind = schedule_word(action.schedule_type), schedule_word(action.action_type)
    seen: Fields = {"scheduleType": schedule, "actionType": kind}
    if schedule != TERM_END and action.effective_date is not None:
        seen["effectiveDate"] = instant(action.effective_date)
    if kind != "Cancel" and action.instruction is not None:
        seen["instructions"] = observe_instruction(action.instruction)
    return seen


def observe_instruction(instruction: Instruction | None) -> Fields | None:
    """What a renewal is told, without what it says nothing about."""
    return None if instruction is None else msgspec.to_builtins(instruction)


def observe_subscription(subscription: Subscription) -> Fields:
    """Every field of a subscription that planning may read."""
    return {
        "type": "subscription",
        "id": subscription.id,
        "offerId": subscription.offer_id,
        "name": subscription.name,
        "status": subscription.status,
        "quantity": subscription.quantity,
        "orderId": subscription.order_id,
        "parentSubscriptionId": subscription.parent_subscription_id,
        "productType": subscription.product_type,
        "billingType": subscription.billing_type,
        "billingCycle": subscription.billing_cycle,
        "unitType": subscription.unit_type,
        "termDuration": subscription.term_duration,
        "isTrial": subscription.is_trial,
        "isMicrosoftProduct": subscription.is_microsoft_product,
        "publisher": subscription.publisher,
        "partnerId": subscription.partner_id,
        "autoRenewEnabled": subscription.auto_renew,
        "scheduledActions": observe_schedule(subscription.scheduled_actions),
        "scheduledInstructions": observe_instructions(subscription.scheduled_actions),
        "scheduledNextTerm": subscription.scheduled_next_term,
        "nextTermInstructions": observe_instruction(subscription.next_term),
        "nextChargeInstructions": subscription.next_charge,
        "promotionId": subscription.promotion_id,
        "effectiveStartDate": instant(subscription.effective_start),
        "commitmentEndDate": instant(subscription.commitment_end),
        "cancellationAllowedUntilDate": instant(subscription.cancellation_allowed_until),
        "suspensionReasons": list(subscription.suspension_reasons),
        "scheduledChanges": [each.changes for each in subscription.scheduled_actions or () if each.changes],
        "createdDate": instant(subscription.created),
        "refundOptions": [f"{each.type} until {instant(each.expires)}" for each in subscription.refund_options],
    }


def line_is_cancelled(order: Order, line: OrderLineItem) -> bool:
    """A cancelled line has quantity 0 in an order that stays `completed`; old ones keep it in a `cancelled` order."""
    return order.status == "cancelled" or line.quantity == 0


def observe_order_line(order: Order, line: OrderLineItem) -> Fields:
    """One order line with the fields of its order that matter to it."""
    return {
        "type": "order-line",
        "id": f"{order.id}/{line.number}",
        "name": line.name,
        "offerId": line.offer_id,
        "quantity": line.quantity,
        "cancelled": line_is_cancelled(order, line),
        "orderPending": order.status not in {"completed", "cancelled"},
        "alternateId": order.alternate_id,
        "billingCycle": order.billing_cycle,
        "termDuration": line.term_duration,
        "subscriptionId": line.subscription_id,
        "createdDate": instant(order.created),
    }


def observe_entitlement(entitlement: Entitlement) -> Fields:
    """One entitlement; `id` carries the type, because one order line may be seen as several kinds."""
    return {
        "type": "entitlement",
        "id": f"{entitlement.order_id}/{entitlement.line_item}/{entitlement.entitlement_type}",
        "orderLine": f"{entitlement.order_id}/{entitlement.line_item}",
        "productId": entitlement.product_id,
        "skuId": entitlement.sku_id,
        "entitlementType": entitlement.entitlement_type,
        "quantity": entitlement.quantity,
        "fulfillmentState": entitlement.fulfillment_state,
        "expiryDate": instant(entitlement.expires),
        "reservationOrders": list(entitlement.reservation_orders),
    }


def observe_azure_entitlement(entitlement: AzureEntitlement) -> Fields:
    """One Azure subscription under its plan."""
    return {
        "type": "azure-subscription",
        "id": entitlement.id,
        "planId": entitlement.plan_id,
        "name": entitlement.name,
        "status": entitlement.status,
        "running": entitlement.status not in ENDED_AZURE_STATUSES,
        "subscriptionId": entitlement.subscription_id,
    }


def observe_delegated_admin(relationship: DelegatedAdminRelationship) -> Fields:
    """One GDAP relationship. `underWay` says that it is ending and not over yet."""
    return {
        "type": "delegated-admin",
        "id": relationship.id,
        "name": relationship.name,
        "status": relationship.status,
        "ended": relationship.status in ENDED_RELATIONSHIPS,
        "underWay": relationship.status in ENDING_RELATIONSHIPS,
        "endDate": instant(relationship.ends),
    }


def reservation_name(reservation: Reservation) -> str:
    """The ID under which it is observed: reservation IDs alone are named below their order."""
    return f"{reservation.order_id}/{reservation.reservation_id}"


def reservation_lives(reservation: Reservation) -> bool:
    """Whether Azure shows that there is something left of it."""
    return reservation.quantity > 0 and reservation.state not in ENDED_RESERVATION_STATES


def observe_reservations(reservations: Iterable[Reservation], entitlements: Iterable[Entitlement]) -> list[Fields]:
    """The reservations of a customer. One that has ended in Azure is not `live` only once Partner Center agrees.

    Partner Center decides by its entitlements what blocks a removal, and may lag behind Azure (API facts, 9.4).
    """
    all_of_them, entitled = list(reservations), list(entitlements)
    return [_observe_reservation(each, all_of_them, entitled) for each in all_of_them]


def _observe_reservation(one: Reservation, others: list[Reservation], entitled: list[Entitlement]) -> Fields:
    living = sum(each.quantity for each in others if each.order_id == one.order_id and reservation_lives(each))
    counted = sum(row.quantity for row in entitled if one.order_id in row.reservation_orders)
    ended = not reservation_lives(one)
    return {
        "type": "reservation",
        "id": reservation_name(one),
        "reservationOrder": one.order_id,
        "name": one.name,
        "quantity": one.quantity,
        "state": one.state,
        "live": not ended or counted > living,
        "expiryDate": instant(one.expires),
    }


def observe_transfer(transfer: Transfer) -> Fields:
    """One transfer with what it moves."""
    lines = transfer.lines
    return {
        "type": "transfer",
        "id": transfer.id,
        "name": transfer.target_partner or transfer.id,
        "status": transfer.status,
        "open": transfer.status not in ENDED_TRANSFERS,
        "expiryDate": instant(transfer.expires),
        "lines": None
        if lines is None
        else sorted(line.subscription_id or line.order_id or line.name for line in lines),
    }


def observe_reseller(reseller: Reseller) -> Fields:
    """One indirect reseller of the customer."""
    return {
        "type": "reseller",
        "id": reseller.id,
        "name": reseller.name,
        "mpnId": reseller.mpn_id,
        "state": reseller.state,
    }


def observe_items(state: CustomerState) -> list[Fields]:
    """Everything the customer holds, sorted by type and ID."""
    items = [observe_subscription(subscription) for subscription in state.subscriptions]
    items += [observe_order_line(order, line) for order in state.orders for line in order.line_items]
    items += [observe_entitlement(entitlement) for entitlement in state.entitlements]
    items += [observe_azure_entitlement(entitlement) for entitlement in state.azure_entitlements]
    items += [observe_delegated_admin(relationship) for relationship in state.delegated_admin or ()]
    items += observe_reservations(state.reservations or (), state.entitlements)
    items += [observe_transfer(transfer) for transfer in state.transfers or ()]
    items += [observe_reseller(reseller) for reseller in state.resellers or ()]
    return sorted(items, key=lambda item: (item["type"], item["id"]))
