"""Terms in calendar months: P1M, P1Y, P3Y, and the days on which they end."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}


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
