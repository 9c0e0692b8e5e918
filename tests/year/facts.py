"""What a fleet of the year holds and wants, as plain facts that the estate, the manifests and the oracle are made from.

Instants are aware UTC. `ends` is the first instant at which a thing is no longer: midnight after an inclusive end.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)

# The first run and, a day apart, all others. So late in the UTC day that whatever a UTC date allows is allowed by then.
DECISION = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    """One purchase. `window` is until when it can be cancelled, `renews` auto-renew, `told` a standing TermEnd/Cancel.

    `base` names the thing that an add-on hangs on, `azure` are the statuses of the Azure subscriptions of a plan,
    `line` is what a line of the manifest says of this thing by its ID (of an Azure plan: by its family).
    """

    kind: str
    name: str
    id: str
    starts: datetime
    term: str = ""
    ends: datetime | None = None
    window: datetime | None = None
    status: str = "active"
    renews: bool = False
    told: bool = False
    trial: bool = False
    extended: bool = False
    base: str = ""
    azure: tuple[str, ...] = ()
    returnable: bool = True
    line: str = ""
    quantity: int = 5


@dataclass(frozen=True)
class Transfer:
    """An open transfer: the names of what it moves, and when it lapses."""

    things: tuple[str, ...]
    lapses: datetime


@dataclass(frozen=True)
class Leaving:
    """The wish of one customer; days are days in the partner's zone, `settle` is in days."""

    not_before: date | None = None
    service_until: date | None = None
    deadline: date | None = None
    pace: str = "together"
    refunds: str = "prefer"
    settle: int = 0
    ends_access: bool = False


@dataclass(frozen=True)
class Customer:
    """One customer with what it holds and how it leaves. `undated`: at first nobody can know when that will be."""

    tenant: str
    name: str
    things: tuple[Thing, ...]
    leaving: Leaving
    transfer: Transfer | None = None
    gdap: bool = False
    undated: bool = False

    @property
    def domain(self) -> str:
        return f"{self.name}.onmicrosoft.com"


def midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def months_later(at: datetime, months: int) -> datetime:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}


def term_after(starts: datetime, term: str) -> datetime:
    """When a modern term that starts then is over: at midnight."""
    return midnight(months_later(starts, MONTHS[term]))


def begins(day: date) -> datetime:
    """When a day begins in the partner's zone."""
    return datetime.combine(day, time.min, tzinfo=ZONE).astimezone(UTC)


def is_over(day: date) -> datetime:
    """When a day is over in the partner's zone."""
    return begins(day + DAY)


def run_at(at: datetime) -> datetime:
    """The first daily run from that instant on."""
    late = max(at - DECISION, timedelta(0))
    return DECISION + DAY * -(-late // DAY)
