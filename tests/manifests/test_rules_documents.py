"""The Rules document: what it may override, what is wrong with it, and what then holds on a day."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from pcreconcile.manifests import OverrideWish, overridden, shipped_pack
from pcreconcile.model.rules import Override, Rules
from tests.manifests.desk import RULES, Desk

DAY = date(2026, 11, 22)
HEAD = RULES[: RULES.index("  overrides:")]
WINDOW = "new-commerce-license.cancel-window"
REASON = "reason: x"

WRONG = [
    ("overrides: {}", []),
    ("overrides: {new-commerce-license.cancel-window: {value: 5, reason: x}}", []),
    (
        "overrides: {new-commerce-license.cancel-windw: {value: 5, reason: x}}",
        [f'5:15: unknown rule "new-commerce-license.cancel-windw", did you mean "{WINDOW}"?'],
    ),
    ("overrides: {zzz: {value: 5, reason: x}}", ['5:15: unknown rule "zzz", expected a rule of the shipped pack']),
    (
        f"overrides: {{{WINDOW}: {{value: five, {REASON}}}}}",
        ['5:59: "five" is no number of days, expected a whole number from 0 to 3660'],
    ),
    (f"overrides: {{{WINDOW}: {{value: 3660, {REASON}}}}}", []),
    (
        "overrides: {legacy-license.disabled: {value: true, reason: x}}",
        [
            "5:48: a bare boolean stands where text or a whole number is wanted, expected a whole number or a word",
        ],
    ),
    (f"overrides: {{{WINDOW}: {{value: 99999, {REASON}}}}}", ["5:59: 99999 days are too many, expected at most 3660"]),
    (
        f"overrides: {{{WINDOW}: {{value: -1, {REASON}}}}}",
        ['5:59: "-1" is not allowed here, expected a whole number or a word'],
    ),
    (
        f"overrides: {{{WINDOW}: {{value: true, {REASON}}}}}",
        ["5:59: a bare boolean stands where text or a whole number is wanted, expected a whole number or a word"],
    ),
    (
        f"overrides: {{{WINDOW}: {{value: 1.5, {REASON}}}}}",
        ["5:59: a bare number stands where text or a whole number is wanted, expected a whole number or a word"],
    ),
    (
        f"overrides: {{{WINDOW}: {{value: [5], {REASON}}}}}",
        ["5:59: a list stands where text or a whole number is wanted, expected a whole number or a word"],
    ),
    (
        "overrides: {legacy-license.disabled: {value: block, reason: x}}",
        ['5:48: "block" is no value of this rule, did you mean "blocks"?'],
    ),
    (
        "overrides: {legacy-license.disabled: {value: maybe, reason: x}}",
        ['5:48: "maybe" is no value of this rule, expected one of blocks, free, probe'],
    ),
    (
        "overrides: {legacy-license.disabled: {value: 5, reason: x}}",
        ["5:48: a bare number stands where text is wanted, expected quotes around it"],
    ),
    (
        "overrides: {reservation.never-refundable: {value: 5, reason: x}}",
        ["5:53: a bare number stands where text is wanted, expected quotes around it"],
    ),
    ("overrides: {reservation.never-refundable: {value: 'suse, red hat', reason: x}}", []),
    (f"overrides: {{{WINDOW}: {{value: 5}}}}", ['5:51: missing field "reason"']),
    (
        f"overrides: {{{WINDOW}: {{value: 5, reason: ' '}}}}",
        ['5:70: " " is not allowed here, expected text that is not blank'],
    ),
    (
        f"overrides: {{{WINDOW}: {{value: 5, {REASON}, until: soon}}}}",
        ['5:80: "soon" is not allowed here, expected a date YYYY-MM-DD'],
    ),
    (
        f"overrides: {{{WINDOW}: {{value: 5, {REASON}, unit: days}}}}",
        ['5:73: unknown field "unit", did you mean "until"?'],
    ),
    (f"overrides: {{{WINDOW}: 5}}", ["5:51: a bare number stands where a mapping is wanted, expected a mapping"]),
    ("overrides: []", ["5:14: a list stands where a mapping is wanted, expected a mapping"]),
    ("{}", ['5:3: missing field "overrides"']),
]


@pytest.mark.parametrize(("text", "findings"), WRONG)
def test_what_is_wrong_and_where(desk: Desk, text: str, findings: list[str]) -> None:
    assert desk.findings({"rules.yaml": f"{HEAD}  {text}\n"}) == [f"m/rules.yaml:{each}" for each in findings]


def test_a_partner_folder_has_one_rules_document_beside_the_partner(desk: Desk) -> None:
    below = desk.findings({"emea/rules.yaml": RULES})
    assert below == ["m/emea/rules.yaml:2:7: a Rules document below the partner folder, expected it in m"]


def test_a_second_rules_document(desk: Desk) -> None:
    first = "m/a.yaml:1:1"
    told = f"m/b.yaml:2:7: a second Rules document, the first is at {first}, expected one in a partner folder"
    assert desk.findings({"a.yaml": RULES, "b.yaml": RULES}) == [told]


def test_what_is_overridden_is_loaded_with_its_reasons(desk: Desk) -> None:
    assert desk.load({"rules.yaml": RULES}).overrides == (
        OverrideWish("legacy-license.disabled", "blocks", "seen in a refusal", date(2027, 6, 30)),
        OverrideWish(WINDOW, 5, "our contract says so"),
    )
    assert Desk(desk.folder / "other").load(path=str(desk.folder / "other" / "m")).overrides == ()


def ours(day: date, **changes: object) -> Rules:
    """The shipped rules with a window of five days, on a day."""
    wish = msgspec.structs.replace(OverrideWish(WINDOW, 5, "our contract says so"), **changes)
    return overridden(shipped_pack().on(DAY), (wish,), day)


def test_an_overridden_rule_holds_and_the_plan_can_name_it() -> None:
    rules, shipped = ours(DAY), shipped_pack().on(DAY)
    assert rules.days(WINDOW).days == 5
    assert rules.overridden == (Override(WINDOW, 5, 7, "our contract says so"),)
    changed = rules.rules[WINDOW]
    assert (changed.source, changed.confidence) == ("override: our contract says so", "ours")
    assert changed.note.startswith("the shipped pack says 7 (learn.microsoft.com")
    assert changed.checked == shipped.rules[WINDOW].checked
    others = {name: rule for name, rule in rules.rules.items() if name != WINDOW}
    assert others == {name: rule for name, rule in shipped.rules.items() if name != WINDOW}


UNTIL = [(date(2026, 11, 21), 7), (date(2026, 11, 22), 5), (None, 5)]


@pytest.mark.parametrize(("until", "days"), UNTIL)
def test_an_override_holds_until_its_last_day(until: date | None, days: int) -> None:
    rules = ours(DAY, until=until)
    assert rules.days(WINDOW).days == days
    assert bool(rules.overridden) is (days == 5)


def test_the_digest_is_also_of_what_is_overridden() -> None:
    shipped = shipped_pack().on(DAY).digest
    digests = {shipped, ours(DAY).digest, ours(DAY, value=6).digest, ours(DAY, reason="because").digest}
    assert len(digests) == 4
    assert ours(DAY, until=date(2026, 1, 1)).digest == shipped
    assert ours(DAY).digest == ours(DAY, until=date(2027, 1, 1)).digest
