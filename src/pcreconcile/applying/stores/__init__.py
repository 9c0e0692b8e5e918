"""Journals. Each store is one module with its own optional dependency, opened through here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pcreconcile.model.run import Event

if TYPE_CHECKING:
    from pcreconcile.applying.stores.sqlite import SqliteStore

__all__ = ["open_store", "read_events"]


def open_store(path: Path) -> SqliteStore:
    """The journal at a path, for writing; nothing is created before its lock is held.

    Raises StoreError when there is one that is damaged or newer; it is left as it was.
    """
    from pcreconcile.applying.stores.sqlite import SqliteStore

    return SqliteStore(path)


def read_events(path: Path) -> tuple[Event, ...]:
    """All events of the journal at a path, in order; empty when there is no journal. Creates nothing.

    Raises StoreError when it is damaged or newer.
    """
    from pcreconcile.applying.stores.sqlite import read_journal

    return tuple(read_journal(path))
