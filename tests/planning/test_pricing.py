"""What a unit costs, from the order's price or the partner's list; where nobody says, no price."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pcreconcile.exits import Charge, holdings_of
from pcreconcile.exits.traits import EXTENDED
from pcreconcile.planning.pricing import with_charges
from tests.exits.estates import customer_state, prices, rules_with

NOW = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
NCE = "new-commerce-license"
BY_CYCLE = "order O, per billing-cycle (rule money.order-price)"


def charge_of(thing: dict[str, Any], listed: list[dict[str, Any]], **rules: str) -> Charge | None:
    """The charge of one thing that is held."""
    state = customer_state(
        [{"id": "O" if thing["kind"] in {"perpetual-software", "reservation"} else "A", **thing}], None, {}
    )
    found = with_charges(holdings_of(state), prices(listed), rules_with(rules), NOW)
    return found[0].charge


def words(charge: Charge | None) -> str | None:
    return None if charge is None else f"{charge.unit} / {charge.months}"


def ordered(kind: str = NCE, **words: Any) -> dict[str, Any]:
    """Something bought by the order O at 12 dollars a unit."""
    return {"kind": kind, "price": "12.00"} | ({"order": "O"} if kind == NCE else {}) | words


ORDERS = [
    # cycle and term of what was ordered, the months that its price pays for
    ({"cycle": "monthly", "term": "P1M"}, 1),
    ({"cycle": "monthly", "term": "P3Y"}, 1),
    ({"cycle": "Annual", "term": "P1Y"}, 12),
    ({"cycle": "annual", "term": "P3Y"}, 12),
    ({"cycle": "biennial", "term": "P3Y"}, 24),
    ({"cycle": "triennial", "term": "P3Y"}, 36),
    ({"cycle": "none", "term": "P1Y"}, 12),
    ({"cycle": "one_time", "term": "P3Y"}, 36),
    ({"cycle": "onetime", "term": "p1y"}, 12),
    ({"term": "P1M"}, 1),  # a month is billed at once, whatever its cycle
    ({"term": "P1Y"}, None),
    ({"cycle": "fortnightly", "term": "P1Y"}, None),
    ({"cycle": "one_time"}, None),
    ({"cycle": "one_time", "term": "P5Y"}, None),
]


@pytest.mark.parametrize(("words_", "months"), ORDERS)
def test_a_price_of_an_order_pays_for_a_billing_cycle(words_: dict[str, str], months: int | None) -> None:
    found = charge_of(ordered(**words_), [])
    assert words(found) == (None if months is None else f"12.00 USD / {months}")
    assert found is None or found.source == BY_CYCLE


TERMS = [
    ({"cycle": "monthly", "term": "P1Y"}, "12.00 USD / 12"),
    ({"cycle": "monthly", "term": "P3Y"}, "12.00 USD / 36"),
    ({"cycle": "monthly"}, None),
]


@pytest.mark.parametrize(("words_", "expected"), TERMS)
def test_a_partner_whose_orders_show_the_price_of_the_term_says_so(words_: Any, expected: str | None) -> None:
    assert words(charge_of(ordered(**words_), [], **{"money.order-price": "term"})) == expected


OTHER_KINDS = [
    (ordered("perpetual-software", cycle="one_time"), "12.00 USD / None"),
    (ordered("perpetual-software"), "12.00 USD / None"),
    (ordered("reservation", cycle="one_time", term="P1Y"), "12.00 USD / 12"),
    (ordered("reservation", cycle="one_time", term="P5Y"), None),
    (ordered("azure-plan", order="O", cycle="monthly"), None),
    (ordered("azure-legacy", order="O", cycle="monthly"), None),
    (ordered(cycle="monthly", price="12.00 EUR"), "12.00 EUR / 1"),
    (ordered(cycle="monthly", price="0.00"), "0.00 USD / 1"),
    ({"kind": NCE, "order": "O", "cycle": "monthly"}, None),
    ({"kind": NCE, "price": "12.00"}, None),
]


@pytest.mark.parametrize(("thing", "expected"), OTHER_KINDS)
def test_what_was_bought_for_good_by_usage_or_without_a_price(thing: dict[str, Any], expected: str | None) -> None:
    assert words(charge_of(thing, [])) == expected


LISTED = {"amount": "9.00 EUR", "per": "month", "family": NCE}
HELD = {"kind": NCE, "term": "P1Y", "cycle": "annual"}

ENTRIES = [
    # what is held, an entry of the list, the price
    (HELD, LISTED, "9.00 EUR / 1"),
    (HELD, {**LISTED, "per": "year"}, "9.00 EUR / 12"),
    (HELD, {**LISTED, "per": "three-years"}, "9.00 EUR / 36"),
    (HELD, {**LISTED, "per": "once"}, "9.00 EUR / None"),
    (HELD, {**LISTED, "family": "legacy-license"}, None),
    (HELD, {**LISTED, "sku": "cfq7ttc0lf8r"}, "9.00 EUR / 1"),
    (HELD, {**LISTED, "sku": "CFQ7TTC0LF8R:0001"}, "9.00 EUR / 1"),
    (HELD, {**LISTED, "sku": "CFQ7*"}, "9.00 EUR / 1"),
    (HELD, {**LISTED, "sku": "CFQ7TTC0LF8"}, None),
    (HELD, {**LISTED, "term": "P1Y"}, "9.00 EUR / 1"),
    (HELD, {**LISTED, "term": "P1M"}, None),
    (HELD, {**LISTED, "billing": "Annual"}, "9.00 EUR / 1"),
    (HELD, {**LISTED, "billing": "monthly"}, None),
    (HELD, {**LISTED, "validFrom": "2026-11-22", "validUntil": "2026-11-22"}, "9.00 EUR / 1"),
    (HELD, {**LISTED, "validFrom": "2026-11-23"}, None),
    (HELD, {**LISTED, "validUntil": "2026-11-21"}, None),
    ({"kind": "legacy-license"}, {**LISTED, "family": "legacy-license"}, "9.00 EUR / 1"),
    ({"kind": "azure-plan"}, {**LISTED, "family": "azure-plan"}, None),
]


@pytest.mark.parametrize(("held", "entry", "expected"), ENTRIES)
def test_an_entry_of_the_list_fits_by_every_member(held: Any, entry: Any, expected: str | None) -> None:
    found = charge_of(held, [entry])
    assert words(found) == expected
    assert found is None or found.source == f"price list, per {entry['per']}"


def test_the_first_entry_that_fits_wins() -> None:
    entries = [{**LISTED, "sku": "other"}, LISTED, {**LISTED, "amount": "1.00 EUR"}]
    assert words(charge_of(HELD, entries)) == "9.00 EUR / 1"


TRIAL = {**HELD, "trial": True}
EXTENDED_TERM = {
    "kind": NCE,
    "term": "P1M",
    "cycle": "monthly",
    "autoRenew": False,
    "scheduled": [EXTENDED],
    "ends": "2026-12-10",
    "window": "2026-12-10",
}

WHO_COMES_FIRST = [
    # an order's own price comes before the list
    (ordered(**HELD), [LISTED], "12.00 USD / 12"),
    (ordered(term="P1Y"), [LISTED], "9.00 EUR / 1"),  # an order whose price says no time is none
    # a trial costs what a list says of its very product
    (ordered(**TRIAL), [], None),
    (TRIAL, [LISTED], None),
    (ordered(**TRIAL), [LISTED, {**LISTED, "sku": "CFQ7TTC0LF8R", "amount": "0.00 EUR"}], "0.00 EUR / 1"),
    # an Extended Service Term is dearer than what was ordered
    (ordered(**EXTENDED_TERM), [LISTED], "9.00 EUR / 1"),
    (ordered(**EXTENDED_TERM), [], "12.00 USD / 1"),
]


@pytest.mark.parametrize(("held", "listed", "expected"), WHO_COMES_FIRST)
def test_whose_price_counts(held: dict[str, Any], listed: list[dict[str, Any]], expected: str | None) -> None:
    assert words(charge_of(held, listed)) == expected
