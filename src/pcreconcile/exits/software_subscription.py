"""Software subscriptions (server products with a term): cancel the order line inside the window, else let the term end.

The Extended Service Term does not apply to them, so `autoRenewEnabled:false` alone is their end-of-term instruction.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import licenses, plain_terms, renewing, staying, terms
from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, blocked, nothing, warning
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.ruled import as_ruled
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
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
renew, stay = staying.renew, renewing.stay
PRODUCT_TYPE = "software"
PRODUCT_PREFIX = "DG7GMGF0"
_WINDOW = f"{FAMILY}.cancel-window"
PLAIN = plain_terms.Plain(
    rule=f"{FAMILY}.term-end",
    what="outside its cancellation window: owed",
    why="auto-renew off, so that no new term is bought",
)


def recognise(subject: Subject) -> Evidence | None:
    """A subscription row of productType Software, or of a software product (API facts, 5.3)."""
    return terms.recognised(subject, PRODUCT_TYPE, PRODUCT_PREFIX)


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Inside the window: cancel the order line (or the subscription, when no line is known). Outside: wait."""
    row = licenses.row_of(holding)
    decided = terms.decided_by_status(holding, row, f"{FAMILY}.expired", rules)
    return as_ruled(_end(holding, row, wish, rules, now), f"{FAMILY}.active", rules) if decided is None else decided


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Software is not part of dunning, and no page says that it could be suspended."""
    if licenses.row_of(holding).status != "active":
        return nothing()
    if wish.desire is LineDesire.SUSPEND:
        return blocked("not-possible", holding, "software cannot be suspended; say cancel or cancel-at-term-end")
    return Exit(warnings=(warning("not-suspended", holding, f"{holding.target.name}: software stays in use"),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing of ours to resume."""
    return nothing()


def _end(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    cancelling = _cancelling(holding, row)
    return plain_terms.leave(plain_terms.Leaving(holding, row, PLAIN, cancelling, wish, rules, now))


def _cancelling(holding: Holding, row: Subscription) -> plain_terms.Cancelling:
    closes, line = row.cancellation_allowed_until, holding.subject.line_id
    if line is None:
        fields: tuple[Fields, Fields] = ({"status": row.status}, {"status": "deleted"})
        return plain_terms.Cancelling(ActionKind.CANCEL_SUBSCRIPTION, holding.target, fields, closes, _WINDOW)
    target = Target(type="order-line", id=line, name=holding.target.name)
    fields = ({"cancelled": False}, {"cancelled": True})
    return plain_terms.Cancelling(ActionKind.CANCEL_ORDER_LINE, target, fields, closes, _WINDOW)
