"""Design section 10: what a Policy document may say, and what holds without one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from pcreconcile.model.money import Money
from pcreconcile.model.policy import (
    ApprovalRule,
    DayBudget,
    Exemption,
    Freeze,
    Policy,
    Protected,
    ResellerExemption,
    RunBudget,
)
from tests.manifests.desk import POLICY, Desk

COUNT = "expected a whole number, 0 or more"
DESIGN = """\
  budgets:                       # a missing field means the built-in default; 0 means none at all
    perRun: {removals: 5, oneWayActions: 50, seats: 500, protective: 500, money: {amount: "10000.00", currency: EUR}}
    perDay: {removals: 20}       # rolling 24 hours
  minCustomersLeft: 1
  protected: ["contoso-hq", "key-account-*", {labels: {book: emea}}, {tenantId: 6B2E0B0C-0000-4000-8000-00000000001F}]
  approvals: {required: 2, for: [one-way, takes-service, commits-money], expireAfter: 72h}
  freezes: [{from: 2026-12-20, until: 2027-01-05, reason: year end}]
  require: {ticket: "^(CHG|FIN)-[0-9]+$"}
  azure: {cancel: explicit}      # explicit (section 5) | allowed
  exceptions: [{budget: perRun.removals, limit: 40, until: 2026-12-31, owner: licensing desk, reason: merger}]
"""

WRONG = [
    ("  {}\n", []),
    ("  budgets: {perRun: {removals: -1}}\n", [f'5:32: "-1" is not allowed here, {COUNT}']),
    ("  budgets: {perRun: {seats: 1.0}}\n", [f"5:29: a bare number stands where a whole number is wanted, {COUNT}"]),
    ("  budgets: {perRun: {seats: '5'}}\n", [f'5:29: "5" stands where a whole number is wanted, {COUNT}']),
    ("  budgets: {perRun: {seats: 0777}}\n", [f'5:29: "0777" stands where a whole number is wanted, {COUNT}']),
    ("  budgets: {perRun: {seats: 1e3}}\n", [f'5:29: "1e3" stands where a whole number is wanted, {COUNT}']),
    ("  budgets: {perRun: {seats: }}\n", [f"5:29: nothing stands where a whole number is wanted, {COUNT}"]),
    ("  budgets: {perRun: {protectiv: 1}}\n", ['5:22: unknown field "protectiv", did you mean "protective"?']),
    (
        "  budgets: {perRun: {money: {amount: 10000.00, currency: EUR}}}\n",
        ["5:38: a bare number stands where text is wanted, expected quotes around it"],
    ),
    (
        "  budgets: {perRun: {money: {amount: '1,000', currency: eur}}}\n",
        [
            '5:38: "1,000" is not allowed here, expected a quoted decimal such as "10000.00"',
            '5:57: "eur" is not allowed here, expected a three-letter currency code such as EUR',
        ],
    ),
    (
        "  budgets: {perRun: {removals: 21}}\n",
        ["5:32: the budget per run exceeds that of the day, expected at most 20"],
    ),
    (
        "  budgets: {perRun: {removals: 5}, perDay: {removals: 3}}\n",
        ["5:32: the budget per run exceeds that of the day, expected at most 3"],
    ),
    ("  budgets: {perRun: {removals: 3}, perDay: {removals: 3}}\n", []),
    ("  minCustomersLeft: true\n", [f"5:21: a bare boolean stands where a whole number is wanted, {COUNT}"]),
    (
        "  protected: [5, Contoso HQ]\n",
        [
            "5:15: a bare number is not allowed here, expected a name or glob, {labels: ...} or {tenantId: ...}",
            '5:18: "Contoso HQ" is not allowed here, expected a name or glob, {labels: ...} or {tenantId: ...}',
        ],
    ),
    ("  protected: [{labels: {}}]\n", ["5:24: a mapping is not allowed here, expected at least one label"]),
    (
        "  protected: [{labels: {a: b}, tenantId: 6b2e0b0c-0000-4000-8000-000000000011}]\n",
        ["5:15: a mapping is not allowed here, expected either labels or tenantId"],
    ),
    ("  protected: [{name: a}]\n", ['5:16: unknown field "name", expected one of labels, tenantId']),
    ("  approvals: {for: [one-way]}\n", ['5:14: missing field "required"']),
    ("  approvals: {required: 1, for: [one-wy]}\n", ['5:34: "one-wy" is not known, did you mean "one-way"?']),
    ("  approvals: {required: 1, for: []}\n", ["5:33: a list is not allowed here, expected at least one"]),
    (
        "  freezes: [{from: 2026-12-20, until: 2026-12-19, reason: x}]\n",
        ["5:39: this freeze ends before it starts, expected a day not before its `from`"],
    ),
    ("  freezes: [{from: 2026-12-20, until: 2026-12-20, reason: x}]\n", []),
    ("  freezes: [{from: 2026-12-20, until: 2026-12-21}]\n", ['5:13: missing field "reason"']),
    (
        "  require: {ticket: '('}\n",
        ["5:21: this is no regular expression, expected a regular expression such as ^CHG-[0-9]+$"],
    ),
    ("  azure: {cancel: allow}\n", ['5:19: "allow" is not known, did you mean "allowed"?']),
    (
        "  exceptions: [{budget: perRun.removal, limit: 1, until: 2026-12-31, owner: a, reason: b}]\n",
        ['5:25: "perRun.removal" is not known, did you mean "perRun.removals"?'],
    ),
    (
        "  exceptions: [{reseller: 7654321, until: 2026-12-31, owner: a, reason: b}]\n",
        ["5:27: a bare number stands where text is wanted, expected quotes around it"],
    ),
    (
        "  exceptions: [{reseller: a, limit: 1, until: soon, owner: a}]\n",
        [
            '5:16: missing field "reason"',
            '5:30: unknown field "limit", expected one of customer, owner, reason, reseller, until',
            '5:47: "soon" is not allowed here, expected a date YYYY-MM-DD',
        ],
    ),
    (
        "  exceptions: [{until: 2026-12-31, owner: a, reason: b}]\n",
        ['5:16: missing field "budget"', '5:16: missing field "limit"'],
    ),
    ("  exceptions: [keep]\n", ['5:16: "keep" stands where a mapping is wanted, expected a mapping']),
    (
        "  exceptions: [{budget: perRun.removals, limit: 1, until: 2026-12-31, owner: a}]\n",
        ['5:16: missing field "reason"'],
    ),
]


@pytest.mark.parametrize(("text", "findings"), WRONG)
def test_what_is_wrong_and_where(desk: Desk, text: str, findings: list[str]):
    assert desk.findings({"policy.yaml": POLICY + text}) == [f"m/policy.yaml:{finding}" for finding in findings]


def test_the_policy_of_the_design(desk: Desk):
    assert desk.load({"policy.yaml": POLICY + DESIGN}).policy == Policy(
        per_run=RunBudget(5, 50, 500, 500, Money(Decimal("10000.00"), "EUR")),
        per_day=DayBudget(20),
        min_customers_left=1,
        protected=(
            Protected(name="contoso-hq"),
            Protected(name="key-account-*"),
            Protected(labels={"book": "emea"}),
            Protected(tenant_id="6b2e0b0c-0000-4000-8000-00000000001f"),
        ),
        approvals=ApprovalRule(2, ("one-way", "takes-service", "commits-money"), timedelta(hours=72)),
        freezes=(Freeze(date(2026, 12, 20), date(2027, 1, 5), "year end"),),
        ticket="^(CHG|FIN)-[0-9]+$",
        azure_cancel_allowed=False,
        exceptions=(Exemption("perRun.removals", 40, date(2026, 12, 31), "licensing desk", "merger"),),
    )


def test_an_exception_for_a_reseller(desk: Desk):
    text = """\
  exceptions:
  - {reseller: "7654321", until: 2026-12-31, owner: licensing desk, reason: contract ended}
  - {budget: perRun.removals, limit: 40, until: 2026-12-31, owner: licensing desk, reason: merger}
  - {reseller: N, customer: harbor-dental, until: 2027-01-31, owner: legal, reason: agreed with Northwind}
