"""How long a command may take: what was asked for with `--timeout`, or what its customers need by the rate limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from pcreconcile.model.extras import Extra
from pcreconcile.partner_center.pacing import seconds_needed
from pcreconcile.partner_center.time_budget import DEFAULT_BUDGET, in_words
from pcreconcile.rendering.words import counted

PLANNED, APPLIED = 1, 4  # how often a customer is read: applying reads before, at its turn, at the gate and after
_MARGIN = 2  # times what the limit needs
_ROWS = 500  # customers on one page of the list
_OF_EVERY_CUSTOMER = 2  # requests against the limit of subscriptions: its own list, and one under an Azure plan

# What counts against the limit of customers, beside the customer itself.
_AMONG_CUSTOMERS = frozenset({Extra.TRANSFERS, Extra.RESELLERS, Extra.REMOVAL_RECORD})


class TimeBudget:
    """The time of one command, counted from when it is made; `beside` comes on top (`--wait`, `--lock-timeout`)."""

    def __init__(
        self,
        asked: timedelta | None = None,
        beside: timedelta = timedelta(0),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._asked = asked
        self._needed = 0.0
        self._length = DEFAULT_BUDGET if asked is None else asked
        self._ends = monotonic() + (self._length + beside).total_seconds()

    @property
    def left(self) -> timedelta:
        """What of it is left; never below zero."""
        return timedelta(seconds=max(self._ends - self._monotonic(), 0.0))

    def allow_for(self, customers: Iterable[frozenset[Extra]], readings: int = PLANNED) -> str:
        """Make room for customers, each with what is read of it beside commerce, so many times.

        Returns the line that tells about a budget longer than the default; "" where it is not, or was asked for.
        """
        wanted = list(customers)
        self._needed += seconds_needed(readings * _requests(wanted))
        length = timedelta(seconds=self._needed * _MARGIN)
        if self._asked is not None or length <= self._length:
            return ""
        self._ends += (length - self._length).total_seconds()
        self._length = length
        return (
            f"time budget: {in_words(length.total_seconds())}, twice what the service's limits need for"
            f" {counted(len(wanted), 'customer')} (--timeout sets another)"
        )

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """While a person is asked, no time of it passes."""
        began = self._monotonic()
        try:
            yield
        finally:
            self._ends += self._monotonic() - began


def _requests(customers: list[frozenset[Extra]]) -> int:
    """How many requests count against the busiest limit, pages of the list included."""
    among_customers = sum(1 + len(extras & _AMONG_CUSTOMERS) for extras in customers) + len(customers) // _ROWS + 1
    return max(among_customers, _OF_EVERY_CUSTOMER * len(customers))
