"""A kept plan is a claim: what apply does with what a fresh plan lacks, and with what a file says too little of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying import open_store, read_events
from pcreconcile.model.budgets import spending_of
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import ApprovalMissing, Refused
from pcreconcile.model.estate import CustomerState, Snapshot
from pcreconcile.model.extras import Extra
from pcreconcile.model.identity import seal
from pcreconcile.model.ids import TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Action, ActionKind, ActionMoney, CustomerPlan, Effect, Impact, Plan, Reversibility
from pcreconcile.model.policy import ApprovalRule, Freeze, Policy, Protected, RunBudget
from pcreconcile.model.rules import Override
from pcreconcile.model.run import Event, EventKind
from tests.applying.world import (
    NOW,
    ONE,
    Agreeing,
    Desk,
    Died,
    Fault,
    Microsoft,
    act,
    cancel,
    plan_of,
    planned,
    planned_writes,
    remove,
    subscription,
    suspend,
    tenant,
    terminate,
    wanted,
)

TWO = tenant(2)
THREE = tenant(3)

Making = Callable[[Plan, datetime], Plan]


@dataclass
class Fresh(Agreeing):
    """A planner that makes of the kept plan what a test says, and remembers what it was asked."""

    make: Making = lambda plan, at: plan
    extras: frozenset[Extra] = frozenset()
    asked: list[tuple[datetime, dict[TenantId, CustomerState], tuple[Event, ...]]] = field(default_factory=list)

    def reads(self, tenant_id: TenantId) -> frozenset[Extra]:
        return self.extras

    def plan(self, snapshot: Snapshot, events: Sequence[Event], at: datetime) -> Plan:
        self.asked.append((at, snapshot.states, tuple(events)))
        return self.make(super().plan(snapshot, events, at), at)


def changed(plan: Plan, who: TenantId, change: Callable[[CustomerPlan], CustomerPlan]) -> Plan:
    return replace(plan, customers=tuple(change(c) if c.tenant_id == who else c for c in plan.customers))


def without_actions(who: TenantId) -> Making:
    return lambda plan, _at: changed(plan, who, lambda customer: replace(customer, actions=()))


def two_leave(microsoft: Microsoft) -> Plan:
    for who, name in ((ONE, "s1"), (TWO, "s2")):
        microsoft.add(who, subscription(name))
    return plan_of(
        planned(microsoft, [cancel("s1")]),
        planned(microsoft, [cancel("s2", who=TWO)], TWO),
    )


def took(microsoft: Microsoft) -> set[str]:
    return {target for _, target in microsoft.took}


def test_what_never_followed_refuses_the_whole_run(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    with pytest.raises(Refused, match=r"customer-1: cancel-subscription subscription s1: not in the new plan"):
        desk.apply(plan, planner=Fresh(plan, without_actions(ONE)))
    assert microsoft.requests == []
    assert read_events(desk.journal) == ()


def test_a_customer_that_planning_no_longer_plans_refuses_too(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)

    def gone(made: Plan, _at: datetime) -> Plan:
        return replace(made, customers=made.customers[1:])

    with pytest.raises(Refused, match="customer-1"):
        desk.apply(plan, planner=Fresh(plan, gone))
    assert microsoft.requests == []


MOVED: dict[str, Callable[[Plan], Plan]] = {
    "the policy": lambda plan: replace(plan, sources=replace(plan.sources, policy="other")),
    "the rules": lambda plan: replace(plan, sources=replace(plan.sources, rules="other")),
    "an override": lambda plan: replace(plan, sources=replace(plan.sources, overridden_rules=(OVERRIDE,))),
    "the prices": lambda plan: replace(plan, sources=replace(plan.sources, prices="other")),
    "the Partner document": lambda plan: replace(plan, sources=replace(plan.sources, partner_document="other")),
    "the memory": lambda plan: replace(plan, sources=replace(plan.sources, memory={ONE: "other"})),
    "the version": lambda plan: replace(plan, tool_version="9"),
}
OVERRIDE = Override("a.b", "free", "probe", "tried")


@pytest.mark.parametrize("what", MOVED)
def test_what_has_moved_makes_its_customer_stale_and_the_others_go_on(desk: Desk, microsoft: Microsoft, what: str):
    plan = two_leave(microsoft)
    planner = Fresh(plan, lambda made, at: MOVED[what](without_actions(ONE)(made, at)))
    receipt = desk.apply(plan, planner=planner)
    assert (receipt.exit_code, [each.outcome for each in receipt.customers]) == (3, ["stale", "done"])
    assert "not in the new plan" in receipt.customers[0].message
    assert took(microsoft) == {"s2"}


@pytest.mark.parametrize("what", MOVED)
def test_what_has_moved_and_changes_nothing_of_the_actions_stops_nobody(desk: Desk, microsoft: Microsoft, what: str):
    plan = two_leave(microsoft)
    assert desk.apply(plan, planner=Fresh(plan, lambda made, _at: MOVED[what](made))).exit_code == 0
    assert microsoft.took == planned_writes(plan)


def test_the_memory_of_another_customer_explains_nothing(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    with pytest.raises(Refused):
        desk.apply(plan, planner=Fresh(plan, lambda made, at: MOVED["the memory"](without_actions(TWO)(made, at))))
    assert microsoft.requests == []


def test_a_date_that_has_passed_makes_stale(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    desk.clock.at += timedelta(hours=5)

    def late(made: Plan, at: datetime) -> Plan:
        return made if at == plan.created_at else without_actions(ONE)(made, at)

    receipt = desk.apply(plan, planner=Fresh(plan, late))
    assert (receipt.exit_code, took(microsoft)) == (3, {"s2"})
    assert "a window, a freeze or a date has passed" in receipt.customers[0].message


def test_hours_later_with_everything_the_same_all_is_done(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    desk.clock.at += timedelta(hours=5)
    planner = Fresh(plan)
    assert desk.apply(plan, planner=planner).exit_code == 0
    assert [at for at, _, _ in planner.asked] == [NOW + timedelta(hours=5)]


def test_the_commit_alone_changes_nothing(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)

    def other(made: Plan, _at: datetime) -> Plan:
        return replace(made, sources=replace(made.sources, commit="merge", snapshot_at=NOW))

    assert desk.apply(plan, planner=Fresh(plan, other)).exit_code == 0


def test_who_cannot_be_read_is_unread_and_the_others_go_on(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    microsoft.unreadable.add(ONE)
    receipt = desk.apply(plan, planner=Fresh(plan, without_actions(ONE)))
    assert (receipt.exit_code, [each.outcome for each in receipt.customers]) == (9, ["unread", "done"])
    assert took(microsoft) == {"s2"}


def test_each_customer_is_read_once_before_the_first_write_and_planned_from_that(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    before: list[int] = []
    microsoft.on_read_customer = lambda: before.append(len(microsoft.requests))
    planner = Fresh(plan)
    desk.apply(plan, planner=planner)
    assert before == [0, 0, 1, 2], "both before the first write, then each after its own"
    ((_, states, _),) = planner.asked
    assert states.keys() == {ONE, TWO}


# What a file belittles gains nothing.

HONEST: dict[str, Any] = {"impact": Impact(100, "mail"), "money": ActionMoney(committed=Money(Decimal(99), "EUR"))}
SMALL: dict[str, Any] = {
    "impact": None,
    "money": ActionMoney(),
    "effect": Effect.PROTECTIVE,
    "reversibility": Reversibility.REVERSIBLE,
}


def belittled(microsoft: Microsoft, honest: Action) -> tuple[Plan, Fresh]:
    """A plan that says next to nothing of an action whose kind has no floor, and planning that knows better."""
    microsoft.add(ONE, subscription("s1", "suspended"))
    plan = plan_of(planned(microsoft, [replace(honest, **SMALL)]))
    return plan, Fresh(plan, lambda made, _at: changed(made, ONE, lambda c: replace(c, actions=(honest,))))


def reactivation(**members: Any) -> Action:
    return act(ActionKind.REACTIVATE_SUBSCRIPTION, "s1", **(HONEST | members))


POLICIES: dict[str, tuple[Policy, dict[str, Any], type[Exception], str]] = {
    "seats": (Policy(per_run=RunBudget(seats=50)), {}, Refused, r"perRun\.seats"),
    "one-way": (Policy(per_run=RunBudget(one_way_actions=0)), {}, Refused, r"perRun\.oneWayActions"),
    "money": (
        Policy(per_run=RunBudget(money=Money(Decimal(1), "EUR"))),
        {"effect": Effect.COMMITS_MONEY},
        Refused,
        r"perRun\.money",
    ),
    "freeze": (Policy(freezes=(Freeze(NOW.date(), date(2026, 12, 31), "year end"),)), {}, Refused, "freeze"),
    "approvals": (Policy(approvals=ApprovalRule(required=1)), {}, ApprovalMissing, "1 approval"),
    "protected": (Policy(protected=(Protected(name="customer-1"),)), {}, Refused, "protected"),
}


@pytest.mark.parametrize("guard", POLICIES)
def test_the_larger_of_both_plans_counts(desk: Desk, microsoft: Microsoft, guard: str):
    policy, members, error, told = POLICIES[guard]
    plan, planner = belittled(microsoft, reactivation(**members))
    if guard == "protected":
        plan = changed(plan, ONE, lambda c: replace(c, desired=replace(c.desired, relationship="active")))
        plan = plan_of(*plan.customers)
        planner.kept = plan
    desk.policy = policy
    with pytest.raises(error, match=told):
        desk.apply(plan, planner=planner)
    assert microsoft.requests == []


def test_without_a_limit_a_belittled_action_is_done_and_journalled_at_its_weight(desk: Desk, microsoft: Microsoft):
    plan, planner = belittled(microsoft, reactivation())
    assert desk.apply(plan, planner=planner).exit_code == 0
    (intent,) = (event for event in desk.seen if event.kind is EventKind.INTENT)
    assert (intent.body["seats"], intent.body["effect"], intent.body["reversibility"]) == (
        100,
        "takes-service",
        "one-way",
    )
    assert intent.body["claimed"]["seats"] == 0
    assert spending_of([reactivation()]).seats == 100


def test_an_honest_intent_claims_nothing(desk: Desk, microsoft: Microsoft):
    desk.apply(two_leave(microsoft))
    assert all("claimed" not in event.body for event in desk.seen)


def test_what_the_fresh_plan_requires_is_required(desk: Desk, microsoft: Microsoft):
    """A removal whose requirements and other actions were taken out of the file."""
    microsoft.add(ONE, subscription("s1"))
    first = cancel("s1")
    plan = plan_of(planned(microsoft, [remove()]))

    def whole(made: Plan, _at: datetime) -> Plan:
        return changed(made, ONE, lambda c: replace(c, actions=(first, remove(first))))

    receipt = desk.apply(plan, planner=Fresh(plan, whole))
    assert (receipt.exit_code, microsoft.requests) == (6, [])


def test_an_order_that_was_taken_out_of_the_file_is_kept(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    first = cancel("s1")
    plan = plan_of(planned(microsoft, [cancel("s2")]))

    def ordered(made: Plan, _at: datetime) -> Plan:
        return changed(made, ONE, lambda c: replace(c, actions=(first, cancel("s2", first))))

    receipt = desk.apply(plan, planner=Fresh(plan, ordered))
    assert (receipt.exit_code, microsoft.requests) == (6, [])


def test_a_removal_waits_for_everything_of_the_fresh_plan(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [remove()]))

    def more(made: Plan, _at: datetime) -> Plan:
        return changed(made, ONE, lambda c: replace(c, actions=(cancel("s1"), remove())))

    receipt = desk.apply(plan, planner=Fresh(plan, more))
    assert (receipt.exit_code, microsoft.requests) == (6, [])


def test_the_earlier_window_counts(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    closed = cancel("s1", window_closes_at=NOW - timedelta(seconds=1))

    def shut(made: Plan, _at: datetime) -> Plan:
        return changed(made, ONE, lambda c: replace(c, actions=(closed,)))

    assert desk.apply(plan, planner=Fresh(plan, shut)).exit_code == 3
    assert microsoft.requests == []


def test_a_plan_with_one_effect_alone_is_part_of_the_whole_plan(desk: Desk, microsoft: Microsoft):
    """`--only protective`: the fresh plan holds more, over a budget that the narrow plan keeps."""
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    small = suspend("s1")
    plan = plan_of(planned(microsoft, [small]))
    desk.policy = Policy(per_run=RunBudget(one_way_actions=1, removals=0))

    def whole(made: Plan, _at: datetime) -> Plan:
        return changed(made, ONE, lambda c: replace(c, actions=(small, cancel("s2"), remove())))

    assert desk.apply(plan, planner=Fresh(plan, whole)).exit_code == 0
    assert took(microsoft) == {"s1"}


# What the file's plan did not read is not compared with what it observed.


def app_only(microsoft: Microsoft, *actions: Action) -> tuple[Plan, Fresh]:
    """A plan that saw no delegated access, applied by somebody who sees it."""
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, actions))
    microsoft.grant(ONE, "g1")
    full = planned(microsoft, actions)

    def seen(made: Plan, _at: datetime) -> Plan:
        return changed(made, ONE, lambda c: replace(c, observed=full.observed))

    return plan, Fresh(plan, seen, frozenset({Extra.DELEGATED_ADMIN}))


def test_what_only_a_user_sees_is_for_the_fresh_plan(desk: Desk, microsoft: Microsoft):
    first = cancel("s1")
    plan, planner = app_only(microsoft, first, remove(first))
    assert desk.apply(plan, planner=planner).exit_code == 0
    assert microsoft.took == planned_writes(plan)


def test_what_appears_of_it_before_the_removal_is_seen_at_the_gate(desk: Desk, microsoft: Microsoft):
    first = cancel("s1")
    plan, planner = app_only(microsoft, first, remove(first))
    microsoft.before_write = lambda _request: microsoft.grant(ONE, "g2")
    assert desk.apply(plan, planner=planner).exit_code == 3
    assert took(microsoft) == {"s1"}


def test_what_the_file_s_plan_had_read_must_be_readable_again(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    microsoft.grant(ONE, "g1")
    plan = plan_of(planned(microsoft, [terminate("g1")]))
    microsoft.graph_problem = "no token"
    assert desk.apply(plan).exit_code == 9
    assert microsoft.requests == []


# A turn that comes late.


def slow_first(microsoft: Microsoft, desk: Desk) -> Plan:
    plan = two_leave(microsoft)

    def waits(request: Any) -> None:
        if request.tenant_id == ONE:
            desk.clock.slept += 301
            desk.clock.at += timedelta(seconds=301)

    microsoft.before_write = waits
    return plan


def test_whose_turn_comes_late_is_read_and_planned_once_more(desk: Desk, microsoft: Microsoft):
    plan = slow_first(microsoft, desk)
    planner = Fresh(plan)
    assert desk.apply(plan, planner=planner).exit_code == 0
    assert [set(states) for _, states, _ in planner.asked] == [{ONE, TWO}, {TWO}]
    assert microsoft.took == planned_writes(plan)


def test_what_the_later_plan_lacks_is_not_sent(desk: Desk, microsoft: Microsoft):
    plan = slow_first(microsoft, desk)

    def later(made: Plan, at: datetime) -> Plan:
        return made if at == NOW else without_actions(TWO)(made, at)

    receipt = desk.apply(plan, planner=Fresh(plan, later))
    assert [each.outcome for each in receipt.customers] == ["done", "stale"]
    assert took(microsoft) == {"s1"}


def test_what_changed_before_a_late_turn_is_seen(desk: Desk, microsoft: Microsoft):
    plan = slow_first(microsoft, desk)
    slow = microsoft.before_write
    assert slow is not None

    def and_changes(request: Any) -> None:
        slow(request)
        microsoft.change(TWO, "s2", quantity=11)

    microsoft.before_write = and_changes
    receipt = desk.apply(plan)
    assert [each.outcome for each in receipt.customers] == ["done", "stale"]
    assert took(microsoft) == {"s1"}


# Resumption.


def killed(desk: Desk, plan: Plan, *faults: Any) -> None:
    desk.service.faults.extend(faults)
    with pytest.raises(Died):
        desk.apply(plan)


def leaving(microsoft: Microsoft) -> Plan:
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    first, second = cancel("s1"), cancel("s2")
    return plan_of(planned(microsoft, [first, second, remove(first, second)]))


def test_a_resumed_customer_is_planned_as_the_run_that_wrote_saw_it(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    killed(desk, plan, None, Fault.DIES_AFTER)
    desk.clock.at += timedelta(days=3)
    planner = Fresh(plan)
    assert desk.apply(plan, planner=planner).exit_code == 0
    assert microsoft.took == planned_writes(plan)
    ((at, states, events),) = planner.asked
    assert at == NOW
    assert {row.status for row in states[ONE].subscriptions} == {"active"}
    assert events == (), "what this plan did itself is not what it is planned from"


def test_once_the_removal_was_sent_nothing_of_the_customer_needs_to_be_read(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    killed(desk, plan, None, None, Fault.DIES_AFTER)
    microsoft.unreadable.add(ONE)
    planner = Fresh(plan)
    assert desk.apply(plan, planner=planner).exit_code == 0
    assert len(planner.asked) == 1
    assert microsoft.took == planned_writes(plan)


def test_what_no_longer_follows_is_not_sent_by_a_resumption_either(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    killed(desk, plan, None, Fault.DIES_AFTER)

    def tightened(made: Plan, at: datetime) -> Plan:
        return MOVED["the policy"](without_actions(ONE)(made, at))

    receipt = desk.apply(plan, planner=Fresh(plan, tightened))
    assert receipt.exit_code == 3
    assert took(microsoft) == {"s1", "s2"}, "what was in flight is resolved by reading, nothing is sent"
    assert len(microsoft.requests) == 2


def test_a_begun_customer_of_which_the_journal_kept_no_state_is_resolved_by_reading_alone(
    desk: Desk, microsoft: Microsoft
):
    """As an older version leaves it."""
    plan = leaving(microsoft)
    killed(desk, plan, None, None, Fault.DIES_AFTER)
    store = open_store(desk.journal)

    class Older:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def document(self, digest: str) -> bytes | None:
            return None

    receipt = desk.apply(plan, store=Older(), planner=Fresh(plan))
    assert receipt.exit_code == 0, "the removal had come through"
    assert len(microsoft.requests) == 3


def test_a_removal_in_flight_is_not_sent_again_where_nothing_tells_what_it_followed_from(
    desk: Desk, microsoft: Microsoft
):
    plan = leaving(microsoft)
    killed(desk, plan, None, None, Fault.DIES_BEFORE)
    planner = Fresh(plan, without_actions(ONE))
    with pytest.raises(Refused):
        desk.apply(plan, planner=planner)
    assert len(microsoft.requests) == 3
    assert microsoft.customers[ONE].relationship == "reseller"


def test_another_customer_of_a_resumed_run_is_planned_from_its_live_state(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    killed(desk, plan, Fault.DIES_AFTER)
    desk.clock.at += timedelta(hours=1)
    planner = Fresh(plan)
    assert desk.apply(plan, planner=planner).exit_code == 0
    assert [(at, set(states)) for at, states, _ in planner.asked] == [
        (NOW, {ONE}),
        (NOW + timedelta(hours=1), {TWO}),
    ]


# Names, and wishes that the manifests do not hold.


def test_names_are_those_of_the_manifests(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    plan = plan_of(*(replace(customer, name="nobody") for customer in plan.customers))
    receipt = desk.apply(plan)
    assert [each.name for each in receipt.customers] == ["customer-1", "customer-2"]


def test_a_wish_that_the_same_manifests_do_not_hold_is_refused(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    fleet = DesiredFleet((wanted(ONE, relationship="active"), wanted(TWO)), digest="the same")
    plan = replace(plan, sources=replace(plan.sources, manifests="the same"))
    plan = replace(plan_of(*plan.customers), sources=plan.sources)
    with pytest.raises(Refused, match="wants of customer-1 what they do not say"):
        desk.apply(seal(plan), fleet=fleet)
    assert microsoft.requests == []


def test_a_wish_that_has_changed_since_is_stale(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    fleet = DesiredFleet((wanted(ONE, relationship="active"), wanted(TWO)), digest="of today")
    receipt = desk.apply(plan, fleet=fleet)
    assert [each.outcome for each in receipt.customers] == ["stale", "done"]


def test_reads_of_several_customers_overlap(desk: Desk, microsoft: Microsoft):
    plan = two_leave(microsoft)
    inside, most = 0, 0
    read = microsoft.read_customer

    async def slow(who: TenantId, extras: frozenset[Extra] = frozenset()) -> CustomerState:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        for _ in range(3):
            await asyncio.sleep(0)
        inside -= 1
        return await read(who, extras)

    microsoft.read_customer = slow  # type: ignore[method-assign]
    assert desk.apply(plan).exit_code == 0
    assert most == 2
