"""Writes, each sent once. What is changed is the smallest thing that says it; what is sent back is all that came.

A PATCH of a subscription carries the whole resource, because the service resets what is left out (API facts, 5.6).
Between its read and its write the resource must still be what the caller saw; otherwise nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

import msgspec

from pcreconcile.model.credential import Credential, credential_of
from pcreconcile.model.errors import RemoteError
from pcreconcile.model.ids import RequestId, TenantId
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center import end_of_term
from pcreconcile.partner_center.items import Items, order_line_fields, split_line, subscription_fields
from pcreconcile.partner_center.reader import customer_path
from pcreconcile.partner_center.session import HeaderPairs, Request, Session
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.wire import Members, find_name

Resource = dict[str, Any]

CHANGED = "changed"
_CUSTOMER = {"objectType": "Customer"}


class WriteOrder(Protocol):
    """What a write is told: the shape of the port's `WriteRequest`."""

    @property
    def kind(self) -> ActionKind: ...
    @property
    def tenant_id(self) -> TenantId: ...
    @property
    def target_id(self) -> str: ...
    @property
    def parent_id(self) -> str | None: ...
    @property
    def fields(self) -> Fields: ...
    @property
    def wanted(self) -> Fields: ...
    @property
    def request_id(self) -> RequestId: ...


class WriteAnswer(msgspec.Struct, frozen=True):
    """The service said yes. `accepted` is True when the work goes on asynchronously (202)."""

    status: int
    correlation_id: str
    accepted: bool = False


def identity_of(kind: ActionKind) -> Identity:
    """Who a write is made as."""
    return Identity.USER if credential_of(kind) is Credential.APP_USER else Identity.APPLICATION


class Writer:
    """Writes of one partner. Raises RemoteError (no effect) and NoAnswer (may have happened)."""

    def __init__(self, session: Session, items: Items) -> None:
        self._session = session
        self._items = items

    async def write(self, order: WriteOrder) -> WriteAnswer:
        """Send one write, once, under its MS-RequestId."""
        request = msgspec.structs.replace(await self._request(order), identity=identity_of(order.kind))
        received = await self._session.write(request, order.request_id)
        accepted = received.status == HTTPStatus.ACCEPTED
        return WriteAnswer(received.status, received.correlation_id, accepted)

    async def _request(self, order: WriteOrder) -> Request:
        kind = order.kind
        if kind in _EDITS:
            return await self._subscription(order, _EDITS[kind])
        if kind is ActionKind.CANCEL_ORDER_LINE:
            return await self._order_line(order)
        if kind in _AZURE:
            return _azure(order)
        if kind in _CUSTOMER_CHANGES:
            body = {**_CUSTOMER_CHANGES[kind], "attributes": _CUSTOMER}
            return Request("PATCH", customer_path(order.tenant_id), body=body)
        text = f"{kind.value} is no write of Partner Center: nothing was sent"
        raise RemoteError(text, status=HTTPStatus.NOT_IMPLEMENTED, code="unsupported")

    async def _subscription(self, order: WriteOrder, edit: Callable[[Resource, Fields], Resource]) -> Request:
        path = customer_path(order.tenant_id, "subscriptions", order.target_id)
        found = _existing(await self._items.resource(path, "subscription"))
        _check_unchanged(order.fields, subscription_fields(found, order.target_id))
        body = edit(found.raw, order.wanted)
        return Request("PATCH", path, headers=_if_match(found), body=body)

    async def _order_line(self, order: WriteOrder) -> Request:
        order_id, number = split_line(order.target_id)
        path = customer_path(order.tenant_id, "orders", order_id)
        found = _existing(await self._items.resource(path, "order"))
        _check_unchanged(order.fields, order_line_fields(found, order_id, number))
        line = next(line for line in found.objects("lineItems") if line.integer("lineItemNumber") == number)
        lines = [{"lineItemNumber": number, "offerId": line.text("offerId")}]
        return Request("PATCH", path, body={"id": found.text("id"), "status": "cancelled", "lineItems": lines})


