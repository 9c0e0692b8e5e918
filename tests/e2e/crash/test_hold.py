"""A hold set while an apply of fifty customers is at work: by the service's log no write begins after the command has
returned, what is in flight is brought to its proof, and after `--lift` the same plan is finished, each write once."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pcreconcile.applying import read_events
from pcreconcile.model.run import Event, EventKind
from pcreconcile.simulator import SimulatorSettings
from tests.e2e.conftest import Desk, environment
from tests.e2e.crash import judge
from tests.e2e.crash.story import PLAN
from tests.e2e.crash.watch import Moment, Watched, watched
from tests.e2e.crash.worlds import AT, NOW, world_with
from tests.postgres import Server, postgres  # noqa: F401 the fixture

FIFTY = world_with(*["legacy"] * 50)
PATIENCE = 600.0
LOOK = 0.01  # seconds between two looks at the service's count
PROVEN = {EventKind.VERIFIED, EventKind.REFUSED}


class Scene:
    """A plan of fifty customers, the service, and the program on a machine."""

    def __init__(self, folder: Path, service: Watched, database: str) -> None:
        self.folder, self.service, self.watch = folder, service, service.watch
        self.extra = {**AT, **({"PCRECONCILE_DATABASE": database} if database else {})}
        self.place = database or folder / ".pcreconcile" / "journal.db"
        FIFTY.write(Desk(folder), service.url)
        self.run("plan", "--out", PLAN, expect=0)
        self.acts = judge.planned(json.loads((folder / PLAN).read_bytes()))
        self.watch.begin(None, None)

    def run(self, *arguments: str, expect: int) -> str:
        """A command, to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "pcreconcile", *arguments],
            cwd=self.folder,
            env=environment(self.folder, **self.extra),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == expect, f"exit {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def applying(self) -> Iterator[subprocess.Popen[str]]:
        """`apply` at work."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pcreconcile", "apply", PLAN],
            cwd=self.folder,
            env=environment(self.folder, **self.extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            self.watch.release()
            process.kill()
            process.communicate()

    def pause_at_write(self, number: int, moment: Moment) -> None:
        """Let the run go on to a write, and keep that one where it is."""
        for _ in range(number):
            self.watch.hold_the_next_write(moment)
            self.watch.release_former()
            assert self.watch.held.wait(PATIENCE)

    def wait_for_write(self, number: int) -> None:
        """Return once the service has seen so many; nothing is kept back."""
        pause = threading.Event()
        for _ in range(round(PATIENCE / LOOK)):
            if self.watch.written >= number:
                return
            pause.wait(LOOK)
        raise TimeoutError("the run does not get there")

    def writes(self) -> list[dict[str, Any]]:
        """What the service has seen of PATCH and POST, without tokens."""
        return [each for each in self.service.log() if judge.is_a_write(each)]

    def events(self) -> tuple[Event, ...]:
        """The journal, verified."""
        return read_events(self.place)

    def verdict(self) -> list[str]:
        """What is wrong once the plan has been finished."""
        log = self.service.log()
        return judge.of_the_log(self.acts, log, whole=True) + judge.of_the_journal(self.acts, self.events(), log, 0)


@pytest.fixture(params=["sqlite", "postgres"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    server: Server | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    with watched(SimulatorSettings(estate=FIFTY.found(tmp_path), clock=NOW)) as service:
        yield Scene(tmp_path, service, server.url() if server else "")


def finish(scene: Scene) -> None:
    """No apply begins while it stands; after its end the same plan is finished."""
    before = len(scene.writes())
    scene.run("apply", PLAN, expect=5)
    assert len(scene.writes()) == before
    scene.run("hold", "--lift", "--why", "over", expect=0)
    scene.run("apply", PLAN, expect=0)
    assert scene.verdict() == []
    kinds = [event.kind for event in scene.events()]
    assert (kinds.count(EventKind.HELD), kinds.count(EventKind.HOLD_LIFTED)) == (1, 1)
    assert scene.run("verify", "last", expect=0)
    told = scene.run("history", expect=0)
    assert "incident 7" in told
    assert ": over" in told


@pytest.mark.parametrize(("number", "moment"), [(1, Moment.EFFECTED), (20, Moment.ARRIVED)])
def test_no_write_begins_after_a_hold(scene: Scene, number: int, moment: Moment):
    with scene.applying() as process:
        scene.pause_at_write(number, moment)
        arrived = scene.watch.written
        scene.run("hold", "--why", "incident 7", expect=0)
        scene.watch.release()
        told, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 6, told
    assert scene.watch.written == arrived == number
    assert "held: incident 7" in told
    last = {event.action: event.kind for event in scene.events() if event.action and event.kind is not EventKind.LOOKED}
    sent = {event.action for event in scene.events() if event.kind is EventKind.INTENT}
    assert {last[action] for action in sent} <= PROVEN, "what was in flight was brought to its proof"
    finish(scene)


def test_no_intent_becomes_durable_after_a_hold_whenever_it_comes(scene: Scene):
    """The run is not kept back: the hold meets it wherever it is, and the service sees at most what was on its way."""
    with scene.applying() as process:
        scene.wait_for_write(17)
        scene.run("hold", "--why", "incident 7", expect=0)
        intents = sum(event.kind is EventKind.INTENT for event in scene.events())
        told, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 6, told
    assert sum(event.kind is EventKind.INTENT for event in scene.events()) == intents == scene.watch.written
    finish(scene)
