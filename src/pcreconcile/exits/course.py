"""What a new-commerce licence does at the end of its term if nobody touches it (API facts, section 10)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from pcreconcile.exits import trials
from pcreconcile.exits.exit import Holding
from pcreconcile.model.estate import Subscription
from pcreconcile.model.observed import observe_schedule
from pcreconcile.model.rules import Rules

INSTRUCTION = "new-commerce-license.end-of-term-instruction"
CANCEL, RENEW, EXTEND = "TermEnd/Cancel", "TermEnd/RenewToNewTerm", "TermEnd/RenewToExtendedServiceTerm"


class Course(StrEnum):
    """How its term goes on."""

    RENEWS = "renews"  # the same again: product, quantity and term
    ENDS = "ends"
    EXTENDS = "extends"  # into a paid Extended Service Term, from month to month
    UNCLEAR = "unclear"  # it changes, or the settings contradict each other


def course_of(holding: Holding, row: Subscription, rules: Rules) -> Course:
    """What its settings say; without an explicit Cancel a paid term that does not renew is extended."""
    seen, off = observe_schedule(row.scheduled_actions) or [], row.auto_renew is False
    if (trials.is_trial(holding) and not trials.converts(row, rules)) or (off and seen == [CANCEL]):
        return Course.ENDS
    if row.auto_renew:
        return Course.RENEWS if seen in ([], [RENEW]) and not _changes(row) else Course.UNCLEAR
    if off and seen == [EXTEND]:
        return Course.EXTENDS
    if off and seen in ([], [RENEW]):  # a renewal is never applied while auto-renew is off
        return Course.EXTENDS if rules.word(INSTRUCTION) == "required" else Course.ENDS
    return Course.UNCLEAR


def last_day_needed(until: datetime) -> date:
    """The last UTC date on which a term must still run, so that everything before the instant is covered."""
    return (until - timedelta(microseconds=1)).date()


def _changes(row: Subscription) -> bool:
    return row.scheduled_next_term or any(action.changes for action in row.scheduled_actions or ())
