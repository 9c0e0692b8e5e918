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
    Rollout,
    RunBudget,
)
from tests.manifests.desk import POLICY, Desk

NUMBER = "a bare number"
UNBOUNDED = "this is no regular expression that can be matched in bounded time"
BOUNDED = "expected RE2 syntax, without lookaround and backreference, such as ^CHG-[0-9]+$"
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
    ("  budgets: {perRun: {seats: 9}, perDay: {seats: 9, protective: 0, oneWayActions: 0}}\n", []),
    *[
        (
            f"  budgets: {{perDay: {{{name}: 4}}, perRun: {{{name}: 5}}}}\n",
            [f"5:{39 + 2 * len(name)}: the budget per run exceeds that of the day, expected at most 4"],
        )
        for name in ("removals", "oneWayActions", "seats", "protective")
    ],
    ("  budgets: {perDay: {seats: 1.5}}\n", [f"5:29: a bare number stands where a whole number is wanted, {COUNT}"]),
    (
        "  budgets: {perRun: {money: {amount: '5.00', currency: EUR}}, "
        "perDay: {money: {amount: '5.00', currency: EUR}}}\n",
        [],
    ),
    (
        "  budgets: {perRun: {money: {amount: '5.01', currency: EUR}}, "
        "perDay: {money: {amount: '5.00', currency: EUR}}}\n",
        ["5:29: the budget per run exceeds that of the day, expected at most 5.00 EUR"],
    ),
    (
        "  budgets: {perRun: {money: {amount: '1.00', currency: EUR}}, "
        "perDay: {money: {amount: '5.00', currency: USD}}}\n",
        ["5:56: budgets of money are in two currencies, expected USD, as in the first of them"],
    ),
    ("  budgets: {perDay: {money: 5}}\n", ["5:29: a bare number stands where a mapping is wanted, expected a mapping"]),
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
        [f"5:21: {UNBOUNDED} (missing ): (), {BOUNDED}"],
    ),
    ("  require: {ticket: '^(?=CHG)'}\n", [f"5:21: {UNBOUNDED} (invalid perl operator: (?=), {BOUNDED}"]),
    ("  require: {ticket: '(a)\\1'}\n", [f"5:21: {UNBOUNDED} (invalid escape sequence: \\1), {BOUNDED}"]),
    ("  require: {ticket: 'a{1001}'}\n", [f"5:21: {UNBOUNDED} (invalid repetition size: {{1001}}), {BOUNDED}"]),
    ("  require: {ticket: '^(a+)+$'}\n", []),
    (
        "  exceptions: [{protected: mig, until: 2026-12-31, owner: a, reason: b}]\n",
        ['5:28: "mig" is not allowed here, expected a tenant ID: 8-4-4-4-12 hex digits, not all zero'],
    ),
    (
        "  exceptions: [{protected: 6b2e0b0c-0000-4000-8000-000000000055, budget: perRun.seats, owner: a}]\n",
        [
            '5:16: missing field "reason"',
            '5:16: missing field "until"',
            '5:66: unknown field "budget", expected one of owner, protected, reason, until',
        ],
    ),
    ("  azure: {cancel: allow}\n", ['5:19: "allow" is not known, did you mean "allowed"?']),
    (
        "  exceptions: [{budget: perRun.removal, limit: 1, until: 2026-12-31, owner: a, reason: b}]\n",
        ['5:25: "perRun.removal" is not known, did you mean "perRun.removals"?'],
    ),
    *[
        (
            f"  exceptions: [{{budget: {scope}.money, limit: 4, until: 2026-12-31, owner: a, reason: b}}]\n",
            ["5:46: a bare number stands where a mapping is wanted, expected a mapping"],
        )
        for scope in ("perRun", "perDay")
    ],
    (
        "  exceptions: [{budget: perDay.seats, limit: {amount: '4.00', currency: EUR}, until: 2026-12-31, owner: a, "
        "reason: b}]\n",
        [f"5:46: a mapping stands where a whole number is wanted, {COUNT}"],
    ),
    (
        "  exceptions: [{budget: perDay.seats, limit: -1, until: 2026-12-31, owner: a, reason: b}]\n",
        [f'5:46: "-1" is not allowed here, {COUNT}'],
    ),
    (
        "  budgets: {perRun: {money: {amount: '1.00', currency: EUR}}}\n"
        "  exceptions: [{budget: perRun.money, limit: {amount: '4.00', currency: USD}, until: 2026-12-31, owner: a, "
        "reason: b}]\n",
        ["6:73: budgets of money are in two currencies, expected EUR, as in the first of them"],
    ),
    *[
        (
            f"  approvals: {{required: 1, allowedSigners: {path}}}\n",
            [f'5:44: "{path}" is not allowed here, expected a path below the partner folder, such as allowed_signers'],
        )
        for path in ("/etc/passwd", "../signers", "a/../../signers", "a/..", ".", "./a", "a//b", "a/", "a\\\\b", "c:/b")
    ],
    *[
        (f"  approvals: {{required: 1, allowedSigners: {path}}}\n", [])
        for path in ("keys", "keys/de.signers", "..a/b..")
    ],
    *[
        (
            f"  rollout: {{stopOnFailureRate: {rate}}}\n",
            [f"5:32: {shown} is not allowed here, expected a percentage from 0 to 100, or never"],
        )
        for rate, shown in (("101", NUMBER), ("-1", NUMBER), ("0.5", NUMBER), ("always", '"always"'))
    ],
    *[(f"  rollout: {{canaryAbove: 0, stopOnFailureRate: {rate}}}\n", []) for rate in ("0", "100", "never")],
    ("  rollout: {canaryAbove: never}\n", [f'5:26: "never" stands where a whole number is wanted, {COUNT}']),
    ("  rollout: {canary: 1}\n", ['5:13: unknown field "canary", did you mean "canaryAbove"?']),
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


