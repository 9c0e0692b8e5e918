"""What stands in the journal, and what never does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pcreconcile.applying import open_store, read_events
from pcreconcile.applying.texts import LONGEST_TEXT, clean
from pcreconcile.model.errors import NoAnswer, RemoteError
from pcreconcile.model.identity import canonical_json
from tests.applying.world import ONE, Desk, Microsoft, cancel, plan_of, planned, subscription

TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwcyJ9.c2lnbmF0dXJl"


def test_a_run_tells_its_story(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    receipt = desk.apply(plan)
    events = read_events(desk.journal)
    assert [str(event.kind) for event in events] == [
        "run-started",
        "customer-started",
        "looked",
        "intent",
        "answered",
        "verified",
        "looked",
        "customer-finished",
        "run-finished",
    ]
    assert {event.run for event in events} == {receipt.run}
    assert {event.plan for event in events} == {plan.plan_id}
    assert events[0].body["digest"] == plan.digest
    store = open_store(desk.journal)
    assert store.document(events[0].body["planDocument"]) == canonical_json(plan)
    looks = [msgspec.json.decode(store.document(events[n].body["document"]) or b"") for n in (2, 6)]
    assert [look["items"][0]["status"] for look in looks] == ["active", "deleted"]
    assert [events[n].body["moment"] for n in (2, 6)] == ["before", "after"]
    assert events[3].body == {
        "kind": "cancel-subscription",
        "target": {"type": "subscription", "id": "s1"},
        "effect": "takes-service",
        "precondition": {"status": "active"},
        "postcondition": {"status": "deleted"},
        "reversibility": "one-way",
        "seats": 0,
        "money": {"refund": None, "lostPerDay": None, "committed": None},
    }
    assert events[3].request_id == events[4].request_id == microsoft.requests[0].request_id
    assert events[4].body == {"status": 200, "correlationId": "trace", "accepted": False}
    assert events[5].body["seen"] == {"status": "deleted"}
    assert events[-1].body == {"exitCode": 0, "customers": {ONE: "done"}, "interruption": ""}
    assert tuple(desk.seen) == events, "the observer saw each of them"


def test_the_observer_sees_only_what_is_durable(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    durable: list[bool] = []

    class Watching(list[Any]):
        def append(self, event: Any) -> None:
            durable.append(event in read_events(desk.journal))

    desk.seen = Watching()
    desk.apply(plan)
    assert len(durable) == 9
    assert all(durable)


def test_the_intent_is_durable_before_the_request_leaves(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    known: list[str | None] = []
    microsoft.before_write = lambda _: known.extend(event.request_id for event in read_events(desk.journal))
    desk.apply(plan)
    assert microsoft.requests[0].request_id in known


@pytest.mark.parametrize("error", [RemoteError, NoAnswer])
def test_no_token_reaches_the_journal_or_the_receipt(desk: Desk, microsoft: Microsoft, error: Any):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.faults.extend([error(f"rejected: Bearer {TOKEN}", status=400)] * 4)
    receipt = desk.apply(plan)
    assert TOKEN not in repr(receipt)
    assert TOKEN.encode() not in desk.journal.read_bytes()
    assert any("rejected: [token]" in str(event.body.get("message")) for event in desk.seen)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain", "plain"),
        (f"token {TOKEN}.", "token [token]."),
        ("authorization: bearer abc.def", "authorization: [token]"),
        ("the etag eyJpZCI6Ii4uLiJ9 is no token", "the etag eyJpZCI6Ii4uLiJ9 is no token"),
        ("half \ud800 a character", "half ? a character"),
        ("x" * (LONGEST_TEXT + 1), "x" * LONGEST_TEXT),
    ],
)
def test_texts_from_outside(text: str, kept: str):
    assert clean(text) == kept
