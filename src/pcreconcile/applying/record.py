"""What happens to an action, written to the journal and to its progress together, in that order."""

from __future__ import annotations

from collections.abc import Mapping

from pcreconcile.applying.context import RunContext
from pcreconcile.applying.intents import lost_with, wish_of
from pcreconcile.applying.journal import AUDIT_RECORD
from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.ports import Answer
from pcreconcile.applying.progress import FIRST_DELAY, Progress
from pcreconcile.model.errors import NoAnswer, RemoteError
from pcreconcile.model.ids import RequestId
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, CustomerPlan

# Work that the service goes on with after its yes (API facts: 4.3 removals spread, 5.7 Azure, 6.6 and 7).
GOES_ON_BY_ITSELF = frozenset(
    {
        ActionKind.CANCEL_AZURE_SUBSCRIPTION,
        ActionKind.REACTIVATE_AZURE_SUBSCRIPTION,
        ActionKind.REMOVE_RELATIONSHIP,
        ActionKind.RETURN_RESERVATION,
        ActionKind.TERMINATE_DELEGATED_ACCESS,
    }
)


class Record:
    """For the actions of one customer. Every method raises StoreError when the journal cannot take the event."""

    def __init__(self, run: RunContext, customer: CustomerPlan) -> None:
        self._run = run
        self._journal = run.journal
        self._tenant = customer.tenant_id
        self._observed = customer.observed
        self._desired = customer.desired

    def intent(self, step: Progress, request_id: RequestId) -> None:
        """Durable when it returns; only then may the request leave. Raises Held when a hold stands."""
        more = {**lost_with(step.action, self._observed), **wish_of(step.action, self._desired)}
        self._journal.intent(self._tenant, step.action, step.kept, request_id, more)
        step.past.intent(request_id, self._run.clock.now())
        step.advance(Happening.INTENT_RECORDED)
        step.sends += 1

    def outcome(self, step: Progress, request_id: RequestId, outcome: Answer | RemoteError | NoAnswer) -> None:
        """What the service said. A refusal leaves the action SENT: what it means is for a read to say.

        A yes is whatever is no error: a service may bring its own type for it.
        """
        if isinstance(outcome, RemoteError):
            self._journal.refused(self._tenant, step.action, request_id, outcome)
            step.past.refused(outcome.status)
        elif isinstance(outcome, NoAnswer):
            self._no_answer(step, request_id, outcome)
        else:
            self._answered(step, request_id, outcome)

    def verified(self, step: Progress, fields: Fields, evidence: Mapping[str, str | None]) -> None:
        """A read shows the postcondition, as `fields`; `evidence` is what else proves it."""
        ours = step.past.request_id if step.past.touched else None
        seen = {name: fields.get(name) for name in step.action.postcondition}
        self._journal.verified(self._tenant, step.kept, ours, seen, evidence)
        step.advance(Happening.SHOWS_DONE)
        step.message = "" if ours else "it was so already"
        if AUDIT_RECORD in evidence and evidence[AUDIT_RECORD] is None:
            step.message = "the service's audit records do not show it yet"

    def unproven(self, step: Progress, message: str) -> None:
        """Answered, and the wait is over: what goes on by itself is waited for again, the rest is a riddle."""
        if step.past.accepted or step.action.kind in GOES_ON_BY_ITSELF:
            self.give_up(step, message)
            return
        message = f"{message}; {_what_to_check(step)}"
        self._journal.unproven(self._tenant, step.action, step.past.request_id, message)
        step.advance(Happening.READ_TIMED_OUT, message)

    def stale(self, step: Progress, happening: Happening, message: str) -> None:
        """It no longer fits the world."""
        self._journal.stale(self._tenant, step.action, message)
        step.advance(happening, message)

    def skipped(self, step: Progress, message: str) -> None:
        """It is left alone in this run."""
        self._journal.skipped(self._tenant, step.action, message)
        step.advance(Happening.LEFT_ALONE, message)

    def give_up(self, step: Progress, message: str) -> None:
        """It stays indeterminate for this run; the next one resolves it."""
        step.given_up = True
        step.message = message

    def _answered(self, step: Progress, request_id: RequestId, answer: Answer) -> None:
        self._journal.answered(self._tenant, step.action, request_id, answer)
        step.past.answered(self._run.clock.now(), answer.correlation_id, answer.accepted)
        step.advance(Happening.ANSWERED)
        now = self._run.clock.monotonic()
        step.deadline, step.delay, step.due = now + self._run.wait_seconds, FIRST_DELAY, now

    def _no_answer(self, step: Progress, request_id: RequestId, error: NoAnswer) -> None:
        self._journal.no_answer(self._tenant, step.action, request_id, error)
        step.past.no_answer(error.correlation_id)
        step.advance(Happening.NO_ANSWER, str(error))
        step.wait_until(self._run.clock.monotonic(), self._run.wait_seconds)


def _what_to_check(step: Progress) -> str:
    target = step.action.target
    wanted = ", ".join(f"{name}: {value}" for name, value in sorted(step.action.postcondition.items()))
    traces = ", ".join(sorted(filter(None, step.past.traces)))
    asking = f", and ask the service about correlation ID {traces}" if traces else ""
    return f"check in Partner Center whether {target.type} {target.id} shows {wanted}{asking}; then apply the same plan"
