"""Design section 11, "Positions", "Scalars" and the YAML of "Files": text -> what is wrong, at line:column."""

from __future__ import annotations

import pytest

from pcreconcile.manifests import reader
from pcreconcile.manifests.nodes import plain
from pcreconcile.manifests.reader import read_yaml

ALIAS = "aliases are not allowed, expected the value itself"
ANCHOR = "anchors are not allowed, expected the value itself"
TAG = "tags are not allowed, expected a value without a tag"
MERGE = "merge keys are not allowed, expected the fields themselves"
TOO_DEEP = "nested too deeply, at most 32 levels are read"

REFUSED = [
    # positions: characters after a byte order mark, from 1
    ("a: 1\na: 2", ['2:1: repeated key "a", first at 1:1, expected each key once']),
    ("\ufeffa: 1\na: 2", ['2:1: repeated key "a", first at 1:1, expected each key once']),
    ("\ufeff{ü: 1, ü: 2}", ['1:8: repeated key "ü", first at 1:2, expected each key once']),
    ("{😀: '😀', 😀: 2}", ['1:10: repeated key "😀", first at 1:2, expected each key once']),
    ("x: ä\r\ny: {b: 1, b: 2}\r\n", ['2:11: repeated key "b", first at 2:5, expected each key once']),
    ("x: 1\ry: 2\rx: 3", ['3:1: repeated key "x", first at 1:1, expected each key once']),
    ("a: 'x\n\n  y'\na: 1", ['4:1: repeated key "a", first at 1:1, expected each key once']),
    ("a:\n  b: 1\n  c: {b: 1}\n  b: 1", ['4:3: repeated key "b", first at 2:3, expected each key once']),
    # what is always refused
    ("a: &x 1\nb: *x", [f"1:4: {ANCHOR}", f"2:4: {ALIAS}"]),
    ("&x a: 1", [f"1:1: {ANCHOR}"]),
    ("*x : 1", [f"1:1: {ALIAS}"]),
    ("a: !!str 1\nb: ! c\nc: !own {}", [f"1:4: {TAG}", f"2:4: {TAG}", f"3:4: {TAG}"]),
    ("%TAG ! tag:x,2000:\n---\na: 1", ["1:1: tags are not allowed, expected no %TAG directive"]),
    ("%YAML 1.1\n---\na: 1", ["1:1: another YAML version, expected YAML 1.2"]),
    ("a:\n  <<: {b: 1}", [f"2:3: {MERGE}"]),
    ("? [a]\n: 1", ["1:3: a key that is no text, expected text"]),
    ("? {a: 1}\n: 1", ["1:3: a key that is no text, expected text"]),
    ("1: a", ["1:1: a bare number stands where a key is wanted, expected quotes around it"]),
    ("true: a", ["1:1: a bare boolean stands where a key is wanted, expected quotes around it"]),
    ("~: a", ["1:1: a bare null stands where a key is wanted, expected quotes around it"]),
    # depth
    ("[" * 33 + "]" * 33, [f"1:33: {TOO_DEEP}"]),
    ("[" * 100_000, [f"1:33: {TOO_DEEP}"]),
    ("- " * 33 + "a", [f"1:65: {TOO_DEEP}"]),
    ("".join(" " * n + "a:\n" for n in range(32)), []),
    ("".join(" " * n + "a:\n" for n in range(33)), [f"33:33: {TOO_DEEP}"]),
    # no YAML
    ("a: b: c", ["1:5: not valid YAML: mapping values are not allowed in this context"]),
    ("a: [1, 2\n", ["1:9: not valid YAML: did not find expected ',' or ']'"]),
    ("a:\tb\n\tc: d", ["2:1: not valid YAML: found a tab character that violates indentation"]),
    ("ü: 'x", ["1:6: not valid YAML: found unexpected end of stream"]),
    # characters
    ("a: \x00", ["1:4: character U+0000 is not allowed here, expected printable text"]),
    ("ä: x\x85", ["1:5: character U+0085 is not allowed here, expected printable text"]),
    ("a: x\u2028b: c", ["1:5: character U+2028 is not allowed here, expected printable text"]),
    ("a: x\n\ufeffb: c", ["2:1: character U+FEFF is not allowed here, expected printable text"]),
    ('a: "x\\0"', ["1:4: an escape that is no character, expected printable text"]),
    # no document
    ("", ["1:1: no document in this file, expected a YAML document"]),
    ("\ufeff", ["1:1: no document in this file, expected a YAML document"]),
    ("# nothing\n", ["1:1: no document in this file, expected a YAML document"]),
]


