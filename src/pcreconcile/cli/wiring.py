"""Joins the parts: manifests, Partner Center, planning, applying. The one place that reads time and environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pcreconcile import __version__
from pcreconcile.cli import interrupts, operator_settings, revision, settings, tracked_state
from pcreconcile.cli.clock import FreshIds, ProcessClock
from pcreconcile.cli.former_names import FormerNames
from pcreconcile.cli.journal_key import journal_key
from pcreconcile.cli.operator_settings import OperatorSettings
from pcreconcile.cli.time_budget import TimeBudget
from pcreconcile.model.desired import DesiredFleet, Relationship
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.extras import Extra, extras_of
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.partner import Cloud, Partner
from pcreconcile.model.plan import Effect, Plan
from pcreconcile.model.policies_in_force import PoliciesInForce
from pcreconcile.model.rules import Rules
from pcreconcile.model.run import Event, Holder, Receipt

if TYPE_CHECKING:
    from pcreconcile.applying.approving import Consent
    from pcreconcile.applying.ports import Planner, Service, Store
    from pcreconcile.cli.base_policy import Base
    from pcreconcile.manifests import Loaded
    from pcreconcile.partner_center import PartnerCenter, Trust

JOURNAL = "journal.db"


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with: the manifests as read, the rules, the clock, where state lies, and what the operator
    has decided.

    `base` is what judges besides them, with `--base`; `former` what customers were called before.
    """

    loaded: Loaded
    rules: Rules
    clock: ProcessClock
    state: Path
    former: FormerNames
    database: str = ""
    base: Base | None = None
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    budget: TimeBudget = field(default_factory=TimeBudget)

    @property
    def journal(self) -> Path | str:
        """Where the journal is: a file, which need not exist, or the address of a database."""
        return self.database or self.state / JOURNAL


@dataclass(frozen=True, slots=True)
class World:
    """A Partner Center that can be connected to, as far as the operator trusts its Partner document."""

    partner: Partner
    environment: Mapping[str, str]
    trust: Trust
    budget: TimeBudget

    def connect(self) -> AbstractAsyncContextManager[PartnerCenter]:
        """A connection; nothing is sent yet. Raises ConfigurationError when it is entered."""
        from pcreconcile.partner_center import connect

        return connect(self.partner, self.environment, trust=self.trust, budget=self.budget.left)


def open_session(manifests: str, budget: TimeBudget | None = None) -> Session:
    """Read the manifests, the rules and the clock; nothing is sent. `budget` is how long the command may take.

    Raises ManifestError and ConfigurationError, also for state that git tracks.
    """
    loaded = read_manifests(manifests)
    environment = os.environ
    operator = operator_settings.read(environment)
    operator.check_partner(loaded.partner)
    operator.check_secrets(loaded.home)
    clock = ProcessClock(settings.rehearsed_now(loaded.partner, environment))
    rules = rules_on(clock.now().date(), loaded)
    state = settings.state_folder(loaded.home, environment)
    tracked_state.require_untracked(state, loaded.home)
    session = Session(loaded, rules, clock, state, FormerNames(loaded), operator.database, operator=operator)
    return session if budget is None else replace(session, budget=budget)


def judged_at(session: Session, base: str | None) -> Session:
    """The session in which what stood at a base judges too; the same one without a base.

    Raises Refused where the policy at the base cannot be read or the state would be another one, UsageError when git
    cannot tell, ConfigurationError when `allowed_signers` cannot be read.
    """
    if base is None:
        return session
    from pcreconcile.cli.base_folder import require_same_state
    from pcreconcile.cli.base_policy import read_base
    from pcreconcile.cli.consent import allowed_signers

    found = read_base(session.loaded, base, allowed_signers(session.loaded) or None)
    if found.folder is not None:
        chosen = bool(session.operator.home or session.operator.database)
        require_same_state(found.top, found.folder, session.state, base, chosen=chosen)
    former = FormerNames(session.loaded, found.commit, found.folder)
    return replace(session, loaded=_as_both_say(session.loaded, found), base=found, former=former)


def _as_both_say(loaded: Loaded, base: Base) -> Loaded:
    """The manifests, with only that called refused for good which the Partner document at the base calls so too.

    Otherwise a change could wave away a read that stands in its way.
    """
    if base.folder is None:
        return loaded
    both = tuple(name for name in loaded.partner.not_offered if name in base.not_offered)
    return msgspec.structs.replace(loaded, partner=msgspec.structs.replace(loaded.partner, not_offered=both))


