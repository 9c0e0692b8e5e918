"""The year itself: day after day the simulator's clock is moved, the fleet is planned, and what is due is applied.

Real client, real sockets, the simulator in a thread of this process; time is moved and never waited for.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml

from pcreconcile.applying import apply, memory_from, open_store, read_events
from pcreconcile.manifests import Loaded, load
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.extras import Extra, extras_of
from pcreconcile.model.ids import RequestId, RunId, TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import NOW, ActionKind, CustomerPlan, Plan, Verdict
from pcreconcile.model.rules import Rules
from pcreconcile.model.run import ActionState, Event, Holder, Receipt
from pcreconcile.partner_center import connect
from pcreconcile.partner_center.trust import Trust
from pcreconcile.planning import plan
from pcreconcile.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    SimulatorSettings,
    run_in_thread,
)
from tests.exits.estates import shipped_rules
from tests.year.documents import estate, write_manifests
from tests.year.facts import DAY, DECISION, Customer
from tests.year.oracle import Frozen

ENVIRONMENT = {"PC_CLIENT_ID": CLIENT_ID, "PC_CLIENT_SECRET": CLIENT_SECRET, "PC_REFRESH_TOKEN": REFRESH_TOKEN}
WAIT = timedelta(minutes=15)

Reason = tuple[str, str]


@dataclass(frozen=True)
class Seen:
    """What one day's plan said of one customer."""

    day: datetime
    verdict: str
    earliest: date | None
    confidence: str
    reasons: frozenset[Reason]
    due: tuple[str, ...]
    telling: str


