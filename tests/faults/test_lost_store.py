"""The journal's disk, folder, lock or database is lost while a run uses it, by real means, at every moment of a run.

One table: trouble x moment. Before the first write the run ends 1 and the service has seen no write; after it, 6 or 7
with what is safe. When the trouble is over, the same plan is brought to its end and each write was sent once.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pcreconcile.applying import open_store
from pcreconcile.cli.writes import Writes
from pcreconcile.model.run import Event, EventKind
from tests.applying.world import HELD_BY
from tests.faults.law import PARTNER, Desk
from tests.postgres import Server, postgres  # noqa: F401  the fixture

WHO = "6b2e0b0c-0000-4000-8000-000000000300"
ESTATE: dict[str, Any] = {
    "customers": [
        {
            "tenantId": WHO,
            "name": "first",
            "items": [{"kind": "legacy-license", "name": name} for name in ("E1", "EMS")],
        },
        {"tenantId": "6b2e0b0c-0000-4000-8000-000000000900", "name": "anchor-co", "items": []},
    ]
}
MOMENTS: dict[str, tuple[EventKind, int]] = {
    # the last event that is durable, and what the run ends with
    "before the first write": (EventKind.CUSTOMER_STARTED, 1),
    "between intent and request": (EventKind.INTENT, 7),
    "between answer and read": (EventKind.ANSWERED, 7),
    "after the first write": (EventKind.VERIFIED, 6),
}
Trouble = Callable[[Desk, Any], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def no_room_for_files(desk: Desk, _place: Any) -> Iterator[None]:
    """No file may grow any more, as with a full disk or a quota."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def folder_goes(desk: Desk, _place: Any) -> Iterator[None]:
    folder, elsewhere = _state(desk), desk.folder / "elsewhere"
    folder.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(folder)


@contextlib.contextmanager
def lock_goes(desk: Desk, _place: Any) -> Iterator[None]:
    for lock in _state(desk).glob("*.lock"):
        lock.unlink()
    yield


@contextlib.contextmanager
def connection_goes(desk: Desk, place: tuple[Server, str]) -> Iterator[None]:
    server, url = place
    assert server.disconnect(url) > 0
    yield


def _state(desk: Desk) -> Path:
    (found,) = desk.folder.rglob("journal.db")
    return found.parent


FILES: dict[str, tuple[Trouble, str]] = {
    "a full disk": (no_room_for_files, "make room on"),
    "the state folder is gone": (folder_goes, "bring back what was there"),
    "the lock file is gone": (lock_goes, "its lock file was taken away"),
}


def struck(desk: Desk, monkeypatch: pytest.MonkeyPatch, trouble: Trouble, place: Any, kind: EventKind) -> Any:
    """Apply the kept plan; the trouble begins behind the first event of that kind, and is over when the run is."""
    with contextlib.ExitStack() as over, monkeypatch.context() as patch:
        watch = Writes.watch

        def watched(writes: Writes, event: Event) -> None:
            watch(writes, event)
            if event.kind is kind and not begun:
                begun.append(event)
                over.enter_context(trouble(desk, place))

        begun: list[Event] = []
        patch.setattr(Writes, "watch", watched)
        result = desk("apply", "kept.json", "--auto-approve")
        assert begun, "the moment came"
    return result


def judge(desk: Desk, code: int, expected: int, errors: str, words: str) -> None:
    assert code == expected, errors
    assert words in errors
    assert "Traceback" not in errors
    assert "apply the same plan again" in errors
    assert ("written nothing to Partner Center" in errors) is (expected == 1)
    assert ("writing had begun" in errors) is (expected != 1)
    if expected == 1:
        assert desk.writes() == []
    assert desk("apply", "kept.json", "--auto-approve")[0] == 0
    sent = Counter((entry["method"], entry["path"]) for entry in desk.writes())
    assert len(sent) == 3, sent
    assert set(sent.values()) == {1}, "each write once"


