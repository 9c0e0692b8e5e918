"""What happens to writes, and with what exit code a run ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pcreconcile.applying.record import GOES_ON_BY_ITSELF
from pcreconcile.model.errors import NoAnswer, PlanFileError
from pcreconcile.model.plan import ActionKind, Verdict
from tests.applying.world import (
    CONDITIONS,
    NOW,
    ONE,
    Desk,
    Fault,
    Microsoft,
    act,
    azure,
    cancel,
    plan_of,
    planned,
    planned_writes,
    refusal,
    remove,
    subscription,
    suspend,
    tenant,
    unread,
    wanted,
)

INTENT_TO_PROOF = ["intent", "answered", "verified"]


def one_cancel(microsoft: Microsoft) -> Any:
    microsoft.add(ONE, subscription("s1"))
    return plan_of(planned(microsoft, [cancel("s1")]))


@pytest.mark.parametrize(
    ("faults", "events", "exit_code", "outcome"),
    [
        ([], INTENT_TO_PROOF, 0, "done"),
        ([Fault.LOST_AFTER], ["intent", "no-answer", "verified"], 0, "done"),
        ([Fault.LOST_BEFORE], ["intent", "no-answer", *INTENT_TO_PROOF], 0, "done"),
        ([Fault.LOST_BEFORE] * 4, ["intent", "no-answer"] * 4, 7, "indeterminate"),
        ([refusal()], ["intent", "refused"], 6, "partial"),
        ([refusal(429, "", 60.0)], ["intent", "refused", *INTENT_TO_PROOF], 0, "done"),
        ([refusal(429, "")], ["intent", "refused", *INTENT_TO_PROOF], 0, "done"),
        ([refusal(429, "", 3600.0)], ["intent", "refused"], 6, "partial"),
        ([refusal(400, "2055")], ["intent", "refused", *INTENT_TO_PROOF], 0, "done"),
        ([refusal(400, "2055")] * 4, ["intent", "refused"] * 4, 6, "partial"),
        (
            [Fault.LOST_BEFORE, refusal(429, "", 3600.0)],
            ["intent", "no-answer", "intent", "refused"],
            7,
            "indeterminate",
        ),
        ([refusal(409, "changed")], ["intent", "refused", "stale"], 3, "stale"),
        (
            [Fault.LOST_BEFORE, refusal(429, "", 1.0)],
            ["intent", "no-answer", "intent", "refused", *INTENT_TO_PROOF],
            0,
            "done",
        ),
        ([Fault.LOST_BEFORE, refusal()], ["intent", "no-answer", "intent", "refused"], 6, "partial"),
    ],
)
def test_a_write_and_its_end(
    desk: Desk, microsoft: Microsoft, faults: list[Any], events: list[str], exit_code: int, outcome: str
):
    plan = one_cancel(microsoft)
    microsoft.faults.extend(faults)
    receipt = desk.apply(plan)
    assert desk.kinds() == events
    assert (receipt.exit_code, receipt.customers[0].outcome) == (exit_code, outcome)
    assert set(microsoft.took.values()) <= {1}


def test_a_refusal_is_told_in_the_services_words(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.append(refusal())
    receipt = desk.apply(plan)
    assert "HTTP 400/900117: You have passed your window." in receipt.customers[0].message
    refused = next(event for event in desk.seen if event.kind == "refused")
    assert refused.body["message"] == "You have passed your window."
    assert (refused.body["status"], refused.body["code"]) == (400, "900117")


def test_a_refusal_of_what_is_done_all_the_same_is_done(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.before_write = lambda _: microsoft.change(ONE, "s1", status="deleted")
    microsoft.faults.append(refusal(400, "2011"))
    assert desk.apply(plan).exit_code == 0
    verified = next(event for event in desk.seen if event.kind == "verified")
    assert verified.body["written"] is False, "somebody else did it"


def test_the_same_request_id_until_a_definite_answer_and_a_new_one_after(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.extend([Fault.LOST_BEFORE, refusal(429, "", 1.0), None])
    desk.apply(plan)
    assert len({request.request_id for request in microsoft.requests}) == 1, "a 429 does not tell what became of it"
    microsoft.requests.clear()
    microsoft.add(tenant(2), subscription("s2"))
    microsoft.faults.extend([refusal(429, "", 1.0), None])
    desk.apply(plan_of(planned(microsoft, [cancel("s2", who=tenant(2))], tenant(2))))
    assert len({request.request_id for request in microsoft.requests}) == 2


def test_retry_after_is_obeyed(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.append(refusal(429, "", 77.0))
    desk.apply(plan)
    assert desk.clock.slept == 77.0


def test_a_service_that_stays_busy_is_not_asked_for_ever(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.extend([refusal(429, "")] * 1000)
    assert desk.apply(plan).exit_code == 6
    assert desk.clock.slept <= desk.wait.total_seconds()


def test_a_slow_result_is_waited_for_and_not_longer_than_wait(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.slow = 10**9
    receipt = desk.apply(plan)
    assert (receipt.exit_code, receipt.customers[0].outcome) == (6, "waiting")
    assert desk.clock.slept == desk.wait.total_seconds()
    microsoft.slow = 1
    microsoft._pending = {key: (1, request) for key, (_, request) in microsoft._pending.items()}
    assert desk.apply(plan).exit_code == 0
    assert len(microsoft.requests) == 1, "the yes of the first run still stood"


def test_what_needs_something_slow_waits_with_it(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    plan = plan_of(planned(microsoft, [cancel("s1"), cancel("s2", cancel("s1"))]))
    microsoft.slow = 10**9
    receipt = desk.apply(plan)
    assert [action.state for action in receipt.customers[0].actions] == ["answered", "skipped"]
    assert receipt.customers[0].outcome == "waiting"


def test_a_yes_that_no_read_ever_shows_is_unproven_and_says_what_to_check(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.append(Fault.LIES)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, receipt.customers[0].outcome) == (7, "unproven")
    assert "check in Partner Center whether subscription s1 shows status: deleted" in receipt.customers[0].message
    assert "correlation ID trace" in receipt.customers[0].message
    assert desk.kinds()[-1] == "unproven"
    microsoft.change(ONE, "s1", status="deleted")  # it did come, late
    assert desk.apply(plan).exit_code == 0
    assert len(microsoft.requests) == 1


@pytest.mark.parametrize("kind", sorted(GOES_ON_BY_ITSELF & CONDITIONS.keys()))
def test_what_the_service_goes_on_with_by_itself_is_waited_for(desk: Desk, microsoft: Microsoft, kind: ActionKind):
    microsoft.add(ONE, subscription("plan"), azure("a"))
    microsoft.grant(ONE, "g")
    target = {"remove-relationship": ONE, "terminate-delegated-access": "g"}.get(kind, "a")
    plan = plan_of(planned(microsoft, [act(kind, target)]))
    microsoft.faults.append(Fault.LIES)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, receipt.customers[0].outcome) == (6, "waiting")


def test_a_refusal_after_a_lost_answer_proves_nothing_unread(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.extend([Fault.LOST_BEFORE, refusal()])
    microsoft.read_faults.extend([None, None, unread()])
    assert desk.apply(plan).exit_code == 7


def test_a_yes_that_never_came_true_is_asked_for_again_later(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.slow = 10**9
    desk.apply(plan)
    microsoft._pending.clear()
    microsoft.slow = 0
    desk.clock.at += timedelta(hours=1)
    assert desk.apply(plan).exit_code == 0
    assert len({request.request_id for request in microsoft.requests}) == 2


def test_reads_that_fail_after_a_yes_are_repeated(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.read_faults.extend([None, NoAnswer("lost"), unread(), refusal(429, "", 5.0)])
    assert desk.apply(plan).exit_code == 0


def test_reads_that_keep_failing_after_a_lost_answer_leave_it_indeterminate(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.append(Fault.LOST_AFTER)
    microsoft.read_faults.extend([None, *[NoAnswer("lost")] * 200])
    assert desk.apply(plan).exit_code == 7
    microsoft.read_faults.clear()
    assert desk.apply(plan).exit_code == 0
    assert microsoft.took == planned_writes(plan)


def test_a_target_that_cannot_be_read_is_not_written(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.read_faults.append(unread())
    receipt = desk.apply(plan)
    assert (receipt.exit_code, receipt.customers[0].outcome, microsoft.requests) == (9, "unread", [])


def test_what_failed_stops_what_needs_it_and_nothing_else(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"), subscription("s3"))
    first = cancel("s1")
    actions = [first, suspend("s2", first), suspend("s3")]
    plan = plan_of(planned(microsoft, [*actions, remove(*actions)]))
    microsoft.faults.append(refusal())
    receipt = desk.apply(plan)
    assert [action.state for action in receipt.customers[0].actions] == ["failed", "skipped", "verified", "skipped"]
    assert microsoft.took == {("suspend-subscription", "s3"): 1}
    assert receipt.exit_code == 6


def test_independent_actions_go_on_while_one_is_slow(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("plan"), azure("a1"), azure("a2"))
    kind = ActionKind.CANCEL_AZURE_SUBSCRIPTION
    actions = [act(kind, "a1"), act(kind, "a2")]
    plan = plan_of(planned(microsoft, [*actions, suspend("plan", *actions)]))
    microsoft.slow = 6
    assert desk.apply(plan).exit_code == 0
    assert [request.target_id for request in microsoft.requests] == ["a1", "a2", "plan"]
    assert desk.clock.slept < 15
    assert microsoft.requests[0].parent_id == "plan"


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ("2026-12-01", ActionKind.CANCEL_SUBSCRIPTION),
        ("manual", ActionKind.CANCEL_SUBSCRIPTION),
        ("now", ActionKind.MANUAL),
        ("now", ActionKind.REQUEST_RELATIONSHIP),
    ],
)
def test_nothing_is_written_that_is_not_due_or_is_a_persons_step(
    desk: Desk, microsoft: Microsoft, when: str, kind: ActionKind
):
    microsoft.add(ONE, subscription("s1"))
    other = act(kind, "s1", when=when)
    plan = plan_of(planned(microsoft, [other, suspend("s1", other)] if when == "now" else [other]))
    receipt = desk.apply(plan)
    assert microsoft.requests == []
    assert receipt.exit_code == (6 if when == "now" else 0)


def test_requirements_that_go_in_a_circle_are_refused(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    one, two = cancel("s1"), cancel("s2")
    circle = [cancel("s1", two), cancel("s2", one)]
    with pytest.raises(PlanFileError, match="in a circle"):
        desk.apply(plan_of(planned(microsoft, circle)))
    assert microsoft.requests == []


def test_an_empty_postcondition_is_never_taken_for_proof(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    receipt = desk.apply(plan_of(planned(microsoft, [cancel("s1", postcondition={})])))
    assert receipt.exit_code == 7
    assert len(microsoft.requests) == 1


def test_a_second_apply_of_a_finished_plan_sends_nothing_and_asks_nothing(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    first = desk.apply(plan)
    assert (first.exit_code, first.resumed) == (0, False)
    microsoft.change(ONE, "s1", status="active")  # somebody bought it back: an old plan says nothing about that
    again = desk.apply(plan)
    assert (again.exit_code, again.resumed) == (0, True)
    assert len(microsoft.requests) == len(microsoft.authorised) == 1


def test_the_same_acts_in_a_new_document_are_done_again_and_the_old_one_stays_done(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    desk.apply(plan)
    microsoft.change(ONE, "s1", status="active")
    later = plan_of(*plan.customers, created=NOW + timedelta(days=90))
    assert later.plan_id == plan.plan_id
    desk.clock.at += timedelta(days=90)
    assert desk.apply(later).exit_code == 0
    assert len({request.request_id for request in microsoft.requests}) == 2
    microsoft.change(ONE, "s1", status="active")
    assert desk.apply(plan).exit_code == 0
    assert len(microsoft.requests) == 2


def test_a_write_that_fails_in_any_other_way_is_no_answer(desk: Desk, microsoft: Microsoft):
    plan = one_cancel(microsoft)
    microsoft.faults.append(unread("the thing could not be read before it was changed"))
    assert desk.apply(plan).exit_code == 0
    assert desk.kinds() == ["intent", "no-answer", *INTENT_TO_PROOF]


@pytest.mark.parametrize(
    ("members", "outcome", "exit_code"),
    [
        ({"verdict": Verdict.REFUSED}, "refused", 5),
        ({"verdict": Verdict.UNKNOWN}, "unread", 9),
        ({"verdict": Verdict.UNKNOWN, "desired": wanted(tenant(2), relationship="active")}, None, 0),
        ({"verdict": Verdict.BLOCKED}, None, 0),
        ({"verdict": Verdict.CONVERGED}, None, 0),
    ],
)
def test_customers_that_the_plan_itself_leaves_alone(
    desk: Desk, microsoft: Microsoft, members: dict[str, Any], outcome: str | None, exit_code: int
):
    microsoft.add(ONE, subscription("s1"))
    microsoft.add(tenant(2))
    others = planned(microsoft, (), tenant(2), **members)
    receipt = desk.apply(plan_of(planned(microsoft, [cancel("s1")]), others))
    assert [result.outcome for result in receipt.customers] == ["done", *([outcome] if outcome else [])]
    assert receipt.exit_code == exit_code
    assert microsoft.took == {("cancel-subscription", "s1"): 1}


ENDS: dict[str, Any] = {
    "indeterminate": [Fault.LOST_BEFORE] * 4,
    "stale": [refusal(409, "changed")],
    "partial": [refusal()],
    "done": [None],
}


@pytest.mark.parametrize(
    ("ends", "exit_code"),
    [
        (["done", "partial", "stale", "indeterminate"], 7),
        (["done", "partial", "stale"], 3),
        (["partial", "done"], 6),
        (["done", "done"], 0),
    ],
)
def test_the_gravest_customer_gives_the_exit_code(desk: Desk, microsoft: Microsoft, ends: list[str], exit_code: int):
    tenants = [tenant(number) for number, _ in enumerate(ends, start=1)]
    for who in tenants:
        microsoft.add(who, subscription(f"s{who[-1]}"))
    plan = plan_of(*(planned(microsoft, [cancel(f"s{who[-1]}", who=who)], who) for who in tenants))
    microsoft.faults.extend(fault for end in ends for fault in ENDS[end])
    receipt = desk.apply(plan)
    assert [result.outcome for result in receipt.customers] == ends
    assert receipt.exit_code == exit_code
