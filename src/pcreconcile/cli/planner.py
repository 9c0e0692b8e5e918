"""Planning for `apply`: by the session's manifests, policy, prices and rules, of whom and when applying asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from pcreconcile.cli import wiring
from pcreconcile.cli.clock import ProcessClock
from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.extras import Extra, extras_of
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import Event


class SessionPlanner:
    """An `applying.ports.Planner`. Customers are planned as ever, each for itself; only the fleet is narrower."""

    def __init__(self, session: wiring.Session) -> None:
        self._session = session
        self._wanted = {customer.tenant_id: customer for customer in session.loaded.fleet.customers}

    def reads(self, tenant_id: TenantId) -> frozenset[Extra]:
        """As for `plan`, but for the record of an earlier removal: it proves, and decides about no action."""
        wanted = self._wanted.get(tenant_id)
        return frozenset() if wanted is None else self._reads(wanted)

    def _reads(self, wanted: DesiredCustomer) -> frozenset[Extra]:
        return extras_of(wanted, self._session.loaded.partner, Memory()) - {Extra.REMOVAL_RECORD}

    def plan(self, snapshot: Snapshot, events: Sequence[Event], at: datetime) -> Plan:
        """The whole plan of the customers that the snapshot holds, whatever `--only` or `--target` once left out."""
        from pcreconcile.applying import memory_from
        from pcreconcile.cli.return_memory import with_returns

        session = replace(self._session, clock=ProcessClock(at), rules=wiring.rules_on(at.date(), self._session.loaded))
        concerned = tuple(self._wanted[tenant] for tenant in snapshot.states if tenant in self._wanted)
        fleet = msgspec.structs.replace(session.loaded.fleet, customers=concerned)
        memory = with_returns(session, memory_from(events, at), snapshot, lambda: events)
        return wiring.plan_from(session, snapshot, fleet, memory)
