"""The notes in a PostgreSQL journal: a table that is added when the first note is written, by anybody.

A writer locks the journal's only row for a moment, never the apply lock. An intent locks the same row before it looks
at the notes, so a note that is written is seen by every later intent.
"""

from __future__ import annotations

from collections.abc import Callable

from pcreconcile.applying.stores import note_rows
from pcreconcile.applying.stores.postgres_schema import named, notes_creation
from pcreconcile.applying.stores.postgres_session import Connection
from pcreconcile.model.notes import Note, NoteDraft

_COLUMNS = ", ".join(note_rows.COLUMNS)
_SELECT = f"SELECT {_COLUMNS} FROM {{schema}}.notes ORDER BY number"  # noqa: S608 our own names
_VALUES = ", ".join(["%(number)s::bigint", *(f"%({column})s" for column in note_rows.COLUMNS[1:])])
_INSERT = f"INSERT INTO {{schema}}.notes ({_COLUMNS}) VALUES ({_VALUES})"  # noqa: S608
_LAST = "SELECT coalesce(max(number), 0) FROM {schema}.notes"
_LOCK = "SELECT 1 FROM {schema}.journal FOR UPDATE"
_IS_THERE = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'notes'"


def lock(connection: Connection, schema: str) -> None:
    """Until the caller's transaction ends no note and no event is added by anybody else."""
    connection.execute(named(_LOCK, schema))


def make(connection: Connection, schema: str) -> None:
    """The table with its guards, when there is none yet; the caller's transaction has locked the row."""
    if not _is_there(connection, schema):
        connection.execute(notes_creation(schema))


def read(connection: Connection, schema: str) -> tuple[Note, ...]:
    """All notes, in order; none without a table. Raises StoreError for notes that are damaged or missing."""
    if not _is_there(connection, schema):
        return ()
    return tuple(note_rows.in_order(note_rows.note_of(row) for row in connection.execute(named(_SELECT, schema))))


def last(connection: Connection, schema: str) -> int:
    """The number of the last note, 0 for none. There is a table: who holds the lock has made it."""
    row = connection.execute(named(_LAST, schema)).fetchone()
    return row[0] if row else 0


def add(connection: Connection, schema: str, draft: NoteDraft, sealed: Callable[[Note], Note]) -> Note:
    """One more; `sealed` gives it its MAC. The caller's transaction has locked the row."""
    note = sealed(note_rows.numbered(draft, last(connection, schema) + 1))
    connection.execute(named(_INSERT, schema), dict(zip(note_rows.COLUMNS, note_rows.row_of(note), strict=True)))
    return note


def _is_there(connection: Connection, schema: str) -> bool:
    return connection.execute(_IS_THERE, [schema]).fetchone() is not None
