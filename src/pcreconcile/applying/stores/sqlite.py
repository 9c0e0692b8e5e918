"""The journal in one SQLite file: WAL, every event on disk before `append` returns, nothing ever changed or deleted.

Reading opens it read-only; only the holder of the lock opens it for writing, after it was verified. Verifying costs a
pass over all events at every opening (benchmarks/journal.py says how much), appending looks at the last event alone.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pcreconcile.applying.stores import chain, rows, sqlite_file, sqlite_notes
from pcreconcile.applying.stores.file_lock import FileLock, file_lock, holder_of
from pcreconcile.applying.stores.hold_watch import HoldWatch
from pcreconcile.applying.stores.sealing import MAC, NO_KEY, Sealing
from pcreconcile.model.errors import StoreError
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.notes import Note, NoteDraft
from pcreconcile.model.run import Event, EventDraft, EventKind, Head, Holder

_Read = TypeVar("_Read")
_COLUMNS = ", ".join(rows.COLUMNS)
_SELECT = f"SELECT {_COLUMNS} FROM events ORDER BY seq"  # noqa: S608 our own names
_SELECT_LAST = f"SELECT {_COLUMNS} FROM events ORDER BY seq DESC LIMIT 1"  # noqa: S608
_INSERT = f"INSERT INTO events ({_COLUMNS}) VALUES ({', '.join('?' * len(rows.COLUMNS))})"  # noqa: S608
_LAST = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
_HIGHEST = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"


@dataclass(frozen=True, slots=True)
class _Open:
    """A journal that is written under its lock."""

    path: Path
    lock: FileLock
    connection: sqlite3.Connection
    file: os.stat_result

    def is_sound(self) -> bool:
        """Whether lock and file are still those that everybody else would take."""
        try:
            return self.lock.still_held() and os.path.samestat(self.path.stat(), self.file)
        except OSError:
            return False


class SqliteStore:
    """The `Store` of a file. Raises StoreError for whatever is wrong with the file, its folder or the disk.

    With a partner, the journal of any other is refused.
    """

    def __init__(self, path: Path, partner: TenantId | None = None, sealing: Sealing = NO_KEY) -> None:
        self._path = path
        self._partner = partner
        self._sealing = sealing
        self._open: _Open | None = None
        self._holds = HoldWatch()

    @contextlib.contextmanager
    def lock(self, partner_tenant: TenantId, timeout: float, holder: Holder) -> Iterator[None]:
        """Hold the tenant's lock; makes the journal when there is none. Raises Locked after `timeout` seconds."""
        rows.require_partner(partner_tenant, self._partner, f"the journal {self._path}")
        sqlite_file.make_folders(self._path.parent)
        with file_lock(self._lock_file(partner_tenant), timeout, holder) as held:
            self._open = _prepared(self._path, partner_tenant, held, self._sealing)
            self._holds = HoldWatch()
            try:
                yield
            finally:
                connection, self._open = self._open.connection, None
                with sqlite_file.telling(self._path):
                    connection.close()

    def holder(self, partner_tenant: TenantId) -> Holder | None:
        """Who holds the lock at this moment; None when nobody does."""
        return holder_of(self._lock_file(partner_tenant))

    def append(self, draft: EventDraft) -> Event:
        """One event, durable when this returns. Raises StoreError when the lock is not held any more.

        Raises Held, and writes nothing, for an intent while a hold stands.
        """
        with self._writing() as connection:
            if draft.kind is EventKind.INTENT:
                self._holds.require_none(sqlite_notes.last(connection), lambda: self._judged(connection))
            seq, prev = connection.execute(_LAST).fetchone() or (0, chain.START)
            rows.require_whole(_highest(connection), seq)
            event = chain.link(draft, seq + 1, prev, self._sealing.maker(sqlite_file.partner_of(connection)))
            connection.execute(_INSERT, rows.row_of(event))
        return event

    def _judged(self, connection: sqlite3.Connection) -> tuple[Note, ...]:
        return self._sealing.judged(sqlite_notes.read(connection), self._owner(connection))

    def keep(self, content: bytes) -> str:
        """A document by its digest, durable when this returns. Raises StoreError as `append` does."""
        digest = rows.digest_of(content)
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", (digest, content))
            _document(connection, digest)
        return digest

    def document(self, digest: str) -> bytes | None:
        """A kept document; None when there is none. Raises StoreError when it is not what was kept."""
        if not self._is_there():
            return None
        with sqlite_file.telling(self._path), sqlite_file.reading(self._path) as connection:
            version = sqlite_file.checked_version(self._path, connection)
            return _document(connection, digest) if version > 1 else None

    def events(self, plan: PlanId | None = None) -> Iterable[Event]:
        """All events, or those of one plan, in order; none when there is no journal yet."""
        events = _read(self._path, self._partner, self._sealing) if self._is_there() else []
        return [event for event in events if plan is None or event.plan == plan]

    def is_begun(self) -> bool:
        """Whether there is a journal, be it without any event."""
        return sqlite_file.exists(self._path)

    def _is_there(self) -> bool:
        return sqlite_file.exists(self._path) and not sqlite_file.is_blank(self._path)

    def head(self) -> Head | None:
        """The last event's number and hash; None for an empty journal."""
        events = list(self.events())
        return Head(events[-1].seq, events[-1].hash) if events else None

    def note(self, draft: NoteDraft) -> Note:
        """One note beside the chain, durable when this returns; makes the journal when there is none. Needs no lock.

        Events are not verified for it: a hold must be possible whatever has happened to the chain.
        """
        path = self._path
        if not self._is_there():
            if self._partner is None:
                raise StoreError(f"there is no journal {path} to write a note to")
            sqlite_file.make_folders(path.parent)
            _make(path, self._partner)
        with (
            sqlite_file.telling(path),
            contextlib.closing(sqlite_file.open_for_writing(path)) as connection,
            sqlite_file.transaction(connection),
        ):
            _check(path, connection, self._partner)
            sqlite_file.make_notes(connection)
            self._sealing.require_counts(draft.kind, _is_sealed(connection))
            return sqlite_notes.add(connection, draft, lambda note: self._sealed(connection, note))

    def notes(self) -> tuple[Note, ...]:
        """All notes, in order; none without a journal."""
        return _twice(self._notes) if self._is_there() else ()

    def _notes(self) -> tuple[Note, ...]:
        with sqlite_file.telling(self._path), sqlite_file.reading(self._path) as connection:
            connection.execute("BEGIN")
            _check(self._path, connection, self._partner)
            return self._judged(connection)

    def _sealed(self, connection: sqlite3.Connection, note: Note) -> Note:
        return self._sealing.sealed_note(note, self._owner(connection))

    def _owner(self, connection: sqlite3.Connection) -> TenantId:
        """Whose journal it is; a journal of format 1 does not say it."""
        if sqlite_file.version_of(connection) > 1:
            return sqlite_file.partner_of(connection)
        return self._partner or TenantId("")

    def _lock_file(self, partner_tenant: TenantId) -> Path:
        return self._path.with_name(f"{self._path.name}.{partner_tenant}.lock")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._open is None:
            raise StoreError(f"the journal {self._path} is written only under its lock, which is not held")
        if not self._open.is_sound():
            raise StoreError(
                f"the journal {self._path} is written only under its lock, which is not held any more: the file, its"
                " folder or its lock file was taken away or replaced while this run used it; bring back what was there"
            )
        with sqlite_file.telling(self._path), sqlite_file.transaction(self._open.connection) as connection:
            yield connection


