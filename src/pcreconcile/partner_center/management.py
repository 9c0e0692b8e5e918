"""Azure reservations through Azure Resource Manager: listed per reservation order, quoted, returned (API facts, 6.6).

Needs a person's token with a role on the order in the customer's Azure, issued in the customer's tenant: Azure takes
no other there. A login that this tenant refuses is a read that failed, like a missing role. A return names the session
of a quote taken just before, so that what the service then takes back is what it has just priced.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import Reservation, Resource
from pcreconcile.model.ids import RequestId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.routes import route
from pcreconcile.partner_center.session import Received, Request, Session
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.wire import Members, UnexpectedShape
from pcreconcile.partner_center.writer import CHANGED

_ORDERS = ("providers", "Microsoft.Capacity", "reservationOrders")
_VERSION = {"api-version": "2022-11-01"}
_CENT = Decimal("0.01")
_MOST = Decimal(10**12)
_REASON = "The customer leaves this partner."

# Statuses with which the service speaks of this return; any other says nothing of it, and the quote was not read.
_SPEAKS_OF_IT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})
# Codes with which the quote itself says that policy forbids the return.
_NEVER = frozenset({"SelfServiceRefundNotSupported", "RefundLimitExceeded", "NonRefundableProduct"})


class Management:
    """The reservations that one partner's person may manage, each in the tenant of the customer that holds it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def reservations(self, tenant_id: TenantId, order_id: str) -> Collected[Reservation]:
        """All reservations of one reservation order, ended ones included. Raises ConfigurationError without a user."""

        def decode(row: Members) -> Reservation:
            return decode_reservation(row, order_id)

        path = (*_ORDERS, order_id, "reservations")
        listing = Listing(Resource.RESERVATIONS, path, decode, lambda row: row.reservation_id, query=_VERSION)
        placed = replace(listing, rows="value", following="nextLink", version="")
        customer = self._session.within(tenant_id)
        return await collect(partial(customer.read, identity=Identity.USER), customer.base, placed)

    async def quoted(self, tenant_id: TenantId, reservation: Reservation) -> Reservation:
        """The reservation with what its return gives; without money where the service answers that it gives no quote.

        Raises RemoteError, NoAnswer and IncompleteRead where it could not be asked, or its answer not understood.
        """
        customer = self._session.within(tenant_id)
        try:
            found = await _quote(customer, reservation.order_id, reservation.reservation_id, reservation.quantity)
        except RemoteError as error:
            if error.status not in _SPEAKS_OF_IT:
                raise
            return replace(reservation, problems=(error.message,)) if error.code in _NEVER else reservation
        return priced(reservation, found)

    async def give_back(self, tenant_id: TenantId, item_id: str, quantity: Any, request_id: RequestId) -> Received:
        """Return all of a reservation (`orderId/reservationId`); the service goes on with it by itself.

        Raises RemoteError, with nothing sent, when there is no fresh quote or (code `changed`) when it forbids it now.
        """
        order_id, reservation_id = split_reservation(item_id)
        customer = self._session.within(tenant_id)
        try:
            properties = await _quote(customer, order_id, reservation_id, quantity)
            session, problems = properties.text("sessionId"), _problems(properties)
        except (NoAnswer, IncompleteRead) as error:
            text = f"no quote for the return, nothing was sent: {error}"
            raise RemoteError(text, status=HTTPStatus.BAD_GATEWAY, code="no-quote") from error
        if problems:
            text = f"Azure no longer takes it back: {'; '.join(problems)}; nothing was sent"
            raise RemoteError(text, status=HTTPStatus.CONFLICT, code=CHANGED)
        path = route(*_ORDERS, order_id, "return", query=_VERSION)
        body = {"properties": _return_of(session, _named(order_id, reservation_id, quantity))}
        return await customer.write(Request("POST", path, body=body, identity=Identity.USER), request_id)


async def _quote(customer: Session, order_id: str, reservation_id: str, quantity: Any) -> Members:
    named = _named(order_id, reservation_id, quantity)
    body = {"id": _id_of(order_id), "properties": {"scope": "Reservation", "reservationToReturn": named}}
    path = route(*_ORDERS, order_id, "calculateRefund", query=_VERSION)
    received = await customer.ask(path, body, Identity.USER)
    return Members(received.value, "calculateRefund").member("properties")


def decode_reservation(row: Members, order_id: str) -> Reservation:
    """A reservation of an order; its ID stands at the end of the resource's."""
    properties = row.member("properties")
    return Reservation(
        order_id=order_id,
        reservation_id=row.text("id").rpartition("/")[2].lower(),
        name=properties.optional_text("displayName") or "",
        quantity=properties.quantity("quantity"),
        state=properties.text("provisioningState").lower(),
        expires=properties.instant("expiryDateTime", "expiryDate"),
    )


def priced(reservation: Reservation, properties: Members) -> Reservation:
    """The reservation with the money and the policy's word of a quote. Raises UnexpectedShape."""
    policy = _policy(properties)
    return replace(
        reservation,
        refund=_money(properties, "billingRefundAmount"),
        counts=_money(properties, "pricingRefundAmount"),
        consumed=None if policy is None else _money(policy, "consumedRefundsTotal"),
        allowance=None if policy is None else _money(policy, "maxRefundLimit"),
        problems=_problems(properties),
    )


def split_reservation(item_id: str) -> tuple[str, str]:
    """Order and reservation of `orderId/reservationId`. Raises IncompleteRead when it is something else."""
    order_id, _, reservation_id = item_id.rpartition("/")
    if not order_id or not reservation_id:
        raise IncompleteRead("a reservation is named orderId/reservationId")
    return order_id, reservation_id


def _policy(properties: Members) -> Members | None:
    result = properties.optional_member("policyResult")
    return None if result is None else result.optional_member("properties")


def _problems(properties: Members) -> tuple[str, ...]:
    policy = _policy(properties)
    errors = iter(()) if policy is None else policy.optional_objects("policyErrors")
    return tuple(error.optional_text("message", "code") or "policy" for error in errors)


def _money(members: Members, name: str) -> Money | None:
    """Azure writes amounts as numbers; they become decimals of cents, without a detour over binary fractions."""
    found = members.optional_member(name)
    amount = None if found is None else found.decimal("amount")
    if found is None or amount is None:
        return None
    if abs(amount) > _MOST:
        raise UnexpectedShape(f"{found.where}.amount: expected a number")
    return Money(amount.quantize(_CENT), found.text("currencyCode").upper())


def _return_of(session: str, named: dict[str, Any]) -> dict[str, Any]:
    return {"sessionId": session, "scope": "Reservation", "reservationToReturn": named, "returnReason": _REASON}


def _id_of(order_id: str) -> str:
    return f"/providers/microsoft.capacity/reservationOrders/{order_id}"


def _named(order_id: str, reservation_id: str, quantity: Any) -> dict[str, Any]:
    return {"reservationId": f"{_id_of(order_id)}/reservations/{reservation_id}", "quantity": quantity}
