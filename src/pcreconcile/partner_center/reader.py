"""What a partner's customers are and hold, each collection with the proof of how it was read.

A customer costs four reads and one more per Azure plan. Unfinished reads are proofs, not exceptions, a refused token
included: one customer that cannot be read does not hide the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

import msgspec

from pcreconcile.model.errors import AuthenticationError, IncompleteRead, NoAnswer, PcreconcileError, RemoteError
from pcreconcile.model.estate import (
    AzureEntitlement,
    Customer,
    CustomerList,
    CustomerState,
    Order,
    ReadProof,
    Resource,
    Subscription,
    azure_read_of,
)
from pcreconcile.model.ids import SubscriptionId, TenantId
from pcreconcile.partner_center.azure_plans import may_be_azure_plan, must_show_entitlements
from pcreconcile.partner_center.decoding import (
    decode_azure_entitlement,
    decode_customer,
    decode_entitlement,
    decode_order,
    decode_subscription,
    is_without_relationship,
    tenant_of,
)
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.refusals import says_not_ours
from pcreconcile.partner_center.routes import Route, route
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.wire import Members, UnexpectedShape

Row = TypeVar("Row", bound=msgspec.Struct)

UNREADABLE = (RemoteError, NoAnswer, IncompleteRead)

_CUSTOMERS = Listing(
    resource=Resource.CUSTOMERS,
    path=("customers",),
    query={"size": "500"},
    decode=decode_customer,
    key=lambda customer: customer.tenant_id,
    seek={"size": "500", "seekOperation": "Next"},
    whose=tenant_of,
)


def failed(resource: str, error: PcreconcileError) -> ReadProof:
    """The proof of a read that failed: what went wrong, and the partner's credential where that is the reason."""
    credential = error.credential if isinstance(error, AuthenticationError) else ""
    return ReadProof(resource, complete=False, problem=str(error), credential=credential)


def customer_path(tenant_id: TenantId, *parts: str) -> Route:
    """The path of one customer's resource. Raises UnexpectedShape for an ID that cannot stand in one."""
    return route("v1", "customers", tenant_id, *parts)


class CustomerRead(msgspec.Struct, frozen=True):
    """A customer by ID. `customer` is None when the service says that the partner has none under this ID.

    `relationship` is "none" in that case and when the body says so, whatever else it leaves out.
    """

    customer: Customer | None
    relationship: str | None


