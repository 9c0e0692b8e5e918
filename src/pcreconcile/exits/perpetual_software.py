"""Perpetual software: cancel the order line inside the 30-day window; afterwards the customer owns it.

It has no subscription row, and no field tells its window, so the rule pack's days count from the order's creation.
While the window is open the service wants it cancelled before the removal, also where it is to stay the customer's.
Whether it blocks after the window, nobody says: the service is asked (rule perpetual-software.after-window).
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import charges, staying, term_money, terms
from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Wish,
    blocked,
    by_rule,
    not_past,
    not_understood,
    nothing,
    warning,
)
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, ActionMoney, Notice
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
_AFTER = f"{FAMILY}.after-window"


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
    """Cancel inside the window; later, or when a line says keep, it is the customer's.

    Until its window has closed it is in the way of the removal; from then on the service is asked.
    """
    order = holding.subject.order
    if order is None or order.status not in {"completed", "pending"}:
        raw = "the order" if order is None else f"the order status '{order.status}'"
        return not_understood("unknown-status", holding, raw)
    if order.status == "pending":
        return terms.pending(holding)
    window, _ = _rules_of(holding)
    if order.created is None:
        how = "the order has no date, so nobody can say whether its window is open"
        return blocked("window-unknown", holding, how, rule=window)
    return _end(holding, order.created, order.created + rules.days(window), wish, rules, now)


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Software is not part of dunning, and it cannot be suspended."""
    if wish.desire is LineDesire.SUSPEND:
        return blocked("not-possible", holding, "software cannot be suspended; say cancel")
    return Exit(warnings=(warning("not-suspended", holding, f"{holding.target.name}: software stays in use"),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing of ours to resume."""
    return nothing()


def _rules_of(holding: Holding) -> tuple[str, str]:
    """The rules of its window and of its refund.

    A line with a term is an older software subscription without a row of its own: the shorter window is safe.
    """
    line = holding.subject.line
    has_term = line is not None and (line.term_duration or "").lower() not in FOR_GOOD
    family = Family.SOFTWARE_SUBSCRIPTION if has_term else FAMILY
    return f"{family}.cancel-window", f"{family}.refund"


def _end(holding: Holding, bought: datetime, closes: datetime, wish: Wish, rules: Rules, now: datetime) -> Exit:
    after = _kept(holding, closes, rules, now)
    if wish.desire is LineDesire.KEEP:
        return after
    at = terms.cancel_instant(closes, wish, now)
    if at is None:
        return after
    fields: tuple[Fields, Fields] = ({"cancelled": False}, {"cancelled": True})
    step = terms.cancel_step(holding, ActionKind.CANCEL_ORDER_LINE, holding.target, fields, at, closes, wish)
    window, refund = _rules_of(holding)
    step = replace(step, why=_why(closes), money=_money(holding, rules.word(refund), now, bought), rule=window)
    return Exit(steps=(step,), deadlines=terms.window_closes(holding, closes), fallback=after)


def _kept(holding: Holding, closes: datetime, rules: Rules, now: datetime) -> Exit:
    """It is the customer's; the removal is refused while it could be cancelled, afterwards the service is asked."""
    after = replace(by_rule(_AFTER, holding, rules), warnings=_owned(holding))
    if now > closes:
        return after
    how = (
        f"its window is open until {closes:%Y-%m-%d %H:%M} UTC, and what can still be cancelled is in the way of the "
        "removal"
    )
    window, _ = _rules_of(holding)
    waits = blocked("window-open", holding, how, not_past(closes.date(), now), rule=window)
    return replace(after, blockers=(*waits.blockers, *after.blockers))


def _why(closes: datetime) -> str:
    return f"cancelled inside its window, which closes {closes:%Y-%m-%d %H:%M} UTC; afterwards the customer owns it"


def _money(holding: Holding, refund: str, now: datetime, bought: datetime) -> ActionMoney:
    """It is paid at once and has no term: what stays owed when its window is missed is the whole price."""
    money = term_money.of_cancelling(holding, refund, now, bought, None)
    return replace(money, committed=charges.whole(holding))


def _owned(holding: Holding) -> tuple[Notice, ...]:
    text = f"{holding.target.name}: the customer keeps it; whether it blocks the removal, the service decides"
    return (warning("owned-software", holding, text),)
