"""Azure reservations: returned through Azure Resource Manager where we may, else by a person; proven by reading.

Partner Center cannot cancel them in production (800019). They have no subscription row; the entitlement is the proof
that they live, and its quantity 0, its expiry or its absence that they do not. A return is final, its refund is
prorated, and what is refunded counts against an allowance per customer; what may not be returned has to expire.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from pcreconcile.exits import staying
from pcreconcile.exits.allowance import fits
from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Serve,
    Step,
    Wish,
    blocked,
    day_after,
    not_past,
    nothing,
    warning,
)
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.estate import Entitlement, Reservation
from pcreconcile.model.family import Family
from pcreconcile.model.money import Money
from pcreconcile.model.observed import reservation_lives, reservation_name
from pcreconcile.model.plan import ActionKind, ActionMoney, Blocker, Effect, Instructions, Reversibility, Target
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
PORTAL = "https://portal.azure.com/#view/Microsoft_Azure_Reservations/ReservationsBrowseBlade"
_ALLOWANCE = "reservation.refund-allowance"
_CENT = Decimal("0.01")


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

    Whether an order line without any entitlement blocks, the service says.
    """
    ends = [_end(holding, row, rules, now) for row in holding.subject.entitlements if _lives(row, now)]
    return Exit(
        steps=tuple(step for end in ends for step in end.steps),
        blockers=tuple(blocker for end in ends for blocker in end.blockers),
        probe=not holding.subject.entitlements,
    )


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """A reservation cannot be paused."""
    if not any(_lives(row, now) for row in holding.subject.entitlements):
        return nothing()
    text = f"{holding.target.name}: the reservation stays and is billed"
    return Exit(warnings=(warning("not-suspended", holding, text),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing to resume."""
    return nothing()


def _lives(row: Entitlement, now: datetime) -> bool:
    return row.quantity > 0 and (row.expires is None or row.expires > now)


def _end(holding: Holding, row: Entitlement, rules: Rules, now: datetime) -> Exit:
    known = [each for each in holding.subject.reservations or () if each.order_id in row.reservation_orders]
    living = [each for each in known if reservation_lives(each)]
    if known and not living:
        how = "Azure shows it as returned; Partner Center shows it still, and blocks the removal until it does not"
        return blocked("still-shown", holding, how, not_past(now.date(), now))
    quoted = [each for each in living if each.problems or each.refund is not None]
    allowed = [each for each in quoted if fits(each, _allowance(each, rules))]
    by_hand = () if living and len(quoted) == len(living) else (_by_hand(holding, row, rules),)
    return Exit(
        steps=(*(_return(holding, each, rules, now) for each in allowed), *by_hand),
        blockers=tuple(_refused(holding, each, row, rules) for each in quoted if each not in allowed),
    )


def _allowance(reservation: Reservation, rules: Rules) -> Money:
    """The service's own figure, else the published one."""
    return reservation.allowance or Money(Decimal(rules.rules[_ALLOWANCE].value), "USD")


def _target(holding: Holding, reservation: Reservation) -> Target:
    return Target("reservation", reservation_name(reservation), reservation.name or holding.target.name)


def _return(holding: Holding, reservation: Reservation, rules: Rules, now: datetime) -> Step:
    used = "" if reservation.consumed is None else f"; {reservation.consumed} of it are used before"
    return Step(
        kind=ActionKind.RETURN_RESERVATION,
        target=_target(holding, reservation),
        precondition={"live": True, "quantity": reservation.quantity},
        postcondition={"live": False},
        reversibility=Reversibility.ONE_WAY,
        effect=Effect.NEUTRAL,
        serve=Serve.PACE,
        why="a live reservation blocks the removal; its refund counts against the customer's allowance of "
        f"{_allowance(reservation, rules)} in rolling 12 months{used}",
        money=ActionMoney(refund=reservation.refund, lost_per_day=_lost_per_day(reservation, now)),
    )


def _lost_per_day(reservation: Reservation, now: datetime) -> Money | None:
    """The refund is prorated, so that each day takes its share."""
    if reservation.refund is None or reservation.expires is None or reservation.expires <= now:
        return None
    days = max((reservation.expires - now).days, 1)
    return Money((reservation.refund.amount / days).quantize(_CENT), reservation.refund.currency)


def _refused(holding: Holding, reservation: Reservation, row: Entitlement, rules: Rules) -> Blocker:
    """Nobody can return it: it blocks until it expires."""
    expires = row.expires or reservation.expires
    why = "; ".join(reservation.problems) or (
        f"its refund of {reservation.counts} is more than is left of the allowance of {_allowance(reservation, rules)}"
        f" in rolling 12 months, of which {reservation.consumed} are used"
    )
    how = f"Azure does not take it back: {why}; wait until it expires, or ask Azure support"
    clears_at = None if expires is None else _first_day_without(expires)
    return Blocker("reservation-not-refundable", _target(holding, reservation), clears_at, how)


def _first_day_without(expires: datetime) -> date:
    """An expiry is exclusive: what expires at midnight is gone on that day."""
    return expires.date() if expires.time() == time.min else day_after(expires)


def _by_hand(holding: Holding, row: Entitlement, rules: Rules) -> Step:
    cap = rules.rules[_ALLOWANCE].value
    ends = "" if row.expires is None else f" or wait until it expires on {row.expires:%Y-%m-%d}"
    orders = ", ".join(row.reservation_orders) or "see the order in Partner Center"
    return Step(
        kind=ActionKind.RETURN_RESERVATION,
        target=Target(
            type="entitlement",
            id=f"{row.order_id}/{row.line_item}/{row.entitlement_type}",
            name=holding.target.name,
        ),
        precondition={"quantity": row.quantity},
        postcondition={"quantity": 0},
        reversibility=Reversibility.ONE_WAY,
        effect=Effect.NEUTRAL,
        serve=Serve.MANUAL,
        why="a live reservation blocks the removal, and Partner Center cannot cancel it",
        instructions=Instructions(
            who="an owner of the reservation order, with access to the customer's Azure",
            text=(
                f"Return the reservation (order {orders}) in the Azure portal: Reservations, Return;"
                f" at most {cap} USD of cancelled commitment per customer in rolling 12 months{ends}."
            ),
            link=PORTAL,
        ),
    )
