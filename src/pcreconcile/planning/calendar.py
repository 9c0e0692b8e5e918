"""From days in the partner's time zone to instants, and from instants to the UTC dates that a plan shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pcreconcile.model.plan import MANUAL, NOW
from pcreconcile.model.policy import Freeze

# The ends of the calendar, with room for any time zone: 9999-12-31 in a manifest means "for ever".
_FIRST = date.min + timedelta(days=1)
_LAST = date.max - timedelta(days=1)

# Later than any date: what only a person can bring about.
NEVER = datetime.max.replace(tzinfo=UTC)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins in the zone."""
    return datetime.combine(max(day, _FIRST), time.min, tzinfo=zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day is over in the zone."""
    return start_of(min(day, _LAST) + timedelta(days=1), zone)


def after(at: datetime, span: timedelta) -> datetime:
    """An instant and a span later; NEVER when the calendar ends before."""
    return at + span if span <= NEVER - at else NEVER


def utc_midnight(day: date) -> datetime:
    """The beginning of a UTC date."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def tomorrow(now: datetime) -> date:
    """The next UTC date: when something that is under way is looked at again; the last date there is has none."""
    return min(now.date(), _LAST) + timedelta(days=1)


def thaw(at: datetime, freezes: Sequence[Freeze], zone: ZoneInfo) -> datetime:
    """The first instant from `at` on that no freeze covers."""
    for freeze in sorted(freezes, key=lambda each: each.first):
        if start_of(freeze.first, zone) <= at < end_of(freeze.last, zone):
            at = end_of(freeze.last, zone)
    return at


def thaws_at(at: datetime, freezes: Sequence[Freeze], zone: ZoneInfo) -> bool:
    """Whether a freeze is over at this very instant."""
    return any(end_of(freeze.last, zone) == at for freeze in freezes)


def when_of(at: datetime, now: datetime) -> str:
    """The `when` of an action: now, a UTC date, or manual."""
    if at <= now:
        return NOW
    return MANUAL if at == NEVER else at.date().isoformat()
