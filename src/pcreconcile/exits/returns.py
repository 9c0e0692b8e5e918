"""How a reservation is returned: by us, with its quote, or by a person in the Azure portal; and what that is worth.

The quote is of the moment. A fee for ending early is possible by the terms and not charged now (rule
reservation.early-termination-fee): it is taken off as soon as the rule pack says so.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec.structs import replace

from pcreconcile.exits import charges
from pcreconcile.exits.allowance import SPAN
from pcreconcile.exits.exit import Holding, Serve, Step, day_after
from pcreconcile.model.estate import Entitlement, Reservation
from pcreconcile.model.money import Money
from pcreconcile.model.observed import reservation_name
from pcreconcile.model.plan import ActionKind, ActionMoney, Effect, Instructions, Reversibility, Target
from pcreconcile.model.rules import Rules

REFUSED = "reservation-not-refundable"
ALLOWANCE = "reservation.refund-allowance"
NEVER = "reservation.never-refundable"
FEE = "reservation.early-termination-fee"
PORTAL = "https://portal.azure.com/#view/Microsoft_Azure_Reservations/ReservationsBrowseBlade"
_CENT = Decimal("0.01")


def never_refundable(name: str, rules: Rules) -> str:
    """The word of rule reservation.never-refundable that a product's name holds, without case; "" for none."""
    words = [word.strip() for word in rules.word(NEVER).split(",")]
    return next((word for word in words if word and word.lower() in name.lower()), "")


def names(holding: Holding, reservation: Reservation) -> str:
    """All names that tell the product: a reservation may have been renamed, its order line not."""
    return f"{reservation.name} {holding.target.name}"


def allowance(reservation: Reservation, rules: Rules) -> Money:
    """The service's own figure, else the published one."""
    return reservation.allowance or rules.amount(ALLOWANCE)


def span(rules: Rules) -> int:
    """Over how many months the allowance rolls."""
    return rules.months(SPAN)


def target(holding: Holding, reservation: Reservation) -> Target:
    """How actions and blockers name one reservation."""
    return Target("reservation", reservation_name(reservation), reservation.name or holding.target.name)


def gone_from(expires: datetime | None) -> date | None:
    """The first day without it. An expiry is exclusive: what expires at midnight is gone on that day."""
    if expires is None:
        return None
    return expires.date() if expires.time() == time.min else day_after(expires)


def by_us(holding: Holding, reservation: Reservation, rules: Rules, now: datetime) -> Step:
    """The return through Azure Resource Manager."""
    used = "" if reservation.consumed is None else f"; {reservation.consumed} of it are used before"
    return Step(
        kind=ActionKind.RETURN_RESERVATION,
        target=target(holding, reservation),
        precondition={"live": True, "quantity": reservation.quantity},
        postcondition={"live": False},
        reversibility=Reversibility.ONE_WAY,
        effect=Effect.NEUTRAL,
        serve=Serve.PACE,
        why="a live reservation blocks the removal; its refund counts against the customer's allowance of "
        f"{allowance(reservation, rules)} in rolling {span(rules)} months{used}",
        money=_money(holding, reservation, rules, now),
        rule=ALLOWANCE,
    )


def by_hand(holding: Holding, row: Entitlement, rules: Rules) -> Step:
    """The return that a person makes; nobody has quoted it, so its money is unknown."""
    ends = "" if row.expires is None else f" or wait until it expires on {row.expires:%Y-%m-%d}"
    orders = ", ".join(row.reservation_orders) or "see the order in Partner Center"
    return Step(
        kind=ActionKind.RETURN_RESERVATION,
        target=Target("entitlement", f"{row.order_id}/{row.line_item}/{row.entitlement_type}", holding.target.name),
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
                f" at most {rules.rules[ALLOWANCE].value} USD of cancelled commitment per customer in rolling"
                f" {span(rules)} months{ends}."
            ),
            link=PORTAL,
        ),
        rule=ALLOWANCE,
    )


def _money(holding: Holding, reservation: Reservation, rules: Rules, now: datetime) -> ActionMoney:
    refund = reservation.refund
    if refund is not None:
        refund = _rounded(refund.amount * (1 - rules.percent(FEE)), refund.currency)
    return ActionMoney(refund, _lost_per_day(refund, reservation, now), _remaining(holding, reservation, now))


def _lost_per_day(refund: Money | None, reservation: Reservation, now: datetime) -> Money | None:
    """The refund is prorated, so that each day takes its share."""
    if refund is None or reservation.expires is None or reservation.expires <= now:
        return None
    return _rounded(refund.amount / max((reservation.expires - now).days, 1), refund.currency)


def _remaining(holding: Holding, reservation: Reservation, now: datetime) -> Money | None:
    """What the rest of its term costs, where its price is known."""
    line = holding.subject.line
    if line is None:
        return None
    part = replace(holding.subject, line=replace(line, quantity=reservation.quantity))
    gone = gone_from(reservation.expires)
    return charges.until(replace(holding, subject=part), now, None if gone is None else gone - timedelta(days=1))


def _rounded(amount: Decimal, currency: str) -> Money:
    return Money(amount.quantize(_CENT, ROUND_HALF_EVEN), currency)
