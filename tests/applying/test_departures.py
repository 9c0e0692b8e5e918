"""Who left by our hand, and what should come back from it: told as short stories of events."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pcreconcile.applying.departures import departures_of
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId, TenantId
from pcreconcile.model.memory import Credit, Departure
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.run import Event, EventKind
from tests.applying.world import NOW, ONE, tenant

REMOVE, CANCEL, SUSPEND = (
    ActionKind.REMOVE_RELATIONSHIP,
    ActionKind.CANCEL_SUBSCRIPTION,
    ActionKind.SUSPEND_SUBSCRIPTION,
)
MINUTE = timedelta(minutes=1)
EUR = {"amount": "12.50", "currency": "EUR"}


class Story:
    """Events a minute apart."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.run = "r1"

    @property
    def at(self) -> datetime:
        return NOW + len(self.events) * MINUTE

    def tell(
        self, event: EventKind, kind: ActionKind | None = None, target: str = "s1", who: TenantId = ONE, **body: Any
    ) -> Story:
        if kind is not None:
            body = {"kind": kind.value, "target": {"type": "subscription", "id": target}} | body
        action = None if kind is None else ActionId(f"{kind} {target}")
        seq = len(self.events) + 1
        told = (self.at, event, who, action, RequestId("q"), body, "", "")
        self.events.append(Event(seq, RunId(self.run), PlanId("p"), *told))
        return self

    def done(self, kind: ActionKind, target: str = "s1", trace: str = "T-1", **intent: Any) -> Story:
        self.tell(EventKind.INTENT, kind, target, **intent)
        self.tell(EventKind.ANSWERED, kind, target, correlationId=trace)
        return self.tell(EventKind.VERIFIED, kind, target, written=True)

    @property
    def departures(self) -> dict[TenantId, Departure]:
        return departures_of(self.events)


def refund(money: Any) -> dict[str, Any]:
    return {"money": {"refund": money, "lostPerDay": None, "committed": None}}


def test_a_proven_removal_is_a_departure():
    story = Story().done(REMOVE)
    assert story.departures == {ONE: Departure(ONE, "r1", NOW, NOW + 2 * MINUTE, None, ("t-1",))}


@pytest.mark.parametrize(
    "tellings",
    [
        [],
        [(EventKind.INTENT, {})],
        [(EventKind.INTENT, {}), (EventKind.ANSWERED, {})],
        [(EventKind.INTENT, {}), (EventKind.REFUSED, {"status": 400})],
        [(EventKind.INTENT, {}), (EventKind.NO_ANSWER, {})],
        [(EventKind.VERIFIED, {"written": False})],
    ],
)
def test_what_is_not_proven_or_not_ours_is_none(tellings: list[Any]):
    story = Story()
    for kind, body in tellings:
        story.tell(kind, REMOVE, **body)
    assert story.departures == {}


def test_a_lost_answer_leaves_its_trace_and_the_first_instant():
    story = Story().tell(EventKind.INTENT, REMOVE).tell(EventKind.NO_ANSWER, REMOVE, correlationId="LOST")
    story.run = "r2"
    story.done(REMOVE, trace="")
    (found,) = story.departures.values()
    assert (found.run, found.sent_at, found.traces) == ("r2", NOW, ("lost",))


@pytest.mark.parametrize(
    ("verified", "audited", "record"),
    [
        ({}, None, None),
        ({"auditRecord": None}, None, None),
        ({"auditRecord": "a"}, None, "a"),
        ({"auditRecord": None}, {"auditRecord": "later"}, "later"),
    ],
)
def test_the_audit_record_is_that_of_the_proof_or_of_a_later_look(verified: Any, audited: Any, record: str | None):
    story = Story().tell(EventKind.INTENT, REMOVE).tell(EventKind.VERIFIED, REMOVE, written=True, **verified)
    if audited is not None:
        story.tell(EventKind.AUDITED, **audited)
    assert story.departures[ONE].audit_record == record


def test_an_audit_record_of_another_customer_changes_nothing():
    story = Story().done(REMOVE).tell(EventKind.AUDITED, who=tenant(2), auditRecord="x")
    assert (list(story.departures), story.departures[ONE].audit_record) == ([ONE], None)


@pytest.mark.parametrize(
    ("kind", "intent", "amounts"),
    [
        (CANCEL, refund(EUR), [Money(Decimal("12.50"), "EUR")]),
        (CANCEL, refund(None), [None]),
        (CANCEL, {}, [None]),  # a journal of before says nothing of money
        (CANCEL, refund({"amount": "0.00", "currency": "EUR"}), []),
        (SUSPEND, refund(None), []),
        (SUSPEND, {}, []),
        (SUSPEND, refund(EUR), [Money(Decimal("12.50"), "EUR")]),
    ],
)
def test_credits_are_what_verified_writes_should_bring_back(kind: ActionKind, intent: Any, amounts: list[Any]):
    story = Story().done(kind, **intent).done(REMOVE, ONE)
    credits = story.departures[ONE].credits
    assert credits == tuple(Credit("subscription s1", NOW + 2 * MINUTE, amount) for amount in amounts)


def test_credits_are_collected_across_runs():
    story = Story().done(CANCEL, "s1", **refund(EUR))
    story.run = "r2"
    story.done(CANCEL, "s2", **refund(EUR)).done(REMOVE, ONE)
    assert [credit.target for credit in story.departures[ONE].credits] == ["subscription s1", "subscription s2"]


def test_a_write_that_was_not_proven_brings_nothing_back():
    story = Story().tell(EventKind.INTENT, CANCEL, **refund(EUR)).tell(EventKind.ANSWERED, CANCEL).done(REMOVE, ONE)
    assert story.departures[ONE].credits == ()


def test_ending_delegated_access_afterwards_is_part_of_leaving():
    story = Story().done(REMOVE, ONE).done(ActionKind.TERMINATE_DELEGATED_ACCESS, "g")
    assert list(story.departures) == [ONE]


def test_whoever_we_wrote_to_since_was_ours_again_and_leaves_anew_without_the_old_credits():
    story = Story().done(CANCEL, **refund(EUR)).done(REMOVE, ONE).done(SUSPEND, "s2")
    assert story.departures == {}
    story.done(REMOVE, ONE)
    assert story.departures[ONE].credits == ()
