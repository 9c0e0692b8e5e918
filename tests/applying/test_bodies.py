"""Every reader of the journal's bodies, given bodies that somebody made up: a clear refusal or an answer.

The chain of such a journal is whole: who can write to it can make it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.applying.departures import departures_of
from pcreconcile.applying.evidence import AuditFile, Checks, Frame, Journalled, Judges, Wanted, evidence_of, gather
from pcreconcile.applying.evidence import of_run as select
from pcreconcile.applying.history import histories
from pcreconcile.applying.memory import memory_from
from pcreconcile.applying.spending import day_of
from pcreconcile.applying.stores.bodies import BODIES, misfit_of
from pcreconcile.applying.stores.chain import link, seal_of, verified
from pcreconcile.applying.stories import runs_of, story_of
from pcreconcile.applying.written import writes_of
from pcreconcile.model.errors import PcreconcileError, StoreError
from pcreconcile.model.evidence import EvidencePartner
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import ActionId, RunId
from pcreconcile.model.run import Event, EventDraft, EventKind
from tests.applying.world import NOW, ONE, PARTNER, Microsoft, cancel, plan_of, planned, subscription

MONEY = {"amount": "12.50", "currency": "EUR"}
TARGET = {"type": "subscription", "id": "s1"}
LOOK = b'{"items":[]}'
APPROVAL = b'{"document":{"metadata":{"name":"ann"},"spec":{}},"signature":"x"}'
SIGNERS = b"ann ssh-ed25519 AAAA"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


ACT = {"kind": "suspend-subscription", "target": TARGET, "effect": "takes-service"}
CONDITIONS = {"precondition": {"status": "active"}, "postcondition": {"status": "suspended"}}
BODY_OF: dict[EventKind, dict[str, Any]] = {
    EventKind.RUN_STARTED: {
        "digest": "d",
        "planMadeBy": "0.1",
        "planDocument": None,
        "required": 1,
        "approvalsFor": ["one-way"],
        "resumed": False,
        "approvals": [{"principal": "ann", "key": "k", "statement": "s", "document": digest(APPROVAL)}],
        "allowedSigners": digest(SIGNERS),
        "user": "bob@example.com",
        "commit": "c0ffee",
    },
    EventKind.CUSTOMER_STARTED: {},
    EventKind.LOOKED: {"moment": "before", "document": digest(LOOK)},
    EventKind.HELD: {"note": 1, "who": "ann@desk", "since": "2026-11-22T12:00:00+00:00", "why": "incident"},
    EventKind.HOLD_LIFTED: {"note": 2, "who": "ann@desk", "since": "x", "why": "", "lifts": [1]},
    EventKind.SEALED: {"events": 3, "head": "0" * 64, "who": "ann@desk"},
    EventKind.INTENT: {
        **ACT,
        **CONDITIONS,
        "reversibility": "reversible",
        "seats": 3,
        "money": {"committed": MONEY, "refund": None},
        "keeps": {"s1": {"autoRenewEnabled": True, "quantity": 3}},
        "counts": MONEY,
    },
    EventKind.ANSWERED: {"status": 200, "correlationId": "trace", "accepted": True},
    EventKind.NO_ANSWER: {"status": 0, "message": "lost", "correlationId": "trace"},
    EventKind.REFUSED: {"status": 400, "code": "1", "message": "no", "correlationId": "trace"},
    EventKind.VERIFIED: {**ACT, **CONDITIONS, "written": True, "seen": {"status": "suspended"}, "auditRecord": "r"},
    EventKind.UNPROVEN: {"message": "no read shows it"},
    EventKind.STALE: {"message": "changed"},
    EventKind.SKIPPED: {"message": "left alone"},
    EventKind.AUDITED: {"auditRecord": "r", "originalCorrelationId": "trace"},
    EventKind.CUSTOMER_FINISHED: {"outcome": "done", "message": ""},
    EventKind.RUN_FINISHED: {"exitCode": 0, "customers": {ONE: "done"}, "interruption": ""},
}
OF_ALL = {EventKind.RUN_STARTED, EventKind.RUN_FINISHED, EventKind.HELD, EventKind.HOLD_LIFTED, EventKind.SEALED}
OF_CUSTOMERS = {EventKind.CUSTOMER_STARTED, EventKind.CUSTOMER_FINISHED, EventKind.LOOKED, EventKind.AUDITED}
STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    7,
    10**30,
    1.5,
    "",
    "x",
    [],
    [1],
    [{}],
    [None],
    {},
    {"x": 1},
    {"x": {"y": []}},
)


def journal(bodies: Sequence[tuple[EventKind, dict[str, Any]]]) -> list[Event]:
    """One run whose chain is whole."""
    events: list[Event] = []
    for kind, body in bodies:
        of_action = kind not in OF_ALL | OF_CUSTOMERS
        event = Event(
            seq=len(events) + 1,
            run=RunId("run-1"),
            plan=PLAN.plan_id,
            at=NOW,
            kind=kind,
            customer=None if kind in OF_ALL else ONE,
            action=ActionId("act") if of_action else None,
            request_id="q" if of_action else None,
            body=body,
            prev=events[-1].hash if events else "",
            hash="",
        )
        events.append(replace(event, hash=seal_of(event)))
    return events


def a_plan() -> Any:
    service = Microsoft()
    service.add(ONE, subscription("s1"))
    return plan_of(planned(service, [cancel("s1")]))


PLAN = a_plan()
DOCUMENTS = {digest(content): content for content in (LOOK, APPROVAL, SIGNERS, canonical_json(PLAN))}


def documents(name: str) -> bytes | None:
    return DOCUMENTS.get(name)


def evidence(events: Sequence[Event]) -> None:
    kept = Journalled(tuple(events), documents)
    selection = select(events, "last")
    for redacted in (False, True):
        frame = Frame(EvidencePartner(PARTNER, "contoso", "custom", "UTC"), selection.subject, redacted, "0")
        files = gather(kept, Wanted(PARTNER, selection, redacted, AuditFile()))
        evidence_of(files, frame, Checks(Judges(_nobody, None), lambda _: "", "0"))


def _nobody(_: bytes) -> Any:
    raise AssertionError("no signature is looked at in these journals")


READERS: dict[str, Callable[[Sequence[Event]], object]] = {
    "memory": lambda events: memory_from(events, NOW),
    "budgets": lambda events: day_of(events, NOW),
    "resumption": lambda events: histories(PLAN, events),
    "runs": runs_of,
    "story": lambda events: story_of(RunId("run-1"), events, documents),
    "undo": lambda events: writes_of(RunId("run-1"), events, documents),
    "departures": departures_of,
    "evidence": evidence,
}


def read_by_all(events: Sequence[Event]) -> Iterator[str]:
    """What each reader raised that is no error of ours."""
    try:
        events = list(verified(events))
    except StoreError as error:
        if not any(f"({kind})" in str(error) for kind in EventKind):
            yield f"the refusal does not name the event: {error}"
        return
    for name, read in READERS.items():
        try:
            read(events)
        except PcreconcileError:
            continue
        except Exception as error:
            yield f"{name}: {type(error).__name__}: {error}"


def test_every_kind_has_a_table_and_a_row_here():
    assert set(BODIES) == set(EventKind) == set(BODY_OF)


def test_what_the_program_writes_is_read():
    """The twin: no reader is refused what is written every day."""
    for event in journal(list(BODY_OF.items())):
        assert misfit_of(event) == ""
    assert list(read_by_all(journal(list(BODY_OF.items())))) == []
    assert len(list(verified(journal([(kind, {}) for kind in (EventKind.INTENT, EventKind.VERIFIED)])))) == 2


def changed(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with each member missing or strange, on every level."""
    for name, value in body.items():
        yield {other: kept for other, kept in body.items() if other != name}
        yield from ({**body, name: strange} for strange in STRANGE)
        if isinstance(value, dict):
            yield from ({**body, name: inner} for inner in changed(value))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from ({**body, name: [inner]} for inner in changed(value[0]))


