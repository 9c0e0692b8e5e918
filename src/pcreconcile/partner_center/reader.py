"""What a partner's customers are and hold, each collection with the proof of how it was read.

A customer costs four reads and one more per Azure plan. Unfinished reads are proofs, not exceptions: one customer that
cannot be read does not hide the others. A refused token is raised, because then nothing can be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import msgspec

from pcreconcile.model.errors import AuthenticationError, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import (
    AzureEntitlement,
    Customer,
    CustomerList,
    CustomerState,
    Order,
    ReadProof,
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
)
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.refusals import says_not_ours
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.wire import Members, UnexpectedShape

Row = TypeVar("Row", bound=msgspec.Struct)

_CUSTOMERS = Listing(
    resource="customers",
    path="/customers?size=500",
    decode=decode_customer,
    key=lambda customer: customer.tenant_id,
    seek="/customers?size=500&seekOperation=Next",
)


def customer_path(tenant_id: TenantId, *parts: str) -> str:
    """A path below /v1 of one customer's resources; IDs are opaque, so each part is quoted."""
    return "/".join(("/customers", quote(tenant_id, safe=""), *(quote(part, safe="") for part in parts)))


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
        """All pages of the customers list; an unfinished read is in its proof. Raises AuthenticationError alone."""
        found = await collect(self._session.read, self._session.base, _CUSTOMERS)
        return CustomerList({customer.tenant_id: customer for customer in found.rows}, found.proof)

    async def customer_by_id(self, tenant_id: TenantId) -> CustomerRead:
        """One customer. Raises RemoteError, NoAnswer and IncompleteRead when the service does not say clearly."""
        try:
            received = await self._session.read("/v1" + customer_path(tenant_id))
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
        """Everything one customer holds; unfinished reads are in its proofs. Raises AuthenticationError alone.

        Where the service says that there is no relationship, nothing else is asked for.
        """
        try:
            found = await self.customer_by_id(tenant_id)
        except AuthenticationError:
            raise
        except (RemoteError, NoAnswer, IncompleteRead) as error:
            return CustomerState(tenant_id, None, reads=(ReadProof("customer", complete=False, problem=str(error)),))
        proof = ReadProof("customer", complete=True, pages=1, items=0 if found.customer is None else 1)
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
        placed = msgspec.structs.replace(listing, path=customer_path(tenant_id) + listing.path)
        return await collect(self._session.read, self._session.base, placed)

    async def azure_entitlements(self, tenant_id: TenantId, plan_id: SubscriptionId) -> Collected[AzureEntitlement]:
        """The Azure subscriptions under one plan."""
        return await self.rows(tenant_id, _azure_entitlements_of(plan_id))

    async def _under_plan(self, tenant_id: TenantId, plan: Subscription) -> Collected[AzureEntitlement] | None:
        """As `azure_entitlements`; None when a 404 shows that what might have been a plan is none."""
        found = await self.azure_entitlements(tenant_id, plan.id)
        missing = found.error is not None and found.error.status == HTTPStatus.NOT_FOUND
        return None if missing and not must_show_entitlements(plan) else found


SUBSCRIPTIONS = Listing("subscriptions", "/subscriptions", decode_subscription, lambda row: row.id)
ORDERS = Listing("orders", "/orders", decode_order, lambda row: row.id)
# The parameter as the REST reference of the orders spells it (manage-orders: get-orders).
PRICED_ORDERS = Listing("orders", "/orders?include_price=true", decode_order, lambda row: row.id)
ENTITLEMENTS = Listing("entitlements", "/entitlements?showExpiry=true", decode_entitlement, lambda row: row)


def _azure_entitlements_of(plan_id: SubscriptionId) -> Listing[AzureEntitlement]:
    def decode(row: Members) -> AzureEntitlement:
        return decode_azure_entitlement(row, plan_id)

    key: Callable[[AzureEntitlement], str] = lambda row: row.id  # noqa: E731
    path = f"/subscriptions/{quote(plan_id, safe='')}/azureEntitlements"
    return Listing(azure_read_of(plan_id), path, decode, key)


def _if_complete(members: Members) -> Customer | None:
    try:
        return decode_customer(members)
    except IncompleteRead:
        return None
