"""From a session to a plan: see the world, or remember how it was seen, and plan from that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pcreconcile.cli import snapshots, targets, wiring
from pcreconcile.cli.output import Output
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import ReadProof, Snapshot
from pcreconcile.model.plan import Plan
from pcreconcile.rendering.words import counted


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look at: `targets` (all without any), the file of `--snapshot`, and whether to read the service."""

    targets: tuple[str, ...] = ()
    snapshot: Path | None = None
    refresh: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan, and the proof of the customers list that it was made from."""

    plan: Plan
    listed: ReadProof


def see(session: wiring.Session, output: Output, wanted: Wanted) -> Seen:
    """The plan for the world as it is, or as it was kept. Raises every error that reading can end with."""
    fleet = targets.of_fleet(wanted.targets, session.loaded.fleet)
    snapshot = _read(session, output, fleet, wanted) if wanted.refresh else _recalled(session, wanted)
    return Seen(wiring.draw(session, snapshot, fleet), snapshot.listed.read)


def _read(session: wiring.Session, output: Output, fleet: DesiredFleet, wanted: Wanted) -> Snapshot:
    output.progress(f"reading Partner Center for {counted(len(fleet.customers), 'customer')} …")
    with wiring.world(session) as place:
        snapshot = wiring.look(session, place, fleet)
    if wanted.snapshot is not None:
        snapshots.keep(wanted.snapshot, snapshot)
    return snapshot


def _recalled(session: wiring.Session, wanted: Wanted) -> Snapshot:
    return snapshots.recall(wanted.snapshot, session.loaded.partner.tenant_id)
