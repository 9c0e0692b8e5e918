"""What happens to an action that cannot be settled yet: it is looked at again later, and not for ever.

Delays grow from a fifth of a second to ten seconds; `--wait` bounds them, from the first one of each request.
"""

from __future__ import annotations

from pcreconcile.applying.conditions import Shows
from pcreconcile.applying.context import RunContext
from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.progress import Progress
from pcreconcile.applying.record import Record
from pcreconcile.model.errors import OutOfTime, RemoteError
from pcreconcile.model.memory import ANSWER_STANDS
from pcreconcile.model.run import ActionState


class Waiting:
    """For the actions of one customer."""

    def __init__(self, run: RunContext, record: Record) -> None:
        self._run = run
        self._record = record

    def postponed(self, step: Progress, error: RemoteError) -> None:
        """The service is busy (429): send again when it asks for that, if that is within the wait."""
        now, pause = self._now(), error.retry_after or 0.0
        if step.past.open:  # an earlier request under this ID is as unsure as before
            step.advance(Happening.NO_ANSWER, str(error))
            self._look_again(step, pause, str(error))
        elif step.too_long(now, self._run.wait_seconds, pause):
            step.advance(Happening.REFUSED, str(error))
        else:
            step.advance(Happening.POSTPONED, str(error))
            step.sends = 0
            step.wait_until(now, self._run.wait_seconds, pause)

    def not_shown_yet(self, step: Progress, shows: Shows) -> None:
        """The service said yes, and the read does not show it."""
        if shows is Shows.NOT_DONE and self._answer_lapsed(step):
            step.advance(Happening.LAPSED)
            step.past.answered_at = None
        else:
            self._wait_for_proof(step, "the service said yes, and no read has shown it yet")

    def changed_besides(self, step: Progress, what: str) -> None:
        """What was asked for shows, and something else is not as it was: looked at again, and never called done."""
        if step.state is ActionState.ANSWERED:
            self._wait_for_proof(step, what)
        else:
            self._look_again(step, 0.0, what)

    def under_way(self, step: Progress) -> None:
        """No answer came, and the thing may be on its way to what was asked for."""
        self._look_again(step, 0.0, "no answer came; it may be under way")

    def could_not_read(self, step: Progress, error: Exception) -> None:
        """Before a write that ends it for this run; afterwards reading is repeated."""
        if step.state is ActionState.PLANNED:
            self._record.skipped(step, f"could not be read: {error}")
            step.unread = True
        elif isinstance(error, OutOfTime) and error.retry_after is None:
            self._out_of_time(step, f"could not be read: {error}")
        elif step.state is ActionState.ANSWERED:
            self._wait_for_proof(step, f"the service said yes, and it could not be read: {error}")
        else:
            pause = error.retry_after if isinstance(error, RemoteError | OutOfTime) else None
            self._look_again(step, pause or 0.0, f"could not be read: {error}")

    def gate_could_not_read(self, step: Progress, message: str) -> None:
        """The whole customer could not be read before its removal."""
        if step.state is ActionState.PLANNED:
            self._record.skipped(step, f"could not be read: {message}")
            step.unread = True
        else:
            self._record.give_up(step, f"could not be read: {message}")

    def _out_of_time(self, step: Progress, message: str) -> None:
        """No later look can succeed in this run: it ends as it does when the wait is over."""
        if step.state is ActionState.ANSWERED:
            self._record.unproven(step, f"the service said yes, and it {message}")
        else:
            self._record.give_up(step, message)

    def _look_again(self, step: Progress, pause: float, message: str) -> None:
        now, wait = self._now(), self._run.wait_seconds
        if step.timed_out(now) or (pause and step.too_long(now, wait, pause)):
            self._record.give_up(step, message)
        else:
            step.wait_until(now, wait, pause)

    def _wait_for_proof(self, step: Progress, message: str) -> None:
        if step.timed_out(self._now()):
            self._record.unproven(step, message)
        else:
            step.wait_until(self._now(), self._run.wait_seconds)

    def _answer_lapsed(self, step: Progress) -> bool:
        """Only an answer of an earlier run can be too old: this run's own is still being waited for."""
        at = step.past.answered_at
        return step.sends == 0 and at is not None and self._run.clock.now() - at > max(self._run.wait, ANSWER_STANDS)

    def _now(self) -> float:
        return self._run.clock.monotonic()
