"""Design sections 3 and 11: what a Customer document may say, as (change -> findings)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from pcreconcile.manifests import load
from pcreconcile.model.desired import (
    DelegatedAccess,
    DesiredCustomer,
    LineDesire,
    Match,
    OnBlocked,
    Pace,
    Refunds,
    Relationship,
    Source,
    SubscriptionLine,
)
from pcreconcile.model.errors import ManifestError
from pcreconcile.model.family import Family, Trait
from tests.manifests.desk import CUSTOMER, POLICY, Desk

Wrong = Callable[[str], list[str]]

QUOTE = "expected quotes around it"
GUID = "expected a tenant ID: 8-4-4-4-12 hex digits, not all zero"
NAME = "expected 1 to 63 of a-z, 0-9 and -, neither first nor last a -"
DATE = "expected a date YYYY-MM-DD"
DURATION = "expected a duration such as 15m, 72h or 3d"
UNMANAGED = "an unmanaged customer takes no other desire"
ALLOWED_UNMANAGED = "expected tenantId, domain, relationship, reason and ticket alone"
KINDS = "one of Customer, CustomerDefaults, Partner, Policy, Prices, Rules"
SELECTORS = "at least one of family, sku, id, term, publisher, trait, renewsBefore"
FAMILIES = (
    "one of azure-legacy, azure-plan, legacy-license, marketplace-saas, new-commerce-license, perpetual-software, "
)
FAMILIES += "reservation, savings-plan, software-subscription, unknown"
IN_ORDER = "one of legacy-license, new-commerce-license, azure-legacy, azure-plan, reservation, savings-plan, "
IN_ORDER += "software-subscription, perpetual-software, marketplace-saas, unknown"
NO_RETURN = "only a reservation is returned, expected match: {family: reservation}, or an ID"
NO_SUCH_TRANSFER = "only a transfer has a day and what happens otherwise, expected desired: transfer"
NO_REASON = 'missing field "reason", expected reason when relationship is suspended or removed'
NO_LINE_REASON = 'missing field "reason", expected reason when desired is neither keep nor ignore'


def with_value(field: str, value: str) -> str:
    """The customer with another value in one of its fields."""
    lines = CUSTOMER.splitlines()
    return "\n".join(
        f"{line.partition(':')[0]}: {value}" if line.strip().startswith(f"{field}:") else line for line in lines
    )


def with_lines(*lines: str) -> str:
    """The customer with more lines, the first of them on line 10."""
    return CUSTOMER + "\n".join(lines) + "\n"


VALUES = [
    # identity
    ("name", "Harbor", [f'4:9: "Harbor" is not allowed here, {NAME}']),
    ("name", "harbor-", [f'4:9: "harbor-" is not allowed here, {NAME}']),
    ("name", "a" * 64, [f'4:9: "{"a" * 64}" is not allowed here, {NAME}']),
    ("name", '"a\\n"', [f'4:9: "a\\x0a" is not allowed here, {NAME}']),
    ("name", "7", [f"4:9: a bare number stands where text is wanted, {QUOTE}"]),
    ("name", "true", [f"4:9: a bare boolean stands where text is wanted, {QUOTE}"]),
    ("name", "'7'", []),
    ("name", "a" * 63, []),
    ("tenantId", "6b2e0b0c", [f'6:13: "6b2e0b0c" is not allowed here, {GUID}']),
    ("tenantId", "6b2e0b0c-0000-4000-8000-00000000001g", None),
    ("tenantId", "6b2e0b0c-0000-4000-8000-0000000000١١", None),
    ("tenantId", "{}", [f"6:13: a mapping stands where text is wanted, {GUID}"]),
    ("tenantId", "00000000-0000-0000-0000-000000000000", None),
    ("tenantId", "12", [f"6:13: a bare number stands where text is wanted, {GUID}"]),
    (
        "tenantId",
        "9F10AA00-0000-4000-8000-0000000000AA",
        ["6:13: this is the partner's own tenant, expected a customer's"],
    ),
    ("tenantId", "6B2E0B0C-0000-4000-8000-00000000001F", []),
    ("domain", "https://contoso.com", None),
    ("domain", "contoso", None),
    ("domain", '"contoso.com\\n"', None),
    ("domain", "bücher.example", []),
    # scalars
    ("relationship", "remove", ['8:17: "remove" is not known, did you mean "removed"?']),
    ("relationship", "NO", ['8:17: "NO" is not known, expected one of active, removed, suspended, unmanaged']),
    (
        "relationship",
        "true",
        ["8:17: a bare boolean is not allowed here, expected one of active, suspended, removed, unmanaged"],
    ),
    ("relationship", "", ["8:16: nothing is not allowed here, expected one of active, suspended, removed, unmanaged"]),
    ("reason", "NO", []),
    ("reason", "0777", []),
    ("reason", "1e3", []),
    ("reason", "12:30:45", []),
    ("reason", "2026-12-01", []),
    ("reason", "42", [f"9:11: a bare number stands where text is wanted, {QUOTE}"]),
    ("reason", "4.2", [f"9:11: a bare number stands where text is wanted, {QUOTE}"]),
    ("reason", "false", [f"9:11: a bare boolean stands where text is wanted, {QUOTE}"]),
    ("reason", "~", [f"9:11: a bare null stands where text is wanted, {QUOTE}"]),
    ("reason", "", ["9:10: nothing stands where text is wanted, expected text that is not blank"]),
    ("reason", "'  '", ['9:11: "  " is not allowed here, expected text that is not blank']),
    ("reason", "[a]", ["9:11: a list stands where text is wanted, expected text that is not blank"]),
    ("reason", "|\n    two\n    lines", []),
    ("apiVersion", "pcreconcile/v2", ['1:13: "pcreconcile/v2" is not known, did you mean "pcreconcile/v1"?']),
    ("kind", "customer", ['2:7: this kind of document is not known, did you mean "Customer"?']),
    (
        "kind",
        "Gadget",
        [f"2:7: this kind of document is not known, expected {KINDS}"],
    ),
]


@pytest.mark.parametrize(("field", "value", "findings"), VALUES)
def test_values(wrong: Wrong, field: str, value: str, findings: list[str] | None):
    found = wrong(with_value(field, value))
    if findings is None:
        assert len(found) == 1
        assert "is not allowed here, expected a " in found[0]
    else:
        assert found == findings


LINES = [
    # ticket
    (["  ticket: 4812"], [f"10:11: a bare number stands where text is wanted, {QUOTE}"]),
    (["  ticket: ''"], ['10:11: "" is not allowed here, expected text on one line that is not blank']),
    (["  ticket: CHG-4812"], []),
    # dates
    (["  deadline: 2026-02-30"], [f'10:13: "2026-02-30" is not allowed here, {DATE}']),
    (["  deadline: 2026-2-3"], [f'10:13: "2026-2-3" is not allowed here, {DATE}']),
    (["  deadline: 20261201"], [f"10:13: a bare number stands where text is wanted, {DATE}"]),
    (["  deadline: 2026-12-01T00:00:00Z"], [f'10:13: "2026-12-01T00:00:00Z" is not allowed here, {DATE}']),
    (["  deadline: 2026-W49-2"], [f'10:13: "2026-W49-2" is not allowed here, {DATE}']),
    (["  deadline: 0000-01-01"], [f'10:13: "0000-01-01" is not allowed here, {DATE}']),
    (["  deadline: ٢٠٢٦-12-01"], [f'10:13: "٢٠٢٦-12-01" is not allowed here, {DATE}']),
    (["  deadline: 2028-02-29"], []),
    (
        ["  notBefore: 2026-12-02", "  deadline: 2026-12-01"],
        ["10:14: notBefore is after the deadline 2026-12-01, expected a day not after it"],
    ),
    (["  notBefore: 2026-12-01", "  deadline: 2026-12-01"], []),
    # durations
    *[([f"  settle: {text}"], []) for text in ("0d", "3d", "72h", "15m")],
    (["  settle: 3"], [f"10:11: a bare number stands where text is wanted, {DURATION}"]),
    (["  settle: 3 d"], [f'10:11: "3 d" is not allowed here, {DURATION}']),
    (["  settle: -3d"], [f'10:11: "-3d" is not allowed here, {DURATION}']),
    (["  settle: 999999999d"], [f'10:11: "999999999d" is not allowed here, {DURATION}']),
    # words
    (["  pace: fast"], ['10:9: "fast" is not known, expected one of asap, together']),
    (["  refunds: preferred"], ['10:12: "preferred" is not known, did you mean "prefer"?']),
    (["  onBlocked: ask"], ['10:14: "ask" is not known, expected one of fail, wait']),
    # delegated access
    (["  delegatedAccess: terminat"], ['10:20: "terminat" is not allowed here, did you mean "terminate"?']),
    (["  delegatedAccess: [keep]"], ["10:20: a list is not allowed here, expected keep, terminate or {at: DATE}"]),
    (["  delegatedAccess: {at: soon}"], [f'10:25: "soon" is not allowed here, {DATE}']),
    (["  delegatedAccess: {at: 2026-12-01, by: us}"], ['10:37: unknown field "by", expected at']),
    (["  delegatedAccess: {}"], ['10:20: missing field "at"']),
    # unknown fields: at the key, and never with the value
    (["  deadlin: s3cret"], ['10:3: unknown field "deadlin", did you mean "deadline"?']),
    (["  Reason: s3cret"], ['10:3: unknown field "Reason", did you mean "reason"?']),
    (["extra: s3cret"], ['10:1: unknown field "extra", expected one of apiVersion, kind, metadata, spec']),
    (["  re\u202eason: s3cret"], ['10:3: unknown field "re\\u202eason", did you mean "reason"?']),
    # lines
    (["  subscriptions: {}"], ["10:18: a mapping stands where a list is wanted, expected a list"]),
    (["  subscriptions: [keep]"], ['10:19: "keep" stands where a mapping is wanted, expected a mapping']),
    (["  subscriptions: [{desired: keep}]"], ['10:19: missing field "match"']),
    (
        ["  subscriptions: [{match: {}, desired: keep}]"],
        [f"10:27: a mapping is not allowed here, expected {SELECTORS}"],
    ),
    (
        ["  subscriptions: [{match: {family: azure-pla}, desired: keep}]"],
        ['10:36: "azure-pla" is not known, did you mean "azure-plan"?'],
    ),
    (["  subscriptions: [{match: {family: azure-plan}, desired: cancel}]"], [f"10:19: {NO_LINE_REASON}"]),
    (["  subscriptions: [{match: {id: x}, desired: keep}, {match: {sku: y}, desired: ignore}]"], []),
    *[
        ([f"  subscriptions: [{{match: {{family: unknown}}, desired: {desired}, reason: x}}]"], findings)
        for desired, findings in [
            ("keep", []),
            ("ignore", []),
            ("cancel", ["10:55: what is of unknown family is not acted upon, expected one of ignore, keep"]),
            ("suspend", ["10:55: what is of unknown family is not acted upon, expected one of ignore, keep"]),
        ]
    ],
    (
        ["  subscriptions: [{match: {family: legacy-license}, desired: cancel, reason: x}]"],
        ["10:62: a legacy licence is not cancelled, expected suspend"],
    ),
    # families: those that somebody knows
    (
        ["  subscriptions: [{match: {family: brick}, desired: keep}]"],
        [f'10:36: "brick" is not known, expected {FAMILIES}'],
    ),
    (
        ["  subscriptions: [{match: {family: Azure Plan}, desired: keep}]"],
        ['10:36: "Azure Plan" is not known, did you mean "azure-plan"?'],
    ),
    (
        ["  subscriptions: [{match: {family: 5}, desired: keep}]"],
        [f"10:36: a bare number is not allowed here, expected {IN_ORDER}"],
    ),
    # the other members of a selector
    (["  subscriptions: [{match: {term: P1Y, publisher: Contoso*, trait: add-on}, desired: keep}]"], []),
    (["  subscriptions: [{match: {renewsBefore: 2027-01-01}, desired: keep}]"], []),
    (["  subscriptions: [{match: {term: P1W}, desired: keep}]"], ['10:34: "P1W" is not known, did you mean "P1Y"?']),
    (
        ["  subscriptions: [{match: {trait: addon}, desired: keep}]"],
        ['10:35: "addon" is not known, did you mean "add-on"?'],
    ),
    (
        ["  subscriptions: [{match: {renewsBefore: soon}, desired: keep}]"],
        [f'10:42: "soon" is not allowed here, {DATE}'],
    ),
    (
        ["  subscriptions: [{match: {publisher: ' '}, desired: keep}]"],
        ['10:39: " " is not allowed here, expected text on one line that is not blank'],
    ),
    # a transfer until a day
    (
        ["  subscriptions: [{match: {id: x}, desired: transfer, by: 2027-01-31, otherwise: cancel, reason: x}]"],
        [],
    ),
    (
        ["  subscriptions: [{match: {id: x}, desired: transfer, by: 2027-01-31, reason: x}]"],
        ['10:19: missing field "otherwise", expected otherwise when by is given'],
    ),
    (
        ["  subscriptions: [{match: {id: x}, desired: transfer, otherwise: keep, reason: x}]"],
        ['10:19: missing field "by", expected by when otherwise is given'],
    ),
    (
        ["  subscriptions: [{match: {id: x}, desired: keep, by: 2027-01-31, otherwise: keep}]"],
        [f"10:51: {NO_SUCH_TRANSFER}", f"10:67: {NO_SUCH_TRANSFER}"],
    ),
    (
        ["  subscriptions: [{match: {id: x}, desired: transfer, by: 2027-01-31, otherwise: renew, reason: x}]"],
        ['10:82: "renew" is not known, expected one of cancel, cancel-at-term-end, keep'],
    ),
    *[
        (
            [f"  subscriptions: [{{match: {{family: {family}}}, desired: transfer, reason: x}}]"],
            [f"10:{column}: software is not transferred, expected cancel, cancel-at-term-end or keep"],
        )
        for family, column in [("software-subscription", 69), ("perpetual-software", 66)]
    ],
    # only a reservation is returned
    (["  subscriptions: [{match: {family: reservation}, desired: return, reason: x}]"], []),
    (["  subscriptions: [{match: {id: x}, desired: return, reason: x}]"], []),
    (["  subscriptions: [{match: {sku: x}, desired: return, reason: x}]"], [f"10:46: {NO_RETURN}"]),
    (["  subscriptions: [{match: {family: azure-plan}, desired: return, reason: x}]"], [f"10:58: {NO_RETURN}"]),
    (["  subscriptions: [{match: {family: azure-plan, id: x}, desired: return, reason: x}]"], [f"10:65: {NO_RETURN}"]),
    (["  subscriptions: [{match: {family: legacy-license}, desired: suspend, reason: x}]"], []),
    # refused YAML inside, told once
    (["  ticket: *x"], ["10:11: aliases are not allowed, expected the value itself"]),
    (["  pace: &x asap"], ["10:9: anchors are not allowed, expected the value itself"]),
    (["  <<: {ticket: x}"], ["10:3: merge keys are not allowed, expected the fields themselves"]),
    (["  reason: twice"], ['10:3: repeated key "reason", first at 9:3, expected each key once']),
]


@pytest.mark.parametrize(("lines", "findings"), LINES)
def test_more_lines(wrong: Wrong, lines: list[str], findings: list[str]):
    assert wrong(with_lines(*lines)) == findings


REPEATED, COVERED = "has the same selector", "covers all that this one selects"

SELECTED_TWICE = [
    # an earlier selector, a later one, why the later one decides nothing ("" where it does)
    ("family: azure-plan", "family: azure-plan", REPEATED),
    ("id: AbC", "id: aBc", REPEATED),
    ("sku: CFQ7*", "sku: cfq7*", REPEATED),
    ("term: P1Y, trait: trial", "trait: trial, term: P1Y", REPEATED),
    ("renewsBefore: 2027-01-01", "renewsBefore: 2027-01-01", REPEATED),
    ("family: azure-plan", "family: azure-plan, id: x", COVERED),
    ("family: azure-plan, id: x", "family: azure-plan", ""),
    ("family: azure-plan", "id: x", ""),  # whose family only planning sees
    ("family: azure-plan", "family: azure-legacy", ""),
    ("sku: CFQ7TTC0LF8R", "sku: CFQ7TTC0LF8R:0001", COVERED),
    ("sku: CFQ7TTC0LF8R:0001", "sku: CFQ7TTC0LF8R", ""),
    ("sku: CFQ7*", "sku: CFQ7TTC0LF8R*", COVERED),
    ("sku: CFQ7TTC0LF8R*", "sku: CFQ7*", ""),
    ("sku: CFQ7TTC0LF8?", "sku: CFQ7TTC0LF8R", COVERED),
    ("sku: CFQ7TTC0LF8?", "sku: CFQ7TTC0LF8*", ""),  # a ? is one character, a * any number of them
    ("sku: CFQ7TTC0LF8?", "sku: 'CFQ7TTC0LF8[AB]'", ""),
    ("sku: '*'", "sku: 'CFQ7TTC0LF8[AB]'", COVERED),
    ("publisher: Contoso*", "publisher: contoso ltd", COVERED),
    ("publisher: Contoso*", "publisher: Fabrikam", ""),
    ("publisher: Contoso", "publisher: Contoso:x", ""),
    ("renewsBefore: 2027-02-01", "renewsBefore: 2027-01-01", COVERED),
    ("renewsBefore: 2027-01-01", "renewsBefore: 2027-02-01", ""),
    ("term: P1Y", "term: P1Y, renewsBefore: 2027-02-01", COVERED),
    ("term: P1Y", "term: P1M", ""),
]


@pytest.mark.parametrize(("earlier", "later", "why"), SELECTED_TWICE)
def test_a_line_that_is_never_reached(wrong: Wrong, earlier: str, later: str, why: str):
    lines = [f"  - {{match: {{{each}}}, desired: keep}}" for each in (earlier, "id: between", later)]
    remedy = {REPEATED: "one line for it", COVERED: "the narrower line first"}
    expected = (
        [f"13:13: this line is never reached: the line at m/c.yaml:11:13 {why}, expected {remedy[why]}"] if why else []
    )
    assert wrong(with_lines("  subscriptions:", *lines)) == expected


@pytest.mark.parametrize("selector", ["[a]", "{}", "{sku: 5}", "{family: [x]}", "", "{term: {a: b}}"])
def test_what_is_no_selector_is_told_once_and_compared_with_nothing(wrong: Wrong, selector: str):
    line = f"  - {{match: {selector}, desired: keep}}"
    assert len(wrong(with_lines("  subscriptions:", line, line))) == 2


def test_every_member_of_a_selector_reaches_the_wish(desk: Desk):
    text = """\
  subscriptions:
  - match:
      family: new-commerce-license
      sku: CFQ7*
      id: A
      term: P1Y
      publisher: Contoso*
      trait: add-on
      renewsBefore: 2027-03-01
    desired: transfer
    by: 2027-01-31
    otherwise: cancel-at-term-end
    reason: goes to Northwind