@pytest.mark.parametrize("kind", EventKind)
def test_no_reader_stumbles_over_a_body_that_somebody_made_up(kind: EventKind):
    wrong = []
    for body in (*changed(BODY_OF[kind]), {}, {"x": 1}):
        bodies = [(each, body if each is kind else ordinary) for each, ordinary in BODY_OF.items()]
        wrong += [f"{body}: {told}" for told in read_by_all(journal(bodies))]
    assert wrong == []


@given(st.lists(st.sampled_from([*EventKind]), min_size=1, max_size=12), st.data())
@settings(max_examples=150, deadline=None)
def test_no_reader_stumbles_over_any_order_of_events(kinds: list[EventKind], data: st.DataObject):
    json = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda s: st.lists(s, max_size=2)
    )
    bodies = []
    for kind in kinds:
        body = dict(BODY_OF[kind])
        if body and data.draw(st.booleans()):
            body[data.draw(st.sampled_from(sorted(body)))] = data.draw(json)
        bodies.append((kind, body))
    assert list(read_by_all(journal(bodies))) == []


NAMED = {
    "a plan that is not there": {"planDocument": "0" * 64},
    "an approval that is not there": {"approvals": [{"principal": "ann", "key": "k", "document": "0" * 64}]},
    "signers that are not there": {"allowedSigners": "0" * 64},
}


@pytest.mark.parametrize("name", NAMED)
def test_a_document_that_is_missing_is_named(name: str):
    bodies = [(k, {**b, **NAMED[name]} if k is EventKind.RUN_STARTED else b) for k, b in BODY_OF.items()]
    with pytest.raises(StoreError, match=f"does not have document {'0' * 64}, which an event names"):
        evidence(journal(bodies))


def test_a_refusal_names_event_and_member():
    with pytest.raises(StoreError, match=r"event 1 \(run-started\) does not say .*`key`.*approvals\[0\]"):
        list(verified(journal([(EventKind.RUN_STARTED, {"approvals": [{"principal": "ann"}]})])))


def test_what_could_not_be_read_again_is_never_written():
    bad = EventDraft(RunId("r"), PLAN.plan_id, NOW, EventKind.REFUSED, ONE, ActionId("a"), "q", {"status": "x"})
    with pytest.raises(StoreError, match=r"cannot be written to the journal: event 1 \(refused\)"):
        link(bad, 1, "")
