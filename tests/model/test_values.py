"""Small values: identifiers, money, instants of actions, rules."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pcreconcile.model.family import Family
from pcreconcile.model.ids import is_guid, tenant_id
from pcreconcile.model.money import Money, totals
from pcreconcile.model.plan import later
from tests.exits.estates import shipped_rules

GUIDS = [
    ("6b2e0b0c-0000-4000-8000-000000000011", True),
    ("6B2E0B0C-0000-4000-8000-00000000001F", True),
    ("6b2e0b0c-0000-4000-8000-00000000001", False),
    ("6b2e0b0c-0000-4000-8000-0000000000111", False),
    ("6b2e0b0c00004000800000000000001f", False),
    ("{6b2e0b0c-0000-4000-8000-000000000011}", False),
    ("6b2e0b0c-0000-4000-8000-00000000001g", False),
    ("６b2e0b0c-0000-4000-8000-000000000011", False),  # a full-width digit
    ("6b2e0b0c-0000-4000-8000-000000000011\n", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "is_one"), GUIDS)
def test_a_guid_is_ascii_hex_in_its_one_shape(text: str, is_one: bool) -> None:
    assert is_guid(text) is is_one


def test_a_tenant_id_is_kept_in_lower_case() -> None:
    assert tenant_id("6B2E0B0C-0000-4000-8000-00000000001F") == "6b2e0b0c-0000-4000-8000-00000000001f"


@pytest.mark.parametrize("text", ["00000000-0000-0000-0000-000000000000", "harbor.example", ""])
def test_what_is_no_tenant_id(text: str) -> None:
    with pytest.raises(ValueError, match="not a tenant ID"):
        tenant_id(text)


WHENS = [
    ("now", "now", "now"),
    ("now", "2026-12-01", "2026-12-01"),
    ("2026-12-02", "2026-12-01", "2026-12-02"),
    ("2026-12-01", "manual", "manual"),
    ("9999-12-31", "manual", "manual"),
    ("now", "manual", "manual"),
]


@pytest.mark.parametrize(("one", "other", "latest"), WHENS)
def test_now_before_a_date_before_manual(one: str, other: str, latest: str) -> None:
    assert later(one, other) == latest
    assert later(other, one) == latest


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def test_money_of_one_currency_adds_up_exactly() -> None:
    assert euros("0.10") + euros("0.20") == euros("0.30")


def test_money_of_two_currencies_is_never_added() -> None:
    with pytest.raises(ValueError, match="cannot add USD to EUR"):
        euros("1.00") + Money(Decimal("1.00"), "USD")


def test_totals_are_by_currency_and_leave_out_what_is_unknown() -> None:
    dollars = Money(Decimal("2.00"), "USD")
    assert totals([dollars, None, euros("1.50"), euros("2.25")]) == (euros("3.75"), dollars)
    assert totals([None]) == ()


def test_money_on_paper_is_text() -> None:
    assert msgspec.json.encode(euros("12.50")) == b'{"amount":"12.50","currency":"EUR"}'
    assert str(euros("12.5")) == "12.50 EUR"


def test_a_rule_is_a_word_or_a_number_of_its_unit() -> None:
    rules = shipped_rules()
    assert rules.word("new-commerce-license.expired") == "probe"
    assert rules.days("new-commerce-license.cancel-window") == timedelta(days=7)
    assert rules.days("marketplace-saas.cancel-window") == timedelta(hours=72)
    assert rules.months("reservation.refund-span") == 12
    assert rules.percent("extended-service-term.surcharge") == Decimal("0.03")
    assert rules.amount("reservation.refund-allowance") == Money(Decimal(50000), "USD")
    with pytest.raises(KeyError):
        rules.word("no-such.rule")


def test_every_shipped_rule_says_where_it_comes_from() -> None:
    today = date(2026, 11, 22)
    for rule in shipped_rules().rules.values():
        assert rule.source.strip()
        assert rule.confidence in {"documented", "reported", "vendor", "inferred", "ours"}
        assert isinstance(rule.value, str if rule.unit in {"word", "names"} else int)
        assert rule.valid_from <= rule.checked <= today


FAMILIES = ["azure-plan", "brick", "brick-2-go"]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_one_value_wherever_it_is_written(name: str) -> None:
    assert Family(name) is Family(name)
    assert Family(name) == name
    assert msgspec.json.decode(msgspec.json.encode(Family(name)), type=str) == name


@pytest.mark.parametrize("name", ["", "Brick", "brick_2", "-brick", "brick-", "brick/x", 5])
def test_what_is_no_name_of_a_family(name: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid Family"):
        Family(name)


def test_a_family_of_somebodys_own_is_none_of_those_that_ship() -> None:
    Family("brick")
    assert "brick" not in list(Family)
