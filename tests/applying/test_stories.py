"""Runs and their stories, from real journals of small runs, and from events of an older format."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying import open_store, read_events
from pcreconcile.applying.kept_plans import names_of
from pcreconcile.applying.stories import runs_of, story_of
from pcreconcile.applying.written import writes_of
from pcreconcile.model.ids import PlanId, RunId
from pcreconcile.model.plan import ActionKind, Plan, Reversibility
from pcreconcile.model.run import Event, EventKind
from pcreconcile.model.story import Story
from tests.applying.world import (
    NOW,
    ONE,
    Desk,
    Died,
    Fault,
    Microsoft,
    act,
    cancel,
    plan_of,
    planned,
    refusal,
    remove,
    subscription,
    suspend,
    tenant,
)


def leaving(microsoft: Microsoft) -> Plan:
    """Two subscriptions that end, then the relationship."""
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    first, second = suspend("s1"), cancel("s2")
    return plan_of(planned(microsoft, [first, second, remove(first, second)], name="aspen"))


def told(desk: Desk, number: int = 0, without: frozenset[str] = frozenset()) -> Story:
    """The story of the run of that number; `without` are kept documents that are missing."""
    events, store = read_events(desk.journal), open_store(desk.journal)
    run = runs_of(events)[number].run
    return story_of(run, events, lambda digest: None if without else store.document(digest))


def kinds(story: Story) -> list[tuple[str, str, list[str]]]:
    (customer,) = story.customers
    return [(each.kind, each.target.name, [str(moment.kind) for moment in each.moments]) for each in customer.actions]


WHOLE = ["intent", "answered", "verified"]


def test_a_run_is_told_in_its_order(desk: Desk, microsoft: Microsoft):
    microsoft.signed_in_as = "admin@partner.example"
    desk.apply(leaving(microsoft))
    story = told(desk)
    assert kinds(story) == [
        ("suspend-subscription", "s1", WHOLE),
        ("cancel-subscription", "s2", WHOLE),
        ("remove-relationship", ONE, WHOLE),
    ]
    (customer,) = story.customers
    assert (customer.name, customer.outcome, [note.said for note in customer.notes]) == (
        "aspen",
        "done",
        ["before", "gate", "after"],
    )
    sent, answered, verified = customer.actions[0].moments
    assert sent.request_id == answered.request_id == verified.request_id
    assert (answered.status, answered.correlation_id, verified.seen) == (200, "trace", {"status": "suspended"})
    assert customer.actions[2].moments[2].said == "audit record record"
    assert (story.user, story.open_ends, story.approved_by) == ("admin@partner.example", (), ())


def test_a_run_s_line(desk: Desk, microsoft: Microsoft):
    receipt = desk.apply(leaving(microsoft))
    (line,) = runs_of(read_events(desk.journal))
    assert (line.run, line.plan_id, line.started_at) == (receipt.run, receipt.plan_id, NOW)
    assert (line.customers, line.writes, line.verified, line.exit_code) == (1, 3, 3, 0)
    assert (line.interruption, line.resumed, line.finished_at) == ("", False, line.last_at)


def test_without_the_plan_s_document_ids_stand_for_names(desk: Desk, microsoft: Microsoft):
    desk.apply(leaving(microsoft))
    story = told(desk, without=frozenset({"all"}))
    (customer,) = story.customers
    assert customer.name == ONE
    assert [(each.kind, each.target.type, each.target.id, each.target.name) for each in customer.actions][:2] == [
        ("suspend-subscription", "subscription", "s1", ""),
        ("cancel-subscription", "subscription", "s2", ""),
    ]


def test_a_document_that_is_no_plan_names_nothing(desk: Desk, microsoft: Microsoft):
    desk.apply(leaving(microsoft))
    events = read_events(desk.journal)
    story = story_of(events[0].run, events, lambda _: b"[]")
    assert story.customers[0].name == ONE


def test_a_refusal_is_in_the_service_s_words(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    microsoft.faults.append(refusal())
    desk.apply(plan)
    story = told(desk)
    refused = story.customers[0].actions[0].moments[1]
    assert (refused.kind, refused.status, refused.said) == ("refused", 400, "900117: You have passed your window.")
    assert story.open_ends == (), "a definite no leaves nothing open"
    removal = story.customers[0].actions[-1]
    assert (removal.kind, [str(m.kind) for m in removal.moments]) == ("remove-relationship", ["skipped"])


def killed(desk: Desk, plan: Plan, fault: Fault) -> None:
    desk.service.faults.append(fault)
    with pytest.raises(Died):
        desk.apply(plan)


def test_a_run_that_was_cut_off_says_so_and_names_what_it_left_open(desk: Desk, microsoft: Microsoft):
    killed(desk, leaving(microsoft), Fault.DIES_AFTER)
    story = told(desk)
    assert (story.line.exit_code, story.line.interruption) == (None, "Died")
    (end,) = story.open_ends
    assert (end.customer, end.what, end.resolved_by) == ("aspen", "suspend-subscription s1", None)
    assert end.request_id == story.customers[0].actions[0].moments[0].request_id


def test_what_a_later_run_resolved_is_told_with_that_run(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    killed(desk, plan, Fault.DIES_AFTER)
    receipt = desk.apply(plan)
    first, second = told(desk, 0), told(desk, 1)
    assert [end.resolved_by for end in first.open_ends] == [receipt.run]
    assert (second.open_ends, second.line.resumed) == ((), True)
    assert (first.line.writes, first.line.verified, second.line.writes, second.line.verified) == (1, 0, 2, 3)


def test_a_run_that_never_ended(desk: Desk, microsoft: Microsoft):
    desk.apply(leaving(microsoft))
    events = [event for event in read_events(desk.journal) if event.kind is not EventKind.RUN_FINISHED]
    (line,) = runs_of(events)
    assert (line.finished_at, line.exit_code, line.last_at) == (None, None, events[-1].at)


def test_what_is_unproven_is_an_open_end(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    microsoft.faults.append(Fault.LIES)
    assert desk.apply(plan).exit_code == 7
    assert [end.state for end in told(desk).open_ends] == ["unproven"]


def test_events_of_an_older_format_are_told_as_far_as_they_say_something():
    events = [
        Event(1, RunId("r"), PlanId("p"), NOW, EventKind.RUN_STARTED, None, None, None, {"digest": "d"}, "", ""),
        Event(2, RunId("r"), PlanId("p"), NOW, EventKind.CUSTOMER_STARTED, ONE, None, None, {"name": "x"}, "", ""),
        Event(3, RunId("r"), PlanId("p"), NOW, EventKind.VERIFIED, ONE, suspend("s1").id, None, {}, "", ""),
    ]
    story = story_of(RunId("r"), events, lambda _: None)
    assert (story.required, story.user, story.line.customers) == (None, None, 1)
    assert story.customers[0].actions[0].moments[0].said == "it was so already"


def written(desk: Desk, number: int = 0) -> list[Any]:
    events, store = read_events(desk.journal), open_store(desk.journal)
    return list(writes_of(runs_of(events)[number].run, events, store.document))


def test_the_writes_of_a_run_with_what_the_plan_said_and_saw(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    day = NOW.date()
    action = suspend("s1", reversibility=Reversibility.LOSSY, reversible_until=day, rule="some.rule")
    desk.apply(plan_of(planned(microsoft, [action], name="aspen")))
    (found,) = written(desk)
    assert (found.customer, found.kind, found.target.name) == ("aspen", ActionKind.SUSPEND_SUBSCRIPTION, "s1")
    assert (found.reversibility, found.reversible_until, found.rule) == (Reversibility.LOSSY, day, "some.rule")
    assert (found.before["status"], found.before["autoRenewEnabled"]) == ("active", True)
    assert found.postcondition == {"status": "suspended"}


def test_without_the_plan_s_document_the_intent_says_what_was_before(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    desk.apply(plan_of(planned(microsoft, [suspend("s1", reversibility=Reversibility.LOSSY)])))
    events = read_events(desk.journal)
    (found,) = writes_of(events[0].run, events, lambda _: None)
    assert (found.customer, found.reversibility, found.reversible_until) == (ONE, Reversibility.LOSSY, None)
    assert (found.before["status"], found.before["autoRenewEnabled"]) == ("active", True)


def test_what_a_run_sent_and_the_next_one_proved_is_a_write_of_both(desk: Desk, microsoft: Microsoft):
    plan = leaving(microsoft)
    killed(desk, plan, Fault.DIES_AFTER)
    desk.apply(plan)
    assert [each.kind for each in written(desk, 0)] == ["suspend-subscription"]
    assert [each.target.id for each in written(desk, 1)] == ["s1", "s2", ONE]


def test_a_refused_write_is_none_and_one_that_was_so_already_is_none(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2", status="suspended"))
    microsoft.faults.append(refusal())
    desk.apply(plan_of(planned(microsoft, [suspend("s1"), suspend("s2")])))
    assert written(desk) == []


def test_a_later_write_to_the_same_thing_is_known(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    desk.apply(plan_of(planned(microsoft, [suspend("s1")])))
    receipt = desk.apply(plan_of(planned(microsoft, [act(ActionKind.REACTIVATE_SUBSCRIPTION, "s1")])))
    (found,) = written(desk, 0)
    assert (found.again, found.again_by) == (ActionKind.REACTIVATE_SUBSCRIPTION, receipt.run)
    assert written(desk, 1)[0].again is None


def test_who_has_no_manifest_any_more_is_called_as_in_the_last_plan(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    desk.apply(plan_of(planned(microsoft, [suspend("s1")], name="old")))
    microsoft.change(ONE, "s1", status="active")
    customer = planned(microsoft, [cancel("s1")], name="new")
    desk.apply(plan_of(replace(customer, name="new")))
    events, store = read_events(desk.journal), open_store(desk.journal)
    assert names_of([ONE, tenant(7)], events, store.document) == {ONE: "new"}
