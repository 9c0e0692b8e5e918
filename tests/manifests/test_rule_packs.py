"""The rule pack's format, and the pack that is shipped."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest

from pcreconcile.manifests import read_rules
from pcreconcile.model.errors import ManifestError
from pcreconcile.model.rules import Rule

PACK = """\
version: "2026-11"
rules:
  nce.window: {value: 7, unit: days, source: a page, date: 2026-08-01, confidence: documented}
  nce.suspended:
    value: blocks
    unit: word
    source: a page
    date: 2026-08-01
    confidence: inferred
    note: nobody knows
"""


def test_a_pack():
    rules = read_rules(PACK, "rules.yaml")
    assert (rules.version, rules.word("nce.suspended"), rules.days("nce.window").days) == ("2026-11", "blocks", 7)
    assert rules.rules["nce.suspended"] == Rule(
        id="nce.suspended",
        value="blocks",
        unit="word",
        source="a page",
        dated=date(2026, 8, 1),
        confidence="inferred",
        note="nobody knows",
    )


def test_the_digest_is_of_the_values():
    digest = read_rules(PACK, "rules.yaml").digest
    assert read_rules("# comment\n" + PACK, "other.yaml").digest == digest
    assert read_rules(PACK.replace("7", "8"), "rules.yaml").digest != digest


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("value: 7", "value: seven", "3:23: a rule in this unit needs a number, expected a whole number, 0 or more"),
        ("value: 7", "value: -7", '3:23: "-7" is not allowed here, expected a whole number or a word'),
        ("value: 7", "value: true", "3:23: a bare boolean stands where text or a whole number is wanted, "),
        ("value: blocks", "value: 3", "5:12: a bare number stands where text is wanted, expected quotes"),
        ("unit: days", "unit: day", '3:32: "day" is not known, did you mean "days"?'),
        ("2026-08-01, conf", "2026-8-1, conf", '3:60: "2026-8-1" is not allowed here, expected a date YYYY-MM-DD'),
        ("documented", "certain", '3:84: "certain" is not known, expected one of '),
        (", source: a page, date: 2026-08-01, confidence", ", date: 2026-08-01, confidence", "3:15: missing field"),
        ('version: "2026-11"', "version: 2026", "1:10: a bare number stands where text is wanted, expected quotes"),
        ("    note: nobody knows\n", "    note: nobody knows\n---\na: 1\n", "12:1: a second document, expected one"),
        ("  nce.suspended:", "  nce.window:", '4:3: repeated key "nce.window"'),
        ("rules:", "rules: [", "4:3: not valid YAML: "),
    ],
)
def test_what_is_wrong_and_where(old: str, new: str, finding: str):
    with pytest.raises(ManifestError) as raised:
        read_rules(PACK.replace(old, new, 1), "r")
    assert any(str(each).startswith(f"r:{finding}") for each in raised.value.findings), raised.value


def test_the_shipped_pack_is_sound():
    text = (files("pcreconcile") / "exits" / "rules.yaml").read_text(encoding="utf-8")
    assert read_rules(text, "rules.yaml").rules
