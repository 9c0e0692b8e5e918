"""The journal in PostgreSQL, for teams and for runners that keep nothing: the tables and promises of the SQLite one.

A lock, its events and its documents go over one connection: when that is lost, so is the lock, and nothing more can be
written. Only psycopg and the modules named postgres_… beside this one know of PostgreSQL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from pcreconcile.applying.stores import chain, postgres_lock, postgres_notes, postgres_schema, rows
from pcreconcile.applying.stores.hold_watch import HoldWatch
from pcreconcile.applying.stores.postgres_schema import named
from pcreconcile.applying.stores.postgres_session import Address, Connection, connect, telling
from pcreconcile.applying.stores.sealing import MAC, NO_KEY, Sealing
from pcreconcile.model.errors import StoreError
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.notes import Note, NoteDraft
from pcreconcile.model.run import Event, EventDraft, EventKind, Head, Holder

_COLUMNS = ", ".join(rows.COLUMNS)
_SELECT = f"SELECT {_COLUMNS} FROM {{schema}}.events ORDER BY seq"  # noqa: S608 our own names
_SELECT_LAST = f"SELECT {_COLUMNS} FROM {{schema}}.events ORDER BY seq DESC LIMIT 1"  # noqa: S608
_LAST = "SELECT seq, hash FROM {schema}.events ORDER BY seq DESC LIMIT 1"
_VALUES = ", ".join(["%(seq)s::bigint", *(f"%({column})s" for column in rows.COLUMNS[1:])])
_APPEND = f"""
WITH held AS ({postgres_lock.HELD} AND pid = pg_backend_pid()),
     counted AS (UPDATE {{schema}}.journal SET highest = %(seq)s::bigint FROM held
                  WHERE highest = %(seq)s::bigint - 1 RETURNING highest),
     added AS (INSERT INTO {{schema}}.events ({_COLUMNS}) SELECT {_VALUES} FROM counted RETURNING seq)
SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM added)
"""  # noqa: S608
_KEEP = f"""
WITH held AS ({postgres_lock.HELD} AND pid = pg_backend_pid()),
     kept AS (INSERT INTO {{schema}}.documents SELECT %(digest)s, %(content)s::bytea FROM held ON CONFLICT DO NOTHING)
