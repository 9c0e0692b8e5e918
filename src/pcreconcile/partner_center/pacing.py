"""One limiter per documented limit: 500 requests a minute and tenant for each of customers, subscriptions, orders.

A bucket starts with a reserve of 100 and refills at 400 a minute, so that no minute sees more than 500 (API facts,
section 9.3; entitlements have no published limit and get the same). A `Retry-After` pauses every caller of its bucket.
"""

from __future__ import annotations

from pcreconcile.partner_center.time_budget import LONGEST_WAIT, Timing

PUBLISHED_INTERVAL = 60.0 / 400
UNPACED = 0.0  # endpoints on this machine have no published limit; their 429 is obeyed all the same
_BELIEVED = 3  # answers in a row that ask for a pause longer than anybody waits
_RESERVE = 100 * PUBLISHED_INTERVAL

_RESOURCES = ("subscriptions", "orders", "entitlements")


def seconds_needed(requests: int) -> float:
    """How long so many requests that count against one limit take, when nothing else is slow."""
    return max(requests * PUBLISHED_INTERVAL - _RESERVE, 0.0)


def bucket_of(path: str) -> str:
    """Which limit a path below /v1 counts against."""
    parts = path.partition("?")[0].casefold().split("/")
    return next((resource for resource in _RESOURCES if resource in parts), "customers")


class Bucket:
    """One limit."""

    def __init__(self, timing: Timing, interval: float) -> None:
        self._timing = timing
        self._interval = interval
        self._next_slot = float("-inf")
        self._paused_until = float("-inf")
        self._long_pauses = 0

    async def admit(self) -> None:
        """Return when the caller may send. Raises OutOfTime, at once where it would come to that in the end."""
        self._timing.require()
        self._require_short_pause()
        ready = self._take_slot()
        while (wait := max(ready, self._paused_until) - self._timing.monotonic()) > 0:
            self._require_short_pause()
            self._timing.require(wait)
            await self._timing.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Hold every caller back for so long from now.

        A pause that nobody waits for would fail the reads of the whole fleet: one odd answer is no reason for that,
        several in a row are.
        """
        self._long_pauses += seconds > LONGEST_WAIT
        if seconds > LONGEST_WAIT and self._long_pauses < _BELIEVED:
            return
        self._paused_until = max(self._paused_until, self._timing.monotonic() + seconds)

    def admitted(self) -> None:
        """Note an answer that asks for no pause."""
        self._long_pauses = 0

    def _require_short_pause(self) -> None:
        self._timing.require_wait(self._paused_until - self._timing.monotonic(), "the service asked to be left alone")

    def _take_slot(self) -> float:
        slot = max(self._next_slot, self._timing.monotonic() - _RESERVE)
        self._next_slot = slot + self._interval
        return slot


class Buckets:
    """All limits of one partner; `interval` is the seconds between two requests of a bucket in the long run."""

    def __init__(self, timing: Timing, interval: float) -> None:
        self._timing = timing
        self._interval = interval
        self._buckets: dict[str, Bucket] = {}

    def of(self, path: str) -> Bucket:
        """The bucket that a path below /v1 counts against."""
        return self._buckets.setdefault(bucket_of(path), Bucket(self._timing, self._interval))

    def anew(self) -> Buckets:
        """As many limits again, for another service."""
        return Buckets(self._timing, self._interval)
