"""`make crash-matrix`: stories until so many kills have fallen; counted, judged, printed as a table, kept as JSON.

    python -m tests.e2e.crash.matrix [--kills 2000] [--workers 2] [--seed 1] [--out FILE] [--story N]

A story's number is `seed * 100000 + n`; `--story NUMBER` tells that one alone again, with its folder kept. Stories are
dealt out: world after world, any trouble, both stores, power lost or not; every third is of one world, whose
journal boundaries are the first blows, one after the other. Exit 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.e2e.crash.attempts import Forks, Plain, forking
from tests.e2e.crash.story import Chapter, Ready, Told, drawn, make_ready, tell
from tests.e2e.crash.troubles import TROUBLES
from tests.e2e.crash.worlds import World, world_of, world_with
from tests.postgres import Server, server

WORLDS = 16
IN_TURN = 3
MOST_BLOWS = 8
STORIES_PER_SEED = 100_000


def chapter_of(number: int, ready: Ready, database: str) -> Chapter:
    """What is drawn for a story of that number."""
    dice = random.Random(f"chapter {number}")
    turn = number % STORIES_PER_SEED
    plain = dice.random() < 0.05
    trouble = dice.choice(TROUBLES)(dice, ready.writes)
    boundaries = ready.boundaries()
    if in_turn(number):
        plain, first = False, boundaries[turn // IN_TURN % len(boundaries)]
    elif not plain and dice.random() < 0.4:
        first = dice.choice(boundaries)
    else:
        first = drawn(dice, ready, 0.0, plain=plain)
    power = not database and not plain and dice.random() < 0.4
    return Chapter(number, trouble, first, dice.randint(2, MOST_BLOWS), database, plain, power)


def in_turn(number: int) -> bool:
    """Every third story is of one world, and its first blow falls on that world's journal boundaries in turn."""
    return number % STORIES_PER_SEED % IN_TURN == 0


def world_for(number: int) -> World:
    """The world of a story."""
    seed, turn = divmod(number, STORIES_PER_SEED)
    return world_with("reserved", "empty") if in_turn(number) else world_of(turn % WORLDS + seed * WORLDS)


def wants_postgres(number: int) -> bool:
    """Every fourth story keeps its journal in Postgres, where there is a server."""
    return random.Random(f"store {number}").random() < 0.25


