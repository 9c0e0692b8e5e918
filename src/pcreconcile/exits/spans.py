"""Terms in calendar months: P1M, P1Y, P3Y, and the days on which they end."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}
_EVERY_MONTH_HAS = 28


def months_of(term: str | None) -> int | None:
    """How many months a term has; None for one that nobody knows."""
    return MONTHS.get((term or "").upper())


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later, or the last day of a shorter month; never past the calendar."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def day_before(day: date) -> date:
    """The day before; the first one that there is has none before it."""
    return max(day, date.min + timedelta(days=1)) - timedelta(days=1)


def term_over(end: date, months: int, day: date) -> tuple[date, date]:
    """First and last day of the term that covers `day`, where one that ended on `end` renews again and again.

    Each term is counted from the one before, so a day that a short month has cut off stays cut off. `day` is after
    `end`; where the calendar ends first, the last day is its last.
    """
    first = day_after(end)
    while True:
        last = _last_day(first, months)
        if last >= day or first == date.max:
            return first, last
        terms_between = ((day.year - first.year) * 12 + day.month - first.month) // months - 1
        if first.day <= _EVERY_MONTH_HAS and terms_between > 1:
            first = months_after(first, months * terms_between)
        else:
            first = day_after(last)


def day_after(day: date) -> date:
    """The next day; the last one that there is has none after it."""
    return min(day, date.max - timedelta(days=1)) + timedelta(days=1)


def _last_day(first: date, months: int) -> date:
    """The last day of a span; what goes on past the calendar ends with it."""
    after = months_after(first, months)
    return after if after == date.max else day_before(after)
