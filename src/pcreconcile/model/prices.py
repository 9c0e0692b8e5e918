"""Prices that the partner writes down (`kind: Prices`), for what the service names no price of."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from pcreconcile.model.family import Family
from pcreconcile.model.money import Money


class Per(StrEnum):
    """What one amount pays for one unit: a month, a year, three years, or the purchase for good."""

    MONTH = "month"
    YEAR = "year"
    THREE_YEARS = "three-years"
    ONCE = "once"


class Price(msgspec.Struct, frozen=True, rename="camel"):
    """The price of one unit (seat, licence). `sku` is a glob as in a manifest's selector; days are included."""

    amount: Money
    per: Per
    sku: str | None = None
    family: Family | None = None
    term: str | None = None
    billing: str | None = None  # the wire's billingCycle: monthly, annual, …
    valid_from: date | None = None
    valid_until: date | None = None


class Prices(msgspec.Struct, frozen=True, rename="camel"):
    """The first entry that fits and is valid wins; an order's own price comes before all of them."""

    entries: tuple[Price, ...] = ()
    digest: str = ""


NO_PRICES = Prices()
