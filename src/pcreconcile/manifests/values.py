"""Small values out of checked text: dates, durations, money."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pcreconcile.model.money import Money

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def duration(text: str | None) -> timedelta | None:
    """`15m`, `72h` or `3d`; the schema has checked the form. None stays None."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])}) if text else None


def day(text: str) -> date:
    """A date `YYYY-MM-DD`; the schema has checked it."""
    return date.fromisoformat(text)


def optional_day(text: str | None) -> date | None:
    """A date, or None where there is none."""
    return day(text) if text else None


def money(value: dict[str, str] | None) -> Money | None:
    """`{amount: "10000.00", currency: EUR}`. None stays None."""
    return Money(Decimal(value["amount"]), value["currency"]) if value else None


def given(**members: Any) -> dict[str, Any]:
    """The members that are there, so that the model's own defaults hold for the others."""
    return {name: value for name, value in members.items() if value is not None}
