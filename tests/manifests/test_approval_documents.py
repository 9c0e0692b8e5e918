"""Approval files: written so that everybody reads the same, and read so that nothing is taken that was not signed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.manifests import read_approval, schema_text, write_signed
from pcreconcile.model.approval import Approval, Scope, SignedApproval, signed_bytes
from pcreconcile.model.errors import ManifestError
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind

ONE = TenantId("6b2e0b0c-0000-4000-8000-000000000011")


def armour(blob: bytes, columns: int = 70, end: str = "\n") -> str:
    text = base64.b64encode(blob).decode()
    body = [text[at : at + columns] for at in range(0, len(text), columns)]
    return end.join(["-----BEGIN SSH SIGNATURE-----", *body, "-----END SSH SIGNATURE-----", ""])


BLOB = b"SSHSIG" + bytes(range(200))
APPROVAL = Approval(
    principal="anna@example.com",
    plan_id=PlanId("a" * 64),
    partner=TenantId("9f10aa00-0000-4000-8000-0000000000aa"),
    consequences="b" * 64,
    scope=Scope((ONE,), (ActionKind.REMOVE_RELATIONSHIP,), 1, 12, (Money(Decimal("100.00"), "EUR"),)),
    approved_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    expires_at=datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC),
    comment="no",
)
SIGNED = SignedApproval(APPROVAL, armour(BLOB), "approvals/x/anna.yaml")
TEXT = write_signed(SIGNED)


def as_others_sign_it(text: str) -> bytes:
    """With any YAML and JSON library."""
    document = yaml.safe_load(text)
    del document["signature"]
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read_approval(text.encode() if isinstance(text, str) else text, "a.yaml")
    return [str(finding) for finding in caught.value.findings]


def test_how_it_looks() -> None:
    assert TEXT.splitlines()[:19] == [
        'apiVersion: "pcreconcile/v1"',
        'kind: "Approval"',
        "metadata:",
        '  name: "anna@example.com"',
        "spec:",
        f'  planId: "{"a" * 64}"',
        '  partner: "9f10aa00-0000-4000-8000-0000000000aa"',
        f'  consequences: "{"b" * 64}"',
        "  scope:",
        '    customers: ["6b2e0b0c-0000-4000-8000-000000000011"]',
        '    kinds: ["remove-relationship"]',
        "    oneWay: 1",
        "    seats: 12",
        '    money: [{"amount": "100.00", "currency": "EUR"}]',
        '  approvedAt: "2026-11-22T12:00:00Z"',
        '  expiresAt: "2026-11-23T12:00:00.500000Z"',
        '  comment: "no"',
        "signature: |",
        "  -----BEGIN SSH SIGNATURE-----",
    ]


def test_it_is_read_back_and_signs_the_same_bytes_elsewhere() -> None:
    assert read_approval(TEXT.encode(), SIGNED.source) == SIGNED
    assert as_others_sign_it(TEXT) == signed_bytes(APPROVAL)
    assert yaml.safe_load(TEXT)["signature"] == SIGNED.signature


REMARKS = [
    "",
    "NO",
    "2026-11-22",
    "1_000",
    "0x10",
    "~",
    "12:30:45",
    'it\'s "quoted" \\ # not a comment',
    "Köln 北京 🙂 é",
]
REMARKS += ["\xa0\xad\u200b\u200d\ufeff\ufffe\uffff", "- [x", "{a: b}", "%TAG", "a: b", "\U0010ffff", "/", "=", "<<"]


@pytest.mark.parametrize("comment", REMARKS)
def test_any_remark(comment: str) -> None:
    signed = replace(SIGNED, approval=replace(APPROVAL, comment=comment))
    text = write_signed(signed)
    assert read_approval(text.encode(), signed.source) == signed
    assert as_others_sign_it(text) == signed_bytes(signed.approval)


COMMENTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\u202a\u202b\u202c")
).filter(lambda text: not set(text) & set("\u202d\u202e\u2066\u2067\u2068\u2069"))
INSTANTS = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants none


@given(
    COMMENTS,
    INSTANTS,
    st.integers(0, 10**9),
    st.lists(st.sampled_from(ActionKind)),
    st.decimals(0, 10**14, places=4),
    st.binary(min_size=1),
)
def test_whatever_is_written_is_read_back_and_signs_the_same_bytes_elsewhere(
    comment: str, at: datetime, count: int, kinds: list[ActionKind], amount: Decimal, blob: bytes
) -> None:
    scope = Scope((), tuple(kinds), count, count, (Money(amount, "EUR"),))
    approval = replace(APPROVAL, comment=comment, approved_at=at, expires_at=at, scope=scope)
    signed = SignedApproval(approval, armour(blob), "x")
    text = write_signed(signed)
    assert read_approval(text.encode(), "x") == signed
    assert as_others_sign_it(text) == signed_bytes(approval)


UNWRITABLE: dict[str, Any] = {
    "a control character": {"comment": "a\x00b"},
    "two lines": {"comment": "a\nb"},
    "turned text": {"comment": "\u202egnp"},
    "another zone": {"approved_at": datetime.fromisoformat("2026-11-22T13:00:00+01:00")},
    "no zone": {"approved_at": datetime(2026, 11, 22, 12)},  # noqa: DTZ001 - the point of it
    "an option for a name": {"principal": "-O"},
    "two names": {"principal": "anna@example.com,bela@example.com"},
    "a name with a line end": {"principal": "anna@example.com\n"},
    "a name with an invisible character": {"principal": "anna\u200b@example.com"},
    "a pattern for a name": {"principal": "*"},
    "no name": {"principal": ""},
    "a tenant in capitals": {"partner": "9F10AA00-0000-4000-8000-0000000000AA"},
    "an exponent": {"scope": replace(APPROVAL.scope, money=(Money(Decimal("1E+2"), "EUR"),))},
    "less than nothing": {"scope": replace(APPROVAL.scope, seats=-1)},
}


@pytest.mark.parametrize("members", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_could_not_be_read_back_is_not_written(members: dict[str, Any]) -> None:
    with pytest.raises(ManifestError):
        write_signed(replace(SIGNED, approval=replace(APPROVAL, **members)))


def without(line: str) -> str:
    return "".join(each for each in TEXT.splitlines(keepends=True) if not each.strip().startswith(line))


FAULTS: dict[str, tuple[str, str]] = {
    "nothing": ("", "a.yaml:1:1: no document in this file, expected a YAML document"),
    "an unknown field": (TEXT.replace("  comment:", "  force: true\n  comment:"), 'a.yaml:17:3: unknown field "force"'),
    "a field outside of what is signed": (TEXT + "note: x\n", 'unknown field "note"'),
    "a missing field": (without("comment"), 'a.yaml:6:3: missing field "comment"'),
    "no signature": (TEXT.partition("signature:")[0], 'a.yaml:1:1: missing field "signature"'),
    "a repeated key": (TEXT.replace("    seats: 12", "    seats: 12\n    seats: 99"), 'repeated key "seats", first at'),
    "a second document": (f"{TEXT}---\n{TEXT}", "a second document, expected one approval in a file"),
    "an alias": (TEXT.replace('["remove-relationship"]', "&a [*a]"), "aliases are not allowed"),
    "an instant that is bare in another form": (
        TEXT.replace('"2026-11-22T12:00:00Z"', "2026-11-22 12:00:00"),
        'a.yaml:15:15: "2026-11-22 12:00:00" is not allowed here, expected an instant in UTC such as',
    ),
    "an instant of another zone": (TEXT.replace("12:00:00Z", "12:00:00+01:00"), "expected an instant in UTC"),
    "no such instant": (
        TEXT.replace("2026-11-22T12", "2026-02-30T12"),
        "a.yaml:15:15: there is no such instant, expected an instant in UTC",
    ),
    "another way to say an instant": (
        TEXT.replace("12:00:00Z", "12:00:00.000000Z"),
        "a.yaml:1:1: an approval that says something in another form than it was signed in, expected the file that",
    ),
    "an unknown kind of action": (TEXT.replace("remove-relationship", "remove-everything"), "is not known"),
    "another kind of document": (TEXT.replace('"Approval"', '"Policy"'), "is not known"),
    "another version": (TEXT.replace("pcreconcile/v1", "pcreconcile/v2"), "is not known"),
    "a count in quotes": (TEXT.replace("seats: 12", 'seats: "12"'), '"12" stands where a whole number is wanted'),
    "a fraction": (TEXT.replace("seats: 12", "seats: 12.0"), "a.yaml:13:12: "),
    "an amount without quotes": (TEXT.replace('"100.00"', "100.00"), "expected quotes around it"),
    "two ceilings": (
        TEXT.replace("[{", '[{"amount": "1", "currency": "EUR"}, {'),
        "a.yaml:14:82: a second amount in this currency, expected each currency once",
    ),
    "no SSH signature": (
        TEXT.replace(SIGNED.signature.splitlines()[1], "?" * 70),
        "a.yaml:18:12: this is no SSH signature, expected the text that ssh-keygen made",
    ),
    "a stray character": (TEXT.replace("U1NIU0lH", "U1NI!U0lH"), "this is no SSH signature"),
    "a cut signature": (TEXT.replace("  -----END SSH SIGNATURE-----\n", ""), "this is no SSH signature"),
    "another armour": (TEXT.replace("SSH SIGNATURE", "PGP SIGNATURE"), "expected an SSH signature as `ssh-keygen"),
    "no mapping": ("- a\n", "a.yaml:1:1: "),
}


@pytest.mark.parametrize(("text", "told"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    assert [finding for finding in refused(text) if told in finding], refused(text)


def test_other_bytes_are_told_too() -> None:
    assert refused(b"\xff\xfe") == ["a.yaml:1:1: not UTF-8, expected UTF-8 text"]


@pytest.mark.parametrize("name", ["-anna", "anna bela", '"anna"', "anna*", "anna@x,b@x", "", "#anna", "an\\u200bna"])
def test_names_that_are_none(name: str) -> None:
    escaped = name.replace('"', '\\"')
    told = refused(TEXT.replace('"anna@example.com"', f'"{escaped}"'))
    assert "expected one name such as an e-mail address" in told[0]


def test_one_signature_is_one_text() -> None:
    for columns, end in ((70, "\r\n"), (64, "\n"), (999, "\n")):
        lines = "".join(f"  {line}\n" for line in armour(BLOB, columns, end).splitlines())
        text = TEXT.partition("signature:")[0] + "signature: |\n" + lines
        assert read_approval(text.encode(), SIGNED.source) == SIGNED


def test_the_schema_knows_every_kind_of_action() -> None:
    schema = json.loads(schema_text("Approval"))
    scope = schema["properties"]["spec"]["properties"]["scope"]["properties"]
    assert scope["kinds"]["items"]["enum"] == list(ActionKind)
