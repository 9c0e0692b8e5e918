"""Granular delegated admin privileges (GDAP) in Microsoft Graph: listed per customer, read by ID, terminated.

They live in the partner's own tenant, so they can be read and ended when the reseller relationship is gone (API facts,
section 7). An application by itself is asked first; who was refused is asked again as the user, where there is one.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from pcreconcile.model.errors import AuthenticationError, RemoteError
from pcreconcile.model.estate import DelegatedAdminRelationship, Resource
from pcreconcile.model.ids import RequestId, TenantId
from pcreconcile.partner_center.decoding import usable_id
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.routes import Route, route
from pcreconcile.partner_center.session import Received, Request, Session
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.wire import Members, UnexpectedShape

_VERSION = "v1.0"
_NAMED = "delegatedAdminRelationships"
_RELATIONSHIPS = ("tenantRelationships", _NAMED)


class Graph:
    """One partner's GDAP relationships."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def authorise(self) -> None:
        """Obtain a token that `terminate` can begin with. Raises AuthenticationError."""
        try:
            await self._session.authorise(Identity.APPLICATION)
        except AuthenticationError:
            if not self._session.has_user:
                raise
            await self._session.authorise(Identity.USER)

    async def relationships(self, tenant_id: TenantId) -> Collected[DelegatedAdminRelationship]:
        """All relationships with one customer, whatever their status; an unfinished read is in the proof."""

        def decode(row: Members) -> DelegatedAdminRelationship:
            return decode_relationship(row, tenant_id)

        wanted = {"$filter": f"customer/tenantId eq '{tenant_id}'"}
        listing = Listing(Resource.DELEGATED_ADMIN, _RELATIONSHIPS, decode, lambda row: row.id, _NAMED, query=wanted)
        placed = msgspec.structs.replace(listing, rows="value", following="@odata.nextLink", version=_VERSION)
        return await collect(self._session.read, self._session.base, placed)

    async def relationship(self, tenant_id: TenantId, item_id: str) -> DelegatedAdminRelationship | None:
        """One relationship; None for a 404. Raises RemoteError, NoAnswer and IncompleteRead."""
        try:
            received = await self._session.read(_path(item_id))
        except RemoteError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        found = decode_relationship(Members(received.value, "delegatedAdminRelationship"), tenant_id)
        if found.id.lower() != item_id.lower():
            raise UnexpectedShape("delegatedAdminRelationship.id: another relationship was answered")
        return found

    async def terminate(self, item_id: str, request_id: RequestId) -> Received:
        """Ask for the end of an active relationship; it takes Microsoft some minutes.

        A refusal for lack of rights took no effect, so that the user is tried after the application.
        """
        request = Request("POST", _path(item_id, "requests"), body={"action": "terminate"})
        try:
            return await self._session.write(request, request_id)
        except RemoteError as error:
            if not self._session.refuses_application(error):
                raise
        return await self._session.write(msgspec.structs.replace(request, identity=Identity.USER), request_id)


def decode_relationship(row: Members, tenant_id: TenantId) -> DelegatedAdminRelationship:
    """A row of the list, or one by ID. Raises UnexpectedShape for one that is another customer's."""
    if row.member("customer").text("tenantId").lower() != tenant_id:
        raise UnexpectedShape(f"{row.where}.customer: a relationship with another customer was answered")
    return DelegatedAdminRelationship(
        id=usable_id(row, "id").lower(),
        name=row.optional_text("displayName") or "",
        status=row.text("status").lower(),
        ends=row.instant("endDateTime"),
    )


def _path(item_id: str, *parts: str) -> Route:
    return route(_VERSION, *_RELATIONSHIPS, item_id, *parts)
