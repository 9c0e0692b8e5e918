"""What a customer looked like, kept as a document that an event names: before the first write, at the gate, at the end.

A look shows what `model.observed` shows, so that an auditor compares the same fields that the plan was made from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

import msgspec

from pcreconcile.applying.context import RunContext
from pcreconcile.applying.staleness import live_customer
from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import Customer, CustomerState
from pcreconcile.model.extras import extras_seen
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.observed import observe_items
from pcreconcile.model.plan import CustomerPlan
from pcreconcile.model.plan_sources import holdings_digest

STATE = "state"  # member of the event: what the customer was planned from, in full (`resumption.Begun`)


class Begun(Protocol):
    """What a customer was planned from (`resumption.Begun`)."""

    @property
    def state(self) -> CustomerState: ...


class Moment(StrEnum):
    """When in a run a customer was looked at."""

    BEFORE = "before"
    GATE = "gate"
    AFTER = "after"


def keep_look(
    run: RunContext,
    moment: Moment,
    state: CustomerState,
    listed: Customer | None,
    planned_from: Begun | None = None,
) -> None:
    """Keep what was read of a customer, and what it was planned from. Raises StoreError."""
    digest = run.journal.keep(canonical_json(_look(state, listed)))
    kept = None if planned_from is None else run.journal.keep(canonical_json(planned_from))
    states = [state, *([planned_from.state] if planned_from is not None else [])]
    holds = sorted({holdings_digest(observe_items(each)) for each in states})
    run.journal.looked(state.tenant_id, moment.value, digest, kept, holds)


async def look_after(run: RunContext, customer: CustomerPlan) -> None:
    """Read the customer once more when a run has written to it, and keep that.

    A read that fails is kept as what it is: the writes themselves have been proven one by one. Raises StoreError.
    """
    extras = frozenset(customer.observed.extras)
    try:
        state = await run.service.read_customer(customer.tenant_id, extras)
    except (RemoteError, NoAnswer, IncompleteRead) as error:
        digest = run.journal.keep(canonical_json({"tenantId": customer.tenant_id, "problems": [str(error)]}))
        run.journal.looked(customer.tenant_id, Moment.AFTER.value, digest)
        return
    keep_look(run, Moment.AFTER, state, state.customer)


def _look(state: CustomerState, listed: Customer | None) -> dict[str, Any]:
    live = live_customer(state, listed)
    customer = state.customer
    return {
        "tenantId": state.tenant_id,
        "relationship": live.relationship,
        "domain": live.domain,
        "companyName": customer.company_name if customer else None,
        "customDomains": list(customer.custom_domains) if customer else [],
        "items": msgspec.to_builtins(live.items),
        "extras": sorted(str(extra) for extra in extras_seen(state)),
        "problems": list(state.problems),
    }
