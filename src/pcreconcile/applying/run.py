"""`apply`: the only way in which anything is written.

Checks of the whole plan come first and raise; from the first journal event on, everything that happens to a customer
is an outcome in the receipt. Customers are taken one after the other, in the plan's order: requests of several
customers could overlap later, since nothing here is shared between them but the journal.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pcreconcile.applying import guards
from pcreconcile.applying.context import RunContext
from pcreconcile.applying.customer import CustomerRun
from pcreconcile.applying.guards import Pending
from pcreconcile.applying.history import ActionHistory, histories
from pcreconcile.applying.identifiers import Ids
from pcreconcile.applying.journal import Journal
from pcreconcile.applying.memory import memory_from
from pcreconcile.applying.outcome import of_results, of_verdict
from pcreconcile.applying.plan_file import check_plan
from pcreconcile.applying.ports import Clock, Service, Store
from pcreconcile.applying.progress import Progress
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import IncompleteRead, Locked, NoAnswer, StoreError
from pcreconcile.model.estate import CustomerList
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import NOW, ActionKind, CustomerPlan, Plan
from pcreconcile.model.policy import Policy
from pcreconcile.model.run import ActionState, CustomerResult, Event, Receipt

LOCK_POLL = 0.25  # seconds between two looks at a lock that another process holds

_BY_HAND = frozenset({ActionKind.MANUAL, ActionKind.REQUEST_RELATIONSHIP})


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, under which policy, wanted by which manifests."""

    plan: Plan
    fleet: DesiredFleet
    policy: Policy


@dataclass(slots=True)
class Work:
    """One customer that has due actions, and where each of them stands."""

    customer: CustomerPlan
    steps: dict[ActionId, Progress]


async def apply(
    plan: Plan,
    *,
    fleet: DesiredFleet,
    policy: Policy,
    service: Service,
    store: Store,
    clock: Clock,
    wait: timedelta,
    lock_timeout: float,
    observer: Callable[[Event], None],
    ids: Ids,
) -> Receipt:
    """Do what the plan says is due, each write exactly once, and prove it.

    `wait` bounds the wait for asynchronous results, `lock_timeout` (seconds) that for the tenant's lock. `observer` is
    called after each event that is durable.

    Before the first write raises PlanFileError, Locked, StoreError, StalePlan, Refused, ApprovalMissing, RemoteError or
    IncompleteRead; later StoreError, or NoAnswer when a request left and its outcome could not be journalled. A
    cancelled run waits for the write in flight, journals what is known and raises CancelledError again.
    """
    check_plan(plan, plan.partner.tenant_id)
    order = Order(plan, fleet, policy)
    async with _lock(store, plan.partner.tenant_id, clock, lock_timeout):
        started = clock.now()
        events = list(store.events())
        past = histories(plan, events)
        resumed = any(history.touched for history in past.values())
        work = _work(plan, past)
        pending = _pending(work)
        _check_the_plan(order, pending, memory_from(events, started), resumed, clock)
        listed = await _ask_the_service(policy, pending, service, clock) if pending else None
        run = ids.run_id()
        journal = Journal(store, clock, observer, run, plan.plan_id)
        context = RunContext(service, journal, clock, ids, wait)
        with _closing(journal):
            journal.run_started(plan)
            results = await _customers(context, order, work, listed)
            exit_code = of_results(results)
            journal.run_finished(exit_code, {result.tenant_id: result.outcome for result in results})
        return Receipt(run, plan.plan_id, started, clock.now(), exit_code, results, resumed)


def _check_the_plan(order: Order, pending: Sequence[Pending], memory: Memory, resumed: bool, clock: Clock) -> None:
    """Every check of the plan as a whole that needs no request; going on with a run needs no new approval."""
    now = clock.now()
    if not resumed:
        guards.check_manifests(order.fleet, pending)
    guards.check_guards(order.plan)
    guards.check_removals(order.policy, memory, [entry for entry in pending if not entry.touched], now.date())
    guards.check_freezes(order.policy, pending, guards.local_day(now, order.plan.partner.time_zone))
    if not resumed:
        guards.check_approvals(order.plan, order.policy, pending)


async def _ask_the_service(policy: Policy, pending: Sequence[Pending], service: Service, clock: Clock) -> CustomerList:
    try:
        await service.authorise(frozenset(entry.action.kind for entry in pending))
        guards.check_clocks(clock.now(), await service.service_time())
        listed = await service.list_customers()
    except NoAnswer as error:  # nothing was written yet, so nothing is indeterminate
        raise IncompleteRead(f"the service does not answer, nothing was written: {error}") from error
    if not listed.read.complete:
        raise IncompleteRead(f"the customers list could not be read, nothing was written: {listed.read.problem}")
    guards.check_customers_left(policy, listed, pending)
    return listed


async def _customers(
    context: RunContext, order: Order, work: Mapping[TenantId, Work], listed: CustomerList | None
) -> tuple[CustomerResult, ...]:
    wanted = {customer.tenant_id: customer for customer in order.fleet.customers}
    live = listed.customers if listed else {}
    results = []
    for customer in order.plan.customers:
        tenant = customer.tenant_id
        if tenant in work:
            steps = work[tenant].steps
            run = CustomerRun(context, customer, steps, wanted.get(tenant), live.get(tenant))
            results.append(await run.to_the_end())
        elif (outcome := of_verdict(customer)) is not None:
            results.append(CustomerResult(customer.name, tenant, outcome, _why(customer)))
    return tuple(results)


def _work(plan: Plan, past: Mapping[ActionId, ActionHistory]) -> dict[TenantId, Work]:
    work: dict[TenantId, Work] = {}
    for customer in plan.customers:
        due = [a for a in customer.actions if a.when == NOW and a.kind not in _BY_HAND]
        if due:
            steps = {a.id: Progress.begin(a, past.get(a.id) or ActionHistory()) for a in due}
            work[customer.tenant_id] = Work(customer, steps)
    return work


def _pending(work: Mapping[TenantId, Work]) -> list[Pending]:
    return [
        Pending(entry.customer, step.action, step.past.touched)
        for entry in work.values()
        for step in entry.steps.values()
        if step.state is not ActionState.VERIFIED
    ]


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
async def _lock(store: Store, tenant: TenantId, clock: Clock, timeout: float) -> AsyncIterator[None]:
    """The tenant's lock. Waiting happens here and not in the store, so that a waiting run can be interrupted."""
    until = clock.monotonic() + timeout
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(store.lock(tenant, 0.0))
                break
            except Locked:
                left = until - clock.monotonic()
                if left <= 0:
                    raise
                await clock.sleep(min(LOCK_POLL, left))
        yield
