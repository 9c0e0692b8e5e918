"""The Prices document: what it may say, what is wrong with it, and the list that it comes to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pcreconcile.manifests import load
from pcreconcile.model.errors import ManifestError
from pcreconcile.model.family import Family
from pcreconcile.model.money import Money
from pcreconcile.model.prices import NO_PRICES, Per, Price
from tests.manifests.desk import PRICES, Desk

HEAD = PRICES[: PRICES.index("spec:")]
PRICE = 'amount: "1.00", per: month'

WRONG = [
    ("{prices: []}", []),
    (f"{{currency: EUR, prices: [{{sku: A, {PRICE}}}]}}", []),
    (f"{{prices: [{{sku: A, {PRICE}, currency: EUR}}]}}", []),
    (
        f"{{prices: [{{sku: A, {PRICE}}}]}}",
        ['4:17: missing field "currency", expected currency when the list has no currency of its own'],
    ),
    (
        f"{{currency: EUR, prices: [{{term: P1M, {PRICE}}}]}}",
        ['4:32: missing field "family", expected family when sku is not given'],
    ),
    (
        "{currency: EUR, prices: [{sku: A, amount: 1.00, per: month}]}",
        ["4:49: a bare number stands where text is wanted, expected quotes around it"],
    ),
    (
        "{currency: EUR, prices: [{sku: A, amount: '1,00', per: month}]}",
        ['4:49: "1,00" is not allowed here, expected a quoted decimal such as "12.00"'],
    ),
    (
        "{currency: EUR, prices: [{sku: A, amount: '-1.00', per: month}]}",
        ['4:49: "-1.00" is not allowed here, expected a quoted decimal such as "12.00"'],
    ),
    (
        "{currency: EUR, prices: [{sku: A, amount: '1.00', per: moon}]}",
        ['4:62: "moon" is not known, did you mean "month"?'],
    ),
    ("{currency: EUR, prices: [{sku: A, amount: '1.00'}]}", ['4:32: missing field "per"']),
    (
        "{currency: eur, prices: []}",
        ['4:18: "eur" is not allowed here, expected a three-letter currency code such as EUR'],
    ),
    (
        f"{{currency: EUR, prices: [{{family: azure-pla, {PRICE}}}]}}",
        ['4:41: "azure-pla" is not known, did you mean "azure-plan"?'],
    ),
    (
        f"{{currency: EUR, prices: [{{sku: A, {PRICE}, billing: onetime}}]}}",
        ['4:78: "onetime" is not known, did you mean "one_time"?'],
    ),
    (
        f"{{currency: EUR, prices: [{{sku: A, {PRICE}, from: 2027-01-02, until: 2027-01-01}}]}}",
        ["4:94: this price ends before it starts, expected a day not before its `from`"],
    ),
    ("{currency: EUR}", ['4:7: missing field "prices"']),
    ("{currency: EUR, prices: [A, 5]}", None),
]


@pytest.mark.parametrize(("spec", "findings"), WRONG)
def test_what_is_wrong_and_where(desk: Desk, spec: str, findings: list[str] | None) -> None:
    found = desk.findings({"prices.yaml": f"{HEAD}spec: {spec}\n"})
    if findings is None:
        assert len(found) == 2
    else:
        assert found == [f"m/prices.yaml:{each}" for each in findings]


TWICE = [
    # one entry and another, whether they are prices of the same on one day at least
    ("sku: A", "sku: a", True),
    ("sku: A", "sku: A, term: P1Y", False),  # the first that fits wins: order says what is meant
    ("sku: A", "sku: B", False),
    ("sku: A, until: 2026-12-31", "sku: A, from: 2027-01-01", False),
    ("sku: A, until: 2027-01-01", "sku: A, from: 2027-01-01", True),
    ("sku: A, from: 2027-01-01", "sku: A, until: 2026-12-31", False),
    ("sku: A, from: 2027-01-01", "sku: A, until: 2027-01-01", True),
    ("family: reservation, term: P1Y", "family: reservation, term: P3Y", False),
    ("family: reservation, billing: monthly", "family: reservation, billing: monthly", True),
]


@pytest.mark.parametrize(("one", "other", "same"), TWICE)
def test_two_prices_for_the_same(desk: Desk, one: str, other: str, same: bool) -> None:
    entries = "\n".join(f"  - {{{each}, {PRICE}}}" for each in (one, other))
    found = desk.findings({"prices.yaml": f"{HEAD}spec:\n  currency: EUR\n  prices:\n{entries}\n"})
    told = "m/prices.yaml:8:5: a second price for the same, the first is at m/prices.yaml:7:5"
    assert found == ([f"{told}, expected days that do not meet"] if same else [])


def test_the_list_of_a_document(desk: Desk) -> None:
    prices = desk.load({"prices.yaml": PRICES}).prices
    assert prices.entries == (
        Price(Money(Decimal("12.00"), "EUR"), Per.MONTH, family=Family.NEW_COMMERCE_LICENSE, term="P1M"),
        Price(Money(Decimal("99.90"), "USD"), Per.YEAR, sku="CFQ7TTC0LF8R*", valid_from=date(2026, 1, 1)),
    )


def test_the_digest_is_of_the_prices(desk: Desk) -> None:
    first = desk.load({"prices.yaml": PRICES}).prices.digest
    assert desk.load({"prices.yaml": "# comment\n" + PRICES}).prices.digest == first
    assert desk.load({"prices.yaml": PRICES.replace("99.90", "99.91")}).prices.digest != first
    assert len(first) == 64


def test_without_a_list_no_price_is_known(desk: Desk) -> None:
    assert desk.load().prices == NO_PRICES


def test_a_family_of_somebodys_own_has_a_price(desk: Desk) -> None:
    desk.lay({"prices.yaml": PRICES.replace("new-commerce-license", "brick")})
    (first, _) = load("m", frozenset({"brick"})).prices.entries
    assert first.family == "brick"
    with pytest.raises(ManifestError, match='"brick" is not known'):
        load("m")


def test_a_list_stands_beside_the_partner_document(desk: Desk) -> None:
    assert desk.findings({"emea/prices.yaml": PRICES}) == [
        "m/emea/prices.yaml:2:7: a Prices document below the partner folder, expected it in m"
    ]
