"""What could not be read: unknown, no action, whatever it was and whatever else is so; and the windows that close."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import CustomerState, OddRow, ReadProof
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import CustomerPlan, Plan, Verdict
from pcreconcile.planning import plan
from tests.exits import estates
from tests.planning.worlds import World, worlds

COMMERCE = ["customer", "subscriptions", "orders", "entitlements"]


def spoilt(state: CustomerState, resource: str, credential: str = "") -> CustomerState:
    """The state as if that read had failed."""
    failed = ReadProof(resource, complete=False, problem="HTTP 503", credential=credential)
    values = {"transfers": None} if resource == Extra.TRANSFERS else {}
    values |= {"resellers": None} if resource == Extra.RESELLERS else {}
    others = tuple(read for read in state.reads if read.resource != resource)
    return replace(state, reads=(*others, failed), **values)


def planned(case: World, resource: str, credential: str = "") -> Plan:
    seen = estates.snapshot(case)
    states = {tenant: spoilt(state, resource, credential) for tenant, state in seen.states.items()}
    return plan(
        DesiredFleet((estates.desired(case.get("wants", {})),)),
        replace(seen, states=states),
        estates.memory(case.get("memory", {})),
        estates.shipped_rules(),
        estates.policy(case.get("policy", {})),
        estates.case_now(case),
        partner=estates.partner(case.get("zone", "UTC")),
        tool_version="test",
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds("removed"), st.sampled_from([*COMMERCE, Extra.TRANSFERS, Extra.RESELLERS]))
def test_no_world_has_an_action_for_whom_a_needed_read_failed(case: World, resource: str) -> None:
    (found,) = planned(case, resource).customers
    assert (found.verdict, found.actions) == (Verdict.UNKNOWN, ())
    assert found.try_again_at is not None
    assert found.try_again_at > estates.case_now(case)


def test_what_nobody_needs_may_fail() -> None:
    (found,) = planned({"wants": {"delegatedAccess": "keep"}}, Extra.DELEGATED_ADMIN).customers
    assert found.verdict is Verdict.READY


def test_a_customer_whose_manifest_asks_for_nothing_is_listed_and_not_hurried() -> None:
    found = planned({"wants": {"relationship": "active"}}, "orders")
    assert (found.customers[0].verdict, found.customers[0].try_again_at) == (Verdict.UNKNOWN, None)
    assert [each.problem for each in found.unread] == ["orders: HTTP 503"]


@pytest.mark.parametrize(
    ("closes_in", "again_in"),
    [
        (timedelta(days=6), timedelta(hours=1)),
        (timedelta(hours=4), timedelta(hours=1)),
        (timedelta(hours=2), timedelta(minutes=30)),
        (timedelta(minutes=20), timedelta(minutes=5)),
        (timedelta(minutes=1), timedelta(minutes=5)),
    ],
)
def test_it_is_tried_again_several_times_before_a_window_closes(closes_in: timedelta, again_in: timedelta) -> None:
    holds = [{"kind": "new-commerce-license", "id": "A", "window": estates.NOW + closes_in}]
    found = planned({"holds": holds}, Extra.RESELLERS)
    (customer,) = found.customers
    assert customer.try_again_at == estates.NOW + again_in
    assert found.warnings[0].code == "window-closing-unread"
    assert found.warnings[0].text.startswith("harbor-dental: product A, 10 seats")
    assert customer.next_deadline == estates.NOW + closes_in


def test_no_window_is_known_where_the_subscriptions_were_not_read() -> None:
    holds = [{"kind": "new-commerce-license", "id": "A", "window": estates.NOW + timedelta(hours=2)}]
    found = planned({"holds": holds}, "subscriptions")
    assert [each.code for each in found.warnings] == []
    assert found.customers[0].try_again_at == estates.NOW + timedelta(hours=1)


def test_one_credential_is_one_warning_and_the_customers_name_it() -> None:
    found = planned({}, Extra.RESELLERS, "App+User")
    (said,) = [each.text for each in found.warnings if each.code == "credential-failed"]
    assert "App+User" in said
    assert "HTTP 503" in said
    assert "HTTP 503" not in found.customers[0].blockers[0].how


def with_odd_row(tenant: TenantId | None, listed: bool) -> CustomerPlan:
    case: World = {"customer": {"listed": listed}, "wants": {"relationship": "removed"}}
    seen = estates.snapshot(case)
    row = OddRow(3, 17, "companyName is missing", tenant)
    return plan(
        DesiredFleet((estates.desired(case["wants"]),)),
        replace(seen, listed=replace(seen.listed, odd=(row,))),
        estates.memory({}),
        estates.shipped_rules(),
        estates.policy({}),
        estates.NOW,
        partner=estates.partner(),
        tool_version="test",
    ).customers[0]


@pytest.mark.parametrize(
    ("tenant", "listed", "verdict"),
    [
        (estates.TENANT, True, Verdict.UNKNOWN),
        (None, True, Verdict.READY),
        (None, False, Verdict.UNKNOWN),
        (TenantId("6b2e0b0c-0000-4000-8000-0000000000ff"), True, Verdict.READY),
        (TenantId("6b2e0b0c-0000-4000-8000-0000000000ff"), False, Verdict.CONVERGED),
    ],
)
def test_an_odd_row_spoils_its_own_customer_and_a_nameless_one_absence(
    tenant: TenantId | None, listed: bool, verdict: Verdict
) -> None:
    found = with_odd_row(tenant, listed)
    assert found.verdict is verdict
    if verdict is Verdict.UNKNOWN:
        assert "page 3, row 17" in found.blockers[0].how


@pytest.mark.parametrize(
    ("gdap", "verdict", "kinds"),
    [([], Verdict.UNKNOWN, []), ([{"id": "G"}], Verdict.READY, ["terminate-delegated-access"])],
)
def test_without_the_audit_record_nobody_absent_is_converged_and_no_action_rests_on_it(
    gdap: list[World], verdict: Verdict, kinds: list[str]
) -> None:
    """`apply` plans again without that record; what ends delegated access follows from Graph alone."""
    case: World = {"customer": {"listed": False}, "gdap": gdap, "wants": {"delegatedAccess": "terminate"}}
    seen = estates.snapshot(case)
    state = seen.states[estates.TENANT]
    unasked = tuple(read for read in state.reads if read.resource != Extra.REMOVAL_RECORD)
    found = plan(
        DesiredFleet((estates.desired(case["wants"]),)),
        replace(seen, states={estates.TENANT: replace(state, reads=unasked)}),
        estates.memory({}),
        estates.shipped_rules(),
        estates.policy({}),
        estates.NOW,
        partner=estates.partner(),
        tool_version="test",
    ).customers[0]
    assert (found.verdict, [action.kind for action in found.actions]) == (verdict, kinds)
