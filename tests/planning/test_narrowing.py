"""A plan with one effect alone: what stays, what goes with what it requires, and what is counted again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pcreconcile.model.identity import digest, seal
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.money import Money
from pcreconcile.model.plan import (
    Action,
    Approvals,
    CustomerPlan,
    Effect,
    MoneySummary,
    Notice,
    Plan,
    PlanPartner,
    Sources,
    Totals,
    Verdict,
)
from pcreconcile.model.policies_in_force import PoliciesInForce
from pcreconcile.model.policy import ApprovalRule, Exemption, Policy, RunBudget
from pcreconcile.planning.counting import summed
from pcreconcile.planning.guards import check_guards, needed_approvals
from pcreconcile.planning.narrowing import narrowed
from tests.planning.fleets import CANCEL, PROTECT, REMOVAL, RENEW, SUSPEND, action, customer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIVE = 100


def after(number: int, sort: dict[str, Any], *requires: Action, when: str = "now") -> Action:
    """An action that requires others."""
    return msgspec.structs.replace(action(number, sort, when), requires=tuple(each.id for each in requires))


def whole(*customers: CustomerPlan, policy: Policy | None = None) -> Plan:
    """A plan of these customers."""
    policy = policy or Policy()
    return seal(
        Plan(
            format_version=2,
            plan_id=PlanId(""),
            digest="",
            created_at=NOW,
            tool_version="0",
            partner=PlanPartner(TenantId("9f10aa00-0000-4000-8000-0000000000aa"), "contoso-csp", "simulator"),
            sources=Sources("m", "p", "r", "2026-11", NOW),
            customers=customers,
            unmanaged=(),
            unread=(),
            guards=check_guards(customers, LIVE, Memory(), policy, NOW),
            approvals=needed_approvals(customers, policy),
            totals=Totals(len(customers), {"ready": len(customers)}, 9, 9, 9, 9, 9),
            warnings=(Notice("customers-list-incomplete", "cut off"),),
        )
    )


def only(plan: Plan, effect: Effect, policy: Policy | None = None, live: int = LIVE) -> Plan:
    """The plan narrowed in the world it was made in."""
    return narrowed(plan, effect, live=live, memory=Memory(), policies=PoliciesInForce(policy or Policy()))


protect, cancel, suspend, renew = action(1, PROTECT), action(2, CANCEL), action(3, SUSPEND), action(4, RENEW)

KEPT = [
    # the actions of a customer, the effect, the numbers of those that stay
    ((protect, cancel, suspend, renew), Effect.PROTECTIVE, [1]),
    ((protect, cancel, suspend, renew), Effect.TAKES_SERVICE, [2, 3]),
    ((protect, cancel, suspend, renew), Effect.COMMITS_MONEY, [4]),
    ((protect, cancel, suspend, renew), Effect.NEUTRAL, []),
    ((protect, action(5, REMOVAL)), Effect.NEUTRAL, [5]),
    ((cancel, after(5, REMOVAL, cancel)), Effect.NEUTRAL, []),  # a removal never overtakes what it waits for
    ((cancel, after(5, REMOVAL, cancel)), Effect.TAKES_SERVICE, [2]),
    ((suspend, after(6, CANCEL, suspend)), Effect.TAKES_SERVICE, [3, 6]),
    # what requires something that requires something else: also when the queue shows it the other way round
    ((after(7, CANCEL, after(6, CANCEL)), after(6, CANCEL, protect), protect), Effect.TAKES_SERVICE, []),
    ((after(6, PROTECT, action(99, PROTECT)),), Effect.PROTECTIVE, []),  # requires what the plan does not hold
    ((action(8, PROTECT, "2026-12-01"), action(9, PROTECT, "manual")), Effect.PROTECTIVE, [8, 9]),
    ((), Effect.PROTECTIVE, []),
]


@pytest.mark.parametrize(("actions", "effect", "numbers"), KEPT)
def test_what_stays(actions: tuple[Action, ...], effect: Effect, numbers: list[int]) -> None:
    (found,) = only(whole(customer(*actions)), effect).customers
    assert [int(each.id, 16) for each in found.actions] == numbers


def test_everything_else_about_a_customer_stays() -> None:
    before = customer(protect, cancel)
    (found,) = only(whole(before), Effect.PROTECTIVE).customers
    assert found == msgspec.structs.replace(before, actions=(protect,))
    assert found.verdict is Verdict.READY


def test_money_is_that_of_what_is_left() -> None:
    price = Money(Decimal("12.00"), "EUR")
    renewed = action(7, RENEW, refund=price, lost_per_day=price, committed=price)
    before = customer(protect, renewed)
    found = only(whole(msgspec.structs.replace(before, money=summed(before.actions))), Effect.PROTECTIVE)
    assert found.customers[0].money == found.totals.money == MoneySummary()
    kept = only(whole(before), Effect.COMMITS_MONEY)
    assert kept.customers[0].money == kept.totals.money == MoneySummary((price,), (price,), (price,))


def test_it_is_sealed_again_and_so_is_another_plan() -> None:
    plan = whole(customer(protect, cancel))
    found = only(plan, Effect.PROTECTIVE)
    assert found.plan_id != plan.plan_id
    assert (found.digest, found) == (digest(found), seal(found))
    assert only(plan, Effect.PROTECTIVE) == found


def test_a_plan_that_loses_nothing_keeps_its_id() -> None:
    plan = whole(customer(protect))
    assert only(plan, Effect.PROTECTIVE).plan_id == plan.plan_id


def test_totals_count_what_is_left_and_verdicts_stay() -> None:
    dated, manual = action(5, SUSPEND, "2026-12-01"), action(6, SUSPEND, "manual")
    found = only(whole(customer(protect, suspend, dated, manual)), Effect.TAKES_SERVICE)
    assert found.totals == Totals(
        customers=1,
        verdicts={"ready": 1},
        actions_now=1,
        actions_later=1,
        actions_manual=1,
        removals_now=0,
        seats=10,
    )


LEFT_OUT = [
    ((protect,), "left out: nothing;"),
    ((protect, cancel), "left out: 1 cancel-subscription (of 1 customer);"),
    (
        (protect, renew, cancel, action(5, CANCEL), action(6, REMOVAL)),
        "left out: 2 cancel-subscription, 1 set-renewal, 1 remove-relationship (of 1 customer);",
    ),
]


@pytest.mark.parametrize(("actions", "told"), LEFT_OUT)
def test_a_notice_names_what_was_left_out(actions: tuple[Action, ...], told: str) -> None:
    first, notice = only(whole(customer(*actions)), Effect.PROTECTIVE).warnings
    assert (first.code, notice.code) == ("customers-list-incomplete", "only")
    assert told in notice.text


LOSING = [
    # the actions of two customers, and of how many of them something is left out
    ((protect, cancel), (protect,), "left out: 1 cancel-subscription (of 1 customer)"),
    ((protect, cancel), (suspend,), "left out: 1 cancel-subscription, 1 suspend-subscription (of 2 customers)"),
]


@pytest.mark.parametrize(("first", "second", "told"), LOSING)
def test_a_notice_counts_the_customers_that_lose_something(first: Any, second: Any, told: str) -> None:
    plan = whole(customer(*first), customer(*second, name="oak"))
    text = (
        f"protective actions that require no others; {told}; verdicts, blockers and dates are those of the whole plan"
    )
    assert only(plan, Effect.PROTECTIVE).warnings[-1] == Notice("only", text)


def test_guards_are_asked_at_the_plan_s_own_instant() -> None:
    """An exception that held when the plan was made holds for what is left of it."""
    exempt = Exemption("perRun.protective", 1, NOW.date(), "licensing desk", "merger")
    policy = Policy(per_run=RunBudget(protective=0), exceptions=(exempt,))
    found = only(whole(customer(protect, cancel), policy=policy), Effect.PROTECTIVE, policy)
    assert all(guard.passed for guard in found.guards)


GUARDS = [
    # a policy under which the whole plan is refused, its actions, the effect: is what is left refused?
    (Policy(per_run=RunBudget(removals=0)), (protect, action(5, REMOVAL)), Effect.PROTECTIVE, False),
    (Policy(per_run=RunBudget(seats=0)), (protect, suspend), Effect.PROTECTIVE, False),
    (Policy(per_run=RunBudget(seats=0)), (protect, suspend), Effect.TAKES_SERVICE, True),
    (Policy(per_run=RunBudget(protective=0)), (protect, suspend), Effect.PROTECTIVE, True),
    (Policy(min_customers_left=LIVE), (protect, action(5, REMOVAL)), Effect.PROTECTIVE, False),
    (Policy(min_customers_left=LIVE), (protect, action(5, REMOVAL)), Effect.NEUTRAL, True),
]


@pytest.mark.parametrize(("policy", "actions", "effect", "refused"), GUARDS)
def test_guards_are_asked_about_what_is_left(policy: Policy, actions: Any, effect: Effect, refused: bool) -> None:
    plan = whole(customer(*actions), policy=policy)
    assert not all(guard.passed for guard in plan.guards)
    assert (not all(guard.passed for guard in only(plan, effect, policy).guards)) is refused


def test_only_what_is_left_needs_approval() -> None:
    policy = Policy(approvals=ApprovalRule(required=2))
    plan = whole(customer(protect, cancel), policy=policy)
    assert plan.approvals == Approvals(2, ("one-way", "takes-service"))
    assert only(plan, Effect.PROTECTIVE, policy).approvals == Approvals(0)
