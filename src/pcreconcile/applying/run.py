"""`apply`: the only way in which anything is written.

Checks of the whole plan come first and raise; from the first journal event on, everything that happens to a customer
is an outcome in the receipt. Customers are taken one after the other, in the plan's order: requests of several
customers could overlap later, since nothing here is shared between them but the journal.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from pcreconcile.applying.aftercare import collect
from pcreconcile.applying.approving import Asked, Consent
from pcreconcile.applying.ceilings import BY_HAND
from pcreconcile.applying.clearing import Order, allowed_by, clear
from pcreconcile.applying.consent import Withdrawals
from pcreconcile.applying.context import RunContext
from pcreconcile.applying.customer import CustomerRun
from pcreconcile.applying.departures import departures_of
from pcreconcile.applying.guards import Pending
from pcreconcile.applying.history import ActionHistory, histories
from pcreconcile.applying.identifiers import Ids
from pcreconcile.applying.journal import Journal
from pcreconcile.applying.outcome import Outcome, of_results, of_verdict
from pcreconcile.applying.plan_file import check_plan, require_applicable
from pcreconcile.applying.ports import Clock, Service, Store
from pcreconcile.applying.progress import Progress
from pcreconcile.applying.rollout import Advance
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import Locked, NoAnswer, StoreError
from pcreconcile.model.estate import CustomerList
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import NOW, CustomerPlan, Plan
from pcreconcile.model.policy import Policy
from pcreconcile.model.run import ActionState, CustomerResult, Event, Holder, Receipt

LOCK_POLL = 0.25  # seconds between two looks at a lock that another process holds


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
    holder: Holder,
    consent: Consent | None = None,
) -> Receipt:
    """Do what the plan says is due, each write exactly once, and prove it.

    `wait` bounds the wait for asynchronous results, `lock_timeout` (seconds) that for the tenant's lock. `observer` is
    called after each event that is durable. `holder` says who holds the lock, `consent` what people have agreed to
    (None: nobody was asked).

    Before the first write raises PlanFileError, Locked, StoreError, StalePlan, Refused, ApprovalMissing,
    ConfigurationError (approvals, and no ssh-keygen here), RemoteError or IncompleteRead; later StoreError, or NoAnswer
    when a request left and its outcome could not be journalled. A cancelled run waits for the write in flight, journals
    what is known and raises CancelledError again.
    """
    check_plan(plan, plan.partner.tenant_id)
    require_applicable(plan)
    order = Order(plan, fleet, policy, consent)
    run = ids.run_id()
    async with _lock(store, plan.partner.tenant_id, clock, lock_timeout, msgspec.structs.replace(holder, run=run)):
        started = clock.now()
        events = list(store.events())
        past = histories(plan, events)
        resumed = any(history.touched for history in past.values())
        work = _work(plan, past)
        changed = _changed(plan, fleet)
        withdrawals = consent.withdrawals(store) if consent else Withdrawals()
        asked = Asked(plan, policy, _pending(work), events, resumed, store.document, changed, withdrawals)
        cleared = await clear(order, asked, service, clock)
        journal = Journal(store, clock, observer, run, plan.plan_id)
        context = RunContext(service, journal, clock, ids, wait)
        with _closing(journal):
            journal.run_started(plan, allowed_by(order, asked, cleared, journal))
            results = await _customers(context, order, work, cleared.listed)
            await collect(service, journal, departures_of(events).values(), clock.now())
            exit_code = of_results(results)
            journal.run_finished(exit_code, {result.tenant_id: result.outcome for result in results})
        return Receipt(run, plan.plan_id, started, clock.now(), exit_code, results, resumed)


async def _customers(
    context: RunContext, order: Order, work: Mapping[TenantId, Work], listed: CustomerList | None
) -> tuple[CustomerResult, ...]:
    wanted = {customer.tenant_id: customer for customer in order.fleet.customers}
    live = listed.customers if listed else {}
    advance = Advance(order.policy.rollout, len(work))
    results = []
    for customer in order.plan.customers:
        tenant = customer.tenant_id
        if tenant in work:
            steps = work[tenant].steps
            if (why := advance.halted()) and not any(step.past.touched for step in steps.values()):
                results.append(CustomerResult(customer.name, tenant, Outcome.STOPPED, why))
                continue
            run = CustomerRun(context, customer, steps, wanted.get(tenant), live.get(tenant))
            results.append(await run.to_the_end())
            advance.enter(results[-1])
        elif (outcome := of_verdict(customer)) is not None:
            results.append(CustomerResult(customer.name, tenant, outcome, _why(customer)))
    return tuple(results)


def _work(plan: Plan, past: Mapping[ActionId, ActionHistory]) -> dict[TenantId, Work]:
    work: dict[TenantId, Work] = {}
    for customer in plan.customers:
        due = [a for a in customer.actions if a.when == NOW and a.kind not in BY_HAND]
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
