"""What stops a run before its first write, and with what exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying import guards, open_store
from pcreconcile.applying.guards import Pending
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import (
    ApprovalMissing,
    AuthenticationError,
    IncompleteRead,
    Locked,
    NoAnswer,
    PcreconcileError,
    PlanFileError,
    Refused,
    StalePlan,
)
from pcreconcile.model.plan import ActionKind, Effect, Guard, Plan, Reversibility
from pcreconcile.model.policy import ApprovalRule, DayBudget, Exemption, Freeze, Policy
from tests.applying.world import (
    HELD_BY,
    NOW,
    ONE,
    PARTNER,
    Agreeing,
    Desk,
    Fault,
    Microsoft,
    act,
    cancel,
    plan_of,
    planned,
    remove,
    subscription,
    tenant,
)

TODAY = NOW.date()
FAILED = Guard("budget:perRun.removals", False, "perRun.removals: 6 of at most 5")


def leaving(microsoft: Microsoft, number: int = 1, **members: Any) -> Any:
    who = tenant(number)
    if who not in microsoft.customers:
        microsoft.add(who, subscription(f"s{number}"))
    first = cancel(f"s{number}", who=who, **members)
    return planned(microsoft, [first, remove(first, who=who)], who)


def pending_of(plan: Plan, touched: Iterable[int] = ()) -> list[Pending]:
    """Everything that is due, in order; those of these numbers may have been written."""
    found = [(customer, action) for customer in plan.customers for action in customer.actions]
    return [Pending(*entry, number in touched) for number, entry in enumerate(found)]


def refused(desk: Desk, plan: Any, error: type[PcreconcileError], **changes: Any) -> str:
    with pytest.raises(error) as caught:
        desk.apply(plan, **changes)
    assert type(caught.value) is error
    assert desk.service.requests == []
    assert desk.seen == []
    return str(caught.value)


def test_a_failed_guard_of_the_plan(desk: Desk, microsoft: Microsoft):
    told = refused(desk, plan_of(leaving(microsoft), guards=[FAILED]), Refused)
    assert "perRun.removals: 6 of at most 5" in told
    assert "--target" in told


@pytest.mark.parametrize("plan_wants", [0, 2])
def test_without_approvals_nothing_is_written(desk: Desk, microsoft: Microsoft, plan_wants: int):
    desk.policy = Policy(approvals=ApprovalRule(required=0 if plan_wants else 1))
    told = refused(desk, plan_of(leaving(microsoft), required=plan_wants), ApprovalMissing)
    assert "approval" in told


def test_a_guard_comes_before_an_approval(desk: Desk, microsoft: Microsoft):
    refused(desk, plan_of(leaving(microsoft), guards=[FAILED], required=2), Refused)


def test_a_plan_whose_manifests_have_all_changed_is_stale_as_a_whole(desk: Desk, microsoft: Microsoft):
    plan = plan_of(leaving(microsoft), guards=[FAILED])
    refused(desk, plan, StalePlan, fleet=DesiredFleet(()))


def test_a_plan_of_another_digest(desk: Desk, microsoft: Microsoft):
    refused(desk, replace(plan_of(leaving(microsoft)), tool_version="2"), PlanFileError)


@pytest.mark.parametrize(
    ("limit", "exceptions", "passes"),
    [
        (2, (), True),
        (1, (), False),
        (0, (), False),
        (1, (Exemption("perDay.removals", 2, TODAY, "desk", "merger"),), True),
        (1, (Exemption("perDay.removals", 2, TODAY - timedelta(days=1), "desk", "merger"),), False),
        (1, (Exemption("perRun.removals", 2, TODAY, "desk", "merger"),), False),
    ],
)
def test_removals_of_the_last_24_hours_count(
    desk: Desk, microsoft: Microsoft, limit: int, exceptions: tuple[Exemption, ...], passes: bool
):
    assert desk.apply(plan_of(leaving(microsoft, 1))).exit_code == 0
    desk.policy = Policy(per_day=DayBudget(limit), exceptions=exceptions)
    microsoft.requests.clear()
    desk.seen.clear()
    second = plan_of(leaving(microsoft, 2))
    if passes:
        assert desk.apply(second).exit_code == 0
    else:
        told = refused(desk, second, Refused)
        assert f"perDay.removals: 2 of at most {limit}, {2 - limit} over (1 of it in the last 24 hours)" in told
        desk.clock.at += timedelta(hours=24)
        desk.policy = replace(desk.policy, per_day=DayBudget(1))
        assert desk.apply(second).exit_code == 0


def test_a_day_that_is_over_budget_stops_removals_alone(desk: Desk, microsoft: Microsoft):
    desk.apply(plan_of(leaving(microsoft)))
    desk.policy = Policy(per_day=DayBudget(0))
    microsoft.add(tenant(2), subscription("s2"))
    assert desk.apply(plan_of(planned(microsoft, [cancel("s2", who=tenant(2))], tenant(2)))).exit_code == 0


def test_a_removal_that_was_begun_counts_once(desk: Desk, microsoft: Microsoft):
    desk.policy = Policy(per_day=DayBudget(1))
    plan = plan_of(leaving(microsoft))
    microsoft.faults.extend([None, *[Fault.LOST_BEFORE] * 4])
    assert desk.apply(plan).exit_code == 7
    assert desk.apply(plan).exit_code == 0
    assert desk.apply(plan).exit_code == 0


@pytest.mark.parametrize(
    ("first", "last", "effect", "passes"),
    [
        (TODAY, TODAY, Effect.TAKES_SERVICE, False),
        (TODAY, TODAY, Effect.PROTECTIVE, True),
        (date(2026, 11, 1), TODAY - timedelta(days=1), Effect.TAKES_SERVICE, True),
        (TODAY + timedelta(days=1), date(2026, 12, 1), Effect.TAKES_SERVICE, True),
    ],
)
def test_freezes(desk: Desk, microsoft: Microsoft, first: date, last: date, effect: Effect, passes: bool):
    microsoft.add(ONE, subscription("s1"))
    desk.policy = Policy(freezes=(Freeze(first, last, "year end"),))
    protect = act(ActionKind.CANCEL_AT_TERM_END, "s1", effect=effect, reversibility=Reversibility.REVERSIBLE)
    plan = plan_of(planned(microsoft, [protect]))
    if passes:
        assert desk.apply(plan).exit_code == 0
    else:
        assert "year end" in refused(desk, plan, Refused)


def test_a_protective_action_does_not_free_the_others(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    desk.policy = Policy(freezes=(Freeze(TODAY, TODAY, "year end"),))
    protect = act(ActionKind.CANCEL_AT_TERM_END, "s1", effect=Effect.PROTECTIVE)
    refused(desk, plan_of(planned(microsoft, [protect, cancel("s2")])), Refused)


def test_a_freeze_stops_a_removal_that_calls_itself_protective(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    desk.policy = Policy(freezes=(Freeze(TODAY, TODAY, "year end"),))
    refused(desk, plan_of(planned(microsoft, [remove(effect=Effect.PROTECTIVE)])), Refused)


FROZEN = (
    Freeze(date(2026, 3, 29), date(2026, 3, 29), "spring"),
    Freeze(date(2026, 10, 25), date(2026, 10, 25), "autumn"),
)
BERLIN = [
    # the first and the last minute of a frozen day of 23 hours, and of one of 25
    (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), False),
    (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), True),
    (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), True),
    (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), False),
    (datetime(2026, 10, 24, 21, 59, tzinfo=UTC), False),
    (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), True),
    (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), True),
    (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), False),
]


@pytest.mark.parametrize(("now", "frozen"), BERLIN)
def test_a_frozen_day_begins_and_ends_where_the_partner_is(now: datetime, frozen: bool, microsoft: Microsoft):
    pending = pending_of(plan_of(leaving(microsoft)))
    today = guards.local_day(now, "Europe/Berlin")
    if frozen:
        with pytest.raises(Refused, match="only protective actions run"):
            guards.check_freezes(Policy(freezes=FROZEN), pending, today)
    else:
        guards.check_freezes(Policy(freezes=FROZEN), pending, today)


def test_a_zone_that_this_machine_does_not_know_is_utc():
    assert guards.local_day(datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "Atlantis/Capital") == date(2026, 11, 22)


def test_a_freeze_day_is_the_partners(desk: Desk, microsoft: Microsoft):
    desk.policy = Policy(freezes=(Freeze(TODAY + timedelta(days=1), TODAY + timedelta(days=1), "year end"),))
    plan = plan_of(leaving(microsoft))
    there = replace(plan, partner=replace(plan.partner, time_zone="Pacific/Kiritimati"), digest="")
    from pcreconcile.model.identity import seal

    refused(desk, seal(there), Refused)


def test_too_few_customers_left(desk: Desk, microsoft: Microsoft):
    desk.policy = Policy(min_customers_left=2)
    assert "minCustomersLeft" in refused(desk, plan_of(leaving(microsoft)), Refused)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_clocks_that_disagree(desk: Desk, microsoft: Microsoft, minutes: int):
    microsoft.time = NOW + timedelta(minutes=minutes)
    assert "clock" in refused(desk, plan_of(leaving(microsoft)), Refused)


def test_an_incomplete_customers_list(desk: Desk, microsoft: Microsoft):
    microsoft.list_problem = "page 3 did not come"
    assert "page 3 did not come" in refused(desk, plan_of(leaving(microsoft)), IncompleteRead)


def test_no_answer_before_the_first_write_is_not_indeterminate(desk: Desk, microsoft: Microsoft):
    async def silence() -> Any:
        raise NoAnswer("connection refused")

    microsoft.service_time = silence  # type: ignore[method-assign]
    assert "nothing was written" in refused(desk, plan_of(leaving(microsoft)), IncompleteRead)


def test_no_token(desk: Desk, microsoft: Microsoft):
    async def no(_: Any) -> None:
        raise AuthenticationError("AADSTS700082: expired", status=400)

    microsoft.authorise = no  # type: ignore[method-assign]
    refused(desk, plan_of(leaving(microsoft)), AuthenticationError)


def test_every_kind_is_authorised_before_the_first_write(desk: Desk, microsoft: Microsoft):
    desk.apply(plan_of(leaving(microsoft)))
    assert microsoft.authorised == [frozenset({"cancel-subscription", "remove-relationship"})]


def test_another_apply_is_running(desk: Desk, microsoft: Microsoft):
    plan = plan_of(leaving(microsoft))
    with open_store(desk.journal).lock(PARTNER, 0, HELD_BY):
        refused(desk, plan, Locked)


def test_waiting_for_the_lock_moves_the_clock_and_can_be_interrupted(desk: Desk, microsoft: Microsoft):
    plan = plan_of(leaving(microsoft))
    held = open_store(desk.journal).lock(PARTNER, 0, HELD_BY)
    held.__enter__()
    sleep = desk.clock.sleep

    async def sleep_and_release(seconds: float) -> None:
        await sleep(seconds)
        if desk.clock.slept > 3:
            held.__exit__(None, None, None)

    desk.clock.sleep = sleep_and_release  # type: ignore[method-assign]

    async def patient() -> Any:
        from pcreconcile.applying import apply

        return await apply(
            plan,
            fleet=DesiredFleet(tuple(customer.desired for customer in plan.customers)),
            policy=desk.policy,
            service=microsoft,
            planner=Agreeing(plan),
            store=open_store(desk.journal),
            clock=desk.clock,
            wait=desk.wait,
            lock_timeout=5,
            observer=desk.seen.append,
            ids=desk.ids,
            holder=HELD_BY,
        )

    assert asyncio.run(patient()).exit_code == 0


def test_a_plan_with_nothing_due_asks_nothing(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    microsoft.list_problem = "down"
    assert desk.apply(plan_of(planned(microsoft))).exit_code == 0
    assert microsoft.authorised == []