SELECT count(*) FROM held
"""  # noqa: S608
_DOCUMENT = "SELECT content FROM {schema}.documents WHERE digest = %s"
_FORMAT = "SELECT format FROM {schema}.journal"
_PARTNER = "SELECT partner FROM {schema}.journal"
_HIGHEST = "SELECT highest FROM {schema}.journal"
_ONE_STATE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_JOURNALS = "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname ~ %s"
_HOLDS_TABLES = "SELECT 1 FROM pg_tables WHERE schemaname = %s LIMIT 1"


class PostgresStore:
    """The `Store` of a database. Raises StoreError for whatever is wrong with it or on the way to it.

    Each partner has a journal of its own there. Without a partner it is the only one of the database, and with several
    the reader must say which.
    """

    def __init__(self, address: str, partner: TenantId | None = None, sealing: Sealing = NO_KEY) -> None:
        self._sealing = sealing
        self._address = Address.parse(address)
        self._partner = partner
        self._connection: Connection | None = None
        self._holds = HoldWatch()

    @contextlib.contextmanager
    def lock(self, partner_tenant: TenantId, timeout: float, holder: Holder) -> Iterator[None]:
        """Hold the tenant's lock; makes the journal when there is none. Raises Locked after `timeout` seconds."""
        rows.require_partner(partner_tenant, self._partner, self._address.journal)
        with contextlib.closing(connect(self._address)) as connection:
            with telling(self._address, connection):
                postgres_lock.acquire(connection, partner_tenant, timeout)
                _prepare(connection, partner_tenant, holder, self._address.journal, self._sealing)
            known, self._partner, self._connection = self._partner, partner_tenant, connection
            self._holds = HoldWatch()
            try:
                yield
            finally:
                self._connection, self._partner = None, known

    def holder(self, partner_tenant: TenantId) -> Holder | None:
        """Who holds the lock at this moment; None when nobody does."""
        with contextlib.closing(connect(self._address)) as connection, telling(self._address, connection):
            return postgres_lock.holder_of(connection, partner_tenant)

    def append(self, draft: EventDraft) -> Event:
        """One event, durable when this returns. Raises StoreError when the lock is not held any more.

        Raises Held, and writes nothing, for an intent while a hold stands.
        """
        with self._writing() as (connection, partner):
            if draft.kind is not EventKind.INTENT:
                return self._append(connection, partner, draft)
            schema = postgres_schema.name_of(partner)
            with connection.transaction():  # the row stays locked to its end, so that no note comes between
                postgres_notes.lock(connection, schema)
                last = postgres_notes.last(connection, schema)
                self._holds.require_none(last, lambda: self._judged(connection, schema))
                return self._append(connection, partner, draft)

    def keep(self, content: bytes) -> str:
        """A document by its digest, durable when this returns. Raises StoreError as `append` does."""
        digest = rows.digest_of(content)
        with self._writing() as (connection, partner):
            schema = postgres_schema.name_of(partner)
            values = {"digest": digest, "content": content, **postgres_lock.key_of(partner)}
            held = connection.execute(named(_KEEP, schema), values).fetchone() or (0,)
            self._require(held[0])
            _document(connection, schema, digest)
        return digest

    def document(self, digest: str) -> bytes | None:
        """A kept document; None when there is none. Raises StoreError when it is not what was kept."""
        with self._reading() as (connection, schema):
            return _document(connection, schema, digest) if schema else None

    def events(self, plan: PlanId | None = None) -> Iterable[Event]:
        """All events, or those of one plan, in order; none when there is no journal yet."""
        return [event for event in self._read() if plan is None or event.plan == plan]

    def is_begun(self) -> bool:
        """Whether there is a journal, be it without any event."""
        with self._reading() as (_, schema):
            return bool(schema)

    def head(self) -> Head | None:
        """The last event's number and hash; None for an empty journal."""
        events = self._read()
        return Head(events[-1].seq, events[-1].hash) if events else None

    def note(self, draft: NoteDraft) -> Note:
        """One note beside the chain, durable when this returns; makes the journal when there is none. Needs no lock.

        Events are not verified for it: a hold must be possible whatever has happened to the chain.
        """
        with contextlib.closing(connect(self._address)) as connection, telling(self._address, connection):
            if self._partner is not None:
                _make(connection, self._partner)
            with connection.transaction():
                schema = _schema(connection, self._partner)
                if not schema:
                    raise StoreError(f"{self._address.journal} is not there yet: no journal, no note")
                postgres_notes.lock(connection, schema)
                _check(connection, schema, self._partner, self._address.journal)
                postgres_notes.make(connection, schema)
                self._sealing.require_counts(draft.kind, _is_sealed(connection, schema))
                owner = TenantId(_one(connection, _PARTNER, schema))
                return postgres_notes.add(
                    connection, schema, draft, lambda note: self._sealing.sealed_note(note, owner)
                )

    def notes(self) -> tuple[Note, ...]:
        """All notes, in order; none without a journal."""
        with self._reading() as (connection, schema):
            return self._judged(connection, schema) if schema else ()

    def _judged(self, connection: Connection, schema: str) -> tuple[Note, ...]:
        owner = TenantId(_one(connection, _PARTNER, schema))
        return self._sealing.judged(postgres_notes.read(connection, schema), owner)

    def _append(self, connection: Connection, partner: TenantId, draft: EventDraft) -> Event:
        schema = postgres_schema.name_of(partner)
        seq, prev = connection.execute(named(_LAST, schema)).fetchone() or (0, chain.START)
        event = chain.link(draft, seq + 1, prev, self._sealing.maker(partner))
        values = dict(zip(rows.COLUMNS, rows.row_of(event), strict=True)) | postgres_lock.key_of(partner)
        held, added = connection.execute(named(_APPEND, schema), values).fetchone() or (0, 0)
        self._require(held)
        if not added:
            rows.require_whole(_one(connection, _HIGHEST, schema), seq)
            raise StoreError("another process wrote to it")
        return event

    def _read(self) -> list[Event]:
        with self._reading() as (connection, schema):
            return _events(connection, schema, self._sealing) if schema else []

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[Connection, str]]:
        """A connection on which one state of the journal is read, and the journal's schema, "" when there is none."""
        with contextlib.ExitStack() as stack:
            held = self._connection
            connection = held or stack.enter_context(contextlib.closing(connect(self._address)))
            stack.enter_context(telling(self._address, connection))
            stack.enter_context(connection.transaction())
            connection.execute(_ONE_STATE)
            schema = _schema(connection, self._partner)
            if schema:
                _check(connection, schema, self._partner, self._address.journal)
            yield connection, schema

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[Connection, TenantId]]:
        if self._connection is None or self._partner is None:
            self._require(0)
            return
        with telling(self._address, self._connection):
            yield self._connection, self._partner

    def _require(self, held: int) -> None:
        if not held:
            raise StoreError(f"{self._address.journal} is written only under its lock, which is not held")


