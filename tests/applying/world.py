"""A world to apply plans to: a small Microsoft with switchable faults, a clock that moves when asked, and plans."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from pcreconcile.applying import WriteRequest, apply, open_store
from pcreconcile.applying.approving import Consent
from pcreconcile.applying.ports import Planner
from pcreconcile.model.desired import DesiredCustomer, DesiredFleet, Relationship
from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import (
    AuditRecord,
    AuditTrail,
    AzureEntitlement,
    Customer,
    CustomerList,
    CustomerState,
    DelegatedAdminRelationship,
    ReadProof,
    RemovalRecord,
    Snapshot,
    Subscription,
)
from pcreconcile.model.extras import Extra
from pcreconcile.model.identity import action_id, seal
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId, SubscriptionId, TenantId
from pcreconcile.model.observed import (
    Fields,
    observe_azure_entitlement,
    observe_delegated_admin,
    observe_items,
    observe_subscription,
)
from pcreconcile.model.plan import (
    Action,
    ActionKind,
    ActionMoney,
    Approvals,
    CustomerPlan,
    Effect,
    Guard,
    Observed,
    Plan,
    PlanPartner,
    Reversibility,
    Sources,
    Target,
    Totals,
    Verdict,
)
from pcreconcile.model.policy import Policy
from pcreconcile.model.run import Event, Holder, Receipt

PARTNER = TenantId("9f10aa00-0000-4000-8000-0000000000aa")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def tenant(number: int = 1) -> TenantId:
    return TenantId(f"6b2e0b0c-0000-4000-8000-{number:012d}")


ONE = tenant(1)
STAYS = tenant(99)  # a customer of whom no plan speaks


HELD_BY = Holder(1, "here", "desk", NOW)


class Clock:
    """Time moves only when somebody sleeps."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now
        self.slept = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.slept

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.slept += seconds
        self.at += timedelta(seconds=seconds)


class Ids:
    """Countable GUIDs."""

    def __init__(self, start: int = 0) -> None:
        self.count = start

    def _next(self) -> str:
        self.count += 1
        return f"00000000-0000-4000-8000-{self.count:012d}"

    def run_id(self) -> RunId:
        return RunId(self._next())

    def request_id(self) -> RequestId:
        return RequestId(self._next())


class Died(BaseException):
    """The process is gone: nothing of ours may handle this."""


class Fault(StrEnum):
    LOST_BEFORE = "the request is lost on its way"
    LOST_AFTER = "the answer is lost on its way"
    DIES_BEFORE = "the process dies before the request arrives"
    DIES_AFTER = "the process dies before the answer arrives"
    LIES = "the service says yes and does nothing"
    HANGS = "no answer comes, until the request is cancelled"


def refusal(status: int = 400, code: str = "900117", retry_after: float | None = None) -> RemoteError:
    return RemoteError("You have passed your window.", status=status, code=code, retry_after=retry_after)


class Yes(msgspec.Struct, frozen=True):
    """An answer of the service's own type, as any implementation may have one."""

    status: int
    correlation_id: str
    accepted: bool = False


