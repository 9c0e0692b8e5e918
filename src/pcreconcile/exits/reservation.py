"""Azure reservations: returned by a person in the Azure portal, proven by reading.

Partner Center cannot cancel them in production (800019). They have no subscription row; the entitlement is the proof
that they live, and its quantity 0, its expiry or its absence that they do not.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits.exit import Evidence, Exit, Holding, Serve, Step, Wish, nothing, warning
from pcreconcile.exits.subject import Subject
from pcreconcile.model.estate import Entitlement
from pcreconcile.model.family import Family
from pcreconcile.model.plan import ActionKind, Effect, Instructions, Reversibility, Target
from pcreconcile.model.rules import Rules

FAMILY = Family.RESERVATION
ENTITLEMENT_TYPES = frozenset({"reservedinstance", "virtualmachinereservedinstance"})
NAME_PREFIX = "reserved_"
PORTAL = "https://portal.azure.com/#view/Microsoft_Azure_Reservations/ReservationsBrowseBlade"


def recognise(subject: Subject) -> Evidence | None:
    """An entitlement of type reservedinstance (API facts, 6.5); a returned one may leave just its named order line."""
    kinds = [row.entitlement_type for row in subject.entitlements if row.entitlement_type.lower() in ENTITLEMENT_TYPES]
    if subject.subscription is None and kinds:
        return Evidence(f"entitlement of type {kinds[0]}")
    if subject.subscription is None and not subject.entitlements and subject.name.lower().startswith(NAME_PREFIX):
        return Evidence(f"an order line named {subject.name}, entitled to nothing any more")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """A manual step per live reservation; whether an order line without any entitlement blocks, the service says."""
    live = [row for row in holding.subject.entitlements if _lives(row, now)]
    return Exit(steps=tuple(_return(holding, row, rules) for row in live), probe=not holding.subject.entitlements)


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


def _return(holding: Holding, row: Entitlement, rules: Rules) -> Step:
    cap = rules.rules["reservation.refund-allowance"].value
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
