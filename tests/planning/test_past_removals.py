"""What the journal knows of a removal × what the manifest wants now × what the customers list shows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcreconcile.applying import memory_from
from pcreconcile.applying.past_removals import with_wishes
from pcreconcile.model.desired import DesiredFleet, Relationship
from pcreconcile.model.ids import ActionId, PlanId, RunId
from pcreconcile.model.memory import ANSWER_STANDS, Memory, PastRemoval
from pcreconcile.model.observed import observe_items
from pcreconcile.model.plan import ActionKind, CustomerPlan
from pcreconcile.model.plan_sources import holdings_digest, memory_digests, wish_digest
from pcreconcile.model.policy import Policy
from pcreconcile.model.run import Event, EventKind
from pcreconcile.planning import plan
from tests.exits.estates import NOW, TENANT, desired, partner, shipped_rules, snapshot

THEN = NOW - timedelta(days=90)
DOCUMENT = {"customers": [{"tenantId": TENANT, "name": "hd", "desired": {"reason": "leaves", "ticket": "CHG-1"}}]}
WISH = wish_digest("leaves", "CHG-1")
YES, LOST, DONE = (
    (EventKind.ANSWERED, {"status": 200}),
    (EventKind.NO_ANSWER, {"status": 0}),
    (EventKind.VERIFIED, {"kind": ActionKind.REMOVE_RELATIONSHIP, "written": True}),
)
SEEN = (EventKind.VERIFIED, {"kind": ActionKind.REMOVE_RELATIONSHIP, "written": False})


def events(*told: tuple[EventKind, dict[str, Any]], at: datetime = THEN, **intent: Any) -> list[Event]:
    """The removal's story in one run; the intent says what versions of its day say."""
    body = {"kind": ActionKind.REMOVE_RELATIONSHIP, "target": {"type": "customer", "id": TENANT}, **intent}
    start = {"digest": "d", "planDocument": "kept"}
    parts = [(EventKind.RUN_STARTED, start), (EventKind.INTENT, body), *told]
    return [
        Event(
            seq,
            RunId("run-7"),
            PlanId("p"),
            at,
            kind,
            None if kind is EventKind.RUN_STARTED else TENANT,
            None if kind is EventKind.RUN_STARTED else ActionId("a"),
            "q",
            said,
            "",
            "",
        )
        for seq, (kind, said) in enumerate(parts, 1)
    ]


OF_TODAY = {"wish": WISH}
JOURNALS: dict[str, list[Event]] = {
    "no journal": [],
    "proven": events(YES, DONE, **OF_TODAY),
    "proven after a lost answer": events(LOST, DONE, **OF_TODAY),
    "proven, and the plan document alone says why": events(YES, DONE),
    "proven, and nothing says why": [each for each in events(YES, DONE) if each.kind is not EventKind.RUN_STARTED],
    "in flight": events(**OF_TODAY),
    "answered and not proven": events(YES, **OF_TODAY),
    "no answer": events(LOST, **OF_TODAY),
    "removed by somebody else": events(SEEN, **OF_TODAY)[:1] + events(SEEN, **OF_TODAY)[2:],
}
PROVEN = {name for name in JOURNALS if name.startswith("proven")}
SILENT = "proven, and nothing says why"

SAME: dict[str, Any] = {"reason": "leaves", "ticket": "CHG-1"}
WISHES: dict[str, dict[str, Any]] = {
    "the same": SAME,
    "the same, written in another way": {"reason": " Leaves ", "ticket": "chg-1"},
    "the same, on other days and with other labels": {**SAME, "deadline": NOW.date(), "labels": {"team": "b"}},
    "the same, under another name": {**SAME, "name": "somebody-else"},
    "another reason": {**SAME, "reason": "leaves for good"},
    "another ticket": {**SAME, "ticket": "CHG-2"},
    "no ticket": {"reason": "leaves"},
    "active": {"relationship": "active"},
    "suspended": {**SAME, "relationship": "suspended"},
    "unmanaged": {"relationship": "unmanaged"},
    "absent": {},
}
LISTS: dict[str, dict[str, Any]] = {
    "in the list": {},
    "not in the list": {"customer": {"listed": False}},
    "list incomplete": {"list": "cut off"},
}


def remembered(story: list[Event]) -> Memory:
    documents = {"kept": json.dumps(DOCUMENT).encode()}
    return with_wishes(memory_from(story, NOW), [TENANT], lambda: story, documents.get)


