"""Notes beside the chain, in both stores: written without the lock, kept for good, and no part of the chain."""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pcreconcile.applying import open_store, read_events
from pcreconcile.applying.stores import store_to_read
from pcreconcile.model.errors import StoreError
from pcreconcile.model.notes import Note, NoteDraft, NoteKind
from pcreconcile.model.run import EventKind
from tests.applying.journals import BODY, InDatabase, InFile, Journal, draft, holding, opened
from tests.applying.test_store_sqlite import FORMAT_1, sql
from tests.applying.world import HELD_BY, NOW, PARTNER, tenant
from tests.postgres import postgres  # noqa: F401 a fixture


@pytest.fixture(params=["sqlite", "postgres"])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """The place of a journal that is not there yet."""
    if request.param == "sqlite":
        return InFile(tmp_path / "state" / "journal.db")
    server = request.getfixturevalue("postgres")
    return InDatabase(server.url(), server)


@pytest.fixture
def journal(nowhere: Journal) -> Journal:
    return write(nowhere)


def write(journal: Journal) -> Journal:
    """Three events of a kind that no hold keeps back."""
    store = opened(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        for _ in range(3):
            store.append(draft(kind=EventKind.CUSTOMER_STARTED))
    return journal


def drafted(kind: NoteKind = NoteKind.HOLD, **body: object) -> NoteDraft:
    return NoteDraft(kind, NOW, "ann@desk", body or {"why": "an incident"})


@pytest.mark.parametrize("kind", NoteKind)
def test_what_is_noted_is_read(journal: Journal, kind: NoteKind):
    written = opened(journal).note(drafted(kind, **BODY))
    assert written == Note(1, kind, NOW, "ann@desk", BODY)
    assert opened(journal).notes() == (written,)
    assert opened(journal).note(drafted()).number == 2


def test_a_note_can_be_the_first_thing_of_all(nowhere: Journal):
    store = open_store(nowhere.place, PARTNER)
    assert store.notes() == ()
    store.note(drafted())
    assert (len(store.notes()), list(store.events())) == (1, [])
    write(nowhere)
    assert (len(store.notes()), len(list(store.events()))) == (1, 3)


def test_who_does_not_say_whose_journal_it_is_cannot_make_one(nowhere: Journal):
    with pytest.raises(StoreError, match="no journal"):
        store_to_read(nowhere.place).note(drafted())


def test_a_note_needs_no_lock_and_leaves_the_chain_alone(journal: Journal):
    """Also when the table is still to be made: a journal of an older program has none."""
    journal.say("DROP TABLE notes")
    with holding(journal) as holder:
        opened(journal).note(drafted())
        assert len(opened(journal).notes()) == 1
        holder.go_on()
        assert holder.hear() == "left"
    assert len(read_events(journal.place)) == 4
    write(journal)
    assert [event.seq for event in read_events(journal.place)] == list(range(1, 8))


def test_many_at_once_are_all_kept(nowhere: Journal):
    def add(_: int) -> int:
        return open_store(nowhere.place, PARTNER).note(drafted()).number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(add, range(16)))
    assert sorted(numbers) == list(range(1, 17))
    assert [note.number for note in opened(nowhere).notes()] == sorted(numbers)


def test_another_partners_journal_takes_and_shows_no_note(tmp_path: Path):
    journal = write(InFile(tmp_path / "journal.db"))
    store = store_to_read(journal.place, tenant(7))
    for use in (lambda: store.note(drafted()), store.notes):
        with pytest.raises(StoreError, match=f"partner tenant {PARTNER}, not of {tenant(7)}"):
            use()


@pytest.mark.parametrize("statement", ["UPDATE notes SET who = 'x'", "DELETE FROM notes"])
def test_notes_are_never_changed_or_deleted(journal: Journal, statement: str):
    opened(journal).note(drafted())
    with pytest.raises(Exception, match=r"are never (changed|deleted)"):
        journal.say(statement)


DAMAGE = {
    "an unreadable body": "UPDATE notes SET body = 'x' WHERE number = 1",
    "another spelling": "UPDATE notes SET body = '{ }' WHERE number = 1",
    "an unknown kind": "UPDATE notes SET kind = 'x' WHERE number = 1",
    "no instant": "UPDATE notes SET at = 'x' WHERE number = 1",
    "one taken out": "DELETE FROM notes WHERE number = 1",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_notes_are_told_and_stop_the_reader(journal: Journal, name: str):
    for _ in range(2):
        opened(journal).note(drafted())
    journal.hurt(DAMAGE[name])
    with pytest.raises(StoreError, match="note 1") as caught:
        opened(journal).notes()
    assert journal.name in str(caught.value)


def test_missing_guards_are_told(journal: Journal):
    opened(journal).note(drafted())
    journal.drop_guards_of("notes")
    for use in (lambda: opened(journal).note(drafted()), lambda: opened(journal).notes()):
        with pytest.raises(StoreError, match="guards"):
            use()


def test_a_tail_of_notes_that_was_cut_off_is_told_in_a_file(tmp_path: Path):
    journal = write(InFile(tmp_path / "journal.db"))
    opened(journal).note(drafted())
    journal.hurt("DELETE FROM notes")
    for use in (lambda: opened(journal).note(drafted()), lambda: opened(journal).notes()):
        with pytest.raises(StoreError, match="last notes are missing"):
            use()


def test_a_text_that_is_no_json_is_refused(nowhere: Journal):
    store = open_store(nowhere.place, PARTNER)
    for bad in (NoteDraft(NoteKind.HOLD, NOW, "\ud800"), NoteDraft(NoteKind.HOLD, NOW, "x", {"why": object()})):
        with pytest.raises(StoreError, match="cannot be written"):
            store.note(bad)
    assert store.notes() == ()


def test_a_journal_of_the_first_format_takes_notes_and_stays_as_it_is(tmp_path: Path):
    path = tmp_path / "journal.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(FORMAT_1.read_text())
    before = read_events(path)
    open_store(path, PARTNER).note(drafted())
    assert sql(path, "PRAGMA user_version") == [(1,)]
    assert (read_events(path), len(open_store(path, PARTNER).notes())) == (before, 1)
    with open_store(path, PARTNER).lock(PARTNER, 0, HELD_BY):
        pass
    assert sql(path, "PRAGMA user_version") == [(2,)]
    assert (read_events(path), len(open_store(path, PARTNER).notes())) == (before, 1)


def test_notes_are_seen_by_the_holder_of_the_lock(journal: Journal):
    store = opened(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        opened(journal).note(drafted())
        assert len(store.notes()) == 1
        store.append(draft(kind=EventKind.CUSTOMER_STARTED))
        store.note(drafted())
        assert len(store.notes()) == 2
