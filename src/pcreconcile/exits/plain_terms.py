"""Terms that end by auto-renew off alone: software subscriptions and marketplace software.

No Extended Service Term follows them, so nothing more has to be said. The term in which one ends is the one that runs
when something may first be written (`notBefore`): what renews before that is followed from term to term, and inside the
window of the last renewal it is cancelled. A term that ends before the day until which the customer was promised to
work is not told to end: a month that renews by itself goes on until the month of that day, and about a longer one
somebody has to decide.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from msgspec.structs import replace

from pcreconcile.exits import term_money, terms
from pcreconcile.exits.course import last_day_needed
from pcreconcile.exits.exit import Exit, Holding, Step, Wish, blocked, not_past, warning
from pcreconcile.exits.renewed import Term, midnight, once_shown, shown_from
from pcreconcile.exits.spans import day_after, day_before, months_of, term_over
from pcreconcile.model.desired import LineDesire, Refunds
from pcreconcile.model.estate import Subscription
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, Notice, Target
from pcreconcile.model.rules import Rules

ENDS: Fields = {"autoRenewEnabled": False}
_A_MONTH = "P1M"
_BREAKING = frozenset({LineDesire.CANCEL, LineDesire.CANCEL_AT_TERM_END})


class Plain(msgspec.Struct, frozen=True):
    """How a family words it: the rule of its term end, what goes on until then, and why auto-renew goes off.

    `besides` is what cancelling it leaves to be said.
    """

    rule: str
    what: str
    why: str
    besides: str = ""


class Cancelling(msgspec.Struct, frozen=True):
    """By which step it is cancelled (pre- and postcondition in `fields`), until when, and under which rule.

    `closes` is the last instant of the present term's window, None where it cannot be cancelled; that of a later term
    counts from the renewal, as the rule says.
    """

    kind: ActionKind
    target: Target
    fields: tuple[Fields, Fields]
    closes: datetime | None
    rule: str


class Leaving(msgspec.Struct, frozen=True):
    """One subscription that is to end, with all that decides how."""

    holding: Holding
    row: Subscription
    plain: Plain
    cancelling: Cancelling
    wish: Wish
    rules: Rules
    now: datetime

    @property
    def is_given_up(self) -> bool:
        """Whether it may end before the promise: by a line, or for the refund that its next renewal would open."""
        renews = self.wish.refunds is Refunds.REQUIRE and self.row.auto_renew is True
        return self.wish.desire in _BREAKING or renews

    @property
    def from_when(self) -> datetime:
        """From when on it may end: something may be written, and no service is promised any more."""
        promised = None if self.is_given_up else self.wish.service_end
        return max(self.now, self.wish.start, promised or self.now)


class End(msgspec.Struct, frozen=True):
    """The term in which it ends, by its last UTC date (None: the service names none); `later` is one to come."""

    last: date | None
    later: Term | None = None


def leave(leaving: Leaving) -> Exit:
    """Inside the window: cancelled. Outside: told to end, and the day after the term."""
    row, closes = leaving.row, leaving.cancelling.closes
    at = terms.cancel_instant(closes, leaving.wish, leaving.now)
    after = _run_out(leaving)
    if at is None or closes is None:
        return after
    refund = leaving.rules.word(f"{leaving.holding.family}.refund")
    money = term_money.of_cancelling(leaving.holding, refund, leaving.now, row.effective_start, row.commitment_end)
    return Exit(
        steps=(replace(_cancel(leaving, at, closes), money=money),),
        deadlines=terms.window_closes(leaving.holding, closes),
        fallback=after,
    )


def _run_out(leaving: Leaving) -> Exit:
    """In which term it ends, where somebody need not decide it, and what is to be done there."""
    end = _end_at(leaving, max(leaving.now, leaving.wish.start).date())
    if end is None:
        return _unforeseen(leaving)
    if not _breaks(leaving, end):
        return _in_term(leaving, end)
    if leaving.is_given_up:
        found = _in_term(leaving, end)
        return replace(found, warnings=(*found.warnings, _broken(leaving, end)))
    until, row = leaving.wish.service_end, leaving.row
    if until is not None and end.last is not None and row.term_duration == _A_MONTH and row.auto_renew:
        term = Term(*term_over(end.last, 1, last_day_needed(until)))
        return _in_term(leaving, End(term.last, term))
    return _undecided(leaving, end)


def _end_at(leaving: Leaving, day: date) -> End | None:
    """The end of the term that runs on that day, or of one that is over by then; None when nobody can say it."""
    row, last = leaving.row, _last_day(leaving)
    if last is None or day <= last or row.status != "active" or row.auto_renew is False:
        return End(last)
    months = months_of(row.term_duration)
    if row.auto_renew and months is not None:
        term = Term(*term_over(last, months, day))
        return End(term.last, term)
    return End(last) if last < leaving.now.date() else None


def _last_day(leaving: Leaving) -> date | None:
    """The last UTC date of the present term; the rule says whether the service names that or the day after it."""
    end = leaving.row.commitment_end
    if end is None:
        return None
    return day_before(end.date()) if leaving.rules.word(leaving.plain.rule) == "exclusive" else end.date()


def _breaks(leaving: Leaving, end: End) -> bool:
    """Whether the first day without it comes before the promise is over, or may: nobody names a term end."""
    until = leaving.wish.service_end
    if until is None or leaving.row.status != "active":
        return False
    return end.last is None or midnight(_free(leaving, end.last)) < until


def _free(leaving: Leaving, last: date) -> date:
    return not_past(day_after(last), leaving.now)


def _in_term(leaving: Leaving, end: End) -> Exit:
    if end.later is None:
        return _told(leaving, end, None)
    return _after_renewing(leaving, end, end.later)


def _told(leaving: Leaving, end: End, at: datetime | None) -> Exit:
    """Auto-renew goes off where it is on, not before `at`, and the day after the term is waited for."""
    holding, plain, ends = leaving.holding, leaving.plain, _ends_at(leaving, end)
    free = None if end.last is None else _free(leaving, end.last)
    blockers = tuple(replace(each, rule=plain.rule) for each in terms.wait_for_term_end(holding, free, plain.what))
    if terms.ends_by_itself(leaving.row, ENDS) or leaving.row.status != "active":
        return Exit(blockers=blockers)
    step = terms.instruct_step(holding, ENDS, plain.why)
    money = term_money.of_running_out(holding, leaving.now, ends)
    return Exit(
        steps=(replace(step, money=money, rule=plain.rule, not_before=at),),
        blockers=blockers,
        deadlines=terms.term_ends(holding, ends),
    )


def _after_renewing(leaving: Leaving, end: End, term: Term) -> Exit:
    """In a term that is still to come: cancelled in its window where that is wanted, else told to end with it."""
    shown = shown_from(term, leaving.now)
    found = _shown(leaving, term, _told(leaving, end, max(shown, leaving.wish.start)))
    at, closes = max(shown, leaving.from_when), _reopened_until(leaving, term)
    if at > closes or leaving.wish.desire is LineDesire.CANCEL_AT_TERM_END:
        return found
    return replace(_shown(leaving, term, _cancelled_later(leaving, term, at, closes)), fallback=found)


def _shown(leaving: Leaving, term: Term, found: Exit) -> Exit:
    return once_shown(found, leaving.holding, leaving.row, term, leaving.wish, leaving.now)


def _reopened_until(leaving: Leaving, term: Term) -> datetime:
    """The last instant of the window that the renewal opens again; never past the calendar."""
    span = leaving.rules.days(leaving.cancelling.rule)
    begins = midnight(term.first)
    return begins + span if begins <= midnight(date.max) - span else midnight(date.max)


def _cancelled_later(leaving: Leaving, term: Term, at: datetime, closes: datetime) -> Exit:
    holding = leaving.holding
    refund = leaving.rules.word(f"{holding.family}.refund")
    money = term_money.of_cancelling(holding, refund, at, midnight(term.first), midnight(term.last))
    money = replace(money, lost_per_day=term_money.of_running_out(holding, at, None).lost_per_day)
    step = _cancel(leaving, at, closes)
    step = replace(step, money=money, why=f"its term goes on until {term.first}; {step.why}")
    return Exit(steps=(step,), deadlines=terms.window_closes(holding, closes))


def _cancel(leaving: Leaving, at: datetime, closes: datetime) -> Step:
    """Cancelled inside its window, without the money."""
    way = leaving.cancelling
    step = terms.cancel_step(leaving.holding, way.kind, way.target, way.fields, at, closes, leaving.wish)
    return replace(step, rule=way.rule, why=f"{step.why}{leaving.plain.besides}")


def _undecided(leaving: Leaving, end: End) -> Exit:
    how = (
        f"its term {_ends(leaving, end)}, before the day until which the customer was promised to work; a line "
        "cancel-at-term-end lets it end then, otherwise renew it in Partner Center"
    )
    found = blocked("service-until-needs-decision", leaving.holding, how, rule=leaving.plain.rule)
    found = replace(found, deadlines=terms.term_ends(leaving.holding, _ends_at(leaving, end)))
    return found if end.later is None else _shown(leaving, end.later, found)


def _unforeseen(leaving: Leaving) -> Exit:
    """Its term ends before anything may be written, and nobody can say into what, or for how long, it renews."""
    how = "its term ends before anything may be written; how long the term after it is nobody can say before"
    found = _told(leaving, End(None), leaving.wish.start)
    return replace(
        found,
        steps=tuple(replace(step, money=replace(step.money, committed=None)) for step in found.steps),
        blockers=tuple(replace(blocker, how=how) for blocker in found.blockers),
    )


def _broken(leaving: Leaving, end: End) -> Notice:
    name = leaving.holding.target.name
    return warning(
        "service-until-broken",
        leaving.holding,
        f"{name}: it ends with its term, which {_ends(leaving, end)}, before serviceUntil",
    )


def _ends(leaving: Leaving, end: End) -> str:
    at = _ends_at(leaving, end)
    return "ends on a day that the service does not name" if at is None else f"ends on {at:%Y-%m-%d}"


def _ends_at(leaving: Leaving, end: End) -> datetime | None:
    """The term end as the service names it; that of a later term is counted."""
    return leaving.row.commitment_end if end.later is None else midnight(end.later.last)
