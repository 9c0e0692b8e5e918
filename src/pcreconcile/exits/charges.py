"""What a holding costs over time, from the price of one unit (`Holding.charge`). Decimal only; None is unknown.

A charge pays a number of months from the beginning of the term on; a day of it costs its share of the days of that
span (the service prorates by the day: rule new-commerce-license.refund).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from pcreconcile.exits.exit import Charge, Holding
from pcreconcile.exits.spans import months_after
from pcreconcile.model.money import Money

_CENT = Decimal("0.01")
_DAYS_OF_A_MONTH = Decimal(365) / Decimal(12)


def per_day(holding: Holding, quantity: int | None = None) -> Money | None:
    """What one day of the holding costs; `quantity` units, or all of them."""
    charge = holding.charge
    if charge is None or charge.months is None:
        return None
    share = _total(charge, _quantity(holding, quantity)) / (_DAYS_OF_A_MONTH * charge.months)
    return _rounded(share, charge)


def for_days(holding: Holding, days: int) -> Money | None:
    """What so many days cost (none for a negative number), rounded once."""
    charge = holding.charge
    if charge is None or charge.months is None:
        return None
    share = _total(charge, holding.subject.quantity) * max(days, 0) / (_DAYS_OF_A_MONTH * charge.months)
    return _rounded(share, charge)


def until(holding: Holding, now: datetime, end: datetime | date | None) -> Money | None:
    """What is owed from tomorrow until the last day of the term (included); None when there is no such day."""
    if end is None:
        return None
    last = end.date() if isinstance(end, datetime) else end
    return for_days(holding, (last - now.date()).days)


def unused(holding: Holding, now: datetime, started: datetime | None) -> Money | None:
    """The unused part of the charge that is running: what a prorated refund gives back. None when nobody knows.

    `started` is the first instant of the term; the charge that runs is the one that covers `now`.
    """
    charge = holding.charge
    if charge is None or charge.months is None or started is None or started > now:
        return None
    first, after = _running(started.date(), charge.months, now.date())
    total = (after - first).days
    left = (after - now.date() - timedelta(days=1)).days
    return _rounded(_total(charge, holding.subject.quantity) * max(left, 0) / total, charge)


def whole(holding: Holding) -> Money | None:
    """One whole charge: what a full refund gives back, or what a new term's first bill asks for."""
    charge = holding.charge
    return None if charge is None else _rounded(_total(charge, holding.subject.quantity), charge)


def term(holding: Holding, months: int) -> Money | None:
    """What a whole term of so many months costs."""
    charge = holding.charge
    if charge is None or charge.months is None:
        return None
    return _rounded(_total(charge, holding.subject.quantity) * months / charge.months, charge)


def none_of(holding: Holding) -> Money | None:
    """Known to be nothing, in the holding's currency; unknown where no currency is known."""
    return None if holding.charge is None else Money(Decimal("0.00"), holding.charge.unit.currency)


def _running(first: date, months: int, day: date) -> tuple[date, date]:
    """The span of the charge that covers a day: its first day, and the first day after it."""
    count = 0
    while months_after(first, months * (count + 1)) <= day:
        count += 1
    return months_after(first, months * count), months_after(first, months * (count + 1))


def _quantity(holding: Holding, quantity: int | None) -> int:
    return holding.subject.quantity if quantity is None else quantity


def _total(charge: Charge, quantity: int) -> Decimal:
    return charge.unit.amount * quantity


def _rounded(amount: Decimal, charge: Charge) -> Money:
    return Money(amount.quantize(_CENT, ROUND_HALF_EVEN), charge.unit.currency)
