"""One plan and all that befalls it: killed, resumed, killed again, and at last left to end; then judged.

Everything in a story follows from its number: the world, the trouble, the store, where each blow falls. Only how far a
process has come when a blow that is timed in milliseconds falls is the machine's.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from pcreconcile.applying import read_events
from pcreconcile.model.run import Event, EventKind
from pcreconcile.simulator import SimulatorSettings
from tests.e2e.conftest import Desk
from tests.e2e.crash import judge, power
from tests.e2e.crash.attempts import CLOCK, Blow, Ended, Run, Starter
from tests.e2e.crash.forks import PLACES
from tests.e2e.crash.troubles import Trouble
from tests.e2e.crash.watch import Moment, Watched, watched
from tests.e2e.crash.worlds import AT, NOW, World

PLAN = "mixed.plan.json"
RESTARTS = 8  # without a blow, until it ends by itself


@dataclass(frozen=True, slots=True)
class Ready:
    """A world with its plan, and the events (`course`), requests and writes of an undisturbed apply of it."""

    world: World
    plan: bytes
    course: tuple[EventKind, ...]
    keeps: int
    requests: int
    writes: int

    @property
    def events(self) -> int:
        """How many events an undisturbed apply writes."""
        return len(self.course)

    @property
    def acts(self) -> list[judge.Act]:
        """What is to be done."""
        return judge.planned(json.loads(self.plan))

    def boundaries(self) -> list[Blow]:
        """Every place at which the journal can be cut off."""
        appends = [place for place in PLACES if place.endswith(("append", "acknowledged"))]
        at_events = [Blow(place, number) for number in range(1, self.events + 1) for place in appends]
        keeps = [place for place in PLACES if place.endswith("keep")]
        return at_events + [Blow(place, number) for number in range(1, self.keeps + 1) for place in keeps]


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is drawn for a story; `first` is the first blow, the others are drawn as it goes. `database` is the address
    of the journal ("" for SQLite); with one, each attempt is made on another machine."""

    number: int
    trouble: Trouble
    first: Blow | None
    blows: int
    database: str = ""
    plain: bool = False
    power: bool = False


@dataclass(slots=True)
class Told:
    """How it went. `kills` are the places of those that fell; `codes` the exits of those that were not killed."""

    number: int
    kinds: tuple[str, ...]
    store: str
    trouble: str
    started: str
    kills: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    effects: int = 0
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """How the plan ended."""
        return judge.ENDS.get(self.codes[-1], f"exit {self.codes[-1]}") if self.codes else "never ended"


def make_ready(world: World, starter: Starter, folder: Path) -> Ready:
    """Plan it, and apply it once undisturbed, to know how long it is."""
    folder.mkdir(parents=True)
    with watched(SimulatorSettings(estate=world.found(folder), clock=NOW)) as service:
        world.write(Desk(folder), service.url)
        made = starter.run(Run(folder, ("plan", "--out", PLAN), AT), None, service.watch)
        assert made.code == 0, (folder / "stderr").read_text()
        done = starter.run(Run(folder, ("apply", PLAN), AT), None, service.watch)
        assert done.code == 0, (folder / "stdout").read_text() + (folder / "stderr").read_text()
        events = read_events(folder / ".pcreconcile" / "journal.db")
        keeps = 1 + sum(event.kind is EventKind.LOOKED for event in events)
        kinds = tuple(event.kind for event in events)
        ready = Ready(world, (folder / PLAN).read_bytes(), kinds, keeps, service.watch.seen, service.watch.written)
        wrong = _judged(ready, service, events, 0)
        assert not wrong, wrong
    return ready


def tell(ready: Ready, chapter: Chapter, starter: Starter, folder: Path) -> Told:
    """The whole story, in a folder of its own, which is kept unless everything was done and nothing was wrong."""
    store = "postgres" if chapter.database else "sqlite"
    how = "python -m pcreconcile" if chapter.plain else "forked"
    told = Told(chapter.number, ready.world.kinds, store, chapter.trouble.name, how)
    folder.mkdir(parents=True)
    started = time.monotonic()
    settings = SimulatorSettings(estate=ready.world.found(folder), clock=NOW)
    with watched(settings) as service:
        _trouble(service, chapter.trouble)
        teller = _Teller(ready, chapter, starter, folder, service, told)
        teller.to_the_end()
    told.seconds = round(time.monotonic() - started, 2)
    if not told.wrong and told.outcome == "done":
        shutil.rmtree(folder)
    return told


def _trouble(service: Watched, trouble: Trouble) -> None:
    httpx.post(f"{service.url}/_simulator/options", json=trouble.options).raise_for_status()
    httpx.post(f"{service.url}/_simulator/faults", json=list(trouble.rules)).raise_for_status()


