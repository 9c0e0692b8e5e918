"""Every budget at its limit and over it, exceptions until their last day, protection, and what needs approval."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.model.desired import Relationship
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory, Spent
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Approvals, CustomerPlan, Effect, Guard, Reversibility
from pcreconcile.model.policy import ApprovalRule, DayBudget, Exemption, Policy, Protected, RunBudget
from pcreconcile.model.protection import unmatched
from pcreconcile.planning.guards import check_guards, needed_approvals
from tests.planning.fleets import CANCEL, PROTECT, REMOVAL, RENEW, SUSPEND, action, customer, times

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TENANT = TenantId("6b2e0b0c-0000-4000-8000-000000000011")


def guard(
    code: str,
    plans: list[CustomerPlan],
    policy: Policy,
    memory: Memory | None = None,
    live: int = 100,
    now: datetime = NOW,
    zone: tzinfo = UTC,
) -> Guard:
    """The one guard of this code."""
    (found,) = (each for each in check_guards(plans, live, memory or Memory(), policy, now, zone) if each.code == code)
    return found


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


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


SORTS = {
    # the members of the budgets, and what counts one (euro) in each of them
    "removals": ("removals", REMOVAL),
    "oneWayActions": ("one_way_actions", CANCEL),
    "seats": ("seats", CANCEL),
    "protective": ("protective", PROTECT),
    "money": ("money", RENEW),
}


def some(count: int, budget: str) -> CustomerPlan:
    """Actions that count so much in this budget."""
    return customer(*(action(number, SORTS[budget][1], committed=euros("1.00")) for number in range(count)))


def limited(scope: str, budget: str, most: int, policy: Policy | None = None) -> Policy:
    """A policy with this limit alone."""
    member = SORTS[budget][0]
    value = euros(f"{most}.00") if budget == "money" else most
    policy = policy or Policy(per_run=RunBudget(*[10**6] * 4), per_day=DayBudget(10**6))
    name = {"perRun": "per_run", "perDay": "per_day"}[scope]
    return replace(policy, **{name: replace(getattr(policy, name), **{member: value})})


EVERY = [(scope, budget) for scope in ("perRun", "perDay") for budget in SORTS]


@pytest.mark.parametrize(("limit", "asked", "passes"), [(0, 0, True), (0, 1, False), (3, 3, True), (3, 4, False)])
@pytest.mark.parametrize(("scope", "budget"), EVERY)
def test_every_budget(scope: str, budget: str, limit: int, asked: int, passes: bool) -> None:
    policy = limited(scope, budget, limit)
    assert guard(f"budget:{scope}.{budget}", [some(asked, budget)], policy).passed is passes
    failed = [each.code for each in check_guards([some(asked, budget)], 100, Memory(), policy, NOW) if not each.passed]
    assert failed == ([] if passes else [f"budget:{scope}.{budget}"])


@pytest.mark.parametrize(("scope", "budget"), EVERY)
@pytest.mark.parametrize(("days", "passes"), [(-1, False), (0, True), (1, True)])
def test_an_exception_before_on_and_after_its_last_day(scope: str, budget: str, days: int, passes: bool) -> None:
    limit = euros("4.00") if budget == "money" else 4
    exception = Exemption(f"{scope}.{budget}", limit, NOW.date() + timedelta(days), "licensing desk", "merger")
    policy = replace(limited(scope, budget, 0), exceptions=(exception,))
    code = f"budget:{scope}.{budget}"
    assert guard(code, [some(4, budget)], policy).passed is passes
    assert not guard(code, [some(5, budget)], policy).passed


@pytest.mark.parametrize(
    ("limit", "budget"), [(Money(Decimal("9.00"), "EUR"), "perRun.seats"), (9, "perRun.money"), (9, "perDay.seats")]
)
def test_an_exception_of_the_wrong_sort_gives_no_room(limit: Any, budget: str) -> None:
    policy = limited("perRun", "seats", 0, limited("perRun", "money", 0))
    policy = replace(policy, exceptions=(Exemption(budget, limit, date(2030, 1, 1), "desk", "merger"),))
    assert not guard("budget:perRun.seats", [some(1, "seats")], policy).passed
    assert not guard("budget:perRun.money", [some(1, "money")], policy).passed


def test_the_first_exception_that_holds_counts() -> None:
    over, first, second = (
        Exemption("perRun.seats", most, date(2026, 11, day), "desk", "merger")
        for most, day in ((9, 21), (2, 22), (5, 23))
    )
    policy = replace(limited("perRun", "seats", 1), exceptions=(over, first, second))
    assert guard("budget:perRun.seats", [some(2, "seats")], policy).limit == 2


@pytest.mark.parametrize(
    ("zone", "now", "passes"),
    [
        # the exception ends with the 22nd, where the partner is
        ("UTC", datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), True),
        ("UTC", datetime(2026, 11, 23, tzinfo=UTC), False),
        ("Europe/Berlin", datetime(2026, 11, 22, 22, 59, tzinfo=UTC), True),
        ("Europe/Berlin", datetime(2026, 11, 22, 23, tzinfo=UTC), False),
        ("America/Los_Angeles", datetime(2026, 11, 23, 7, 59, tzinfo=UTC), True),
        ("America/Los_Angeles", datetime(2026, 11, 23, 8, tzinfo=UTC), False),
        ("Pacific/Kiritimati", datetime(2026, 11, 22, 10, tzinfo=UTC), False),
    ],
)
def test_an_exception_ends_where_the_partner_is(zone: str, now: datetime, passes: bool) -> None:
    exception = Exemption("perRun.removals", 6, date(2026, 11, 22), "desk", "merger")
    policy = Policy(exceptions=(exception,))
    told = guard("budget:perRun.removals", [times(6, REMOVAL)], policy, now=now, zone=ZoneInfo(zone))
    assert told.passed is passes


BELITTLED = [
    # what a plan says of an act, and the budget that it counts in all the same
    ({**REMOVAL, "effect": Effect.PROTECTIVE, "reversibility": Reversibility.REVERSIBLE}, "removals"),
    ({**REMOVAL, "effect": Effect.PROTECTIVE, "reversibility": Reversibility.REVERSIBLE}, "oneWayActions"),
    ({**CANCEL, "effect": Effect.NEUTRAL, "reversibility": Reversibility.REVERSIBLE}, "oneWayActions"),
    ({**CANCEL, "effect": Effect.PROTECTIVE}, "seats"),
    ({**SUSPEND, "effect": Effect.PROTECTIVE}, "seats"),
    ({**RENEW, "effect": Effect.NEUTRAL}, "money"),
    ({**RENEW, "effect": Effect.PROTECTIVE}, "money"),
]


@pytest.mark.parametrize(("sort", "budget"), BELITTLED)
def test_an_act_weighs_what_its_kind_weighs(sort: Any, budget: str) -> None:
    plan = customer(action(1, sort, committed=euros("1.00")))
    assert not guard(f"budget:perRun.{budget}", [plan], limited("perRun", budget, 0)).passed


def test_nothing_below_zero_makes_room() -> None:
    plan = customer(
        action(1, CANCEL),
        action(2, {**CANCEL, "seats": -9}),
        action(3, RENEW, committed=euros("5.00")),
        action(4, RENEW, committed=euros("-9.00")),
    )
    assert guard("budget:perRun.seats", [plan], limited("perRun", "seats", 1)).value == 1
    assert not guard("budget:perRun.money", [plan], limited("perRun", "money", 4)).passed


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
    ([-1, -1, -1], 1, False),  # sent by a clock that was ahead, or that has been put back since
]


def spent(hours: float, **members: Any) -> Spent:
    """A write so many hours ago."""
    return Spent(NOW - timedelta(hours=hours), TENANT, **members)


@pytest.mark.parametrize(("ago", "removals", "passed"), AGO)
def test_the_day_remembers_the_last_24_hours(ago: list[int], removals: int, passed: bool) -> None:
    memory = Memory(spent=tuple(spent(hours, removal=True) for hours in ago))
    policy = Policy(per_day=DayBudget(removals=3))
    assert guard("budget:perDay.removals", [times(removals, REMOVAL)], policy, memory).passed is passed


ONE_OF_EACH = {
    "removals": {"removal": True},
    "oneWayActions": {"one_way": True},
    "seats": {"seats": 1},
    "protective": {"protective": True},
    "money": {"committed": Money(Decimal("1.00"), "EUR")},
}


@pytest.mark.parametrize("budget", SORTS)
def test_every_budget_of_the_day_counts_what_was_sent(budget: str) -> None:
    memory = Memory(spent=(spent(1, **ONE_OF_EACH[budget]), spent(24, **ONE_OF_EACH[budget])))
    policy = limited("perDay", budget, 3)
    assert guard(f"budget:perDay.{budget}", [some(2, budget)], policy, memory).passed
    over = guard(f"budget:perDay.{budget}", [some(3, budget)], policy, memory)
    assert not over.passed
    assert "over (1" in over.message
    assert "of it in the last 24 hours)" in over.message
    assert guard(f"budget:perDay.{budget}", [some(0, budget)], limited("perDay", budget, 0), memory).passed


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 29, 12, tzinfo=UTC),
        datetime(2026, 10, 25, 12, tzinfo=UTC),
        datetime(2026, 11, 23, 0, 1, tzinfo=UTC),
    ],
)
def test_a_day_is_24_hours_wherever_the_partner_is(now: datetime, zone: str) -> None:
    """Across midnight, here and there, and on the days of 23 and of 25 hours."""
    policy = Policy(per_day=DayBudget(removals=1))
    for hours, passes in ((23.99, False), (24, True)):
        memory = Memory(spent=(Spent(now - timedelta(hours=hours), TENANT, removal=True),))
        told = guard("budget:perDay.removals", [times(1, REMOVAL)], policy, memory, now=now, zone=ZoneInfo(zone))
        assert told.passed is passes


UNKNOWNS = [
    # what an older journal leaves open, which budgets of the day cannot be known then
    ({"one_way": None}, {"oneWayActions"}),
    ({"seats": None}, {"seats"}),
    ({"unknown_money": True}, {"money"}),
    ({"committed": Money(Decimal("1.00"), "USD")}, {"money"}),
    ({"one_way": None, "seats": None, "unknown_money": True}, {"oneWayActions", "seats", "money", "protective"}),
]


@pytest.mark.parametrize("budget", SORTS)
@pytest.mark.parametrize(("members", "budgets"), UNKNOWNS)
def test_a_budget_of_the_day_that_cannot_be_known_refuses(members: Any, budgets: set[str], budget: str) -> None:
    memory = Memory(spent=(spent(3, **members), spent(2, **members), spent(25, **members)))
    policy = limited("perDay", budget, 100)
    told = guard(f"budget:perDay.{budget}", [some(1, budget)], policy, memory)
    assert told.passed is (budget not in budgets)
    if not told.passed:
        assert "cannot be known before 2026-11-23 10:00 UTC: 2 writes" in told.message
    assert guard(f"budget:perDay.{budget}", [some(0, budget)], policy, memory).passed
    assert guard(f"budget:perDay.{budget}", [some(1, budget)], policy, Memory(spent=(spent(24, **members),))).passed


def test_what_is_not_known_does_not_matter_without_a_limit() -> None:
    memory = Memory(spent=(spent(1, one_way=None, seats=None, unknown_money=True),))
    guards = check_guards([times(1, CANCEL), times(1, RENEW), times(1, REMOVAL)], 100, memory, Policy(), NOW)
    assert all(each.passed for each in guards)


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


DOLLARS = Money(Decimal("1.00"), "USD")
SPLIT = "split the change (--target), or raise the budget in the policy by an exception"
ALONE = "no customer of this plan fits by itself"
UNKNOWN = "nobody knows what these commit"
FOREIGN = "these are in another currency"

MONEY = [
    # the limit, what each due renewal commits, whether it passes, what the message says
    ("10.00", [], True, "perRun.money: 0.00 EUR of at most 10.00 EUR"),
    ("10.00", ["4.00", "6.00"], True, "perRun.money: 10.00 EUR of at most 10.00 EUR"),
    ("10.00", ["4.00", "6.01"], False, f"perRun.money: 10.01 EUR of at most 10.00 EUR, 0.01 EUR over; {SPLIT}"),
    ("0.00", ["0.00"], True, "perRun.money: 0.00 EUR of at most 0.00 EUR"),
    ("0.00", ["0.01"], False, f"perRun.money: 0.01 EUR of at most 0.00 EUR, 0.01 EUR over; {SPLIT}"),
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
        f"perRun.money: 11.00 EUR of at most 10.00 EUR, 1.00 EUR over; {UNKNOWN}: product 2 of harbor; "
        f"{FOREIGN}: product 3 of harbor (1.00 USD); {SPLIT}",
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
    assert (found.passed, found.message) == (passed, message if passed else f"{message}; {ALONE}")


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


def test_protection_that_protects_nobody_is_told() -> None:
    found = customer(labels={"book": "emea"}).desired
    entries = [
        Protected(name="harbor-*"),
        Protected(name="harbour-*"),
        Protected(labels={"book": "emea"}),
        Protected(labels={"tier": "key", "book": "emea"}),
        Protected(tenant_id=TenantId("6b2e0b0c-0000-4000-8000-000000000099")),
    ]
    assert list(unmatched([found], Policy(protected=tuple(entries)), {})) == [
        "the policy protects 'harbour-*', and no customer's manifest is called so",
        "the policy protects 'book: emea, tier: key', and no customer's manifest is called so",
    ]


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


def named(*sizes: int, sort: Any = REMOVAL) -> list[CustomerPlan]:
    """Customers with so many actions each."""
    return [
        customer(*(action(number, sort) for number in range(size)), name=f"customer-{place}")
        for place, size in enumerate(sizes)
    ]


FITS = [
    # actions per customer, of at most 3 one-way actions: what the refusal says
    (
        (2, 2, 1),
        "2 of 3 customers would fit: pcreconcile plan --target customer/customer-0 --target customer/customer-2",
    ),
    ((4, 4), "no customer of this plan fits by itself"),
    ((4, 0, 3), "1 of 2 customers would fit: pcreconcile plan --target customer/customer-2"),
    (
        (1, 1, 1, 1),
        "3 of 4 customers would fit: pcreconcile plan "
        + " ".join(f"--target customer/customer-{number}" for number in range(3)),
    ),
]


@pytest.mark.parametrize(("sizes", "says"), FITS)
def test_what_would_fit(sizes: tuple[int, ...], says: str) -> None:
    policy = limited("perRun", "oneWayActions", 3)
    over = sum(sizes) - 3
    assert guard("budget:perRun.oneWayActions", named(*sizes, sort=CANCEL), policy).message == (
        f"perRun.oneWayActions: {sum(sizes)} of at most 3, {over} over; {SPLIT}; {says}"
    )


def test_a_long_line_is_cut_and_still_fits() -> None:
    plans = named(*[1] * 40)
    told = guard("budget:perRun.removals", plans, limited("perRun", "removals", 25)).message
    assert "25 of 40 customers would fit, the first 10 of them: pcreconcile plan --target customer/customer-0 " in told
    assert told.count("--target customer/") == 10
    assert len(told) < 1900  # what a terminal shows of a message


def test_what_would_fit_is_said_once() -> None:
    policy = Policy(per_run=RunBudget(removals=0, one_way_actions=0), per_day=DayBudget(0), min_customers_left=9)
    told = [each.message for each in check_guards(named(1), 9, Memory(), policy, NOW)]
    assert sum("fits by itself" in each for each in told) == 1


@pytest.mark.parametrize("name", ["harbor; rm -rf ~", "$(reboot)", "Harbor", "-x", "", "a\nb"])
def test_a_name_that_no_manifest_may_have_is_in_no_line_to_paste(name: str) -> None:
    """A plan file may say anything, and a shell would read it."""
    plans = [customer(action(1, REMOVAL), name=name), customer(action(2, REMOVAL), name="quay")]
    told = guard("budget:perRun.removals", plans, limited("perRun", "removals", 1)).message
    assert told.endswith("1 of 1 customers would fit: pcreconcile plan --target customer/quay")


@st.composite
def fleets(draw: st.DrawFn) -> list[CustomerPlan]:
    """Customers with any mix of actions, priced or not."""
    prices = st.sampled_from([None, euros("1.00"), euros("3.00"), Money(Decimal("1.00"), "USD")])
    acts = st.tuples(st.sampled_from([REMOVAL, CANCEL, SUSPEND, PROTECT, RENEW]), prices)
    return [
        customer(
            *(action(number, sort, committed=price) for number, (sort, price) in enumerate(each)), name=f"c{place}"
        )
        for place, each in enumerate(draw(st.lists(st.lists(acts, max_size=4), max_size=6)))
    ]


COUNTS = st.integers(0, 6)
PRICES = st.none() | st.integers(0, 6).map(lambda amount: euros(f"{amount}.00"))
MAYBE = st.none() | COUNTS
POLICIES = st.builds(
    Policy,
    per_run=st.builds(RunBudget, COUNTS, COUNTS, st.integers(0, 30), COUNTS, PRICES),
    per_day=st.builds(DayBudget, COUNTS, MAYBE, MAYBE, MAYBE, PRICES),
    min_customers_left=st.integers(0, 4),
    protected=st.lists(st.builds(Protected, name=st.sampled_from(["c0", "c[1-3]"])), max_size=1).map(tuple),
)
SPENT = st.builds(
    Spent,
    at=st.integers(0, 30).map(lambda hours: NOW - timedelta(hours=hours)),
    customer=st.just(TENANT),
    removal=st.booleans(),
    one_way=st.sampled_from([None, True, False]),
    seats=st.none() | st.integers(0, 2),
    protective=st.booleans(),
    unknown_money=st.booleans(),
)


@given(fleets(), POLICIES, st.lists(SPENT, max_size=3), st.integers(0, 8))
def test_what_is_said_to_fit_passes_when_planned_alone(
    plans: list[CustomerPlan], policy: Policy, done: list[Spent], live: int
) -> None:
    memory = Memory(spent=tuple(done))
    guards = check_guards(plans, live, memory, policy, NOW)
    said = " ".join(each.message for each in guards if not each.passed)
    chosen = [each.removeprefix("customer/") for each in said.split() if each.startswith("customer/")]
    alone = [plan for plan in plans if plan.name in chosen]
    assert len(alone) == len(chosen)
    assert all(each.passed for each in check_guards(alone, live, memory, policy, NOW))
    if not chosen and "fits by itself" in said:
        for plan in plans:
            if plan.actions:
                assert not all(each.passed for each in check_guards([plan], live, memory, policy, NOW))
