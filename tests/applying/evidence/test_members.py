"""Every member of every event that a run writes: without it, or with something else in it, no run is proven.

One hand can make the chain anew, so each journal here is whole. The table is made from what honest runs write and from
the code's own list of kinds and members: a new one is in it by itself, and fails until it is proven or listed as
carrying no proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import fields, replace

from pcreconcile.applying import open_store
from pcreconcile.applying.consent import Consent
from pcreconcile.applying.evidence import DamagedEvidence, Journalled, exit_code
from pcreconcile.applying.evidence.member_proofs import SAYS
from pcreconcile.applying.stores.bodies import BODIES
from pcreconcile.applying.stores.chain import START, seal_of, verified
from pcreconcile.model.approval import SignedApproval, signed_bytes
from pcreconcile.model.errors import StoreError
from pcreconcile.model.estate import RemovalRecord
from pcreconcile.model.notes import NoteDraft, NoteKind, standing_holds
from pcreconcile.model.plan import Plan
from pcreconcile.model.policy import ApprovalRule, Policy
from pcreconcile.model.run import Event, EventKind
from tests.applying.evidence.making import (
    APPLIER,
    Agreed,
    FakeSignatures,
    files_of,
    journalled,
    proofs_of,
    sign,
)
from tests.applying.world import (
    NOW,
    ONE,
    PARTNER,
    Desk,
    Fault,
    Microsoft,
    plan_of,
    planned,
    refusal,
    remove,
    subscription,
    suspend,
)

SIGNERS = b"ada@contoso.example KEY-A\nbo@contoso.example KEY-B\n"


class Judge(FakeSignatures):
    def require_listed(self, principal: str, signature: str) -> None:
        pass


def leaving(desk: Desk) -> Plan:
    """A customer that goes after its subscription has been suspended, which one person has approved."""
    desk.service.signed_in_as = APPLIER
    desk.service.add(ONE, subscription("sub-1"))
    first = suspend("sub-1")
    plan = plan_of(planned(desk.service, [first, remove(first)]), required=1)
    approval = Agreed(plan).approval()
    signed = SignedApproval(approval, sign("KEY-A", signed_bytes(approval)), "ada.json")
    desk.policy = Policy(approvals=ApprovalRule(required=1))
    authors = {ONE: frozenset({"dora@contoso.example"})}
    desk.consent = Consent((signed,), (), (Judge(SIGNERS),), lambda _: authors, (SIGNERS,))
    return plan


def plain(desk: Desk) -> None:
    desk.apply(leaving(desk))


def lost(desk: Desk) -> None:
    desk.service.faults.append(Fault.LOST_AFTER)
    plain(desk)


def refused(desk: Desk) -> None:
    desk.service.faults.append(refusal())
    plain(desk)


def stale(desk: Desk) -> None:
    plan = leaving(desk)
    desk.service.change(ONE, "sub-1", quantity=99)
    desk.apply(plan)


def unproven(desk: Desk) -> None:
    plan = leaving(desk)
    desk.service.faults.append(Fault.LIES)
    desk.apply(plan)
    desk.service.change(ONE, "sub-1", status="suspended")
    desk.apply(plan)


def audited(desk: Desk) -> None:
    plan = leaving(desk)
    desk.service.records.extend([None] * 100)
    desk.apply(plan)
    desk.service.records.clear()
    desk.service.removed[ONE] = RemovalRecord("record", desk.clock.now(), "trace")
    desk.apply(plan)


def held(desk: Desk) -> None:
    store = open_store(desk.journal, PARTNER)
    plan = leaving(desk)

    def hold(_: object) -> None:
        if len(desk.service.requests) == 1:
            store.note(NoteDraft(NoteKind.HOLD, NOW, "ann@desk", {"why": "incident"}))

    desk.service.before_write = hold
    desk.apply(plan)
    numbers = [each.number for each in standing_holds(store.notes())]
    store.note(NoteDraft(NoteKind.LIFT, NOW, "ann@desk", {"lifts": numbers}))
    desk.apply(plan)


STORIES: dict[EventKind, Callable[[Desk], None]] = {
    EventKind.RUN_STARTED: plain,
    EventKind.CUSTOMER_STARTED: plain,
    EventKind.LOOKED: plain,
    EventKind.INTENT: plain,
    EventKind.ANSWERED: plain,
    EventKind.VERIFIED: plain,
    EventKind.CUSTOMER_FINISHED: plain,
    EventKind.RUN_FINISHED: plain,
    EventKind.NO_ANSWER: lost,
    EventKind.REFUSED: refused,
    EventKind.SKIPPED: refused,
    EventKind.STALE: stale,
    EventKind.UNPROVEN: unproven,
    EventKind.AUDITED: audited,
    EventKind.HELD: held,
}
OF_NO_RUN = {
    EventKind.HOLD_LIFTED: "is written before a run begins, and is in no run's evidence",
    EventKind.SEALED: "belongs to the journal itself; `journal-key` and `macs` judge it",
}

REMOVED, NULL, EMPTY, OTHER_TYPE, OTHER = "removed", "null", "empty", "another type", "another value"
WORDS = "words for people: what was done does not rest on them"
TRACE = "an ID of the service's own, which only the service can confirm"
RECORD = "the service's own record is a second proof, which only the service can confirm"
LATER = "serves the next run or the way back: what was done is in the act itself, which is the plan's"
HOLD = "a hold is proven by its note, and only keeps writes from being sent"
ANY = {REMOVED, NULL, EMPTY, OTHER_TYPE, OTHER}
SPARED: dict[tuple[EventKind, str], tuple[set[str], str]] = {
    (EventKind.RUN_STARTED, "user"): ({OTHER}, "any name but an approver's: only an anchor or the key shows another"),
    (EventKind.RUN_STARTED, "approvals"): ({OTHER}, "the same approval named twice is one person's all the same"),
    (EventKind.RUN_STARTED, "approvalsFor"): (
        {NULL, EMPTY, OTHER},
        "the plan's own sorts count besides; none means all",
    ),
    (EventKind.RUN_STARTED, "allowedSignersAtBase"): ({REMOVED}, "one kept list that accepts a signature is enough"),
    (EventKind.LOOKED, "state"): (ANY, LATER),
    (EventKind.LOOKED, "holds"): (ANY, LATER),
    (EventKind.INTENT, "keeps"): ({REMOVED, NULL, EMPTY}, LATER),
    (EventKind.INTENT, "counts"): ({NULL, EMPTY}, LATER),
    (EventKind.ANSWERED, "status"): ({OTHER}, "any yes is a yes (200 to 299)"),
    (EventKind.ANSWERED, "accepted"): ({OTHER}, "how long a proof is waited for; what came of it, a read has shown"),
    (EventKind.ANSWERED, "correlationId"): ({NULL, EMPTY, OTHER}, TRACE),
    (EventKind.ANSWERED, "code"): ({OTHER}, WORDS),
    (EventKind.ANSWERED, "message"): ({OTHER}, WORDS),
    (EventKind.REFUSED, "status"): ({OTHER}, "any no is a no (300 to 599)"),
    (EventKind.REFUSED, "code"): ({EMPTY, OTHER}, WORDS),
    (EventKind.REFUSED, "message"): ({EMPTY, OTHER}, WORDS),
    (EventKind.REFUSED, "correlationId"): ({NULL, OTHER}, TRACE),
    (EventKind.NO_ANSWER, "status"): ({OTHER}, "whatever came, it was no usable answer"),
    (EventKind.NO_ANSWER, "code"): ({OTHER}, WORDS),
    (EventKind.NO_ANSWER, "message"): ({EMPTY, OTHER}, WORDS),
    (EventKind.NO_ANSWER, "correlationId"): ({NULL, OTHER}, TRACE),
    (EventKind.VERIFIED, "auditRecord"): ({NULL, EMPTY, OTHER}, RECORD),
    (EventKind.VERIFIED, "originalCorrelationId"): ({NULL, EMPTY, OTHER}, RECORD),
    (EventKind.UNPROVEN, "message"): ({EMPTY, OTHER}, WORDS),
    (EventKind.STALE, "message"): ({EMPTY, OTHER}, WORDS),
    (EventKind.SKIPPED, "message"): ({EMPTY, OTHER}, WORDS),
    (EventKind.CUSTOMER_FINISHED, "message"): ({OTHER}, WORDS),
    (EventKind.AUDITED, "auditRecord"): ({NULL, EMPTY, OTHER}, RECORD),
    (EventKind.AUDITED, "originalCorrelationId"): ({REMOVED, NULL, EMPTY, OTHER}, RECORD),
    (EventKind.HELD, "note"): ({EMPTY, OTHER}, HOLD),
    (EventKind.HELD, "who"): ({EMPTY, OTHER}, HOLD),
    (EventKind.HELD, "since"): ({EMPTY, OTHER}, HOLD),
    (EventKind.HELD, "why"): ({EMPTY, OTHER}, HOLD),
    (EventKind.HELD, "lifts"): ({OTHER_TYPE}, HOLD),
}


def changed(value: Any) -> Iterator[tuple[str, Any]]:
    """A member's value made into something else, named."""
    yield NULL, None
    yield EMPTY, {str: "", int: 0, bool: False, list: [], dict: {}}.get(type(value))
    yield OTHER_TYPE, [7] if not isinstance(value, list) else 7
    if isinstance(value, bool):
        yield OTHER, not value
    elif isinstance(value, int):
        yield OTHER, value + 1
    elif isinstance(value, list):
        yield OTHER, ["x"] if not value or isinstance(value[0], str) else [*value, *value]
    elif isinstance(value, dict):
        yield OTHER, {**value, "x": "y"}
    else:
        yield OTHER, f"{value or ''}x"