"""
    policy = desk.load({"policy.yaml": POLICY + text}).policy
    assert [each.limit for each in policy.exceptions] == [40]
    assert policy.resellers == (
        ResellerExemption("7654321", date(2026, 12, 31), "licensing desk", "contract ended"),
        ResellerExemption("N", date(2027, 1, 31), "legal", "agreed with Northwind", "harbor-dental"),
    )


DEFAULTS = [
    ("  {}\n", Policy()),
    ("  budgets: {perRun: {seats: 0}}\n", Policy(per_run=RunBudget(seats=0))),
    # what is not written gives way: a run never exceeds the day
    ("  budgets: {perDay: {removals: 3}}\n", Policy(per_run=RunBudget(removals=3), per_day=DayBudget(3))),
    ("  budgets: {perDay: {removals: 0}}\n", Policy(per_run=RunBudget(removals=0), per_day=DayBudget(0))),
    ("  minCustomersLeft: 0\n", Policy(min_customers_left=0)),
    ("  approvals: {required: 1}\n", Policy(approvals=ApprovalRule(required=1))),
    ("  azure: {cancel: allowed}\n", Policy(azure_cancel_allowed=True)),
]


@pytest.mark.parametrize(("text", "policy"), DEFAULTS)
def test_a_missing_field_means_the_default(desk: Desk, text: str, policy: Policy):
    assert desk.load({"policy.yaml": POLICY + text}).policy == policy


def test_without_a_policy_the_built_in_one_holds(desk: Desk):
    loaded = desk.load()
    assert loaded.policy == Policy()
    assert desk.load({"policy.yaml": POLICY + "  {}\n"}).policy_digest == loaded.policy_digest


def test_the_policy_digest_is_of_what_it_says(desk: Desk):
    first = desk.load({"policy.yaml": POLICY + DESIGN}).policy_digest
    assert desk.load({"policy.yaml": "# comment\n" + POLICY + DESIGN}).policy_digest == first
    assert desk.load({"policy.yaml": POLICY + DESIGN.replace("40", "41")}).policy_digest != first
