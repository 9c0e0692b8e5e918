"""The rolling allowance of reservation refunds is one per customer, so each return leaves less of it for the next.

What does not fit blocks the removal until it expires. So the reservation that would block longest goes first. The
service tells what was used before, and so does our own journal; the larger of the two counts, because the service's
figure may lag and our journal knows only of us. Where all that was used is ours, it is known when there is room again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from pcreconcile.exits.spans import day_after, months_after
from pcreconcile.model.estate import Reservation
from pcreconcile.model.memory import Returned
from pcreconcile.model.money import Money, totals
from pcreconcile.model.observed import reservation_lives, reservation_name
from pcreconcile.model.rules import Rules

SPAN = "reservation.refund-span"
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Used(msgspec.Struct, frozen=True):
    """What our journal knows of the returns inside the rolling span: one sum per currency.

    `unknown` counts the returns of which it does not know the amount: the sums are then too small, and the service's
    own figure may stand. `leaves` are the known amounts, each with the first UTC date on which it counts no more, in
    the order of these dates.
    """

    sums: tuple[Money, ...] = ()
    unknown: int = 0
    leaves: tuple[tuple[date, Money], ...] = ()

    def amount(self, currency: str) -> Money | None:
        """The sum in one currency; None when nothing is known in it."""
        return next((each for each in self.sums if each.currency == currency), None)


def used_by(returned: Iterable[Returned], now: datetime, rules: Rules) -> Used | None:
    """What earlier returns of ours have used of the allowance; None when nothing is remembered.

    A return counts until its day of the month has come again after the months of rule reservation.refund-span, that
    day included.
    """
    span = rules.months(SPAN)
    dated = [(months_after(each.at.date(), span), each.counts) for each in returned]
    counted = [(last, counts) for last, counts in dated if last >= now.date()]
    if not counted:
        return None
    known = [(day_after(last), each) for last, each in counted if each is not None]
    leaves = sorted(known, key=lambda leaving: leaving[0])
    return Used(totals(each for _, each in counted), sum(each is None for _, each in counted), tuple(leaves))


def in_turn(reservations: Iterable[Reservation], ledger: Used | None = None) -> tuple[Reservation, ...]:
    """In the order of return, the longest-lived first, each with `consumed` as it will be when its turn comes."""
    used: dict[str, Money] = {}
    placed = []
    for each in sorted((_with_ledger(each, ledger) for each in reservations), key=_turn):
        taken = used.get(_currency(each))
        placed.append(each if taken is None or each.consumed is None else replace(each, consumed=each.consumed + taken))
        if reservation_lives(each) and each.counts is not None and fits(placed[-1], each.allowance):
            used[each.counts.currency] = each.counts if taken is None else taken + each.counts
    return tuple(placed)


def room_from(reservations: Iterable[Reservation], ledger: Used | None) -> dict[str, date]:
    """From which UTC date on what does not fit now can be returned, by its name; none for what nobody can tell.

    Only where the service gives its allowance and its figure is no larger than what our journal explains: then room
    comes back as our own returns leave the span. What is returned before, in this plan too, counts all the same.
    """
    if ledger is None or ledger.unknown:
        return {}
    read = tuple(reservations)
    placed = in_turn(read, ledger)
    explained = {reservation_name(each) for each in read if _is_ours(each, ledger)}
    waiting = [each for each in placed if reservation_name(each) in explained and not fits(each, each.allowance)]
    found: dict[str, date] = {}
    for currency in {_currency(each) for each in waiting}:
        taken = sum((_taken(each) for each in placed if _currency(each) == currency), Decimal(0))
        found |= _in_time(ledger, currency, taken, [each for each in waiting if _currency(each) == currency])
    return found


def _in_time(ledger: Used, currency: str, taken: Decimal, waiting: list[Reservation]) -> dict[str, date]:
    """When each of them fits, in their turn, as one return after the other leaves the span."""
    found: dict[str, date] = {}
    left = taken + sum(each.amount for _, each in ledger.leaves if each.currency == currency)
    for day, leaving in ledger.leaves:
        left -= leaving.amount if leaving.currency == currency else 0
        for each in waiting:
            name, counts = reservation_name(each), each.counts
            if name in found or counts is None or each.allowance is None or _is_over(each, day):
                continue
            if left + counts.amount <= each.allowance.amount:
                found[name], left = day, left + counts.amount
    return found


def _is_ours(reservation: Reservation, ledger: Used) -> bool:
    """Whether our journal explains all that the service calls used, in the currency of its allowance."""
    counts, allowance, theirs = reservation.counts, reservation.allowance, reservation.consumed
    ours = ledger.amount(_currency(reservation))
    if ours is None or counts is None or allowance is None or reservation.problems:
        return False
    same = counts.currency == allowance.currency and theirs is not None and theirs.currency == counts.currency
    return same and theirs is not None and theirs.amount <= ours.amount and reservation_lives(reservation)


def _taken(reservation: Reservation) -> Decimal:
    """What its return takes in this plan."""
    counts = reservation.counts
    goes = counts is not None and reservation_lives(reservation) and fits(reservation, reservation.allowance)
    return counts.amount if counts is not None and goes else Decimal(0)


def _is_over(reservation: Reservation, day: date) -> bool:
    return reservation.expires is not None and reservation.expires.date() < day


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


def _with_ledger(reservation: Reservation, ledger: Used | None) -> Reservation:
    """The larger of what the service and our journal say is used; one that is no quote has nothing to compare."""
    ours = None if ledger is None else ledger.amount(_currency(reservation))
    theirs = reservation.consumed
    if ours is None or (theirs is not None and (theirs.currency != ours.currency or theirs.amount >= ours.amount)):
        return reservation
    return replace(reservation, consumed=ours)


def _turn(reservation: Reservation) -> tuple[float, str, str]:
    lasts = reservation.expires or _FOR_EVER
    return (-lasts.timestamp(), reservation.order_id, reservation.reservation_id)


def _currency(reservation: Reservation) -> str:
    return "" if reservation.counts is None else reservation.counts.currency
