"""A run's way through its customers: the canary, and the end when too many fail."""

from __future__ import annotations

import pytest

from pcreconcile.model.errors import RemoteError
from pcreconcile.model.plan import Plan
from pcreconcile.model.policy import Policy, Rollout
from tests.applying.world import Desk, Fault, Microsoft, cancel, plan_of, planned, refusal, subscription, tenant


def fleet(microsoft: Microsoft, size: int) -> Plan:
    customers = []
    for number in range(1, size + 1):
        who = tenant(number)
        microsoft.add(who, subscription(f"s{number}"))
        customers.append(planned(microsoft, [cancel(f"s{number}", who=who)], who))
    return plan_of(*customers)


def outcomes(desk: Desk, plan: Plan) -> list[str]:
    return [customer.outcome for customer in desk.apply(plan).customers]


def policy(above: int, rate: int | None = None) -> Policy:
    return Policy(rollout=Rollout(canary_above=above, stop_on_failure_rate=rate))


@pytest.mark.parametrize(
    ("above", "ended"),
    [
        (3, ["unproven", "done", "done"]),
        (2, ["unproven", "stopped", "stopped"]),
        (0, ["unproven", "stopped", "stopped"]),
    ],
)
def test_with_more_than_so_many_customers_the_first_is_verified_before_the_rest(
    desk: Desk, microsoft: Microsoft, above: int, ended: list[str]
):
    plan = fleet(microsoft, 3)
    desk.policy = policy(above)
    microsoft.faults.append(Fault.LIES)
    assert outcomes(desk, plan) == ended
    assert len(microsoft.requests) == ended.count("done") + 1


def test_a_customer_that_was_not_touched_is_no_canary(desk: Desk, microsoft: Microsoft):
    plan = fleet(microsoft, 3)
    desk.policy = policy(1)
    microsoft.change(tenant(1), "s1", quantity=11)
    assert outcomes(desk, plan) == ["stale", "done", "done"]


def test_after_a_canary_that_was_only_slow_the_next_run_goes_on(desk: Desk, microsoft: Microsoft):
    plan = fleet(microsoft, 3)
    desk.policy = policy(1)
    microsoft.slow = 10**9
    assert outcomes(desk, plan) == ["waiting", "stopped", "stopped"]
    microsoft.slow = 1
    microsoft._pending = {key: (1, request) for key, (_, request) in microsoft._pending.items()}
    assert outcomes(desk, plan) == ["done", "done", "done"]
    assert len(microsoft.requests) == 3


@pytest.mark.parametrize(
    ("rate", "failures", "ended"),
    [
        (None, 4, ["partial"] * 4),
        (50, 4, ["partial"] * 3 + ["stopped"]),  # two of four are 50 %, which is not more
        (49, 4, ["partial"] * 2 + ["stopped"] * 2),
        (0, 1, ["partial"] + ["stopped"] * 3),
        (0, 0, ["done"] * 4),
        (100, 4, ["partial"] * 4),
    ],
)
def test_a_run_ends_when_more_than_the_rate_have_failed(
    desk: Desk, microsoft: Microsoft, rate: int | None, failures: int, ended: list[str]
):
    plan = fleet(microsoft, 4)
    desk.policy = policy(10, rate)
    no: RemoteError = refusal()
    microsoft.faults.extend([no] * failures)
    assert outcomes(desk, plan) == ended


def test_what_a_killed_run_left_open_is_resolved_even_when_the_run_stops(desk: Desk, microsoft: Microsoft):
    plan = fleet(microsoft, 3)
    desk.policy = policy(10, 0)
    microsoft.faults.append(Fault.LOST_AFTER)
    microsoft.read_faults.extend([None])
    first = desk.apply(plan)
    assert [customer.outcome for customer in first.customers] == ["done"] * 3


def test_a_stopped_run_ends_partial_and_says_why(desk: Desk, microsoft: Microsoft):
    plan = fleet(microsoft, 3)
    desk.policy = policy(10, 0)
    microsoft.faults.append(refusal())
    receipt = desk.apply(plan)
    assert receipt.exit_code == 6
    assert "rollout.stopOnFailureRate" in receipt.customers[-1].message