def _prepare(connection: Connection, partner: TenantId, holder: Holder, journal: str, sealing: Sealing) -> None:
    """Make it, sign it, verify it; the lock is held."""
    schema = postgres_schema.name_of(partner)
    _make(connection, partner)
    with connection.transaction():
        connection.execute(_ONE_STATE)
        _check(connection, schema, partner, journal)
        sealing.require_writable(_events(connection, schema, sealing))
    with connection.transaction():
        postgres_notes.lock(connection, schema)
        postgres_notes.make(connection, schema)
    postgres_lock.sign(connection, partner, holder)


def _make(connection: Connection, partner: TenantId) -> None:
    """The partner's journal when there is none; the first note and the first run may meet here."""
    if not _is_there(connection, postgres_schema.name_of(partner)):
        with connection.transaction():
            connection.execute(postgres_lock.ALONE, postgres_lock.key_of(partner))
            if not _is_there(connection, postgres_schema.name_of(partner)):
                connection.execute(postgres_schema.creation(partner))


def _schema(connection: Connection, partner: TenantId | None) -> str:
    """The schema of the partner, or of the only journal; "" when there is none."""
    if partner is not None:
        schema = postgres_schema.name_of(partner)
        return schema if _is_there(connection, schema) else ""
    found: list[str] = [row[0] for row in connection.execute(_JOURNALS, [postgres_schema.NAMES])]
    if len(found) > 1:
        raise StoreError(f"it is one of {len(found)} in its database: say which partner's is meant")
    return found[0] if found else ""


def _is_there(connection: Connection, schema: str) -> bool:
    """A schema without any table is as none: whoever writes next begins the journal in it."""
    return bool(connection.execute(_HOLDS_TABLES, [schema]).fetchone())


def _check(connection: Connection, schema: str, partner: TenantId | None, journal: str) -> None:
    """Raises StoreError for a newer format, another partner, and tables or guards that are not as they were made."""
    shape = {row[0] for row in connection.execute(postgres_schema.SHAPE, {"schema": schema})}
    version = _one(connection, _FORMAT, schema) if postgres_schema.FORMAT_COLUMN in shape else None
    if version is not None:
        rows.require_known(version, journal)
    whole = (postgres_schema.WHOLE, postgres_schema.WHOLE | postgres_schema.NOTES)
    if version != rows.FORMAT or shape not in whole:
        raise StoreError("it is not a journal, or its guards against change are missing")
    rows.require_partner(TenantId(_one(connection, _PARTNER, schema)), partner, journal)


def _events(connection: Connection, schema: str, sealing: Sealing) -> list[Event]:
    """Every event, verified."""
    events = list(chain.verified(rows.event_of(row) for row in connection.execute(named(_SELECT, schema))))
    rows.require_whole(_one(connection, _HIGHEST, schema), len(events))
    sealing.require(events, TenantId(_one(connection, _PARTNER, schema)))
    return events


def _is_sealed(connection: Connection, schema: str) -> bool:
    row = connection.execute(named(_SELECT_LAST, schema)).fetchone()
    return row is not None and MAC in rows.event_of(row).body


def _document(connection: Connection, schema: str, digest: str) -> bytes | None:
    row = connection.execute(named(_DOCUMENT, schema), [digest]).fetchone()
    return None if row is None else rows.checked(digest, bytes(row[0]))


def _one(connection: Connection, statement: str, schema: str) -> Any:
    row = connection.execute(named(statement, schema)).fetchone()
    return None if row is None else row[0]
