"""The rows of a journal: the same columns in every store, and the one number of their format.

`at` and `body` are kept as the text that was hashed, so that a row is compared byte for byte with what was written.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias

import msgspec

from pcreconcile.model.errors import StoreError
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import TenantId
from pcreconcile.model.run import Event

FORMAT = 2
"""1 had events alone, in SQLite; 2 binds a journal to its partner and keeps documents."""

COLUMNS = ("seq", "run", "plan", "at", "kind", "customer", "action", "request_id", "body", "prev", "hash")

Row: TypeAlias = tuple[Any, ...]

_MEMBERS = tuple("requestId" if column == "request_id" else column for column in COLUMNS)


def row_of(event: Event) -> Row:
    """An event as a store keeps it."""
    members = msgspec.to_builtins(event)
    members["body"] = canonical_json(event.body).decode()
    return tuple(members[name] for name in _MEMBERS)


def event_of(row: Row) -> Event:
    """An event as it was kept. Raises StoreError naming the event when the row is not what `row_of` writes."""
    members = dict(zip(_MEMBERS, row, strict=True))
    try:
        members["body"] = msgspec.json.decode(members["body"])
        event = msgspec.convert(members, Event)
        written = row_of(event)
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise StoreError(f"event {row[0]} is not readable ({row[4]}): {_unreadable(members, error)}") from error
    for column, here, there in zip(COLUMNS, row, written, strict=True):
        if here != there:
            raise StoreError(f"event {row[0]} does not fit the chain: its {column} is not spelled as it was written")
    return event


def _unreadable(members: dict[str, Any], error: Exception) -> str:
    """Which member of a row it is, and what was expected of it."""
    if isinstance(error, RecursionError):
        return "its body is nested more deeply than any that is written; expected one JSON object"
    if not isinstance(members["body"], dict):
        return f"its body is none that is written ({error}); expected one JSON object"
    return f"one of its columns is none that is written ({error})"


def digest_of(content: bytes) -> str:
    """The name of a document."""
    return hashlib.sha256(content).hexdigest()


def checked(digest: str, content: bytes) -> bytes:
    """The same content. Raises StoreError naming the document when it is not what the digest says."""
    if digest_of(content) != digest:
        raise StoreError(f"document {digest} is not what was kept")
    return content


def require_known(version: int, journal: str) -> None:
    """Raises StoreError for a journal (named as in a sentence) of a newer format."""
    if version > FORMAT:
        raise StoreError(f"{journal} was written by a newer pcreconcile (format {version}, this one knows {FORMAT})")


def require_partner(kept: TenantId, wanted: TenantId | None, journal: str) -> None:
    """Raises StoreError for a journal (named as in a sentence) of another partner than the wanted, if one is."""
    if wanted is not None and kept != wanted:
        raise StoreError(f"{journal} is that of the partner tenant {kept}, not of {wanted}")


def require_whole(highest: int, count: int) -> None:
    """Raises StoreError when the highest number that was ever given is not that of the last event."""
    if highest != count:
        raise StoreError(f"its last events are missing: {highest} were written, {count} are there")
