"""Events as they are written: one place for their bodies, so that no secret can slip into one.

Texts that come from the service are kept in its own words, as `texts.clean` leaves them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from pcreconcile.applying.ports import Answer, Clock, Store
from pcreconcile.applying.texts import clean
from pcreconcile.model.errors import Held, NoAnswer, RemoteError
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId, TenantId
from pcreconcile.model.notes import Note, lifted_by
from pcreconcile.model.plan import Action, Plan
from pcreconcile.model.run import NO_RUN, Event, EventDraft, EventKind

AUDIT_RECORD = "auditRecord"


class Journal:
    """Writes the events of one run and tells the observer of each one that is durable.

    `unsettled` holds the actions whose request may have left while no outcome of it is durable, `held` says why no
    further write is begun ("" while none is kept back), `sent` whether this run has begun one, and `holds_in_chain` are
    the notes about holds that the chain has.
    """

    def __init__(self, store: Store, clock: Clock, observer: Callable[[Event], None], run: RunId, plan: PlanId) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._run = run
        self._plan = plan
        self.unsettled: set[ActionId] = set()
        self.held = ""
        self.sent = False
        self.holds_in_chain: set[int] = set()
        self._begun = False

    def keep(self, content: bytes) -> str:
        """Store a document; the event that names it makes it part of the chain."""
        return self._store.keep(content)

    def run_started(self, plan: Plan, allowed: Mapping[str, Any]) -> None:
        """The document that is applied, kept whole, and `allowed`: who agreed to it and as whom it is applied."""
        self._begun = True
        kept = self.keep(canonical_json(plan))
        body = {"digest": plan.digest, "planMadeBy": plan.tool_version, "planDocument": kept, **allowed}
        self._write(EventKind.RUN_STARTED, body=body)

    def hold(self, kind: EventKind, note: Note) -> None:
        """A hold or its end, once each in the whole chain; of no run while this one has not begun."""
        if note.number in self.holds_in_chain:
            return
        body = _said(note=note.number, who=note.who, since=note.at.isoformat(), why=str(note.body.get("why", "")))
        lifted = {"lifts": sorted(lifted_by(note))} if kind is EventKind.HOLD_LIFTED else {}
        self._write(kind, body={**body, **lifted})
        self.holds_in_chain.add(note.number)

    def run_finished(self, exit_code: int | None, outcomes: Mapping[str, str], interruption: str = "") -> None:
        """The end of a run; `exit_code` is None when it was cut off."""
        body = {"exitCode": exit_code, "customers": dict(outcomes), "interruption": interruption}
        self._write(EventKind.RUN_FINISHED, body=body)

    def customer_started(self, customer: TenantId) -> None:
        """Before the first read of a customer. No name: events stay readable when names are left out of evidence."""
        self._write(EventKind.CUSTOMER_STARTED, customer=customer, body={})

    def looked(
        self, customer: TenantId, moment: str, document: str, state: str | None = None, holds: Sequence[str] = ()
    ) -> None:
        """What a customer looked like was kept as that document, and as `state` what it was planned from.

        `holds` are digests of what it held in both.
        """
        body: dict[str, Any] = {"moment": moment, "document": document} | ({"state": state} if state else {})
        body |= {"holds": list(holds)} if holds else {}
        self._write(EventKind.LOOKED, customer=customer, body=body)

    def audited(self, customer: TenantId, evidence: Mapping[str, str | None]) -> None:
        """The service's own record of an earlier removal of ours."""
        self._write(EventKind.AUDITED, customer=customer, body=_said(**evidence))

    def customer_finished(self, customer: TenantId, outcome: str, message: str) -> None:
        """How it ended."""
        self._write(EventKind.CUSTOMER_FINISHED, customer=customer, body=_said(outcome=outcome, message=message))

    def customer_stale(self, customer: TenantId, why: str) -> None:
        """The whole customer is left alone."""
        self._write(EventKind.STALE, customer=customer, body=_said(message=why))

    def intent(
        self, customer: TenantId, action: Action, kept: Action, request_id: RequestId, more: Mapping[str, Any]
    ) -> None:
        """Durable before the request leaves; `more` is what `intents` adds.

        `action` is what counts, `kept` the same in the plan file's words: where these say something else of its effect
        or weight, they are `claimed`. Raises Held when a hold stands: then nothing is written but the hold.
        """
        body = {**_act(action), **_weight(action), **more, **_claimed(action, kept)}
        try:
            self._write(EventKind.INTENT, customer=customer, action=action.id, request_id=request_id, body=body)
        except Held as held:
            self.held = held.reason
            for note in held.holds:
                self.hold(EventKind.HELD, note)
            raise
        self.sent = True
        self.unsettled.add(action.id)

    def answered(self, customer: TenantId, action: Action, request_id: RequestId, answer: Answer) -> None:
        """The service said yes."""
        body = _said(status=answer.status, correlationId=answer.correlation_id, accepted=answer.accepted)
        self._settle(EventKind.ANSWERED, customer, action, request_id, body)

    def refused(self, customer: TenantId, action: Action, request_id: RequestId, error: RemoteError) -> None:
        """The service said no, in its own words."""
        body = _said(status=error.status, code=error.code, message=error.message, correlationId=error.correlation_id)
        self._settle(EventKind.REFUSED, customer, action, request_id, body)

    def no_answer(self, customer: TenantId, action: Action, request_id: RequestId, error: NoAnswer) -> None:
        """Nobody knows."""
        body = _said(status=error.status, message=str(error), correlationId=error.correlation_id)
        self._settle(EventKind.NO_ANSWER, customer, action, request_id, body)

    def verified(
        self,
        customer: TenantId,
        action: Action,
        request_id: RequestId | None,
        seen: Mapping[str, Any],
        evidence: Mapping[str, str | None],
    ) -> None:
        """A read shows it; without a request ID it was so before we sent anything.

        `seen` are the fields of the postcondition as they were read.
        `evidence` is what else proves it: for a removal the service's audit record (null while there is none), and its
        correlation ID where that is one of ours.
        """
        body = {**_act(action), "written": request_id is not None, "seen": dict(seen), **_said(**evidence)}
        self._write(EventKind.VERIFIED, customer=customer, action=action.id, request_id=request_id, body=body)

    def unproven(self, customer: TenantId, action: Action, request_id: RequestId | None, message: str) -> None:
        """Answered, and not shown in time."""
        body = _said(message=message)
        self._write(EventKind.UNPROVEN, customer=customer, action=action.id, request_id=request_id, body=body)

    def stale(self, customer: TenantId, action: Action, message: str) -> None:
        """One action no longer fits the world."""
        self._write(EventKind.STALE, customer=customer, action=action.id, body=_said(message=message))

    def skipped(self, customer: TenantId, action: Action, message: str) -> None:
        """One action was left alone."""
        self._write(EventKind.SKIPPED, customer=customer, action=action.id, body=_said(message=message))

    def _settle(
        self, kind: EventKind, customer: TenantId, action: Action, request_id: RequestId, body: dict[str, Any]
    ) -> None:
        self._write(kind, customer=customer, action=action.id, request_id=request_id, body=body)
        self.unsettled.discard(action.id)

    def _write(
        self,
        kind: EventKind,
        *,
        body: dict[str, Any],
        customer: TenantId | None = None,
        action: ActionId | None = None,
        request_id: RequestId | None = None,
    ) -> None:
        run, plan = (self._run, self._plan) if self._begun else (NO_RUN, PlanId(""))
        draft = EventDraft(run, plan, self._clock.now(), kind, customer, action, request_id, body)
        self._observer(self._store.append(draft))


def _act(action: Action) -> dict[str, Any]:
    return {
        "kind": action.kind.value,
        "target": {"type": action.target.type, "id": action.target.id},
        "effect": action.effect.value,
        "precondition": action.precondition,
        "postcondition": action.postcondition,
    }


def _weight(action: Action) -> dict[str, Any]:
    """What the act counts against budgets, and what finance shall expect of it."""
    return {
        "reversibility": action.reversibility.value,
        "seats": action.impact.seats if action.impact is not None else 0,
        "money": msgspec.to_builtins(action.money),
    }


def _claimed(action: Action, kept: Action) -> dict[str, Any]:
    counted, said = ({**_act(each), **_weight(each)} for each in (action, kept))
    claimed = {name: value for name, value in said.items() if value != counted[name]}
    return {"claimed": claimed} if claimed else {}


def _said(**members: Any) -> dict[str, Any]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in members.items()}
