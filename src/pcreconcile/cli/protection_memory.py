"""Which tenants the entries of `protected` have ever stood for: by notes, by git and by the manifests of now.

Notes are what earlier plans knew. One is written only when something new was learnt, and without the lock, which an
apply may hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pcreconcile.model.errors import StoreError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.notes import Note, NoteDraft, NoteKind
from pcreconcile.model.policy import Protected
from pcreconcile.model.protection import StoodFor, identities_of, joined, standing_for, unknown_to

if TYPE_CHECKING:
    from pcreconcile.cli.output import Output
    from pcreconcile.cli.wiring import Session

_ENTRY, _TENANTS = "entry", "tenants"


def stood_for(session: Session, notes: Iterable[Note]) -> dict[str, tuple[TenantId, ...]]:
    """All that is known about the entries in force, at the base too; git is asked only where there are any.

    Raises UsageError when git cannot read the base.
    """
    entries = _entries(session)
    if not entries:
        return {}
    identities = (*identities_of(session.loaded.fleet.customers), *session.former.identities)
    return joined(_noted(notes), standing_for(entries, identities))


def keep(session: Session, output: Output) -> None:
    """Keep what a plan has learnt. A store that cannot be written is told and stops nobody: git and notes of others
    go on protecting."""
    from pcreconcile.cli import wiring

    if not _entries(session):
        return
    notes = wiring.read_journal(session).notes()
    learnt = unknown_to(_noted(notes), stood_for(session, notes))
    try:
        for entry, tenants in learnt.items():
            wiring.open_journal(session).note(_draft(session, {_ENTRY: entry, _TENANTS: list(tenants)}))
    except (StoreError, OSError) as error:
        output.note(f"warning: whom the policy protects could not be kept for later plans: {error}")


def _draft(session: Session, body: dict[str, Any]) -> NoteDraft:
    from pcreconcile.cli import wiring

    here = wiring.this_process(session)
    return NoteDraft(NoteKind.PROTECTED, session.clock.now(), f"{here.user}@{here.host}", body)


def _entries(session: Session) -> tuple[Protected, ...]:
    """Those of the policies in force whose meaning a manifest can change."""
    entries = (*session.loaded.policy.protected, *(session.base.at.policy.protected if session.base else ()))
    return tuple(each for each in entries if each.tenant_id is None)


def _noted(notes: Iterable[Note]) -> StoodFor:
    """What the notes say. One whose proof is missing counts too, since it can only forbid."""
    return joined(*(_said_by(note.body) for note in notes if note.kind is NoteKind.PROTECTED))


def _said_by(body: dict[str, Any]) -> StoodFor:
    entry, tenants = body.get(_ENTRY), body.get(_TENANTS)
    if not isinstance(entry, str) or not isinstance(tenants, list):
        return {}
    return {entry: tuple(TenantId(each) for each in tenants if isinstance(each, str))}
