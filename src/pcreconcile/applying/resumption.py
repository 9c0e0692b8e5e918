"""What stands for the live state of a customer that an earlier run of the same plan document has begun to change.

The live state shows our own writes then, and a plan made from it no longer holds what they have done. So such a
customer is planned again as that run saw it: the run kept the state that it planned from beside its look, before its
first write. What was written since is explained by the journal, and everything else is compared with the live state as
ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from pcreconcile.applying.history import histories
from pcreconcile.applying.looks import STATE
from pcreconcile.model.estate import Customer, CustomerState
from pcreconcile.model.ids import ActionId, RunId, TenantId
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import Event, EventKind


class Begun(msgspec.Struct, frozen=True, rename="camel"):
    """What was planned from: the state, the row of the customers list (None: not in it), and the plan's instant."""

    state: CustomerState
    listed: Customer | None
    at: datetime


def own_runs(plan: Plan, events: Iterable[Event]) -> frozenset[RunId]:
    """The runs of exactly this document; another document of the same plan ID is another plan's history."""
    starts = (event for event in events if event.kind is EventKind.RUN_STARTED and event.plan == plan.plan_id)
    return frozenset(event.run for event in starts if event.body.get("digest") == plan.digest)


def foreign_events(plan: Plan, events: Iterable[Event]) -> tuple[Event, ...]:
    """What Memory is made of when this document is planned again: all but what it did itself.

    What was refused did nothing: that the service said no is remembered whoever asked, but of a customer to whom this
    document has written something else. Such a customer is planned as it was before, so that no change of it would
    show there, and what the service refused may have waited for just that write.
    """
    events = tuple(events)
    own, refused = own_runs(plan, events), _refused(plan, events)
    return tuple(
        event
        for event in events
        if event.run not in own or event.action in refused or (refused and event.kind is EventKind.LOOKED)
    )


def _refused(plan: Plan, events: Iterable[Event]) -> frozenset[ActionId]:
    """The actions whose requests were all refused, of customers to whom nothing else was written."""
    past = histories(plan, events)
    touched = {action for action, told in past.items() if told.touched}
    untouched = (each for each in plan.customers if touched.isdisjoint(action.id for action in each.actions))
    asked = (action.id for customer in untouched for action in customer.actions)
    return frozenset(action for action in asked if action in past and past[action].request_id is not None)


def begun_by(
    plan: Plan, events: Sequence[Event], document: Callable[[str], bytes | None], now: datetime
) -> dict[TenantId, Begun]:
    """By tenant ID: the last kept state before the first write of this document to the customer.

    `document` gives a kept document by its digest and may raise StoreError. No entry where nothing was written, or
    where the journal (of an older version) kept no state: such a customer is planned from its live state, like any.
    An instant after `now` counts as now.
    """
    found = ((tenant, document(digest)) for tenant, digest in _states_before(plan, events).items())
    decoded = ((tenant, _decoded(content)) for tenant, content in found if content is not None)
    return {
        tenant: msgspec.structs.replace(begun, at=min(begun.at, now))
        for tenant, begun in decoded
        if begun is not None and begun.state.tenant_id == tenant
    }


def _states_before(plan: Plan, events: Sequence[Event]) -> dict[TenantId, str]:
    own = own_runs(plan, events)
    last: dict[TenantId, str] = {}
    written: set[TenantId] = set()
    for event in events:
        if event.run not in own or event.customer is None or event.customer in written:
            continue
        if event.kind is EventKind.INTENT:
            written.add(event.customer)
        elif event.kind is EventKind.LOOKED and (digest := event.body.get(STATE)):
            last[event.customer] = str(digest)
    return {tenant: digest for tenant, digest in last.items() if tenant in written}


def _decoded(content: bytes) -> Begun | None:
    try:
        return msgspec.json.decode(content, type=Begun)
    except msgspec.MsgspecError:
        return None
