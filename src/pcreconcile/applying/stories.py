"""Runs and their stories, from the journal's events. Pure: events and kept documents in, values out.

A run is told by its own events alone, except for what it left open: whether that was resolved, later runs of the same
plan know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pcreconcile.applying.kept_plans import Names, kept_plan, plan_document_of
from pcreconcile.model.ids import ActionId, RunId, TenantId
from pcreconcile.model.notes import Note, NoteKind, lifted_by
from pcreconcile.model.plan import Target
from pcreconcile.model.run import NO_RUN, Event, EventKind
from pcreconcile.model.story import ActionStory, CustomerStory, HoldLine, Moment, OpenEnd, RunLine, Story

Documents = Callable[[str], bytes | None]  # a kept document by its digest

_UNSURE = frozenset({EventKind.INTENT, EventKind.ANSWERED, EventKind.NO_ANSWER, EventKind.UNPROVEN})
_FRAME = frozenset({EventKind.CUSTOMER_STARTED, EventKind.CUSTOMER_FINISHED})


def runs_of(events: Iterable[Event]) -> tuple[RunLine, ...]:
    """Every run of a journal, in the order in which they began."""
    return tuple(_line(each) for run, each in _by_run(events).items() if run != NO_RUN)


def holds_of(notes: Iterable[Note]) -> tuple[HoldLine, ...]:
    """Every hold and every end of holds, in order."""
    return tuple(
        HoldLine(
            note.kind,
            note.number,
            note.at,
            note.who,
            str(note.body.get("why", "")),
            tuple(sorted(lifted_by(note))),
            note.proven or note.kind is NoteKind.HOLD,
        )
        for note in notes
        if note.kind in {NoteKind.HOLD, NoteKind.LIFT}
    )


def story_of(run: RunId, events: Iterable[Event], documents: Documents) -> Story:
    """The story of one run out of all events. Raises StoreError when a kept document is damaged."""
    events = tuple(events)
    own = [event for event in events if event.run == run]
    names = Names(kept_plan(documents, plan_document_of(own)))
    started = next((event.body for event in own if event.kind is EventKind.RUN_STARTED), {})
    return Story(
        line=_line(own),
        user=started.get("user"),
        commit=started.get("commit"),
        approved_by=tuple(str(each.get("principal")) for each in started.get("approvals") or ()),
        required=started.get("required"),
        customers=tuple(_customer(tenant, told, names) for tenant, told in _by_customer(own).items()),
        open_ends=tuple(_open_ends(own, events, names)),
        holds=tuple(_hold(event) for event in own if event.kind is EventKind.HELD),
    )


def _hold(event: Event) -> HoldLine:
    body = event.body
    return HoldLine(NoteKind.HOLD, int(body["note"]), event.at, str(body.get("who", "")), str(body.get("why", "")))


def _by_run(events: Iterable[Event]) -> dict[RunId, list[Event]]:
    found: dict[RunId, list[Event]] = {}
    for event in events:
        found.setdefault(event.run, []).append(event)
    return found


def _by_customer(events: Iterable[Event]) -> dict[TenantId, list[Event]]:
    found: dict[TenantId, list[Event]] = {}
    for event in events:
        if event.customer is not None:
            found.setdefault(event.customer, []).append(event)
    return found


def _line(events: Sequence[Event]) -> RunLine:
    first, last = events[0], events[-1]
    end = next((event for event in events if event.kind is EventKind.RUN_FINISHED), None)
    proven = [event for event in events if event.kind is EventKind.VERIFIED and event.body.get("written")]
    return RunLine(
        run=first.run,
        plan_id=first.plan,
        started_at=first.at,
        last_at=last.at,
        finished_at=end.at if end else None,
        customers=len({event.customer for event in events if event.kind is EventKind.CUSTOMER_STARTED}),
        writes=sum(event.kind is EventKind.INTENT for event in events),
        verified=len(proven),
        exit_code=end.body.get("exitCode") if end else None,
        interruption=str(end.body.get("interruption") or "") if end else "",
        resumed=bool(first.body.get("resumed")),
    )


def _customer(tenant: TenantId, events: Sequence[Event], names: Names) -> CustomerStory:
    end = next((event.body for event in reversed(events) if event.kind is EventKind.CUSTOMER_FINISHED), {})
    actions: dict[ActionId, list[Event]] = {}
    for event in events:
        if event.action is not None:
            actions.setdefault(event.action, []).append(event)
    return CustomerStory(
        tenant_id=tenant,
        name=names.customer(tenant),
        outcome=str(end.get("outcome", "")),
        message=str(end.get("message", "")),
        actions=tuple(_action(action, told, names) for action, told in actions.items()),
        notes=tuple(_moment(event) for event in events if event.action is None and event.kind not in _FRAME),
    )


def _action(action: ActionId, events: Sequence[Event], names: Names) -> ActionStory:
    kind, target = names.act(action, events)
    return ActionStory(action, kind, target, tuple(_moment(event) for event in events))


def _moment(event: Event) -> Moment:
    body = event.body
    return Moment(
        seq=event.seq,
        at=event.at,
        kind=event.kind,
        request_id=event.request_id,
        correlation_id=str(body.get("correlationId") or body.get("originalCorrelationId") or ""),
        status=body.get("status"),
        said=_said(event.kind, body),
        seen=dict(body.get("seen") or {}),
    )


def _said(kind: EventKind, body: Mapping[str, object]) -> str:
    """Words of the service, or ours; for a look its moment, for a proof by the audit records the record."""
    if kind is EventKind.LOOKED:
        return str(body.get("moment", ""))
    parts = [str(body[name]) for name in ("code", "message") if body.get(name)]
    if kind is EventKind.VERIFIED and not body.get("written"):
        parts.append("it was so already")
    if body.get("auditRecord"):
        parts.append(f"audit record {body['auditRecord']}")
    elif "auditRecord" in body:
        parts.append("no audit record found yet")
    return ": ".join(parts)


def _open_ends(own: Sequence[Event], events: Sequence[Event], names: Names) -> Iterator[OpenEnd]:
    """What was sent and neither proven nor refused when the run ended."""
    last = {event.action: event for event in own if event.action is not None}
    for action, event in last.items():
        if action is None or event.customer is None or event.kind not in _UNSURE:
            continue
        kind, target = names.act(action, [each for each in events if each.action == action])
        yield OpenEnd(
            customer=names.customer(event.customer),
            tenant_id=event.customer,
            action=action,
            what=_what(kind, target),
            state=event.kind,
            request_id=event.request_id,
            resolved_by=_resolved_by(event, events),
        )


def _what(kind: str, target: Target) -> str:
    return f"{kind} {target.name or target.id}"


def _resolved_by(left: Event, events: Iterable[Event]) -> RunId | None:
    """The run of the same plan that read how it ended, or was told no."""
    ends = (EventKind.VERIFIED, EventKind.REFUSED, EventKind.STALE)
    later = (e for e in events if e.seq > left.seq and e.plan == left.plan and e.action == left.action)
    return next((event.run for event in later if event.kind in ends), None)
