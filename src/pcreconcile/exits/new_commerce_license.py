"""New-commerce licences: cancel inside the window, else let the term end with an explicit instruction.

Suspending is never part of leaving: the partner goes on being billed and the relationship stays blocked
(rule new-commerce-license.suspended). Auto-renew off alone is not an end either: without an explicit Cancel the
subscription slides into a paid Extended Service Term (rule new-commerce-license.end-of-term-instruction).

How a term ends is in `ending.py`, what was promised in `promises.py`, Extended Service Terms in `extended_term.py`,
trials in `trials.py`, what dunning left suspended in `rescue.py`, the money in `license_money.py`.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import (
    add_ons,
    comparison,
    ending,
    extended_price,
    extended_term,
    instructions,
    license_money,
    licenses,
    renewing,
    rescue,
    terms,
    trials,
)
from pcreconcile.exits.course import INSTRUCTION, Course, course_of
from pcreconcile.exits.exit import Evidence, Exit, Holding, Serve, Step, Wish, blocked, nothing
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.keeping import keeping, lost_by_suspending
from pcreconcile.exits.ruled import as_ruled
from pcreconcile.exits.spans import day_before
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, Effect, Reversibility
from pcreconcile.model.rules import Rules

FAMILY = Family.NEW_COMMERCE_LICENSE
ASKED = 50
PLACE = 50
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = False
PRODUCT_TYPE = "onlineservicesnce"
PRODUCT_PREFIX = "CFQ7TTC0"


def recognise(subject: Subject) -> Evidence | None:
    """By productType, else by the product ID of the offer (API facts, 5.3)."""
    return terms.recognised(subject, PRODUCT_TYPE, PRODUCT_PREFIX)


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Inside the window: cancel. Outside: the instruction to cancel at term end, and the date after it.

    In an Extended Service Term: cancel at any time.
    """
    row = licenses.row_of(holding)
    rule = f"{FAMILY}.{row.status}"
    decided = terms.decided_by_status(holding, row, rule, rules)
    if decided is not None:
        return decided
    if extended_term.ends_at_any_time(holding, wish, rules):
        return extended_term.leave(holding, row, wish, rules, now)
    return as_ruled(_end(holding, row, wish, rules, now), rule, rules)


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend: users lose access, the partner goes on paying, auto-renew and scheduled changes are lost.

    While it can still be cancelled, the plan compares; what is suspended already is rescued before its term ends.
    """
    row = licenses.row_of(holding)
    if row.status == "suspended":
        return rescue.pause(holding, row, wish, rules, now)
    end = None if row.commitment_end is None else row.commitment_end.date()
    lost = "billing goes on; auto-renew and scheduled changes are lost"
    found = licenses.suspend_alone(holding, Reversibility.LOSSY, lost)
    if found.steps and add_ons.follows_its_base(holding, rules):
        return nothing()
    money = license_money.of_running_out(holding, rules, now, end)
    known = {"reversible_until": end, "data_until": instructions.data_until(end, rules)}
    loses, rule = lost_by_suspending(row), f"{FAMILY}.suspended"
    steps = tuple(replace(step, money=money, rule=rule, loses=loses, **known) for step in found.steps)
    compared = comparison.cancel_or_suspend(holding, row, rules, now) if steps else ()
    return replace(found, steps=steps, warnings=(*found.warnings, *compared))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Reactivate; auto-renew and scheduled changes do not come back by themselves."""
    found = licenses.reactivate(holding, wish)
    after, money = add_ons.after_its_base(holding, rules), license_money.nothing(holding)
    steps = tuple(replace(step, after=after, money=money, rule=f"{FAMILY}.suspended") for step in found.steps)
    return replace(found, steps=steps)


def stay(holding: Holding, rules: Rules, now: datetime) -> Exit:
    """Drift: billed in an Extended Service Term, or about to slide into one; a long term that renews is a deadline."""
    row = licenses.row_of(holding)
    if row.status != "active":
        return nothing()
    if extended_term.is_extended(holding):
        return extended_term.stay(holding, rules)
    slides = course_of(holding, row, rules) is Course.EXTENDS and not terms.ends_by_itself(row, terms.EXTENDS)
    if slides:
        warnings = (extended_term.slides(holding, row, rules),)
        return Exit(warnings=warnings, deadlines=terms.term_ends(holding, row.commitment_end))
    return renewing.stay(holding, rules, now)


def renew(holding: Holding, desire: LineDesire, rules: Rules, now: datetime) -> Exit:
    """The explicit end-of-term instruction to renew or to extend; it commits money."""
    row = licenses.row_of(holding)
    refusal = _not_to_be_renewed(holding, row, desire)
    if refusal:
        return blocked("not-possible", holding, refusal, rule=INSTRUCTION)
    wanted = terms.RENEWS if desire is LineDesire.RENEW else terms.EXTENDS
    renews_plainly = desire is LineDesire.RENEW and course_of(holding, row, rules) is Course.RENEWS
    if renews_plainly or terms.ends_by_itself(row, wanted):
        return nothing()
    return Exit(
        steps=(_set_renewal(holding, row, wanted, rules, now),), deadlines=terms.term_ends(holding, row.commitment_end)
    )


def _not_to_be_renewed(holding: Holding, row: Subscription, desire: LineDesire) -> str:
    """Why nothing of the kind can be said of it; empty when it can."""
    if row.status != "active":
        return f"it is {row.status}, and only an active licence can be told how its term goes on"
    if trials.is_trial(holding):
        return "it is a trial; what goes on after it has to be bought"
    if desire is LineDesire.RENEW and extended_term.is_extended(holding):
        return "it is in an Extended Service Term; a person converts it back to its product in Partner Center"
    return ""


def _set_renewal(holding: Holding, row: Subscription, wanted: Fields, rules: Rules, now: datetime) -> Step:
    extends = wanted == terms.EXTENDS
    last = None if row.commitment_end is None else day_before(row.commitment_end.date())
    step = Step(
        kind=ActionKind.SET_RENEWAL,
        target=holding.target,
        precondition={"status": "active"},
        postcondition=wanted,
        reversibility=Reversibility.REVERSIBLE,
        effect=Effect.COMMITS_MONEY,
        serve=Serve.AT_ONCE,
        why="a line says how its term goes on; that commits money",
        seats=holding.subject.quantity,
        money=license_money.of_extending(holding, rules) if extends else license_money.of_renewing(holding),
        rule=extended_price.SURCHARGE if extends else INSTRUCTION,
        reversible_until=last if last is not None and last >= now.date() else None,
    )
    return keeping(step, row)


def _end(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    otherwise = _wait(holding, row, wish, rules, now)
    closes = row.cancellation_allowed_until
    at = terms.cancel_instant(closes, wish, now)
    if at is None or closes is None:
        return otherwise
    money = license_money.of_cancelling(holding, rules, now, row.effective_start, row.commitment_end)
    step = replace(instructions.cancel(holding, row, at, closes, wish, rules), money=money)
    return Exit(steps=(step,), deadlines=terms.window_closes(holding, closes), fallback=otherwise)


def _wait(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    if row.status == "suspended":
        return rescue.leave(holding, row, wish, rules, now)
    return ending.leave(holding, row, wish, rules, now)
