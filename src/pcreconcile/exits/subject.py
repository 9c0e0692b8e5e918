"""One thing bought, put together from all the rows that speak of it.

Partner Center shows a purchase in up to three places: a subscription row, an order line, an entitlement. Perpetual
software and reservations have no subscription row (API facts, 5.3 and 6.5), so reading subscriptions alone misses them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import msgspec
from msgspec.structs import replace

from pcreconcile.exits.allowance import Used, in_turn, room_from
from pcreconcile.model.estate import (
    AzureEntitlement,
    CustomerState,
    Entitlement,
    Order,
    OrderLineItem,
    Reservation,
    Subscription,
    azure_read_of,
)
from pcreconcile.model.observed import line_is_cancelled

LineKey = tuple[str, int]
Lines = dict[LineKey, tuple[Order, OrderLineItem]]


class Subject(msgspec.Struct, frozen=True):
    """The rows of one purchase.

    `order` is also known where no line of it is. `base` is the subscription that an add-on belongs to; `azure` and
    `reservations` are None when no complete read of them exists. `returned` is what our journal knows of earlier
    returns of reservations of this customer, None when nothing; `room_from` are the UTC dates from which what does not
    fit into the allowance now does, by the name of the reservation.
    """

    subscription: Subscription | None = None
    order: Order | None = None
    line: OrderLineItem | None = None
    entitlements: tuple[Entitlement, ...] = ()
    azure: tuple[AzureEntitlement, ...] | None = None
    base: Subscription | None = None
    reservations: tuple[Reservation, ...] | None = None
    returned: Used | None = None
    room_from: dict[str, date] = {}

    @property
    def line_id(self) -> str | None:
        """orderId/lineItemNumber, from the order or else from the entitlement."""
        if self.order is not None and self.line is not None:
            return f"{self.order.id}/{self.line.number}"
        if self.entitlements:
            return f"{self.entitlements[0].order_id}/{self.entitlements[0].line_item}"
        return None

    @property
    def target_type(self) -> str:
        """The type under which `model.observed` shows the row that is acted upon."""
        if self.subscription is not None:
            return "subscription"
        return "order-line" if self.line is not None else "entitlement"

    @property
    def id(self) -> str:
        """The ID of that row."""
        if self.subscription is not None:
            return self.subscription.id
        return self.line_id or ""

    @property
    def name(self) -> str:
        """The product's name as the service gives it, else its offer or product ID."""
        if self.subscription is not None:
            return self.subscription.name or self.subscription.offer_id
        if self.line is not None:
            return self.line.name or self.line.offer_id
        return self.entitlements[0].product_id if self.entitlements else ""

    @property
    def offer_id(self) -> str:
        """product:sku:availability, or an older offer ID."""
        if self.subscription is not None:
            return self.subscription.offer_id
        if self.line is not None:
            return self.line.offer_id
        first = self.entitlements[0]
        return f"{first.product_id}:{first.sku_id}"

    @property
    def quantity(self) -> int:
        """Seats or licences."""
        if self.subscription is not None:
            return self.subscription.quantity
        return self.line.quantity if self.line is not None else sum(row.quantity for row in self.entitlements)


def subjects_of(state: CustomerState, returned: Used | None = None) -> tuple[Subject, ...]:
    """Everything bought, by ID. Cancelled lines, and lines whose subscription has gone from the list, are left out."""
    lines: Lines = {(order.id, line.number): (order, line) for order in state.orders for line in order.line_items}
    entitled: dict[LineKey, list[Entitlement]] = defaultdict(list)
    for entitlement in state.entitlements:
        entitled[(entitlement.order_id, entitlement.line_item)].append(entitlement)
    joined = _join(state.subscriptions, lines)
    found = [_of_subscription(row, state, lines, entitled, joined.get(row.id)) for row in state.subscriptions]
    taken = set(joined.values())
    found += [
        Subject(order=order, line=line, entitlements=tuple(entitled.get(key, ())))
        for key, (order, line) in lines.items()
        if key not in taken and line.subscription_id is None and not line_is_cancelled(order, line)
    ]
    found += [Subject(entitlements=tuple(rows)) for key, rows in entitled.items() if key not in lines]
    if state.reservations is not None:
        known, room = in_turn(state.reservations, returned), room_from(state.reservations, returned)
        found = [
            replace(each, reservations=_reserved(each, known), returned=returned, room_from=room) for each in found
        ]
    return tuple(sorted(found, key=lambda subject: (subject.target_type, subject.id)))


def _reserved(subject: Subject, known: tuple[Reservation, ...]) -> tuple[Reservation, ...]:
    orders = {order.lower() for row in subject.entitlements for order in row.reservation_orders}
    return tuple(each for each in known if each.order_id.lower() in orders)


def _join(subscriptions: tuple[Subscription, ...], lines: Lines) -> dict[str, LineKey]:
    """Which order line a subscription came from: by the line's subscription ID, else by order and offer if unique."""
    joined = {line.subscription_id.lower(): key for key, (_, line) in lines.items() if line.subscription_id}
    by_offer: dict[tuple[str, str], list[LineKey]] = defaultdict(list)
    for key, (order, line) in lines.items():
        if line.subscription_id is None:
            by_offer[(order.id, line.offer_id.lower())].append(key)
    rows = Counter((row.order_id or "", row.offer_id.lower()) for row in subscriptions)
    result: dict[str, LineKey] = {}
    for row in subscriptions:
        pair = (row.order_id or "", row.offer_id.lower())
        candidates = by_offer.get(pair, [])
        if row.id.lower() in joined:
            result[row.id] = joined[row.id.lower()]
        elif len(candidates) == 1 and rows[pair] == 1:
            result[row.id] = candidates[0]
    return result


def _of_subscription(
    row: Subscription,
    state: CustomerState,
    lines: Lines,
    entitled: dict[LineKey, list[Entitlement]],
    key: LineKey | None,
) -> Subject:
    order, line = lines[key] if key is not None else (_order_of(row, state), None)
    return Subject(
        subscription=row,
        order=order,
        line=line,
        entitlements=tuple(entitled.get(key, ())) if key is not None else (),
        azure=_azure_of(row, state),
        base=_base_of(row, {other.id.lower(): other for other in state.subscriptions}),
    )


def _order_of(row: Subscription, state: CustomerState) -> Order | None:
    """The order that the row names; order IDs are opaque and told apart by their letter case (API facts, 6.1)."""
    return next((order for order in state.orders if order.id == row.order_id), None)


def _azure_of(row: Subscription, state: CustomerState) -> tuple[AzureEntitlement, ...] | None:
    if not any(read.complete and _same(read.resource, azure_read_of(row.id)) for read in state.reads):
        return None
    return tuple(entry for entry in state.azure_entitlements if _same(entry.plan_id, row.id))


def _base_of(row: Subscription, rows: dict[str, Subscription]) -> Subscription | None:
    """The subscription that an add-on hangs on; none where parents go round in a circle, which nothing can follow."""
    base = rows.get((row.parent_subscription_id or "").lower())
    seen, above = {row.id.lower()}, base
    while above is not None:
        if above.id.lower() in seen:
            return None
        seen.add(above.id.lower())
        above = rows.get((above.parent_subscription_id or "").lower())
    return base


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.lower() == other.lower()
