"""Whatever a file holds, reading it ends with values or with findings inside the file, and never otherwise."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.manifests import load, read_rules, reader
from pcreconcile.manifests.reader import read_yaml
from pcreconcile.model.errors import Finding, ManifestError
from tests.manifests.desk import CUSTOMER, PARTNER, POLICY, PRICES, RULES

TOKENS = [
    "a",
    ": ",
    "- ",
    "? ",
    "\n",
    "\r\n",
    "\n  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&x ",
    "*x",
    "!t ",
    "<<",
    "|\n",
    ">",
    "'",
    '"',
]
TOKENS += [
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "\ufeff",
    "ü",
    "😀",
    "\\",
    "\\u0000",
    "\x00",
    "\u2028",
    "0",
    "~",
    "true",
]
PIECES = [
    *TOKENS,
    "kind: Customer\n",
    "kind: Partner\n",
    "kind: Policy\n",
    "kind: Prices\n",
    "kind: Rules\n",
    "spec:\n",
    "metadata: ",
    "apiVersion: pcreconcile/v1\n",
]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
VALUES = st.one_of(
    st.sampled_from(["", "~", "5", "1.5", "true", "[]", "{}", "[a]", "{a: b}", "'x'", "x", "2026-01-01"]), TEXTS
)


def assert_inside(finding: Finding, text: str) -> None:
    """Line and column name a character of the text, or the end of a line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert 1 <= finding.line <= len(lines)
    assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1


@pytest.mark.parametrize("parser", [reader.CParser, None])
def test_any_text_is_read_or_told(parser: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "CParser", parser)

    @given(TEXTS)
    @settings(max_examples=300, deadline=None)
    def check(text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        for finding in read_yaml(data, "f").findings:
            assert_inside(finding, text)

    check()


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_told(data: bytes):
    for finding in read_yaml(data, "f").findings:
        assert finding.line >= 1
        assert finding.column >= 1


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_any_rule_pack(text: str):
    with contextlib.suppress(ManifestError):
        read_rules(text, "r", date(2026, 11, 22))


LINED = (
    CUSTOMER
    + "  subscriptions:\n  - {match: {sku: A*, term: P1Y}, desired: keep}\n  - match: {renewsBefore: 2027-01-01}\n"
)
DOCUMENTS = {
    "partner.yaml": PARTNER,
    "policy.yaml": POLICY + "  budgets: {}\n",
    "c.yaml": LINED,
    "prices.yaml": PRICES,
    "rules.yaml": RULES,
}


@given(st.sampled_from(sorted(DOCUMENTS)), st.data())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_document_with_any_value_anywhere(changed: str, data: st.DataObject):
    lines = DOCUMENTS[changed].splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    key = lines[index].partition(":")[0]
    lines[index] = f"{key}: {data.draw(VALUES)}"
    text = "\n".join(lines) + data.draw(st.sampled_from(["", "\n", "\r\n"]))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {**DOCUMENTS, changed: text}.items():
            (Path(folder) / name).write_bytes(content.encode("utf-8", "surrogatepass"))
        for finding in findings_of(folder):
            if finding.file.endswith(changed):
                assert_inside(finding, text)


def findings_of(folder: str) -> tuple[Finding, ...]:
    """What is wrong in a folder; a load that fails has something to say."""
    try:
        load(folder)
    except ManifestError as error:
        return error.findings or pytest.fail("no finding")
    return ()