class Reader:
    """Reads of one partner."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._prices = True  # until the service has refused to show them

    async def customers(self) -> CustomerList:
        """All pages of the customers list; an unfinished read is in its proof, odd rows beside it."""
        found = await collect(self._session.read, self._session.base, _CUSTOMERS)
        odd = {row.tenant_id for row in found.odd}
        known = {customer.tenant_id: customer for customer in found.rows if customer.tenant_id not in odd}
        return CustomerList(known, found.proof, found.odd)

    async def customer_by_id(self, tenant_id: TenantId) -> CustomerRead:
        """One customer. Raises RemoteError, NoAnswer and IncompleteRead when the service does not say clearly."""
        try:
            received = await self._session.read(customer_path(tenant_id))
        except RemoteError as error:
            if says_not_ours(error):
                return CustomerRead(None, "none")
            raise
        members = Members(received.value, "customer")
        if is_without_relationship(members):
            return CustomerRead(_if_complete(members), "none")
        customer = decode_customer(members)
        if customer.tenant_id != tenant_id:
            raise UnexpectedShape("customer.id: another customer was answered")
        return CustomerRead(customer, customer.relationship)

    async def state(self, tenant_id: TenantId) -> CustomerState:
        """Everything one customer holds; unfinished reads are in its proofs.

        Where the service says that there is no relationship, nothing else is asked for.
        """
        try:
            found = await self.customer_by_id(tenant_id)
        except UNREADABLE as error:
            return CustomerState(tenant_id, None, reads=(failed(Resource.CUSTOMER, error),))
        proof = ReadProof(Resource.CUSTOMER, complete=True, pages=1, items=0 if found.customer is None else 1)
        if found.customer is None or found.relationship == "none":
            return CustomerState(tenant_id, found.customer, reads=(proof,))
        return await self._holdings(tenant_id, found.customer, proof)

    async def _holdings(self, tenant_id: TenantId, customer: Customer, proof: ReadProof) -> CustomerState:
        subscriptions, orders, entitlements = await asyncio.gather(
            self.rows(tenant_id, SUBSCRIPTIONS), self._orders(tenant_id), self.rows(tenant_id, ENTITLEMENTS)
        )
        plans = [subscription for subscription in subscriptions.rows if may_be_azure_plan(subscription)]
        asked = await asyncio.gather(*(self._under_plan(tenant_id, plan) for plan in plans))
        azure = [found for found in asked if found is not None]
        return CustomerState(
            tenant_id,
            customer,
            subscriptions=subscriptions.rows,
            orders=orders.rows,
            entitlements=entitlements.rows,
            azure_entitlements=tuple(row for found in azure for row in found.rows),
            reads=(proof, subscriptions.proof, orders.proof, entitlements.proof, *(found.proof for found in azure)),
        )

    async def _orders(self, tenant_id: TenantId) -> Collected[Order]:
        """The orders with their prices; without them where the service does not know the parameter.

        Prices only estimate, so that they must not stand between us and the orders. Asked for in vain once, they are
        not asked for again.
        """
        if self._prices:
            priced = await self.rows(tenant_id, PRICED_ORDERS)
            if priced.status != HTTPStatus.BAD_REQUEST:
                return priced
        plain = await self.rows(tenant_id, ORDERS)
        self._prices = self._prices and not plain.proof.complete
        return plain

    async def rows(self, tenant_id: TenantId, listing: Listing[Row]) -> Collected[Row]:
        """One collection of a customer; `listing.path` is relative to the customer."""
        return await collect(self._session.read, self._session.base, listing.of_customer(tenant_id))

    async def azure_entitlements(self, tenant_id: TenantId, plan_id: SubscriptionId) -> Collected[AzureEntitlement]:
        """The Azure subscriptions under one plan."""
        return await self.rows(tenant_id, _azure_entitlements_of(plan_id))

    async def _under_plan(self, tenant_id: TenantId, plan: Subscription) -> Collected[AzureEntitlement] | None:
        """As `azure_entitlements`; None when a 404 shows that what might have been a plan is none."""
        found = await self.azure_entitlements(tenant_id, plan.id)
        missing = found.error is not None and found.error.status == HTTPStatus.NOT_FOUND
        return None if missing and not must_show_entitlements(plan) else found


SUBSCRIPTIONS = Listing(Resource.SUBSCRIPTIONS, ("subscriptions",), decode_subscription, lambda row: row.id)
ORDERS = Listing(Resource.ORDERS, ("orders",), decode_order, lambda row: row.id)
# The parameter as the REST reference of the orders spells it (manage-orders: get-orders).
PRICED_ORDERS = msgspec.structs.replace(ORDERS, query={"include_price": "true"})
ENTITLEMENTS = Listing(
    Resource.ENTITLEMENTS, ("entitlements",), decode_entitlement, lambda row: row, query={"showExpiry": "true"}
)


def _azure_entitlements_of(plan_id: SubscriptionId) -> Listing[AzureEntitlement]:
    def decode(row: Members) -> AzureEntitlement:
        return decode_azure_entitlement(row, plan_id)

    key: Callable[[AzureEntitlement], str] = lambda row: row.id  # noqa: E731
    return Listing(azure_read_of(plan_id), ("subscriptions", plan_id, "azureEntitlements"), decode, key)


def _if_complete(members: Members) -> Customer | None:
    try:
        return decode_customer(members)
    except IncompleteRead:
        return None
