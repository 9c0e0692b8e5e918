"""The state of a simulated service in one SQLite file, or in memory.

One row per customer holds the whole customer as JSON, so that a change of a customer is one row in one transaction.
WAL without an fsync per commit survives `kill -9`, which is what the simulator promises; a power cut may take the last
changes with it.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import SimulatorError
from .messages import Json

__all__ = ["Store"]

_PATIENCE = 120.0  # seconds; another process may be founding a large world

FORMAT = 2
"""Kept in PRAGMA user_version; another number is another program's file."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE customers (
  position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, relationship TEXT NOT NULL,
  company TEXT NOT NULL, domain TEXT NOT NULL, delegations INTEGER NOT NULL, document TEXT NOT NULL);
CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, record TEXT NOT NULL);
CREATE TABLE requests (seq INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL);
CREATE TABLE answers (write TEXT PRIMARY KEY, answer TEXT NOT NULL);
CREATE TABLE deliveries (seq INTEGER PRIMARY KEY AUTOINCREMENT, pending INTEGER NOT NULL, record TEXT NOT NULL);
"""


class Store:
    """Tables and transactions; knows nothing of what the documents mean."""

    def __init__(self, path: Path | None) -> None:
        """Open or create. Raises SimulatorError for a file that is not a simulator's state."""
        try:
            place = path or ":memory:"
            self._db = sqlite3.connect(place, isolation_level=None, check_same_thread=False, timeout=_PATIENCE)
            self._refuse_foreign(path)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            raise SimulatorError(f"{path}: cannot be opened as a state file: {error}") from error

    def _refuse_foreign(self, path: Path | None) -> None:
        """Look before the first write: somebody else's database is left as it was."""
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version not in (0, FORMAT) or (version == 0 and tables):
            self._db.close()
            raise SimulatorError(f"{path}: is not the state of a simulator, or of another version of it")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept together or not at all; other processes wait."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def is_new(self) -> bool:
        """Whether no world has been founded here yet; creates the tables. Call it inside a transaction."""
        if self._db.execute("PRAGMA user_version").fetchone()[0] == FORMAT:
            return False
        for statement in filter(None, map(str.strip, _SCHEMA.split(";"))):
            self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {FORMAT}")
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def meta(self, name: str) -> Any:
        """A named value of the world; None when unset."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_meta(self, name: str, value: Any) -> None:
        """Keep a named value."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def customer(self, tenant_id: str) -> str | None:
        """The JSON document of a customer, former ones included."""
        row = self._db.execute("SELECT document FROM customers WHERE id = ?", (tenant_id.lower(),)).fetchone()
        return None if row is None else str(row[0])

    def save_customer(self, customer: Json, document: str, relationship: str) -> None:
        """Insert a customer or replace it in its place; `relationship` is what the list of customers goes by."""
        self._db.execute(
            "INSERT INTO customers (id, relationship, company, domain, delegations, document) "
            "VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET relationship = excluded.relationship, "
            "delegations = excluded.delegations, document = excluded.document",
            (
                customer["id"].lower(),
                relationship,
                customer["companyName"].casefold(),
                customer["domain"].casefold(),
                len(customer["gdap"]),
                document,
            ),
        )

    def customers(self) -> list[str]:
        """The tenant IDs of all customers, former ones included, in the order of the estate."""
        return [row[0] for row in self._db.execute("SELECT id FROM customers ORDER BY position")]

    def delegating_customers(self) -> list[tuple[str, int]]:
        """Tenant ID and number of delegated admin relationships of every customer that has some."""
        rows = self._db.execute("SELECT id, delegations FROM customers WHERE delegations > 0 ORDER BY position")
        return [(str(tenant_id), int(number)) for tenant_id, number in rows]

    def customers_mentioning(self, text: str) -> list[str]:
        """The tenant IDs of customers in whose document a text occurs, in any case."""
        rows = self._db.execute(
            "SELECT id FROM customers WHERE instr(lower(document), ?) ORDER BY position", (text.lower(),)
        )
        return [row[0] for row in rows]

    def live_customers(self, after: int, limit: int, company: str, domain: str) -> list[tuple[int, str]]:
        """Position and document of live customers behind a position whose name and domain start so."""
        rows = self._db.execute(
            "SELECT position, document FROM customers WHERE position > ?1 AND relationship <> 'none' "
            "AND substr(company, 1, length(?2)) = ?2 AND substr(domain, 1, length(?3)) = ?3 "
            "ORDER BY position LIMIT ?4",
            (after, company.casefold(), domain.casefold(), limit),
        )
        return [(int(position), str(document)) for position, document in rows]

    def add_audit(self, at: str, record: Json) -> None:
        """Append an audit record."""
        self._db.execute("INSERT INTO audit (at, record) VALUES (?, ?)", (at, json.dumps(record)))

    def audit(self, start: str = "", end: str = "9999") -> list[Json]:
        """Audit records of a span of time, in the order they were written."""
        rows = self._db.execute("SELECT record FROM audit WHERE at >= ? AND at < ? ORDER BY seq", (start, end))
        return [json.loads(row[0]) for row in rows]

    def audit_record(self, record_id: str) -> Json | None:
        """One audit record by its ID, in any case."""
        row = self._db.execute(
            "SELECT record FROM audit WHERE lower(json_extract(record, '$.id')) = ?", (record_id.lower(),)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def add_delivery(self, record: Json, *, pending: bool) -> None:
        """Append a notification, to be delivered when pending."""
        self._db.execute("INSERT INTO deliveries (pending, record) VALUES (?, ?)", (pending, json.dumps(record)))

    def save_delivery(self, seq: int, record: Json, *, pending: bool) -> None:
        """Keep what has become of a notification."""
        self._db.execute(
            "UPDATE deliveries SET pending = ?, record = ? WHERE seq = ?", (pending, json.dumps(record), seq)
        )

    def deliveries(self, *, only_pending: bool = False) -> list[tuple[int, Json]]:
        """Sequence numbers and notifications in the order in which they arose."""
        rows = self._db.execute(
            "SELECT seq, record FROM deliveries WHERE pending >= ? ORDER BY seq", (int(only_pending),)
        )
        return [(int(seq), json.loads(record)) for seq, record in rows]

    def log(self, record: Json) -> None:
        """Append to the log of requests."""
        self._db.execute("INSERT INTO requests (record) VALUES (?)", (json.dumps(record),))

    def requests(self, since: int = 0, limit: int = -1) -> list[Json]:
        """The log behind a sequence number; with a limit only its newest entries."""
        rows = self._db.execute(
            "SELECT seq, record FROM (SELECT seq, record FROM requests WHERE seq > ? ORDER BY seq DESC LIMIT ?) "
            "ORDER BY seq",
            (since, limit),
        )
        return [{"seq": seq, **json.loads(record)} for seq, record in rows]

    def answer_to(self, write: str) -> Json | None:
        """The answer that this write was given before."""
        row = self._db.execute("SELECT answer FROM answers WHERE write = ?", (write,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def keep_answer(self, write: str, answer: Json) -> None:
        """Keep an answer for a repeated write."""
        self._db.execute("INSERT OR IGNORE INTO answers VALUES (?, ?)", (write, json.dumps(answer)))
