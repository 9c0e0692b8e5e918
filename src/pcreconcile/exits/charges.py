"""What a holding costs over time, from the price of one unit (`Holding.charge`). Decimal only; None is unknown.

A charge pays a number of months from the beginning of the term on; a day of it costs its share of the days of that
span (the service prorates by the day: rule new-commerce-license.refund).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from pcreconcile.exits.exit import Charge, Holding
from pcreconcile.exits.spans import day_after, months_after
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
    """What so many days cost (none for a negative number), at the price of an average day, rounded once."""
    charge = holding.charge
    if charge is None or charge.months is None:
        return None
    share = _total(charge, holding.subject.quantity) * max(days, 0) / (_DAYS_OF_A_MONTH * charge.months)
    return _rounded(share, charge)


def until(holding: Holding, now: datetime, end: datetime | date | None) -> Money | None:
    """What is owed from tomorrow until the last day of the term (included); None when there is no such day.

    Where the beginning of the term is known it is counted charge by charge, as `unused` counts the running one;
    otherwise by average days.
    """
    charge, row = holding.charge, holding.subject.subscription
    if end is None or charge is None or charge.months is None:
        return None
    last = end.date() if isinstance(end, datetime) else end
    started = None if row is None else row.effective_start
    if started is None or started > now or last <= now.date():
        return for_days(holding, (last - now.date()).days)
    share = _charges(started.date(), charge.months, last) - _charges(started.date(), charge.months, now.date())
    return _rounded(_total(charge, holding.subject.quantity) * share, charge)


def unused(holding: Holding, now: datetime, started: datetime | None) -> Money | None:
    """The unused part of the charge that is running: what a prorated refund gives back. None when nobody knows.

    `started` is the first instant of the term; the charge that runs is the one that covers `now`.
    """
    charge = holding.charge
    if charge is None or charge.months is None or started is None or started > now:
        return None
    first, after = _running(started.date(), charge.months, now.date())
    left = (after - now.date() - timedelta(days=1)).days
    share = Decimal(max(left, 0)) / max((after - first).days, 1)
    return _rounded(_total(charge, holding.subject.quantity) * share, charge)


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


def _charges(first: date, months: int, day: date) -> Decimal:
    """How many charges, with the fraction of the one that runs, the days from the first until `day` (included) cost."""
    begins, after = _running(first, months, day)
    before = ((begins.year - first.year) * 12 + begins.month - first.month) // months
    return before + Decimal((day - begins).days + 1) / max((after - begins).days, 1)


def _running(first: date, months: int, day: date) -> tuple[date, date]:
    """The span of the charge that covers a day: its first day, and the first day after it."""
    count = ((day.year - first.year) * 12 + day.month - first.month) // months
    if months_after(first, months * count) > day:
        count -= 1
    begins, after = months_after(first, months * count), months_after(first, months * (count + 1))
    return begins, max(after, day_after(begins))


def _quantity(holding: Holding, quantity: int | None) -> int:
    return holding.subject.quantity if quantity is None else quantity


def _total(charge: Charge, quantity: int) -> Decimal:
    return charge.unit.amount * quantity


def _rounded(amount: Decimal, charge: Charge) -> Money:
    return Money(amount.quantize(_CENT, ROUND_HALF_EVEN), charge.unit.currency)
