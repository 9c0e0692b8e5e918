"""From a run's name to what of it can be reversed. The journal decides; what can be read besides sharpens it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pcreconcile.cli import seeing, wiring
from pcreconcile.cli.output import Output
from pcreconcile.model.desired import DelegatedAccess, DesiredCustomer, DesiredFleet, Relationship
from pcreconcile.model.errors import ConfigurationError, ExitCode, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.plan import PlanPartner
from pcreconcile.model.story import Written
from pcreconcile.model.undo import FORMAT_VERSION, Undo

_UNREADABLE = (IncompleteRead, RemoteError, NoAnswer, ConfigurationError)


def undone(session: wiring.Session, output: Output, named: str, wanted: seeing.Wanted) -> Undo:
    """The answer. Without a verified write nothing is read; what cannot be read is told and hides nothing else.

    Raises UsageError for a run that the journal does not know, StoreError for a journal that cannot be trusted.
    """
    from pcreconcile.applying.naming_runs import run_named
    from pcreconcile.applying.stories import story_of
    from pcreconcile.applying.written import writes_of
    from pcreconcile.planning.undoing import reversals

    store = wiring.read_journal(session)
    events = tuple(store.events())
    run = run_named((event.run for event in events), named)
    story, writes = story_of(run, events, store.document), writes_of(run, events, store.document)
    now, partner = session.clock.now(), session.loaded.partner
    found = Undo(
        format_version=FORMAT_VERSION,
        created_at=now,
        partner=PlanPartner(partner.tenant_id, partner.name, partner.cloud, partner.time_zone),
        run=run,
        plan_id=story.line.plan_id,
        writes=(),
        unproven=tuple(f"{end.customer}: {end.what}" for end in story.open_ends if end.resolved_by is None),
        unread={},
    )
    if not writes:
        return found
    gone = wiring.remember(session).departures
    snapshot, unread = _seen(session, output, writes, wanted)
    return msgspec.structs.replace(found, writes=reversals(writes, snapshot, gone, session.rules, now), unread=unread)


def exit_code(found: Undo) -> int:
    """0 when something can be reversed, or nothing was written; else 9 where the live state is not known, else 5."""
    if found.possible or not found.writes:
        return ExitCode.DONE
    return ExitCode.READ_INCOMPLETE if found.unread else ExitCode.REFUSED


def _seen(
    session: wiring.Session, output: Output, writes: Sequence[Written], wanted: seeing.Wanted
) -> tuple[Snapshot | None, dict[str, str]]:
    """The live state of the customers concerned, and of whom it is not known, with the reason."""
    from pcreconcile.planning.undoing import unread

    try:
        snapshot = seeing.look(session, output, _concerned(writes), wanted)
    except _UNREADABLE as error:
        return None, {write.customer: str(error) for write in writes}
    return snapshot, unread(writes, snapshot)


def _concerned(writes: Sequence[Written]) -> DesiredFleet:
    """The customers as something to read, with their delegated access; a wish of nobody's, planned by nobody."""
    access = DelegatedAccess(terminate=True)
    names = {write.tenant_id: write.customer for write in writes}
    return DesiredFleet(
        tuple(
            DesiredCustomer(name, tenant, "", Relationship.ACTIVE, delegated_access=access)
            for tenant, name in names.items()
        )
    )
