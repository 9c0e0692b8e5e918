"""Software subscriptions (server products with a term): cancel the order line inside the window, else let the term end.

The Extended Service Term does not apply to them, so `autoRenewEnabled:false` alone is their end-of-term instruction.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import licenses, staying, terms
from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, nothing, warning
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, Target
from pcreconcile.model.rules import Rules

FAMILY = Family.SOFTWARE_SUBSCRIPTION
ASKED = 60
PLACE = 40
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = False
renew, stay = staying.renew, staying.stay
PRODUCT_TYPE = "software"
PRODUCT_PREFIX = "DG7GMGF0"
ENDS: Fields = {"autoRenewEnabled": False}


def recognise(subject: Subject) -> Evidence | None:
    """A subscription row of productType Software, or of a software product (API facts, 5.3)."""
    return terms.recognised(subject, PRODUCT_TYPE, PRODUCT_PREFIX)


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Inside the window: cancel the order line (or the subscription, when no line is known). Outside: wait."""
    row = licenses.row_of(holding)
    decided = terms.decided_by_status(holding, row, f"{FAMILY}.expired", rules)
    return _end(holding, row, wish, now) if decided is None else decided


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Software is not part of dunning."""
    if licenses.row_of(holding).status != "active":
        return nothing()
    return Exit(warnings=(warning("not-suspended", holding, f"{holding.target.name}: software stays in use"),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing of ours to resume."""
    return nothing()


def _end(holding: Holding, row: Subscription, wish: Wish, now: datetime) -> Exit:
    at = terms.cancel_instant(row.cancellation_allowed_until, wish, now)
    if at is None or row.cancellation_allowed_until is None:
        return _wait(holding, row, now)
    kind, target, fields = _cancellation(holding, row)
    step = terms.cancel_step(holding, kind, target, fields, at, row.cancellation_allowed_until, wish)
    return Exit(
        steps=(step,),
        deadlines=terms.window_closes(holding, row.cancellation_allowed_until),
        fallback=_wait(holding, row, now),
    )


def _cancellation(holding: Holding, row: Subscription) -> tuple[ActionKind, Target, tuple[Fields, Fields]]:
    line = holding.subject.line_id
    if line is None:
        return ActionKind.CANCEL_SUBSCRIPTION, holding.target, ({"status": row.status}, {"status": "deleted"})
    target = Target(type="order-line", id=line, name=holding.target.name)
    return ActionKind.CANCEL_ORDER_LINE, target, ({"cancelled": False}, {"cancelled": True})


def _wait(holding: Holding, row: Subscription, now: datetime) -> Exit:
    clears_at = terms.clears_after_term(row, now)
    blockers = terms.wait_for_term_end(holding, clears_at, "outside its cancellation window: owed")
    if terms.ends_by_itself(row, ENDS) or row.status != "active":
        return Exit(blockers=blockers)
    step = terms.instruct_step(holding, ENDS, "auto-renew off, so that no new term is bought")
    return Exit(steps=(step,), blockers=blockers, deadlines=terms.term_ends(holding, row.commitment_end))
