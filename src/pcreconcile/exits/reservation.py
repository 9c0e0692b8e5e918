"""Azure reservations: returned through Azure Resource Manager where we may, else by a person; proven by reading.

Partner Center cannot cancel them in production (800019). They have no subscription row; the entitlement is the proof
that they live, and its quantity 0, its expiry or its absence that they do not. A return is final, its refund is
prorated, and what is refunded counts against an allowance per customer; what may not be returned has to expire. A part
of a reservation that was returned leaves a new reservation ID in the same order: it is the order that is followed.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import returns, staying
from pcreconcile.exits.allowance import SPAN, fits
from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Wish,
    blocked,
    not_past,
    nothing,
    warning,
)
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.ruled import as_ruled
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Entitlement, Reservation
from pcreconcile.model.family import Family
from pcreconcile.model.observed import reservation_lives, reservation_name
from pcreconcile.model.plan import Blocker, Notice, Target
from pcreconcile.model.rules import Rules

FAMILY = Family.RESERVATION
ASKED = 10
PLACE = 20
PRECEDES: tuple[Precedence, ...] = (
    Precedence(Family.AZURE_PLAN, "it hangs on the plan and is returned through it", "exit rules, section 2"),
)
ENDS_BY_SUSPENDING = False
renew, stay = staying.renew, staying.stay
ENTITLEMENT_TYPES = frozenset({"reservedinstance", "virtualmachinereservedinstance"})
NAME_PREFIX = "reserved_"
_LIVE = f"{FAMILY}.live"


def recognise(subject: Subject) -> Evidence | None:
    """An entitlement of type reservedinstance (API facts, 6.5); a returned one may leave just its named order line."""
    kinds = [row.entitlement_type for row in subject.entitlements if row.entitlement_type.lower() in ENTITLEMENT_TYPES]
    if subject.subscription is None and kinds:
        return Evidence(f"entitlement of type {kinds[0]}")
    if subject.subscription is None and not subject.entitlements and subject.name.lower().startswith(NAME_PREFIX):
        return Evidence(f"an order line named {subject.name}, entitled to nothing any more")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Each live reservation is returned, by us where it was read and quoted, else by a person.

    A line that says cancel-at-term-end lets it expire. Whether an order line without any entitlement blocks, the
    service says.
    """
    ends = [_end(holding, row, wish, rules, now) for row in holding.subject.entitlements if _lives(row, now)]
    found = Exit(
        steps=tuple(step for end in ends for step in end.steps),
        blockers=tuple(blocker for end in ends for blocker in end.blockers),
        warnings=_not_counted(holding) if any(end.steps for end in ends) else (),
        probe=not holding.subject.entitlements,
    )
    return as_ruled(found, _LIVE, rules) if ends else found


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """A reservation cannot be paused."""
    if not any(_lives(row, now) for row in holding.subject.entitlements):
        return nothing()
    if wish.desire is LineDesire.SUSPEND:
        return blocked("not-possible", holding, "a reservation cannot be suspended; say return")
    text = f"{holding.target.name}: the reservation stays and is billed"
    return Exit(warnings=(warning("not-suspended", holding, text),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing to resume."""
    return nothing()


def _lives(row: Entitlement, now: datetime) -> bool:
    return row.quantity > 0 and (row.expires is None or row.expires > now)


def _end(holding: Holding, row: Entitlement, wish: Wish, rules: Rules, now: datetime) -> Exit:
    known = [each for each in holding.subject.reservations or () if each.order_id in row.reservation_orders]
    living = [each for each in known if reservation_lives(each)]
    if known and not living:
        how = "Azure shows it as returned; Partner Center shows it still, and blocks the removal until it does not"
        return blocked("still-shown", holding, how, not_past(now.date(), now), rule=_LIVE)
    if wish.desire is LineDesire.CANCEL_AT_TERM_END:
        clears_at = returns.gone_from(row.expires)
        return blocked("term-running", holding, "a line lets it run until it expires", clears_at, rule=_LIVE)
    if not living:
        return _unread(holding, row, rules)
    return _returned(holding, row, living, rules, now)


def _unread(holding: Holding, row: Entitlement, rules: Rules) -> Exit:
    """Azure was not asked, or shows nothing of it: a person looks, unless the product is known as never refundable."""
    word = returns.never_refundable(holding.target.name, rules)
    if word:
        return Exit(blockers=(_final(holding.target, word, row.expires),))
    return Exit(steps=(returns.by_hand(holding, row, rules),))


def _returned(holding: Holding, row: Entitlement, living: list[Reservation], rules: Rules, now: datetime) -> Exit:
    final = {each: word for each in living if (word := returns.never_refundable(returns.names(holding, each), rules))}
    quoted = [each for each in living if each not in final and (each.problems or each.refund is not None)]
    allowed = [each for each in quoted if fits(each, returns.allowance(each, rules))]
    unquoted = len(final) + len(quoted) < len(living)
    by_hand = (returns.by_hand(holding, row, rules),) if unquoted else ()
    refused = [_refused(holding, each, row, rules) for each in quoted if each not in allowed]
    kept = [_final(returns.target(holding, each), word, row.expires or each.expires) for each, word in final.items()]
    return Exit(
        steps=(*(returns.by_us(holding, each, rules, now) for each in allowed), *by_hand),
        blockers=(*refused, *kept),
    )


def _refused(holding: Holding, reservation: Reservation, row: Entitlement, rules: Rules) -> Blocker:
    """Nobody can return it: it blocks until it expires, or until our own earlier returns have left the span."""
    why = "; ".join(reservation.problems) or (
        f"its refund of {reservation.counts} is more than is left of the allowance of "
        f"{returns.allowance(reservation, rules)} in rolling {returns.span(rules)} months, of which "
        f"{reservation.consumed} are used"
    )
    target, gone = returns.target(holding, reservation), returns.gone_from(row.expires or reservation.expires)
    room = holding.subject.room_from.get(reservation_name(reservation))
    if room is not None and (gone is None or room < gone):
        how = f"Azure does not take it back yet: {why}, all by returns of ours, of which enough is older on {room}"
        return Blocker(returns.REFUSED, target, room, how, rule=SPAN)
    how = f"Azure does not take it back: {why}; wait until it expires, or ask Azure support"
    return Blocker(returns.REFUSED, target, gone, how, rule=returns.ALLOWANCE)


def _final(target: Target, word: str, expires: datetime | None) -> Blocker:
    how = f"reservations of {word} are never taken back; wait until it expires, or transfer it to another partner"
    return Blocker(returns.REFUSED, target, returns.gone_from(expires), how, rule=returns.NEVER)


def _not_counted(holding: Holding) -> tuple[Notice, ...]:
    """Our journal knows of returns whose amount it does not know: the service's own figure stands."""
    returned = holding.subject.returned
    if returned is None or not returned.unknown:
        return ()
    text = (
        f"{holding.target.name}: {returned.unknown} earlier returns of ours have an amount that the journal does not "
        "know, so what is left of the allowance is the service's own figure"
    )
    return (warning("returns-not-counted", holding, text),)
