"""Killed anywhere, applied again: every planned write takes effect exactly once, and nothing else does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.applying import open_store, read_events
from pcreconcile.model.errors import NoAnswer, StoreError
from pcreconcile.model.notes import Note
from pcreconcile.model.plan import ActionKind, CustomerPlan, Plan
from pcreconcile.model.run import Event, EventDraft, EventKind
from tests.applying.world import (
    ONE,
    Desk,
    Died,
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
)


@dataclass
class DyingStore:
    """A journal whose process dies at the Nth event: before it is written, or just after it is durable."""

    journal: Path
    at: int
    durable: bool
    count: int = 0

    def __post_init__(self) -> None:
        self._store = open_store(self.journal)

    @contextmanager
    def lock(self, partner_tenant: Any, timeout: float, holder: Any) -> Iterator[None]:
        with self._store.lock(partner_tenant, timeout, holder):
            yield

    def keep(self, content: bytes) -> str:
        return self._store.keep(content)

    def append(self, draft: EventDraft) -> Event:
        self.count += 1
        if self.count > self.at or (self.count == self.at and not self.durable):
            raise Died
        event = self._store.append(draft)
        if self.count == self.at:
            raise Died
        return event

    def events(self, plan: Any = None) -> Iterable[Event]:
        return self._store.events(plan)

    def document(self, digest: str) -> bytes | None:
        return self._store.document(digest)

    def notes(self) -> tuple[Note, ...]:
        return self._store.notes()


def mixed(microsoft: Microsoft) -> Plan:
    """A customer who leaves with Azure, an ordinary one, and one who is suspended."""
    microsoft.add(ONE, subscription("plan"), azure("a1"), azure("a2"), subscription("s1"))
    kind = ActionKind.CANCEL_AZURE_SUBSCRIPTION
    azures = [act(kind, "a1"), act(kind, "a2")]
    rest = [suspend("plan", *azures), cancel("s1")]
    microsoft.add(tenant(2), subscription("s2"), subscription("s3"))
    return plan_of(
        planned(microsoft, [*azures, *rest, remove(*azures, *rest)]),
        planned(microsoft, [cancel("s2", who=tenant(2)), suspend("s3", who=tenant(2))], tenant(2)),
    )


def proven(desk: Desk, plan: Plan) -> None:
    """Everything that the plan says took effect once, and the journal tells the same."""
    assert desk.service.took == planned_writes(plan)
    events = read_events(desk.journal)
    assert [event.kind for event in events][-1] == EventKind.RUN_FINISHED
    intents = {event.request_id for event in events if event.kind == EventKind.INTENT}
    assert {request.request_id for request in desk.service.requests} <= intents


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("slow", [0, 3])
def test_killed_at_every_event(tmp_path: Path, durable: bool, slow: int):
    whole = Desk(tmp_path, Microsoft(slow=slow))
    whole.apply(mixed(whole.service))
    for at in range(1, len(whole.seen) + 1):
        folder = tmp_path / str(at)
        desk = Desk(folder, Microsoft(slow=slow))
        plan = mixed(desk.service)
        with pytest.raises(Died):
            desk.apply(plan, store=DyingStore(desk.journal, at, durable))
        assert desk.apply(plan).exit_code == 0, f"killed at event {at}"
        proven(desk, plan)


@pytest.mark.parametrize("fault", [Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.LOST_BEFORE, Fault.LOST_AFTER])
@pytest.mark.parametrize("slow", [0, 3])
@pytest.mark.parametrize("at", range(7))
def test_killed_or_cut_off_at_every_write(desk: Desk, microsoft: Microsoft, at: int, fault: Fault, slow: int):
    microsoft.slow = slow
    plan = mixed(microsoft)
    microsoft.faults.extend([*[None] * at, fault])
    if "dies" in fault:
        with pytest.raises(Died):
            desk.apply(plan)
    assert desk.apply(plan).exit_code == 0
    proven(desk, plan)


def test_an_unanswered_request_keeps_its_id_across_documents(desk: Desk, microsoft: Microsoft):
    """The pipeline may plan again after a crash: the same acts, another document."""
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.faults.append(Fault.DIES_BEFORE)
    with pytest.raises(Died):
        desk.apply(plan)
    again = plan_of(*plan.customers, created=plan.created_at.replace(hour=13))
    assert (again.plan_id, again.digest != plan.digest) == (plan.plan_id, True)
    assert desk.apply(again).exit_code == 0
    assert len({request.request_id for request in microsoft.requests}) == 1


def test_a_refused_request_is_sent_anew_under_a_new_id(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.faults.append(refusal())
    assert desk.apply(plan).exit_code == 6
    assert desk.apply(plan).exit_code == 0
    assert len({request.request_id for request in microsoft.requests}) == 2


def test_a_yes_is_believed_for_a_while(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.slow = 3
    with pytest.raises(Died):
        desk.apply(plan, store=DyingStore(desk.journal, 4, durable=True))
    desk.clock.at += timedelta(minutes=10)
    assert desk.apply(plan).exit_code == 0
    assert len(microsoft.requests) == 1


def test_what_was_refused_explains_no_difference(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.faults.append(refusal())
    desk.apply(plan)
    microsoft.change(ONE, "s1", quantity=11)
    assert desk.apply(plan).exit_code == 3


# Told to stop, and journals that break.


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [(None, ["intent", "answered"]), (Fault.LOST_AFTER, ["intent", "no-answer"]), (refusal(), ["intent", "refused"])],
)
def test_told_to_stop_it_sees_the_write_in_flight_through(desk: Desk, microsoft: Microsoft, fault: Any, kinds: Any):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    plan = plan_of(planned(microsoft, [cancel("s1"), cancel("s2")]))
    microsoft.faults.append(fault)

    async def interrupted() -> None:
        task = asyncio.ensure_future(desk.applying(plan))
        microsoft.before_write = lambda _: task.cancel() and None
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert desk.kinds() == kinds
    assert desk.seen[-1].kind == EventKind.RUN_FINISHED
    assert desk.seen[-1].body["interruption"] == "CancelledError"
    microsoft.before_write = None
    assert desk.apply(plan).exit_code == 0
    assert set(microsoft.took.values()) == {1}


def test_told_twice_it_does_not_wait(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.faults.append(Fault.HANGS)

    async def interrupted_twice() -> None:
        task = asyncio.ensure_future(desk.applying(plan))
        while not microsoft.requests:
            await asyncio.sleep(0)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted_twice())
    assert desk.kinds() == ["intent", "no-answer"]


def test_told_to_stop_while_waiting(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.slow = 10**9

    async def interrupted() -> None:
        task = asyncio.ensure_future(desk.applying(plan))
        while desk.clock.slept == 0:
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert desk.seen[-1].kind == EventKind.RUN_FINISHED


def test_a_client_that_breaks_during_a_write_leaves_it_open(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))

    def broken(_: Any) -> None:
        raise ValueError("a mistake of ours")

    microsoft.before_write = broken
    with pytest.raises(ValueError, match="a mistake of ours"):
        desk.apply(plan)
    assert desk.kinds() == ["intent", "no-answer"]
    microsoft.before_write = None
    assert desk.apply(plan).exit_code == 0
    assert len({request.request_id for request in microsoft.requests}) == 1


def test_a_removal_that_came_through_between_two_looks_is_done_and_not_stale(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    plan = plan_of(planned(microsoft, [remove()]))
    microsoft.faults.append(Fault.DIES_BEFORE)
    with pytest.raises(Died):
        desk.apply(plan)
    (late,) = microsoft.requests
    microsoft.on_read_customer = lambda: microsoft._effect(late)  # on its way all the time
    receipt = desk.apply(plan)
    assert (receipt.exit_code, receipt.customers[0].outcome) == (0, "done")
    assert len(microsoft.requests) == 1


class FullDisk(DyingStore):
    """Takes no event any more from the Nth on."""

    def append(self, draft: EventDraft) -> Event:
        self.count += 1
        if self.count >= self.at:
            raise StoreError("the journal cannot be used: database or disk is full")
        return self._store.append(draft)


@pytest.mark.parametrize(
    ("at", "error", "sent"),
    [(1, StoreError, 0), (4, StoreError, 0), (5, NoAnswer, 1), (6, StoreError, 1)],
)
def test_without_a_journal_nothing_is_sent_and_what_was_sent_is_not_called_undone(
    desk: Desk, microsoft: Microsoft, at: int, error: type[Exception], sent: int
):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    with pytest.raises(error, match="disk is full"):
        desk.apply(plan, store=FullDisk(desk.journal, at, durable=False))
    assert len(microsoft.requests) == sent
    assert desk.apply(plan).exit_code == 0
    assert microsoft.took == planned_writes(plan)


# Any small world, any faults, any crash points.


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Microsoft, Plan]:
    microsoft = Microsoft(slow=draw(st.integers(0, 3)))
    customers: list[CustomerPlan] = []
    for number in range(1, draw(st.integers(1, 2)) + 1):
        who = tenant(number)
        names = [f"s{number}{i}" for i in range(draw(st.integers(1, 3)))]
        microsoft.add(who, *map(subscription, names))
        actions: list[Any] = []
        for name in names:
            needs = [action for action in actions if draw(st.booleans())]
            kind = draw(st.sampled_from([ActionKind.CANCEL_SUBSCRIPTION, ActionKind.SUSPEND_SUBSCRIPTION]))
            actions.append(act(kind, name, *needs, who=who))
        if draw(st.booleans()):
            actions.append(remove(*actions, who=who))
        customers.append(planned(microsoft, actions, who))
    return microsoft, plan_of(*customers)


CRASHES = st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=3)
LOSSES = st.lists(
    st.sampled_from([None, Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.DIES_BEFORE, Fault.DIES_AFTER]), max_size=6
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds(), crashes=CRASHES, losses=LOSSES)
def test_exactly_once_whatever_happens(world: Any, crashes: list[tuple[int, bool]], losses: list[Any]):
    microsoft, plan = world
    microsoft.faults.extend(losses)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), microsoft)
        for at, durable in [*crashes, *[(10**6, True)] * len(losses)]:
            try:
                desk.apply(plan, store=DyingStore(desk.journal, at, durable))
            except Died:
                continue
        microsoft.faults.clear()
        assert desk.apply(plan).exit_code == 0
        assert microsoft.took == planned_writes(plan)
        sent_before = len(microsoft.requests)
        assert desk.apply(plan).exit_code == 0
        assert len(microsoft.requests) == sent_before
