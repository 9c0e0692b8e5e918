"""From the journal to what `history` says, as text or as records."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pcreconcile.cli import wiring
from pcreconcile.cli.journal_key import journal_key
from pcreconcile.cli.output import Output
from pcreconcile.model.errors import UsageError

if TYPE_CHECKING:
    from pcreconcile.applying.ports import Store


def runs(session: wiring.Session, output: Output) -> None:
    """Every run, in the order in which they began, and every hold. Raises StoreError for a damaged journal."""
    from pcreconcile.applying.stories import holds_of, runs_of
    from pcreconcile.rendering import history

    store = _journal(session, output)
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

    store = _journal(session, output)
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


def _journal(session: wiring.Session, output: Output) -> Store:
    """What it says is told whoever wrote it; with a journal key, a warning says when that is not known."""
    from pcreconcile.applying.stores.sealing import Sealing

    store = wiring.read_journal_as_it_is(session)
    problem = Sealing(journal_key(os.environ)).misfit(tuple(store.events()), session.loaded.partner.tenant_id)
    if problem:
        output.note(f"warning: the journal is not to be believed: {problem}")
    return store


def head(session: wiring.Session, output: Output) -> None:
    """The journal's last event as one line. Raises UsageError while there is none, StoreError as above."""
    from pcreconcile.applying.evidence.anchors import anchor_line

    last = wiring.read_journal(session).head()
    if last is None:
        raise UsageError("the journal is empty: there is nothing to anchor yet")
    line = anchor_line(session.loaded.partner.tenant_id, last)
    output.record("head", {"head": last, "line": line})
    output.say(f"{line}\n")
