"""The fleet is told of rules that nobody has looked at for long, and of rules that the partner replaced."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from pcreconcile.model.rules import Override, Rules
from tests.exits.estates import Words, plan_of, shipped_rules

LEGACY: Words = {"holds": [{"kind": "legacy-license", "id": "A"}]}
NOBODY: Words = {"holds": []}
CHECKED = date(2025, 11, 22)


def checked(day: date, *names: str) -> Rules:
    """The shipped rules, with these looked at last on that day."""
    rules = shipped_rules()
    older = {name: replace(rules.rules[name], checked=day) for name in names}
    return replace(rules, rules={**rules.rules, **older})


def told(case: Words, rules: Rules) -> dict[str, str]:
    return {notice.code: notice.text for notice in plan_of(case, rules).warnings}


OLD = [
    # held, rules looked at on 2025-11-22, now, which of them are named
    (LEGACY, ["legacy-license.active"], datetime(2026, 11, 22, 23, 59, tzinfo=UTC), []),
    (LEGACY, ["legacy-license.active"], datetime(2026, 11, 23, tzinfo=UTC), ["legacy-license.active"]),
    (LEGACY, ["azure-plan.active"], datetime(2026, 11, 23, tzinfo=UTC), []),
    (
        LEGACY,
        ["azure-plan.active", "legacy-license.active"],
        datetime(2027, 1, 1, tzinfo=UTC),
        ["legacy-license.active"],
    ),
    (NOBODY, ["legacy-license.active"], datetime(2026, 11, 23, tzinfo=UTC), []),
    (
        NOBODY,
        ["transfer.open", "money.order-price"],
        datetime(2026, 11, 23, tzinfo=UTC),
        ["money.order-price", "transfer.open"],
    ),
]


@pytest.mark.parametrize(("case", "names", "now", "named"), OLD)
def test_a_rule_checked_more_than_a_year_ago_is_named_where_it_matters(
    case: Words, names: list[str], now: datetime, named: list[str]
) -> None:
    text = told({**case, "now": now}, checked(CHECKED, *names)).get("rule-old", "")
    assert [name for name in names if name in text] == sorted(named, key=names.index)


def test_months_are_calendar_months() -> None:
    rules = replace(checked(date(2026, 8, 31), "transfer.open"), stale_after_months=6)
    assert "rule-old" not in told({"now": datetime(2027, 2, 28, tzinfo=UTC)}, rules)
    assert "rule-old" in told({"now": datetime(2027, 3, 1, tzinfo=UTC)}, rules)


def test_the_warning_says_when_it_was_checked_and_what_to_do() -> None:
    text = told({"now": datetime(2026, 11, 23, tzinfo=UTC)}, checked(CHECKED, "transfer.open"))["rule-old"]
    expected = "checked more than 12 months ago: transfer.open (2025-11-22); look whether their sources still say so"
    assert text == expected


def test_a_replaced_rule_is_named_with_its_reason_and_never_as_old() -> None:
    override = Override("transfer.open", "free", "blocks", "our contract says so")
    rules = replace(checked(CHECKED, "transfer.open"), overridden=(override,))
    assert told({"now": datetime(2027, 11, 23, tzinfo=UTC), "holds": []}, rules).keys() >= {"rules-overridden"}
    found = told({"now": datetime(2026, 11, 23, tzinfo=UTC)}, rules)
    assert "rule-old" not in found
    assert found["rules-overridden"] == (
        "rules that the partner replaced: transfer.open is free instead of blocks (our contract says so)"
    )


def test_nothing_is_said_of_rules_that_are_young_and_shipped() -> None:
    assert told(LEGACY, shipped_rules()) == {}
