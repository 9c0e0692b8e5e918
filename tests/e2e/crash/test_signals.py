"""Ctrl-C and SIGTERM wherever they hurt: what is in flight is finished or recorded, the journal says so, `apply` again
completes the plan. A signal that comes twice does no harm."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from pcreconcile.applying import read_events
from pcreconcile.model.run import Event, EventKind
from pcreconcile.simulator import SimulatorSettings
from tests.e2e.conftest import Desk
from tests.e2e.crash import judge
from tests.e2e.crash.attempts import Blow, Ended, Forks, Run
from tests.e2e.crash.story import PLAN, Ready
from tests.e2e.crash.watch import Moment, Watched, watched
from tests.e2e.crash.worlds import AT, NOW, World, world_with

SMALL = world_with("delegated")
CODES = {SIGINT: 130, SIGTERM: 143}
OUTCOMES = {EventKind.ANSWERED, EventKind.REFUSED, EventKind.NO_ANSWER}
SIGNALS = [(SIGINT,), (SIGTERM,), (SIGTERM, SIGTERM), (SIGINT, SIGTERM)]


class Bench:
    """One world to be interrupted in, with its plan."""

    def __init__(self, ready: Ready, forks: Forks, folder: Path, service: Watched) -> None:
        self._forks, self._folder, self._service, self._ready = forks, folder, service, ready
        ready.world.write(Desk(folder), service.url)
        (folder / PLAN).write_bytes(ready.plan)

    def apply(self, blow: Blow | None) -> Ended:
        """One attempt."""
        return self._forks.run(Run(self._folder, ("apply", PLAN), AT), blow, self._service.watch)

    def events(self) -> Sequence[Event]:
        """The journal."""
        return read_events(self._folder / ".pcreconcile" / "journal.db")

    def verdict(self) -> list[str]:
        """What is wrong at the end of a plan that was completed."""
        log = self._service.log()
        return judge.of_the_log(self._ready.acts, log, whole=True) + judge.of_the_journal(
            self._ready.acts, self.events(), log, 0
        )


def places(ready: Ready) -> list[Blow]:
    """Some journal boundaries, and every write's moments."""
    dice = random.Random("signals")
    at_requests = [Blow(moment.value, n + 1, writes=True) for moment in Moment for n in range(ready.writes)]
    reading = [Blow(Moment.ARRIVED.value, dice.randint(1, ready.requests)) for _ in range(2)]
    return dice.sample(ready.boundaries(), 10) + at_requests + reading


@pytest.mark.parametrize("signals", SIGNALS, ids=lambda each: "+".join(number.name for number in each))
def test_an_interrupted_apply_records_what_is_in_flight_and_is_completed_by_the_next(
    signals: tuple[Signals, ...], forks: Forks, ready: Callable[[World], Ready], tmp_path: Path
):
    world = ready(SMALL)
    for number, place in list(enumerate(places(world)))[SIGNALS.index(signals) :: len(SIGNALS)]:
        folder = tmp_path / str(number)
        folder.mkdir()
        with watched(SimulatorSettings(estate=world.world.found(folder), clock=NOW)) as service:
            bench = Bench(world, forks, folder, service)
            blow = Blow(place.place, place.number, writes=place.writes, signals=signals)
            ended = bench.apply(blow)
            assert_told(ended.code, signals, bench.events(), blow)
            assert bench.apply(None).code == 0, blow
            assert bench.verdict() == [], blow


def assert_told(code: int, signals: tuple[Signals, ...], events: Sequence[Event], blow: Blow) -> None:
    """The exit code is that of a signal (of two at once, of either); the journal has an outcome for each request and an
    end for the run."""
    if code == 0:  # it had done everything when the signal came
        assert events[-1].body["exitCode"] == 0, blow
        return
    assert code in {CODES[each] for each in signals}, blow
    if not events:
        return
    intents = {(event.action, event.request_id) for event in events if event.kind is EventKind.INTENT}
    outcomes = {(event.action, event.request_id) for event in events if event.kind in OUTCOMES}
    assert intents == outcomes, blow
    assert events[-1].kind is EventKind.RUN_FINISHED, blow
    if events[-1].body["exitCode"] != 0:  # the signal found something left to do
        assert (events[-1].body["exitCode"], bool(events[-1].body["interruption"])) == (None, True), blow
