"""Delegated access beside the removal, and the audit record as a second proof of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying import memory_from, read_events
from pcreconcile.model.errors import IncompleteRead, NoAnswer
from pcreconcile.model.estate import RemovalRecord
from pcreconcile.model.plan import ActionKind, Observed, Plan
from pcreconcile.model.run import Receipt
from tests.applying.world import (
    NOW,
    ONE,
    Desk,
    Died,
    Fault,
    Microsoft,
    act,
    plan_of,
    planned,
    refusal,
    remove,
    terminate,
)


def states(receipt: Receipt) -> dict[str, str]:
    return {action.kind: str(action.state) for action in receipt.customers[0].actions}


def kinds(microsoft: Microsoft) -> list[str]:
    return [request.kind for request in microsoft.requests]


def leaving(microsoft: Microsoft, **members: Any) -> Plan:
    """A customer whose delegated access follows its removal."""
    microsoft.add(ONE)
    microsoft.grant(ONE, "g")
    removal = remove()
    return plan_of(planned(microsoft, [removal, terminate("g", removal, **members)]))


@pytest.mark.parametrize("slow", [0, 4])
def test_delegated_access_ends_after_the_proven_removal(desk: Desk, microsoft: Microsoft, slow: int):
    plan = leaving(microsoft)
    microsoft.slow = slow
    receipt = desk.apply(plan)
    assert (receipt.exit_code, kinds(microsoft)) == (0, ["remove-relationship", "terminate-delegated-access"])
    assert microsoft.gdap[ONE]["g"].status == "terminated"


def gone(microsoft: Microsoft) -> Plan:
    """A customer who left before, and whose delegated access is still there."""
    microsoft.add(ONE)
    microsoft.grant(ONE, "g")
    customer = planned(microsoft, [terminate("g")])
    del microsoft.customers[ONE]
    items = tuple(item for item in customer.observed.items if item["type"] == "delegated-admin")
    seen = Observed("none", None, None, items=items, extras=customer.observed.extras)
    return plan_of(replace(customer, observed=seen))


def test_delegated_access_of_a_customer_who_is_gone_already(desk: Desk, microsoft: Microsoft):
    plan = gone(microsoft)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, states(receipt)) == (0, {"terminate-delegated-access": "verified"})


def test_a_customer_who_came_back_meanwhile_keeps_delegated_access(desk: Desk, microsoft: Microsoft):
    plan = gone(microsoft)
    microsoft.add(ONE)
    assert (desk.apply(plan).exit_code, microsoft.requests) == (3, [])


def test_a_removal_does_not_wait_for_delegated_access_of_a_later_day(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    microsoft.grant(ONE, "g")
    plan = plan_of(planned(microsoft, [remove(), terminate("g", when="2027-03-01")]))
    assert desk.apply(plan).exit_code == 0
    assert kinds(microsoft) == ["remove-relationship"]


def test_a_removal_goes_on_where_the_end_of_delegated_access_was_refused(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    microsoft.grant(ONE, "g")
    microsoft.faults.append(refusal(403, "Authorization_RequestDenied"))
    receipt = desk.apply(plan_of(planned(microsoft, [terminate("g"), remove()])))
    assert receipt.exit_code == 6
    assert states(receipt) == {"terminate-delegated-access": "failed", "remove-relationship": "verified"}


def test_its_own_end_of_delegated_access_does_not_make_a_customer_stale(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    microsoft.grant(ONE, "g")
    receipt = desk.apply(plan_of(planned(microsoft, [terminate("g"), remove()])))
    assert (receipt.exit_code, len(microsoft.requests)) == (0, 2)


@pytest.mark.parametrize("status", ["terminating", "expired", "created"])
def test_delegated_access_that_changed_makes_the_customer_stale(desk: Desk, microsoft: Microsoft, status: str):
    plan = leaving(microsoft)
    microsoft.grant(ONE, "g", status)
    assert (desk.apply(plan).exit_code, microsoft.requests) == (3, [])


def test_delegated_access_that_appeared_makes_the_customer_stale(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    microsoft.grant(ONE, "h")
    assert (desk.apply(plan).exit_code, microsoft.requests) == (3, [])


def test_what_the_plan_saw_must_be_seen_again(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    microsoft.graph_problem = "no right any more"
    receipt = desk.apply(plan)
    assert (receipt.exit_code, microsoft.requests) == (9, [])
    assert "delegated-admin: no right any more" in receipt.customers[0].message


def test_what_the_plan_did_not_see_is_not_asked_for(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    plan = plan_of(planned(microsoft, [remove()]))
    microsoft.grant(ONE, "g")
    assert desk.apply(plan).exit_code == 0


def test_dap_is_removed_and_the_relationship_stays(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    microsoft.customers[ONE] = replace(microsoft.customers[ONE], allow_delegated_access=True)
    action = act(ActionKind.REMOVE_DELEGATED_ADMIN, ONE)
    receipt = desk.apply(plan_of(planned(microsoft, [action])))
    assert (receipt.exit_code, states(receipt)) == (0, {"remove-delegated-admin": "verified"})
    shown = microsoft.customers[ONE]
    assert (shown.relationship, shown.allow_delegated_access) == ("reseller", False)


def test_a_lost_answer_is_waited_for_while_the_service_says_that_it_is_under_way(desk: Desk, microsoft: Microsoft):
    plan = gone(microsoft)
    microsoft.slow = 4
    microsoft.faults.append(Fault.LOST_AFTER)
    microsoft.before_write = lambda _request: microsoft.grant(ONE, "g", "terminating")
    receipt = desk.apply(plan)
    assert (receipt.exit_code, states(receipt)) == (0, {"terminate-delegated-access": "verified"})
    assert len(microsoft.requests) == 1


def test_what_stays_under_way_after_a_lost_answer_stays_indeterminate(desk: Desk, microsoft: Microsoft):
    plan = gone(microsoft)
    microsoft.faults.append(Fault.LOST_BEFORE)
    microsoft.before_write = lambda _request: microsoft.grant(ONE, "g", "terminating")
    assert (desk.apply(plan).exit_code, len(microsoft.requests)) == (7, 1)
    microsoft.grant(ONE, "g", "terminated")
    assert (desk.apply(plan).exit_code, len(microsoft.requests)) == (0, 1)


def test_a_refusal_after_a_lost_answer_is_not_taken_for_a_failure(desk: Desk, microsoft: Microsoft):
    """Graph and Azure know no idempotency key: the repeated request conflicts with the first one."""
    plan = gone(microsoft)
    microsoft.slow = 5
    microsoft.faults.extend([Fault.LOST_AFTER, None])

    def conflict(request: Any) -> None:
        if len(microsoft.requests) > 1:
            microsoft._answers[request.request_id] = refusal(409, "Conflict")

    microsoft.before_write = conflict
    receipt = desk.apply(plan)
    assert (receipt.exit_code, states(receipt)) == (0, {"terminate-delegated-access": "verified"})
    assert microsoft.took["terminate-delegated-access", "g"] == 1


def test_a_refusal_for_lack_of_rights_is_one_even_after_a_lost_answer(desk: Desk, microsoft: Microsoft):
    plan = gone(microsoft)
    microsoft.faults.extend([Fault.LOST_BEFORE, refusal(403, "Authorization_RequestDenied")])
    assert states(desk.apply(plan)) == {"terminate-delegated-access": "failed"}


def removal_event(desk: Desk) -> dict[str, Any]:
    (event,) = [
        event
        for event in read_events(desk.journal)
        if event.kind == "verified" and event.body["kind"] == "remove-relationship"
    ]
    return event.body


def removing(microsoft: Microsoft) -> Plan:
    microsoft.add(ONE)
    return plan_of(planned(microsoft, [remove()]))


def test_the_audit_record_of_our_own_request_is_journalled_with_its_trace(desk: Desk, microsoft: Microsoft):
    assert desk.apply(removing(microsoft)).exit_code == 0
    body = removal_event(desk)
    assert (body["auditRecord"], body["originalCorrelationId"]) == ("record", "trace")
    assert microsoft.audit_looks == [NOW - timedelta(minutes=5)]
    assert ONE in memory_from(read_events(desk.journal), NOW).removed


def test_a_record_under_another_trace_is_a_record_without_ours(desk: Desk, microsoft: Microsoft):
    plan = removing(microsoft)
    microsoft.records.append(RemovalRecord("other", NOW, "somebody else"))
    assert desk.apply(plan).exit_code == 0
    body = removal_event(desk)
    assert (body["auditRecord"], "originalCorrelationId" in body) == ("other", False)


@pytest.mark.parametrize("missing", [None, NoAnswer("lost"), refusal(403, "2032"), IncompleteRead("cut off")])
def test_a_record_that_comes_late_is_waited_for(desk: Desk, microsoft: Microsoft, missing: Exception | None):
    plan = removing(microsoft)
    microsoft.records.append(missing)
    assert desk.apply(plan).exit_code == 0
    assert removal_event(desk)["auditRecord"] == "record"
    assert len(microsoft.audit_looks) == 2


@pytest.mark.parametrize("missing", [None, NoAnswer("lost"), refusal(403, "2032")])
def test_a_record_that_does_not_come_is_a_note_and_no_failure(
    desk: Desk, microsoft: Microsoft, missing: Exception | None
):
    plan = removing(microsoft)
    microsoft.records.extend([missing] * 9)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, states(receipt)) == (0, {"remove-relationship": "verified"})
    assert removal_event(desk)["auditRecord"] is None
    assert "audit records" in receipt.customers[0].actions[0].message
    assert (len(microsoft.audit_looks), desk.clock.slept) == (3, 4.0)
    assert ONE in memory_from(read_events(desk.journal), NOW).removed


def test_a_run_that_may_not_wait_looks_once(desk: Desk, microsoft: Microsoft):
    plan = removing(microsoft)
    microsoft.records.extend([None] * 9)
    desk.wait = timedelta(0)
    assert (desk.apply(plan).exit_code, len(microsoft.audit_looks)) == (0, 1)


def test_the_trace_of_an_earlier_run_is_recognised(desk: Desk, microsoft: Microsoft):
    plan = removing(microsoft)
    microsoft.slow = 1
    microsoft.read_faults.extend([None, *[NoAnswer("lost")] * 200])
    assert desk.apply(plan).exit_code == 6
    microsoft.read_faults.clear()
    assert desk.apply(plan).exit_code == 0
    assert removal_event(desk)["originalCorrelationId"] == "trace"


def test_the_trace_of_a_lost_answer_is_recognised(desk: Desk, microsoft: Microsoft):
    plan = removing(microsoft)
    microsoft.faults.append(NoAnswer("lost", correlation_id="FIRST"))
    microsoft.records.append(RemovalRecord("record", NOW, "first"))
    assert desk.apply(plan).exit_code == 0
    assert removal_event(desk)["originalCorrelationId"] == "first"


def test_a_killed_run_looks_from_when_it_first_sent(desk: Desk, microsoft: Microsoft):
    plan = removing(microsoft)
    microsoft.faults.append(Fault.DIES_AFTER)
    with pytest.raises(Died):
        desk.apply(plan)
    desk.clock.at += timedelta(hours=2)
    assert desk.apply(plan).exit_code == 0
    assert microsoft.audit_looks == [NOW - timedelta(minutes=5)]
    assert removal_event(desk)["auditRecord"] == "record"


def test_a_removal_that_was_not_ours_is_not_looked_for(desk: Desk, microsoft: Microsoft):
    plan = removing(microsoft)

    async def already(*_arguments: Any) -> Any:
        return {"type": "customer", "id": ONE, "relationship": "none"}

    microsoft.read_item = already  # type: ignore[method-assign]
    assert desk.apply(plan).exit_code == 0
    assert microsoft.audit_looks == []
    assert "auditRecord" not in removal_event(desk)
