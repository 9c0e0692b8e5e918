"""One thing, read again by its type and ID as `model.observed` names it: before a write, and until a write shows."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from pcreconcile.model.errors import IncompleteRead, RemoteError
from pcreconcile.model.estate import Customer, CustomerList
from pcreconcile.model.ids import SubscriptionId, TenantId
from pcreconcile.model.observed import (
    Fields,
    observe_azure_entitlement,
    observe_entitlement,
    observe_order_line,
    observe_subscription,
)
from pcreconcile.partner_center.decoding import decode_order, decode_subscription
from pcreconcile.partner_center.paging import Collected
from pcreconcile.partner_center.reader import ENTITLEMENTS, Reader, Row, customer_path
from pcreconcile.partner_center.routes import Route
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.wire import Members, UnexpectedShape

NO_RELATIONSHIP = "none"
_UNSETTLED = "unknown"  # the list and the read by ID contradict each other: neither here nor gone


class Items:
    """Single things of one partner. Reads raise RemoteError, NoAnswer and IncompleteRead."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self._session = session
        self._reader = reader

    async def read(self, tenant_id: TenantId, item_type: str, item_id: str, parent_id: str | None) -> Fields | None:
        """The thing's fields, or None when the service says that it does not exist."""
        match item_type:
            case "customer":
                return await self._customer(tenant_id)
            case "subscription":
                found = await self.resource(customer_path(tenant_id, "subscriptions", item_id), "subscription")
                return None if found is None else subscription_fields(found, item_id)
            case "order-line":
                order_id, line = split_line(item_id)
                found = await self.resource(customer_path(tenant_id, "orders", order_id), "order")
                return None if found is None else order_line_fields(found, order_id, line)
            case "entitlement":
                entitlements = complete(await self._reader.rows(tenant_id, ENTITLEMENTS))
                return with_id(map(observe_entitlement, entitlements), item_id)
            case "azure-subscription":
                return await self._azure_subscription(tenant_id, item_id, parent_id)
        raise IncompleteRead(f"there is no read for a thing of type {item_type}")

    async def resource(self, path: Route, what: str) -> Members | None:
        """One resource as it came; None for a 404."""
        try:
            received = await self._session.read(path)
        except RemoteError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return Members(received.value, what)

    async def _azure_subscription(self, tenant_id: TenantId, item_id: str, plan: str | None) -> Fields | None:
        """Out of its plan's collection: the documentation disagrees on the read of a single one (facts, 5.8)."""
        if plan is None:
            raise IncompleteRead("an Azure subscription cannot be read without its plan")
        found = complete(await self._reader.azure_entitlements(tenant_id, SubscriptionId(plan)))
        return with_id(map(observe_azure_entitlement, found), item_id)

    async def _customer(self, tenant_id: TenantId) -> Fields:
        """The relationship: "none" needs both the read by ID and a complete list without the customer."""
        found = await self._reader.customer_by_id(tenant_id)
        relationship = found.relationship
        if relationship == NO_RELATIONSHIP:
            relationship = _settled(await self._reader.customers(), tenant_id)
        return customer_fields(tenant_id, relationship, found.customer)


def customer_fields(tenant_id: TenantId, relationship: str | None, customer: Customer | None) -> Fields:
    """A customer's business fields that writes change."""
    allowed = None if customer is None else customer.allow_delegated_access
    return {"type": "customer", "id": tenant_id, "relationship": relationship, "allowDelegatedAccess": allowed}


def subscription_fields(members: Members, item_id: str) -> Fields:
    """A subscription by ID. Raises UnexpectedShape when another one was answered."""
    subscription = decode_subscription(members)
    if subscription.id.lower() != item_id.lower():
        raise UnexpectedShape("subscription.id: another subscription was answered")
    return observe_subscription(subscription)


def order_line_fields(members: Members, order_id: str, number: int) -> Fields | None:
    """One line of an order by ID; None when the order has no such line."""
    order = decode_order(members)
    if order.id.lower() != order_id.lower():
        raise UnexpectedShape("order.id: another order was answered")
    return next((observe_order_line(order, line) for line in order.line_items if line.number == number), None)


def split_line(item_id: str) -> tuple[str, int]:
    """Order ID and line number of `orderId/lineItemNumber`. Raises IncompleteRead when it is something else."""
    order_id, _, number = item_id.rpartition("/")
    if not order_id or not (number.isascii() and number.isdigit()):
        raise IncompleteRead("an order line is named orderId/lineItemNumber")
    return order_id, int(number)


def _settled(listed: CustomerList, tenant_id: TenantId) -> str:
    """Raises IncompleteRead when absence from the list proves nothing."""
    if tenant_id in listed.customers or listed.odd_row_of(tenant_id) is not None:
        return _UNSETTLED
    if doubt := listed.doubt_of_absence:
        raise IncompleteRead(doubt)
    return NO_RELATIONSHIP


def complete(found: Collected[Row]) -> tuple[Row, ...]:
    """The rows. Raises what ended an unfinished read."""
    if found.error is not None:
        raise found.error
    if not found.proof.complete:
        raise IncompleteRead(f"{found.proof.resource}: {found.proof.problem}")
    return found.rows


def with_id(things: Iterable[Fields], item_id: str) -> Fields | None:
    return next((fields for fields in things if str(fields["id"]).lower() == item_id.lower()), None)