"""
    (line,) = desk.load({"c.yaml": CUSTOMER + text}).fleet.customers[0].subscriptions
    assert line == SubscriptionLine(
        Match(
            family=Family.NEW_COMMERCE_LICENSE,
            sku="CFQ7*",
            id="A",
            term="P1Y",
            publisher="Contoso*",
            trait=Trait.ADD_ON,
            renews_before=date(2027, 3, 1),
        ),
        LineDesire.TRANSFER,
        "goes to Northwind",
        by=date(2027, 1, 31),
        otherwise=LineDesire.CANCEL_AT_TERM_END,
    )


def test_a_family_of_somebodys_own_is_known_to_who_brings_it(desk: Desk):
    desk.lay({"c.yaml": with_lines("  subscriptions: [{match: {family: brick}, desired: keep}]")})
    (line,) = load("m", frozenset({"brick"})).fleet.customers[0].subscriptions
    assert line.match.family == "brick"
    with pytest.raises(ManifestError, match='"brick" is not known, did you mean "bricks"'):
        load("m", frozenset({"bricks"}))


def test_what_is_no_name_of_a_family_is_told_once(desk: Desk):
    desk.lay({"c.yaml": with_lines("  subscriptions: [{match: {family: Azure Plan}, desired: keep}]")})
    with pytest.raises(ManifestError) as raised:
        load("m", frozenset({"brick"}))
    assert len(raised.value.findings) == 1


WHOLE = [
    (
        CUSTOMER.replace("  name: harbor-dental", "  name: harbor-dental\n  labels: {tier: }"),
        ["5:18: nothing stands where text is wanted, expected text"],
    ),
    (
        "a: 1\n",
        ['1:1: missing field "kind", expected one of Customer, CustomerDefaults, Partner, Policy, Prices, Rules'],
    ),
    ("- a\n", ["1:1: a list stands where a document is wanted, expected a mapping"]),
    ("hello\n", ["1:1: a single value stands where a document is wanted, expected a mapping"]),
    (CUSTOMER + "---\n", ["10:4: nothing stands where a document is wanted, expected a mapping"]),
    (
        "kind: [Customer]\n",
        ["1:7: the kind is no text, expected one of Customer, CustomerDefaults, Partner, Policy, Prices, Rules"],
    ),
    (
        "kind: Customer\n",
        ['1:1: missing field "apiVersion"', '1:1: missing field "metadata"', '1:1: missing field "spec"'],
    ),
    (
        "apiVersion: pcreconcile/v1\nkind: Customer\nmetadata: {name: a}\nspec:\n",
        ["4:6: nothing stands where a mapping is wanted, expected a mapping"],
    ),
    (
        "apiVersion: pcreconcile/v1\nkind: Customer\nmetadata: {name: a}\nspec:\n  ticket: x\n",
        ['5:3: missing field "domain"', '5:3: missing field "relationship"', '5:3: missing field "tenantId"'],
    ),
    (
        CUSTOMER.replace("  name: harbor-dental", "  name: harbor-dental\n  labels: {tier: 1, 2: x, on: yes}"),
        [
            f"5:18: a bare number stands where text is wanted, {QUOTE}",
            f"5:21: a bare number stands where a key is wanted, {QUOTE}",
        ],
    ),
]


@pytest.mark.parametrize(("text", "findings"), WHOLE)
def test_whole_documents(wrong: Wrong, text: str, findings: list[str]):
    assert wrong(text) == findings


@pytest.mark.parametrize(
    ("relationship", "reason", "findings"),
    [
        ("removed", "", [f"6:3: {NO_REASON}"]),
        ("suspended", "", [f"6:3: {NO_REASON}"]),
        ("active", "", []),
        ("unmanaged", "", []),
        ("unmanaged", "  reason: managed elsewhere\n  ticket: CHG-1\n", []),
        *[
            ("unmanaged", f"  {field}\n", [f"9:3: {UNMANAGED}, {ALLOWED_UNMANAGED}"])
            for field in (
                "notBefore: 2026-01-01",
                "serviceUntil: 2026-01-01",
                "deadline: 2026-01-01",
                "refunds: prefer",
                "pace: asap",
                "settle: 0d",
                "onBlocked: wait",
                "delegatedAccess: keep",
                "subscriptions: []",
            )
        ],
    ],
)
def test_what_a_relationship_needs_and_takes(wrong: Wrong, relationship: str, reason: str, findings: list[str]):
    text = CUSTOMER.replace("removed", relationship).replace("  reason: moves to another partner\n", reason)
    assert wrong(text) == findings


def test_text_from_a_file_is_cut_at_200_characters(wrong: Wrong):
    (finding,) = wrong(with_value("name", "X" * 5000))
    assert "X" * 199 + '…"' in finding
    assert "X" * 200 not in finding


TICKETS = [
    ("removed", "  ticket: CHG-1\n", []),
    ("suspended", "  ticket: FIN-22\n", []),
    ("removed", "", ['m/c.yaml:4:3: the policy requires a ticket, expected one that matches "^(CHG|FIN)-[0-9]+$"']),
    ("suspended", "", ['m/c.yaml:4:3: the policy requires a ticket, expected one that matches "^(CHG|FIN)-[0-9]+$"']),
    (
        "removed",
        "  ticket: INC-1\n",
        [
            'm/c.yaml:10:11: the policy does not accept the ticket "INC-1", '
            'expected one that matches "^(CHG|FIN)-[0-9]+$"'
        ],
    ),
    ("active", "", []),
    ("active", "  ticket: INC-1\n", []),
    ("unmanaged", "", []),
]


@pytest.mark.parametrize(("relationship", "ticket", "findings"), TICKETS)
def test_the_ticket_that_the_policy_requires(desk: Desk, relationship: str, ticket: str, findings: list[str]):
    policy = POLICY + '  require: {ticket: "^(CHG|FIN)-[0-9]+$"}\n'
    customer = CUSTOMER.replace("removed", relationship) + ticket
    assert desk.findings({"policy.yaml": policy, "c.yaml": customer}) == findings


def test_names_and_tenants_used_twice_name_both_places(desk: Desk):
    other = CUSTOMER.replace("6b2e0b0c", "6B2E0B0C")
    assert desk.findings({"a.yaml": CUSTOMER, "b/c.yml": other}) == [
        'm/b/c.yml:4:9: name "harbor-dental" is used twice, first at m/a.yaml:4:9, expected each name once',
        'm/b/c.yml:6:13: tenant ID "6B2E0B0C-0000-4000-8000-000000000011" is used twice, first at m/a.yaml:6:13, '
        "expected each tenant ID once",
    ]


HARBOR_DENTAL = (Path(__file__).parent / "harbor-dental.yaml").read_text(encoding="utf-8")


def test_the_customer_of_the_design_loads_verbatim(desk: Desk):
    fleet = desk.load({"customers/harbor-dental.yaml": HARBOR_DENTAL}).fleet
    assert fleet.sources == {"harbor-dental": Source("m/customers/harbor-dental.yaml", 5)}
    assert fleet.customers == (
        DesiredCustomer(
            name="harbor-dental",
            tenant_id="6b2e0b0c-0000-4000-8000-000000000011",
            domain="harbordental.onmicrosoft.com",
            relationship=Relationship.REMOVED,
            labels={"book": "emea"},
            reason="moves to another partner",
            ticket="CHG-4812",
            not_before=date(2026, 12, 1),
            service_until=date(2026, 12, 31),
            deadline=date(2027, 1, 15),
            refunds=Refunds.PREFER,
            pace=Pace.TOGETHER,
            settle=timedelta(0),
            on_blocked=OnBlocked.WAIT,
            delegated_access=DelegatedAccess(terminate=True),
            subscriptions=(
                SubscriptionLine(
                    Match(family=Family.NEW_COMMERCE_LICENSE, sku="CFQ7TTC0LF8R*"),
                    LineDesire.CANCEL_AT_TERM_END,
                    "seats needed until the end of the term",
                ),
                SubscriptionLine(
                    Match(family=Family.AZURE_PLAN), LineDesire.CANCEL, "migrated on 2026-11-20, see CHG-4790"
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", DelegatedAccess()),
        ("  delegatedAccess: keep\n", DelegatedAccess()),
        ("  delegatedAccess: terminate\n", DelegatedAccess(terminate=True)),
        ("  delegatedAccess: {at: 2027-01-31}\n", DelegatedAccess(terminate=True, at=date(2027, 1, 31))),
    ],
)
def test_delegated_access(desk: Desk, text: str, wish: DelegatedAccess):
    assert desk.load({"c.yaml": CUSTOMER + text}).fleet.customers[0].delegated_access == wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [("0d", timedelta(0)), ("3d", timedelta(days=3)), ("72h", timedelta(hours=72)), ("15m", timedelta(minutes=15))],
)
def test_durations(desk: Desk, text: str, wish: timedelta):
    assert desk.load({"c.yaml": f"{CUSTOMER}  settle: {text}\n"}).fleet.customers[0].settle == wish


def test_ids_and_domains_are_kept_in_lower_case(desk: Desk):
    (customer,) = desk.load(
        {"c.yaml": CUSTOMER.replace("6b2e0b0c", "6B2E0B0C").replace("harbord", "HarborD")}
    ).fleet.customers
    assert (customer.tenant_id, customer.domain) == (
        "6b2e0b0c-0000-4000-8000-000000000011",
        "harbordental.onmicrosoft.com",
    )


def test_the_digest_is_of_what_is_wanted_and_not_of_how_it_is_written(desk: Desk):
    first = desk.load({"c.yaml": CUSTOMER}).fleet.digest
    (desk.folder / "m" / "c.yaml").rename(desk.folder / "m" / "d.yml")
    same = desk.load({"d.yml": "# a comment\n" + CUSTOMER.replace("6b2e", "6B2E").replace("removed", "'removed'")})
    other = desk.load({"d.yml": CUSTOMER.replace("moves", "goes")})
    spelt_out = desk.load({"d.yml": CUSTOMER + "  settle: 0d\n  pace: together\n  delegatedAccess: keep\n"})
    assert same.fleet.digest == spelt_out.fleet.digest == first
    assert other.fleet.digest != first
