"""Every customer of a run before its first write: read once, planned again, compared with the kept plan.

A plan file is a claim. What it says is done only where a plan made now says it too. The read that the fresh plan is
made from is the one that tells whether the customer still is what the kept plan saw, so planning again costs no request
but the refund quotes of reservations. All customers are read before the first write, because an action that never
followed from anything refuses the whole run. Whose turn comes long afterwards is read and planned once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pcreconcile.applying.drift import drift, unread
from pcreconcile.applying.execute import READ_ERRORS
from pcreconcile.applying.outcome import Outcome
from pcreconcile.applying.ports import Clock, Planner, Service
from pcreconcile.applying.resumption import Begun
from pcreconcile.applying.work import Work
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import Refused
from pcreconcile.model.estate import Customer, CustomerList, CustomerState, Snapshot
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import Action, CustomerPlan, Plan
from pcreconcile.model.plan_comparison import CustomerComparison, compare_plans, explained_by_dates, heavier
from pcreconcile.model.run import Event

READS_AT_ONCE = 8  # customers: enough to keep the connections busy, whose number the transport bounds
LOOK_HOLDS = timedelta(minutes=5)  # no longer than any wait that nobody asked for: then the world is asked again
_NAMED = 5  # actions that a refusal names before it counts


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a customer is left alone. With `DONE` its steps say how it ends: nothing is sent, and nothing is wrong."""

    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The plan that is applied, as a claim, and what it is compared by.

    `events` are what Memory is made of: all of the journal but what this document did itself. `begun` is what its
    earlier runs saw of the customers that they have written to.
    """

    plan: Plan
    fleet: DesiredFleet
    events: Sequence[Event]
    begun: Mapping[TenantId, Begun]


@dataclass(frozen=True, slots=True)
class Look:
    """One customer as this run read it (`state` None: it was not), and what it is planned from (None: it is not).

    `listed` is its row in the customers list, None where there is none; `different` how it differs from what the kept
    plan observed, in words. Who differs is planned all the same: a plan keeps no items of a converged customer, so that
    everything differs where somebody put actions under one, and only a plan that observes the same tells that.
    """

    entry: Work
    state: CustomerState | None = None
    listed: Customer | None = None
    planned_from: Begun | None = None
    problem: Problem | None = None
    different: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One customer when the run begins with it.

    `customer` is what is carried out, in the fresh plan's words; `actions` are its due actions that the kept plan holds
    too, by ID. `state` is the live state, read when `Clock.monotonic` said `read_at` (None: it was not read);
    `planned_from` is what the fresh plan was made from (None: there is none).
    """

    customer: CustomerPlan
    actions: Mapping[ActionId, Action]
    read_at: float
    problem: Problem | None = None
    state: CustomerState | None = None
    planned_from: Begun | None = None

    def is_outdated(self, monotonic: float) -> bool:
        """Whether what was read is too old to write by."""
        return self.state is not None and monotonic - self.read_at > LOOK_HOLDS.total_seconds()


