"""The journal: durable, chained, locked; what is damaged or newer is refused and left as it was."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.applying import open_store, read_events
from pcreconcile.applying.stores.chain import seal_of
from pcreconcile.model.errors import Locked, StoreError
from pcreconcile.model.ids import PlanId, RunId
from pcreconcile.model.run import EventDraft, EventKind
from tests.applying.world import HELD_BY, NOW, ONE, PARTNER, tenant

BODY = {"text": "Käse € 😀", "list": [1, None, True], "nested": {"b": 1, "a": "x"}}


def draft(number: int = 0, **members: Any) -> EventDraft:
    values: dict[str, Any] = {"run": RunId("r"), "plan": PlanId(f"p{number % 2}"), "at": NOW, "kind": EventKind.INTENT}
    return EventDraft(**(values | members))


def written(path: Path, count: int = 3) -> Path:
    store = open_store(path)
    with store.lock(PARTNER, 0, HELD_BY):
        for number in range(count):
            store.append(draft(number, customer=ONE, request_id=f"q{number}", body=BODY))
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return written(tmp_path / "journal.db")


def test_what_is_written_is_read(journal: Path):
    events = read_events(journal)
    assert [event.seq for event in events] == [1, 2, 3]
    assert [event.prev for event in events] == ["", events[0].hash, events[1].hash]
    assert events[0].body == BODY
    assert events[0].at == NOW
    assert tuple(open_store(journal).events()) == events
    assert [event.seq for event in open_store(journal).events(PlanId("p1"))] == [2]


def test_it_goes_on_where_it_ended(journal: Path):
    written(journal, 2)
    assert [event.seq for event in read_events(journal)] == [1, 2, 3, 4, 5]


def test_times_are_kept_in_utc(tmp_path: Path):
    store = open_store(tmp_path / "journal.db")
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft(at=NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))))
    assert [event.at.isoformat() for event in store.events()] == ["2026-11-22T12:00:00+00:00"]


def test_reading_creates_nothing(tmp_path: Path):
    path = tmp_path / "not" / "there.db"
    assert read_events(path) == ()
    assert list(open_store(path).events()) == []
    assert list(tmp_path.iterdir()) == []


def test_reading_leaves_no_trace(journal: Path):
    before = {path.name: path.read_bytes() for path in journal.parent.iterdir()}
    read_events(journal)
    assert {path.name: path.read_bytes() for path in journal.parent.iterdir()} == before


def test_folders_and_files_are_the_owners_alone(tmp_path: Path):
    path = written(tmp_path / "a" / "b" / "journal.db")
    before = os.umask(0)
    try:
        written(tmp_path / "c" / "journal.db")
    finally:
        os.umask(before)
    folders = [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "c"]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 3
    files = [*path.parent.iterdir(), *(tmp_path / "c").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_an_event_is_on_disk_when_append_returns(tmp_path: Path):
    path = tmp_path / "journal.db"
    store = open_store(path)
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft())
        assert len(read_events(path)) == 1, "also for another reader, while the writer is at work"


def test_appending_needs_the_lock(journal: Path):
    store = open_store(journal)
    with pytest.raises(StoreError, match="lock"):
        store.append(draft())
    with store.lock(PARTNER, 0, HELD_BY):
        pass
    with pytest.raises(StoreError, match="lock"):
        store.append(draft())
    with store.lock(PARTNER, 0, HELD_BY):
        next(journal.parent.glob("*.lock")).unlink()
        with pytest.raises(StoreError, match="lock"):
            store.append(draft())


@pytest.mark.parametrize("statement", ["UPDATE events SET body = '{}'", "DELETE FROM events WHERE seq = 3"])
def test_the_database_itself_refuses_change(journal: Path, statement: str):
    with (
        contextlib.closing(sqlite3.connect(journal)) as connection,
        pytest.raises(sqlite3.DatabaseError, match="never"),
    ):
        connection.execute(statement)


def test_two_tenants_share_a_journal_and_not_a_lock(tmp_path: Path):
    one, other = open_store(tmp_path / "journal.db"), open_store(tmp_path / "journal.db")
    with one.lock(PARTNER, 0, HELD_BY), other.lock(tenant(7), 0, HELD_BY):
        one.append(draft())
        other.append(draft())
        one.append(draft())
    assert [event.seq for event in one.events()] == [1, 2, 3]


def test_a_body_that_is_no_json_is_refused(tmp_path: Path):
    store = open_store(tmp_path / "journal.db")
    with store.lock(PARTNER, 0, HELD_BY):
        for body in ({"text": "\ud800"}, {"value": object()}):
            with pytest.raises(StoreError):
                store.append(draft(body=body))
        assert store.append(draft()).seq == 1


# Damage.


def sql(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return change


DROPPED = ("DROP TRIGGER events_are_not_changed", "DROP TRIGGER events_are_not_deleted")
AGAIN = (
    "CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events\n"
    "BEGIN SELECT RAISE(ABORT, 'events are never changed'); END",
    "CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events\n"
    "BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
)


def forge(path: Path) -> None:
    """Event 2 says something else, and its hash fits."""
    event = replace(read_events(path)[1], body={})
    sql(*DROPPED, f"UPDATE events SET body = '{{}}', hash = '{seal_of(event)}' WHERE seq = 2", *AGAIN)(path)


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a changed body": (sql(*DROPPED, "UPDATE events SET body = '{}' WHERE seq = 2", *AGAIN), "event 2 does not fit"),
    "a changed time": (sql(*DROPPED, "UPDATE events SET at = '2026-11-22T11:00:00Z' WHERE seq = 1", *AGAIN), "event 1"),
    "a changed customer": (sql(*DROPPED, "UPDATE events SET customer = NULL WHERE seq = 2", *AGAIN), "event 2"),
    "a forged event": (forge, "event 3"),
    "a missing event": (sql(*DROPPED, "DELETE FROM events WHERE seq = 2", *AGAIN), "event 3"),
    "a missing last event": (sql(*DROPPED, "DELETE FROM events WHERE seq = 3", *AGAIN), "last events are missing"),
    "all events missing": (sql(*DROPPED, "DELETE FROM events", *AGAIN), "last events are missing"),
    "no triggers": (sql(*DROPPED), "guards"),
    "no table": (sql("DROP TABLE events"), "not a journal"),
    "a body that is no JSON": (sql(*DROPPED, "UPDATE events SET body = '{' WHERE seq = 1", *AGAIN), "damaged"),
    "an unknown kind": (sql(*DROPPED, "UPDATE events SET kind = 'x' WHERE seq = 1", *AGAIN), "damaged"),
    "a blob": (sql(*DROPPED, "UPDATE events SET run = x'ff' WHERE seq = 1", *AGAIN), "damaged"),
    "a newer format": (sql("PRAGMA user_version = 2"), "newer pcreconcile"),
    "no format": (sql("PRAGMA user_version = 0"), "not a journal"),
    "an empty file": (lambda path: path.write_bytes(b""), "not a journal"),
    "a text": (lambda path: path.write_bytes(b"hello" * 1000), "cannot be used"),
    "a cut file": (lambda path: os.truncate(path, 4096 + 100), "journal"),
    "a torn header": (lambda path: path.write_bytes(b"\0" * 16 + path.read_bytes()[16:]), "cannot be used"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_journal_stops_everything_and_is_left_as_it_was(journal: Path, name: str):
    change, told = DAMAGE[name]
    change(journal)
    before = journal.read_bytes()
    for use in (lambda: open_store(journal), lambda: read_events(journal)):
        with pytest.raises(StoreError, match=told) as caught:
            use()
        assert str(journal) in str(caught.value)
    assert journal.read_bytes() == before


def test_damage_that_came_after_opening_is_seen_under_the_lock(journal: Path):
    store = open_store(journal)
    sql("PRAGMA user_version = 2")(journal)
    with pytest.raises(StoreError), store.lock(PARTNER, 0, HELD_BY):
        pass


def test_a_folder_in_its_place(tmp_path: Path):
    with pytest.raises(StoreError):
        open_store(tmp_path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return written(tmp_path_factory.mktemp("sound") / "journal.db", 30).read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        assert read_events(path) == events
    except StoreError:
        assert path.read_bytes() == bytes(hurt[:cut])


# The disk.


def test_a_full_disk_is_told(journal: Path):
    store = open_store(journal)
    with store.lock(PARTNER, 0, HELD_BY):
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[union-attr]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[union-attr]
        with pytest.raises(StoreError, match="full"):
            store.append(draft(body={"text": "x" * 20_000}))
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


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path):
    (tmp_path / f"journal.db.{PARTNER}.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError), open_store(tmp_path / "journal.db").lock(PARTNER, 0, HELD_BY):
        pass
    assert not (tmp_path / "elsewhere").exists()


# The lock, between processes.

HOLDER = """
import sys, time
from pathlib import Path
from datetime import UTC, datetime
from pcreconcile.applying import open_store
from pcreconcile.model.run import EventDraft, EventKind, Holder
store = open_store(Path(sys.argv[1]))
with store.lock(sys.argv[2], 0, Holder(1, "here", "desk", datetime(2026, 11, 22, tzinfo=UTC))):
    store.append(EventDraft("r", "p", datetime.now(UTC), EventKind.RUN_STARTED))
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextlib.contextmanager
def holding(path: Path) -> Any:
    command = [sys.executable, "-c", HOLDER, str(path), PARTNER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_one_process_holds_the_lock_and_kill_9_releases_it(tmp_path: Path):
    path = tmp_path / "journal.db"
    with holding(path) as process:
        store = open_store(path)
        with pytest.raises(Locked, match=f"process {process.pid}"), store.lock(PARTNER, 0, HELD_BY):
            pass
        with pytest.raises(Locked), store.lock(PARTNER, 0.1, HELD_BY):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        with store.lock(PARTNER, 10, HELD_BY):
            assert store.append(draft()).seq == 2, "what the dead one wrote is there"


def test_the_lock_is_had_as_soon_as_it_is_free(tmp_path: Path):
    path = tmp_path / "journal.db"
    with holding(path) as process:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        with open_store(path).lock(PARTNER, 30, HELD_BY):
            pass