def _prepared(path: Path, partner: TenantId, lock: FileLock, sealing: Sealing) -> _Open:
    """The journal made, verified, brought to this format, found to be the partner's, and open."""
    _make(path, partner)
    sealing.require_writable(_read(path, partner, sealing))
    with sqlite_file.telling(path), contextlib.ExitStack() as undo:
        connection = sqlite_file.open_for_writing(path)
        undo.callback(connection.close)
        sqlite_file.migrate(connection, partner)
        with sqlite_file.transaction(connection):
            sqlite_file.make_notes(connection)
        _require_partner(path, connection, partner)
        found = _Open(path, lock, connection, path.stat())
        undo.pop_all()
    return found


def _make(path: Path, partner: TenantId) -> None:
    """The journal, where there is none or nothing in it."""
    if not sqlite_file.exists(path):
        sqlite_file.create(path, partner)
    elif sqlite_file.is_blank(path):
        sqlite_file.begin(path, partner)


def _read(path: Path, partner: TenantId | None, sealing: Sealing) -> list[Event]:
    """Every event, verified."""
    return _twice(lambda: _read_once(path, partner, sealing))


def _twice(read: Callable[[], _Read]) -> _Read:
    """When a writer comes or goes meanwhile, reading may fail, and is tried again."""
    try:
        return read()
    except StoreError:
        return read()


def _read_once(path: Path, partner: TenantId | None, sealing: Sealing) -> list[Event]:
    with sqlite_file.telling(path), sqlite_file.reading(path) as connection:
        connection.execute("BEGIN")  # one state of the file for all that is read
        _check(path, connection, partner)
        events = list(chain.verified(rows.event_of(row) for row in connection.execute(_SELECT)))
        rows.require_whole(_highest(connection), len(events))
        bound = sqlite_file.version_of(connection) > 1
        sealing.require(events, sqlite_file.partner_of(connection) if bound else TenantId(""))
    return events


def _check(path: Path, connection: sqlite3.Connection, partner: TenantId | None) -> None:
    """Raises StoreError for a newer format, changed tables or guards, and another partner's journal."""
    if sqlite_file.checked_version(path, connection) > 1:
        _require_partner(path, connection, partner)


def _is_sealed(connection: sqlite3.Connection) -> bool:
    row = connection.execute(_SELECT_LAST).fetchone()
    return row is not None and MAC in rows.event_of(row).body


def _highest(connection: sqlite3.Connection) -> int:
    row = connection.execute(_HIGHEST).fetchone()
    return row[0] if row else 0


def _require_partner(path: Path, connection: sqlite3.Connection, partner: TenantId | None) -> None:
    rows.require_partner(sqlite_file.partner_of(connection), partner, f"the journal {path}")


def _document(connection: sqlite3.Connection, digest: str) -> bytes | None:
    row = connection.execute("SELECT content FROM documents WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else rows.checked(digest, bytes(row[0]))
