"""When a read is tried again, and after how long. Writes never are: applying resolves them by reading."""

from __future__ import annotations

from http import HTTPStatus

from pcreconcile.model.errors import NoAnswer, PcreconcileError, RemoteError
from pcreconcile.partner_center.refusals import ServerFailed
from pcreconcile.partner_center.time_budget import LONGEST_WAIT, Timing

_UNANSWERED_TRIES = 4
_THROTTLED_TRIES = 10
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_WAIT_BUDGET = 900.0  # seconds that one read waits in all


class Retries:
    """The tries of one read: exponential waits with jitter, `Retry-After` to the second, both bounded."""

    def __init__(self, timing: Timing) -> None:
        self._chance = timing.chance
        self._tries = 0
        self._waited = 0.0

    def wait_after(self, error: PcreconcileError) -> float | None:
        """Seconds until the next try, or None when there is none.

        A throttled request is tried more often than an unanswered one: a full bucket empties by itself.
        """
        self._tries += 1
        throttled = isinstance(error, RemoteError) and error.status == HTTPStatus.TOO_MANY_REQUESTS
        if not throttled and not isinstance(error, NoAnswer):
            return None
        if self._tries >= (_THROTTLED_TRIES if throttled else _UNANSWERED_TRIES):
            return None
        asked = error.retry_after if isinstance(error, RemoteError | ServerFailed) else None
        wait = self._backoff() if asked is None else asked
        if wait > LONGEST_WAIT:
            return wait  # it is refused by whoever would have to wait so long
        self._waited += wait
        return wait if self._waited <= _WAIT_BUDGET else None

    def _backoff(self) -> float:
        longest = min(_FIRST_WAIT * 2.0 ** (self._tries - 1), _LONGEST_WAIT)
        return longest * (0.5 + self._chance() / 2)