def planned(memory: Memory, wish: dict[str, Any], seen: dict[str, Any], now: datetime = NOW) -> CustomerPlan | None:
    fleet = DesiredFleet((desired(wish),)) if wish else DesiredFleet(())
    rules = shipped_rules()
    made = plan(fleet, snapshot(seen), memory, rules, Policy(), now, partner=partner(), tool_version="test")
    return next(iter(made.customers), None)


def expected(journal: str, wish: str, seen: str) -> str:
    relationship = WISHES[wish].get("relationship", "removed")
    if wish == "absent" or relationship == "unmanaged":
        return "not planned"
    if seen == "list incomplete":
        return "unknown"
    if seen == "not in the list":
        return {"removed": "converged", "active": "blocked", "suspended": "blocked"}[relationship]
    if relationship != "removed":
        return "converged"
    same = wish.startswith("the same") or journal == SILENT
    return "refused" if journal in PROVEN and same else "ready"


@pytest.mark.parametrize(("journal", "wish", "seen"), list(product(JOURNALS, WISHES, LISTS)))
def test_the_whole_kind(journal: str, wish: str, seen: str):
    customer = planned(remembered(JOURNALS[journal]), WISHES[wish], LISTS[seen])
    assert ("not planned" if customer is None else customer.verdict) == expected(journal, wish, seen)
    if customer is not None and customer.verdict == "refused":
        assert customer.actions == ()
        assert [blocker.code for blocker in customer.blockers] == ["came-back"]


def test_the_table_holds_every_wish():
    assert {each.get("relationship", "removed") for each in WISHES.values()} == set(Relationship)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(timedelta(0), "unknown"), (ANSWER_STANDS - timedelta(seconds=1), "unknown"), (ANSWER_STANDS, "refused")],
)
def test_a_list_that_may_be_late_is_no_return(after: timedelta, verdict: str):
    memory = remembered(events(YES, DONE, at=NOW, **OF_TODAY))
    customer = planned(memory, SAME, {}, NOW + after)
    assert customer is not None
    assert customer.verdict == verdict
    assert (customer.try_again_at == NOW + ANSWER_STANDS) is (verdict == "unknown")


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        pytest.param("the same", "unknown", id="a late answer shows what was"),
        pytest.param("something else", "refused", id="it never was like this while it was removed"),
        pytest.param(None, "unknown", id="a journal that does not say"),
    ],
)
def test_who_holds_what_it_never_held_has_come_back_whatever_the_list_s_delay(seen: str | None, verdict: str):
    held = holdings_digest(observe_items(snapshot({}).states[TENANT]))
    looks = {"the same": (held,), "something else": ("0" * 64,), None: ()}[seen]
    memory = remembered(events(YES, DONE, at=NOW, **OF_TODAY))
    (removal,) = memory.fulfilled[TENANT]
    with_looks = msgspec.structs.replace(memory, fulfilled={TENANT: (msgspec.structs.replace(removal, looks=looks),)})
    customer = planned(with_looks, SAME, {}, NOW)
    assert customer is not None
    assert (customer.verdict, customer.actions) == (verdict, ())


def test_a_second_removal_is_another_source_of_the_plan():
    """So that a kept plan of before it is stale."""
    first, second = events(YES, DONE, **OF_TODAY), events(YES, DONE, at=NOW, **OF_TODAY)
    again = [msgspec.structs.replace(each, run=RunId("run-8"), request_id="q2") for each in second]
    before, after = (memory_digests(memory_from(each, NOW), [TENANT]) for each in (first, [*first, *again]))
    assert before != after


texts = st.one_of(st.none(), st.text(max_size=8))


@given(st.tuples(texts, texts), st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_whoever_is_there_again_is_left_alone_exactly_while_its_wish_was_fulfilled(
    wish: tuple[str | None, str | None], before: list[tuple[str | None, str | None]]
):
    removals = tuple(PastRemoval(f"run-{number}", THEN, wish_digest(*each)) for number, each in enumerate(before))
    customer = planned(Memory(fulfilled={TENANT: removals}), {"reason": wish[0], "ticket": wish[1]}, {})
    assert customer is not None
    fulfilled = wish_digest(*wish) in {each.wish for each in removals}
    assert (customer.verdict == "refused", bool(customer.actions)) == (fulfilled, not fulfilled)
