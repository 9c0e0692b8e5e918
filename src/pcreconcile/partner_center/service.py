"""Partner Center as applying and cli see it: the `Service` port, and the snapshot that planning works on."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec

from pcreconcile.model.errors import (
    AuthenticationError,
    ConfigurationError,
    IncompleteRead,
    PcreconcileError,
    RemoteError,
)
from pcreconcile.model.estate import (
    AuditTrail,
    CustomerList,
    CustomerState,
    ReadProof,
    RemovalRecord,
    Resource,
    Snapshot,
)
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import TenantId
from pcreconcile.model.masking import is_masked
from pcreconcile.model.observed import Fields, observe_items
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center.audit import Audit
from pcreconcile.partner_center.beyond import ITEM_TYPES, WRITES, Beyond
from pcreconcile.partner_center.blocking_orders import blocking_orders
from pcreconcile.partner_center.claims import claims_of, user_of
from pcreconcile.partner_center.instants import parse_http_date
from pcreconcile.partner_center.items import Items
from pcreconcile.partner_center.reader import Reader
from pcreconcile.partner_center.routes import route
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.tokens import Identity, Tokens
from pcreconcile.partner_center.writer import WRITABLE, WriteOrder, Writer, identity_of

_SMALL = route("v1", "customers", query={"size": "1"})
_CUSTOMERS_AT_ONCE = 16
_EXPLAINING = 10.0  # seconds that a refusal waits for its explanation


class PartnerCenter:
    """One partner's Partner Center. Methods raise as the `Service` port says."""

    def __init__(
        self, partner_tenant: TenantId, session: Session, tokens: Tokens, graph: Session, management: Session
    ) -> None:
        self._partner_tenant = partner_tenant
        self._session = session
        self._tokens = tokens
        self._reader = Reader(session)
        self._items = Items(session, self._reader)
        self._writer = Writer(session, self._items)
        self._audit = Audit(session)
        self._beyond = Beyond(session, graph, management, self._reader)

    async def authorise(self, kinds: frozenset[ActionKind]) -> None:
        """Obtain every token that these kinds of actions need, before the first write.

        Raises AuthenticationError, and ConfigurationError for kinds that nobody can write through Partner Center.
        """
        impossible = sorted(kind.value for kind in kinds - WRITABLE - WRITES)
        if impossible:
            raise ConfigurationError(f"this version cannot carry out {', '.join(impossible)}: do it by hand")
        await self._tokens.get(Identity.APPLICATION)
        if any(identity_of(kind) is Identity.USER for kind in kinds & WRITABLE):
            await self._tokens.get(Identity.USER)
        await self._beyond.authorise(kinds)

    async def user(self) -> str | None:
        """The user principal name for whom App+User tokens speak; None where there is no such token.

        It is compared and journalled, so it is what the token says and never masked; "" for a token that does not say,
        and for a name that holds a secret or a mask. A refresh token that the login service refuses gives no token to
        anybody; raises AuthenticationError when it cannot be asked.
        """
        if not self._tokens.has_user:
            return None
        try:
            token = await self._tokens.get(Identity.USER)
        except AuthenticationError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            return None
        name = user_of(claims_of(token.value))
        return "" if is_masked(name) or self._tokens.betrays(name) else name

    async def audit_trail(self, since: datetime) -> AuditTrail:
        """All audit records since then, of all customers; an unfinished read is in its proof, not raised."""
        return await self._audit.trail(since)

    async def removal_trail(self, since: datetime) -> AuditTrail:
        """Those of removed relationships alone, of all customers, likewise."""
        return await self._audit.removals(since)

    async def service_time(self) -> datetime:
        """The service's clock, from the Date header of a small read. Raises IncompleteRead when it tells none."""
        received = await self._session.read(_SMALL)
        told = parse_http_date(received.date)
        if told is None:
            raise IncompleteRead("the service's answer has no Date header")
        return told

    async def list_customers(self) -> CustomerList:
        """All pages of the customers list; an unfinished read is in its proof, not raised."""
        return await self._reader.customers()

    async def read_customer(self, tenant_id: TenantId, extras: frozenset[Extra] = frozenset()) -> CustomerState:
        """Everything one customer holds, and these extras; unfinished reads are in its proofs, not raised.

        `customer` is None when the read by ID says that there is none, which proves absence only together with a
        complete list.
        """
        return await self._beyond.with_extras(await self._reader.state(tenant_id), extras)

    async def with_quotes(self, state: CustomerState) -> CustomerState:
        """The state with what returning each living reservation gives, where the service says so."""
        return await self._beyond.with_quotes(state)

    async def removal_record(self, tenant_id: TenantId, since: datetime) -> RemovalRecord | None:
        """The service's own record that the relationship was removed since then (at most 89 days back)."""
        return await self._beyond.removal_record(tenant_id, since)

    async def read_item(
        self, tenant_id: TenantId, item_type: str, item_id: str, parent_id: str | None
    ) -> Fields | None:
        """One thing as `model.observed` gives it; None when the service says that it does not exist."""
        if item_type in ITEM_TYPES:
            return await self._beyond.read_item(tenant_id, item_type, item_id)
        return await self._items.read(tenant_id, item_type, item_id, parent_id)

    async def write(self, request: WriteOrder) -> Any:
        """Send one write, once, under `request.request_id`; never repeated by itself.

        Answers a `writer.WriteAnswer`. The port names its own class, which this package may not know; hence `Any`.
        A refused removal that names orders gets told what these are, as far as a read shows it in time.
        """
        if request.kind in WRITES:
            return await self._beyond.write(request)
        try:
            return await self._writer.write(request)
        except RemoteError as error:
            if request.kind is ActionKind.REMOVE_RELATIONSHIP:
                error.remedy = await self._what_blocks(request.tenant_id, error) or error.remedy
            raise

    async def _what_blocks(self, tenant_id: TenantId, error: RemoteError) -> str:
        """Never raises: the refusal itself is what must be told."""
        if not blocking_orders(error.message, ()):
            return ""
        try:
            async with asyncio.timeout(_EXPLAINING):
                state = await self._reader.state(tenant_id)
        except (PcreconcileError, TimeoutError):
            return ""
        return "; ".join(str(order) for order in blocking_orders(error.message, observe_items(state)))

    async def snapshot(self, wanted: Mapping[TenantId, Collection[Extra]], now: datetime) -> Snapshot:
        """The customers list, and everything about the customers wanted, each with its extras.

        `now` is when the caller says that this is. Unfinished reads and contradictions between the list and a read by
        ID are in the proofs.
        """
        listed = await self._reader.customers()
        if listed.read.credential:  # who is refused at the door need not ask for each customer
            states = {tenant_id: _unasked(tenant_id, listed.read) for tenant_id in wanted}
            return Snapshot(self._partner_tenant, now, listed, states)
        slots = asyncio.Semaphore(_CUSTOMERS_AT_ONCE)
        records: dict[TenantId, RemovalRecord] = {}

        async def state(tenant_id: TenantId) -> CustomerState:
            async with slots:
                extras = frozenset(wanted[tenant_id])
                seen = _checked_against_list(await self._reader.state(tenant_id), listed)
                found = await self._beyond.with_quotes(await self._beyond.with_extras(seen, extras))
                absent = not listed.doubt_of_absence and tenant_id not in listed.customers
                if absent and Extra.REMOVAL_RECORD in extras and listed.odd_row_of(tenant_id) is None:
                    found, record = await self._beyond.with_removal_record(found, now)
                    records.update({} if record is None else {tenant_id: record})
                return found

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(state(tenant_id)) for tenant_id in sorted(wanted)]
        except ExceptionGroup as failures:  # a setting that is wrong; one is as good as all of them
            raise failures.exceptions[0] from None
        states = {task.result().tenant_id: task.result() for task in tasks}
        return Snapshot(self._partner_tenant, now, listed, states, removal_records=records)


def _unasked(tenant_id: TenantId, refused: ReadProof) -> CustomerState:
    """A customer who was not asked for, because the credential was refused for the list already."""
    proof = ReadProof(Resource.CUSTOMER, complete=False, problem=refused.problem, credential=refused.credential)
    return CustomerState(tenant_id, None, reads=(proof,))


def _checked_against_list(state: CustomerState, listed: CustomerList) -> CustomerState:
    """The state, its first proof spoilt when the list and the read by ID do not agree on the customer."""
    row = listed.customers.get(state.tenant_id)
    gone = state.customer is None or state.customer.relationship == "none"
    problem = ""
    if row is not None and gone and row.relationship != "none":
        problem = "the customers list shows it, the read by ID does not"
    if row is None and gone:
        odd = listed.odd_row_of(state.tenant_id)
        problem = listed.doubt_of_absence if odd is None else f"in the customers list {odd}"
    if not problem or state.problems:
        return state
    spoilt = ReadProof(Resource.CUSTOMER, complete=False, problem=problem)
    return msgspec.structs.replace(state, reads=(spoilt, *state.reads[1:]))
