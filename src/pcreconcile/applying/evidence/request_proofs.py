"""Proofs about requests: each action's took effect once, and a read has shown what came of each."""

from __future__ import annotations

from collections.abc import Iterator

from pcreconcile.applying.conditions import holds
from pcreconcile.applying.evidence.proofs import proof
from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.history import TOO_MANY_REQUESTS
from pcreconcile.model.evidence import Proof, Standing
from pcreconcile.model.ids import ActionId, PlanId, TenantId
from pcreconcile.model.run import Event, EventKind

_REQUESTS = frozenset({EventKind.INTENT, EventKind.ANSWERED, EventKind.REFUSED, EventKind.NO_ANSWER})

Key = tuple[PlanId, TenantId | None, ActionId | None]


def request_proofs(told: Told) -> Iterator[Proof]:
    """Of every run that is told, those of older journals too."""
    every = list(told.events())
    yield from proof("once", _repeated(told), "no action has more than one request that took effect")
    yield from proof("read-back", _unshown(every), "every read-back shows what was asked for")
    yield from proof("proven", _open(every), "every write that was answered is shown by a read", Standing.NOT_PROVEN)


def _repeated(told: Told) -> Iterator[str]:
    """One action, one request that takes effect: a new request ID only after a definite answer to the one before.

    What a document proved is done for good; a later document of the same plan ID may do it again.
    """
    documents = {run: start.body.get("digest") for run, start in told.starts.items()}
    owners: dict[str, Key] = {}
    last: dict[Key, Event] = {}
    done: dict[Key, object] = {}
    for event in (event for event in told.events() if event.action is not None):
        key, document = _key(event), documents.get(event.run)
        if event.kind is EventKind.INTENT:
            kind = event.body.get("kind")
            if owners.setdefault(event.request_id or "", key) != key:
                yield f"event {event.seq}: request {event.request_id} was another action's"
            if (why := _too_early(event, last.get(key))) is not None:
                yield f"event {event.seq}: {kind} was sent again, {why}"
            if key in done and done[key] == document:
                yield f"event {event.seq}: {kind} was sent again after it had been verified"
        if event.kind is EventKind.VERIFIED:
            last.pop(key, None)
            done[key] = document
        elif event.kind in _REQUESTS:
            last[key] = event


def _too_early(intent: Event, before: Event | None) -> str | None:
    if before is None or before.request_id == intent.request_id or before.kind is EventKind.REFUSED:
        return None
    if before.kind is EventKind.ANSWERED:  # an answer of an earlier run, of which nothing came, has lapsed
        return "under another request ID, after it had been answered" if before.run == intent.run else None
    return "under another request ID, while nobody knew what had become of the one before"


def _unshown(events: list[Event]) -> Iterator[str]:
    sent = {(*_key(event), event.request_id) for event in events if event.kind is EventKind.INTENT}
    for event in events:
        if event.kind is not EventKind.VERIFIED:
            continue
        body = event.body
        seen = body.get("seen", {})
        fits = isinstance(seen, dict) and seen.keys() == body.get("postcondition", {}).keys()
        if "seen" in body and not (fits and holds(body.get("postcondition", {}), seen)):
            yield f"event {event.seq}: verified, and what was read does not show it"
        if "seen" in body and not body.get("postcondition"):
            yield f"event {event.seq}: verified without anything that could be shown"
        if body.get("written") and (*_key(event), event.request_id) not in sent:
            yield f"event {event.seq}: verified as ours, and no request of ours was journalled before"
    for event in events:
        answers = event.kind in _REQUESTS and event.kind is not EventKind.INTENT
        if answers and (*_key(event), event.request_id) not in sent:
            yield f"event {event.seq}: an answer to a request that was never journalled"


def _open(events: list[Event]) -> Iterator[str]:
    """What may have taken effect and was not shown by any later read."""
    left: dict[tuple[TenantId | None, ActionId | None], Event] = {}
    intents: dict[tuple[TenantId | None, ActionId | None], Event] = {}
    for event in events:
        key = (event.customer, event.action)
        if event.kind is EventKind.INTENT:
            intents[key] = event
            left[key] = _unsure(left.get(key), event)
        elif event.kind in {EventKind.ANSWERED, EventKind.NO_ANSWER}:
            left[key] = event
        elif event.kind is EventKind.VERIFIED or _settles(event, left.get(key)):
            left.pop(key, None)
    for key, event in left.items():
        body = intents[key].body if key in intents else {}
        target = body.get("target", {})
        what = f"{body.get('kind')} {target.get('type')} {target.get('id')}"
        yield f"{what} of {event.customer}: {_WHY[event.kind]}"


def _unsure(before: Event | None, intent: Event) -> Event:
    """A request that is sent again under its ID stays as unsure as it was."""
    same_one = before is not None and before.kind is EventKind.NO_ANSWER and before.request_id == intent.request_id
    return before if same_one and before is not None else intent


def _settles(event: Event, before: Event | None) -> bool:
    """A refusal says that nothing took effect; "too many requests" says nothing of an earlier one that was lost."""
    if event.kind is not EventKind.REFUSED or before is None:
        return False
    return before.kind is not EventKind.NO_ANSWER or event.body.get("status") != TOO_MANY_REQUESTS


_WHY = {
    EventKind.INTENT: "the run was cut off with the request on its way",
    EventKind.ANSWERED: "the service said yes, and no read has shown it",
    EventKind.NO_ANSWER: "no answer came, and no read has shown it",
}


def _key(event: Event) -> Key:
    return (event.plan, event.customer, event.action)
