"""What of a customer as read differs from what its plan was made from, or could not be read again.

Only what the plan had read is compared: what it could not see (an app-only plan, applied with a user's token) is for
the plan made afresh to judge.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pcreconcile.applying.staleness import Live, differences, live_customer
from pcreconcile.model.estate import Customer, CustomerState
from pcreconcile.model.extras import Extra, extra_read, extras_seen
from pcreconcile.model.plan import Action, CustomerPlan

# Which items an extra brings; what no extra brings is always read.
ITEMS_OF = {
    Extra.DELEGATED_ADMIN: "delegated-admin",
    Extra.RESERVATIONS: "reservation",
    Extra.TRANSFERS: "transfer",
    Extra.RESELLERS: "reseller",
}


def unread(state: CustomerState, customer: CustomerPlan) -> str:
    """What the plan was made from and could not be read again, in words; "" when nothing is missing.

    Of a customer who is gone only delegated access can still be read; that the relationship has ended says more.
    """
    missing = set(customer.observed.extras) - set(extras_seen(state))
    if state.customer is None or state.customer.relationship == "none":
        missing -= {Extra.RESERVATIONS, Extra.TRANSFERS, Extra.RESELLERS}
    reads = {extra: extra_read(state, extra) for extra in sorted(missing)}
    told = [f"{extra}: {read.problem if read is not None else 'not read'}" for extra, read in reads.items()]
    return "; ".join([*state.problems, *told])


def drift(customer: CustomerPlan, state: CustomerState, listed: Customer | None, touched: Sequence[Action]) -> str:
    """What differs from what the plan observed, in words, without what the touched actions explain; "" when nothing."""
    live = _as_far_as_read(live_customer(state, listed), customer.observed.extras)
    return "; ".join(differences(customer.observed, live, touched, customer.desired.domain))


def _as_far_as_read(live: Live, extras: Collection[Extra]) -> Live:
    hidden = {item_type for extra, item_type in ITEMS_OF.items() if extra not in extras}
    return replace(live, items=tuple(item for item in live.items if item["type"] not in hidden))
