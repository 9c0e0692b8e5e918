"""A hold and a run: what is in flight is proven, nothing else is begun, and the plan is finished afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcreconcile.applying import open_store, read_events
from pcreconcile.model.errors import Held, StoreError
from pcreconcile.model.notes import NoteDraft, NoteKind, standing_holds
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import NO_RUN, ActionState, EventKind
from tests.applying.journals import InFile
from tests.applying.world import (
    NOW,
    ONE,
    PARTNER,
    Desk,
    Died,
    Fault,
    Microsoft,
    cancel,
    plan_of,
    planned,
    planned_writes,
    remove,
    subscription,
    suspend,
    tenant,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, Microsoft())


def three(desk: Desk) -> Plan:
    """Three customers; the first has two independent acts and a removal after them."""
    for number in (1, 2, 3):
        desk.service.add(tenant(number), subscription(f"a{number}"), subscription(f"b{number}"))
    acts = [suspend("a1"), cancel("b1")]
    first = planned(desk.service, [*acts, remove(*acts)])
    others = [planned(desk.service, [cancel(f"a{n}", who=tenant(n))], tenant(n)) for n in (2, 3)]
    return plan_of(first, *others)


def hold(desk: Desk, why: str = "incident") -> None:
    open_store(desk.journal, PARTNER).note(NoteDraft(NoteKind.HOLD, NOW, "ann@desk", {"why": why}))


def lift(desk: Desk) -> None:
    store = open_store(desk.journal, PARTNER)
    numbers = [each.number for each in standing_holds(store.notes())]
    store.note(NoteDraft(NoteKind.LIFT, NOW, "ann@desk", {"lifts": numbers}))


def hold_at_write(desk: Desk, number: int) -> None:
    """While that request is at the service."""
    desk.service.before_write = lambda _: hold(desk) if len(desk.service.requests) == number else None


def kinds(desk: Desk) -> list[EventKind]:
    return [event.kind for event in read_events(desk.journal)]


def finished_after_it(desk: Desk, plan: Plan) -> None:
    desk.service.before_write = None
    lift(desk)
    assert desk.apply(plan).exit_code == 0
    assert desk.service.took == planned_writes(plan)
    assert (kinds(desk).count(EventKind.HELD), kinds(desk).count(EventKind.HOLD_LIFTED)) == (1, 1)


@pytest.mark.parametrize("slow", [0, 3])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_what_is_in_flight_is_proven_and_nothing_else_is_begun(desk: Desk, number: int, slow: int):
    plan = three(desk)
    desk.service.slow = slow
    hold_at_write(desk, number)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, len(desk.service.requests)) == (6, number)
    states = [action.state for customer in receipt.customers for action in customer.actions]
    assert states.count(ActionState.VERIFIED) == number
    assert set(states) <= {ActionState.VERIFIED, ActionState.SKIPPED}
    assert receipt.customers[-1].outcome in {"stopped", "partial"}
    assert "held: incident (by ann@desk since 2026-11-22 12:00:00 UTC)" in receipt.customers[-1].message
    assert desk.apply(plan).exit_code == 5, "while it stands nothing more is begun"
    assert len(desk.service.requests) == number
    finished_after_it(desk, plan)


def test_a_run_that_begins_under_a_hold_sends_nothing_at_all(desk: Desk):
    plan = three(desk)
    hold(desk)
    with pytest.raises(Held, match=r"held: incident .*pcreconcile hold --lift"):
        desk.apply(plan)
    assert (desk.service.requests, desk.service.authorised) == ([], [])
    (event,) = read_events(desk.journal)
    assert (event.kind, event.run, event.body["who"], event.body["why"]) == (
        EventKind.HELD,
        NO_RUN,
        "ann@desk",
        "incident",
    )
    finished_after_it(desk, plan)


def test_a_hold_that_comes_before_the_first_intent_ends_5(desk: Desk):
    plan = three(desk)
    desk.service.on_read_customer = lambda: None if kinds(desk).count(EventKind.HELD) or _held(desk) else hold(desk)
    receipt = desk.apply(plan)
    desk.service.on_read_customer = None
    assert (receipt.exit_code, desk.service.requests) == (5, [])
    finished_after_it(desk, plan)


def _held(desk: Desk) -> bool:
    return bool(standing_holds(open_store(desk.journal, PARTNER).notes()))


@pytest.mark.parametrize(("fault", "code"), [(Fault.DIES_AFTER, 5), (Fault.DIES_BEFORE, 7)])
def test_a_resumed_run_resolves_what_is_open_by_reading_and_sends_nothing(desk: Desk, fault: Fault, code: int):
    """What took effect is proven; what did not stays open, and is sent once the hold has been lifted."""
    plan = three(desk)
    desk.service.faults.append(fault)
    with pytest.raises(Died):
        desk.apply(plan)
    hold(desk)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, len(desk.service.requests)) == (code, 1)
    finished_after_it(desk, plan)


def test_a_lost_answer_under_a_hold_is_read_and_not_sent_again(desk: Desk):
    plan = three(desk)
    desk.service.faults.append(Fault.LOST_BEFORE)
    hold_at_write(desk, 1)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, len(desk.service.requests)) == (7, 1)
    assert "it is not sent again: held" in receipt.customers[0].message
    finished_after_it(desk, plan)


def test_a_hold_taken_out_of_the_store_is_missed(desk: Desk):
    plan = three(desk)
    hold(desk)
    with pytest.raises(Held):
        desk.apply(plan)
    InFile(desk.journal).hurt("DELETE FROM notes", "DELETE FROM sqlite_sequence WHERE name = 'notes'")
    with pytest.raises(StoreError, match="note 1 is missing, which an event names"):
        desk.apply(plan)
    assert desk.service.requests == []


def test_notes_that_cannot_be_read_stop_every_intent(desk: Desk):
    plan = three(desk)
    desk.service.on_read_customer = lambda: _break_notes(desk)
    with pytest.raises(StoreError, match="note 1"):
        desk.apply(plan)
    assert desk.service.requests == []


def _break_notes(desk: Desk) -> None:
    if not open_store(desk.journal, PARTNER).notes():
        hold(desk)
        InFile(desk.journal).hurt("UPDATE notes SET body = 'x'")
        desk.service.on_read_customer = None


def test_a_hold_of_another_customer_s_time_leaves_a_finished_plan_alone(desk: Desk):
    """The twin: a lifted hold is no hold, and a plan that is done stays done."""
    plan = three(desk)
    hold(desk)
    lift(desk)
    assert desk.apply(plan).exit_code == 0
    assert desk.service.took == planned_writes(plan)
    assert ONE in desk.service.removed
