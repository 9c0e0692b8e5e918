"""The rolling allowance of reservation refunds is one per customer, so each return leaves less of it for the next.

What does not fit blocks the removal until it expires. So the reservation that would block longest goes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec.structs import replace

from pcreconcile.model.estate import Reservation
from pcreconcile.model.money import Money
from pcreconcile.model.observed import reservation_lives

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def in_turn(reservations: Iterable[Reservation]) -> tuple[Reservation, ...]:
    """In the order of return, the longest-lived first, each with `consumed` as it will be when its turn comes."""
    used: dict[str, Money] = {}
    placed = []
    for each in sorted(reservations, key=_turn):
        taken = used.get(_currency(each))
        placed.append(each if taken is None or each.consumed is None else replace(each, consumed=each.consumed + taken))
        if reservation_lives(each) and each.counts is not None and fits(placed[-1], each.allowance):
            used[each.counts.currency] = each.counts if taken is None else taken + each.counts
    return tuple(placed)


def fits(reservation: Reservation, allowance: Money | None) -> bool:
    """Whether it can be returned with what is left; what cannot be compared is left for the service to judge."""
    counts, consumed = reservation.counts, reservation.consumed
    if reservation.problems:
        return False
    if counts is None or consumed is None or allowance is None:
        return True
    if len({counts.currency, consumed.currency, allowance.currency}) > 1:
        return True
    return consumed.amount + counts.amount <= allowance.amount


def _turn(reservation: Reservation) -> tuple[float, str, str]:
    lasts = reservation.expires or _FOR_EVER
    return (-lasts.timestamp(), reservation.order_id, reservation.reservation_id)


def _currency(reservation: Reservation) -> str:
    return "" if reservation.counts is None else reservation.counts.currency
