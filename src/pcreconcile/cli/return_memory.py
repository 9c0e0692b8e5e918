"""Customers that we removed and that are there again: what the journal says of it, and when a plan first saw them.

No read says when a relationship began. So the first plan that sees such a customer keeps a note beside the journal,
without the lock, and later plans name the same day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pcreconcile.model.errors import StoreError
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.notes import Note, NoteDraft, NoteKind
from pcreconcile.model.plan import Plan, Verdict
from pcreconcile.model.run import Event

if TYPE_CHECKING:
    from pcreconcile.cli.output import Output
    from pcreconcile.cli.wiring import Session

_TENANT, _RUN = "tenant", "run"


def with_returns(
    session: Session, memory: Memory, snapshot: Snapshot, events: Callable[[], Iterable[Event]] | None = None
) -> Memory:
    """The memory, with what is known of those whom we removed and the snapshot lists: wishes of older journals, and
    since when they are seen again.

    `events` are what the memory was made of, where that is not all of the journal. Raises StoreError.
    """
    from pcreconcile.applying.past_removals import with_wishes
    from pcreconcile.cli import wiring

    back = [tenant for tenant in snapshot.listed.customers if tenant in memory.fulfilled]
    if not back:
        return memory
    store = wiring.read_journal(session)
    memory = with_wishes(memory, back, events or store.events, store.document)
    return msgspec.structs.replace(memory, seen_again=_seen_again(memory, store.notes()))


def _seen_again(memory: Memory, notes: Iterable[Note]) -> dict[TenantId, datetime]:
    """By the first note since the last removal of each customer."""
    seen: dict[TenantId, datetime] = {}
    for note in notes:
        tenant, run = TenantId(str(note.body.get(_TENANT))), note.body.get(_RUN)
        removals = memory.fulfilled.get(tenant, ())
        if note.kind is NoteKind.RETURNED and removals and removals[-1].run == run:
            seen.setdefault(tenant, note.at)
    return seen


def keep(session: Session, output: Output, plan: Plan) -> None:
    """Keep whom this plan is the first to see again. A store that cannot be written is told and stops nobody."""
    from pcreconcile.cli import wiring

    returned = _returned(plan)
    if not returned:
        return
    memory = wiring.remember(session)
    seen = _seen_again(memory, wiring.read_journal(session).notes())
    new = [tenant for tenant in returned if tenant in memory.fulfilled and tenant not in seen]
    try:
        for tenant in new:
            here = wiring.this_process(session)
            body = {_TENANT: tenant, _RUN: memory.fulfilled[tenant][-1].run}
            draft = NoteDraft(NoteKind.RETURNED, plan.sources.snapshot_at, f"{here.user}@{here.host}", body)
            wiring.open_journal(session).note(draft)
    except (StoreError, OSError) as error:
        output.note(f"warning: since when customers are there again could not be kept for later plans: {error}")


def _returned(plan: Plan) -> list[TenantId]:
    from pcreconcile.planning.past_removals import CAME_BACK

    return [
        customer.tenant_id
        for customer in plan.customers
        if customer.verdict is Verdict.REFUSED and any(blocker.code == CAME_BACK for blocker in customer.blockers)
    ]
