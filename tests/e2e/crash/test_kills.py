"""The bounded sample of the crash matrix; `make crash-matrix` is the whole of it.

`PCRECONCILE_CRASH_STORIES` says how many stories the sample tells (each kills its plan up to eight times).
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pcreconcile.model.run import EventKind
from tests.e2e.crash.attempts import Blow, Forks, Plain
from tests.e2e.crash.matrix import chapter_of, summary, table, wants_postgres, world_for
from tests.e2e.crash.story import Chapter, Ready, Told, tell
from tests.e2e.crash.troubles import TROUBLES, Trouble
from tests.e2e.crash.watch import Moment
from tests.e2e.crash.worlds import World, world_with
from tests.postgres import Server, postgres  # noqa: F401 the fixture

STORIES = int(os.environ.get("PCRECONCILE_CRASH_STORIES", "5"))
SMALL = world_with("delegated")
SMALLEST = world_with("empty")
BATCHES = 4
STRIDE = 4  # the sample strikes every fourth boundary, the whole matrix all of them

Prepared = Callable[[World], Ready]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(STORIES))
def test_a_killed_plan_takes_effect_exactly_once(number: int, forks: Forks, ready: Prepared, tmp_path: Path):
    world = ready(world_for(number))
    chapter = chapter_of(number, world, "")
    told = tell(world, chapter, Plain() if chapter.plain else forks, tmp_path / "story")
    assert told.wrong == []
    assert told.outcome == "done"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_killed_at_every_boundary_of_the_journal(batch: int, forks: Forks, ready: Prepared, tmp_path: Path):
    world = ready(SMALLEST)
    for number, blow in list(enumerate(world.boundaries()))[::STRIDE][batch::BATCHES]:
        chapter = Chapter(number, Trouble("none"), blow, 1, power=number % 2 == 0)
        told = tell(world, chapter, forks, tmp_path / str(number))
        assert (told.wrong, told.outcome, told.kills) == ([], "done", [blow.place]), blow


@pytest.mark.parametrize("moment", Moment, ids=lambda each: each.name)
def test_killed_while_its_writes_are_on_their_way(moment: Moment, forks: Forks, ready: Prepared, tmp_path: Path):
    world = ready(SMALL)
    for number in range(1, world.writes + 1):
        blow = Blow(moment.value, number, writes=True)
        told = tell(world, Chapter(number, Trouble("none"), blow, 1), forks, tmp_path / str(number))
        assert (told.wrong, told.outcome, told.kills) == ([], "done", [moment.value]), blow


def test_a_process_without_any_change_is_killed_too(ready: Prepared, tmp_path: Path):
    world = ready(SMALL)
    blow = Blow(Moment.EFFECTED.value, 1, writes=True)
    told = tell(world, Chapter(1, Trouble("none"), blow, 1, plain=True), Plain(), tmp_path / "story")
    assert (told.wrong, told.outcome, told.kills) == ([], "done", [blow.place])


@pytest.mark.parametrize("trouble", TROUBLES[::4], ids=lambda make: make.__name__.strip("_"))
def test_killed_on_one_machine_and_resumed_on_another(
    trouble: Callable[[random.Random, int], Trouble],
    forks: Forks,
    ready: Prepared,
    tmp_path: Path,
    postgres: Server,  # noqa: F811
):
    pytest.importorskip("pcreconcile.applying.stores.postgres")
    world = ready(SMALL)
    dice = random.Random(trouble.__name__)
    first = dice.choice(world.boundaries())
    chapter = Chapter(7, trouble(dice, world.writes), first, 4, postgres.url())
    told = tell(world, chapter, forks, tmp_path / "story")
    assert (told.wrong, told.outcome) == ([], "done")
    assert told.kills


def test_stories_of_both_stores_are_dealt_out():
    assert {wants_postgres(number) for number in range(20)} == {True, False}


def test_what_is_wrong_is_counted_and_told():
    story = Told(7, ("legacy",), "sqlite", "none", "forked", ["after append"], [], [0], ["twice: suspend"], 2)
    found = summary([story], 1.0)
    assert (found["kills"], len(found["wrong"])) == (1, 1)
    assert "WRONG in story 7:\n  twice: suspend" in table(found)
    assert table(found).rstrip().endswith("NOT in order")


def test_a_throttled_repetition_keeps_the_request_id_of_the_process_that_was_killed(
    forks: Forks, ready: Prepared, tmp_path: Path
):
    """Killed with a write on its way, resumed, throttled: the 429 says nothing about the write that was on its way."""
    world = ready(SMALL)
    busy = {"fault": "status-before", "status": 429, "headers": {"Retry-After": "1"}, "method": "PATCH"}
    late = Blow(Moment.ARRIVED.value, 1, writes=True, late=10_000)
    chapter = Chapter(1, Trouble("429", (busy,)), late, 1)
    told = tell(world, chapter, forks, tmp_path / "story")
    assert (told.wrong, told.outcome, told.kills) == ([], "done", [late.name])


@pytest.mark.parametrize("reads", [3, 6, 9, 12])
def test_killed_with_a_return_on_its_way_that_takes_its_time(reads: int, forks: Forks, ready: Prepared, tmp_path: Path):
    """Sent again to a service that knows no request IDs, it is refused, because the first one is being done."""
    world = ready(world_with("reserved", "empty"))
    number = next(n for n, act in enumerate(world.acts) if act.kind == "return-reservation")
    writes = [n for n, event in enumerate(world.course) if event is EventKind.INTENT]
    kill = Blow("before append", writes[number] + 2)  # the answer is there, and dies with the process
    slow = Trouble("asynchronous", options={"asyncReads": reads})
    told = tell(world, Chapter(1, slow, kill, 1), forks, tmp_path / "story")
    assert (told.wrong, told.codes, told.kills) == ([], [0], [kill.place])
