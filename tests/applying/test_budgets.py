"""Today's policy judges the whole plan again: what counts, what is refused, and what would fit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying import guards
from pcreconcile.applying.day_history import is_asked, is_known, read_records, require_read
from pcreconcile.applying.guards import Pending
from pcreconcile.applying.spending import Day
from pcreconcile.model.correlation import correlation_of
from pcreconcile.model.errors import IncompleteRead, NoAnswer, Refused, RemoteError
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.memory import Spent
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind, ActionMoney, Effect, Guard, Impact, Plan, Reversibility
from pcreconcile.model.policy import DayBudget, Exemption, Policy, Protected, RunBudget
from pcreconcile.model.protection import Protection
from tests.applying.world import (
    NOW,
    Desk,
    Died,
    Fault,
    Microsoft,
    act,
    cancel,
    plan_of,
    planned,
    remove,
    subscription,
    tenant,
    wanted,
)

TODAY = NOW.date()
FREE = Policy(per_run=RunBudget(*[10**6] * 4), per_day=DayBudget(10**6))
SORTS: dict[str, dict[str, Any]] = {
    # by the member of the budgets: an action that counts one (euro) there
    "removals": {"kind": ActionKind.REMOVE_RELATIONSHIP, "effect": Effect.NEUTRAL},
    "one_way_actions": {"kind": ActionKind.CANCEL_SUBSCRIPTION},
    "seats": {
        "kind": ActionKind.SUSPEND_SUBSCRIPTION,
        "impact": Impact(1, "mail"),
        "reversibility": Reversibility.LOSSY,
    },
    "protective": {
        "kind": ActionKind.CANCEL_AT_TERM_END,
        "effect": Effect.PROTECTIVE,
        "reversibility": Reversibility.REVERSIBLE,
    },
    "money": {
        "kind": ActionKind.SET_RENEWAL,
        "effect": Effect.COMMITS_MONEY,
        "reversibility": Reversibility.REVERSIBLE,
        "money": ActionMoney(committed=Money(Decimal("1.00"), "EUR")),
    },
}
PATHS = {"one_way_actions": "oneWayActions"}
SCOPES = {"per_run": "perRun", "per_day": "perDay"}
EVERY = [(scope, member) for scope in SCOPES for member in SORTS]
WHOLE = Day((), known_since=NOW - timedelta(days=9))


def made(microsoft: Microsoft, *sorts: str, each: int = 1) -> Plan:
    """A plan with a customer for each sort, and so many actions of it."""
    customers = []
    for number, sort in enumerate(sorts, 1):
        microsoft.add(tenant(number))
        members = dict(SORTS[sort])
        kind = members.pop("kind")
        actions = [act(kind, f"t{count}", who=tenant(number), **members) for count in range(each)]
        customers.append(planned(microsoft, actions, tenant(number)))
    return plan_of(*customers)


def pending_of(plan: Plan, touched: Iterable[int] = (), done: Iterable[int] = ()) -> list[Pending]:
    """What is due, in order, without what is done; those of the numbers in `touched` may have been written."""
    found = [(customer, action) for customer in plan.customers for action in customer.actions]
    return [Pending(*entry, number in touched) for number, entry in enumerate(found) if number not in done]


def limited(scope: str, member: str, most: int, policy: Policy = FREE) -> Policy:
    """A policy with this limit alone."""
    limit = Money(Decimal(most), "EUR") if member == "money" else most
    return replace(policy, **{scope: replace(getattr(policy, scope), **{member: limit})})


def told(policy: Policy, plan: Plan, pending: list[Pending], day: Day = WHOLE, **where: Any) -> str:
    """What the refusal says; "" when there is none."""
    try:
        guards.check_budgets(policy, plan, pending, day, where.pop("now", NOW), **where)
    except Refused as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("limit", "asked", "passes"), [(0, 0, True), (0, 1, False), (3, 3, True), (3, 4, False)])
@pytest.mark.parametrize(("scope", "member"), EVERY)
def test_every_budget(microsoft: Microsoft, scope: str, member: str, limit: int, asked: int, passes: bool):
    plan = made(microsoft, *[member] * asked)
    said = told(limited(scope, member, limit), plan, pending_of(plan))
    path = f"{SCOPES[scope]}.{PATHS.get(member, member)}"
    assert (said == "") is passes
    if not passes:
        unit = " EUR" if member == "money" else ""
        assert said.startswith(f"over budget, nothing was written: {path}: ")
        assert ", 1.00 EUR over" in said if unit else ", 1 over" in said


@pytest.mark.parametrize(("scope", "member"), EVERY)
def test_a_budget_counts_its_own_sort_alone(microsoft: Microsoft, scope: str, member: str):
    others = [sort for sort in SORTS if sort != member and (sort, member) != ("removals", "one_way_actions")]
    plan = made(microsoft, *others)
    assert told(limited(scope, member, 0), plan, pending_of(plan)) == ""


@pytest.mark.parametrize(("scope", "member"), EVERY)
@pytest.mark.parametrize(("days", "passes"), [(-1, False), (0, True), (1, True)])
def test_an_exception_before_on_and_after_its_last_day(
    microsoft: Microsoft, scope: str, member: str, days: int, passes: bool
):
    plan = made(microsoft, member, member)
    path = f"{SCOPES[scope]}.{PATHS.get(member, member)}"
    limit = Money(Decimal(2), "EUR") if member == "money" else 2
    exception = Exemption(path, limit, TODAY + timedelta(days), "desk", "merger")
    policy = replace(limited(scope, member, 0), exceptions=(exception,))
    assert (told(policy, plan, pending_of(plan)) == "") is passes


@pytest.mark.parametrize(
    ("zone", "now", "passes"),
    [
        ("UTC", datetime(2026, 11, 22, 23, 59, tzinfo=UTC), True),
        ("UTC", datetime(2026, 11, 23, 0, 0, tzinfo=UTC), False),
        ("Europe/Berlin", datetime(2026, 11, 22, 23, 0, tzinfo=UTC), False),
        ("America/Los_Angeles", datetime(2026, 11, 23, 7, 59, tzinfo=UTC), True),
    ],
)
def test_an_exception_ends_where_the_partner_is(microsoft: Microsoft, zone: str, now: datetime, passes: bool):
    plan = made(microsoft, "removals")
    plan = replace(plan, partner=replace(plan.partner, time_zone=zone))
    exception = Exemption("perRun.removals", 1, date(2026, 11, 22), "desk", "merger")
    policy = replace(limited("per_run", "removals", 0), exceptions=(exception,))
    assert (told(policy, plan, pending_of(plan), now=now) == "") is passes


PARTS = [
    # of three removals: how many are done, which are begun, the budget per run, whether the rest may go on
    ((), (), 3, True),
    ((), (), 2, False),
    ((0,), (), 3, True),
    ((0,), (), 2, False),  # what the earlier run did counts: no fresh budget
    ((0, 1), (), 2, False),
    ((0,), (1,), 2, False),
    ((0,), (1, 2), 2, True),  # nothing but what was begun: it is brought to its end
    ((0, 1, 2), (), 0, True),
]


@pytest.mark.parametrize(("done", "touched", "limit", "passes"), PARTS)
def test_a_run_in_parts_has_one_budget(microsoft: Microsoft, done: Any, touched: Any, limit: int, passes: bool):
    plan = made(microsoft, "removals", "removals", "removals")
    said = told(limited("per_run", "removals", limit), plan, pending_of(plan, touched, done))
    assert (said == "") is passes


def removed(hours: float, number: int = 50) -> Spent:
    """A removal so many hours ago."""
    return Spent(NOW - timedelta(hours=hours), tenant(number), removal=True, one_way=True)


def test_the_day_counts_what_was_begun_once(microsoft: Microsoft):
    plan = made(microsoft, "removals", "removals")
    first = plan.customers[0].actions[0].id
    policy = limited("per_day", "removals", 2)
    begun = Day((removed(1, 1),), frozenset({first}), WHOLE.known_since)
    assert told(policy, plan, pending_of(plan, touched=[0]), begun) == ""
    assert "3 of at most 2, 1 over (1 of it" in told(policy, plan, pending_of(plan), begun)


def test_what_was_begun_before_the_day_counts_as_it_may_be_sent_again(microsoft: Microsoft):
    plan = made(microsoft, "removals")
    assert told(limited("per_day", "removals", 0), plan, pending_of(plan, touched=[0])) != ""


def test_what_would_fit_is_what_is_still_to_do(microsoft: Microsoft):
    plan = made(microsoft, *["removals"] * 4)
    policy = replace(limited("per_run", "removals", 2), protected=(Protected(name="customer-2"),))
    said = told(policy, plan, pending_of(plan, done=[0]))
    assert said.endswith(
        "2 of 2 customers would fit: pcreconcile plan --target customer/customer-3 --target customer/customer-4"
    )


@pytest.mark.parametrize(("live", "fits"), [(2, "no customer"), (3, "1 of 3 customers"), (9, "2 of 3 customers")])
def test_what_would_fit_leaves_customers_enough(microsoft: Microsoft, live: int, fits: str):
    plan = made(microsoft, *["removals"] * 3)
    policy = replace(limited("per_run", "removals", 2), min_customers_left=2)
    assert f"; {fits}" in told(policy, plan, pending_of(plan), live=live)
    found = replace(plan, guards=(Guard("min-customers-left", False, "", 2, live - 3),))
    assert f"; {fits}" in told(policy, found, pending_of(plan))


BELITTLED = [
    ("removals", {"effect": Effect.PROTECTIVE, "reversibility": Reversibility.REVERSIBLE}),
    ("one_way_actions", {"effect": Effect.PROTECTIVE, "reversibility": Reversibility.REVERSIBLE}),
    ("seats", {"effect": Effect.NEUTRAL}),
    ("money", {"effect": Effect.PROTECTIVE}),
]


@pytest.mark.parametrize(("member", "said"), BELITTLED)
def test_a_plan_that_belittles_its_acts_is_not_believed(microsoft: Microsoft, member: str, said: dict[str, Any]):
    plan = made(microsoft, member)
    action = replace(plan.customers[0].actions[0], **said)
    plan = replace(plan, customers=(replace(plan.customers[0], actions=(action,)),))
    assert told(limited("per_run", member, 0), plan, pending_of(plan)) != ""


PROTECTED = [
    Protected(name="customer-1"),
    Protected(name="customer-[1-9]"),
    Protected(tenant_id=tenant(1)),
    Protected(labels={"book": "emea"}),
]


@pytest.mark.parametrize("entry", PROTECTED)
def test_who_is_protected_today(microsoft: Microsoft, entry: Protected):
    plan = made(microsoft, "removals")
    labelled = replace(plan.customers[0], desired=wanted(tenant(1), labels={"book": "emea", "tier": "key"}))
    plan = replace(plan, customers=(labelled,))
    policy = Policy(protected=(entry,))
    with pytest.raises(Refused, match="customer-1 is protected by the policy"):
        guards.check_protected(Protection(policy, NOW.date()), plan, pending_of(plan))
    other = Policy(protected=(Protected(name="customer-2"),))
    guards.check_protected(Protection(other, NOW.date()), plan, pending_of(plan))


def test_protection_lets_what_was_begun_end(microsoft: Microsoft):
    plan = made(microsoft, "removals", "seats")
    protection = Protection(Policy(protected=(Protected(name="customer-1"),)), NOW.date())
    guards.check_protected(protection, plan, pending_of(plan, touched=[0]))
    guards.check_protected(protection, plan, pending_of(plan, done=[0]))
    waiting = replace(plan.customers[0], actions=())
    with pytest.raises(Refused, match="customer-1"):
        guards.check_protected(protection, replace(plan, customers=(waiting,)), [])


# The service's records, where the journal does not reach back.


def record(
    operation: str, hours: float, number: int | None = 60, succeeded: bool = True, trace: str = ""
) -> AuditRecord:
    who = None if number is None else tenant(number)
    at = NOW - timedelta(hours=hours)
    return AuditRecord(f"{operation}-{hours}-{number}", who, operation, succeeded, at, trace)


GONE = "remove_partner_customer_relationship"
OURS = correlation_of("7d1f9f0e-0000-4000-8000-000000000001")


def known(microsoft: Microsoft, member: str, day: Day, policy: Policy) -> str:
    """What is said about one action of the sort, with what the service knows of the day."""
    plan = made(microsoft, member)
    pending = pending_of(plan)

    async def ask() -> Day:
        if not is_asked(policy, "UTC", pending, day, NOW):
            return day
        records = await read_records(microsoft, day, NOW)
        require_read(records)
        return records.day

    try:
        return told(policy, plan, pending, asyncio.run(ask()))
    except Refused as error:
        return str(error)


def since(hours: float | None, *spent: Spent, traces: Iterable[str] = ()) -> Day:
    """A journal that begins so many hours ago."""
    start = None if hours is None else NOW - timedelta(hours=hours)
    return Day(spent, known_since=start, traces=frozenset(traces))


RECORDS = [
    # the journal, the records, of at most two removals a day: whether one more passes
    (since(None), [], True),
    (since(None), [record(GONE, 1)], True),
    (since(None), [record(GONE, 1), record(GONE, 2, 61)], False),
    (since(None), [record(GONE, 1), record(GONE, 2)], True),  # the same customer twice is one
    (since(None), [record(GONE, 1), record(GONE, 2, 61, succeeded=False)], True),
    (since(None), [record(GONE, 1), record(GONE, 24, 61)], True),
    (since(None), [record(GONE, 1), record(GONE, 23.9, 61)], False),
    (since(None), [record(GONE, 1, None), record(GONE, 2, None)], False),  # records that name nobody
    (since(None), [record("update_subscription", 1), record(GONE, 1)], True),
    (since(23, removed(2)), [record(GONE, 2, 50)], True),  # one and the same
    (since(23, removed(2)), [record(GONE, 2, 50), record(GONE, 23.5, 61)], False),
    (since(23, removed(2)), [record(GONE, 1, 61)], False),
    # the journal covers the day, and what only the records know counts all the same
    (since(24, removed(2)), [record(GONE, 1, 61)], False),
    (since(24, removed(2)), [record(GONE, 1, 50)], True),
    (since(24, removed(2)), [], True),
    (since(24), [record(GONE, 1), record(GONE, 2, 61)], False),
    (since(24), [record(GONE, 1)], True),  # a colleague's in the portal, within the budget
    (since(24), [record(GONE, 1, trace="one"), record(GONE, 2, trace="two")], False),  # it came back between them
    (since(24, removed(2)), [record(GONE, 1, 50, trace="one"), record(GONE, 2, 50, trace="two")], False),
    (since(24, removed(2), traces=["one"]), [record(GONE, 2, 50, trace="ONE")], True),
    (since(24, removed(2), traces=["one"]), [record(GONE, 2, 50, trace="one"), record(GONE, 1, 50, trace="x")], False),
    (since(24, removed(26), traces=["one"]), [record(GONE, 1, 50, trace="one")], True),  # the journal says when
]


@pytest.mark.parametrize(("day", "records", "passes"), RECORDS)
def test_removals_that_the_journal_does_not_know(
    microsoft: Microsoft, day: Day, records: list[AuditRecord], passes: bool
):
    microsoft.trail = records
    assert (known(microsoft, "removals", day, limited("per_day", "removals", 2)) == "") is passes


OTHERS = [
    # the journal, a record of something else: whether the day's budgets can be known
    (since(None), record("update_subscription", 3), False),
    (since(None), record("update_order", 3), False),
    (since(None), record("something_new", 3), False),
    (since(None), record("granular_admin_relationship_terminated", 3), False),
    (since(None), record("update_subscription", 3, succeeded=False), False),  # it may be under way
    (since(None), record("update_subscription", 24), True),
    (since(None), record("add_customer", 3), True),
    (since(None), record("granular_admin_relationship_approved", 3), True),
    (since(10), record("update_subscription", 11), False),
    (since(10), record("update_subscription", 3), True),
    (since(10, removed(9)), record("update_subscription", 9.99), False),  # the clocks may differ
    (since(10, removed(9, 60)), record("update_subscription", 9.99), True),
    (since(10), record("update_subscription", 11, trace="AA-1"), False),
    (since(10, traces=["aa-1"]), record("update_subscription", 11, trace="AA-1"), True),
    (since(30), record("update_subscription", 3), True),  # a colleague's in the portal
    (since(30), record("update_subscription", 3, trace=OURS), False),  # what a journal from a backup lacks
    (since(30, traces=[OURS]), record("update_subscription", 3, trace=OURS), True),
    (since(30), record("update_subscription", 24, trace=OURS), True),
]


@pytest.mark.parametrize("member", ["one_way_actions", "seats", "money", "protective"])
@pytest.mark.parametrize(("day", "entry", "knows"), OTHERS)
def test_what_records_do_not_say(microsoft: Microsoft, day: Day, entry: AuditRecord, knows: bool, member: str):
    microsoft.trail = [entry]
    said = known(microsoft, member, day, limited("per_day", member, 100))
    if member == "protective" and is_known(day, NOW):
        knows = True  # no record says that a write was protective
    assert (said == "") is knows
    if not knows:
        assert "cannot be known before" in said
    assert known(microsoft, member, day, FREE) == ""


def test_a_removal_by_others_is_one_way(microsoft: Microsoft):
    microsoft.trail = [record(GONE, 1)]
    assert known(microsoft, "one_way_actions", since(None), limited("per_day", "one_way_actions", 2)) == ""
    assert known(microsoft, "one_way_actions", since(None), limited("per_day", "one_way_actions", 1)) != ""


def test_records_that_cannot_be_read_refuse(microsoft: Microsoft):
    microsoft.trail_problem = "page 2 did not come"
    for day, told in (
        (since(None), "begins with this run"),
        (since(5), "begins 2026-11-22 07:00 UTC"),
        (since(50), ""),
    ):
        said = known(microsoft, "removals", day, FREE)
        assert "page 2 did not come" in said
        assert told in said
    assert known(microsoft, "one_way_actions", since(None), FREE) == "", "no budget of the day concerns it"
    assert known(microsoft, "protective", since(24), limited("per_day", "protective", 9)) == "", "it is the journal's"


@pytest.mark.parametrize("error", [RemoteError("no right", status=403), NoAnswer("silence"), IncompleteRead("cut off")])
def test_a_refused_read_of_the_records_refuses(microsoft: Microsoft, error: Exception):
    async def no(_: datetime) -> Any:
        raise error

    microsoft.audit_trail = no  # type: ignore[method-assign]
    assert str(error) in known(microsoft, "removals", since(None), FREE)


# Through apply.


def exit_of(*numbers: int, service: Microsoft) -> Plan:
    """A plan that lets these customers go."""
    customers = []
    for number in numbers:
        who = tenant(number)
        if who not in service.customers:
            service.add(who, subscription(f"s{number}"))
        first = cancel(f"s{number}", who=who)
        customers.append(planned(service, [first, remove(first, who=who)], who))
    return plan_of(*customers)


def refusal_of(desk: Desk, plan: Plan) -> str:
    before = len(desk.service.requests), len(desk.seen)
    with pytest.raises(Refused) as caught:
        desk.apply(plan)
    assert caught.value.exit_code == 5
    assert (len(desk.service.requests), len(desk.seen)) == before
    return str(caught.value)


def test_a_run_that_was_killed_has_no_fresh_budget(desk: Desk, microsoft: Microsoft):
    plan = exit_of(1, 2, 3, service=microsoft)
    microsoft.faults.extend([None, None, Fault.DIES_BEFORE])
    with pytest.raises(Died):
        desk.apply(plan)
    desk.policy = Policy(per_run=RunBudget(removals=2))
    assert "perRun.removals: 3 of at most 2, 1 over (1 of it done already)" in refusal_of(desk, plan)
    desk.policy = Policy(per_run=RunBudget(removals=3), per_day=DayBudget(removals=3))
    assert desk.apply(plan).exit_code == 0
    assert sum(microsoft.took.values()) == 6


def test_two_plans_have_two_budgets_per_run_and_one_of_the_day(desk: Desk, microsoft: Microsoft):
    desk.policy = Policy(per_run=RunBudget(removals=1), per_day=DayBudget(removals=2))
    assert desk.apply(exit_of(1, service=microsoft)).exit_code == 0
    assert desk.apply(exit_of(2, service=microsoft)).exit_code == 0
    last = exit_of(3, service=microsoft)
    assert "perDay.removals: 3 of at most 2, 1 over (2 of it in the last 24 hours)" in refusal_of(desk, last)
    desk.clock.at += timedelta(hours=24)
    assert desk.apply(last).exit_code == 0


def test_another_runner_without_the_journal_counts_what_the_service_knows(desk: Desk, microsoft: Microsoft):
    desk.policy = Policy(per_day=DayBudget(removals=1))
    assert desk.apply(exit_of(1, service=microsoft)).exit_code == 0
    microsoft.trail = [AuditRecord("r", tenant(1), GONE, True, NOW)]
    desk.journal.unlink()
    last = exit_of(2, service=microsoft)
    assert "perDay.removals: 2 of at most 1" in refusal_of(desk, last)
    microsoft.trail_problem = "cut off"
    assert "cannot be known" in refusal_of(desk, last)


def test_protection_that_came_after_the_plan(desk: Desk, microsoft: Microsoft):
    desk.policy = Policy(protected=(Protected(name="customer-1"),))
    assert "customer-1 is protected" in refusal_of(desk, exit_of(1, 2, service=microsoft))


def test_a_budget_that_was_lowered_after_the_plan_names_what_fits(desk: Desk, microsoft: Microsoft):
    desk.policy = Policy(per_run=RunBudget(removals=1))
    said = refusal_of(desk, exit_of(1, 2, service=microsoft))
    assert said.endswith("1 of 2 customers would fit: pcreconcile plan --target customer/customer-1")
    assert desk.apply(exit_of(1, service=microsoft)).exit_code == 0