def _azure(order: WriteOrder) -> Request:
    if order.parent_id is None:
        text = "an Azure subscription is written through its plan: nothing was sent"
        raise RemoteError(text, status=HTTPStatus.BAD_REQUEST, code="no-plan")
    verb, body = _AZURE[order.kind]
    plan = ("subscriptions", order.parent_id, "azureEntitlements")
    return Request("POST", customer_path(order.tenant_id, *plan, order.target_id, verb), body=body)


def _existing(found: Members | None) -> Members:
    if found is None:
        raise RemoteError("it does not exist any more: nothing was sent", status=HTTPStatus.NOT_FOUND, code=CHANGED)
    return found


def _check_unchanged(seen: Fields, fresh: Fields | None) -> None:
    """Raises RemoteError 409 when a field is not what the caller saw; names the fields, quotes no values."""
    now = fresh or {}
    changed = sorted(name for name in seen.keys() | now.keys() if seen.get(name) != now.get(name))
    if changed:
        text = f"changed since it was read ({', '.join(changed)}): nothing was sent"
        raise RemoteError(text, status=HTTPStatus.CONFLICT, code=CHANGED)


def _if_match(resource: Members) -> HeaderPairs:
    """If-Match with the body's etag, quoted; none for modern products, whose etag is empty or absent (facts, 2)."""
    attributes = resource.optional_member("attributes")
    etag = None if attributes is None else attributes.optional_text("etag")
    if etag is None or not (etag.isascii() and etag.isprintable()):
        return ()
    return (("If-Match", etag if etag.endswith('"') else f'"{etag}"'),)


def _with(resource: Resource, name: str, value: Any) -> Resource:
    """The resource with one member changed, in the spelling that it came with."""
    return {**resource, find_name(resource, name) or name: value}


def _set_status(status: str) -> Callable[[Resource, Fields], Resource]:
    return lambda resource, _wanted: _with(end_of_term.in_one_form(resource), "status", status)


def _end_with_term(resource: Resource, wanted: Fields) -> Resource:
    """`scheduledActions` is for licences alone; the caller's postcondition names it for them."""
    ended = _with(end_of_term.without_next_term(resource), end_of_term.AUTO_RENEW, False)
    return ended if wanted.get("scheduledActions") is None else end_of_term.with_actions(ended, wanted)


def _set_renewal(resource: Resource, wanted: Fields) -> Resource:
    """A new term is only ever entered with auto-renew on, so that it goes along unless the caller says otherwise."""
    actions, renews = wanted.get("scheduledActions"), wanted.get("autoRenewEnabled")
    if renews is None and end_of_term.needs_auto_renew(actions or ()):
        renews = True
    renewed = resource if renews is None else _with(resource, end_of_term.AUTO_RENEW, renews)
    if actions is not None:
        return end_of_term.with_actions(renewed, wanted)
    told = wanted.get("nextTermInstructions")
    return end_of_term.in_one_form(renewed) if told is None else end_of_term.with_next_term(renewed, told)


_EDITS: dict[ActionKind, Callable[[Resource, Fields], Resource]] = {
    ActionKind.CANCEL_SUBSCRIPTION: _set_status("deleted"),
    ActionKind.SUSPEND_SUBSCRIPTION: _set_status("suspended"),
    ActionKind.REACTIVATE_SUBSCRIPTION: _set_status("active"),
    ActionKind.CANCEL_AT_TERM_END: _end_with_term,
    ActionKind.SET_RENEWAL: _set_renewal,
}
_AZURE: dict[ActionKind, tuple[str, Resource | None]] = {
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: ("cancel", {"cancellationReason": "compromise"}),
    ActionKind.REACTIVATE_AZURE_SUBSCRIPTION: ("reactivate", None),
}
_CUSTOMER_CHANGES: dict[ActionKind, Resource] = {
    ActionKind.REMOVE_RELATIONSHIP: {"relationshipToPartner": "none"},
    ActionKind.REMOVE_DELEGATED_ADMIN: {"allowDelegatedAccess": False},
}
WRITABLE = frozenset({*_EDITS, *_AZURE, *_CUSTOMER_CHANGES, ActionKind.CANCEL_ORDER_LINE})
