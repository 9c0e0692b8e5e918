"""Journals. Each store is one module with its own optional dependency, opened through here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.model.run import Event

if TYPE_CHECKING:
    from pcreconcile.applying.stores.sqlite import SqliteStore

__all__ = ["open_store", "read_events"]


def open_store(place: Path | str) -> SqliteStore:
    """The journal at a path, or in the database of a `postgresql://` address; made when its lock is first held.

    Raises StoreError when there is one that is damaged or newer; it is left as it was.
    """
    from pcreconcile.applying.stores.sqlite import SqliteStore

    return SqliteStore(Path(place))


def read_events(place: Path | str) -> tuple[Event, ...]:
    """All events of a journal, in order; empty when there is none. Creates nothing.

    Raises StoreError when it is damaged or newer.
    """
    from pcreconcile.applying.stores.sqlite import read_journal

    return tuple(read_journal(Path(place)))
