"""Two policies judge a change: every member of the policy has its row, and either one alone can say no."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import CustomerPlan, Guard
from pcreconcile.model.policies_in_force import Judge, PoliciesInForce, PolicyAtBase, merge_guards
from pcreconcile.model.policy import (
    ApprovalRule,
    DayBudget,
    Exemption,
    Freeze,
    LiftedProtection,
    Policy,
    Protected,
    ResellerExemption,
    Rollout,
    RunBudget,
)
from pcreconcile.planning.guards import check_under_all
from tests.planning.fleets import REMOVAL, customer, times

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = date(2027, 1, 1)
NAME, TENANT = customer().name, customer().tenant_id
FREEZE = Freeze(date(2026, 12, 20), date(2027, 1, 5), "year end")
RESELLER = ResellerExemption("7654321", LATER, "legal", "agreed")
NARROWER = replace(RESELLER, until=date(2026, 12, 1), customer="harbor-dental")
STRICT_RULE = ApprovalRule(2, ("one-way", "protective"), timedelta(hours=1))
LOOSE_RULE = ApprovalRule(1, ("one-way", "takes-service"), timedelta(hours=72))
STRICTEST_RULE = ApprovalRule(2, ("one-way", "takes-service", "protective"), timedelta(hours=1))

GUARDS: dict[str, tuple[Policy, Policy, str]] = {
    # the stricter policy, the looser one, the guard that tells them apart; plans of one removal with the ticket X-1
    "per_run": (Policy(per_run=RunBudget(removals=0)), Policy(), "budget:perRun.removals"),
    "per_day": (Policy(per_day=DayBudget(removals=0)), Policy(), "budget:perDay.removals"),
    "min_customers_left": (Policy(min_customers_left=100), Policy(), "min-customers-left"),
    "protected": (Policy(protected=(Protected(name=NAME),)), Policy(), f"protected:{NAME}"),
    "lifted": (
        Policy(protected=(Protected(name=NAME),)),
        Policy(protected=(Protected(name=NAME),), lifted=(LiftedProtection(TENANT, LATER, "a", "b"),)),
        f"protected:{NAME}",
    ),
    "ticket": (Policy(ticket="^CHG-"), Policy(ticket="^X-"), f"ticket:{NAME}"),
    "exceptions": (
        Policy(per_run=RunBudget(removals=0)),
        Policy(per_run=RunBudget(removals=0), exceptions=(Exemption("perRun.removals", 1, LATER, "a", "b"),)),
        "budget:perRun.removals",
    ),
}
STRICTEST: dict[str, tuple[Any, Any, Any]] = {
    # member, the two values, what holds of both in either order
    "freezes": ((FREEZE,), (), (FREEZE,)),
    "approvals": (STRICT_RULE, LOOSE_RULE, STRICTEST_RULE),
    "azure_cancel_allowed": (False, True, False),
    "resellers": ((NARROWER,), (RESELLER,), (NARROWER,)),
    "min_customers_left": (3, 1, 3),
}
OF_THE_CHANGE = {"rollout": (Rollout(canary_above=0), Rollout())}


def test_every_member_of_the_policy_has_a_row() -> None:
    assert GUARDS.keys() | STRICTEST.keys() | OF_THE_CHANGE.keys() == set(Policy.__struct_fields__)


def in_force(change: Policy, base: Policy) -> PoliciesInForce:
    return PoliciesInForce(change, PolicyAtBase("main", base))


def leaving() -> CustomerPlan:
    plan = times(1, REMOVAL)
    return replace(plan, desired=replace(plan.desired, ticket="X-1"))


def judged(policies: PoliciesInForce, code: str) -> Guard | None:
    guards = check_under_all([leaving()], 100, Memory(known_since=NOW - timedelta(days=9)), policies, NOW)
    return next((each for each in guards if each.code == code), None)


@pytest.mark.parametrize("member", GUARDS)
def test_a_guard_must_pass_under_both(member: str) -> None:
    strict, loose, code = GUARDS[member]
    assert getattr(strict, member) != getattr(loose, member) or member == "protected"
    passed = judged(in_force(loose, loose), code)
    assert passed is None or passed.passed
    for change, base, label in (
        (loose, strict, "under the policy at the base main: "),
        (strict, loose, "under the policy of this change: "),
    ):
        found = judged(in_force(change, base), code)
        assert found is not None
        assert (found.passed, found.message.startswith(label), found.message.count("under the policy")) == (
            False,
            True,
            1,
        )
    alone = judged(in_force(strict, strict), code)
    assert alone is not None
    assert (alone.passed, "under" in alone.message.partition(":")[0]) == (False, False)


@pytest.mark.parametrize("member", STRICTEST)
def test_the_stricter_of_both_plans_a_customer(member: str) -> None:
    one, other, both = STRICTEST[member]
    for change, base in ((one, other), (other, one)):
        policies = in_force(replace(Policy(), **{member: change}), replace(Policy(), **{member: base}))
        found = getattr(policies.strictest, member)
        same = set(found.actions) == set(both.actions) if member == "approvals" else found == both
        assert same
        if member == "approvals":
            assert (found.required, found.expire_after) == (both.required, both.expire_after)


@pytest.mark.parametrize("member", OF_THE_CHANGE)
def test_how_carefully_a_run_goes_is_said_by_the_change(member: str) -> None:
    change, base = (replace(Policy(), **{member: value}) for value in OF_THE_CHANGE[member])
    assert in_force(change, base).strictest == change


@pytest.mark.parametrize("base", [None, PolicyAtBase("main", Policy())])
def test_one_policy_judges_alone_and_without_a_label(base: PolicyAtBase | None) -> None:
    policies = PoliciesInForce(Policy(), base)
    assert policies.judges == (Judge("", Policy()),)
    assert policies.strictest == Policy()


OTHER_RESELLERS = [
    # what the base excepts, what of the change's exception is left
    ((), ()),
    ((replace(RESELLER, reseller="1"),), ()),
    ((replace(RESELLER, reseller="7654321 ".strip().upper()),), (RESELLER,)),
    ((replace(RESELLER, customer="someone"),), (replace(RESELLER, customer="someone"),)),
]


@pytest.mark.parametrize(("base", "left"), OTHER_RESELLERS)
def test_a_reseller_is_excepted_by_both(base: Any, left: Any) -> None:
    assert in_force(Policy(resellers=(RESELLER,)), Policy(resellers=base)).strictest.resellers == left


def test_two_customers_of_one_exception_have_nothing_in_common() -> None:
    one, other = (replace(RESELLER, customer=name) for name in ("alder-law", "birch-dental"))
    assert in_force(Policy(resellers=(one,)), Policy(resellers=(other,))).strictest.resellers == ()


def test_an_approval_that_one_of_them_does_not_want_counts_for_the_other_s_actions_alone() -> None:
    wanted, unwanted = ApprovalRule(1, ("one-way",)), ApprovalRule(0, ("neutral",))
    for change, base in ((wanted, unwanted), (unwanted, wanted)):
        rule = in_force(Policy(approvals=change), Policy(approvals=base)).strictest.approvals
        assert (rule.required, rule.actions) == (1, ("one-way",))


GUARD = st.builds(
    Guard, st.sampled_from(["a", "b", "c"]), st.booleans(), st.sampled_from(["x", "y"]), st.none(), st.none()
)
GUARD_LISTS = st.lists(GUARD, unique_by=lambda guard: guard.code).map(tuple)


@given(GUARD_LISTS, GUARD_LISTS)
def test_a_merged_guard_passes_exactly_when_it_passes_wherever_it_is_judged(
    one: tuple[Guard, ...], other: tuple[Guard, ...]
) -> None:
    merged = merge_guards([(Judge("one", Policy()), one), (Judge("other", Policy()), other)])
    assert {guard.code for guard in merged} == {guard.code for guard in (*one, *other)}
    for guard in merged:
        both = [each for each in (*one, *other) if each.code == guard.code]
        assert guard.passed == all(each.passed for each in both)
        assert all(each.message in guard.message for each in both if not each.passed)
