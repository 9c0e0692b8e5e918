"""How a new-commerce licence ends outside its cancellation window: in which term, and by which instruction.

The term in which it ends is the one that runs when something may first be written (`notBefore`) and service is no
longer promised. What renews before that is followed from term to term: inside the window of the last renewal it is
cancelled, otherwise the end of that term is instructed.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from pcreconcile.exits import extended_term, license_money, promises, terms, trials
from pcreconcile.exits.course import Course, course_of, last_day_needed
from pcreconcile.exits.exit import Exit, Holding, Wish, blocked
from pcreconcile.exits.instructions import WHY, WINDOW, cancel, instruct, instruction, midnight, runs
from pcreconcile.exits.renewed import Term, once_shown, shown_from
from pcreconcile.exits.spans import months_of, term_over
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.rules import Rules

OUTSIDE = "outside its cancellation window: billed"


def leave(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """The end of the present term, or of the one that it will be in by then; a person's decision where one is due."""
    course = course_of(holding, row, rules)
    if wish.service_end is not None and promises.needs_decision(holding, row, wish, course):
        return promises.undecided(holding, row, wish.service_end)
    found = _in_its_term(holding, row, course, wish, rules, now)
    return replace(found, warnings=(*found.warnings, *promises.broken(holding, row, wish, course)))


def _in_its_term(holding: Holding, row: Subscription, course: Course, wish: Wish, rules: Rules, now: datetime) -> Exit:
    due, end = _due(wish, course, now), None if row.commitment_end is None else row.commitment_end.date()
    if end is None or due <= end or course is Course.ENDS:
        return _at_this_end(holding, row, rules, now)
    months = months_of(row.term_duration)
    if course is Course.RENEWS and months is not None:
        return _after_renewing(trials.as_paid(holding), row, Term(*term_over(end, months, due)), wish, rules, now)
    if end < now.date():
        return _at_this_end(holding, row, rules, now)
    if course is Course.EXTENDS:
        return _after_extending(holding, row, end, due, wish, rules, now)
    return _unforeseen(holding, row, end)


def _at(wish: Wish, course: Course, now: datetime) -> datetime:
    """From when on it may end: something may be written, and no service is promised any more."""
    promised = wish.service_end if wish.service_end is not None and not promises.is_given_up(wish, course) else now
    return max(now, wish.start, promised)


def _due(wish: Wish, course: Course, now: datetime) -> date:
    """The UTC date that the term in which it ends has to cover."""
    first = max(now, wish.start).date()
    if wish.service_end is None or promises.is_given_up(wish, course):
        return first
    return max(first, last_day_needed(wish.service_end))


def _after_extending(
    holding: Holding, row: Subscription, end: date, due: date, wish: Wish, rules: Rules, now: datetime
) -> Exit:
    """In an Extended Service Term by then: cancelled at any time, or at the end of its month if a line says so."""
    if wish.desire is LineDesire.CANCEL_AT_TERM_END or rules.word(extended_term.RULE) != "any-time":
        month = Term(*term_over(end, 1, due))
        return _told_later(holding, row, month, max(midnight(month.first), wish.start), rules, now)
    return extended_term.leave_later(holding, row, _at(wish, Course.EXTENDS, now), wish, rules, now)


def _unforeseen(holding: Holding, row: Subscription, end: date) -> Exit:
    """Its term ends before anything may be written, and nobody can say what it is then."""
    how = f"its term ends on {end}, before anything may be written, and what its settings make of it is known only then"
    found = blocked("term-running", holding, how, rule=f"{holding.family}.{row.status}")
    return Exit(blockers=found.blockers, deadlines=terms.term_ends(holding, row.commitment_end))


def _at_this_end(holding: Holding, row: Subscription, rules: Rules, now: datetime) -> Exit:
    last = None if row.commitment_end is None else row.commitment_end.date()
    what = "a trial outside its cancellation window: it runs" if trials.is_trial(holding) else OUTSIDE
    found = runs(holding, row, rules, now, last, what)
    if trials.is_trial(holding):
        if not trials.converts(row, rules):
            return found
        step = instruct(holding, rules, now, last, trials.WHY)
    elif terms.ends_by_itself(row, instruction(holding, rules)):
        return found
    else:
        step = instruct(holding, rules, now, last, WHY)
    return replace(found, steps=(step,), deadlines=terms.term_ends(holding, row.commitment_end))


def _after_renewing(holding: Holding, row: Subscription, term: Term, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """In a term that is still to come: cancelled in its window where that is wanted, else told to end with it."""
    begins = midnight(term.first)
    shown = shown_from(term, now)
    at = max(shown, _at(wish, Course.RENEWS, now))
    ended = _told_later(holding, row, term, max(shown, wish.start), rules, now)
    closes = begins + rules.days(WINDOW)
    if at <= closes and wish.desire is not LineDesire.CANCEL_AT_TERM_END:
        ended = _cancelled_later(holding, row, term, at, wish, rules, ended)
    return once_shown(ended, holding, row, term, wish, now)


def _told_later(holding: Holding, row: Subscription, term: Term, at: datetime, rules: Rules, now: datetime) -> Exit:
    found = runs(holding, row, rules, now, term.last, "it goes on first, and is then billed")
    step = replace(instruct(holding, rules, now, term.last, WHY), not_before=at)
    return replace(found, steps=(step,), deadlines=terms.term_ends(holding, midnight(term.last)))


def _cancelled_later(
    holding: Holding, row: Subscription, term: Term, at: datetime, wish: Wish, rules: Rules, otherwise: Exit
) -> Exit:
    begins = midnight(term.first)
    step = cancel(holding, row, at, begins + rules.days(WINDOW), wish, rules)
    money = license_money.of_cancelling(holding, rules, at, begins, midnight(term.last))
    money = replace(money, lost_per_day=license_money.nothing(holding).lost_per_day)
    step = replace(step, money=money, why=f"its term goes on until {term.first}; {step.why}")
    return Exit(steps=(step,), deadlines=terms.window_closes(holding, step.closes_at), fallback=otherwise)
