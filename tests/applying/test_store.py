"""The journal, in both stores: durable, chained, locked; what is damaged or newer is refused and left as it was."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from pcreconcile.applying import open_store, read_events
from pcreconcile.applying.stores.chain import seal_of
from pcreconcile.model.errors import Locked, StoreError
from pcreconcile.model.ids import PlanId, RunId
from pcreconcile.model.run import Head, Holder
from tests.applying.journals import (
    BODY,
    DOCUMENT,
    InDatabase,
    InFile,
    Journal,
    draft,
    holding,
    opened,
    processes,
    write,
)
from tests.applying.world import HELD_BY, NOW, PARTNER, tenant
from tests.postgres import postgres  # noqa: F401 a fixture

OTHER = tenant(7)


@pytest.fixture(params=["sqlite", "postgres"])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """The place of a journal that is not there yet."""
    if request.param == "sqlite":
        return InFile(tmp_path / "journal.db")
    server = request.getfixturevalue("postgres")
    return InDatabase(server.url(), server)


@pytest.fixture
def journal(nowhere: Journal) -> Journal:
    """A journal with three events."""
    return write(nowhere)


# Writing and reading.


def test_what_is_written_is_read(journal: Journal):
    events = read_events(journal.place)
    assert [event.seq for event in events] == [1, 2, 3]
    assert [event.prev for event in events] == ["", events[0].hash, events[1].hash]
    assert events[0].body == BODY
    assert events[0].at == NOW
    assert tuple(opened(journal).events()) == events
    assert [event.seq for event in opened(journal).events(PlanId("p1"))] == [2]
    assert opened(journal).head() == Head(3, events[2].hash)


def test_it_goes_on_where_it_ended(journal: Journal):
    write(journal, 2)
    assert [event.seq for event in read_events(journal.place)] == [1, 2, 3, 4, 5]


def test_times_are_kept_in_utc(nowhere: Journal):
    store = opened(nowhere)
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft(at=NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))))
    assert [event.at.isoformat() for event in store.events()] == ["2026-11-22T12:00:00+00:00"]


def test_reading_creates_nothing(nowhere: Journal):
    store = opened(nowhere)
    assert (read_events(nowhere.place), list(store.events()), store.head()) == ((), [], None)
    assert (store.document("0" * 64), store.holder(PARTNER)) == (None, None)
    if isinstance(nowhere, InFile):
        assert list(nowhere.place.parent.iterdir()) == []
    else:
        database = nowhere.place.rpartition("/")[2]
        assert nowhere.server.execute("SELECT 1 FROM pg_namespace WHERE nspname ~ 'pcreconcile'", database) == []


def test_an_event_is_durable_when_append_returns(nowhere: Journal):
    store = opened(nowhere)
    with store.lock(PARTNER, 0, HELD_BY):
        written = store.append(draft())
        assert read_events(nowhere.place) == (written,), "also for another reader, while the writer is at work"
        assert tuple(store.events()) == (written,)


@pytest.mark.parametrize("text", ["nul \0", "\x1b[2J", "ÿ" * 9000, '"\\', "\u2028"])
def test_any_text_is_kept(nowhere: Journal, text: str):
    store = opened(nowhere)
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft(body={text: text}))
    assert [event.body for event in read_events(nowhere.place)] == [{text: text}]


def test_a_body_that_is_no_json_is_refused(nowhere: Journal):
    store = opened(nowhere)
    with store.lock(PARTNER, 0, HELD_BY):
        for body in ({"text": "\ud800"}, {"value": object()}):
            with pytest.raises(StoreError):
                store.append(draft(body=body))
        assert store.append(draft()).seq == 1


# Documents.


def test_a_document_is_kept_by_its_digest(nowhere: Journal):
    store = opened(nowhere)
    with store.lock(PARTNER, 0, HELD_BY):
        digests = {store.keep(content) for content in (DOCUMENT, DOCUMENT, b"", bytes(range(256)))}
        assert store.document(hashlib.sha256(DOCUMENT).hexdigest()) == DOCUMENT, "while the writer is at work"
    assert digests == {hashlib.sha256(content).hexdigest() for content in (DOCUMENT, b"", bytes(range(256)))}
    kept = opened(nowhere)
    assert {kept.document(digest) for digest in digests} == {DOCUMENT, b"", bytes(range(256))}
    assert kept.document("0" * 64) is None


def test_a_changed_document_is_told(nowhere: Journal):
    store = opened(nowhere)
    with store.lock(PARTNER, 0, HELD_BY):
        digest = store.keep(DOCUMENT)
        other = hashlib.sha256(b"x").hexdigest()
        store.keep(b"x")
    nowhere.hurt(
        "UPDATE documents SET digest = 'swap'" + f" WHERE digest = '{digest}'",
        f"UPDATE documents SET digest = '{digest}' WHERE digest = '{other}'",
    )
    with pytest.raises(StoreError, match=f"document {digest} is not what was kept") as caught:
        opened(nowhere).document(digest)
    assert nowhere.name in str(caught.value)
    with store.lock(PARTNER, 0, HELD_BY), pytest.raises(StoreError, match=digest):
        store.keep(DOCUMENT)


# Whose it is.


def test_a_file_is_one_partners(tmp_path: Path):
    path = write(InFile(tmp_path / "journal.db")).place
    told = f"{PARTNER}, not of {OTHER}"
    for use in (lambda: open_store(path, OTHER), lambda: read_events(path, OTHER)):
        with pytest.raises(StoreError, match=told):
            use()
    with pytest.raises(StoreError, match=told), open_store(path).lock(OTHER, 0, HELD_BY):
        pass
    with pytest.raises(StoreError, match="not of"), open_store(path, PARTNER).lock(OTHER, 0, HELD_BY):
        pass
    assert len(read_events(path, PARTNER)) == 3


def test_a_database_keeps_partners_apart(postgres: Any):  # noqa: F811
    place = postgres.url()
    one, other = open_store(place, PARTNER), open_store(place, OTHER)
    with one.lock(PARTNER, 0, HELD_BY), other.lock(OTHER, 0, HELD_BY):
        one.append(draft(1))
        other.append(draft(2))
        one.append(draft(3))
        digest = one.keep(DOCUMENT)
    assert [event.seq for event in one.events()] == [1, 2]
    assert [event.seq for event in read_events(place, OTHER)] == [1]
    assert (one.document(digest), other.document(digest)) == (DOCUMENT, None)
    with pytest.raises(StoreError, match="one of 2 in its database"):
        read_events(place)
    with pytest.raises(StoreError, match="not of"), one.lock(OTHER, 0, HELD_BY):
        pass


# What changes, and is seen.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = '{}'",
        "DELETE FROM events WHERE seq = 3",
        "UPDATE documents SET content = digest",
        "DELETE FROM documents",
    ],
)
def test_the_database_itself_refuses_change(journal: Journal, statement: str):
    store = opened(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        store.keep(DOCUMENT)
    statement = statement.replace("= digest", "= digest::bytea") if isinstance(journal, InDatabase) else statement
    with pytest.raises((sqlite3.DatabaseError, psycopg.Error), match="never"):
        journal.say(statement)


def test_a_database_refuses_to_be_emptied(postgres: Any):  # noqa: F811
    journal = write(InDatabase(postgres.url(), postgres))
    for table in ("events", "documents", "journal"):
        with pytest.raises(psycopg.Error, match="never"):
            journal.say(f"TRUNCATE {table}")


def forged(journal: Journal) -> str:
    """Event 2 says something else, and its hash fits."""
    event = replace(read_events(journal.place)[1], body={})
    return f"UPDATE events SET body = '{{}}', hash = '{seal_of(event)}' WHERE seq = 2"


COPY = (
    "INSERT INTO events SELECT {seq}, run, plan, at, kind, customer, action, request_id, body, prev, {hash}"
    " FROM events WHERE seq = 3"
)
HURT: dict[str, tuple[tuple[str, ...], str]] = {
    "its number": (("UPDATE events SET seq = 9 WHERE seq = 3",), "event 9 does not fit the chain: it stands where"),
    "its run": (("UPDATE events SET run = 'x' WHERE seq = 2",), "event 2 does not fit the chain: its content"),
    "its plan": (("UPDATE events SET plan = 'x' WHERE seq = 2",), "event 2 does not fit"),
    "its time": (("UPDATE events SET at = '2026-11-22T11:00:00Z' WHERE seq = 1",), "event 1 does not fit"),
    "its time's spelling": (
        ("UPDATE events SET at = '2026-11-22T12:00:00+00:00' WHERE seq = 1",),
        "event 1 does not fit the chain: its at",
    ),
    "its kind": (("UPDATE events SET kind = 'refused' WHERE seq = 2",), "event 2 does not fit"),
    "an unknown kind": (("UPDATE events SET kind = 'x' WHERE seq = 1",), "event 1 is not readable"),
    "its customer": (("UPDATE events SET customer = NULL WHERE seq = 2",), "event 2 does not fit"),
    "its action": (("UPDATE events SET action = 'b' WHERE seq = 2",), "event 2 does not fit"),
    "its request ID": (("UPDATE events SET request_id = 'x' WHERE seq = 2",), "event 2 does not fit"),
    "its body": (("UPDATE events SET body = '{}' WHERE seq = 2",), "event 2 does not fit"),
    "a blank in its body": (
        ("UPDATE events SET body = body || ' ' WHERE seq = 2",),
        "event 2 does not fit the chain: its body",
    ),
    "a body that is no JSON": (("UPDATE events SET body = '{' WHERE seq = 1",), "event 1 is not readable"),
    "a body of endless depth": (
        (f"UPDATE events SET body = '{'[' * 20_000}' WHERE seq = 1",),
        r"event 1 is not readable \(.*\): its body is nested more deeply .*; expected one JSON object",
    ),
    "its predecessor's hash": (("UPDATE events SET prev = 'x' WHERE seq = 2",), "event 2 does not fit"),
    "its hash": (("UPDATE events SET hash = 'x' WHERE seq = 2",), "event 2 does not fit"),
    "another text": (("UPDATE events SET run = x'ff' WHERE seq = 1",), "event 1 "),
    "an event in the middle": (("DELETE FROM events WHERE seq = 2",), "event 3 does not fit"),
    "the first event": (("DELETE FROM events WHERE seq = 1",), "event 2 does not fit"),
    "the last event": (("DELETE FROM events WHERE seq = 3",), "last events are missing: 3 were written, 2 are there"),
    "all events": (("DELETE FROM events",), "last events are missing: 3 were written, 0 are there"),
    "one event more": ((COPY.format(seq=4, hash="hash"),), "event 4 does not fit"),
    "one event more, before the first": ((COPY.format(seq=0, hash="hash"),), "event 0 does not fit"),
    "two events swapped": (
        (
            "UPDATE events SET seq = 9 WHERE seq = 2",
            "UPDATE events SET seq = 2 WHERE seq = 3",
            "UPDATE events SET seq = 3 WHERE seq = 9",
        ),
        "event 2 does not fit",
    ),
}


@pytest.mark.parametrize("name", HURT)
def test_what_was_changed_is_named(journal: Journal, name: str):
    statements, told = HURT[name]
    journal.hurt(*statements)
    refused(journal, told)


def test_a_forged_event_with_a_hash_that_fits_is_named_by_the_next(journal: Journal):
    journal.hurt(forged(journal))
    refused(journal, "event 3 does not fit the chain: it names another event before it")


@pytest.mark.parametrize("table", ["events", "documents"])
def test_a_journal_without_its_guards_is_refused(journal: Journal, table: str):
    journal.drop_guards_of(table)
    refused(journal, "guards")


def test_a_newer_journal_is_refused(journal: Journal):
    journal.set_format(3)
    refused(journal, r"newer pcreconcile \(format 3, this one knows 2\)")


def test_a_journal_that_says_no_format_is_refused(journal: Journal):
    journal.set_format(0)
    refused(journal, "not a journal")


def refused(journal: Journal, told: str) -> None:
    """By everything that reads it, under the lock too."""

    def locked() -> None:
        from pcreconcile.applying.stores.postgres import PostgresStore
        from pcreconcile.applying.stores.sqlite import SqliteStore

        place = journal.place
        store = SqliteStore(place) if isinstance(place, Path) else PostgresStore(place)
        with store.lock(PARTNER, 0, HELD_BY):
            pytest.fail("the lock of a damaged journal was had")

    for use in (lambda: opened(journal), lambda: read_events(journal.place), locked):
        with pytest.raises(StoreError, match=told) as caught:
            use()
        assert journal.name in str(caught.value)


def test_an_event_that_vanishes_under_the_lock_stops_the_writing(journal: Journal):
    store = opened(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        journal.hurt("DELETE FROM events WHERE seq = 3")
        with pytest.raises(StoreError, match="3 were written, 2 are there"):
            store.append(draft())


# The lock.


def test_writing_needs_the_lock(journal: Journal):
    store = opened(journal)
    for write_it in (lambda: store.append(draft()), lambda: store.keep(DOCUMENT)):
        with pytest.raises(StoreError, match="under its lock, which is not held"):
            write_it()
    with store.lock(PARTNER, 0, HELD_BY):
        pass
    for write_it in (lambda: store.append(draft()), lambda: store.keep(DOCUMENT)):
        with pytest.raises(StoreError, match="under its lock, which is not held"):
            write_it()


def test_the_holder_is_told_while_there_is_one(journal: Journal):
    store, other = opened(journal), opened(journal)
    mine = Holder(4711, "build-7", "licensing", NOW, RunId("r1"))
    assert other.holder(PARTNER) is None
    with store.lock(PARTNER, 0, mine):
        assert other.holder(PARTNER) == mine
        assert store.holder(PARTNER) == mine
        assert other.holder(OTHER) is None
        told = "process 4711 of licensing on build-7, since 2026-11-22 12:00:00 UTC"
        with pytest.raises(Locked, match=told), other.lock(PARTNER, 0, HELD_BY):
            pass
        with pytest.raises(Locked, match=told), other.lock(PARTNER, 0.1, HELD_BY):
            pass
        assert store.append(draft()).seq == 4, "all that looking has not disturbed it"
    assert other.holder(PARTNER) is None
    with other.lock(PARTNER, 0, HELD_BY):
        assert store.holder(PARTNER) == HELD_BY


def test_kill_9_frees_the_lock_at_once(journal: Journal):
    store = opened(journal)
    with holding(journal) as process:
        holder = store.holder(PARTNER)
        assert holder is not None
        assert holder.process == process.pid
        with pytest.raises(Locked, match=f"process {process.pid} of desk"), store.lock(PARTNER, 0, HELD_BY):
            pass
        process.kill()
        patience = 0 if isinstance(journal, InFile) else 10  # a server hears of it through the network
        with store.lock(PARTNER, patience, HELD_BY):
            assert store.holder(PARTNER) == HELD_BY
            assert store.append(draft()).seq == 5, "what the dead one wrote is there"
    assert store.holder(PARTNER) is None


def test_what_a_dead_process_left_is_no_holder(journal: Journal):
    with holding(journal) as process:
        process.kill()
        with opened(journal).lock(PARTNER, 10, HELD_BY):
            pass
    with holding(journal) as process:
        process.kill()
        if isinstance(journal, InDatabase):
            with opened(journal).lock(PARTNER, 10, HELD_BY):
                pass
        assert opened(journal).holder(PARTNER) is None


def test_the_lock_is_had_as_soon_as_it_is_free(journal: Journal):
    with holding(journal) as process:
        process.go_on()
        with opened(journal).lock(PARTNER, 30, HELD_BY):
            pass


def test_of_several_at_once_one_works(nowhere: Journal):
    """Also while the journal is being made."""
    with processes(nowhere, 0, 0, 0) as started:
        for process in started:
            process.go_on()
        words = {process.pid: process.hear() for process in started}
        holders = [process for process in started if words[process.pid] == "held"]
        assert sorted(words.values()) == ["held", "locked", "locked"]
        assert opened(nowhere).holder(PARTNER).process == holders[0].pid  # type: ignore[union-attr]
    assert len(read_events(nowhere.place)) == 1


def test_those_who_wait_work_one_after_the_other(nowhere: Journal):
    with processes(nowhere, 60, 60, 60) as started:
        for process in started:
            process.go_on()
            process.go_on()
        assert {process.hear() for process in started} == {"held"}
        assert {process.hear() for process in started} == {"left"}
    assert [event.seq for event in read_events(nowhere.place)] == [1, 2, 3]
