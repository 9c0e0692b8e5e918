"""The service's own audit records for an archive of evidence: asked for where wanted, and never insisted upon."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pcreconcile.cli import interrupts, wiring
from pcreconcile.model.errors import PcreconcileError
from pcreconcile.model.estate import AuditTrail

if TYPE_CHECKING:
    from pcreconcile.applying.evidence import AuditFile, Journalled, Selection

KEPT = timedelta(days=89)  # the service keeps ninety, and counts them by its own clock


def ask_nobody(_session: wiring.Session, _journal: Journalled, _selection: Selection) -> AuditFile:
    """Without any request."""
    from pcreconcile.applying.evidence import AuditFile

    return AuditFile(note="the service was not asked")


def ask_the_service(session: wiring.Session, journal: Journalled, selection: Selection) -> AuditFile:
    """The records since the first of the runs that speak of their customers; what went wrong is a note."""
    from pcreconcile.applying.evidence import AuditFile

    events = [event for event in journal.events if event.run in selection.runs]
    began, oldest = min(event.at for event in events), session.clock.now() - KEPT
    if max(event.at for event in events) < oldest:
        return AuditFile(note="the runs are older than the 90 days for which the service keeps its records")
    try:
        trail = _trail(session, max(began, oldest))
    except PcreconcileError as error:
        return AuditFile(note=f"the service could not be asked: {error}")
    only = selection.subject.customer
    theirs = {only} if only is not None else {event.customer for event in events if event.customer is not None}
    records = sorted((r for r in trail.records if r.tenant_id in theirs), key=lambda r: (r.at, r.id))
    notes = [
        *(["what happened before the last 89 days could not be asked for"] if began < oldest else []),
        *([] if trail.read.complete else [f"not all records could be read: {trail.read.problem}"]),
    ]
    return AuditFile(tuple(records), True, max(began, oldest), "; ".join(notes))


def _trail(session: wiring.Session, since: datetime) -> AuditTrail:
    async def read(place: wiring.World) -> AuditTrail:
        async with place.connect() as partner_center:
            return await partner_center.audit_trail(since)

    with wiring.world(session) as place:
        return interrupts.run(read(place))
