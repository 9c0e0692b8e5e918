"""From a session to a plan: see the world, or remember how it was seen, and plan from that."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import msgspec

from pcreconcile.cli import changes, files, journal_check, protection_memory, return_memory, snapshots, targets, wiring
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
    `--snapshot`, whether to read the service, the one effect that the plan shall have (`only`), the later day that it
    is made for (`at`), and whether its guards matter, so that audit records are asked for them (`judged`)."""

    targets: tuple[str, ...] = ()
    base: str | None = None
    snapshot: Path | None = None
    refresh: bool = True
    only: Effect | None = None
    at: date | None = None
    judged: bool = True


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
    if later is not None:
        snapshot = look(session, output, fleet, wanted)
        return Seen(_projection(later, snapshot, fleet, wanted), snapshot.listed.read)
    with _place(session, wanted) as place:
        snapshot = _look_at(place, session, output, fleet, wanted)
        plan = wiring.draw(session, snapshot, fleet, wanted.only)
        if place is not None and wanted.judged:
            journal_check.tell_if_empty(session, output)
            plan = journal_check.checked(session, place, plan, len(snapshot.listed.customers))
    protection_memory.keep(session, output)
    return_memory.keep(session, output, plan)
    return Seen(plan, snapshot.listed.read)


def look(session: wiring.Session, output: Output, fleet: DesiredFleet, wanted: Wanted) -> Snapshot:
    """The world as it is, or as it was kept."""
    with _place(session, wanted) as place:
        return _look_at(place, session, output, fleet, wanted)


def _place(session: wiring.Session, wanted: Wanted) -> AbstractContextManager[wiring.World | None]:
    """The service, None where it is not to be read. Raises UsageError where what is read could not be kept."""
    if not wanted.refresh:
        return nullcontext()
    if wanted.snapshot is not None:
        files.require_writable(wanted.snapshot)
    return wiring.world(session)


def _look_at(
    place: wiring.World | None, session: wiring.Session, output: Output, fleet: DesiredFleet, wanted: Wanted
) -> Snapshot:
    if place is None:
        return snapshots.recall(wanted.snapshot, session.loaded.partner.tenant_id)
    if told := session.budget.allow_for(wiring.reads(session, fleet)):
        output.note(told)
    output.progress(f"reading Partner Center for {counted(len(fleet.customers), 'customer')} …")
    snapshot = wiring.look(session, place, fleet)
    if wanted.snapshot is not None:
        snapshots.keep(wanted.snapshot, snapshot)
    return snapshot


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
