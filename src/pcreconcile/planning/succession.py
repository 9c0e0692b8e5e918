"""What one subscription turns into when its terms end and nobody does anything.

What a term turns into is asked of the rule pack by the family's name (`<family>.term-end`, `.cancel-window`,
`.end-of-term-instruction`, `.suspended`), so that a family of its own is projected like the shipped ones. Trade-off:
what nobody knows is left without a term end instead of being guessed, and rows that are over stay `expired`, because
sources disagree on the day on which they go.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

import msgspec
from msgspec.structs import replace

from pcreconcile.exits.spans import day_after, months_after, months_of, term_over
from pcreconcile.model.estate import ScheduledAction, Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.observed import observe_schedule
from pcreconcile.model.rules import Rules

_CANCELS = "TermEnd/Cancel"
_EXTENDING = (ScheduledAction("TermEnd", "RenewToExtendedServiceTerm"),)
_EXTENSION = "P1M"  # an Extended Service Term goes on from month to month


class _Turn(Enum):
    """What a subscription does at its term end."""

    STAYS = "stays"
    ENDS = "ends"
    RENEWS = "renews"
    EXTENDS = "extends"
    UNKNOWN = "unknown"


class _Term(msgspec.Struct, frozen=True):
    """A term: its first instant, and the commitment end as the service would name it."""

    starts: datetime
    ends: datetime


def succeeded(row: Subscription, family: Family, at: datetime, rules: Rules) -> Subscription:
    """The row as it would stand at `at` (aware UTC), however many terms have ended until then. It raises nothing."""
    over = _over(row, family, rules)
    if family is Family.UNKNOWN or over is None or over > at:
        return row
    match _turn(row, family, rules):
        case _Turn.ENDS:
            return replace(row, status="expired", auto_renew=False, cancellation_allowed_until=None)
        case _Turn.RENEWS:
            return _renewed(row, family, over, at, rules)
        case _Turn.EXTENDS:
            return _extended(row, over, at)
        case _Turn.UNKNOWN:
            return replace(row, commitment_end=None, cancellation_allowed_until=None)
    return row


def _over(row: Subscription, family: Family, rules: Rules) -> datetime | None:
    """The first instant after the term: exclusive or inclusive, as the rule `<family>.term-end` says.

    None for what names no end, and for what is billed by usage: it goes on whatever end it shows.
    """
    end = row.commitment_end
    if end is None or row.billing_type == "usage" or end.date() >= date.max - timedelta(days=1):
        return None
    if _word(rules, f"{family}.term-end") == "exclusive":
        return end
    return datetime.combine(end.date() + timedelta(days=1), time.min, tzinfo=UTC)


def _turn(row: Subscription, family: Family, rules: Rules) -> _Turn:
    """What its status, its own settings and the rules say."""
    match row.status:
        case "suspended":
            return _Turn.STAYS if _word(rules, f"{family}.suspended") == "free" else _Turn.ENDS
        case "active":
            return _renewing(row, rules) if row.auto_renew else _not_renewing(row, family, rules)
    return _Turn.STAYS


def _renewing(row: Subscription, rules: Rules) -> _Turn:
    """Auto-renew comes before every instruction (API facts, section 10)."""
    converts = not row.is_trial or _word(rules, "trial.conversion") == "auto-renew"
    return _Turn.RENEWS if converts else _Turn.ENDS


def _not_renewing(row: Subscription, family: Family, rules: Rules) -> _Turn:
    if row.auto_renew is None:
        return _Turn.UNKNOWN
    if row.is_trial or _CANCELS in (observe_schedule(row.scheduled_actions) or ()):
        return _Turn.ENDS
    instructed = _word(rules, f"{family}.end-of-term-instruction") == "required"
    return _Turn.EXTENDS if instructed else _Turn.ENDS


def _renewed(row: Subscription, family: Family, over: datetime, at: datetime, rules: Rules) -> Subscription:
    """Into the term that covers `at`, with the window that its renewal opened (rule `<family>.cancel-window`)."""
    months = _months(row, over)
    if months is None:
        return replace(row, commitment_end=None, cancellation_allowed_until=None)
    term = _covering(row, months, over, at)
    window = f"{family}.cancel-window"
    closes = term.starts + rules.days(window) if window in rules.rules else None
    return replace(
        row,
        is_trial=False,
        effective_start=term.starts,
        commitment_end=term.ends,
        cancellation_allowed_until=closes if closes is not None and closes > at else None,
        refund_options=(),
        scheduled_actions=None if row.scheduled_actions is None else (),
        scheduled_next_term=False,
        next_term=None,
    )


def _extended(row: Subscription, over: datetime, at: datetime) -> Subscription:
    """Into the month of the Extended Service Term that covers `at`; it can be cancelled until its very end."""
    term = _covering(row, 1, over, at)
    return replace(
        row,
        term_duration=_EXTENSION,
        billing_cycle="monthly",
        effective_start=term.starts,
        commitment_end=term.ends,
        cancellation_allowed_until=term.ends,
        refund_options=(),
        scheduled_actions=_EXTENDING,
        scheduled_next_term=False,
        next_term=None,
    )


def _months(row: Subscription, over: datetime) -> int | None:
    """How long a term is: as the service names it, else as long as the present one, if that is whole months."""
    if row.term_duration is not None or row.effective_start is None:
        return months_of(row.term_duration)
    first, after = row.effective_start.date(), over.date()
    counted = (after.year - first.year) * 12 + after.month - first.month
    return counted if counted > 0 and months_after(first, counted) == after else None


def _covering(row: Subscription, months: int, over: datetime, at: datetime) -> _Term:
    """The term that holds `at`, of those that follow one another from `over` on, each counted from the one before."""
    eve = (over - timedelta(days=1)).date()
    due = at.date() if at.timetz() >= over.timetz() else (at - timedelta(days=1)).date()
    first, last = term_over(eve, months, max(due, over.date()))
    starts = datetime.combine(first, over.timetz())
    ends = datetime.combine(day_after(last), over.timetz())
    if row.commitment_end is not None and over != row.commitment_end:  # an inclusive end keeps its time of day
        ends = datetime.combine(last, row.commitment_end.timetz())
    return _Term(starts, ends)


def _word(rules: Rules, name: str) -> str:
    return rules.word(name) if name in rules.rules else ""
