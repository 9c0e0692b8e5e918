"""The rows of notes: the same columns in every store, spelled as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

import msgspec

from pcreconcile.applying.stores.rows import Row
from pcreconcile.model.errors import StoreError
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.notes import Note, NoteDraft

COLUMNS = ("number", "kind", "at", "who", "body", "mac")


def numbered(draft: NoteDraft, number: int) -> Note:
    """The note that a draft becomes. Raises StoreError when its body cannot be written as JSON."""
    try:
        body = msgspec.json.decode(canonical_json(draft.body))
        canonical_json(draft.who)
    except (TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"a note cannot be written beside the journal: {error}") from error
    return Note(number, draft.kind, draft.at.astimezone(UTC), draft.who, body)


def row_of(note: Note) -> Row:
    """A note as a store keeps it."""
    members = msgspec.to_builtins(note)
    members["body"] = canonical_json(note.body).decode()
    return tuple(members[name] for name in COLUMNS)


def note_of(row: Row) -> Note:
    """A note as it was kept. Raises StoreError naming the note when the row is not what `row_of` writes."""
    members: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    try:
        members["body"] = msgspec.json.decode(members["body"])
        note = msgspec.convert(members, Note)
        fits = row_of(note) == tuple(row)
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise StoreError(f"note {row[0]} is not readable") from error
    if not fits:
        raise StoreError(f"note {row[0]} is not spelled as it was written")
    return note


def in_order(notes: Iterable[Note]) -> Iterator[Note]:
    """The same notes. Raises StoreError at the first that does not follow the one before it."""
    for number, note in enumerate(notes, start=1):
        if note.number != number:
            raise StoreError(f"note {number} is missing")
        yield note
