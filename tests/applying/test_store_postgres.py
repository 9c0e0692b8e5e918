"""The journal in a database: addresses and what is never told of them, connections that are lost, and the schema."""

from __future__ import annotations

import builtins
import contextlib
import logging
import subprocess
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pcreconcile.applying import open_store, read_events
from pcreconcile.applying.stores import chain
from pcreconcile.applying.stores.postgres import PostgresStore
from pcreconcile.applying.stores.postgres_session import Address, connect, telling
from pcreconcile.model.errors import ConfigurationError, Locked, PcreconcileError, StoreError
from pcreconcile.model.run import Event
from tests.applying.journals import DOCUMENT, SCHEMA, InDatabase, draft, write
from tests.applying.world import HELD_BY, PARTNER, tenant
from tests.postgres import PASSWORD, USER, Server, postgres  # noqa: F401 a fixture


@pytest.fixture
def journal(postgres: Server) -> InDatabase:  # noqa: F811
    place = InDatabase(postgres.url(), postgres)
    write(place)
    return place


# Addresses.


@pytest.mark.parametrize(
    "address",
    ["mysql://desk:secret@host/db", "journal.db", "", "host=db password=secret", "POSTGRESQL://x:secret@h/d", " "],
)
def test_an_address_of_something_else_is_a_matter_of_setting_up(address: str):
    for use in (open_store, read_events):
        with pytest.raises(ConfigurationError, match="postgresql://") as caught:
            use(address)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://desk:secret@host:port:1/db?x",
        "postgresql://desk:secret@host/db?nothing=known",
        "postgresql://desk:sec%ret@host/db",
        "postgresql://desk:secret@[::1/db",
        "postgresql://desk:secret/ret@host/db",
        "postgresql://desk:sec@ret@host/db",
        "postgresql://desk:secret@host/db@ret",
    ],
)
def test_an_address_that_is_not_understood_is_not_repeated(address: str):
    with pytest.raises(ConfigurationError, match="percent-encoded") as caught:
        open_store(address)
    assert not {"desk", "secret", "ret", "nothing"} & set(told(caught.value).replace("'", " ").split())


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)) + repr(error)


def whole(error: BaseException) -> str:
    """All that anybody could print of it: its causes and contexts too, unless they were cut off."""
    causes: list[BaseException] = []
    current: BaseException | None = error
    while current is not None:
        causes.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return " ".join(told(each) for each in causes)