def members_of(kind: EventKind, body: dict[str, Any]) -> set[str]:
    """What the code names of a kind, and what it wrote."""
    return {each.encode_name for each in fields(BODIES[kind])} | set(SAYS[kind]) | body.keys()


def variants(kind: EventKind, body: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(member, what was done to it, the body)."""
    for member in sorted(members_of(kind, body)):
        if member in body:
            yield member, REMOVED, {name: value for name, value in body.items() if name != member}
        for how, value in changed(body.get(member)):
            if member not in body or value != body[member] or type(value) is not type(body[member]):
                yield member, how, {**body, member: value}


def chained(journal: Journalled, events: list[Event]) -> Journalled:
    """The same journal with these events, chained anew."""
    prev, made = START, []
    for seq, event in enumerate(events, start=1):
        bare = replace(event, seq=seq, prev=prev, hash="")
        made.append(replace(bare, hash=seal_of(bare)))
        prev = made[-1].hash
    return Journalled(tuple(made), journal.document)


def told(journal: Journalled) -> tuple[int, list[str]]:
    """What `verify` ends with, of the run and of the archive that is made of it, and the words of what is wrong."""
    try:
        list(verified(journal.events))
        proofs = proofs_of(files_of(journal))
    except (StoreError, DamagedEvidence) as error:
        return 1, [str(error)]
    return exit_code(proofs), [each.text for each in proofs if each.standing in {"failed", "not-proven"}]


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> dict[EventKind, Journalled]:
    made: dict[Callable[[Desk], None], Journalled] = {}
    for story in dict.fromkeys(STORIES.values()):
        desk = Desk(tmp_path_factory.mktemp(story.__name__), Microsoft())
        story(desk)
        made[story] = journalled(desk)
    return {kind: made[story] for kind, story in STORIES.items()}


def test_every_kind_of_event_has_a_story():
    assert STORIES.keys() | OF_NO_RUN.keys() == set(EventKind) == SAYS.keys()
    assert not STORIES.keys() & OF_NO_RUN.keys()


@pytest.mark.parametrize("kind", STORIES)
def test_an_honest_journal_is_proven(journals: dict[EventKind, Journalled], kind: EventKind):
    """The twin: a plain run, a resumed one, one that was refused, held, stale, or waited for something."""
    assert any(event.kind is kind for event in journals[kind].events)
    assert told(chained(journals[kind], list(journals[kind].events))) == (0, [])


@pytest.mark.parametrize("kind", STORIES)
def test_no_member_can_be_missing_or_another(journals: dict[EventKind, Journalled], kind: EventKind):
    journal = journals[kind]
    nth = next(at for at, event in enumerate(journal.events) if event.kind is kind)
    wrong, spared = [], {}
    for member, how, body in variants(kind, journal.events[nth].body):
        events = list(journal.events)
        events[nth] = replace(events[nth], body=body)
        code, texts = told(chained(journal, events))
        if code not in {0, 1, 7} or any(re.search(r"\b[A-Z][a-z]+Error\b", text) for text in texts):
            wrong.append((member, how, code, texts))
        if code == 0:
            spared.setdefault(member, set()).add(how)
    assert wrong == []
    assert spared == {member: hows for (of, member), (hows, _) in SPARED.items() if of is kind}


LEFT_ALONE = {EventKind.STALE, EventKind.SKIPPED}  # both say that nothing was sent any more, and nothing else


def moves(events: list[Event]) -> Iterator[tuple[str, list[Event]]]:
    """The events of the actions in every other order of two, one left out, one twice, one as another kind."""
    acts = [at for at, event in enumerate(events) if event.action is not None]
    for at in acts:
        name, rest = f"{events[at].kind} {at}", [*events[:at], *events[at + 1 :]]
        yield f"without {name}", rest
        yield f"{name} twice", [*events[: at + 1], *events[at:]]
        yield from (
            (f"{name} as {k}", [*rest[:at], replace(events[at], kind=k), *rest[at:]])
            for k in STORIES
            if {k, events[at].kind} != LEFT_ALONE
        )
        yield from ((f"{name} at {to}", [*rest[:to], events[at], *rest[to:]]) for to in acts)


def each_alone(events: list[Event]) -> dict[str | None, list[tuple[EventKind, int]]]:
    """What happened to each action: events of two actions may have come in either order."""
    alone: dict[str | None, list[tuple[EventKind, int]]] = {}
    for event in events:
        alone.setdefault(event.action, []).append((event.kind, event.seq if event.action else 0))
    return alone


@pytest.mark.parametrize("story", [plain, lost, held, unproven])
def test_no_other_order_of_events_is_proven(journals: dict[EventKind, Journalled], story: Callable[[Desk], None]):
    journal = journals[next(kind for kind, told_by in STORIES.items() if told_by is story)]
    honest = list(journal.events)
    others = [(name, events) for name, events in moves(honest) if each_alone(events) != each_alone(honest)]
    assert [name for name, events in others if told(chained(journal, events))[0] == 0] == []
    assert len(others) > len(honest)
