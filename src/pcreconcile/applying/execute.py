"""The due actions of one customer: each is sent at most once to effect, and proven by a read.

One loop drives all of them. An action is *live* when it is not over and everything it requires is verified; the first
live one (in plan order) whose time has come is looked at: **read the target, judge, then act on what was read**. The
same look serves the first attempt, the proof after an answer, the resolution of a lost answer and the resumption of a
run that was killed, so there is one way to be right. While one result is slow, independent actions go on; requests of
one customer never overlap.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from pcreconcile.applying.audit_trail import removal_evidence
from pcreconcile.applying.conditions import Shows, changed_besides, judge, parent_of, says_gone, unmet
from pcreconcile.applying.context import RunContext
from pcreconcile.applying.history import TOO_MANY_REQUESTS
from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.ports import WriteRequest
from pcreconcile.applying.progress import Progress
from pcreconcile.applying.record import Record
from pcreconcile.applying.removal_gate import removal_gate
from pcreconcile.applying.sending import send
from pcreconcile.applying.waiting import Waiting
from pcreconcile.model.errors import Held, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import Customer
from pcreconcile.model.ids import ActionId, RequestId
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, CustomerPlan
from pcreconcile.model.run import ActionState

MOST_SENDS = 4  # of one request ID in one run, when answers keep getting lost
STALE_ETAG = "2055"  # somebody wrote between our read and our write (API facts, 2)
CHANGED = "changed"  # the error code with which the writer says that the thing is not what was read just before

READ_ERRORS = (RemoteError, NoAnswer, IncompleteRead)

# Written to services that know no idempotency key: after a lost answer a refusal may mean that it is being done.
WITHOUT_KEYS = frozenset({ActionKind.TERMINATE_DELEGATED_ACCESS, ActionKind.RETURN_RESERVATION})


class Execution:
    """Drives the steps of one customer to their ends."""

    def __init__(
        self, run: RunContext, customer: CustomerPlan, listed: Customer | None, steps: Mapping[ActionId, Progress]
    ) -> None:
        self._run = run
        self._customer = customer
        self._listed = listed
        self._steps = steps
        self._record = Record(run, customer)
        self._waiting = Waiting(run, self._record)

    async def to_the_end(self) -> None:
        """Returns when nothing is live any more; what never became live is skipped."""
        while live := self._live():
            now = self._run.clock.monotonic()
            step = next((step for step in live if step.due <= now), None)
            if step is None:
                await self._run.clock.sleep(min(step.due for step in live) - now)
            else:
                await self._look(step)
        await self.leave_alone("something it requires was not done")

    async def leave_alone(self, why: str) -> None:
        """No write any more: what is open is resolved by reading alone, the rest is skipped."""
        for step in self._steps.values():
            if step.over:
                continue
            if step.state is ActionState.PLANNED:
                self._record.skipped(step, why)
            else:
                await self._resolve_by_reading(step, why)

    def skip(self, step: Progress, why: str) -> None:
        """Leave one action undone that has not been begun."""
        self._record.skipped(step, why)

    def _live(self) -> list[Progress]:
        return [step for step in self._steps.values() if not step.over and self._unlocked(step)]

    def _unlocked(self, step: Progress) -> bool:
        required = (self._steps.get(action) for action in step.action.requires)
        return all(other is not None and other.state is ActionState.VERIFIED for other in required)

    async def _look(self, step: Progress) -> None:
        try:
            fields = await self._read(step)
        except READ_ERRORS as error:
            self._waiting.could_not_read(step, error)
            return
        shows = judge(step.action, fields)
        if shows is Shows.DONE and (changed := changed_besides(step.action, step.before, fields or {})):
            self._waiting.changed_besides(step, changed)
        elif shows is Shows.DONE:
            await self._verified(step, fields or {})
        elif step.state is ActionState.ANSWERED:
            self._waiting.not_shown_yet(step, shows)
        elif shows is Shows.UNDER_WAY and step.state is ActionState.INDETERMINATE:
            self._waiting.under_way(step)
        elif shows in {Shows.NEITHER, Shows.UNDER_WAY} or fields is None:
            self._record.stale(step, Happening.SHOWS_NEITHER, unmet(step.action.precondition, fields))
        elif self._window_closed(step):
            self._record.stale(step, Happening.WINDOW_CLOSED, f"its window closed at {step.action.window_closes_at}")
        elif step.sends >= MOST_SENDS:
            self._record.give_up(step, f"sent {step.sends} times without an answer")
        elif await self._gate_is_open(step):
            await self._send(step, fields)

    async def _read(self, step: Progress) -> Fields | None:
        target = step.action.target
        parent = parent_of(target, self._customer)
        return await self._run.service.read_item(self._customer.tenant_id, target.type, target.id, parent)

    async def _send(self, step: Progress, fields: Fields) -> None:
        request_id = self._request_id(step)
        request = self._request(step, fields, request_id)
        step.before = fields
        try:
            self._record.intent(step, request_id)
        except Held as held:
            self._hold(step, held.reason)
            return
        unsure = step.past.ambiguous
        sent = await send(self._run.service, request)
        self._record.outcome(step, request_id, sent.outcome)
        if sent.interruption is not None:
            raise sent.interruption
        if isinstance(sent.outcome, RemoteError):
            await self._after_refusal(step, sent.outcome, unsure)

    def _hold(self, step: Progress, why: str) -> None:
        """No write is begun any more. What was sent goes on to its proof: it is live as before, and read."""
        if step.state is ActionState.INDETERMINATE:
            self._record.give_up(step, f"no read shows it, and it is not sent again: {why}")
        for other in self._steps.values():
            if other.state is ActionState.PLANNED:
                self._record.skipped(other, why)

    def _request_id(self, step: Progress) -> RequestId:
        """The journalled one while nobody knows what became of it; a new one after any definite answer."""
        if step.state is ActionState.INDETERMINATE and step.past.request_id:
            return step.past.request_id
        return self._run.ids.request_id()

    def _request(self, step: Progress, fields: Fields, request_id: RequestId) -> WriteRequest:
        action = step.action
        return WriteRequest(
            kind=action.kind,
            tenant_id=self._customer.tenant_id,
            target_type=action.target.type,
            target_id=action.target.id,
            parent_id=parent_of(action.target, self._customer),
            fields=fields,
            wanted=dict(action.postcondition),
            request_id=request_id,
        )

    async def _after_refusal(self, step: Progress, error: RemoteError, unsure: bool) -> None:
        """Classified by state and not by code: what is done is done, whatever the service says about it."""
        if error.status == TOO_MANY_REQUESTS:
            self._waiting.postponed(step, error)
            return
        fields = None
        try:
            fields = await self._read(step)
            shows = judge(step.action, fields)
        except READ_ERRORS as trouble:
            if unsure:
                step.advance(Happening.NO_ANSWER, str(error))
                step.given_up = True
                return
            if says_gone(error):
                self._unread_after(step, error, trouble)
                return
            shows = Shows.NEITHER
        if shows is Shows.DONE:
            await self._verified(step, fields or {})
        elif shows is not Shows.NEITHER and _may_be_under_way(step, error):
            step.advance(Happening.NO_ANSWER, str(error))
            self._waiting.under_way(step)
        elif error.code == CHANGED:
            self._record.stale(step, Happening.CHANGED, error.message)
        elif says_gone(error):
            self._not_as_it_says(step, error, shows, fields)
        elif error.code == STALE_ETAG and shows is Shows.NOT_DONE and step.sends < MOST_SENDS:
            step.advance(Happening.POSTPONED, str(error))  # read again and decided again, under a new request ID
        else:
            step.advance(Happening.REFUSED, str(error))

    def _unread_after(self, step: Progress, error: RemoteError, trouble: Exception) -> None:
        """The service says that there is nothing to write to, and nobody can see whether that is so."""
        step.unread = True
        step.advance(
            Happening.REFUSED, f"{error.verbatim}; whether that is so could not be read: {trouble}; plan again"
        )

    def _not_as_it_says(self, step: Progress, error: RemoteError, shows: Shows, fields: Fields | None) -> None:
        """The service says that there is nothing to write to, and a read does not show what was wanted."""
        if shows is Shows.NOT_DONE:
            step.advance(Happening.REFUSED, f"{error.verbatim}; but a read shows it as it was: plan again later")
            return
        why = f"{error.verbatim}; a read shows: {unmet(step.action.postcondition, fields)}; plan again"
        self._record.stale(step, Happening.CHANGED, why)

    async def _gate_is_open(self, step: Progress) -> bool:
        if step.action.kind is not ActionKind.REMOVE_RELATIONSHIP:
            return True
        closed = await removal_gate(self._run, self._customer, self._listed, self._steps, step.action)
        if closed is None:
            return True
        if closed.happening is None:
            self._waiting.gate_could_not_read(step, closed.message)
        elif closed.happening is Happening.LEFT_ALONE and step.state is ActionState.PLANNED:
            self._record.skipped(step, closed.message)
        elif step.state is ActionState.INDETERMINATE:
            # Our own earlier request may have come through between the two looks.
            await self._resolve_by_reading(step, closed.message)
        else:
            self._record.stale(step, closed.happening, closed.message)
        return False

    async def _resolve_by_reading(self, step: Progress, why: str) -> None:
        fields = None
        try:
            fields = await self._read(step)
            shows = judge(step.action, fields)
        except READ_ERRORS as error:
            shows, why = None, f"could not be read: {error}"
        changed = changed_besides(step.action, step.before, fields or {})
        if shows is Shows.DONE and not changed:
            await self._verified(step, fields or {})
        elif step.state is ActionState.ANSWERED:
            self._record.unproven(step, changed or why)
        elif shows in {None, Shows.UNDER_WAY}:
            self._record.give_up(step, why)
        else:
            self._record.stale(step, Happening.LEFT_ALONE, why)

    async def _verified(self, step: Progress, fields: Fields) -> None:
        """Proven by a read; a removal of ours also by the service's own record, where that shows soon."""
        ours = step.action.kind is ActionKind.REMOVE_RELATIONSHIP and step.past.touched
        evidence = await removal_evidence(self._run, self._customer.tenant_id, step.past) if ours else {}
        self._record.verified(step, fields, evidence)

    def _window_closed(self, step: Progress) -> bool:
        closes = step.action.window_closes_at
        return closes is not None and closes <= self._run.clock.now()


def _may_be_under_way(step: Progress, error: RemoteError) -> bool:
    """Whether the refusal may speak of an earlier request, whose answer was lost, rather than of this one."""
    conflicts = error.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT} and error.code != CHANGED
    return conflicts and step.past.effective and step.action.kind in WITHOUT_KEYS
