"""What a run wrote and a read has shown: the writes that `undo` speaks of, with what the kept plan said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pcreconcile.applying.kept_plans import Names, kept_plan, plan_document_of
from pcreconcile.model.ids import RunId
from pcreconcile.model.plan import ActionKind, Reversibility, Target
from pcreconcile.model.run import Event, EventKind
from pcreconcile.model.story import Written


def writes_of(run: RunId, events: Iterable[Event], documents: Callable[[str], bytes | None]) -> tuple[Written, ...]:
    """The verified writes of a run, in their order; of what it sent, also what a later run of its plan has proven.

    Raises StoreError when a kept document is damaged.
    """
    events = tuple(events)
    own = [event for event in events if event.run == run]
    names = Names(kept_plan(documents, plan_document_of(own)))
    return tuple(_written(proof, events, names) for proof in _proofs(own, events))


def _proofs(own: Sequence[Event], events: Sequence[Event]) -> Iterator[Event]:
    sent = [event for event in own if event.kind is EventKind.INTENT or _proves(event)]
    first = {event.action: event for event in reversed(sent)}
    for action in dict.fromkeys(event.action for event in sent):
        begun = first[action]
        later = (e for e in events if e.seq >= begun.seq and (e.plan, e.action) == (begun.plan, action))
        proof = next((event for event in later if _proves(event)), None)
        if proof is not None:
            yield proof


def _proves(event: Event) -> bool:
    known = event.action is not None and event.customer is not None and event.body.get("kind") in set(ActionKind)
    return event.kind is EventKind.VERIFIED and event.body.get("written") is True and known


def _written(proof: Event, events: Sequence[Event], names: Names) -> Written:
    assert proof.action is not None
    assert proof.customer is not None
    kept = names.action(proof.action)
    _, target = names.act(proof.action, [proof])
    again = _again(proof, events)
    intent = _intent(proof, events)
    return Written(
        customer=names.customer(proof.customer),
        tenant_id=proof.customer,
        action=proof.action,
        kind=ActionKind(proof.body["kind"]),
        target=target,
        at=proof.at,
        postcondition=dict(proof.body.get("postcondition") or {}),
        before=_before(proof, intent, target, names),
        reversibility=kept.reversibility if kept else _reversibility(intent),
        reversible_until=kept.reversible_until if kept else None,
        rule=kept.rule if kept else None,
        loses=kept.loses if kept else None,
        again=ActionKind(again.body["kind"]) if again else None,
        again_by=again.run if again else None,
    )


def _intent(proof: Event, events: Sequence[Event]) -> Event | None:
    mine = (e for e in reversed(events) if e.seq < proof.seq and (e.plan, e.action) == (proof.plan, proof.action))
    return next((event for event in mine if event.kind is EventKind.INTENT), None)


def _before(proof: Event, intent: Event | None, target: Target, names: Names) -> dict[str, object]:
    """As the plan saw the thing; without its document what the intent of a suspension keeps."""
    assert proof.customer is not None
    seen = names.before(proof.customer, target)
    if seen or intent is None:
        return seen
    keeps = intent.body.get("keeps") or {}
    return {**(intent.body.get("precondition") or {}), **(keeps.get(target.id) or {})}


def _reversibility(intent: Event | None) -> Reversibility | None:
    said = intent.body.get("reversibility") if intent else None
    return Reversibility(said) if said in set(Reversibility) else None


def _again(proof: Event, events: Iterable[Event]) -> Event | None:
    """The last verified write to the same thing after this one."""
    target = proof.body.get("target")
    later = [
        event
        for event in events
        if event.seq > proof.seq and event.customer == proof.customer and _proves(event)
        if event.body.get("target") == target and event.body.get("kind") != proof.body.get("kind")
    ]
    return later[-1] if later else None
