"""The stories of single actions: every request with what came of it, and the read that proves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.journal import AUDIT_RECORD
from pcreconcile.model.evidence import ActionStory, RequestStory
from pcreconcile.model.ids import ActionId, RequestId, RunId, TenantId
from pcreconcile.model.plan import Action, ActionMoney, Target
from pcreconcile.model.run import ActionState, Event, EventKind

_STATES = {
    EventKind.INTENT: ActionState.SENT,
    EventKind.ANSWERED: ActionState.ANSWERED,
    EventKind.REFUSED: ActionState.FAILED,
    EventKind.NO_ANSWER: ActionState.INDETERMINATE,
    EventKind.VERIFIED: ActionState.VERIFIED,
    EventKind.UNPROVEN: ActionState.UNPROVEN,
    EventKind.STALE: ActionState.STALE,
    EventKind.SKIPPED: ActionState.SKIPPED,
}


@dataclass(slots=True)
class _Telling:
    act: dict[str, Any]
    state: ActionState = ActionState.PLANNED
    requests: list[RequestStory] = field(default_factory=list)
    verified_at: datetime | None = None
    seen: dict[str, Any] | None = None
    written: bool = False
    message: str = ""
    record: str | None = None

    def enter(self, event: Event) -> None:
        self.state = _STATES.get(event.kind, self.state)
        self.message = str(event.body.get("message", ""))
        if event.kind in {EventKind.INTENT, EventKind.VERIFIED}:
            self.act |= event.body
        if event.kind is EventKind.INTENT:
            self.requests.append(RequestStory(RequestId(event.request_id or ""), event.at))
        elif event.kind in {EventKind.ANSWERED, EventKind.REFUSED, EventKind.NO_ANSWER}:
            self._answer(event)
        elif event.kind is EventKind.VERIFIED:
            self.verified_at, self.seen = event.at, event.body.get("seen")
            self.written, self.record = bool(event.body.get("written")), event.body.get(AUDIT_RECORD)

    def _answer(self, event: Event) -> None:
        for at, request in enumerate(self.requests):
            if request.request_id == event.request_id and request.answered_at is None:
                self.requests[at] = _answered(request, event)
                return


def action_stories(told: Told, tenant: TenantId, events: Sequence[Event]) -> Iterator[ActionStory]:
    """One for each action in each run that came to it, in the order of the journal."""
    found: dict[tuple[RunId, ActionId], _Telling] = {}
    planned = {run: _actions(told, tenant, run) for run in dict.fromkeys(event.run for event in events)}
    for event in events:
        if event.action is None:
            continue
        key = (event.run, event.action)
        if key not in found:
            action = planned[event.run].get(event.action)
            found[key] = _Telling(_as_planned(action) if action is not None else {})
        found[key].enter(event)
    records = _later_records(events)
    for (run, action_id), telling in found.items():
        name = planned[run].get(action_id)
        yield _story(run, action_id, telling, name.target.name if name is not None else "", records)


def _later_records(events: Sequence[Event]) -> str | None:
    """The audit record of a removal that a later run found."""
    found = [event.body.get(AUDIT_RECORD) for event in events if event.kind is EventKind.AUDITED]
    return next((str(record) for record in found if record), None)


def _story(run: RunId, action: ActionId, told: _Telling, name: str, later: str | None) -> ActionStory:
    act = told.act
    target = act.get("target", {})
    removal = act.get("kind") == "remove-relationship"
    return ActionStory(
        run=run,
        action=action,
        kind=str(act.get("kind", "")),
        target=Target(str(target.get("type", "")), str(target.get("id", "")), name),
        state=told.state,
        effect=str(act.get("effect", "")),
        reversibility=str(act.get("reversibility", "")),
        seats=act.get("seats"),
        money=msgspec.convert(act.get("money") or {}, ActionMoney),
        precondition=act.get("precondition", {}),
        postcondition=act.get("postcondition", {}),
        seen=told.seen,
        requests=tuple(told.requests),
        verified_at=told.verified_at,
        written=told.written,
        message=told.message,
        audit_record=told.record or (later if removal and told.state is ActionState.VERIFIED else None),
    )


def _answered(request: RequestStory, event: Event) -> RequestStory:
    body = event.body
    answer = "accepted" if event.kind is EventKind.ANSWERED and body.get("accepted") else event.kind.value
    return msgspec.structs.replace(
        request,
        answer=answer,
        answered_at=event.at,
        status=int(body.get("status") or 0),
        correlation_id=str(body.get("correlationId") or ""),
        code=str(body.get("code") or ""),
        message=str(body.get("message") or ""),
    )


def _actions(told: Told, tenant: TenantId, run: RunId) -> dict[ActionId, Action]:
    kept = told.plan_of(run)
    if kept is None:
        return {}
    return {a.id: a for customer in kept.plan.customers if customer.tenant_id == tenant for a in customer.actions}


def _as_planned(action: Action) -> dict[str, Any]:
    act: dict[str, Any] = msgspec.to_builtins(action)
    act["seats"] = action.impact.seats if action.impact is not None else 0
    return act