class Preflight:
    """`listed` is the customers list of this run."""

    def __init__(self, kept: Kept, listed: CustomerList, service: Service, planner: Planner, clock: Clock) -> None:
        self._kept = kept
        self._listed = listed
        self._service = service
        self._planner = planner
        self._clock = clock
        self._wanted = {customer.tenant_id: customer for customer in kept.fleet.customers}

    async def prepare(self, work: Iterable[Work]) -> dict[TenantId, Prepared]:
        """All customers, before the first write.

        Raises Refused, naming customer and action, for an action that never followed from what the plan was made from.
        """
        read_at = self._clock.monotonic()
        looks = await self._look_at_all([entry for entry in work if not entry.over])
        comparisons = self._compared(looks)
        if any(comparison.unexplained for comparison in comparisons.values()):
            raise Refused(_refusal(comparisons.values()))
        return {look.entry.customer.tenant_id: _prepared(look, comparisons, read_at) for look in looks}

    async def prepare_late(self, entry: Work) -> Prepared:
        """One customer again, when the run has begun: what would refuse a whole run refuses this customer alone."""
        read_at = self._clock.monotonic()
        look = await self._look(entry, self._clock.now())
        return _prepared(look, self._compared([look]), read_at)

    async def _look_at_all(self, work: Sequence[Work]) -> list[Look]:
        slots, at = asyncio.Semaphore(READS_AT_ONCE), self._clock.now()

        async def look(entry: Work) -> Look:
            async with slots:
                return await self._look(entry, at)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(look(entry)) for entry in work]
        except BaseExceptionGroup as failures:  # one is as good as all of them
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _look(self, entry: Work, at: datetime) -> Look:
        customer, tenant = entry.customer, entry.customer.tenant_id
        begun = self._kept.begun.get(tenant)
        if self._wanted.get(tenant) != customer.desired:
            return Look(entry, problem=Problem(Outcome.STALE, "its manifest has changed since the plan was made"))
        if entry.removal_touched:  # nothing of the customer needs to be visible any more
            return Look(entry, planned_from=begun, problem=None if begun else _IN_FLIGHT)
        try:
            state = await self._read(customer)
        except READ_ERRORS as error:
            return Look(entry, problem=Problem(Outcome.UNREAD, f"could not be read: {error}"))
        listed = self._listed.customers.get(tenant)
        if unseen := unread(state, customer):
            return Look(entry, state, listed, problem=Problem(Outcome.UNREAD, f"could not be read: {unseen}"))
        different = drift(customer, state, listed, entry.touched_actions)
        return Look(entry, state, listed, begun or Begun(state, listed, at), different=different)

    async def _read(self, customer: CustomerPlan) -> CustomerState:
        """What the kept plan was made from, and what the fresh one is made from."""
        extras = frozenset(customer.observed.extras) | self._planner.reads(customer.tenant_id)
        state = await self._service.read_customer(customer.tenant_id, extras)
        return await self._service.with_quotes(state) if state.reservations else state

    def _compared(self, looks: Sequence[Look]) -> dict[TenantId, CustomerComparison]:
        """Whom nothing is wrong with yet, planned again: each at the instant of what it is planned from."""
        sources = {
            look.entry.customer.tenant_id: look.planned_from
            for look in looks
            if look.problem is None and look.planned_from is not None
        }
        found: dict[TenantId, CustomerComparison] = {}
        for at in sorted({source.at for source in sources.values()}):
            chosen = {tenant: source for tenant, source in sources.items() if source.at == at}
            found |= compare_plans(self._kept.plan, self._plan(chosen, at), chosen)
        riddles = {tenant: comparison for tenant, comparison in found.items() if comparison.unexplained}
        return found | self._explained_by_dates(riddles, sources)

    def _explained_by_dates(
        self, comparisons: Mapping[TenantId, CustomerComparison], sources: Mapping[TenantId, Begun]
    ) -> dict[TenantId, CustomerComparison]:
        """Planned once more, for the instant at which the kept plan says it was made: a date may have passed since."""
        if not comparisons:
            return {}
        then = self._plan({tenant: sources[tenant] for tenant in comparisons}, self._kept.plan.created_at)
        customers = {customer.tenant_id: customer for customer in then.customers}
        return {tenant: explained_by_dates(each, customers.get(tenant)) for tenant, each in comparisons.items()}

    def _plan(self, sources: Mapping[TenantId, Begun], at: datetime) -> Plan:
        rows = {tenant: source.listed for tenant, source in sources.items()}
        others = {tenant: row for tenant, row in self._listed.customers.items() if tenant not in rows}
        present = {tenant: row for tenant, row in rows.items() if row is not None}
        listed = msgspec.structs.replace(self._listed, customers=others | present)
        states = {tenant: source.state for tenant, source in sources.items()}
        partner = self._kept.plan.partner.tenant_id
        return self._planner.plan(Snapshot(partner, at, listed, states), self._kept.events, at)


_IN_FLIGHT = Problem(
    Outcome.DONE,
    "its removal was sent by an earlier run, of which the journal keeps nothing to plan from: what is in flight is "
    "resolved by reading alone; for the rest make a new plan",
)


def _prepared(look: Look, comparisons: Mapping[TenantId, CustomerComparison], read_at: float) -> Prepared:
    kept = look.entry.customer
    comparison = comparisons.get(kept.tenant_id)
    problem = look.problem or (_judged(look, comparison) if comparison else None)
    if comparison is None or comparison.fresh is None or problem is not None:
        return Prepared(kept, {}, read_at, problem, look.state, look.planned_from)
    actions = {each.kept.id: heavier(each.kept, each.fresh) for each in comparison.shared}
    every = tuple(actions.get(action.id, action) for action in comparison.fresh.actions)
    customer = msgspec.structs.replace(comparison.fresh, name=kept.name, actions=every)
    return Prepared(customer, actions, read_at, None, look.state, look.planned_from)


def _judged(look: Look, comparison: CustomerComparison) -> Problem | None:
    if comparison.unexplained:
        told = "; ".join(str(each) for each in comparison.unexplained)
        return Problem(Outcome.REFUSED, f"the plan asks for what does not follow from anything: {told}")
    if look.different:
        return Problem(Outcome.STALE, look.different)
    if comparison.missing or comparison.fresh is None:
        return Problem(Outcome.STALE, comparison.why_stale)
    resumed = look.planned_from is not None and look.planned_from.state is not look.state
    if resumed and look.state is not None:
        different = drift(comparison.fresh, look.state, look.listed, look.entry.touched_actions)
        return Problem(Outcome.STALE, different) if different else None
    return None


def _refusal(comparisons: Iterable[CustomerComparison]) -> str:
    forged = [f"{each.kept.name}: {action}" for each in comparisons for action in each.unexplained]
    rest = len(forged) - _NAMED
    told = "; ".join(forged[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return (
        "the plan asks for what does not follow from the manifests, the policy and the live state, and none of these "
        f"has changed since it was made: {told}; nothing was written: make a new plan, and find out who changed this"
    )
