"""From the journal to what `history` says, as text or as records."""

from __future__ import annotations

from pcreconcile.cli import wiring
from pcreconcile.cli.output import Output
from pcreconcile.model.errors import UsageError


def runs(session: wiring.Session, output: Output) -> None:
    """Every run, in the order in which they began, and every hold. Raises StoreError for a damaged journal."""
    from pcreconcile.applying.stories import holds_of, runs_of
    from pcreconcile.rendering import history

    store = wiring.read_journal(session)
    found, holds = runs_of(store.events()), holds_of(store.notes())
    for line in found:
        output.record("run", {"run": line})
    for hold in holds:
        output.record("hold", {"hold": hold})
    if not output.recording:
        output.say(history.render_runs(found, holds, style=output.style))


def story(session: wiring.Session, output: Output, named: str) -> None:
    """One run. Raises UsageError for one that the journal does not know, StoreError as above."""
    from pcreconcile.applying.naming_runs import run_named
    from pcreconcile.applying.stories import story_of
    from pcreconcile.rendering import history

    store = wiring.read_journal(session)
    events = tuple(store.events())
    found = story_of(run_named((event.run for event in events), named), events, store.document)
    output.record("run", {"run": found.line})
    for customer in found.customers:
        output.record("customer", {"customer": customer})
    output.conclude(
        openEnds=found.open_ends, holds=found.holds, approvedBy=found.approved_by, user=found.user, commit=found.commit
    )
    if not output.recording:
        output.say(history.render_story(found, style=output.style))


def head(session: wiring.Session, output: Output) -> None:
    """The journal's last event as one line. Raises UsageError while there is none, StoreError as above."""
    from pcreconcile.applying.evidence.anchors import anchor_line

    last = wiring.read_journal(session).head()
    if last is None:
        raise UsageError("the journal is empty: there is nothing to anchor yet")
    line = anchor_line(session.loaded.partner.tenant_id, last)
    output.record("head", {"head": last, "line": line})
    output.say(f"{line}\n")
