"""Perpetual software: cancel the order line inside the 30-day window; afterwards the customer owns it.

It has no subscription row, and no field tells its window, so the rule pack's days count from the order's creation.
Whether it blocks the removal after the window, nobody says: the service is asked (rule
perpetual-software.after-window).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from pcreconcile.exits import staying, terms
from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Wish,
    blocked,
    by_rule,
    not_understood,
    nothing,
    warning,
)
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, Notice
from pcreconcile.model.rules import Rules

FAMILY = Family.PERPETUAL_SOFTWARE
ASKED = 70
PLACE = 41
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = False
renew, stay = staying.renew, staying.stay
PRODUCT_PREFIX = "DG7GMGF0"
ENTITLEMENT_TYPE = "software"
FOR_GOOD = {"", "p1d"}  # no term


def recognise(subject: Subject) -> Evidence | None:
    """An order line without a subscription, entitled as software, or of a software product (API facts, 6.2)."""
    if subject.subscription is not None or subject.line is None:
        return None
    if any(row.entitlement_type.lower() == ENTITLEMENT_TYPE for row in subject.entitlements):
        return Evidence("entitlement of type software, no subscription")
    if subject.offer_id.upper().startswith(PRODUCT_PREFIX):
        return Evidence(f"offer {subject.offer_id} begins with {PRODUCT_PREFIX}, no subscription")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Cancel inside the window; later, or when a line says keep, it is the customer's and the service is asked."""
    order = holding.subject.order
    if order is None or order.status not in {"completed", "pending"}:
        raw = "the order" if order is None else f"the order status '{order.status}'"
        return not_understood("unknown-status", holding, raw)
    if order.status == "pending":
        return terms.pending(holding)
    if order.created is None:
        return blocked("window-unknown", holding, "the order has no date, so nobody can say whether its window is open")
    return _end(holding, order.created + _window(holding, rules), wish, rules, now)


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Software is not part of dunning."""
    return Exit(warnings=(warning("not-suspended", holding, f"{holding.target.name}: software stays in use"),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing of ours to resume."""
    return nothing()


def _window(holding: Holding, rules: Rules) -> timedelta:
    """A line with a term is an older software subscription without a row of its own: the shorter window is safe."""
    line = holding.subject.line
    has_term = line is not None and (line.term_duration or "").lower() not in FOR_GOOD
    return rules.days("software-subscription.cancel-window" if has_term else "perpetual-software.cancel-window")


def _end(holding: Holding, closes: datetime, wish: Wish, rules: Rules, now: datetime) -> Exit:
    after = replace(by_rule("perpetual-software.after-window", holding, rules), warnings=_owned(holding))
    if wish.desire is LineDesire.KEEP:
        return after
    at = terms.cancel_instant(closes, wish, now)
    if at is None:
        return after
    fields: tuple[Fields, Fields] = ({"cancelled": False}, {"cancelled": True})
    step = terms.cancel_step(holding, ActionKind.CANCEL_ORDER_LINE, holding.target, fields, at, closes, wish)
    return Exit(
        steps=(step,),
        deadlines=terms.window_closes(holding, closes),
        fallback=after,
    )


def _owned(holding: Holding) -> tuple[Notice, ...]:
    text = f"{holding.target.name}: the customer keeps it; whether it blocks the removal, the service decides"
    return (warning("owned-software", holding, text),)
