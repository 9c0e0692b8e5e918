"""New-commerce licences: cancel inside the window, else let the term end with an explicit instruction.

Suspending is never part of leaving: the partner goes on being billed and the relationship stays blocked
(rule new-commerce-license.suspended). Auto-renew off alone is not an end either: without an explicit Cancel the
subscription slides into a paid Extended Service Term (rule new-commerce-license.end-of-term-instruction).
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import licenses, staying, terms
from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Serve,
    Step,
    Wish,
    day_after,
    nothing,
)
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields, observe_schedule
from pcreconcile.model.plan import ActionKind, Effect, Reversibility
from pcreconcile.model.rules import Rules

FAMILY = Family.NEW_COMMERCE_LICENSE
ASKED = 50
PLACE = 50
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = False
stay = staying.stay
PRODUCT_TYPE = "onlineservicesnce"
PRODUCT_PREFIX = "CFQ7TTC0"
ENDS: Fields = {"autoRenewEnabled": False, "scheduledActions": terms.CANCEL_AT_END}
RENEWS: Fields = {"autoRenewEnabled": True, "scheduledActions": ["TermEnd/RenewToNewTerm"]}
EXTENDS: Fields = {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"]}


def recognise(subject: Subject) -> Evidence | None:
    """By productType, else by the product ID of the offer (API facts, 5.3)."""
    return terms.recognised(subject, PRODUCT_TYPE, PRODUCT_PREFIX)


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Inside the window: cancel. Outside: the instruction to cancel at term end, and the date after it."""
    row = licenses.row_of(holding)
    decided = terms.decided_by_status(holding, row, f"{FAMILY}.{row.status}", rules)
    return _end(holding, row, wish, rules, now) if decided is None else decided


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend: users lose access, the partner goes on paying, auto-renew and scheduled changes are lost."""
    return licenses.suspend(holding, Reversibility.LOSSY, "billing goes on; auto-renew and scheduled changes are lost")


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Reactivate; auto-renew and scheduled changes do not come back by themselves."""
    return licenses.reactivate(holding)


def renew(holding: Holding, desire: LineDesire, rules: Rules, now: datetime) -> Exit:
    """The explicit end-of-term instruction to renew or to extend; it commits money."""
    wanted = RENEWS if desire is LineDesire.RENEW else EXTENDS
    row = licenses.row_of(holding)
    if row.status != "active":
        return staying.renew(holding, desire, rules, now)
    seen = observe_schedule(row.scheduled_actions)
    renews_plainly = wanted == RENEWS and row.auto_renew and not seen
    if renews_plainly or {"autoRenewEnabled": row.auto_renew, "scheduledActions": seen} == wanted:
        return nothing()
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
    )
    return Exit(steps=(step,), deadlines=terms.term_ends(holding, row.commitment_end))


def _end(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    at = terms.cancel_instant(row.cancellation_allowed_until, wish, now)
    if at is not None and row.cancellation_allowed_until is not None:
        fields: tuple[Fields, Fields] = ({"status": row.status}, {"status": "deleted"})
        kind = ActionKind.CANCEL_SUBSCRIPTION
        step = terms.cancel_step(holding, kind, holding.target, fields, at, row.cancellation_allowed_until, wish)
        return Exit(
            steps=(step,),
            deadlines=terms.window_closes(holding, row.cancellation_allowed_until),
            fallback=_wait(holding, row, rules, now),
        )
    return _wait(holding, row, rules, now)


def _wait(holding: Holding, row: Subscription, rules: Rules, now: datetime) -> Exit:
    clears_at = terms.clears_after_term(row, now)
    if row.status == "suspended":
        what = "suspended, still billed, and not to be edited or cancelled"
        blockers = terms.wait_for_term_end(holding, clears_at, what)
        return Exit(
            steps=_rescue(holding, row, rules, now),
            blockers=blockers,
            deadlines=terms.term_ends(holding, row.commitment_end),
        )
    blockers = terms.wait_for_term_end(holding, clears_at, "outside its cancellation window: billed")
    if terms.ends_by_itself(row, ENDS):
        return Exit(blockers=blockers)
    why = "auto-renew off with an explicit Cancel: without it the term renews or becomes a paid Extended Service Term"
    return Exit(
        steps=(terms.instruct_step(holding, ENDS, why),),
        blockers=blockers,
        deadlines=terms.term_ends(holding, row.commitment_end),
    )


def _rescue(holding: Holding, row: Subscription, rules: Rules, now: datetime) -> tuple[Step, ...]:
    """Shortly before its term end it is reactivated, so that its end can be instructed (800091).

    Once the term is over there is nothing left to instruct. An add-on comes back after its base (27009).
    """
    margin = rules.days(f"{FAMILY}.reactivate-before-term-end")
    if row.commitment_end is None or row.suspension_reasons or day_after(row.commitment_end) <= now.date():
        return ()
    why = "reactivated before its term ends, because a suspended subscription cannot be told how to end"
    back = licenses.reactivate_step(holding, why, row.commitment_end - margin)
    why = "auto-renew off with an explicit Cancel, so that no Extended Service Term begins"
    end = terms.instruct_step(holding, ENDS, why, after=((holding.target.type, holding.target.id),))
    return (back, end)