def read_manifests(path: str) -> Loaded:
    """What the manifests say, with the product families that the package knows. Raises ManifestError."""
    from pcreconcile.exits import FAMILIES
    from pcreconcile.manifests import load

    return load(path, frozenset(str(module.FAMILY) for module in FAMILIES))


def rules_on(day: date, loaded: Loaded) -> Rules:
    """What holds on a day (UTC): the pack of the package, with what the partner overrides."""
    from pcreconcile.manifests import overridden, shipped_pack

    return overridden(shipped_pack().on(day), loaded.overrides, day)


@contextmanager
def world(session: Session) -> Iterator[World]:
    """The partner's own Partner Center, or the embedded simulator for as long as the context lasts."""
    loaded, trust = session.loaded, session.operator.trust
    if loaded.partner.cloud is not Cloud.SIMULATOR:
        yield World(loaded.partner, os.environ, trust, session.budget)
        return
    from pcreconcile.cli.embedded import embedded

    clock = session.clock
    with embedded(loaded.partner, loaded.home, session.state, clock.now(), clock.rehearsed) as (partner, environment):
        yield World(partner, environment, trust, session.budget)


def look(session: Session, place: World, fleet: DesiredFleet) -> Snapshot:
    """Read the customers list and what the fleet's managed customers hold, with what else their wishes need, and what
    is left of customers that we removed."""
    from pcreconcile.planning.aftercare import extras_after, followed

    managed = [each for each in fleet.customers if each.relationship is not Relationship.UNMANAGED]
    memory = remember(session)
    wanted = {each.tenant_id: extras_of(each, session.loaded.partner, memory) for each in managed}
    for tenant in followed(memory, fleet, session.loaded.fleet):
        extras = extras_after(memory.departures[tenant], session.clock.now())
        wanted[tenant] = wanted.get(tenant, frozenset()) | extras

    async def read() -> Snapshot:
        async with place.connect() as partner_center:
            return await partner_center.snapshot(wanted, session.clock.now())

    return interrupts.run(read())


def reads(session: Session, fleet: DesiredFleet) -> list[frozenset[Extra]]:
    """What is read of each managed customer of the fleet beside commerce, as far as its manifest tells."""
    managed = [each for each in fleet.customers if each.relationship is not Relationship.UNMANAGED]
    return [extras_of(each, session.loaded.partner, Memory()) for each in managed]


def open_journal(session: Session) -> Store:
    """The store with the journal. Raises StoreError when it is damaged, newer or cannot be reached."""
    from pcreconcile.applying import open_store
    from pcreconcile.applying.stores.sealing import Sealing

    return open_store(session.journal, session.loaded.partner.tenant_id, Sealing(journal_key(os.environ)))


def read_journal(session: Session) -> Store:
    """The same for reading alone: what is read is verified then, and StoreError raised."""
    return _store_to_read(session, enforced=True)


def read_journal_as_it_is(session: Session) -> Store:
    """The same for who tells what a journal says, and decides nothing by it: events without MACs are told too."""
    return _store_to_read(session, enforced=False)


def _store_to_read(session: Session, *, enforced: bool) -> Store:
    from pcreconcile.applying.stores import store_to_read
    from pcreconcile.applying.stores.sealing import Sealing

    partner = session.loaded.partner.tenant_id
    return store_to_read(session.journal, partner, Sealing(journal_key(os.environ), enforced))


def remember(session: Session, snapshot: Snapshot | None = None) -> Memory:
    """What the journal knows; a missing journal knows nothing. With a `snapshot` also what is known of returns."""
    from pcreconcile.applying import memory_from
    from pcreconcile.cli.return_memory import with_returns

    memory = memory_from(read_journal(session).events(), session.clock.now())
    return memory if snapshot is None else with_returns(session, memory, snapshot)


def stood_for(session: Session) -> dict[str, tuple[TenantId, ...]]:
    """The tenants that the entries of `protected` in force ever stood for, as far as notes, git and manifests tell."""
    from pcreconcile.cli import protection_memory

    return protection_memory.stood_for(session, read_journal(session).notes())


