"""Every budget at its limit and over it, exceptions until their last day, protection, and what needs approval."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pcreconcile.model.desired import Relationship
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Approvals, CustomerPlan, Guard
from pcreconcile.model.policy import ApprovalRule, DayBudget, Exemption, Policy, Protected, RunBudget
from pcreconcile.planning.guards import check_guards, needed_approvals
from tests.planning.fleets import CANCEL, PROTECT, REMOVAL, RENEW, SUSPEND, action, customer, times

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TENANT = TenantId("6b2e0b0c-0000-4000-8000-000000000011")


def guard(code: str, plans: list[CustomerPlan], policy: Policy, memory: Memory | None = None, live: int = 100) -> Guard:
    """The one guard of this code."""
    (found,) = (each for each in check_guards(plans, live, memory or Memory(), policy, NOW) if each.code == code)
    return found


BUDGETS = [
    # budget, sort of action, policy, how many go through
    ("budget:perRun.removals", REMOVAL, Policy(per_run=RunBudget(removals=2)), 2),
    ("budget:perRun.removals", REMOVAL, Policy(), 5),
    ("budget:perRun.removals", REMOVAL, Policy(per_run=RunBudget(removals=0)), 0),
    ("budget:perRun.oneWayActions", CANCEL, Policy(per_run=RunBudget(one_way_actions=3)), 3),
    ("budget:perRun.oneWayActions", REMOVAL, Policy(per_run=RunBudget(one_way_actions=3)), 3),
    ("budget:perRun.oneWayActions", CANCEL, Policy(), 50),
    ("budget:perRun.seats", CANCEL, Policy(per_run=RunBudget(seats=4)), 4),
    ("budget:perRun.seats", SUSPEND, Policy(), 50),  # ten seats each
    ("budget:perRun.protective", PROTECT, Policy(per_run=RunBudget(protective=2)), 2),
    ("budget:perRun.protective", PROTECT, Policy(), 500),
    ("budget:perDay.removals", REMOVAL, Policy(per_day=DayBudget(removals=4)), 4),
    ("budget:perDay.removals", REMOVAL, Policy(), 20),
]


@pytest.mark.parametrize(("code", "sort", "policy", "limit"), BUDGETS)
def test_a_budget_holds_at_its_limit_and_not_over_it(code: str, sort: Any, policy: Policy, limit: int) -> None:
    assert guard(code, [times(limit, sort)], policy).passed
    over = guard(code, [times(limit + 1, sort)], policy)
    assert not over.passed
    assert "raise the budget" in over.message


UNTOUCHED = [
    ("budget:perRun.removals", PROTECT),
    ("budget:perRun.removals", CANCEL),
    ("budget:perRun.oneWayActions", PROTECT),
    ("budget:perRun.oneWayActions", SUSPEND),
    ("budget:perRun.seats", PROTECT),
    ("budget:perRun.protective", CANCEL),
    ("budget:perDay.removals", CANCEL),
]


@pytest.mark.parametrize(("code", "sort"), UNTOUCHED)
def test_a_budget_counts_its_own_sort_alone(code: str, sort: Any) -> None:
    assert guard(code, [times(600, sort)], Policy()).value == 0


@pytest.mark.parametrize("when", ["2026-12-01", "manual"])
def test_a_budget_counts_what_is_due_now_alone(when: str) -> None:
    assert all(each.passed for each in check_guards([times(600, CANCEL, when)], 1, Memory(), Policy(), NOW))


def test_a_budget_counts_over_all_customers() -> None:
    plans = [customer(action(number, REMOVAL), name=f"customer-{number}") for number in range(6)]
    assert not guard("budget:perRun.removals", plans, Policy()).passed


AGO = [
    # how long ago each removal was sent, how many are removed now, of at most 3 a day: allowed?
    ([], 3, True),
    ([1], 3, False),
    ([23, 23], 1, True),
    ([23, 23, 23], 1, False),
    ([23, 23, 24, 25], 1, True),  # rolling: after exactly 24 hours it no longer counts
    ([1, 1, 1, 1], 0, True),  # nothing more is asked, so the day is not overdrawn by this run
]


@pytest.mark.parametrize(("ago", "removals", "passed"), AGO)
def test_the_day_remembers_the_last_24_hours(ago: list[int], removals: int, passed: bool) -> None:
    memory = Memory(removals=tuple(NOW - timedelta(hours=hours) for hours in ago))
    policy = Policy(per_day=DayBudget(removals=3))
    assert guard("budget:perDay.removals", [times(removals, REMOVAL)], policy, memory).passed is passed


EXCEPTIONS = [
    # its budget, its last day, removals: allowed?
    ("perRun.removals", date(2026, 11, 22), 8, True),  # its last day belongs to it
    ("perRun.removals", date(2026, 11, 21), 8, False),
    ("perRun.removals", date(2026, 12, 31), 9, False),
    ("perRun.seats", date(2026, 12, 31), 8, False),
]


@pytest.mark.parametrize(("budget", "until", "removals", "passed"), EXCEPTIONS)
def test_an_exception_holds_for_its_budget_until_its_day(budget: str, until: date, removals: int, passed: bool) -> None:
    policy = Policy(exceptions=(Exemption(budget, 8, until, "licensing desk", "merger"),))
    assert guard("budget:perRun.removals", [times(removals, REMOVAL)], policy).passed is passed


LEFT = [
    # live customers, at least, removals: allowed?
    (3, 1, 2, True),
    (3, 2, 2, False),
    (0, 1, 0, True),  # an empty partner of whom nothing is asked
    (2, 0, 2, True),
]


@pytest.mark.parametrize(("live", "at_least", "removals", "passed"), LEFT)
def test_so_many_customers_are_left(live: int, at_least: int, removals: int, passed: bool) -> None:
    policy = Policy(min_customers_left=at_least)
    assert guard("min-customers-left", [times(removals, REMOVAL)], policy, live=live).passed is passed


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


DOLLARS = Money(Decimal("1.00"), "USD")
SPLIT = "split the change (--target), or raise the budget in the policy"
UNKNOWN = "nobody knows what these commit"
FOREIGN = "these are in another currency"

MONEY = [
    # the limit, what each due renewal commits, whether it passes, what the message says
    ("10.00", [], True, "perRun.money: 0.00 EUR of at most 10.00 EUR"),
    ("10.00", ["4.00", "6.00"], True, "perRun.money: 10.00 EUR of at most 10.00 EUR"),
    ("10.00", ["4.00", "6.01"], False, f"perRun.money: 10.01 EUR of at most 10.00 EUR; {SPLIT}"),
    ("0.00", ["0.00"], True, "perRun.money: 0.00 EUR of at most 0.00 EUR"),
    ("0.00", ["0.01"], False, f"perRun.money: 0.01 EUR of at most 0.00 EUR; {SPLIT}"),
    ("10.00", ["4.00", None], False, f"perRun.money: 4.00 EUR of at most 10.00 EUR; {UNKNOWN}: product 2 of harbor"),
    (
        "10.00",
        [DOLLARS],
        False,
        f"perRun.money: 0.00 EUR of at most 10.00 EUR; {FOREIGN}: product 1 of harbor (1.00 USD)",
    ),
    (
        "10.00",
        ["11.00", None, DOLLARS],
        False,
        f"perRun.money: 11.00 EUR of at most 10.00 EUR; {UNKNOWN}: product 2 of harbor; {FOREIGN}: product 3 of harbor "
        f"(1.00 USD); {SPLIT}",
    ),
    (
        "10.00",
        [None] * 5,
        False,
        f"perRun.money: 0.00 EUR of at most 10.00 EUR; {UNKNOWN}: product 1 of harbor, product 2 of harbor, product "
        "3 of harbor and 2 more",
    ),
    (
        "10.00",
        [None] * 4,
        False,
        f"perRun.money: 0.00 EUR of at most 10.00 EUR; {UNKNOWN}: product 1 of harbor, product 2 of harbor, product "
        "3 of harbor and 1 more",
    ),
    (
        "10.00",
        [None] * 3,
        False,
        f"perRun.money: 0.00 EUR of at most 10.00 EUR; {UNKNOWN}: product 1 of harbor, product 2 of harbor, product "
        "3 of harbor",
    ),
]


@pytest.mark.parametrize(("limit", "amounts", "passed", "message"), MONEY)
def test_what_a_run_commits_stays_within_its_budget(limit: str, amounts: Any, passed: bool, message: str) -> None:
    committed = [euros(each) if isinstance(each, str) else each for each in amounts]
    renewals = [action(number, RENEW, committed=each) for number, each in enumerate(committed, 1)]
    policy = Policy(per_run=RunBudget(money=euros(limit)))
    found = guard("budget:perRun.money", [customer(*renewals, name="harbor")], policy)
    assert (found.passed, found.message) == (passed, message)


NOT_COUNTED = [
    # sort, when: what is owed anyway, or not now, is no new commitment of this run
    (CANCEL, "now"),
    (PROTECT, "now"),
    (RENEW, "2026-12-01"),
    (RENEW, "manual"),
]


@pytest.mark.parametrize(("sort", "when"), NOT_COUNTED)
def test_only_what_is_newly_committed_now_counts(sort: Any, when: str) -> None:
    policy = Policy(per_run=RunBudget(money=euros("10.00")))
    actions = (action(1, sort, when, committed=euros("99.00")), action(2, sort, when))
    assert guard("budget:perRun.money", [customer(*actions)], policy).passed


def test_money_is_summed_over_all_customers() -> None:
    policy = Policy(per_run=RunBudget(money=euros("10.00")))
    plans = [customer(action(1, RENEW, committed=euros("6.00")), name=name) for name in ("harbor", "quay")]
    assert not guard("budget:perRun.money", plans, policy).passed


def test_without_a_limit_money_is_not_asked_about() -> None:
    codes = [each.code for each in check_guards([times(1, RENEW)], 9, Memory(), Policy(), NOW)]
    assert "budget:perRun.money" not in codes


PROTECTED = [
    # the entry, whether it names harbor-dental of the book emea
    (Protected(name="harbor-dental"), True),
    (Protected(name="harbor-*"), True),
    (Protected(name="Harbor-*"), False),
    (Protected(name="harbor"), False),
    (Protected(labels={"book": "emea"}), True),
    (Protected(labels={"book": "emea", "tier": "key"}), False),
    (Protected(labels={}), False),
    (Protected(tenant_id=TENANT), True),
    (Protected(tenant_id=TenantId("6b2e0b0c-0000-4000-8000-000000000099")), False),
    (Protected(), False),
]


def is_refused(plan: CustomerPlan, entry: Protected) -> bool:
    guards = check_guards([plan], 100, Memory(), Policy(protected=(entry,)), NOW)
    return any(each.code == "protected:harbor-dental" and not each.passed for each in guards)


@pytest.mark.parametrize(("entry", "named"), PROTECTED)
def test_protected_by_name_glob_labels_or_tenant(entry: Protected, named: bool) -> None:
    plan = customer(action(1, REMOVAL), labels={"book": "emea"})
    assert is_refused(plan, entry) is named


def test_what_protection_says() -> None:
    plan = customer(action(1, REMOVAL))
    policy = Policy(protected=(Protected(name="harbor-*"),))
    text = "is protected by the policy; take the change back, or lift the protection by a reviewed change"
    assert guard("protected:harbor-dental", [plan], policy) == Guard(
        "protected:harbor-dental", passed=False, message=f"harbor-dental {text}"
    )


CHANGES = [
    # what is wanted, what is planned, whether that asks a protected customer to change
    (Relationship.REMOVED, (), True),
    (Relationship.SUSPENDED, (), True),
    (Relationship.ACTIVE, (), False),
    (Relationship.ACTIVE, (PROTECT,), False),
    (Relationship.ACTIVE, (CANCEL,), True),
    (Relationship.ACTIVE, (RENEW,), True),
]


@pytest.mark.parametrize(("relationship", "sorts", "refused"), CHANGES)
def test_a_protected_customer_is_asked_to_change(relationship: Relationship, sorts: Any, refused: bool) -> None:
    actions = (action(number, sort) for number, sort in enumerate(sorts))
    assert is_refused(customer(*actions, relationship=relationship), Protected(name="harbor-dental")) is refused


@pytest.mark.parametrize(("when", "refused"), [("manual", False), ("2027-01-02", True)])
def test_what_a_person_does_for_a_protected_customer_is_theirs(when: str, refused: bool) -> None:
    plan = customer(action(1, RENEW, when), relationship=Relationship.ACTIVE)
    assert is_refused(plan, Protected(name="harbor-dental")) is refused


APPROVALS = [
    # what is due, which sorts the policy names, why an approval is needed
    (REMOVAL, None, ("one-way",)),
    (CANCEL, None, ("one-way", "takes-service")),
    (SUSPEND, None, ("takes-service",)),
    (RENEW, None, ("commits-money",)),
    (PROTECT, None, ()),
    (SUSPEND, ("one-way",), ()),
    (CANCEL, ("one-way",), ("one-way",)),
    (PROTECT, ("protective",), ("protective",)),
]


@pytest.mark.parametrize(("sort", "sorts", "reasons"), APPROVALS)
def test_approvals_are_wanted_for_sorts_of_actions(sort: Any, sorts: tuple[str, ...] | None, reasons: Any) -> None:
    rule = ApprovalRule(required=2) if sorts is None else ApprovalRule(required=2, actions=sorts)
    found = needed_approvals([times(1, sort)], Policy(approvals=rule))
    assert found == Approvals(required=2 if reasons else 0, reasons=reasons)


def test_what_is_not_due_needs_no_approval_yet() -> None:
    policy = Policy(approvals=ApprovalRule(required=2))
    assert needed_approvals([times(3, CANCEL, "2026-12-01")], policy) == Approvals(required=0, reasons=())


def test_without_a_policy_nobody_must_approve() -> None:
    assert needed_approvals([times(1, CANCEL)], Policy()).required == 0
