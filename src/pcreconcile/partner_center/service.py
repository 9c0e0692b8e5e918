"""Partner Center as applying and cli see it: the `Service` port, and the snapshot that planning works on."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.model.errors import ConfigurationError, IncompleteRead
from pcreconcile.model.estate import CustomerList, CustomerState, ReadProof, Snapshot
from pcreconcile.model.ids import TenantId
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center.instants import parse_http_date
from pcreconcile.partner_center.items import Items
from pcreconcile.partner_center.reader import Reader
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.tokens import Identity, Tokens
from pcreconcile.partner_center.writer import USER_KINDS, WRITABLE, WriteOrder, Writer

_CUSTOMERS_AT_ONCE = 16


class PartnerCenter:
    """One partner's Partner Center. Methods raise as the `Service` port says."""

    def __init__(self, partner_tenant: TenantId, session: Session, tokens: Tokens) -> None:
        self._partner_tenant = partner_tenant
        self._session = session
        self._tokens = tokens
        self._reader = Reader(session)
        self._items = Items(session, self._reader)
        self._writer = Writer(session, self._items)

    async def authorise(self, kinds: frozenset[ActionKind]) -> None:
        """Obtain every token that these kinds of actions need, before the first write.

        Raises AuthenticationError, and ConfigurationError for kinds that nobody can write through Partner Center.
        """
        impossible = sorted(kind.value for kind in kinds - WRITABLE)
        if impossible:
            raise ConfigurationError(f"this version cannot carry out {', '.join(impossible)}: do it by hand")
        await self._tokens.get(Identity.APPLICATION)
        if kinds & USER_KINDS:
            await self._tokens.get(Identity.USER)

    async def service_time(self) -> datetime:
        """The service's clock, from the Date header of a small read. Raises IncompleteRead when it tells none."""
        received = await self._session.read("/v1/customers?size=1")
        told = parse_http_date(received.date)
        if told is None:
            raise IncompleteRead("the service's answer has no Date header")
        return told

    async def list_customers(self) -> CustomerList:
        """All pages of the customers list; an unfinished read is in its proof, not raised."""
        return await self._reader.customers()

    async def read_customer(self, tenant_id: TenantId) -> CustomerState:
        """Everything one customer holds; unfinished reads are in its proofs, not raised.

        `customer` is None when the read by ID says that there is none, which proves absence only together with a
        complete list.
        """
        return await self._reader.state(tenant_id)

    async def read_item(
        self, tenant_id: TenantId, item_type: str, item_id: str, parent_id: str | None
    ) -> Fields | None:
        """One thing as `model.observed` gives it; None when the service says that it does not exist."""
        return await self._items.read(tenant_id, item_type, item_id, parent_id)

    async def write(self, request: WriteOrder) -> Any:
        """Send one write, once, under `request.request_id`; never repeated by itself.

        Answers a `writer.WriteAnswer`. The port names its own class, which this package may not know; hence `Any`.
        """
        return await self._writer.write(request)

    async def snapshot(self, tenants: Collection[TenantId], now: datetime) -> Snapshot:
        """The customers list and everything about `tenants`; `now` is when the caller says that this is.

        Unfinished reads and contradictions between the list and a read by ID are in the proofs.
        """
        listed = await self._reader.customers()
        slots = asyncio.Semaphore(_CUSTOMERS_AT_ONCE)

        async def state(tenant_id: TenantId) -> CustomerState:
            async with slots:
                return _checked_against_list(await self._reader.state(tenant_id), listed)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(state(tenant_id)) for tenant_id in sorted(set(tenants))]
        except ExceptionGroup as failures:  # a refused token; one is as good as all of them
            raise failures.exceptions[0] from None
        return Snapshot(self._partner_tenant, now, listed, {task.result().tenant_id: task.result() for task in tasks})


def _checked_against_list(state: CustomerState, listed: CustomerList) -> CustomerState:
    """The state, its first proof spoilt when the list and the read by ID do not agree on the customer."""
    row = listed.customers.get(state.tenant_id)
    gone = state.customer is None or state.customer.relationship == "none"
    problem = ""
    if row is not None and gone and row.relationship != "none":
        problem = "the customers list shows it, the read by ID does not"
    if row is None and gone and not listed.read.complete:
        problem = "absence proves nothing while the customers list is incomplete"
    if not problem or state.problems:
        return state
    spoilt = ReadProof("customer", complete=False, problem=problem)
    return msgspec.structs.replace(state, reads=(spoilt, *state.reads[1:]))
