"""The journal in a file: what can happen to files, power that fails, format 1, and the lock file."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.applying import open_store, read_events
from pcreconcile.applying.stores import sqlite, sqlite_file
from pcreconcile.applying.stores.chain import link
from pcreconcile.applying.stores.rows import row_of
from pcreconcile.applying.stores.sqlite import SqliteStore
from pcreconcile.model.errors import Locked, StoreError
from pcreconcile.model.notes import NoteDraft, NoteKind
from pcreconcile.model.run import Event
from tests.applying.journals import DOCUMENT, InFile, draft, holding, write
from tests.applying.world import HELD_BY, NOW, PARTNER, tenant

FORMAT_1 = Path(__file__).with_name("journal_format_1.sql")  # written by the last program that knew no other


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return write(InFile(tmp_path / "journal.db")).place  # type: ignore[return-value]


def sql(path: Path, statement: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


# The file.


def test_reading_leaves_no_trace(journal: Path):
    before = {path.name: path.read_bytes() for path in journal.parent.iterdir()}
    read_events(journal)
    store = open_store(journal)
    store.document("0" * 64)
    store.holder(PARTNER)
    assert {path.name: path.read_bytes() for path in journal.parent.iterdir()} == before


def test_folders_and_files_are_the_owners_alone(tmp_path: Path):
    before = os.umask(0)
    try:
        write(InFile(tmp_path / "a" / "b" / "journal.db"))
    finally:
        os.umask(before)
    folders = [tmp_path / "a", tmp_path / "a" / "b"]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 2
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folders[1].iterdir()}
    assert made == {"journal.db": 0o600, f"journal.db.{PARTNER}.lock": 0o600}


def test_a_commit_waits_for_the_disk(tmp_path: Path):
    store = SqliteStore(tmp_path / "journal.db")
    with store.lock(PARTNER, 0, HELD_BY):
        assert store._open
        assert store._open.connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store._open.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def emptied_beside_a_log(path: Path) -> None:
    """What is in the log may be all that there is."""
    path.write_bytes(b"")
    path.with_name(f"{path.name}-wal").write_bytes(b"something")


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no table": (lambda path: sql(path, "DROP TABLE events"), "not a journal"),
    "an index of somebody else's": (lambda path: sql(path, "CREATE INDEX x ON events (run)"), "not a journal"),
    "a format of before": (lambda path: sql(path, "PRAGMA user_version = 1"), "not a journal"),
    "two partners": (lambda path: sql(path, "INSERT INTO partners VALUES ('x')"), "whose journal"),
    "an empty file beside a log": (emptied_beside_a_log, "it is empty and its log is not"),
    "a text": (lambda path: path.write_bytes(b"hello" * 1000), "cannot be used"),
    "a cut file": (lambda path: os.truncate(path, 4096 + 100), "journal"),
    "a torn header": (lambda path: path.write_bytes(b"\0" * 16 + path.read_bytes()[16:]), "cannot be used"),
}


def a_database_without_tables(path: Path) -> None:
    sql(path, "PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0


def cut_off(path: Path) -> None:
    """Killed while the tables were made: the log holds the beginning of them, without a commit."""
    a_database_without_tables(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_spill = ON")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE events (seq INTEGER)")
        left = {each.name: each.read_bytes() for each in path.parent.glob(f"{path.name}*")}
        connection.execute("ROLLBACK")
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    for name, content in left.items():
        path.with_name(name).write_bytes(content)


BLANK: dict[str, Callable[[Path], Any]] = {
    "no byte": lambda path: path.write_bytes(b""),
    "a database without tables": a_database_without_tables,
    "a transaction that was cut off": cut_off,
}


@pytest.mark.parametrize("name", BLANK)
def test_a_file_without_anything_in_it_is_as_none_and_is_begun_in_its_place(tmp_path: Path, name: str):
    path = tmp_path / "journal.db"
    BLANK[name](path)
    store = SqliteStore(path, PARTNER)
    assert (list(store.events()), store.head(), store.notes(), store.document("x")) == ([], None, (), None)
    assert store.is_begun()
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft())
    assert [event.seq for event in read_events(path, PARTNER)] == [1]


@pytest.mark.parametrize("name", BLANK)
def test_a_note_begins_it_too(tmp_path: Path, name: str):
    path = tmp_path / "journal.db"
    BLANK[name](path)
    note = SqliteStore(path, PARTNER).note(NoteDraft(NoteKind.HOLD, NOW, "desk", {"why": "audit"}))
    assert SqliteStore(path, PARTNER).notes() == (note,)


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_refused_and_left_as_it_was(journal: Path, name: str):
    change, told = DAMAGE[name]
    change(journal)
    before = journal.read_bytes()
    for use in (lambda: open_store(journal), lambda: read_events(journal), lambda: locking(SqliteStore(journal))):
        with pytest.raises(StoreError, match=told) as caught:
            use()
        assert str(journal) in str(caught.value)
    assert journal.read_bytes() == before


def locking(store: SqliteStore) -> None:
    with store.lock(PARTNER, 0, HELD_BY):
        pytest.fail("the lock of a damaged journal was had")


def test_a_folder_in_its_place(tmp_path: Path):
    with pytest.raises(StoreError):
        open_store(tmp_path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "journal.db"
    write(InFile(path), 30)
    return path.read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_hurt_byte_is_noticed_or_does_not_matter(tmp_path: Path, sound: bytes, data: st.DataObject):
    path = tmp_path / "journal.db"
    path.write_bytes(sound)
    events = read_events(path)
    hurt = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        hurt[data.draw(st.integers(0, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(hurt), len(hurt), data.draw(st.integers(0, len(hurt)))]))
    path.write_bytes(bytes(hurt[:cut]))
    try:
        assert read_events(path) == (() if cut == 0 else events), "an emptied file is as one that was deleted"
    except StoreError:
        assert path.read_bytes() == bytes(hurt[:cut])


def test_a_full_disk_is_told(journal: Path):
    store = SqliteStore(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        assert store._open
        connection = store._open.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        for write_it in (lambda: store.append(draft(body={"text": "x" * 20_000})), lambda: store.keep(b"x" * 20_000)):
            with pytest.raises(StoreError, match="full"):
                write_it()
        assert store.append(draft()).seq == 4, "and what fits goes on in order"


def test_a_place_where_nothing_can_be_made_is_told():
    store = open_store(Path("/proc/version/journal.db"))
    with pytest.raises(StoreError), store.lock(PARTNER, 0, HELD_BY):
        pass


def test_a_path_that_no_file_can_have_is_told(tmp_path: Path):
    path = tmp_path / ("x" * 300)
    for use in (lambda: open_store(path), lambda: read_events(path)):
        with pytest.raises(StoreError):
            use()


# Power that fails: the write-ahead log is cut, or torn, anywhere behind the last event that was acknowledged.


class Wreck:
    """What lies on the disk when the power fails: the file, and the log up to some byte."""

    def __init__(self, folder: Path, events: int, size: int = 100) -> None:
        path = folder / "journal.db"
        store = SqliteStore(path)
        log = folder / "journal.db-wal"
        with store.lock(PARTNER, 0, HELD_BY):
            self.kept = store.keep(DOCUMENT)
            self.acknowledged = [store.append(draft(body={"text": "x" * size})) for _ in range(events)]
            self.sure = log.stat().st_size
            self.under_way = store.append(draft(body={"under": "way"}))
            self.file, self.log = path.read_bytes(), log.read_bytes()
            self.index = (folder / "journal.db-shm").read_bytes()

    def lay_out(self, folder: Path, log: bytes) -> Path:
        """The files after the failure, without the index, which is memory."""
        path = folder / "journal.db"
        for each in folder.glob("journal.db*"):
            each.unlink()
        path.write_bytes(self.file)
        path.with_name("journal.db-wal").write_bytes(log)
        return path

    def check(self, path: Path) -> list[Event]:
        """Nothing that was acknowledged is missing, and the journal goes on."""
        found = list(read_events(path))
        assert found[: len(self.acknowledged)] == self.acknowledged
        assert found[len(self.acknowledged) :] in ([], [self.under_way])
        store = open_store(path, PARTNER)
        assert store.document(self.kept) == DOCUMENT
        with store.lock(PARTNER, 0, HELD_BY):
            after = store.append(draft(body={"after": "the failure"}))
        assert list(read_events(path)) == [*found, after]
        return found


@pytest.fixture(scope="module")
def wreck(tmp_path_factory: pytest.TempPathFactory) -> Wreck:
    return Wreck(tmp_path_factory.mktemp("wreck"), 5)


def cuts(wreck: Wreck) -> Iterator[int]:
    """The last acknowledged byte, every border of a frame and its neighbours, and some between."""
    frame = 24 + 4096
    borders = range(wreck.sure, len(wreck.log) + 1, frame)
    near = (border + by for border in borders for by in (-1, 0, 1, 23, 24, 25))
    between = random.Random(1).sample(range(wreck.sure, len(wreck.log)), 40)
    return iter(sorted({cut for cut in (*near, *between, len(wreck.log)) if wreck.sure <= cut <= len(wreck.log)}))


def test_power_fails_at_any_byte_behind_the_last_event(tmp_path: Path, wreck: Wreck):
    found = [len(wreck.check(wreck.lay_out(tmp_path, wreck.log[:cut]))) for cut in cuts(wreck)]
    assert set(found) == {5, 6}, "a whole transaction that nobody heard of may be there, and half a one never"


def test_power_fails_and_leaves_garbage(tmp_path: Path, wreck: Wreck):
    chance = random.Random(2)
    for cut in cuts(wreck):
        torn = wreck.log[:cut] + chance.randbytes(len(wreck.log) - cut)
        wreck.check(wreck.lay_out(tmp_path, torn))


def test_an_index_of_before_the_failure_does_not_mislead(tmp_path: Path, wreck: Wreck):
    path = wreck.lay_out(tmp_path, wreck.log[: wreck.sure])
    path.with_name("journal.db-shm").write_bytes(wreck.index)
    wreck.check(path)


def test_power_fails_after_the_log_began_anew(tmp_path: Path):
    """With many events SQLite moves the log into the file and writes over it from its beginning."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    wreck = Wreck(tmp_path / "a", 300, 20_000)
    assert len(wreck.file) > 1_000_000, "the log was moved at least once"
    wreck.check(wreck.lay_out(tmp_path / "b", wreck.log))


