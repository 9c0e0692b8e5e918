"""The file of a SQLite journal: its tables, how it is made, brought to this format, opened and checked.

It is made whole in a folder beside its place and then put there, so a journal that exists is a whole one. A file
without anything in it (a copy that a full disk cut off, a crash of the machine) is as none: whoever writes next begins
it, in its place and in one transaction. Format 1 becomes format 2 by tables that are added: no event is touched. Notes
have a table that belongs to no format and is added by whoever writes the first one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from pcreconcile.applying.stores import sqlite_notes
from pcreconcile.applying.stores.rows import FORMAT, require_known
from pcreconcile.model.errors import StoreError
from pcreconcile.model.ids import TenantId

BUSY = 10.0  # seconds to wait for a reader of the same file
_HEADER = b"SQLite format 3\0"
_ONE_PAGE = 4096  # bytes: a journal with its tables has more

_EVENTS = """CREATE TABLE events (
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


def _refusal(table: str, act: str, done: str) -> str:
    return f"""CREATE TRIGGER {table}_are_not_{done} BEFORE {act} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are never {done}'); END"""


_FIRST = (_EVENTS, _refusal("events", "UPDATE", "changed"), _refusal("events", "DELETE", "deleted"))
_SECOND = (
    "CREATE TABLE documents (digest TEXT PRIMARY KEY, content BLOB NOT NULL)",
    _refusal("documents", "UPDATE", "changed"),
    _refusal("documents", "DELETE", "deleted"),
    "CREATE TABLE partners (tenant TEXT NOT NULL)",  # one: whose journal it is
    _refusal("partners", "UPDATE", "changed"),
    _refusal("partners", "DELETE", "deleted"),
)
_SCHEMAS = {1: frozenset(_FIRST), FORMAT: frozenset((*_FIRST, *_SECOND))}

# Beside either format, and no part of it: a note is written without the lock under which formats are changed.
_NOTES = (
    """CREATE TABLE notes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    body TEXT NOT NULL,
    mac TEXT NOT NULL
)""",
    _refusal("notes", "UPDATE", "changed"),
    _refusal("notes", "DELETE", "deleted"),
)

_SCHEMA_NOW = (
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN ('events', 'documents', 'partners', 'notes')"
)


def create(path: Path, partner: TenantId) -> None:
    """A whole, empty journal of a partner, put into its place in one step; one that came first stays."""
    with telling(path), tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        new = Path(folder) / path.name
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with contextlib.closing(connect(new, "mode=rw")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            with transaction(connection):
                _extend(connection, (*_FIRST, *_SECOND), partner)
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        _sync_folder(path.parent)


def is_blank(path: Path) -> bool:
    """Whether the file is there and holds nothing at all: no byte, or a database without any table or number.

    Raises StoreError where only its log holds something.
    """
    with telling(path):
        size = path.stat().st_size if path.is_file() else None
        if size is None or size > _ONE_PAGE:
            return False
        if size == 0 and _size(path.with_name(f"{path.name}-wal")):
            raise StoreError("it is empty and its log is not: bring back the last whole copy")  # SQLite would delete it
        if size == 0:
            return True
        with path.open("rb") as stream:
            if stream.read(len(_HEADER)) != _HEADER:  # SQLite takes a single byte for an empty database
                return False
    try:
        with telling(path), reading(path) as connection:
            return version_of(connection) == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except StoreError:
        return False  # whatever it is, it is not nothing


def reading(path: Path) -> contextlib.closing[sqlite3.Connection]:
    """A connection that changes nothing. Without a write-ahead log beside it the file is read as it lies, so that
    reading leaves no trace."""
    immutable = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    return contextlib.closing(connect(path, f"mode=ro{immutable}"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def begin(path: Path, partner: TenantId) -> None:
    """Make a blank file a journal of the partner; one that came first stays."""
    with telling(path), contextlib.closing(open_for_writing(path)) as connection, transaction(connection):
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchall():
            _extend(connection, (*_FIRST, *_SECOND), partner)


def migrate(connection: sqlite3.Connection, partner: TenantId) -> None:
    """Make a journal of format 1 the partner's of this format, in one transaction; any other stays as it is.

    The caller holds the partner's lock and has verified the journal.
    """
    if version_of(connection) == 1:
        with transaction(connection):
            if version_of(connection) == 1:  # not made another partner's meanwhile
                _extend(connection, _SECOND, partner)


def make_notes(connection: sqlite3.Connection) -> None:
    """The table of notes with its guards, in the caller's transaction, when there is none yet."""
    if not sqlite_notes.is_there(connection):
        for statement in _NOTES:
            connection.execute(statement)


def _extend(connection: sqlite3.Connection, statements: tuple[str, ...], partner: TenantId) -> None:
    for statement in statements:
        connection.execute(statement)
    connection.execute("INSERT INTO partners VALUES (?)", (partner,))
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def version_of(connection: sqlite3.Connection) -> int:
    """The format's number, as the file says it."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def checked_version(path: Path, connection: sqlite3.Connection) -> int:
    """The format's number. Raises StoreError for a newer one, and for tables or guards that were changed."""
    version = version_of(connection)
    require_known(version, f"the journal {path}")
    schema = frozenset(row[0] for row in connection.execute(_SCHEMA_NOW))
    if schema.difference(_NOTES) != _SCHEMAS.get(version) or 0 < len(schema.intersection(_NOTES)) < len(_NOTES):
        raise StoreError("it is not a journal, or its guards against change are missing")
    return version


def partner_of(connection: sqlite3.Connection) -> TenantId:
    """Whose journal of format 2 it is."""
    rows = connection.execute("SELECT tenant FROM partners").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], str):
        raise StoreError("it does not say whose journal it is")
    return TenantId(rows[0][0])


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection whose transactions are on disk when they end."""
    with telling(path):
        connection = connect(path, "mode=rw")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS, where fsync alone does not reach the disk
        return connection


def connect(path: Path, how: str) -> sqlite3.Connection:
    """A connection to the file; `how` as in SQLite's URIs."""
    address = f"file:{quote(str(path.absolute()))}?{how}"
    return sqlite3.connect(address, uri=True, timeout=BUSY, isolation_level=None)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def telling(path: Path) -> Iterator[None]:
    """What goes wrong with a file or the disk, as a StoreError that names the journal."""
    try:
        yield
    except StoreError as error:
        text = str(error)
        raise (
            error if str(path) in text else StoreError(f"the journal {path} is damaged: {text}")
        ) from error.__cause__
    except (sqlite3.Error, OSError, OverflowError) as error:
        raise StoreError(f"the journal {path} cannot be used: {error}{_remedy(error, path)}") from error
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise StoreError(f"the journal {path} is damaged: something in it is not readable") from error


_NO_ROOM = "; make room on its disk (a quota and `ulimit -f` count too), and go on with the same journal"
_NO_RIGHT = "; give this user the right to write the folder {folder} and what is in it"
_SQLITE_REMEDIES = {
    sqlite3.SQLITE_FULL: _NO_ROOM,
    sqlite3.SQLITE_IOERR: "; its disk is full, fails or has gone: make room on it, or bring {folder} back, and go on"
    " with the same journal",
    sqlite3.SQLITE_READONLY: _NO_RIGHT,
    sqlite3.SQLITE_CANTOPEN: "; {folder} must be there, and this user must be allowed to write it",
    sqlite3.SQLITE_BUSY: "; another program holds it open: end that one",
    sqlite3.SQLITE_NOTADB: "; it is no journal: move it away, and bring back the last copy that is one",
    sqlite3.SQLITE_CORRUPT: "; bring back the last whole copy",
}
_SYSTEM_REMEDIES = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: _NO_RIGHT,
    errno.ENOENT: "; {folder} must be there, and this user must be allowed to write it",
}


def _remedy(error: Exception, path: Path) -> str:
    """What to do about it; "" where nobody knows."""
    if isinstance(error, OSError):
        remedy = _SYSTEM_REMEDIES.get(error.errno or 0, "")
    else:  # the rest of an extended code says which call it was
        remedy = _SQLITE_REMEDIES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")
    return remedy.format(folder=path.parent)


def exists(path: Path) -> bool:
    """Whether there is something."""
    with telling(path):
        return path.exists()


def make_folders(folder: Path) -> None:
    """The folder and those above it, for the owner alone."""
    with telling(folder):
        missing = [part for part in (folder, *folder.parents) if not part.exists()]
        for part in reversed(missing):
            part.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
