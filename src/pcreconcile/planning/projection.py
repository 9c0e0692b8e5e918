"""The live world of a later day, as if nothing were done until then: what `plan --at` plans against.

Trade-off: only what has a date of its own changes. Prices, quotes, Azure subscriptions, orders and the journal are
those of the day of reading, and the plan says so.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import holdings_of
from pcreconcile.model.estate import CustomerState, DelegatedAdminRelationship, Reservation, Snapshot, Transfer
from pcreconcile.model.family import Family
from pcreconcile.model.identity import seal
from pcreconcile.model.observed import ENDED_RELATIONSHIPS, ENDED_TRANSFERS, reservation_lives
from pcreconcile.model.plan import Notice, Plan
from pcreconcile.model.rules import Rules
from pcreconcile.planning.succession import succeeded

PROJECTION = "projection"
_OVER = "expired"


def projected(snapshot: Snapshot, at: datetime, rules: Rules) -> Snapshot:
    """What the snapshot's customers would hold at `at` (aware UTC) if nobody did anything. Pure; it raises nothing.

    The customers list, orders, Azure subscriptions and read proofs are those of the snapshot.
    """
    return replace(snapshot, states={tenant: _state(state, at, rules) for tenant, state in snapshot.states.items()})


def marked(plan: Plan, read_at: datetime) -> Plan:
    """The plan of a projected world, which says so, with a new ID; `apply` refuses it."""
    text = (
        f"this is how it would look on {plan.created_at:%Y-%m-%d}, as if nothing were done from {read_at:%Y-%m-%d} on: "
        "terms end, renew or become Extended Service Terms as their settings say; prices, quotes and the journal are "
        "those of the day of reading; apply refuses this plan"
    )
    return seal(replace(plan, projected_from=read_at, warnings=(Notice(PROJECTION, text), *plan.warnings)))


def _state(state: CustomerState, at: datetime, rules: Rules) -> CustomerState:
    rows = {h.subject.subscription.id: h.family for h in holdings_of(state) if h.subject.subscription is not None}
    return replace(
        state,
        subscriptions=tuple(succeeded(row, rows.get(row.id, Family.UNKNOWN), at, rules) for row in state.subscriptions),
        reservations=None
        if state.reservations is None
        else tuple(_reservation(each, at) for each in state.reservations),
        transfers=None if state.transfers is None else tuple(_transfer(each, at) for each in state.transfers),
        delegated_admin=None
        if state.delegated_admin is None
        else tuple(_relationship(each, at) for each in state.delegated_admin),
    )


def _reservation(row: Reservation, at: datetime) -> Reservation:
    """An expiry is exclusive; what was returned or split before stays so."""
    return replace(row, state=_OVER) if reservation_lives(row) and _passed(row.expires, at) else row


def _transfer(row: Transfer, at: datetime) -> Transfer:
    """One that nobody accepts lapses."""
    return replace(row, status=_OVER) if row.status not in ENDED_TRANSFERS and _passed(row.expires, at) else row


def _relationship(row: DelegatedAdminRelationship, at: datetime) -> DelegatedAdminRelationship:
    """The service may extend it by itself; its end is what it shows."""
    return replace(row, status=_OVER) if row.status not in ENDED_RELATIONSHIPS and _passed(row.ends, at) else row


def _passed(end: datetime | None, at: datetime) -> bool:
    return end is not None and end <= at
