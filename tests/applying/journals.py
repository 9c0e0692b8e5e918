"""Journals of both stores for their tests: where they are, how somebody with the database's own tools hurts them, and
another process that holds the lock."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from pcreconcile.applying import open_store
from pcreconcile.applying.ports import Store
from pcreconcile.model.ids import PlanId, RunId
from pcreconcile.model.run import EventDraft, EventKind
from tests.applying.world import HELD_BY, NOW, ONE, PARTNER
from tests.postgres import Server

BODY = {"text": "Käse € 😀", "list": [1, None, True], "nested": {"b": 1, "a": "x"}}
DOCUMENT = b'{"kept":"document"}'

SCHEMA = f"pcreconcile_{PARTNER.replace('-', '_')}"


def draft(number: int = 0, **members: Any) -> EventDraft:
    values: dict[str, Any] = {"run": RunId("r"), "plan": PlanId(f"p{number % 2}"), "at": NOW, "kind": EventKind.INTENT}
    return EventDraft(**(values | members))


@dataclass(frozen=True)
class InFile:
    """A journal of SQLite."""

    place: Path

    @property
    def name(self) -> str:
        """How messages call it."""
        return str(self.place)

    def hurt(self, *statements: str) -> None:
        """Change it behind the guards, which are there again afterwards."""
        with contextlib.closing(sqlite3.connect(self.place, isolation_level=None)) as connection:
            guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in (*statements, *(sql for _, sql in guards)):
                connection.execute(statement)

    def say(self, statement: str) -> None:
        """A statement of somebody who may write to it."""
        with contextlib.closing(sqlite3.connect(self.place, isolation_level=None)) as connection:
            connection.execute(statement)

    def drop_guards_of(self, table: str) -> None:
        """Take the triggers of a table away."""
        for done in ("changed", "deleted"):
            self.say(f"DROP TRIGGER {table}_are_not_{done}")

    def set_format(self, number: int) -> None:
        """As if another version of the program had written it."""
        self.say(f"PRAGMA user_version = {number}")


@dataclass(frozen=True)
class InDatabase:
    """A journal of PostgreSQL."""

    place: str
    server: Server

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"the journal in database {self._database} at 127.0.0.1"

    def hurt(self, *statements: str) -> None:
        """Change it behind the guards, as a superuser can."""
        with self._connected(self.server.admin_url(self._database)) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.replace("x'ff'", "'ÿ'"))

    def say(self, statement: str) -> None:
        """A statement of the journal's owner."""
        with self._connected(self.place) as connection:
            connection.execute(statement)

    def drop_guards_of(self, table: str) -> None:
        """Take the triggers of a table away."""
        self.say(f"ALTER TABLE {table} DISABLE TRIGGER USER")

    def set_format(self, number: int) -> None:
        """As if another version of the program had written it."""
        self.hurt(f"UPDATE journal SET format = {number}")

    @property
    def _database(self) -> str:
        return self.place.rpartition("/")[2]

    def _connected(self, address: str) -> psycopg.Connection[Any]:
        connection = psycopg.connect(address, autocommit=True)
        connection.execute(f"SET search_path = {SCHEMA}")
        return connection


Journal = InFile | InDatabase


def opened(journal: Journal) -> Store:
    return open_store(journal.place)


def write(journal: Journal, count: int = 3) -> Journal:
    """The journal with so many events more."""
    store = opened(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        for number in range(count):
            store.append(draft(number, customer=ONE, action="a", request_id=f"q{number}", body=BODY))
    return journal


# Processes.

HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pcreconcile.applying import open_store
from pcreconcile.model.errors import Locked
from pcreconcile.model.run import EventDraft, EventKind, Holder
import os, socket
place, tenant, timeout = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
me = Holder(os.getpid(), socket.gethostname(), "desk", datetime(2026, 11, 22, tzinfo=UTC))
store = open_store(place if "://" in place else Path(place))
try:
    with store.lock(tenant, float(timeout), me):
        store.append(EventDraft("r", "p", datetime.now(UTC), EventKind.RUN_STARTED))
        print("held", flush=True)
        sys.stdin.readline()
except Locked as error:
    print("locked", flush=True)
print("left", flush=True)
"""


class Process:
    """Another process that takes the lock, writes one event and keeps it until it is told to leave."""

    def __init__(self, journal: Journal, timeout: float) -> None:
        command = [sys.executable, "-c", HOLDER, str(journal.place), PARTNER, str(timeout)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        assert self.hear() == "ready"

    def go_on(self) -> None:
        """To the next place where it waits."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """The next word that it says."""
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        """As `kill -9` does."""
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        with self._process:
            self._process.kill()


@contextlib.contextmanager
def processes(journal: Journal, *timeouts: float) -> Iterator[list[Process]]:
    """So many processes at the start of their race."""
    with contextlib.ExitStack() as stack:
        started = []
        for timeout in timeouts:
            started.append(Process(journal, timeout))
            stack.callback(started[-1].close)
        yield started


@contextlib.contextmanager
def holding(journal: Journal) -> Iterator[Process]:
    """One that has the lock."""
    with processes(journal, 0) as (process,):
        process.go_on()
        assert process.hear() == "held"
        yield process
