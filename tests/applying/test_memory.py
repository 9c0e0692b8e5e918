"""What the journal remembers: told as short stories of events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from pcreconcile.applying import memory_from, read_events
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import ActionKind, Effect
from pcreconcile.model.run import Event, EventKind
from tests.applying.world import NOW, ONE, Desk, Fault, Microsoft, act, plan_of, planned, remove, subscription, suspend

HOUR = timedelta(hours=1)


def story(kind: ActionKind, *tellings: Any, target: str = "s1", start: datetime = NOW, plan: str = "p") -> list[Event]:
    """Events of one action, a minute apart; a telling is a kind, or a kind with request ID and body."""
    events = []
    for number, telling in enumerate(tellings):
        what, request, body = telling if isinstance(telling, tuple) else (telling, "q", {})
        if what is EventKind.INTENT:
            body = {"kind": kind, "target": {"id": target}, "effect": Effect.TAKES_SERVICE}
        at = start + timedelta(minutes=number)
        who = (ONE, ActionId(f"{kind} {target}"), RequestId(request))
        events.append(Event(number + 1, RunId("r"), PlanId(plan), at, what, *who, body, "", ""))
    return events


INTENT, ANSWERED, NO_ANSWER = EventKind.INTENT, EventKind.ANSWERED, EventKind.NO_ANSWER
VERIFIED = (EventKind.VERIFIED, "q", {"written": True})
SEEN = (EventKind.VERIFIED, None, {"written": False})
REFUSED = (EventKind.REFUSED, "q", {"status": 400})
BUSY = (EventKind.REFUSED, "q", {"status": 429})

REMOVE, SUSPEND = ActionKind.REMOVE_RELATIONSHIP, ActionKind.SUSPEND_SUBSCRIPTION


@pytest.mark.parametrize(
    ("tellings", "removals", "removed"),
    [
        ([], 0, False),
        ([INTENT], 1, False),
        ([INTENT, ANSWERED], 1, False),
        ([INTENT, ANSWERED, VERIFIED], 1, True),
        ([INTENT, REFUSED], 0, False),
        ([INTENT, NO_ANSWER], 1, False),
        ([INTENT, NO_ANSWER, VERIFIED], 1, True),
        ([INTENT, NO_ANSWER, INTENT, ANSWERED, VERIFIED], 1, True),
        ([INTENT, BUSY], 0, False),
        ([INTENT, NO_ANSWER, INTENT, BUSY], 1, False),
        ([INTENT, NO_ANSWER, INTENT, REFUSED, VERIFIED], 1, True),
        ([INTENT, REFUSED, SEEN], 0, False),
        ([SEEN], 0, False),
    ],
)
def test_removals(tellings: list[Any], removals: int, removed: bool):
    memory = memory_from(story(REMOVE, *tellings, target=ONE), NOW + HOUR)
    assert len(memory.removals) == removals
    assert memory.removed == ({ONE: "r"} if removed else {})
    assert memory.service_taken == {}, "the removal itself is not what settle counts from"


@pytest.mark.parametrize(("age", "counts"), [(timedelta(hours=23, minutes=59), True), (timedelta(hours=24), False)])
def test_removals_are_remembered_for_24_hours_from_their_sending(age: timedelta, counts: bool):
    memory = memory_from(story(REMOVE, INTENT, ANSWERED, VERIFIED), NOW + age)
    assert memory.removals == ((NOW,) if counts else ())
    assert memory.removed == {ONE: "r"}


@pytest.mark.parametrize(
    ("events", "suspended"),
    [
        (story(SUSPEND, INTENT, ANSWERED, VERIFIED), ("s1",)),
        (story(SUSPEND, INTENT, ANSWERED), ("s1",)),
        (story(SUSPEND, INTENT, NO_ANSWER, VERIFIED), ("s1",)),
        (story(SUSPEND, INTENT), ()),
        (story(SUSPEND, INTENT, NO_ANSWER), ()),
        (story(SUSPEND, INTENT, REFUSED), ()),
        (story(SUSPEND, INTENT, REFUSED, SEEN), ()),
        (story(SUSPEND, SEEN), ()),
        (
            [
                *story(SUSPEND, INTENT, ANSWERED),
                *story(ActionKind.REACTIVATE_SUBSCRIPTION, INTENT, ANSWERED, VERIFIED, plan="later"),
            ],
            (),
        ),
        (
            [*story(SUSPEND, INTENT, ANSWERED), *story(ActionKind.REACTIVATE_SUBSCRIPTION, INTENT, plan="later")],
            ("s1",),
        ),
        ([*story(SUSPEND, INTENT, ANSWERED, target="s2"), *story(SUSPEND, INTENT, ANSWERED)], ("s2", "s1")),
    ],
)
def test_suspended_is_only_what_we_provably_suspended(events: list[Event], suspended: tuple[str, ...]):
    assert memory_from(events, NOW + HOUR).suspended == ({ONE: suspended} if suspended else {})


def test_service_was_taken_when_the_last_such_request_was_sent():
    events = [
        *story(SUSPEND, INTENT, ANSWERED, VERIFIED),
        *story(SUSPEND, INTENT, NO_ANSWER, target="s2", start=NOW + HOUR),
        *story(SUSPEND, INTENT, REFUSED, target="s3", start=NOW + 2 * HOUR),
    ]
    assert memory_from(events, NOW + 3 * HOUR).service_taken == {ONE: NOW + HOUR}


def test_a_real_journal(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    first, second = suspend("s1"), act(ActionKind.CANCEL_AT_TERM_END, "s2", effect=Effect.PROTECTIVE)
    plan = plan_of(planned(microsoft, [first, second, remove(first, second)]))
    microsoft.faults.extend([None, None, Fault.LOST_AFTER])
    receipt = desk.apply(plan)
    assert memory_from(read_events(desk.journal), NOW) == Memory(
        removals=(NOW,), removed={ONE: str(receipt.run)}, service_taken={ONE: NOW}, suspended={ONE: ("s1",)}
    )


def test_no_journal_remembers_nothing(desk: Desk):
    assert memory_from(read_events(desk.journal), NOW) == Memory()
