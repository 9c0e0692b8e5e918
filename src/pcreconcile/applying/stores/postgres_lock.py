"""The lock of a partner tenant in PostgreSQL: a session advisory lock, which lives and dies with its connection.

Whether it is held, and by which backend, is read from `pg_locks`, so a look takes nothing. The holder's own words stand
in a row beside it and count only while the backend that wrote them has the lock.
"""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from typing import Any

from pcreconcile.applying.stores import holders
from pcreconcile.applying.stores.postgres_schema import name_of, named
from pcreconcile.applying.stores.postgres_session import Connection
from pcreconcile.model.errors import Locked
from pcreconcile.model.ids import TenantId
from pcreconcile.model.run import Holder

POLL = 0.05  # seconds between two tries
_LOOKS = 20  # at what a holder writes, which comes a moment after it has the lock
_LOOK_AGAIN = 0.01  # seconds

HELD = """
SELECT pid FROM pg_locks
 WHERE locktype = 'advisory' AND granted AND objsubid = 1
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND classid = %(high)s::bigint::oid AND objid = %(low)s::bigint::oid
"""
"""The backend that holds it; `key_of` gives the parameters."""

_TRY = "SELECT pg_try_advisory_lock((%(high)s::bigint << 32) | %(low)s::bigint)"
ALONE = "SELECT pg_advisory_xact_lock(hashtext('pcreconcile'), (%(high)s::bigint # %(low)s::bigint)::bit(32)::integer)"
"""Waits until nobody else makes the partner's journal; ends with the transaction."""

_SIGN = """
INSERT INTO {schema}.holder (backend, document) VALUES (pg_backend_pid(), %s)
ON CONFLICT (one) DO UPDATE SET backend = EXCLUDED.backend, document = EXCLUDED.document
"""
_HAS_SIGNS = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'holder'"


def key_of(partner: TenantId) -> dict[str, int]:
    """The 64 bits that stand for a partner, in halves."""
    digest = hashlib.sha256(f"pcreconcile {partner}".encode()).digest()
    return {"high": int.from_bytes(digest[:4]), "low": int.from_bytes(digest[4:8])}


def acquire(connection: Connection, partner: TenantId, timeout: float) -> None:
    """Take the lock on this connection. Raises Locked after `timeout` seconds."""
    until = time.monotonic() + timeout
    while not _one(connection, _TRY, key_of(partner)):
        left = until - time.monotonic()
        if left <= 0:
            raise Locked(holders.locked(holder_of(connection, partner)))
        time.sleep(min(POLL, left))


def sign(connection: Connection, partner: TenantId, holder: Holder) -> None:
    """Say who holds it."""
    connection.execute(named(_SIGN, name_of(partner)), [holders.document_of(holder)])


def holder_of(connection: Connection, partner: TenantId) -> Holder | None:
    """Who holds the lock at this moment; None when nobody does."""
    for _ in range(_LOOKS):
        backend = _one(connection, HELD, key_of(partner))
        if backend is None:
            return None
        if signed := _signed(connection, partner, backend):
            return signed
        time.sleep(_LOOK_AGAIN)
    return holders.unknown(datetime.now(UTC))


def _signed(connection: Connection, partner: TenantId, backend: int) -> Holder | None:
    if not _one(connection, _HAS_SIGNS, [name_of(partner)]):
        return None
    wanted = named("SELECT document FROM {schema}.holder WHERE backend = %s", name_of(partner))
    document = _one(connection, wanted, [backend])
    return None if document is None else holders.holder_of(bytes(document))


def _one(connection: Connection, statement: Any, parameters: Any) -> Any:
    row = connection.execute(statement, parameters).fetchone()
    return None if row is None else row[0]
