"""What a price comes to over time, in exact decimals; and the calendar months that it is counted in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcreconcile.exits import Charge, Holding, charges, holdings_of
from pcreconcile.exits.spans import MONTHS, day_after, day_before, months_after, months_of, term_over
from pcreconcile.model.money import Money
from tests.exits.estates import NOW, customer_state, instant

EARLY = datetime(2026, 11, 20, 9, tzinfo=UTC)


def licence(price: str | None = "12.00", months: int | None = 1, seats: int = 10, **words: Any) -> Holding:
    """A licence with the price of one unit, paid every so many months."""
    thing = {"kind": "new-commerce-license", "id": "A", "seats": seats, **words}
    (holding,) = holdings_of(customer_state([thing], None, {}))
    charge = None if price is None else Charge(Money(Decimal(price), "EUR"), months, "test")
    return msgspec.structs.replace(holding, charge=charge)


def said(amount: Money | None) -> str:
    return "unknown" if amount is None else str(amount)


@pytest.mark.parametrize(
    ("price", "months", "seats", "expected"),
    [
        ("12.00", 1, 10, "3.95 EUR"),
        ("365.00", 12, 1, "1.00 EUR"),
        ("1095.00", 36, 2, "2.00 EUR"),
        ("12.00", 1, 0, "0.00 EUR"),
        ("12.00", None, 10, "unknown"),
        (None, 1, 10, "unknown"),
    ],
)
def test_a_day_costs_its_share(price: str | None, months: int | None, seats: int, expected: str) -> None:
    assert said(charges.per_day(licence(price, months, seats))) == expected


def test_a_day_of_some_of_the_units() -> None:
    assert said(charges.per_day(licence("365.00", 12), quantity=3)) == "3.00 EUR"


UNUSED = [  # started, months, now, expected of 120.00
    ("2026-11-20", 1, "2026-11-20T00:00", "116.00 EUR"),  # the day of the purchase is used
    ("2026-11-20", 1, "2026-11-22T12:00", "108.00 EUR"),
    ("2026-11-20", 1, "2026-12-19T23:59", "0.00 EUR"),
    ("2026-10-20", 1, "2026-11-22T12:00", "108.00 EUR"),  # the second charge of a longer term runs
    ("2026-01-31", 1, "2026-02-28T12:00", "116.13 EUR"),  # the second charge begins on the last of February
    ("2026-01-31", 1, "2026-02-27T12:00", "0.00 EUR"),
    ("2025-11-20", 12, "2026-11-19T12:00", "0.00 EUR"),
    ("2025-11-20", 12, "2026-11-20T12:00", "119.67 EUR"),
    ("2026-11-22", 1, "2026-11-21T12:00", "unknown"),  # begins tomorrow
    (None, 1, "2026-11-22T12:00", "unknown"),
]


@pytest.mark.parametrize(("started", "months", "now", "expected"), UNUSED)
def test_the_unused_part_is_counted_by_the_days_of_the_charge_that_runs(
    started: str | None, months: int, now: str, expected: str
) -> None:
    at = instant(now)
    assert at is not None
    assert said(charges.unused(licence(months=months), at, instant(started))) == expected


OWED = [  # starts, ends, months, expected of 120.00 on 2026-11-22
    ("2026-11-20", "2026-12-19", 1, "108.00 EUR"),
    ("2026-11-20", "2027-11-19", 1, "1428.00 EUR"),
    ("2026-11-20", "2027-11-19", 12, "119.01 EUR"),
    ("2026-11-20", "2026-12-31", 1, "154.45 EUR"),  # a last charge of 12 of its 31 days
    ("2026-11-20", "2026-11-22", 1, "0.00 EUR"),
    ("2026-11-20", "2026-11-01", 1, "0.00 EUR"),
    (None, "2026-12-22", 1, "118.36 EUR"),  # thirty average days
    ("2027-01-01", "2026-12-22", 1, "118.36 EUR"),
    ("2026-11-20", None, 1, "unknown"),
    ("2026-11-20", "2026-12-19", None, "unknown"),
]


@pytest.mark.parametrize(("starts", "ends", "months", "expected"), OWED)
def test_what_is_owed_is_counted_charge_by_charge(
    starts: str | None, ends: str | None, months: int | None, expected: str
) -> None:
    assert said(charges.until(licence(months=months, starts=starts), NOW, instant(ends))) == expected


@given(days=st.integers(1, 400), months=st.sampled_from([1, 12, 36]))
def test_what_comes_back_is_never_more_than_what_would_be_owed(days: int, months: int) -> None:
    """Of a term that ends with a charge."""
    started = NOW - timedelta(days=days)
    end = day_before(months_after(started.date(), 36))
    holding = licence(months=months, starts=started)
    back, owed = charges.unused(holding, NOW, started), charges.until(holding, NOW, end)
    assert back is not None
    assert owed is not None
    assert back.amount <= owed.amount


@pytest.mark.parametrize(
    ("months", "of", "expected"), [(1, 12, "1440.00 EUR"), (12, 36, "360.00 EUR"), (12, 1, "10.00 EUR")]
)
def test_a_term_costs_its_charges(months: int, of: int, expected: str) -> None:
    assert said(charges.term(licence(months=months), of)) == expected


def test_a_whole_charge_and_nothing_at_all() -> None:
    assert said(charges.whole(licence(months=None))) == "120.00 EUR"
    assert said(charges.none_of(licence(months=None))) == "0.00 EUR"
    assert said(charges.whole(licence(None))) == said(charges.none_of(licence(None))) == "unknown"
    assert said(charges.term(licence(months=None), 12)) == said(charges.for_days(licence(months=None), 3)) == "unknown"


def test_days_that_are_over_cost_nothing() -> None:
    assert said(charges.for_days(licence(), -3)) == "0.00 EUR"


def test_half_a_cent_goes_to_the_even_one() -> None:
    assert said(charges.whole(licence("0.125", seats=1))) == "0.12 EUR"
    assert said(charges.whole(licence("0.135", seats=1))) == "0.14 EUR"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2027, 12, 15), 1, date(2028, 1, 15)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 11, 22), 36, date(2029, 11, 22)),
        (date(9999, 12, 1), 1, date.max),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


def test_a_term_has_months_whatever_its_letter_case() -> None:
    assert [months_of(term) for term in ("P1M", "p1y", "P3Y", "P5Y", "", None)] == [1, 12, 36, None, None, None]


def one_by_one(end: date, months: int, day: date) -> tuple[date, date]:
    """What `term_over` says, without its short cut."""
    while end < day:
        first = day_after(end)
        end = months_after(first, months) - timedelta(days=1)
    return first, end


@given(
    end=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    months=st.sampled_from(sorted(MONTHS.values())),
    ahead=st.integers(1, 20000),
)
def test_renewals_are_counted_as_if_one_by_one(end: date, months: int, ahead: int) -> None:
    day = end + timedelta(days=ahead)
    assert term_over(end, months, day) == one_by_one(end, months, day)


def test_before_the_first_day_and_after_the_last_there_is_none() -> None:
    assert [day_before(date.min), day_after(date.max)] == [date.min, date.max]
    assert [day_before(date.max), day_after(date.min)] == [date(9999, 12, 30), date(1, 1, 2)]


def test_renewals_stop_at_the_end_of_the_calendar() -> None:
    assert term_over(date(2026, 12, 31), 1, date.max)[0] >= date(9999, 12, 1)
    assert term_over(date.max, 1, date.max) == (date.max, date.max)


def test_at_the_end_of_the_calendar_a_charge_is_still_a_number() -> None:
    last = datetime(9999, 12, 31, 12, tzinfo=UTC)
    assert said(charges.unused(licence(), last, EARLY)) != "unknown"
    assert said(charges.until(licence(starts=EARLY), NOW, last)) != "unknown"
