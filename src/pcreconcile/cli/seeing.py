"""From a session to a plan: see the world, or remember how it was seen, and plan from that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import msgspec

from pcreconcile.cli import changes, files, protection_memory, return_memory, snapshots, targets, wiring
from pcreconcile.cli.clock import ProcessClock
from pcreconcile.cli.days import begins_ahead
from pcreconcile.cli.output import Output
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import ReadProof, Snapshot
from pcreconcile.model.plan import Effect, Plan
from pcreconcile.rendering.text import outside
from pcreconcile.rendering.words import counted


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look at: `targets` (all without any), of them what differs from the commit `base`, the file of
    `--snapshot`, whether to read the service, the one effect that the plan shall have (`only`), and the later day that
    it is made for (`at`)."""

    targets: tuple[str, ...] = ()
    base: str | None = None
    snapshot: Path | None = None
    refresh: bool = True
    only: Effect | None = None
    at: date | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan, and the proof of the customers list that it was made from."""

    plan: Plan
    listed: ReadProof


def see(session: wiring.Session, output: Output, wanted: Wanted) -> Seen:
    """The plan for the world as it is, or as it was kept. Raises every error that reading can end with.

    What no request is needed for is found before the first one: unknown targets, vanished customers, a snapshot file
    that cannot be written, a day that is over.
    """
    session = session if session.base else wiring.judged_at(session, wanted.base)
    later = None if wanted.at is None else _session_at(session, wanted.at)
    fleet = _wanted_fleet(session, output, wanted)
    snapshot = look(session, output, fleet, wanted)
    if later is not None:
        return Seen(_projection(later, snapshot, fleet, wanted), snapshot.listed.read)
    plan = wiring.draw(session, snapshot, fleet, wanted.only)
    protection_memory.keep(session, output)
    return_memory.keep(session, output, plan)
    return Seen(plan, snapshot.listed.read)


def look(session: wiring.Session, output: Output, fleet: DesiredFleet, wanted: Wanted) -> Snapshot:
    """The world as it is, or as it was kept."""
    return _read(session, output, fleet, wanted) if wanted.refresh else _recalled(session, wanted)


def _session_at(session: wiring.Session, day: date) -> wiring.Session:
    """The same session on a later day, with the rules that hold then. Raises UsageError for a day that has begun."""
    clock = ProcessClock(begins_ahead(day, session.clock.now()))
    return replace(session, clock=clock, rules=wiring.rules_on(day, session.loaded))


def _projection(later: wiring.Session, snapshot: Snapshot, fleet: DesiredFleet, wanted: Wanted) -> Plan:
    from pcreconcile.planning.projection import marked, projected

    world = projected(snapshot, later.clock.now(), later.rules)
    return marked(wiring.draw(later, world, fleet, wanted.only), snapshot.taken_at)


def _wanted_fleet(session: wiring.Session, output: Output, wanted: Wanted) -> DesiredFleet:
    fleet = targets.of_fleet(wanted.targets, session.loaded.fleet)
    if wanted.base is None:
        return fleet
    base = changes.since(session.loaded, wanted.base, session.base.folder if session.base else None)
    different = tuple(each for each in fleet.customers if each.name in base.changed)
    output.note(
        f"planning {len(different)} of {counted(len(fleet.customers), 'customer')}: those new or changed since"
        f" {outside(base.name)} (commit {base.commit[:12]})"
    )
    return msgspec.structs.replace(fleet, customers=different)


def _read(session: wiring.Session, output: Output, fleet: DesiredFleet, wanted: Wanted) -> Snapshot:
    if wanted.snapshot is not None:
        files.require_writable(wanted.snapshot)
    if told := session.budget.allow_for(wiring.reads(session, fleet)):
        output.note(told)
    output.progress(f"reading Partner Center for {counted(len(fleet.customers), 'customer')} …")
    with wiring.world(session) as place:
        snapshot = wiring.look(session, place, fleet)
    if wanted.snapshot is not None:
        snapshots.keep(wanted.snapshot, snapshot)
    return snapshot


def _recalled(session: wiring.Session, wanted: Wanted) -> Snapshot:
    return snapshots.recall(wanted.snapshot, session.loaded.partner.tenant_id)