ALL = """\
  budgets:
    perRun: {removals: 1, oneWayActions: 2, seats: 3, protective: 4, money: {amount: "5.00", currency: EUR}}
    perDay: {removals: 6, oneWayActions: 7, seats: 8, protective: 9, money: {amount: "10.00", currency: EUR}}
  approvals: {required: 1, allowedSigners: keys/signers}
  rollout: {canaryAbove: 3, stopOnFailureRate: never}
  exceptions:
  - {budget: perDay.money, limit: {amount: "20.00", currency: EUR}, until: 2026-12-31, owner: desk, reason: merger}
  - {budget: perDay.protective, limit: 0, until: 2026-12-31, owner: desk, reason: merger}
"""


def test_everything_that_budgets_approvals_and_rollout_may_say(desk: Desk):
    found = desk.load({"policy.yaml": POLICY + ALL}).policy
    assert found.per_run == RunBudget(1, 2, 3, 4, Money(Decimal("5.00"), "EUR"))
    assert found.per_day == DayBudget(6, 7, 8, 9, Money(Decimal("10.00"), "EUR"))
    assert found.approvals.allowed_signers == "keys/signers"
    assert found.rollout == Rollout(3, None)
    until = date(2026, 12, 31)
    assert found.exceptions == (
        Exemption("perDay.money", Money(Decimal("20.00"), "EUR"), until, "desk", "merger"),
        Exemption("perDay.protective", 0, until, "desk", "merger"),
    )


@pytest.mark.parametrize(
    ("rollout", "rate"), [("{}", 50), ("{stopOnFailureRate: 0}", 0), ("{stopOnFailureRate: never}", None)]
)
def test_when_a_run_stops(desk: Desk, rollout: str, rate: int | None):
    assert desk.load({"policy.yaml": POLICY + f"  rollout: {rollout}\n"}).policy.rollout == Rollout(10, rate)


@pytest.mark.parametrize(
    ("of_day", "run"),
    [
        ("removals: 3", RunBudget(removals=3)),
        ("oneWayActions: 9, seats: 8, protective: 7", RunBudget(5, 9, 8, 7)),
        ("oneWayActions: 999, seats: 999, protective: 999", RunBudget()),
        ("removals: 0, seats: 0", RunBudget(removals=0, seats=0)),
    ],
)
def test_a_budget_per_run_that_is_not_written_gives_way_to_that_of_the_day(desk: Desk, of_day: str, run: RunBudget):
    assert desk.load({"policy.yaml": POLICY + f"  budgets: {{perDay: {{{of_day}}}}}\n"}).policy.per_run == run
