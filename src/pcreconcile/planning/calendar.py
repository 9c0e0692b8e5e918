"""From days in the partner's time zone to instants, and from instants to the UTC dates that a plan shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pcreconcile.model.plan import MANUAL, NOW
from pcreconcile.model.policy import Freeze

# Later than any date: what only a person can bring about.
NEVER = datetime.max.replace(tzinfo=UTC)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins in the zone."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day is over in the zone."""
    return start_of(day + timedelta(days=1), zone)


def utc_midnight(day: date) -> datetime:
    """The beginning of a UTC date."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def thaw(at: datetime, freezes: Sequence[Freeze], zone: ZoneInfo) -> datetime:
    """The first instant from `at` on that no freeze covers."""
    for freeze in sorted(freezes, key=lambda each: each.first):
        if start_of(freeze.first, zone) <= at < end_of(freeze.last, zone):
            at = end_of(freeze.last, zone)
    return at


def when_of(at: datetime, now: datetime) -> str:
    """The `when` of an action: now, a UTC date, or manual."""
    if at <= now:
        return NOW
    return MANUAL if at == NEVER else at.date().isoformat()