class _Teller:
    """Attempts, one after the other."""

    def __init__(
        self, ready: Ready, chapter: Chapter, starter: Starter, folder: Path, service: Watched, told: Told
    ) -> None:
        self._ready, self._chapter, self._starter = ready, chapter, starter
        self._folder, self._service, self._told = folder, service, told
        self._dice = random.Random(f"story {chapter.number}")
        self._machine: Run | None = None
        self._machines = 0

    def to_the_end(self) -> None:
        """Blows while there are some, then restarts until it ends by itself."""
        blow, left, restarts = self._chapter.first, self._chapter.blows, 0
        while restarts < RESTARTS:
            ended = self._attempt(blow if left > 0 else None)
            left -= 1
            if not ended.killed:
                self._told.codes.append(ended.code)
                restarts += left < 0
                if ended.code in {0, 3} or self._told.wrong:
                    break
            blow = drawn(self._dice, self._ready, self._progress(), plain=self._chapter.plain)
        self._judge()

    def _attempt(self, blow: Blow | None) -> Ended:
        run = self._run()
        known = len(self._events(run))
        ended = self._starter.run(run, blow, self._service.watch)
        if ended.killed:
            self._told.kills.append(blow.name if blow else "by another hand")
            self._after_a_kill(run, ended, known)
        elif ended.code not in {0, 3, 6, 7, 9}:
            self._told.wrong.append(f"exit {ended.code}: {(run.folder / 'stderr').read_text()[-2000:]}")
        return ended

    def _after_a_kill(self, run: Run, ended: Ended, known: int) -> None:
        if self._chapter.power and ended.acknowledged is not None:
            self._told.losses.append(power.cut(run.journal, ended.acknowledged[0], self._dice))
        if ended.acknowledged is not None:
            there = len(self._events(run))
            promised = max(known, ended.acknowledged[1])
            if there < promised:
                self._told.wrong.append(f"event {promised} was acknowledged, and the journal ends with {there}")

    def _run(self) -> Run:
        """Where the next attempt is made: with Postgres on another machine each time."""
        if self._machine is None or self._chapter.database:
            folder = self._folder / f"machine-{self._machines}"
            self._machines += 1
            folder.mkdir()
            self._ready.world.write(Desk(folder), self._service.url)
            (folder / PLAN).write_bytes(self._ready.plan)
            database = {"PCRECONCILE_DATABASE": self._chapter.database} if self._chapter.database else {}
            self._machine = Run(folder, ("apply", PLAN), {**AT, **database})
        return self._machine

    def _events(self, run: Run) -> Sequence[Event]:
        return read_events(self._chapter.database or run.journal)

    def _progress(self) -> float:
        """How much of it is done, from 0 to 1."""
        done = sum(event.kind is EventKind.VERIFIED for event in self._events(self._run_of_now()))
        return min(1.0, done / max(1, len(self._ready.acts)))

    def _run_of_now(self) -> Run:
        assert self._machine is not None
        return self._machine

    def _judge(self) -> None:
        run = self._run_of_now()
        self._service.watch.let_the_late_arrive()
        code = self._told.codes[-1] if self._told.codes else -1
        events = self._events(run)
        self._told.effects = len(self._service.writes())
        self._told.wrong += _judged(self._ready, self._service, events, code)
        if code not in judge.ENDS:
            self._told.wrong.append(f"it never ended: {self._told.codes}, {(run.folder / 'stderr').read_text()[-500:]}")


def _judged(ready: Ready, service: Watched, events: Sequence[Event], code: int) -> list[str]:
    log = service.log()
    wrong = judge.of_the_log(ready.acts, log, whole=code == 0)
    wrong += judge.of_the_journal(ready.acts, events, log, code)
    if code == 0:
        wrong += _still_there(ready.acts, service.world())
    return wrong


def _still_there(acts: Sequence[judge.Act], world: Any) -> list[str]:
    removed = [act.tenant for act in acts if act.kind == judge.REMOVAL]
    return [
        f"{tenant} is still a customer" for tenant in removed if world["customers"][tenant]["relationship"] != "none"
    ]


def drawn(dice: random.Random, ready: Ready, progress: float, *, plain: bool) -> Blow:
    """Where the next blow falls: anywhere in what an attempt from here on would go through."""
    left = 1.0 - progress
    where = dice.random()
    if where < 0.1:
        return Blow(CLOCK, after=dice.uniform(0.02, 0.3 + 1.5 * left if not plain else 0.9 + 3 * left))
    if plain or where < 0.55:
        return _at_a_request(dice, ready, left)
    return _at_the_journal(dice, ready, left)


def _at_a_request(dice: random.Random, ready: Ready, left: float) -> Blow:
    moment = dice.choice(list(Moment))
    after = dice.choice((0.0, 0.0, dice.uniform(0.0, 0.03)))
    if moment is Moment.ARRIVED and dice.random() < 0.5:
        number = dice.randint(1, max(1, round(ready.writes * left)))
        return Blow(moment.value, number, writes=True, late=dice.randint(1, max(8, round(ready.requests * left))))
    if dice.random() < 0.5:
        return Blow(moment.value, dice.randint(1, max(1, round(ready.writes * left))), after, writes=True)
    return Blow(moment.value, dice.randint(1, max(8, round(ready.requests * left))), after)


def _at_the_journal(dice: random.Random, ready: Ready, left: float) -> Blow:
    place = dice.choice(PLACES)
    length = ready.keeps if place.endswith("keep") else ready.events
    return Blow(place, dice.randint(1, max(3, round(length * left))))