def draw(session: Session, snapshot: Snapshot, fleet: DesiredFleet, only: Effect | None = None) -> Plan:
    """The plan for what was read; `fleet` may be a part of the session's, `only` one effect of all."""
    from pcreconcile.planning.aftercare import followed, with_aftercare
    from pcreconcile.planning.narrowing import narrowed

    loaded, base = session.loaded, session.base.at if session.base else None
    memory = msgspec.structs.replace(remember(session, snapshot), stood_for=stood_for(session))
    whole = plan_from(session, snapshot, fleet, memory, revision.of_folder(loaded.home))
    tenants = followed(memory, fleet, loaded.fleet)
    whole = with_aftercare(whole, snapshot, memory, tenants, _names(session, tenants))
    if only is None:
        return whole
    policies = PoliciesInForce(loaded.policy, base)
    return narrowed(whole, only, live=len(snapshot.listed.customers), memory=memory, policies=policies)


def plan_from(
    session: Session, snapshot: Snapshot, fleet: DesiredFleet, memory: Memory, commit: str | None = None
) -> Plan:
    """The bare plan at the session's instant: what `plan` shows and what `apply` compares a kept plan with.

    Whom the policy protects under former names is judged by `memory.stood_for`, which `apply` judges apart.
    """
    from pcreconcile.planning import plan

    loaded = session.loaded
    return plan(
        fleet,
        snapshot,
        memory,
        session.rules,
        loaded.policy,
        session.clock.now(),
        partner=loaded.partner,
        tool_version=__version__,
        policy_digest=loaded.policy_digest,
        commit=commit,
        known=loaded.fleet,
        prices=loaded.prices,
        base=session.base.at if session.base else None,
    )


def _names(session: Session, tenants: Iterable[TenantId]) -> dict[TenantId, str]:
    """What customers are called: by their manifests, else by the kept plans that removed them."""
    from pcreconcile.applying.kept_plans import names_of

    known = {each.tenant_id: each.name for each in session.loaded.fleet.customers}
    unnamed = [tenant for tenant in tenants if tenant not in known]
    if not unnamed:
        return known
    store = read_journal(session)
    return {**names_of(unnamed, tuple(store.events()), store.document), **known}


def read_plan(path: Path, session: Session | None) -> Plan:
    """A plan file, checked against itself and, with a session, against the partner.

    Raises PlanFileError, which names the file as it was given.
    """
    from pcreconcile.applying import check_partner, read_plan_file
    from pcreconcile.applying.plan_file import naming
    from pcreconcile.cli.files import opened

    with opened(path) as stream:
        plan = read_plan_file(stream, str(path))
    if session is not None:
        with naming(str(path)):
            check_partner(plan, session.loaded.partner.tenant_id)
    return plan


def planner_of(session: Session) -> Planner:
    """Planning again, for applying, which may not know planning."""
    from pcreconcile.cli.planner import SessionPlanner

    return SessionPlanner(session)


def execute(
    session: Session,
    place: World,
    plan: Plan,
    *,
    wait: timedelta,
    lock_timeout: timedelta,
    observer: Callable[[Event], None],
    consent: Consent | None = None,
) -> Receipt:
    """Apply the plan; the observer sees every event once it is durable. `consent` is what people have agreed to."""

    async def work() -> Receipt:
        async with place.connect() as partner_center:
            return await _apply(_as_service(partner_center))

    async def _apply(service: Service) -> Receipt:
        from pcreconcile.applying import apply

        return await apply(
            plan,
            fleet=session.loaded.fleet,
            policy=session.loaded.policy,
            service=service,
            planner=planner_of(session),
            store=open_journal(session),
            clock=session.clock,
            wait=wait,
            lock_timeout=lock_timeout.total_seconds(),
            observer=observer,
            ids=FreshIds(),
            holder=this_process(session),
            consent=consent,
            base=session.base.at if session.base else None,
            stood_for=stood_for(session),
        )

    return interrupts.run(work())


def this_process(session: Session) -> Holder:
    """What others are told about who holds the lock, or has written a note."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = str(os.getuid())
    return Holder(os.getpid(), socket.gethostname(), user, session.clock.now())


def _as_service(partner_center: PartnerCenter) -> Service:
    """Where the type checker compares what partner_center offers with what applying needs."""
    return partner_center