FAILURES = {
    "another password": (lambda url: url.replace("s3cret", "wr0ng"), "does not accept the user and password"),
    "another user": (lambda url: url.replace(USER, "somebody"), "does not accept the user and password"),
    "another database": (lambda url: url.rpartition("/")[0] + "/elsewhere", "no such database"),
    "nobody there": (lambda url: url.replace(url.split(":")[-1].split("/")[0], "1"), "nothing listens there"),
    "no such host": (lambda url: url.replace("127.0.0.1", "no-such-host.invalid"), "cannot be reached"),
    "no such socket": (lambda _: "postgresql://desk:s3cret@/db?host=/no/such", "nothing listens there"),
    "not encoded": (lambda _: "postgresql://desk:s3c/ret@127.0.0.1/db", "not understood"),
    "no encryption": (lambda url: f"{url}?sslmode=require", "no encrypted connection"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_to_connect_tells_host_and_database_alone(
    journal: InDatabase, name: str, caplog: pytest.LogCaptureFixture
):
    change, expected = FAILURES[name]
    store = None
    caplog.set_level(logging.DEBUG)
    for use in (open_store, read_events):
        with pytest.raises(PcreconcileError, match=expected) as caught:
            store = use(change(journal.place))
        for secret in (PASSWORD, "s3c", "wr0ng", USER, "somebody", "ret@"):
            assert secret not in whole(caught.value) + caplog.text
    assert store is None


def test_the_address_shows_nowhere(journal: InDatabase):
    store = PostgresStore(journal.place)
    with store.lock(PARTNER, 0, HELD_BY):
        assert PASSWORD not in repr(store) + repr(vars(store))
    assert repr(Address.parse(journal.place)) == f"Address(name={Address.parse(journal.place).name!r})"


def test_what_the_server_says_of_the_user_is_not_repeated(journal: InDatabase):
    journal.server.execute(f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {USER}", journal.place.rpartition("/")[2])
    journal.hurt(f"ALTER SCHEMA {SCHEMA} OWNER TO admin", "ALTER TABLE journal OWNER TO admin")
    with pytest.raises(StoreError, match="permission denied") as caught:
        read_events(journal.place)
    assert USER not in whole(caught.value)


def test_a_sentence_of_the_server_with_the_user_in_it_becomes_its_number(journal: InDatabase):
    address = Address.parse(journal.place)
    with contextlib.closing(connect(address)) as connection:
        for said, shown in ((f"{USER} is not welcome", "SQLSTATE P0001"), ("nobody is welcome", "nobody is welcome")):
            with pytest.raises(StoreError) as caught, telling(address, connection):
                connection.execute(f"DO $$ BEGIN RAISE EXCEPTION '{said}'; END $$")
            assert whole(caught.value).count(shown) == 2
            assert USER not in whole(caught.value)


def test_who_may_not_make_a_journal_is_told(postgres: Server):  # noqa: F811
    url = postgres.url()
    postgres.execute(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO admin")
    with pytest.raises(StoreError, match="permission denied"), open_store(url).lock(PARTNER, 0, HELD_BY):
        pass


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ImportError(name)
        return real(name, *arguments)

    for name in [name for name in sys.modules if "stores.postgres" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match=r"pip install 'pcreconcile\[postgres\]'"):
        open_store("postgresql://host/db")


def test_a_file_asks_for_no_psycopg(tmp_path: Path):
    code = f"""
import sys
from collections.abc import Iterable
from pathlib import Path
from pcreconcile.applying import open_store, read_events
read_events(Path({str(tmp_path)!r}) / "x.db"); open_store(Path({str(tmp_path)!r}) / "x.db")
sys.exit("psycopg" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Sessions.


def test_a_connection_that_is_lost_stays_lost(journal: InDatabase):
    store = open_store(journal.place)
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft())
        assert journal.server.disconnect(journal.place) == 1
        for use in (
            lambda: store.append(draft()),
            lambda: store.keep(DOCUMENT),
            lambda: store.append(draft()),
            lambda: store.document("0" * 64),
            store.events,
        ):
            with pytest.raises(StoreError, match="the connection to it is lost"):
                use()
        with open_store(journal.place).lock(PARTNER, 0, HELD_BY):
            pass
    assert len(read_events(journal.place)) == 4


def test_whose_lock_is_gone_without_its_connection_writes_nothing(journal: InDatabase):
    """As behind a pooler that gives a session to several."""
    store = PostgresStore(journal.place)
    with store.lock(PARTNER, 0, HELD_BY):
        assert store._connection
        store._connection.execute("SELECT pg_advisory_unlock_all()")
        assert open_store(journal.place).holder(PARTNER) is None
        for write_it in (lambda: store.append(draft()), lambda: store.keep(DOCUMENT)):
            with pytest.raises(StoreError, match="under its lock, which is not held"):
                write_it()
        with open_store(journal.place).lock(PARTNER, 0, HELD_BY):
            for write_it in (lambda: store.append(draft()), lambda: store.keep(DOCUMENT)):
                with pytest.raises(StoreError, match="under its lock, which is not held"):
                    write_it()
    assert len(read_events(journal.place)) == 3


def test_a_reader_sees_one_state_while_others_write(journal: InDatabase, monkeypatch: pytest.MonkeyPatch):
    """An event that comes between the reading of the events and that of their number does not look like damage."""
    store, verified = open_store(journal.place), chain.verified

    def with_another_event(events: Iterable[Event]) -> list[Event]:
        found = list(verified(events))
        store.append(draft())
        return found

    with store.lock(PARTNER, 0, HELD_BY):
        monkeypatch.setattr(chain, "verified", with_another_event)
        assert len(read_events(journal.place)) == 3
        monkeypatch.undo()
        assert len(read_events(journal.place)) == 4


def test_a_second_writer_is_told(journal: InDatabase):
    """One that has taken no lock, and so is none of ours."""
    store = open_store(journal.place)
    with store.lock(PARTNER, 0, HELD_BY):
        columns = "run, plan, at, kind, customer, action, request_id, body, prev, hash"
        journal.say(f"INSERT INTO events SELECT 4, {columns} FROM events WHERE seq = 3")
        with pytest.raises(StoreError, match="3 were written, 4 are there"):
            store.append(draft())


def test_a_commit_is_on_disk_whatever_the_role_says(journal: InDatabase):
    journal.server.execute(f"ALTER ROLE {USER} SET synchronous_commit = off")
    journal.server.execute(f"ALTER ROLE {USER} SET statement_timeout = 10000")
    journal.server.execute(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
    try:
        store = PostgresStore(journal.place)
        with store.lock(PARTNER, 0, HELD_BY):
            assert store._connection
            assert store._connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
            assert store._connection.execute("SHOW idle_session_timeout").fetchone() == ("0",)
            assert store._connection.execute("SHOW statement_timeout").fetchone() == ("0",)
            assert store.append(draft()).seq == 4
    finally:
        journal.server.execute(f"ALTER ROLE {USER} RESET ALL")


def test_a_journal_in_a_database_is_found_through_a_socket(postgres: Server):  # noqa: F811
    """And through `postgres://`, the other spelling."""
    url = postgres.url().replace("postgresql://", "postgres://")
    folder = postgres.execute("SHOW unix_socket_directories")[0][0]
    local = url.replace("127.0.0.1", "") + f"?host={folder}"
    with (
        open_store(url).lock(PARTNER, 0, HELD_BY),
        pytest.raises(Locked),
        open_store(local).lock(PARTNER, 0, HELD_BY),
    ):
        pass


# The schema.


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE events",
        "DROP TABLE journal",
        "DROP TRIGGER documents_stay ON documents",
        "ALTER TABLE events ENABLE ALWAYS TRIGGER events_stay",
        "ALTER TABLE events ALTER COLUMN seq TYPE integer",
        "ALTER TABLE events ADD COLUMN more text",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ],
)
def test_tables_that_are_not_as_they_were_made_are_refused(journal: InDatabase, statement: str):
    journal.say(statement)
    with pytest.raises(StoreError, match="not a journal"):
        read_events(journal.place)
    with pytest.raises(StoreError, match="not a journal"), PostgresStore(journal.place).lock(PARTNER, 0, HELD_BY):
        pass


def test_a_schema_of_that_name_with_something_else_in_it_is_refused(postgres: Server):  # noqa: F811
    url = postgres.url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")  # type: ignore[call-overload]
        connection.execute(f"CREATE TABLE {SCHEMA}.events (seq bigint)")  # type: ignore[call-overload]
    with pytest.raises(StoreError, match="not a journal"), PostgresStore(url).lock(PARTNER, 0, HELD_BY):
        pass


def test_a_schema_without_anything_in_it_is_as_none_and_is_begun(postgres: Server):  # noqa: F811
    url = postgres.url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")  # type: ignore[call-overload]
    store = PostgresStore(url, PARTNER)
    assert (list(store.events()), store.is_begun()) == ([], False)
    with store.lock(PARTNER, 0, HELD_BY):
        assert (store.is_begun(), store.head()) == (True, None), "made whole, before the first event"
        store.append(draft())
    assert [event.seq for event in store.events()] == [1]


def test_a_journal_that_says_another_partner_is_refused(journal: InDatabase):
    journal.hurt(f"UPDATE journal SET partner = '{tenant(7)}'")
    with pytest.raises(StoreError, match=f"{tenant(7)}, not of {PARTNER}"):
        read_events(journal.place, PARTNER)


def test_whose_journal_it_is_cannot_be_changed(journal: InDatabase):
    with pytest.raises(psycopg.Error, match="never"):
        journal.say("UPDATE journal SET partner = 'x'")


def test_a_role_that_may_only_read_reads(journal: InDatabase):
    database = journal.place.rpartition("/")[2]
    journal.server.execute(f"CREATE ROLE auditor_{database} LOGIN PASSWORD 'x'")
    journal.say(f"GRANT USAGE ON SCHEMA {SCHEMA} TO auditor_{database}")
    journal.say(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO auditor_{database}")
    port = journal.server.port
    url = f"postgresql://auditor_{database}:x@127.0.0.1:{port}/{database}"
    assert len(read_events(url)) == 3
    with open_store(journal.place).lock(PARTNER, 0, HELD_BY):
        assert open_store(url).holder(PARTNER) == HELD_BY
    with pytest.raises(StoreError, match="permission denied"), open_store(url).lock(PARTNER, 0, HELD_BY):
        pass
