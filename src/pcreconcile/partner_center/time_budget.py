"""How long a command may take, and how long it ever waits at once: obeyed by limiter, retries, logins and pages.

A command has one time budget (design, section 12). Beside that nobody is kept for more than five minutes by a wait that
he did not ask for: where a service says to come back in a day, the read fails at once and says so.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec

from pcreconcile.model.errors import OutOfTime

DEFAULT_BUDGET = timedelta(hours=2)
LONGEST_WAIT = 300.0  # seconds

_USED_UP = "the time budget of this command is used up; give it more with --timeout, or run it again"


class Timing(msgspec.Struct, frozen=True):
    """Time and chance, so that tests move the one and fix the other. `chance` gives [0, 1).

    `ends_at` is the reading of `monotonic` at which the time budget is used up.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    ends_at: float = math.inf

    def ending_in(self, budget: timedelta) -> Timing:
        """The same, with a budget that begins now."""
        return msgspec.structs.replace(self, ends_at=self.monotonic() + budget.total_seconds())

    @property
    def left(self) -> float:
        """Seconds of the budget that are left, 0 where it is used up."""
        return max(self.ends_at - self.monotonic(), 0.0)

    def require(self, wait: float = 0.0) -> None:
        """Raises OutOfTime where the budget does not cover such a wait, in seconds."""
        if self.left <= max(wait, 0.0):
            raise OutOfTime(_USED_UP)

    def require_wait(self, wait: float, why: str = "the service asks to wait") -> None:
        """The same, and for a wait that is longer than any that nobody asked for."""
        if too_long := refused_wait(wait, why):
            raise OutOfTime(too_long, wait)
        self.require(wait)


def refused_wait(wait: float, why: str) -> str:
    """Why nobody waits so long, and when to come back; "" where the wait is short enough."""
    if wait <= LONGEST_WAIT:
        return ""
    return f"{why} for {in_words(wait)}, and nothing waits longer than {in_words(LONGEST_WAIT)}: run this again then"


def in_words(seconds: float) -> str:
    """A duration, roughly: `45 s`, `5 min`, `2 h 30 min`, `3 d 4 h`."""
    whole = int(min(seconds, 10**9))
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{count} {unit}" + (f" {rest // part} {smaller}" if rest // part else "")
    return f"{whole} s"