@dataclass
class Microsoft:
    """Customers with subscriptions and Azure subscriptions.

    `faults` are consumed by writes and `read_faults` by reads of single things, None meaning that all goes well.
    `slow` is after how many reads of a thing a write to it shows. `took` counts what took effect.
    """

    customers: dict[TenantId, Customer] = field(default_factory=dict)
    subscriptions: dict[TenantId, dict[str, Subscription]] = field(default_factory=dict)
    azure: dict[TenantId, dict[str, AzureEntitlement]] = field(default_factory=dict)
    faults: deque[Fault | RemoteError | NoAnswer | IncompleteRead | None] = field(default_factory=deque)
    read_faults: deque[Exception | None] = field(default_factory=deque)
    unreadable: set[TenantId] = field(default_factory=set)
    gdap: dict[TenantId, dict[str, DelegatedAdminRelationship]] = field(default_factory=dict)
    graph_problem: str = ""
    removed: dict[TenantId, RemovalRecord] = field(default_factory=dict)
    records: deque[RemovalRecord | Exception | None] = field(default_factory=deque)
    audit_looks: list[datetime] = field(default_factory=list)
    list_problem: str = ""
    signed_in_as: str | None = None
    trail: list[AuditRecord] = field(default_factory=list)
    trail_problem: str = ""
    past_problem: str = ""
    trail_reads: int = 0
    slow: int = 0
    time: datetime | None = None
    clock: Clock | None = None
    took: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: list[WriteRequest] = field(default_factory=list)
    authorised: list[frozenset[ActionKind]] = field(default_factory=list)
    before_write: Callable[[WriteRequest], None] | None = None
    on_read_customer: Callable[[], None] | None = None
    _answers: dict[str, Yes | RemoteError] = field(default_factory=dict)
    _pending: dict[tuple[TenantId, str], tuple[int, WriteRequest]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.add(STAYS)

    def add(self, who: TenantId, *held: Subscription | AzureEntitlement, domain: str = "") -> None:
        name = f"customer-{int(who[-12:])}"
        self.customers[who] = Customer(who, name, domain or f"{name}.onmicrosoft.com", relationship="reseller")
        self.subscriptions[who] = {one.id: one for one in held if isinstance(one, Subscription)}
        self.azure[who] = {one.id: one for one in held if isinstance(one, AzureEntitlement)}

    def grant(self, who: TenantId, which: str, status: str = "active") -> None:
        """Delegated access (GDAP) with that status."""
        self.gdap.setdefault(who, {})[which] = DelegatedAdminRelationship(which, f"helpdesk {which}", status)

    def change(self, who: TenantId, which: str, **members: Any) -> None:
        if which in self.azure[who]:
            self.azure[who][which] = replace(self.azure[who][which], **members)
        else:
            self.subscriptions[who][which] = replace(self.subscriptions[who][which], **members)

    # The Service protocol.

    async def authorise(self, kinds: frozenset[ActionKind]) -> None:
        self.authorised.append(kinds)

    async def service_time(self) -> datetime:
        return self.time or (self.clock.now() if self.clock else NOW)

    async def user(self) -> str | None:
        return self.signed_in_as

    async def audit_trail(self, since: datetime) -> AuditTrail:
        self.trail_reads += 1
        problem = self.trail_problem
        records = tuple(record for record in self.trail if record.at >= since)
        return AuditTrail(records, ReadProof("auditrecords", not problem, problem=problem))

    async def removal_trail(self, since: datetime) -> AuditTrail:
        problem = self.past_problem
        gone = (record for record in self.trail if record.operation == "remove_partner_customer_relationship")
        records = tuple(record for record in gone if record.at >= since)
        return AuditTrail(records, ReadProof("removal-records", not problem, problem=problem))

    async def list_customers(self) -> CustomerList:
        listed = {who: one for who, one in self.customers.items() if one.relationship == "reseller"}
        return CustomerList(listed, ReadProof("customers", not self.list_problem, problem=self.list_problem))

    async def removal_record(self, tenant_id: TenantId, since: datetime) -> RemovalRecord | None:
        self.audit_looks.append(since)
        found = self.records.popleft() if self.records else self.removed.get(tenant_id)
        if isinstance(found, Exception):
            raise found
        return found

    async def read_customer(self, tenant_id: TenantId, extras: frozenset[Extra] = frozenset()) -> CustomerState:
        if self.on_read_customer:
            self.on_read_customer()
        complete = tenant_id not in self.unreadable
        seen = Extra.DELEGATED_ADMIN in extras and not self.graph_problem
        return CustomerState(
            tenant_id,
            self.customers.get(tenant_id),
            subscriptions=tuple(self.subscriptions.get(tenant_id, {}).values()),
            azure_entitlements=tuple(self.azure.get(tenant_id, {}).values()),
            reads=(
                ReadProof("subscriptions", complete, problem="" if complete else "cut off"),
                *(ReadProof(extra, seen, problem=self.graph_problem) for extra in extras),
            ),
            delegated_admin=tuple(self.gdap.get(tenant_id, {}).values()) if seen else None,
        )

    async def read_item(
        self, tenant_id: TenantId, item_type: str, item_id: str, parent_id: str | None
    ) -> Fields | None:
        fault = self.read_faults.popleft() if self.read_faults else None
        if fault is not None:
            raise fault
        self._settle(tenant_id, item_id)
        if item_type == "customer":
            shown = self.customers.get(tenant_id)
            allowed = shown.allow_delegated_access if shown else None
            relationship = shown.relationship if shown else "none"
            return {
                "type": "customer",
                "id": tenant_id,
                "relationship": relationship,
                "allowDelegatedAccess": allowed,
            }
        if item_type == "delegated-admin":
            access = self.gdap[tenant_id].get(item_id)
            return observe_delegated_admin(access) if access else None
        if item_type == "azure-subscription":
            assert parent_id == "plan", "an Azure subscription is read under its plan"
            held = self.azure[tenant_id].get(item_id)
            return observe_azure_entitlement(held) if held else None
        found = self.subscriptions[tenant_id].get(item_id)
        return observe_subscription(found) if found else None

    async def with_quotes(self, state: CustomerState) -> CustomerState:
        return state

    async def write(self, request: WriteRequest) -> Yes:
        self.requests.append(request)
        if self.before_write:
            self.before_write(request)
        for _ in range(5):  # as on a wire, somebody else may have a turn meanwhile
            await asyncio.sleep(0)
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.DIES_BEFORE:
            raise Died
        if fault is Fault.LOST_BEFORE:
            raise NoAnswer("connection lost")
        if isinstance(fault, NoAnswer | IncompleteRead):
            raise fault
        if fault is Fault.HANGS:
            await asyncio.Event().wait()
        if fault is Fault.LIES:
            return Yes(200, "trace")
        answer = self._answers.get(request.request_id)
        if answer is None:
            answer = fault if isinstance(fault, RemoteError) else self._accept(request)
            if not isinstance(answer, RemoteError) or answer.status != 429:
                self._answers[request.request_id] = answer
        if fault is Fault.DIES_AFTER:
            raise Died
        if fault is Fault.LOST_AFTER:
            raise NoAnswer("connection lost")
        if isinstance(answer, RemoteError):
            raise answer
        return answer

    def _accept(self, request: WriteRequest) -> Yes:
        self.took[request.kind, request.target_id] += 1
        if self.slow:
            self._pending[request.tenant_id, request.target_id] = (self.slow, request)
            return Yes(202, "trace", accepted=True)
        self._effect(request)
        return Yes(200, "trace")

    def _settle(self, who: TenantId, which: str) -> None:
        if (pending := self._pending.get((who, which))) is not None:
            reads, request = pending
            if reads > 1:
                self._pending[who, which] = (reads - 1, request)
            else:
                del self._pending[who, which]
                self._effect(request)

    def _effect(self, request: WriteRequest) -> None:
        who, which = request.tenant_id, request.target_id
        match request.kind:
            case ActionKind.REMOVE_RELATIONSHIP:
                self.customers[who] = replace(self.customers[who], relationship="none", allow_delegated_access=False)
                self.removed[who] = RemovalRecord("record", self.clock.now() if self.clock else NOW, "trace")
            case ActionKind.REMOVE_DELEGATED_ADMIN:
                self.customers[who] = replace(self.customers[who], allow_delegated_access=False)
            case ActionKind.TERMINATE_DELEGATED_ACCESS:
                self.grant(who, which, "terminated")
            case ActionKind.CANCEL_AT_TERM_END:
                self.change(who, which, auto_renew=False)
            case ActionKind.CANCEL_AZURE_SUBSCRIPTION:
                self.change(who, which, status="inactive")
            case kind:
                self.change(who, which, status=STATUS[kind])
                if kind is ActionKind.SUSPEND_SUBSCRIPTION:
                    for addon in [s.id for s in self.subscriptions[who].values() if s.parent_subscription_id == which]:
                        self.change(who, addon, status="suspended")


STATUS = {
    ActionKind.CANCEL_SUBSCRIPTION: "deleted",
    ActionKind.SUSPEND_SUBSCRIPTION: "suspended",
    ActionKind.REACTIVATE_SUBSCRIPTION: "active",
}


def subscription(name: str, status: str = "active", **members: Any) -> Subscription:
    return Subscription(SubscriptionId(name), "CFQ7TTC0LF8R:0001:1", name, status, 10, auto_renew=True, **members)


def azure(name: str) -> AzureEntitlement:
    return AzureEntitlement(name, SubscriptionId("plan"), name, "active")


CONDITIONS: dict[ActionKind, tuple[Fields, Fields]] = {
    ActionKind.CANCEL_SUBSCRIPTION: ({"status": "active"}, {"status": "deleted"}),
    ActionKind.SUSPEND_SUBSCRIPTION: ({"status": "active"}, {"status": "suspended"}),
    ActionKind.REACTIVATE_SUBSCRIPTION: ({"status": "suspended"}, {"status": "active"}),
    ActionKind.CANCEL_AT_TERM_END: ({"autoRenewEnabled": True}, {"autoRenewEnabled": False}),
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: ({"running": True}, {"running": False}),
    ActionKind.REMOVE_RELATIONSHIP: ({"relationship": "reseller"}, {"relationship": "none"}),
    ActionKind.REMOVE_DELEGATED_ADMIN: ({"allowDelegatedAccess": True}, {"allowDelegatedAccess": False}),
    ActionKind.TERMINATE_DELEGATED_ACCESS: ({"status": "active"}, {"ended": True}),
}


TARGETS = {
    ActionKind.REMOVE_RELATIONSHIP: "customer",
    ActionKind.REMOVE_DELEGATED_ADMIN: "customer",
    ActionKind.TERMINATE_DELEGATED_ACCESS: "delegated-admin",
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: "azure-subscription",
    ActionKind.CANCEL_ORDER_LINE: "order-line",
}


def act(kind: ActionKind, target: str, *requires: Action, who: TenantId = ONE, **members: Any) -> Action:
    target_type = TARGETS.get(kind, "subscription")
    before, after = CONDITIONS.get(kind, ({}, {"status": "done"}))
    values: dict[str, Any] = {
        "id": action_id(who, kind, target_type, target),
        "kind": kind,
        "target": Target(target_type, target, target),
        "family": None,
        "when": "now",
        "requires": tuple(sorted(action.id for action in requires)),
        "reversibility": Reversibility.ONE_WAY,
        "effect": Effect.TAKES_SERVICE,
        "impact": None,
        "precondition": before,
        "postcondition": after,
        "window_closes_at": None,
        "money": ActionMoney(),
        "reason": "because",
    }
    return Action(**(values | members))


def cancel(target: str, *requires: Action, **members: Any) -> Action:
    return act(ActionKind.CANCEL_SUBSCRIPTION, target, *requires, **members)


def suspend(target: str, *requires: Action, **members: Any) -> Action:
    return act(ActionKind.SUSPEND_SUBSCRIPTION, target, *requires, **members)


def remove(*requires: Action, who: TenantId = ONE, **members: Any) -> Action:
    return act(ActionKind.REMOVE_RELATIONSHIP, who, *requires, who=who, **members)


def wanted(who: TenantId, **members: Any) -> DesiredCustomer:
    name = f"customer-{int(who[-12:])}"
    values = {"relationship": Relationship.REMOVED, "domain": f"{name}.onmicrosoft.com", "reason": "moves"} | members
    return DesiredCustomer(name=name, tenant_id=who, **values)


def terminate(target: str, *requires: Action, **members: Any) -> Action:
    return act(ActionKind.TERMINATE_DELEGATED_ACCESS, target, *requires, effect=Effect.NEUTRAL, **members)


def planned(service: Microsoft, actions: Sequence[Action] = (), who: TenantId = ONE, **members: Any) -> CustomerPlan:
    """The customer as planning would see it in the service now."""
    shown = service.customers[who]
    extras = frozenset({Extra.DELEGATED_ADMIN} if who in service.gdap else ())
    state = asyncio.run(service.read_customer(who, extras))
    items = tuple(observe_items(state))
    values: dict[str, Any] = {
        "name": shown.company_name,
        "tenant_id": who,
        "desired": wanted(who),
        "observed": Observed(
            shown.relationship, shown.domain, shown.company_name, items=items, extras=tuple(sorted(extras))
        ),
        "verdict": Verdict.READY,
        "earliest_removal": None,
        "confidence": "high",
        "binding_blocker": None,
        "next_deadline": None,
        "actions": tuple(actions),
        "blockers": (),
        "warnings": (),
    }
    return CustomerPlan(**(values | members))


def plan_of(*customers: CustomerPlan, guards: Iterable[Guard] = (), required: int = 0, created: datetime = NOW) -> Plan:
    return seal(
        Plan(
            format_version=2,
            plan_id=PlanId(""),
            digest="",
            created_at=created,
            tool_version="0",
            partner=PlanPartner(PARTNER, "contoso-csp", "custom"),
            sources=Sources("", "", "", "1", NOW),
            customers=customers,
            unmanaged=(),
            unread=(),
            guards=tuple(guards),
            approvals=Approvals(required),
            totals=Totals(len(customers), {}, 0, 0, 0, 0, 0),
        )
    )


def planned_writes(plan: Plan) -> Counter[tuple[str, str]]:
    due = (action for customer in plan.customers for action in customer.actions if action.when == "now")
    return Counter((action.kind, action.target.id) for action in due)


@dataclass
class Agreeing:
    """A planner that makes the same plan again, as an honest one is made again as long as nothing has changed.

    What a real one makes of an edited plan is for `test_planning_again` and `test_edited_plans`.
    """

    kept: Plan

    def reads(self, tenant_id: TenantId) -> frozenset[Extra]:
        return frozenset()

    def plan(self, snapshot: Snapshot, events: Sequence[Event], at: datetime) -> Plan:
        chosen = tuple(each for each in self.kept.customers if each.tenant_id in snapshot.states)
        return replace(self.kept, customers=chosen)


@dataclass
class Desk:
    """Somebody who applies plans, with one journal."""

    folder: Path
    service: Microsoft
    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)
    policy: Policy = field(default_factory=Policy)
    wait: timedelta = timedelta(minutes=15)
    consent: Consent | None = None
    seen: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service.clock = self.clock

    @property
    def journal(self) -> Path:
        return self.folder / "journal.db"

    async def applying(
        self, plan: Plan, *, fleet: DesiredFleet | None = None, store: Any = None, planner: Planner | None = None
    ) -> Receipt:
        return await apply(
            plan,
            fleet=fleet or DesiredFleet(tuple(customer.desired for customer in plan.customers)),
            policy=self.policy,
            service=self.service,
            planner=planner or Agreeing(plan),
            store=store or open_store(self.journal),
            clock=self.clock,
            wait=self.wait,
            lock_timeout=0,
            observer=self.seen.append,
            ids=self.ids,
            holder=HELD_BY,
            consent=self.consent,
        )

    def apply(self, plan: Plan, **changes: Any) -> Receipt:
        return asyncio.run(self.applying(plan, **changes))

    def kinds(self, action: ActionId | None = None) -> list[str]:
        return [str(event.kind) for event in self.seen if event.action is not None and action in {None, event.action}]


def unread(text: str = "cut off") -> IncompleteRead:
    return IncompleteRead(text)
