"""Transfers to other partners and the resellers of a customer, as the wire shows them.

The transfer resource names what it moves by `lineItems`, each with a subscription or an order, and `addonItems` below
it. A line in another shape says nothing reliable about the rest, so that the whole transfer then counts as one whose
lines are not known (`Transfer.lines` is None).
"""

from __future__ import annotations

from collections.abc import Iterator

from pcreconcile.model.estate import Reseller, Transfer, TransferLine
from pcreconcile.model.ids import OrderId, SubscriptionId
from pcreconcile.partner_center.decoding import folded
from pcreconcile.partner_center.wire import Members, UnexpectedShape

_DEEPEST = 4  # add-ons of add-ons; deeper than that nobody sells


def decode_transfer(transfer: Members) -> Transfer:
    """A row of /transfers, or one by ID. Its status is an open set: lower-case text, whatever it says."""
    return Transfer(
        id=folded(transfer.text("id")),
        status=transfer.text("status").lower(),
        lines=_lines_of(transfer),
        target_partner=transfer.optional_text("targetPartnerName", "targetPartnerTenantId") or "",
        expires=transfer.instant("expirationTime", "expirationDate"),
    )


def decode_reseller(reseller: Members) -> Reseller:
    """A row of /customers/{id}/relationships: another partner, not our own relationship (facts, 4.4)."""
    return Reseller(
        id=folded(reseller.text("id")),
        name=reseller.optional_text("name") or "",
        mpn_id=reseller.optional_text("mpnId"),
        state=_lower(reseller.optional_text("state")),
        relationship_type=_lower(reseller.optional_text("relationshipType")),
    )


def _lines_of(transfer: Members) -> tuple[TransferLine, ...] | None:
    """Every line, add-ons included; None when there is none, or one that names nothing."""
    try:
        lines = tuple(_lines(transfer, "lineItems", _DEEPEST))
    except UnexpectedShape:
        return None
    return lines or None


def _lines(parent: Members, name: str, depth: int) -> Iterator[TransferLine]:
    for line in parent.optional_objects(name):
        if depth == 0:
            raise UnexpectedShape(f"{line.where}: nested too deeply")
        yield _line(line)
        yield from _lines(line, "addonItems", depth - 1)


def _line(line: Members) -> TransferLine:
    subscription, order = line.optional_text("subscriptionId"), line.optional_text("orderId")
    if subscription is None and order is None:
        raise UnexpectedShape(f"{line.where}: names neither a subscription nor an order")
    return TransferLine(
        name=line.optional_text("friendlyName", "offerName") or "",
        subscription_id=None if subscription is None else SubscriptionId(folded(subscription)),
        order_id=None if order is None else OrderId(folded(order)),
    )


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
