"""What lies beyond commerce: delegated access in Microsoft Graph, reservations in Azure, counterparties, audit records.

Each extra of a customer is read to its end or not at all, and what went wrong is a proof beside it, never an exception:
which customers become unknown by it is for planning to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.estate import (
    CustomerState,
    DelegatedAdminRelationship,
    Excuse,
    ReadProof,
    RemovalRecord,
    Reservation,
    Resource,
)
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import TenantId
from pcreconcile.model.observed import (
    Fields,
    observe_delegated_admin,
    observe_reservations,
    reservation_lives,
)
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center import counterparties
from pcreconcile.partner_center.audit import LOOK_BACK, Audit
from pcreconcile.partner_center.graph import Graph
from pcreconcile.partner_center.items import complete, with_id
from pcreconcile.partner_center.management import Management, split_reservation
from pcreconcile.partner_center.reader import ENTITLEMENTS, UNREADABLE, Reader, failed
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.writer import WriteAnswer, WriteOrder

Found = TypeVar("Found")

WRITES = frozenset({ActionKind.TERMINATE_DELEGATED_ACCESS, ActionKind.RETURN_RESERVATION})
ITEM_TYPES = frozenset({"delegated-admin", "reservation"}) | counterparties.ITEM_TYPES


class Beyond:
    """One partner's reads and writes outside commerce. `management` is Azure's, `graph` Microsoft Graph's session."""

    def __init__(self, partner_center: Session, graph: Session, management: Session, reader: Reader) -> None:
        self._graph = Graph(graph)
        self._management = Management(management)
        self._audit = Audit(partner_center)
        self._counterparties = counterparties.Counterparties(partner_center)
        self._partner_center = partner_center
        self._reader = reader

    async def authorise(self, kinds: frozenset[ActionKind]) -> None:
        """Obtain the tokens of those kinds that are written here. Raises AuthenticationError, ConfigurationError.

        For a return this proves that there is a person who can sign in; the token itself is issued in the customer's
        tenant, when the reservations are read there, so that one tenant's refusal does not stop the others.
        """
        if ActionKind.TERMINATE_DELEGATED_ACCESS in kinds:
            await self._graph.authorise()
        if ActionKind.RETURN_RESERVATION in kinds:
            await self._partner_center.authorise(Identity.USER)

    async def with_extras(self, state: CustomerState, extras: frozenset[Extra]) -> CustomerState:
        """The state with what else was asked for."""
        if Extra.DELEGATED_ADMIN in extras:
            relationships, proof = await _proven(Extra.DELEGATED_ADMIN, lambda: self._relationships(state.tenant_id))
            state = replace(state, delegated_admin=relationships, reads=(*state.reads, proof))
        if Extra.RESERVATIONS in extras and state.customer is not None:
            reservations, proof = await _proven(Extra.RESERVATIONS, lambda: self._reservations(state))
            state = replace(state, reservations=reservations, reads=(*state.reads, proof))
        if Extra.TRANSFERS in extras and _is_ours(state):
            state = await self._counterparties.with_transfers(state)
        if Extra.RESELLERS in extras and _is_ours(state):
            state = await self._counterparties.with_resellers(state)
        return state

    async def with_quotes(self, state: CustomerState) -> CustomerState:
        """The state with what returning each living reservation gives, where the service says so.

        Whether we return it or a person does rests on the quote, so that one that could not be read is a read that
        failed like any other.
        """
        if not any(reservation_lives(each) for each in state.reservations or ()):
            return state
        quoted, proof = await _proven(Resource.REFUND_QUOTES, lambda: self._all_quoted(state))
        reservations = state.reservations if quoted is None else quoted
        return replace(state, reservations=reservations, reads=(*state.reads, proof))

    async def with_removal_record(
        self, state: CustomerState, now: datetime
    ) -> tuple[CustomerState, RemovalRecord | None]:
        """The record of an absent customer's removal, as far back as the service keeps any."""
        found: list[RemovalRecord] = []

        async def look() -> tuple[RemovalRecord, ...]:
            record = await self._audit.removal(state.tenant_id, now - LOOK_BACK)
            found.extend([] if record is None else [record])
            return tuple(found)

        _, proof = await _proven(Extra.REMOVAL_RECORD, look)
        return replace(state, reads=(*state.reads, proof)), next(iter(found), None)

    async def removal_record(self, tenant_id: TenantId, since: datetime) -> RemovalRecord | None:
        """The newest record of a removal since then. Raises RemoteError, NoAnswer and IncompleteRead."""
        return await self._audit.removal(tenant_id, since)

    async def read_item(self, tenant_id: TenantId, item_type: str, item_id: str) -> Fields | None:
        """One thing of `ITEM_TYPES`; None when the service says that it does not exist."""
        if item_type in counterparties.ITEM_TYPES:
            return await self._counterparties.read_item(tenant_id, item_type, item_id)
        if item_type == "delegated-admin":
            found = await self._graph.relationship(tenant_id, item_id)
            return None if found is None else observe_delegated_admin(found)
        order_id, _ = split_reservation(item_id)
        reservations = complete(await self._management.reservations(tenant_id, order_id))
        entitlements = complete(await self._reader.rows(tenant_id, ENTITLEMENTS))
        return with_id(observe_reservations(reservations, entitlements), item_id)

    async def write(self, order: WriteOrder) -> WriteAnswer:
        """One of `WRITES`; the work goes on at the service, and reading shows its end."""
        if order.kind is ActionKind.TERMINATE_DELEGATED_ACCESS:
            received = await self._graph.terminate(order.target_id, order.request_id)
        else:
            quantity = order.fields.get("quantity")
            received = await self._management.give_back(order.tenant_id, order.target_id, quantity, order.request_id)
        return WriteAnswer(received.status, received.correlation_id, accepted=True)

    async def _relationships(self, tenant_id: TenantId) -> tuple[DelegatedAdminRelationship, ...]:
        return complete(await self._graph.relationships(tenant_id))

    async def _reservations(self, state: CustomerState) -> tuple[Reservation, ...]:
        """Those of every order that Partner Center still counts."""
        orders = {order for row in state.entitlements if row.quantity > 0 for order in row.reservation_orders}
        found = [complete(await self._management.reservations(state.tenant_id, order)) for order in sorted(orders)]
        return tuple(each for of_order in found for each in of_order)

    async def _all_quoted(self, state: CustomerState) -> tuple[Reservation, ...]:
        """Raises what the first quote that could not be read raises, when all of them have ended."""
        quotes = [self._quoted(state.tenant_id, each) for each in state.reservations or ()]
        await asyncio.gather(*(tasks := [asyncio.ensure_future(each) for each in quotes]), return_exceptions=True)
        return tuple(task.result() for task in tasks)

    async def _quoted(self, tenant_id: TenantId, reservation: Reservation) -> Reservation:
        return await self._management.quoted(tenant_id, reservation) if reservation_lives(reservation) else reservation


def _is_ours(state: CustomerState) -> bool:
    """Whether there is a relationship; without one the service answers nothing about commerce."""
    return state.customer is not None and state.customer.relationship != "none"


async def _proven(
    resource: Resource | Extra, read: Callable[[], Awaitable[tuple[Found, ...]]]
) -> tuple[tuple[Found, ...] | None, ReadProof]:
    try:
        found = await read()
    except ConfigurationError as error:  # the Partner document names no user
        return None, ReadProof(resource, complete=False, problem=str(error), excuse=Excuse.NO_CREDENTIAL)
    except UNREADABLE as error:
        return None, failed(resource, error)
    return found, ReadProof(resource, complete=True, items=len(found))
