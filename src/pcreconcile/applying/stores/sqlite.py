"""The journal in one SQLite file: WAL, every event on disk before `append` returns, nothing ever changed or deleted.

The file is made whole beside its place and then moved there, so a journal that exists is a whole one and an empty file
is a damaged one. Reading opens it read-only; only the holder of the lock opens it for writing, after it was verified.
Verifying costs a pass over all events at every opening, which a journal of hundreds of thousands would want to bound.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from pcreconcile.applying.stores import chain
from pcreconcile.applying.stores.file_lock import FileLock, file_lock
from pcreconcile.model.errors import StoreError
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.run import Event, EventDraft, Head, Holder

VERSION = 2
BUSY = 10.0  # seconds to wait for a reader of the same file

_TABLE = """CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL,
    plan TEXT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    customer TEXT,
    action TEXT,
    request_id TEXT,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
)"""
_NO_UPDATE = """CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END"""
_NO_DELETE = """CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END"""
_DOCUMENTS = "CREATE TABLE events_documents (digest TEXT PRIMARY KEY, content BLOB NOT NULL)"
_SCHEMA = (_TABLE, _NO_UPDATE, _NO_DELETE, _DOCUMENTS)

_COLUMNS = ("seq", "run", "plan", "at", "kind", "customer", "action", "request_id", "body", "prev", "hash")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM events ORDER BY seq"  # noqa: S608 our own names
_INSERT = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608


class SqliteStore:
    """The `Store` of a file. Raises StoreError for whatever is wrong with the file, its folder or the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock: FileLock | None = None
        read_journal(path)

    @contextlib.contextmanager
    def lock(self, partner_tenant: TenantId, timeout: float, holder: Holder) -> Iterator[None]:  # noqa: ARG002
        """Hold the tenant's lock; makes the journal when there is none. Raises Locked after `timeout` seconds."""
        _make_folders(self._path.parent)
        with file_lock(self._path.with_name(f"{self._path.name}.{partner_tenant}.lock"), timeout) as held:
            if not _exists(self._path):
                _create(self._path)
            _read(self._path)
            self._connection, self._lock = _open_for_writing(self._path), held
            try:
                yield
            finally:
                _close(self._path, self._connection)
                self._connection = self._lock = None

    def append(self, draft: EventDraft) -> Event:
        """One event, durable when this returns. Raises StoreError when the lock is not held any more."""
        if self._connection is None or self._lock is None or not self._lock.still_held():
            raise StoreError(f"the journal {self._path} is written only under its lock, which is not held")
        with _telling(self._path), _transaction(self._connection) as connection:
            last = connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
            seq, prev = last or (0, chain.START)
            event = chain.link(draft, seq + 1, prev)
            connection.execute(_INSERT, _row(event))
        return event

    def holder(self, partner_tenant: TenantId) -> Holder | None:  # noqa: ARG002
        """Who holds the lock."""
        return None

    def keep(self, content: bytes) -> str:
        """A document by its digest, durable when this returns."""
        if self._connection is None or self._lock is None or not self._lock.still_held():
            raise StoreError(f"the journal {self._path} is written only under its lock, which is not held")
        digest = hashlib.sha256(content).hexdigest()
        with _telling(self._path), _transaction(self._connection) as connection:
            connection.execute("INSERT OR IGNORE INTO events_documents VALUES (?, ?)", (digest, content))
        return digest

    def document(self, digest: str) -> bytes | None:
        """A kept document; None when there is none."""
        if not _exists(self._path):
            return None
        with _telling(self._path), contextlib.closing(_connect(self._path, "mode=ro")) as connection:
            row = connection.execute("SELECT content FROM events_documents WHERE digest = ?", (digest,)).fetchone()
        if row is not None and hashlib.sha256(row[0]).hexdigest() != digest:
            raise StoreError(f"the journal {self._path} is damaged: document {digest} is not what was kept")
        return None if row is None else bytes(row[0])

    def head(self) -> Head | None:
        """The last event's number and hash."""
        events = read_journal(self._path)
        return Head(events[-1].seq, events[-1].hash) if events else None

    def events(self, plan: PlanId | None = None) -> Iterable[Event]:
        """All events, or those of one plan, in order; none when there is no journal yet."""
        return [event for event in read_journal(self._path) if plan is None or event.plan == plan]


def read_journal(path: Path) -> list[Event]:
    """Every event of a journal, verified; none when there is no journal. Creates nothing. Raises StoreError."""
    return _read(path) if _exists(path) else []


def _read(path: Path) -> list[Event]:
    """Every event, verified. Without a write-ahead log beside it the file is read as it lies, so that reading leaves
    no trace; when a writer comes and goes meanwhile, that may fail, and is tried again."""
    try:
        return _read_once(path)
    except StoreError:
        return _read_once(path)


def _read_once(path: Path) -> list[Event]:
    immutable = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    with _telling(path), contextlib.closing(_connect(path, f"mode=ro{immutable}")) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreError(
                f"the journal {path} was written by a newer pcreconcile (format {version}, this one knows {VERSION})"
            )
        schema = {row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE name LIKE 'events%'")}
        if version != VERSION or schema != set(_SCHEMA):
            raise StoreError("it is not a journal, or its guards against change are missing")
        events = list(chain.verified(_event(row) for row in connection.execute(_SELECT)))
        highest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    if (highest[0] if highest else 0) != len(events):
        raise StoreError(f"the journal {path} is damaged: its last events are missing")
    return events


def _event(row: tuple[Any, ...]) -> Event:
    members: dict[str, Any] = dict(zip(("requestId" if c == "request_id" else c for c in _COLUMNS), row, strict=True))
    members["body"] = msgspec.json.decode(members["body"])
    return msgspec.convert(members, Event)


def _row(event: Event) -> tuple[Any, ...]:
    members = msgspec.to_builtins(event)
    members["body"] = canonical_json(event.body).decode()
    return tuple(members["requestId" if column == "request_id" else column] for column in _COLUMNS)


def _create(path: Path) -> None:
    """A whole, empty journal, put into its place in one step; one that came first stays."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with _telling(path):
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            with contextlib.closing(_connect(new, "mode=rw")) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                for statement in (*_SCHEMA, f"PRAGMA user_version = {VERSION}"):
                    connection.execute(statement)
            with contextlib.suppress(FileExistsError):
                os.link(new, path)
        finally:
            new.unlink(missing_ok=True)
        _sync_folder(path.parent)


def _open_for_writing(path: Path) -> sqlite3.Connection:
    with _telling(path):
        connection = _connect(path, "mode=rw")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _connect(path: Path, how: str) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?{how}"
    return sqlite3.connect(address, uri=True, timeout=BUSY, isolation_level=None)


def _close(path: Path, connection: sqlite3.Connection) -> None:
    with _telling(path):
        connection.close()


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    """What goes wrong with a file or the disk, as a StoreError that names the journal."""
    try:
        yield
    except StoreError as error:
        text = str(error)
        raise (
            error if str(path) in text else StoreError(f"the journal {path} is damaged: {text}")
        ) from error.__cause__
    except (sqlite3.Error, OSError, OverflowError) as error:
        raise StoreError(f"the journal {path} cannot be used: {error}") from error
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise StoreError(f"the journal {path} is damaged: an event is not readable") from error


def _exists(path: Path) -> bool:
    with _telling(path):
        return path.exists()


def _make_folders(folder: Path) -> None:
    with _telling(folder):
        missing = [part for part in (folder, *folder.parents) if not part.exists()]
        for part in reversed(missing):
            part.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
