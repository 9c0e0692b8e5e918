"""What the journal's writes count against the budgets of the day: told as short stories of events."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pcreconcile.applying import memory_from, read_events
from pcreconcile.applying.spending import day_of, spent_since
from pcreconcile.model.correlation import correlation_of
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId
from pcreconcile.model.memory import Spent
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind, ActionMoney, Effect, Impact, Reversibility
from pcreconcile.model.run import Event, EventKind
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
    remove,
    subscription,
    suspend,
)

DAY = timedelta(hours=24)
REMOVE: dict[str, Any] = {
    "kind": ActionKind.REMOVE_RELATIONSHIP,
    "effect": Effect.NEUTRAL,
    "reversibility": Reversibility.NEEDS_COUNTERPARTY,
    "seats": 0,
}


def story(*tellings: Any, body: dict[str, Any], plan: str = "p", start: datetime = NOW, run: str = "r") -> list[Event]:
    """Events of one action, a minute apart: a kind, or a kind with the body and the request ID that it has."""
    events = []
    for number, telling in enumerate(tellings):
        what, said, request = telling if isinstance(telling, tuple) else (telling, {}, "q")
        said = body if what is EventKind.INTENT else said
        at = start + timedelta(minutes=number)
        who = (ONE, ActionId(f"{body['kind']}"), RequestId(request))
        events.append(Event(number + 1, RunId(run), PlanId(plan), at, what, *who, said, "", ""))
    return events


INTENT, ANSWERED, NO_ANSWER = EventKind.INTENT, EventKind.ANSWERED, EventKind.NO_ANSWER
AGAIN = (INTENT, {}, "another")
REFUSED, BUSY = (EventKind.REFUSED, {"status": 400}, "q"), (EventKind.REFUSED, {"status": 429}, "q")
VERIFIED, SEEN = (EventKind.VERIFIED, {"written": True}, "q"), (EventKind.VERIFIED, {"written": False}, None)

STORIES = [
    # what the journal tells of one action, how many writes count
    ([INTENT], 1),  # killed: it may have left
    ([INTENT, ANSWERED], 1),
    ([INTENT, ANSWERED, VERIFIED], 1),
    ([INTENT, REFUSED], 0),
    ([INTENT, BUSY], 0),
    ([INTENT, NO_ANSWER], 1),
    ([INTENT, NO_ANSWER, INTENT, ANSWERED, VERIFIED], 1),  # sent again, and still one write
    ([INTENT, NO_ANSWER, INTENT, NO_ANSWER, INTENT], 1),
    ([INTENT, NO_ANSWER, INTENT, REFUSED], 0),
    ([INTENT, NO_ANSWER, INTENT, BUSY], 1),
    ([INTENT, INTENT, BUSY], 1),  # killed after the first: what became of that, nobody has said
    ([INTENT, BUSY, INTENT, BUSY], 0),
    ([INTENT, NO_ANSWER, INTENT, REFUSED, VERIFIED], 1),  # refused because it was done already
    ([INTENT, REFUSED, AGAIN], 1),
    ([INTENT, ANSWERED, VERIFIED, AGAIN], 2),  # its world came back, and the same plan with it
    ([INTENT, REFUSED, SEEN], 0),
    ([SEEN], 0),
]


@pytest.mark.parametrize(("tellings", "writes"), STORIES)
def test_what_counts_as_a_write(tellings: list[Any], writes: int):
    found = spent_since(story(*tellings, body=REMOVE), NOW - DAY)
    assert len(found) == writes
    assert all(each.removal for each in found)


def test_two_plans_with_the_same_act_are_two_writes():
    events = [*story(INTENT, ANSWERED, body=REMOVE), *story(INTENT, body=REMOVE, plan="other")]
    assert len(spent_since(events, NOW - DAY)) == 2


@pytest.mark.parametrize(("age", "counts"), [(timedelta(hours=23, minutes=59), 1), (DAY, 0)])
def test_a_day_is_counted_from_the_sending(age: timedelta, counts: int):
    assert len(memory_from(story(INTENT, ANSWERED, VERIFIED, body=REMOVE), NOW + age).spent) == counts


def test_the_last_sending_counts():
    (found,) = spent_since(story(INTENT, NO_ANSWER, INTENT, body=REMOVE), NOW - DAY)
    assert found.at == NOW + timedelta(minutes=2)


def money(amount: str | None) -> Any:
    return {"refund": None, "committed": amount and {"amount": amount, "currency": "EUR"}}


FIVE = Money(Decimal("5.00"), "EUR")
SUSPEND, RENEW, KEEP = ActionKind.SUSPEND_SUBSCRIPTION, ActionKind.SET_RENEWAL, ActionKind.CANCEL_AT_TERM_END
TAKES, COMMITS, PROTECTS = Effect.TAKES_SERVICE, Effect.COMMITS_MONEY, Effect.PROTECTIVE
LOSSY, ONE_WAY, BACK = Reversibility.LOSSY, Reversibility.ONE_WAY, Reversibility.REVERSIBLE
BODIES = [
    # what an intent says, what it counts
    (REMOVE, {"removal": True, "one_way": True}),
    ({"kind": SUSPEND, "effect": TAKES, "reversibility": LOSSY, "seats": 9, "money": money(None)}, {"seats": 9}),
    ({"kind": SUSPEND, "effect": TAKES, "reversibility": ONE_WAY, "seats": 9}, {"seats": 9, "one_way": True}),
    (
        {"kind": RENEW, "effect": COMMITS, "reversibility": BACK, "seats": 0, "money": money("5.00")},
        {"committed": FIVE},
    ),
    (
        {"kind": RENEW, "effect": COMMITS, "reversibility": BACK, "seats": 0, "money": money(None)},
        {"unknown_money": True},
    ),
    ({"kind": KEEP, "effect": PROTECTS, "reversibility": BACK, "seats": 0}, {"protective": True}),
    (
        {"kind": KEEP, "effect": PROTECTS, "reversibility": BACK, "seats": 9, "money": money("5.00")},
        {"protective": True},
    ),
    # what is owed anyway commits nothing anew
    ({"kind": SUSPEND, "effect": TAKES, "reversibility": BACK, "seats": -3, "money": money("5.00")}, {"seats": 0}),
    # a plan that belittled them
    ({**REMOVE, "effect": PROTECTS, "reversibility": BACK}, {"removal": True, "one_way": True}),
    ({"kind": RENEW, "effect": PROTECTS, "reversibility": BACK, "money": money("5.00")}, {"committed": FIVE}),
    # an older journal
    ({"kind": ActionKind.REMOVE_RELATIONSHIP, "effect": "neutral"}, {"removal": True, "one_way": True}),
    ({"kind": SUSPEND, "effect": TAKES}, {"one_way": None, "seats": None}),
    ({"kind": ActionKind.CANCEL_SUBSCRIPTION, "effect": TAKES}, {"one_way": True, "seats": None}),
    ({"kind": RENEW, "effect": COMMITS}, {"one_way": None, "unknown_money": True}),
    ({"kind": KEEP, "effect": PROTECTS}, {"protective": True}),
    # a newer one
    ({"kind": "sell-customer", "effect": TAKES, "reversibility": ONE_WAY, "seats": 4}, {"one_way": True, "seats": 4}),
]


@pytest.mark.parametrize(("body", "counts"), BODIES)
def test_what_a_write_counts(body: dict[str, Any], counts: dict[str, Any]):
    assert spent_since(story(INTENT, body=body), NOW - DAY) == (Spent(NOW, ONE, **counts),)


def test_the_journal_of_a_real_run(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"), subscription("s3"), subscription("s4"))
    ended = cancel("s1", impact=Impact(10, "mail"))
    paused = suspend("s2", impact=Impact(4, "mail"), reversibility=Reversibility.LOSSY)
    kept = act(ActionKind.CANCEL_AT_TERM_END, "s3", effect=Effect.PROTECTIVE)
    last = remove(ended, paused, kept, effect=Effect.NEUTRAL)
    microsoft.faults.extend([None, Fault.LOST_BEFORE, None, None, Fault.DIES_AFTER])
    plan = plan_of(planned(microsoft, [ended, paused, kept, last]))
    with pytest.raises(Died):
        desk.apply(plan)
    assert desk.apply(plan).exit_code == 0
    at = desk.clock.now()
    found = memory_from(read_events(desk.journal), at)
    assert sorted((each.removal, each.one_way, each.seats, each.protective) for each in found.spent) == [
        (False, False, 0, True),
        (False, False, 4, False),
        (False, True, 10, False),
        (True, True, 0, False),
    ]
    assert found.known_since == NOW


def test_what_tells_our_writes_from_those_of_others(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    desk.apply(plan_of(planned(microsoft, [cancel("s1", money=ActionMoney(refund=FIVE))])))
    events = read_events(desk.journal)
    day = day_of(events, NOW - DAY)
    assert day.traces == {"trace", correlation_of(microsoft.requests[0].request_id)}
    assert day.known_since == NOW
    assert len(day.actions) == len(day.spent) == 1
    assert day_of(events, NOW + DAY).actions == frozenset()
    assert day_of([], NOW - DAY).known_since is None