# Format 1.


def former(path: Path) -> Path:
    """A journal as the former program left it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(FORMAT_1.read_text(encoding="utf-8"))
    return path


def rows(path: Path) -> list[Any]:
    return sql(path, "SELECT *, typeof(body), typeof(at) FROM events ORDER BY seq")


def test_a_former_journal_is_read_and_left_as_it_is(tmp_path: Path):
    path = former(tmp_path / "journal.db")
    before = path.read_bytes()
    store = open_store(path, PARTNER)
    assert [event.kind for event in store.events()] == ["run-started", "customer-started", "intent", "run-finished"]
    assert store.document("0" * 64) is None
    assert path.read_bytes() == before


def test_a_former_journal_becomes_one_of_this_format_under_the_lock(tmp_path: Path):
    path = former(tmp_path / "journal.db")
    before = rows(path)
    store = open_store(path)
    with store.lock(PARTNER, 0, HELD_BY):
        digest = store.keep(DOCUMENT)
        new = store.append(draft())
    assert rows(path)[:4] == before
    assert (new.seq, new.prev) == (5, before[-1][10])
    assert sql(path, "PRAGMA user_version") == [(2,)]
    assert open_store(path, PARTNER).document(digest) == DOCUMENT
    assert schema(path) == schema(write(InFile(tmp_path / "new.db")).place)
    with pytest.raises(StoreError, match="not of"):
        open_store(path, tenant(7))


def schema(path: Any) -> set[Any]:
    return set(sql(path, "SELECT type, name, tbl_name, sql FROM sqlite_master"))


def test_a_damaged_former_journal_is_not_brought_to_this_format(tmp_path: Path):
    path = former(tmp_path / "journal.db")
    InFile(path).hurt("UPDATE events SET body = '{}' WHERE seq = 2")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="event 2"):
        locking(SqliteStore(path))
    assert path.read_bytes() == before


def test_a_migration_that_breaks_off_leaves_format_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = former(tmp_path / "journal.db")
    before = rows(path), schema(path)
    monkeypatch.setattr(sqlite_file, "_SECOND", (*sqlite_file._SECOND, "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(StoreError, match="nowhere"):
        locking(SqliteStore(path))
    monkeypatch.undo()
    assert (rows(path), schema(path), sql(path, "PRAGMA user_version")) == (*before, [(1,)])
    write(InFile(path), 1)


def test_who_migrates_a_journal_makes_it_theirs(tmp_path: Path):
    path = former(tmp_path / "journal.db")
    write(InFile(path), 1)
    with (
        pytest.raises(StoreError, match=f"{PARTNER}, not of {tenant(7)}"),
        open_store(path).lock(tenant(7), 0, HELD_BY),
    ):
        pass


# The lock file.


def lock_file(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.{PARTNER}.lock")


LOSSES: dict[str, Callable[[Path], Any]] = {
    "the lock file removed": lambda path: lock_file(path).unlink(),
    "the lock file replaced": lambda path: shutil.copy(lock_file(path), lock_file(path).with_name("x")).replace(
        lock_file(path)
    ),
    "the journal removed": lambda path: path.unlink(),
    "the journal replaced": lambda path: shutil.copy(path, path.with_name("x")).replace(path),
}


@pytest.mark.parametrize("name", LOSSES)
def test_who_has_lost_the_lock_writes_nothing(journal: Path, name: str):
    store = open_store(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft())
        LOSSES[name](journal)
        for write_it in (lambda: store.append(draft()), lambda: store.keep(DOCUMENT)):
            with pytest.raises(StoreError, match="not held"):
                write_it()


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path):
    lock_file(tmp_path / "journal.db").symlink_to(tmp_path / "elsewhere")
    store = open_store(tmp_path / "journal.db")
    with pytest.raises(StoreError), store.lock(PARTNER, 0, HELD_BY):
        pass
    with pytest.raises(StoreError):
        store.holder(PARTNER)
    assert not (tmp_path / "elsewhere").exists()


def test_looking_never_takes_the_lock_from_an_apply(journal: Path):
    store, done = SqliteStore(journal), threading.Event()
    watchers = [threading.Thread(target=watch, args=(SqliteStore(journal), done)) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(60):
            with store.lock(PARTNER, 0, HELD_BY):
                pass
    finally:
        done.set()
        for watcher in watchers:
            watcher.join()


def watch(store: SqliteStore, done: threading.Event) -> None:
    while not done.is_set():
        assert store.holder(PARTNER) in (None, HELD_BY)


@pytest.mark.parametrize("content", [b"", b"no JSON", b'{"process":1}', b"\xff" * 5000])
def test_a_holder_who_has_not_said_who_is_still_a_holder(journal: Path, content: bytes):
    store = open_store(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        lock_file(journal).write_bytes(content)
        holder = open_store(journal).holder(PARTNER)
        assert holder is not None
        assert (holder.process, holder.host, holder.user) == (0, "unknown", "unknown")
        with pytest.raises(Locked, match=r"is running$"), open_store(journal).lock(PARTNER, 0, HELD_BY):
            pass


def test_what_a_killed_holder_wrote_is_not_taken_for_the_next_ones(journal: Path, monkeypatch: pytest.MonkeyPatch):
    """Between having the lock and saying so, a holder is not the one whose words are still there."""
    with holding(InFile(journal)) as process:
        process.kill()
        left = lock_file(journal).read_bytes()
    assert f'"process":{process.pid}'.encode() in left
    said = left.replace(str(process.pid).encode(), str(os.getpid()).encode())
    store = open_store(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        lock_file(journal).write_bytes(left)
        monkeypatch.setattr("time.sleep", lambda _: lock_file(journal).write_bytes(said))
        holder = store.holder(PARTNER)
    assert holder is not None
    assert holder.process == os.getpid()


def test_who_leaves_takes_the_words_along(journal: Path):
    assert lock_file(journal).read_bytes() == b""


def test_a_reader_sees_one_state_while_others_write(journal: Path, monkeypatch: pytest.MonkeyPatch):
    """An event that comes between the reading of the events and that of their number does not look like damage."""
    store, highest, inside = SqliteStore(journal), sqlite._highest, []

    def after_another_event(connection: sqlite3.Connection) -> int:
        if not inside:
            inside.append(store)
            store.append(draft())
            inside.clear()
        return highest(connection)

    with store.lock(PARTNER, 0, HELD_BY):
        monkeypatch.setattr(sqlite, "_highest", after_another_event)
        assert len(read_events(journal)) == 3
        monkeypatch.undo()
        assert len(read_events(journal)) == 4


def test_rows_that_others_wrote_into_the_database_are_read_as_they_are(journal: Path):
    """The chain is over the values: a row made by hand under the same rules is an event like any other."""
    last = read_events(journal)[-1]
    row = row_of(link(draft(), last.seq + 1, last.hash))
    with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute(f"INSERT INTO events VALUES ({', '.join('?' * len(row))})", row)
    assert len(read_events(journal)) == 4
