"""The promise of service against the term of a new-commerce licence: kept, broken knowingly, or somebody must decide.

A month that renews by itself is let renew until the promised day. Anything longer, or what will not renew, would take
a new commitment (or an end) that no rule may choose: that is a line's to say.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import terms, trials
from pcreconcile.exits.course import INSTRUCTION, Course, last_day_needed
from pcreconcile.exits.exit import Exit, Holding, Wish, blocked, warning
from pcreconcile.model.desired import LineDesire, Refunds
from pcreconcile.model.estate import Subscription
from pcreconcile.model.plan import Notice

_BREAKING = frozenset({LineDesire.CANCEL, LineDesire.CANCEL_AT_TERM_END})


def outlasts(row: Subscription, wish: Wish) -> bool:
    """Whether service was promised beyond the present term; also where the service names no term end."""
    if wish.service_end is None:
        return False
    return row.commitment_end is None or last_day_needed(wish.service_end) > row.commitment_end.date()


def is_given_up(wish: Wish, course: Course) -> bool:
    """Whether its end comes before the promise: by a line, or for a refund that the next renewal would open.

    `refunds: require` would cancel in the window of a renewal at once, so there is no sense in letting it renew.
    """
    return wish.desire in _BREAKING or (wish.refunds is Refunds.REQUIRE and course is Course.RENEWS)


def needs_decision(holding: Holding, row: Subscription, wish: Wish, course: Course) -> bool:
    """Whether only a person can say how service goes on after the present term."""
    if not outlasts(row, wish) or is_given_up(wish, course):
        return False
    renews_monthly = course is Course.RENEWS and row.term_duration == "P1M" and not trials.is_trial(holding)
    return row.commitment_end is None or not (renews_monthly or _extends_on_purpose(row, course))


def undecided(holding: Holding, row: Subscription, until: datetime) -> Exit:
    """Nothing is written; the term end is the day by which a line must have said it."""
    end = row.commitment_end
    ends = "has no end that the service names" if end is None else f"ends on {end:%Y-%m-%d}"
    how = (
        f"its term {ends}, and service was promised until {until:%Y-%m-%d %H:%M} UTC: write cancel-at-term-end to let "
        f"service end with the term, or {_goes_on(holding)}"
    )
    found = blocked("service-until-needs-decision", holding, how, rule=INSTRUCTION)
    return Exit(blockers=found.blockers, deadlines=terms.term_ends(holding, row.commitment_end))


def _goes_on(holding: Holding) -> str:
    return "buy what follows the trial" if trials.is_trial(holding) else "renew or extend it"


def broken(holding: Holding, row: Subscription, wish: Wish, course: Course) -> tuple[Notice, ...]:
    """The warning that a promise is broken knowingly."""
    if not (outlasts(row, wish) and is_given_up(wish, course)) or row.commitment_end is None:
        return ()
    why = "a line" if wish.desire in _BREAKING else "refunds: require"
    text = f"{holding.target.name}: {why} ends it with its term on {row.commitment_end:%Y-%m-%d}, before serviceUntil"
    return (warning("service-until-broken", holding, text),)


def _extends_on_purpose(row: Subscription, course: Course) -> bool:
    """An Extended Service Term that somebody asked for goes on for as long as it is needed."""
    return course is Course.EXTENDS and terms.ends_by_itself(row, terms.EXTENDS)
