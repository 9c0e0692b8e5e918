"""The rule pack's format, which entry of a rule holds on a day, and the pack that is shipped."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from pcreconcile.manifests import Pack, read_pack, read_rules, shipped_pack
from pcreconcile.model.errors import ManifestError
from pcreconcile.model.rules import Rule

CASES = Path(__file__).parents[1] / "exits" / "cases"
DAY = date(2026, 11, 22)
PACK = """\
version: "2026-11"
staleAfterMonths: 12
words: {"*.refund": [full, prorated], "*": [blocks, free, probe]}
rules:
  nce.window: {value: 7, unit: days, source: a page, from: 2026-08-01, confidence: documented, checked: 2026-11-01}
  nce.suspended:
    value: blocks
    unit: word
    source: a page
    from: 2026-08-01
    confidence: inferred
    checked: 2026-11-02
    note: nobody knows
  software.window:
    - {value: 30, unit: days, source: was, from: 2021-07-14, until: 2022-07-10, confidence: vendor, checked: 2026-11-01}
    - {value: 7, unit: days, source: a page, from: 2022-07-11, confidence: documented, checked: 2026-11-01}
"""


def test_a_pack() -> None:
    rules = read_rules(PACK, "rules.yaml", DAY)
    assert (rules.version, rules.word("nce.suspended"), rules.days("nce.window").days) == ("2026-11", "blocks", 7)
    assert (rules.stale_after_months, rules.overridden) == (12, ())
    assert rules.rules["nce.suspended"] == Rule(
        id="nce.suspended",
        value="blocks",
        unit="word",
        source="a page",
        valid_from=date(2026, 8, 1),
        confidence="inferred",
        checked=date(2026, 11, 2),
        note="nobody knows",
    )


def test_the_digest_is_of_the_values() -> None:
    digest = read_pack(PACK, "rules.yaml").digest
    assert read_pack("# comment\n" + PACK, "other.yaml").digest == digest
    assert read_pack(PACK.replace("7, unit", "8, unit"), "rules.yaml").digest != digest


ENTRIES = [
    # the day, how many days the window of software has on it
    (date(2020, 1, 1), 30),  # before the oldest source there is
    (date(2022, 7, 10), 30),
    (date(2022, 7, 11), 7),
    (date(2099, 1, 1), 7),
]


@pytest.mark.parametrize(("day", "days"), ENTRIES)
def test_the_newest_entry_that_holds_on_the_day(day: date, days: int) -> None:
    assert read_rules(PACK, "rules.yaml", day).days("software.window").days == days


GAPS = [
    # the last day of the newer entry and the first of it, the day, whether a rule holds then
    ("2022-07-11", None, date(2022, 7, 10), True),
    ("2022-07-20", None, date(2022, 7, 15), False),
    ("2022-07-20", None, date(2022, 7, 20), True),
    ("2022-07-11", "2026-11-21", date(2026, 11, 21), True),
    ("2022-07-11", "2026-11-21", date(2026, 11, 22), False),
]


@pytest.mark.parametrize(("first", "last", "day", "held"), GAPS)
def test_a_pack_with_a_gap_on_the_day_is_refused(first: str, last: str | None, day: date, held: bool) -> None:
    until = f", until: {last}" if last else ""
    pack = read_pack(PACK.replace("from: 2022-07-11", f"from: {first}{until}"), "r")
    if held:
        assert pack.on(day).rules
        return
    with pytest.raises(ManifestError) as raised:
        pack.on(day)
    expected = f'r:15:5: no entry of the rule "software.window" holds on {day}, expected one that does'
    assert [str(each) for each in raised.value.findings] == [expected]


WRONG = [
    ("value: 7", "value: seven", "5:23: a rule in this unit needs a number, expected a whole number, 0 or more"),
    ("value: 7", "value: -7", '5:23: "-7" is not allowed here, expected a whole number or a word'),
    ("value: 7", "value: true", "5:23: a bare boolean stands where text or a whole number is wanted, "),
    ("value: blocks", "value: 3", "7:12: a bare number stands where text is wanted, expected quotes"),
    ("unit: days", "unit: day", '5:32: "day" is not known, did you mean "days"?'),
    ("2026-08-01, conf", "2026-8-1, conf", '5:60: "2026-8-1" is not allowed here, expected a date YYYY-MM-DD'),
    ("documented", "certain", '5:84: "certain" is not known, expected one of '),
    (", source: a page, from", ", from", '5:15: missing field "source"'),
    (", checked: 2026-11-01", "", '5:15: missing field "checked"'),
    ('version: "2026-11"', "version: 2026", "1:10: a bare number stands where text is wanted, expected quotes"),
    ("  nce.suspended:", "  nce.window:", '6:3: repeated key "nce.window"'),
    ("rules:", "rules: [", "6:3: not valid YAML: "),
    ("[full, prorated]", "[]", "3:21: a list is not allowed here, expected at least one word"),
    ("until: 2022-07-10", "until: 2021-07-13", "15:69: this entry ends before it starts, expected a day not before"),
    (
        "from: 2022-07-11",
        "from: 2022-07-10",
        "16:52: this entry begins while the one before it holds, expected an `until` of",
    ),
    (", until: 2022-07-10", "", "16:52: this entry begins while the one before it holds, expected an `until` of"),
    ("from: 2022-07-11", "from: 2022-7-11", '16:52: "2022-7-11" is not allowed here, expected a date YYYY-MM-DD'),
    ("value: 30", "valeu: 30", '15:8: unknown field "valeu", did you mean "value"?'),
]


@pytest.mark.parametrize(("old", "new", "finding"), WRONG)
def test_what_is_wrong_and_where(old: str, new: str, finding: str) -> None:
    with pytest.raises(ManifestError) as raised:
        read_pack(PACK.replace(old, new, 1), "r")
    assert any(str(each).startswith(f"r:{finding}") for each in raised.value.findings), raised.value


def test_a_file_holds_one_pack() -> None:
    with pytest.raises(ManifestError, match="r:18:1: a second document, expected one rule pack"):
        read_pack(PACK + "---\na: 1\n", "r")


WORDS = [("nce.suspended", ("blocks", "free", "probe")), ("saas.refund", ("full", "prorated"))]


@pytest.mark.parametrize(("name", "words"), WORDS)
def test_the_words_of_a_rule_are_those_of_the_first_glob_that_fits(name: str, words: tuple[str, ...]) -> None:
    assert read_pack(PACK, "r").words_of(Rule(name, "full", "word", "", DAY, "ours", DAY)) == words


def test_a_rule_that_no_glob_fits_understands_its_own_word_alone() -> None:
    pack = read_pack(PACK.replace('words: {"*.refund": [full, prorated], "*": [blocks, free, probe]}\n', ""), "r")
    assert pack.words_of(Rule("a.b", "by-hand", "word", "", DAY, "ours", DAY)) == ("by-hand",)


def entries(pack: Pack) -> list[Rule]:
    return [entry for rule in pack.entries.values() for entry in rule]


def test_the_shipped_pack_holds_today_and_in_ten_years() -> None:
    for day in (DAY, date(2036, 11, 22)):
        assert set(shipped_pack().on(day).rules) == set(shipped_pack().entries)


def test_the_words_of_the_shipped_pack_are_words_that_their_rules_understand() -> None:
    pack = shipped_pack()
    foreign = [rule.id for rule in entries(pack) if rule.unit == "word" and rule.value not in pack.words_of(rule)]
    assert foreign == []


def test_every_word_of_the_shipped_pack_could_be_another_but_that_of_the_unknown() -> None:
    pack = shipped_pack()
    lonely = [rule.id for rule in entries(pack) if rule.unit == "word" and len(pack.words_of(rule)) < 2]
    assert lonely == ["unknown.product"], "nobody may say that something unknown is harmless"


def test_what_a_case_changes_a_rule_to_is_a_value_that_a_partner_can_give() -> None:
    """Whatever a case shows the code to understand, the words of the pack offer too."""
    pack = shipped_pack()
    changed = {
        (name, value)
        for path in CASES.glob("*.yaml")
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, value in case.get("rules", {}).items()
    }
    words = {(name, value) for name, value in changed if pack.entries[name][-1].unit == "word"}
    assert [each for each in sorted(words) if each[1] not in pack.words_of(pack.entries[each[0]][-1])] == []
    assert words


def test_the_shipped_pack_knows_what_was() -> None:
    name = "software-subscription.cancel-window"
    assert shipped_pack().on(date(2022, 7, 10)).days(name).days == 30
    assert shipped_pack().on(date(2022, 7, 11)).days(name).days == 7