@pytest.fixture
def office(own_desk: Callable[..., Desk]) -> Desk:
    desk = own_desk(ESTATE)
    desk.partner()
    desk.customer("first", WHO, delegatedAccess="keep")
    return desk


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("trouble", FILES)
def test_a_journal_in_a_file(office: Desk, monkeypatch: pytest.MonkeyPatch, trouble: str, moment: str) -> None:
    assert office.plan("--out", "kept.json")[0] == 0
    (happens, words), (kind, expected) = FILES[trouble], MOMENTS[moment]
    code, _, errors = struck(office, monkeypatch, happens, None, kind)
    judge(office, code, expected, errors, words)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_journal_in_a_database(
    office: Desk,
    monkeypatch: pytest.MonkeyPatch,
    postgres: Server,  # noqa: F811
    moment: str,
) -> None:
    url = postgres.url()
    office.environment(PCRECONCILE_DATABASE=url)
    assert office.plan("--out", "kept.json")[0] == 0
    kind, expected = MOMENTS[moment]
    code, _, errors = struck(office, monkeypatch, connection_goes, (postgres, url), kind)
    judge(office, code, expected, errors, "the connection to it is lost")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB. Where nothing may be mounted the limit of file sizes stands in, see the other tests."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_that_is_too_small_for_the_journal(office: Desk, small_disk: Path) -> None:
    assert office.plan("--out", "kept.json")[0] == 0
    office.environment(PCRECONCILE_HOME=str(small_disk))
    code, _, errors = office("apply", "kept.json", "--auto-approve")
    assert (code, "make room on" in errors, office.writes()) == (1, True, [])
    assert not (small_disk / "journal.db").exists() or office("history")[0] == 0, "whole or absent"
    assert not [each for each in small_disk.iterdir() if each.is_dir()], "nothing half is left"
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    assert office("apply", "kept.json", "--auto-approve")[0] == 0


def test_outputs_on_a_full_disk(office: Desk) -> None:
    """Named, with the reason; `/dev/full` is a disk without room."""
    for command in (["plan", "--out", "/dev/full"], ["plan", "--snapshot", "/dev/full"]):
        code, _, errors = office(*command)
        assert code == 1
        assert "/dev/full: cannot be written: No space left on device" in errors
    assert office.plan("--out", "kept.json")[0] == 0
    assert office("apply", "kept.json", "--auto-approve")[0] == 0
    with no_room_for_files(office, None):
        code, _, errors = office("evidence", "last", "--out", "evidence.zip")
    assert (code, "cannot be written" in errors) == (1, True)
    assert not (office.folder / "evidence.zip").exists(), "whole or absent"


def emptied(desk: Desk) -> None:
    """A journal file that a crash of the machine has left without a byte."""
    place = desk.folder / ".pcreconcile" / "journal.db"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"")


def killed_before_its_first_event(desk: Desk) -> None:
    """The lock was held and the journal made: nothing else."""
    place = os.environ.get("PCRECONCILE_DATABASE") or desk.folder / ".pcreconcile" / "journal.db"
    with open_store(place, PARTNER).lock(PARTNER, 0, HELD_BY):
        pass


EMPTY: dict[str, tuple[Callable[[Desk], None], bool]] = {
    # what happened, and whether the journal is in a database
    "a file without a byte": (emptied, False),
    "killed before its first event, file": (killed_before_its_first_event, False),
    "killed before its first event, database": (killed_before_its_first_event, True),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_run_that_ended_before_its_first_event_was_whole(
    office: Desk, request: pytest.FixtureRequest, name: str
) -> None:
    happens, in_database = EMPTY[name]
    if in_database:
        office.environment(PCRECONCILE_DATABASE=request.getfixturevalue("postgres").url())
    happens(office)
    for command in (["history"], ["verify", "last"]):
        _, out, errors = office(*command)
        assert "one that ended before its first event" in out + errors
        assert "not proven" not in out
    code, _, errors = office("plan", "--out", "kept.json")
    assert (code, errors.count("the journal is empty")) == (0, 1)
    code, _, errors = office("apply", "kept.json", "--auto-approve")
    assert (code, errors.count("the journal is empty")) == (0, 1)
    assert office("verify", "last")[0] == 0
    assert "the journal is empty" not in office("plan")[2]