@dataclass
class Year:
    """What happened: the days planned of each customer by name, what apply said, and the simulator's own books."""

    seen: dict[str, list[Seen]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    billing: dict[str, Any] = field(default_factory=dict)
    refused: list[dict[str, Any]] = field(default_factory=list)
    plans: int = 0


class StillClock:
    """Stands at the day's instant; waiting costs nothing."""

    def __init__(self) -> None:
        self.at = DECISION
        self.waited = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.waited

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.waited += seconds


class FreshIds:
    def run_id(self) -> RunId:
        return RunId(str(uuid.uuid4()))

    def request_id(self) -> RequestId:
        return RequestId(str(uuid.uuid4()))


class Desk:
    """The licensing desk of this fleet: its manifests, its journal, and the service it speaks to."""

    def __init__(self, loaded: Loaded, journal: Path, control: httpx.Client) -> None:
        self.loaded = loaded
        self.journal = journal
        self.control = control
        self.rules: Rules = shipped_rules()
        self.clock = StillClock()

    def move(self, at: datetime) -> None:
        self.clock.at = at
        self.control.post("/_simulator/clock", json={"now": at.isoformat()}).raise_for_status()

    def of(self, names: frozenset[str]) -> DesiredFleet:
        fleet = self.loaded.fleet
        chosen = tuple(each for each in fleet.customers if each.name in names)
        return msgspec.structs.replace(fleet, customers=chosen)

    def planned(self, fleet: DesiredFleet, snapshot: Snapshot, memory: Memory, at: datetime) -> Plan:
        return plan(
            fleet,
            snapshot,
            memory,
            self.rules,
            self.loaded.policy,
            at,
            partner=self.loaded.partner,
            tool_version="year",
            known=self.loaded.fleet,
        )

    # What apply asks of a planner.

    def reads(self, tenant_id: TenantId) -> frozenset[Extra]:
        wanted = next(each for each in self.loaded.fleet.customers if each.tenant_id == tenant_id)
        return extras_of(wanted, self.loaded.partner, Memory()) - {Extra.REMOVAL_RECORD}

    def plan(self, snapshot: Snapshot, events: Sequence[Event], at: datetime) -> Plan:
        fleet = self.of(
            frozenset(each.name for each in self.loaded.fleet.customers if each.tenant_id in snapshot.states)
        )
        return self.planned(fleet, snapshot, memory_from(events, at), at)

    async def day(self, names: frozenset[str]) -> tuple[Plan, Receipt | None]:
        """Plan these customers as of today, and apply what is due, in a connection of its own like a nightly job."""
        fleet, partner = self.of(names), self.loaded.partner
        memory = memory_from(read_events(self.journal), self.clock.now())
        wanted = {each.tenant_id: extras_of(each, partner, memory) for each in fleet.customers}
        async with connect(partner, ENVIRONMENT, trust=Trust()) as service:
            snapshot = await service.snapshot(wanted, self.clock.now())
            made = self.planned(fleet, snapshot, memory, self.clock.now())
            if not any(action.when == NOW for customer in made.customers for action in customer.actions):
                return made, None
            receipt = await apply(
                made,
                fleet=self.loaded.fleet,
                policy=self.loaded.policy,
                service=service,
                planner=self,
                store=open_store(self.journal),
                clock=self.clock,
                wait=WAIT,
                lock_timeout=0.0,
                observer=lambda _event: None,
                ids=FreshIds(),
                holder=Holder(1, "here", "desk", self.clock.now()),
            )
            return made, receipt


@contextmanager
def opened(folder: Path, customers: tuple[Customer, ...], frozen: Frozen | None) -> Iterator[Desk]:
    """A desk in front of a running simulator that holds these customers."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "estate.yaml"
    file.write_text(yaml.safe_dump(estate(customers), sort_keys=False), encoding="utf-8")
    with (
        run_in_thread(SimulatorSettings(estate=file, clock=DECISION)) as running,
        httpx.Client(base_url=running.url, timeout=600) as control,
    ):
        manifests = write_manifests(folder, customers, running.url, frozen)
        yield Desk(load(str(manifests)), folder / "journal.db", control)


def lived(
    folder: Path, customers: tuple[Customer, ...], days: int, *, frozen: Frozen | None = None, every_day: bool
) -> Year:
    """So many days. Without `every_day` a customer is left out on days for which its last plan foresaw nothing."""
    year = Year()
    with opened(folder, customers, frozen) as desk:
        awake = {customer.name: DECISION for customer in customers}
        for number in range(days + 1):
            now = DECISION + DAY * number
            names = frozenset(name for name, at in awake.items() if at <= now)
            if not names:
                continue
            desk.move(now)
            made, receipt = asyncio.run(desk.day(names))
            year.plans += len(made.customers)
            _enter(year, made, receipt, now)
            for customer in made.customers:
                awake[customer.name] = _next_look(customer, now, every_day=every_day)
        desk.move(DECISION + DAY * days)
        year.billing = desk.control.get("/_simulator/billing").json()
        year.refused = _refused_writes(desk.control)
    return year


def _enter(year: Year, made: Plan, receipt: Receipt | None, now: datetime) -> None:
    for customer in made.customers:
        year.seen.setdefault(customer.name, []).append(_seen(customer, now))
    doubtful = {customer.name for customer in made.customers if customer.confidence == "low"}
    for result in () if receipt is None else receipt.customers:
        refused = [each.kind for each in result.actions if each.state is ActionState.FAILED]
        probed = result.name in doubtful and refused == [ActionKind.REMOVE_RELATIONSHIP]
        if result.outcome not in {"done", "waiting"} and not probed:
            year.failed.append(f"{now:%Y-%m-%d} {result.name}: {result.outcome}: {result.message}")


def _seen(customer: CustomerPlan, now: datetime) -> Seen:
    places = [(each.code, each.target) for each in (*customer.blockers, *customer.warnings, *customer.deadlines)]
    return Seen(
        day=now,
        verdict=str(customer.verdict),
        earliest=customer.earliest_removal,
        confidence=customer.confidence,
        reasons=frozenset((code, target.id if target else "") for code, target in places),
        due=tuple(f"{each.kind} {each.target.name}" for each in customer.actions if each.when == NOW),
        telling=json.dumps(
            {
                "verdict": customer.verdict,
                "earliest": str(customer.earliest_removal),
                "confidence": customer.confidence,
                "actions": [f"{each.kind} {each.target.name} {each.when}" for each in customer.actions],
                "blockers": [f"{b.code} {b.target.name if b.target else ''} {b.clears_at}" for b in customer.blockers],
                "warnings": [f"{w.code}: {w.text}" for w in customer.warnings],
            },
            indent=1,
        ),
    )


def _next_look(customer: CustomerPlan, now: datetime, *, every_day: bool) -> datetime:
    """The first day for which this plan foresees something, and no later than the day after something was done."""
    if customer.verdict is Verdict.CONVERGED and not customer.actions:
        return datetime.max.replace(tzinfo=now.tzinfo)
    if every_day or any(action.when == NOW for action in customer.actions):
        return now + DAY
    days = [date.fromisoformat(each.when) for each in customer.actions if each.when[:1].isdigit()]
    days += [each.clears_at for each in customer.blockers if each.clears_at is not None]
    days += [each.at.date() for each in customer.deadlines]
    ahead = [day for day in days if day > now.date()]
    return now + DAY * (min(ahead) - now.date()).days if ahead else now + DAY


def _refused_writes(control: httpx.Client) -> list[dict[str, Any]]:
    """What the service said no to; asking what a return would give back changes nothing."""
    log = control.get("/_simulator/requests").json()
    refused = [entry for entry in log if entry["method"] != "GET" and entry["status"] >= 400]
    return [entry for entry in refused if "/calculaterefund" not in entry["path"].lower()]
