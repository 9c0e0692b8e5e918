"""`apply`: the only way in which anything is written.

Checks of the whole plan come first and raise; from the first journal event on, everything that happens to a customer
is an outcome in the receipt. Customers are taken one after the other, in the plan's order: requests of several
customers could overlap later, since nothing here is shared between them but the journal.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec

from pcreconcile.applying import holding
from pcreconcile.applying.aftercare import collect
from pcreconcile.applying.approving import Asked, Consent
from pcreconcile.applying.clearing import Cleared, Order, allowed_by, clear
from pcreconcile.applying.consent import Withdrawals
from pcreconcile.applying.context import RunContext
from pcreconcile.applying.customer import CustomerRun, result_of
from pcreconcile.applying.departures import departures_of
from pcreconcile.applying.history import histories
from pcreconcile.applying.identifiers import Ids
from pcreconcile.applying.journal import Journal
from pcreconcile.applying.outcome import Outcome, of_results, of_verdict
from pcreconcile.applying.past_removals import past_removals
from pcreconcile.applying.plan_file import check_plan, require_applicable
from pcreconcile.applying.ports import Clock, Planner, Service, Store
from pcreconcile.applying.preflight import Kept
from pcreconcile.applying.resumption import begun_by, foreign_events
from pcreconcile.applying.rollout import Advance
from pcreconcile.applying.work import Work, named_by, pending_of, work_of
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import Locked, NoAnswer, StoreError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Departure
from pcreconcile.model.plan import CustomerPlan, Plan
from pcreconcile.model.policies_in_force import PoliciesInForce, PolicyAtBase
from pcreconcile.model.policy import Policy
from pcreconcile.model.protection import NOBODY, StoodFor
from pcreconcile.model.run import CustomerResult, Event, Holder, Receipt

LOCK_POLL = 0.25  # seconds between two looks at a lock that another process holds


async def apply(
    plan: Plan,
    *,
    fleet: DesiredFleet,
    policy: Policy,
    service: Service,
    planner: Planner,
    store: Store,
    clock: Clock,
    wait: timedelta,
    lock_timeout: float,
    observer: Callable[[Event], None],
    ids: Ids,
    holder: Holder,
    consent: Consent | None = None,
    base: PolicyAtBase | None = None,
    stood_for: StoodFor = NOBODY,
) -> Receipt:
    """Do what the plan says is due and `planner` says too, each write exactly once, and prove it.

    `wait` bounds the wait for asynchronous results, `lock_timeout` (seconds) that for the tenant's lock. `observer` is
    called after each event that is durable. `holder` says who holds the lock, `consent` what people have agreed to
    (None: nobody was asked). With a `base` both policies judge; `stood_for` are the tenants that entries of `protected`
    ever stood for.

    Before the first write raises PlanFileError, Locked, StoreError, StalePlan, Refused, ApprovalMissing,
    ConfigurationError (approvals, and no ssh-keygen here), RemoteError or IncompleteRead; later StoreError, or NoAnswer
    when a request left and its outcome could not be journalled. A cancelled run waits for the write in flight, journals
    what is known and raises CancelledError again.
    """
    check_plan(plan, plan.partner.tenant_id)
    require_applicable(plan)
    run = ids.run_id()
    async with _lock(store, plan.partner.tenant_id, clock, lock_timeout, msgspec.structs.replace(holder, run=run)):
        started = clock.now()
        events = list(store.events())
        past = histories(plan, events)
        resumed = any(history.touched for history in past.values())
        named = msgspec.structs.replace(plan, customers=named_by(fleet, plan))
        work = work_of(named.customers, past)
        kept = Kept(named, fleet, foreign_events(plan, events), begun_by(plan, events, store.document, started))
        order = Order(plan, fleet, PoliciesInForce(policy, base), consent, work, kept, stood_for)
        pending, changed = pending_of(work.values()), _changed(plan, fleet)
        withdrawals = consent.withdrawals(store) if consent else Withdrawals()
        asked = Asked(plan, order.policy, pending, events, resumed, store.document, changed, withdrawals)
        journal = Journal(store, clock, observer, run, plan.plan_id)
        holding.begin(journal, store.notes(), events, resumed)
        cleared = await clear(order, asked, service, planner, clock)
        context = RunContext(service, journal, clock, ids, wait)
        with _closing(journal):
            journal.run_started(plan, allowed_by(order, asked, cleared, journal))
            results = await _customers(context, order, cleared)
            await collect(service, journal, _departed(events, work), clock.now())
            exit_code = holding.exit_code(of_results(results), journal)
            journal.run_finished(exit_code, {result.tenant_id: result.outcome for result in results})
        return Receipt(run, plan.plan_id, started, clock.now(), exit_code, results, resumed)


def _departed(events: Sequence[Event], work: Mapping[TenantId, Work]) -> tuple[Departure, ...]:
    """Whose audit record is looked for: proven removals, and those that no read and not this run has settled."""
    proven = departures_of(events)
    unseen = (each for each in past_removals(events).unseen() if each.customer not in {*proven, *work})
    return (*proven.values(), *unseen)


async def _customers(context: RunContext, order: Order, cleared: Cleared) -> tuple[CustomerResult, ...]:
    advance = Advance(order.policy.rollout, len(order.work))
    results = []
    for customer in order.kept.plan.customers:
        entry = order.work.get(customer.tenant_id)
        if entry is not None:
            results.append(await _customer(context, entry, cleared, advance))
            advance.enter(results[-1])
        elif (outcome := of_verdict(customer)) is not None:
            results.append(CustomerResult(customer.name, customer.tenant_id, outcome, _why(customer)))
    return tuple(results)


async def _customer(context: RunContext, entry: Work, cleared: Cleared, advance: Advance) -> CustomerResult:
    customer, steps = entry.customer, entry.steps.values()
    why = context.journal.held or advance.halted()
    if why and not entry.touched_actions:
        return CustomerResult(customer.name, customer.tenant_id, Outcome.STOPPED, why)
    if entry.over or cleared.preflight is None:
        return result_of(customer, steps, Outcome.DONE, "done by an earlier run of this plan")
    prepared = cleared.prepared[customer.tenant_id]
    if prepared.is_outdated(context.clock.monotonic()):
        prepared = await cleared.preflight.prepare_late(entry)
    listed = cleared.listed.customers.get(customer.tenant_id) if cleared.listed else None
    return await CustomerRun(context, entry, prepared, listed).to_the_end()


def _changed(plan: Plan, fleet: DesiredFleet) -> frozenset[TenantId]:
    """The customers of which the manifests want something else now: nothing new is sent for them."""
    wanted = {customer.tenant_id: customer for customer in fleet.customers}
    return frozenset(each.tenant_id for each in plan.customers if wanted.get(each.tenant_id) != each.desired)


def _why(customer: CustomerPlan) -> str:
    blocker = customer.binding_blocker or next(iter(customer.blockers), None)
    return f"{blocker.code}: {blocker.how}" if blocker else f"the plan says: {customer.verdict}"


@contextlib.contextmanager
def _closing(journal: Journal) -> Iterator[None]:
    """A run that is cut off says so in the journal, as far as the journal still can."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(StoreError):
            journal.run_finished(None, {}, type(error).__name__)
        if isinstance(error, StoreError) and journal.unsettled:
            raise NoAnswer(
                f"{error}; a write was sent and its outcome could not be recorded: apply the same plan again, "
                "it is resolved by reading"
            ) from error
        raise


@contextlib.asynccontextmanager
async def _lock(store: Store, tenant: TenantId, clock: Clock, timeout: float, holder: Holder) -> AsyncIterator[None]:
    """The tenant's lock. Waiting happens here and not in the store, so that a waiting run can be interrupted."""
    until = clock.monotonic() + timeout
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(store.lock(tenant, 0.0, holder))
                break
            except Locked:
                left = until - clock.monotonic()
                if left <= 0:
                    raise
                await clock.sleep(min(LOCK_POLL, left))
        yield
