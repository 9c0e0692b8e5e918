"""The notes in the file of a SQLite journal: a table that is added when the first note is written, by anybody.

A writer needs SQLite's own write lock for a moment, never the lock of an apply. That moment and the transaction in
which an intent is appended exclude each other, so a note that is written is seen by every later intent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from pcreconcile.applying.stores import note_rows
from pcreconcile.model.errors import StoreError
from pcreconcile.model.notes import Note, NoteDraft

_COLUMNS = ", ".join(note_rows.COLUMNS)
_SELECT = f"SELECT {_COLUMNS} FROM notes ORDER BY number"  # noqa: S608 our own names
_INSERT = f"INSERT INTO notes ({_COLUMNS}) VALUES ({', '.join('?' * len(note_rows.COLUMNS))})"  # noqa: S608
_LAST = "SELECT coalesce(max(number), 0) FROM notes"
_HIGHEST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'notes'"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'notes'"


def is_there(connection: sqlite3.Connection) -> bool:
    """Whether the journal has a table of notes yet."""
    return connection.execute(_IS_THERE).fetchone() is not None


def read(connection: sqlite3.Connection) -> tuple[Note, ...]:
    """All notes, in order; none without a table. Raises StoreError for notes that are damaged or missing."""
    if not is_there(connection):
        return ()
    notes = tuple(note_rows.in_order(note_rows.note_of(row) for row in connection.execute(_SELECT)))
    _require_whole(connection, len(notes))
    return notes


def last(connection: sqlite3.Connection) -> int:
    """The number of the last note, 0 for none. There is a table: who holds the lock has made it."""
    number: int = connection.execute(_LAST).fetchone()[0]
    return number


def add(connection: sqlite3.Connection, draft: NoteDraft, sealed: Callable[[Note], Note]) -> Note:
    """One more, in the caller's transaction; `sealed` gives it its MAC. Raises StoreError when others are missing."""
    before = last(connection)
    _require_whole(connection, before)
    note = sealed(note_rows.numbered(draft, before + 1))
    connection.execute(_INSERT, note_rows.row_of(note))
    return note


def _require_whole(connection: sqlite3.Connection, count: int) -> None:
    highest: int = connection.execute(_HIGHEST).fetchone()[0]
    if highest != count:
        raise StoreError(f"its last notes are missing: {highest} were written, {count} are there")