class Teller:
    """One worker: its warm parent, its worlds, its folder."""

    def __init__(self, folder: Path, forks: Forks, port: int | None) -> None:
        self._folder, self._forks = folder, forks
        self._server = Server(port) if port else None
        self._made: dict[tuple[int, tuple[str, ...]], Ready] = {}

    def tell(self, number: int) -> Told:
        """One story by its number."""
        world = world_for(number)
        key = world.seed, world.kinds
        ready = self._made[key] = self._made.get(key) or self._make_ready(world)
        database = self._server.url() if self._server and wants_postgres(number) else ""
        chapter = chapter_of(number, ready, database)
        return tell(ready, chapter, Plain() if chapter.plain else self._forks, self._folder / f"story-{number}")

    def _make_ready(self, world: World) -> Ready:
        folder = self._folder / "world"
        try:
            return make_ready(world, self._forks, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


_teller: Teller | None = None
_until_the_end = contextlib.ExitStack()


def _begin(folder: str, port: int | None) -> None:
    """In a worker, once."""
    global _teller  # noqa: PLW0603 a worker has one, and nowhere else to keep it
    _teller = Teller(Path(tempfile.mkdtemp(dir=folder)), _until_the_end.enter_context(forking()), port)


def _tell(number: int) -> Told:
    assert _teller is not None
    return _teller.tell(number)


@contextlib.contextmanager
def postgres_port() -> Iterator[int | None]:
    """A server of our own; None where the machine or the program has none."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(server()).port if _speaks_postgres() else None
        except LookupError:
            found = None
        yield found


def _speaks_postgres() -> bool:
    from importlib.util import find_spec

    return find_spec("pcreconcile.applying.stores.postgres") is not None


def told(kills: int, workers: int, seed: int, folder: Path, port: int | None) -> Iterator[Told]:
    """Stories as they come to their ends, until so many kills have fallen."""
    numbers = iter(range(seed * STORIES_PER_SEED, (seed + 1) * STORIES_PER_SEED))
    fallen = 0
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(str(folder), port)) as pool:
        running: set[Future[Told]] = {pool.submit(_tell, next(numbers)) for _ in range(workers * 2)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                story = each.result()
                fallen += len(story.kills)
                yield story
                if fallen < kills:
                    running.add(pool.submit(_tell, next(numbers)))


def summary(stories: Iterable[Told], seconds: float) -> dict[str, Any]:
    """All counts, and what was wrong."""
    stories = list(stories)
    cells = Counter((place, s.store, s.trouble, s.outcome) for s in stories for place in s.kills)
    return {
        "kills": sum(cells.values()),
        "stories": len(stories),
        "seconds": round(seconds),
        "effects": sum(story.effects for story in stories),
        "outcomes": dict(Counter(story.outcome for story in stories)),
        "stories by kills": dict(sorted(Counter(len(story.kills) for story in stories).items())),
        "started as": dict(_weighted((s.started, len(s.kills)) for s in stories)),
        "power lost": dict(Counter(loss for story in stories for loss in story.losses)),
        "cells": [
            {"place": place, "store": store, "fault": fault, "outcome": outcome, "kills": number}
            for (place, store, fault, outcome), number in sorted(cells.items())
        ],
        "wrong": [asdict(story) for story in stories if story.wrong],
        "not done": [asdict(story) for story in stories if story.outcome != "done" and not story.wrong],
    }


def _weighted(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for name, number in pairs:
        counted[name] += number
    return counted


def table(found: dict[str, Any]) -> str:
    """Kills by place and by fault, each by store and outcome."""
    lines = [
        f"{found['kills']} kills in {found['stories']} stories, {found['effects']} writes took effect,"
        f" {found['seconds']} s; plans ended: {_counts(found['outcomes'])}",
        f"started as: {_counts(found['started as'])}; power lost: {_counts(found['power lost']) or 'never'}",
        "",
    ]
    for axis in ("place", "fault"):
        lines += [*_axis(found["cells"], axis), ""]
    for story in found["wrong"]:
        lines += [f"WRONG in story {story['number']}:", *(f"  {each}" for each in story["wrong"])]
    verdict = "everything exactly once, nothing else, in order" if not found["wrong"] else "NOT in order"
    return "\n".join([*lines, verdict, ""])


def _axis(cells: list[dict[str, Any]], axis: str) -> list[str]:
    columns = sorted({(cell["store"], cell["outcome"]) for cell in cells})
    rows = sorted({cell[axis] for cell in cells})
    counted = _weighted_cells(cells, axis)
    head = f"{'kills by ' + axis:40}" + "".join(f"{store + ' ' + outcome:>24}" for store, outcome in columns)
    body = [f"{row:40}" + "".join(f"{counted[row, column]:>24}" for column in columns) for row in rows]
    return [head, *body]


def _weighted_cells(cells: list[dict[str, Any]], axis: str) -> Counter[tuple[str, tuple[str, str]]]:
    counted: Counter[tuple[str, tuple[str, str]]] = Counter()
    for cell in cells:
        counted[cell[axis], (cell["store"], cell["outcome"])] += cell["kills"]
    return counted


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.crash.matrix")
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("crash-matrix.json"))
    parser.add_argument("--story", type=int, help="tell this one again, and keep its folder where it was not done")
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    started, stories = time.monotonic(), []
    with postgres_port() as port:
        if wanted.story is not None:
            return _again(wanted.story, folder, port)
        for story in told(wanted.kills, wanted.workers, wanted.seed, folder, port):
            stories.append(story)
            _progress(stories)
    found = summary(stories, time.monotonic() - started)
    wanted.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(table(found))
    if not found["wrong"]:
        shutil.rmtree(folder)
    return 1 if found["wrong"] else 0


def _again(number: int, folder: Path, port: int | None) -> int:
    with forking() as forks:
        story = Teller(folder, forks, port).tell(number)
    print(json.dumps(asdict(story), indent=2))
    print(folder)
    return 1 if story.wrong else 0


def _progress(stories: list[Told]) -> None:
    latest = stories[-1]
    fallen = sum(len(story.kills) for story in stories)
    if latest.wrong or latest.outcome != "done" or len(stories) % 50 == 0:
        print(f"{fallen} kills; story {latest.number}: {latest.outcome} {latest.wrong}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
