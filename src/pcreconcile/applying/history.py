"""What the journal says about the actions of one plan: where a run that was cut off has to go on.

A plan ID names *what would be done*, so the same ID comes back when the same world comes back, months later: what an
earlier document of that ID proved is then history, and only what **this** document (by its digest) proved is done for
good. What nobody resolved stays open across documents: planning again after a crash must not lose a request ID.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import ActionState, Event, EventKind

TOO_MANY_REQUESTS = 429


@dataclass(slots=True)
class ActionHistory:
    """One action so far.

    `request_id` is that of the last intent. `open`: no definite answer came to it. `ambiguous`: at least one request
    under that ID went unanswered. `accepted`: the service said yes to work that goes on by itself (202). `effective`:
    some request was answered with yes, or not at all. `first_sent` is when the first intent was journalled, `traces`
    the correlation IDs of what may have taken effect, in lower case.
    """

    request_id: RequestId | None = None
    open: bool = False
    ambiguous: bool = False
    answered_at: datetime | None = None
    accepted: bool = False
    verified: bool = False
    effective: bool = False
    first_sent: datetime | None = None
    traces: frozenset[str] = frozenset()

    @property
    def touched(self) -> bool:
        """Whether a request of ours may have taken effect."""
        return self.open or self.effective or self.verified

    @property
    def state(self) -> ActionState:
        """Where a new run begins with this action."""
        if self.verified:
            return ActionState.VERIFIED
        if self.open:
            return ActionState.INDETERMINATE
        return ActionState.PLANNED if self.answered_at is None else ActionState.ANSWERED

    def intent(self, request_id: RequestId, at: datetime) -> None:
        """A request is about to leave. An earlier one under the same ID whose outcome nobody wrote down stays open."""
        self.first_sent = self.first_sent or at
        if self.open:  # a process ended between that intent and its outcome
            self.ambiguous = self.effective = True
        self.ambiguous = self.ambiguous and request_id == self.request_id
        self.request_id, self.open, self.answered_at = request_id, True, None

    def no_answer(self, trace: str) -> None:
        """Nobody knows whether the request took effect."""
        self.open = self.ambiguous = self.effective = True
        self.traces |= {trace.lower()}

    def answered(self, at: datetime, trace: str, accepted: bool) -> None:
        """The service said yes, or that it will do it (`accepted`)."""
        self.accepted = accepted
        self.traces |= {trace.lower()}
        self.open, self.ambiguous, self.effective, self.answered_at = False, False, True, at

    def refused(self, status: int) -> None:
        """The service said no. A 429 says nothing about an earlier, unanswered request under the same ID."""
        if not (self.ambiguous and status == TOO_MANY_REQUESTS):
            self.open = self.ambiguous = False


def histories(plan: Plan, events: Iterable[Event]) -> dict[ActionId, ActionHistory]:
    """Where every action of the plan stands, from the journal's events of any plan."""
    return histories_of(plan.plan_id, plan.digest, events)


def histories_of(plan: PlanId, digest: str, events: Iterable[Event]) -> dict[ActionId, ActionHistory]:
    """The same for the document of that digest, where the document itself is not at hand."""
    digests: dict[RunId, str] = {}
    found: dict[ActionId, ActionHistory] = {}
    for event in of_plan(plan, events):
        if event.kind is EventKind.RUN_STARTED:
            digests[event.run] = str(event.body.get("digest", ""))
        if event.action is not None:
            past = found.setdefault(event.action, ActionHistory())
            found[event.action] = after_event(past, event, digests.get(event.run) == digest)
    return found


def of_plan(plan: PlanId, events: Iterable[Event]) -> Iterable[Event]:
    """The events of one plan, in order."""
    return (event for event in events if event.plan == plan)


def after_event(past: ActionHistory, event: Event, of_this_document: bool) -> ActionHistory:
    """The history with one event more, changed in place, or a new one where a proof has closed it."""
    if event.kind is EventKind.INTENT:
        past.intent(RequestId(event.request_id or ""), event.at)
    elif event.kind is EventKind.NO_ANSWER:
        past.no_answer(str(event.body.get("correlationId", "")))
    elif event.kind is EventKind.ANSWERED:
        past.answered(event.at, str(event.body.get("correlationId", "")), bool(event.body.get("accepted")))
    elif event.kind is EventKind.REFUSED:
        past.refused(int(event.body.get("status", 0)))
    elif event.kind is EventKind.VERIFIED:
        return ActionHistory(verified=of_this_document or past.verified)
    return past
