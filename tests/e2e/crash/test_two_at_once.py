"""Two `apply` of one partner tenant at once: one works, the other leaves or waits; never both.

The first is held by the service in the middle of its first write, so that it is at work for as long as a test wants.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pcreconcile.applying import read_events
from pcreconcile.model.run import EventKind
from pcreconcile.simulator import SimulatorSettings
from tests.e2e.conftest import Desk, environment
from tests.e2e.crash import judge
from tests.e2e.crash.attempts import Blow, Forks, Run
from tests.e2e.crash.story import PLAN, Ready
from tests.e2e.crash.watch import Moment, Watched, watched
from tests.e2e.crash.worlds import AT, NOW, World, world_with
from tests.postgres import Server, postgres  # noqa: F401 the fixture

SMALL = world_with("delegated", "azure")
PATIENCE = 600.0
LOOK = 0.01  # seconds between two looks at the server
IN_OPEN = 0x20  # inotify(7)


class Machine:
    """A folder and home with the manifests and the plan; several may share one journal."""

    def __init__(self, folder: Path, ready: Ready, url: str, database: str) -> None:
        self.folder = folder
        self.database = {"PCRECONCILE_DATABASE": database} if database else {}
        ready.world.write(Desk(folder), url)
        (folder / PLAN).write_bytes(ready.plan)

    def start(self, *options: str) -> subprocess.Popen[str]:
        """`apply` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "pcreconcile", "apply", PLAN, *options],
            cwd=self.folder,
            env=environment(self.folder, **AT, **self.database),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class Scene:
    """The service, and two machines: one and the same folder for SQLite, two homes for Postgres."""

    def __init__(self, ready: Ready, folder: Path, service: Watched, server: Server | None) -> None:
        self.ready, self.service, self.server = ready, service, server
        self.database = server.url() if server else ""
        homes = [folder / "one", folder / "two"] if server else [folder / "one"] * 2
        for home in {*homes}:
            home.mkdir()
        self.one, self.two = (Machine(home, ready, service.url, self.database) for home in homes)
        self.watch = service.watch
        self.watch.begin(None, None)

    @contextmanager
    def held(self, moment: Moment) -> Iterator[subprocess.Popen[str]]:
        """The first machine's apply, held at that moment of its first write."""
        self.watch.hold_the_next_write(moment)
        process = self.one.start()
        try:
            assert self.watch.held.wait(PATIENCE), process.communicate()
            yield process
        finally:
            self.watch.release()
            process.kill()
            process.communicate()

    def finish(self, process: subprocess.Popen[str]) -> int:
        """Let go on what is held, and wait for the end."""
        self.watch.release()
        process.communicate(timeout=PATIENCE)
        return process.returncode

    def verdict(self) -> list[str]:
        """What is wrong at the end."""
        log = self.service.log()
        events = read_events(self.database or self.one.folder / ".pcreconcile" / "journal.db")
        return judge.of_the_log(self.ready.acts, log, whole=True) + judge.of_the_journal(
            self.ready.acts, events, log, 0
        )

    def lose_the_lock(self) -> None:
        """As an administrator, a failing disk or network would have it."""
        if self.server:
            assert self.server.disconnect(self.database) > 0
            return
        for file in (self.one.folder / ".pcreconcile").glob("*.lock"):
            file.unlink()
            file.touch(mode=0o600)

    @contextmanager
    def lock_looked_at(self) -> Iterator[Callable[[], None]]:
        """What is yielded waits until somebody else has tried the lock."""
        if self.server:
            yield self._connected
            return
        [lock] = (self.one.folder / ".pcreconcile").glob("*.lock")
        with opened(lock) as wait:
            yield wait

    def _connected(self) -> None:
        assert self.server is not None
        name, pause = self.database.rpartition("/")[2], threading.Event()
        for _ in range(round(PATIENCE / LOOK)):
            found = self.server.execute(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")
            if int(found[0][0]) > 1:
                return
            pause.wait(LOOK)
        raise AssertionError("nobody else came to the lock")


@contextmanager
def opened(file: Path) -> Iterator[Callable[[], None]]:
    """What is yielded waits until the file has been opened (inotify)."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    assert descriptor >= 0
    assert libc.inotify_add_watch(descriptor, os.fsencode(file), IN_OPEN) >= 0

    def wait() -> None:
        assert select.select([descriptor], [], [], PATIENCE)[0], f"nobody opened {file}"

    try:
        yield wait
    finally:
        os.close(descriptor)


@pytest.fixture(params=["sqlite", "postgres"])
def scene(request: pytest.FixtureRequest, ready: Callable[[World], Ready], tmp_path: Path) -> Iterator[Scene]:
    server = None
    if request.param == "postgres":
        pytest.importorskip("pcreconcile.applying.stores.postgres")
        server = request.getfixturevalue("postgres")
    world = ready(SMALL)
    with watched(SimulatorSettings(estate=world.world.found(tmp_path), clock=NOW)) as service:
        yield Scene(world, tmp_path, service, server)


def test_the_second_leaves_at_once_and_sends_nothing(scene: Scene):
    with scene.held(Moment.ARRIVED) as first:
        seen = scene.watch.seen
        second = scene.two.start()
        _, said = second.communicate(timeout=PATIENCE)
        assert (second.returncode, scene.watch.seen) == (8, seen)
        assert "another apply" in said
        assert scene.finish(first) == 0
    assert scene.verdict() == []


def test_the_second_waits_and_finds_nothing_left_to_do(scene: Scene):
    with scene.held(Moment.EFFECTED) as first:
        seen = scene.watch.seen
        with scene.lock_looked_at() as wait:
            second = scene.two.start("--lock-timeout", "60s")
            wait()
        assert (second.poll(), scene.watch.seen) == (None, seen)
        assert scene.finish(first) == 0
        second.communicate(timeout=PATIENCE)
        assert second.returncode == 0
    assert scene.verdict() == []


@pytest.mark.parametrize("moment", [Moment.ARRIVED, Moment.EFFECTED], ids=lambda each: each.name)
def test_a_holder_that_was_killed_blocks_nobody_and_its_late_request_does_nothing_twice(moment: Moment, scene: Scene):
    with scene.held(moment) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        second = scene.two.start()
        second.communicate(timeout=PATIENCE)
        assert second.returncode == 0
        scene.watch.release()  # what the dead process had sent arrives now
    assert scene.verdict() == []


@pytest.mark.parametrize("moment", [Moment.ARRIVED, Moment.EFFECTED], ids=lambda each: each.name)
def test_a_holder_that_lost_its_lock_writes_nothing_more(moment: Moment, scene: Scene):
    with scene.held(moment) as first:
        scene.lose_the_lock()
        written = scene.watch.written
        assert scene.finish(first) == 7
        assert scene.watch.written == written
    again = scene.two.start()
    again.communicate(timeout=PATIENCE)
    assert again.returncode == 0
    assert scene.verdict() == []


def test_the_lock_is_lost_and_taken_while_a_write_is_on_its_way(scene: Scene):
    with scene.held(Moment.ARRIVED) as first:
        scene.lose_the_lock()
        second = scene.two.start()
        second.communicate(timeout=PATIENCE)
        assert second.returncode == 0
        assert scene.finish(first) == 7
    assert scene.verdict() == []


def test_a_holder_whose_lock_goes_between_intent_and_request_sends_that_one_at_most(
    scene: Scene, forks: Forks, tmp_path: Path
):
    """The process is stopped once an intent is durable, its lock is taken away, and it goes on."""
    watch, before = scene.watch, len(scene.service.log())
    intent = next(n for n, event in enumerate(scene.ready.course, 1) if event is EventKind.INTENT)
    stop = Blow("after append", intent, signals=(signal.SIGSTOP,))
    done: list[int] = []
    run = Run(scene.one.folder, ("apply", PLAN), {**AT, **scene.one.database})
    attempt = threading.Thread(target=lambda: done.append(forks.run(run, stop, watch).code))
    attempt.start()
    victim = watch.wait_for_a_stop(PATIENCE)
    scene.lose_the_lock()
    victim.strike(signal.SIGCONT)
    attempt.join(PATIENCE)
    written = [entry for entry in scene.service.log()[before:] if judge.is_a_write(entry)]
    assert (done, len(written) <= 1) == ([7], True)
    again = scene.two.start()
    again.communicate(timeout=PATIENCE)
    assert again.returncode == 0
    assert scene.verdict() == []