@pytest.mark.parametrize(("text", "findings"), REFUSED)
def test_what_is_refused_and_where(text: str, findings: list[str]):
    reading = read_yaml(text.encode(), "f")
    assert [str(finding) for finding in reading.findings] == [f"f:{finding}" for finding in findings]


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"a: \xff", "f:1:4: not UTF-8, expected UTF-8 text"),
        (b"a: \xc3\xbc\nb: \xc3", "f:2:4: not UTF-8, expected UTF-8 text"),
        (b"\xef\xbb\xbfa: \xe4", "f:1:4: not UTF-8, expected UTF-8 text"),
        ("a: b".encode("utf-16"), "f:1:1: not UTF-8, expected UTF-8 text"),
        ("a: ü".encode("latin-1"), "f:1:4: not UTF-8, expected UTF-8 text"),
        (b"a: \xed\xa0\x80", "f:1:4: not UTF-8, expected UTF-8 text"),
    ],
)
def test_utf_8_alone(data: bytes, finding: str):
    assert [str(each) for each in read_yaml(data, "f").findings] == [finding]


SCALARS = [
    *[(text, text) for text in ("NO", "no", "on", "Off", "yes", "y", "0777", "1e3", "12:30:45", "2026-12-01", "0x1F")],
    *[(text, text) for text in ("0o17", "1_000", "+5", ".5", ".inf", "01", "1.2.3", "tRue", "nUll", "<", "=")],
    *[(text, True) for text in ("true", "True", "TRUE")],
    *[(text, False) for text in ("false", "False", "FALSE")],
    *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
    ("5", 5),
    ("-3", -3),
    ("0", 0),
    ("999999999999999999", 999999999999999999),
    *[(text, 0.5) for text in ("1.5", "5.0", "-0.25", "9999999999999999999", "9" * 5000)],  # numbers, never whole
    *[(f"'{text}'", text) for text in ("5", "true", "null", "", "1.5")],
    ('"5"', "5"),
    ("|\n  5", "5"),
    (">-\n  true", "true"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars_are_yaml_1_2_and_never_more(text: str, value: object):
    (root,) = read_yaml(f"a: {text}".encode(), "f").documents
    found = plain(root)["a"]
    assert (found, type(found)) == (value, type(value))


def test_several_documents_in_order():
    reading = read_yaml(b"---\na: 1\n---\nb: 2\n...\n", "f")
    assert [plain(root) for root in reading.documents] == [{"a": 1}, {"b": 2}]


def test_documents_before_a_syntax_error_are_kept():
    reading = read_yaml(b"a: 1\n---\nb: [", "f")
    assert ([plain(root) for root in reading.documents], reading.complete) == ([{"a": 1}], False)


def test_a_crlf_file_reads_like_an_lf_file():
    text = "a: 1\nb:\n  - x\n  - |\n    y\n    z\n"
    plain_ends, crlf = (read_yaml(each.encode(), "f") for each in (text, text.replace("\n", "\r\n")))
    assert [plain(root) for root in crlf.documents] == [plain(root) for root in plain_ends.documents]


# The two parsers word syntax errors in their own ways; everything that we say ourselves must not depend on them.
OURS = [(text, findings) for text, findings in REFUSED if not any("not valid YAML" in finding for finding in findings)]


@pytest.mark.parametrize(("text", "findings"), [case for case in OURS if len(case[0]) < 10_000])
def test_pyyaml_without_libyaml_finds_the_same(monkeypatch: pytest.MonkeyPatch, text: str, findings: list[str]):
    monkeypatch.setattr(reader, "CParser", None)
    test_what_is_refused_and_where(text, findings)


@pytest.mark.parametrize("text", [text for text, findings in REFUSED if findings and "not valid" in findings[0]])
def test_pyyaml_without_libyaml_refuses_the_same(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setattr(reader, "CParser", None)
    (finding,) = read_yaml(text.encode(), "f").findings
    assert finding.problem.startswith("not valid YAML: ")
    assert ", but " not in finding.problem  # what was found instead is text of the file
