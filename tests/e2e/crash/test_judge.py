"""The judge finds what it is for: each case tampers with the log of an undisturbed apply in one way."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pcreconcile.applying import read_events
from pcreconcile.model.run import Event, EventKind
from pcreconcile.simulator import SimulatorSettings
from tests.e2e.conftest import Desk
from tests.e2e.crash import judge
from tests.e2e.crash.attempts import Forks, Run
from tests.e2e.crash.watch import watched
from tests.e2e.crash.worlds import AT, NOW, world_with

Log = list[dict[str, Any]]
Case = tuple[list[judge.Act], Log, tuple[Event, ...]]


@pytest.fixture(scope="module")
def case(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder, world = tmp_path_factory.mktemp("judged"), world_with("fresh", "delegated", "reserved")
    with watched(SimulatorSettings(estate=world.found(folder), clock=NOW)) as service:
        world.write(Desk(folder), service.url)
        for arguments in (("plan", "--out", "p.json"), ("apply", "p.json")):
            assert forks.run(Run(folder, arguments, AT), None, service.watch).code == 0
        acts = judge.planned(json.loads(Path(folder / "p.json").read_text()))
        return acts, service.log(), read_events(folder / ".pcreconcile" / "journal.db")


def written(log: Log, acts: list[judge.Act], kind: str, tenant: str = "") -> dict[str, Any]:
    act = next(act for act in acts if act.kind == kind and tenant in act.tenant)
    return next(entry for entry in log if entry["applied"] and act.is_it(entry))


def twice(log: Log, acts: list[judge.Act]) -> None:
    entry = written(log, acts, "suspend-subscription")
    log.append({**entry, "seq": log[-1]["seq"] + 1})


def beyond(log: Log, acts: list[judge.Act]) -> None:
    entry = written(log, acts, "suspend-subscription")
    entry["path"] = entry["path"][:-4] + "ffff"


def never(log: Log, acts: list[judge.Act]) -> None:
    written(log, acts, "return-reservation")["applied"] = False


def removed_first(log: Log, acts: list[judge.Act]) -> None:
    other = written(log, acts, "cancel-subscription")
    one = written(log, acts, "remove-relationship", other["customer"])
    one["seq"], other["seq"] = other["seq"], one["seq"]


def without_a_look(log: Log, acts: list[judge.Act]) -> None:
    end = written(log, acts, "remove-relationship")["seq"]
    for entry in log:
        if entry["seq"] < end and entry["method"] == "GET" and entry["path"].endswith("/entitlements"):
            entry["status"] = 500


TAMPERED: dict[str, tuple[Callable[[Log, list[judge.Act]], None], str]] = {
    "a write took effect twice": (twice, "twice: suspend-subscription"),
    "something else was written": (beyond, "beyond the plan"),
    "a planned write never happened": (never, "never: return-reservation"),
    "the removal came before another action": (removed_first, "out of order: remove-relationship"),
    "nobody looked before the removal": (without_a_look, "no look at /v1/customers/"),
}


def test_an_undisturbed_apply_is_in_order(case: Case):
    acts, log, events = case
    assert judge.of_the_log(acts, log, whole=True) == []
    assert judge.of_the_journal(acts, events, log, 0) == []


@pytest.mark.parametrize("name", TAMPERED)
def test_what_is_wrong_in_the_log_is_found(name: str, case: Case):
    acts, log = case[0], copy.deepcopy(case[1])
    tamper, told = TAMPERED[name]
    tamper(log, acts)
    assert any(each.startswith(told) for each in judge.of_the_log(acts, log, whole=True))


def without(events: tuple[Event, ...], kind: EventKind) -> tuple[Event, ...]:
    return tuple(event for event in events if event.kind is not kind)


def of_another_action(events: tuple[Event, ...]) -> tuple[Event, ...]:
    return (*events, msgspec.structs.replace(events[3], action="ffffffffffff", at=datetime.now(UTC)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda events: without(events, EventKind.INTENT), "sent without an intent"),
        (lambda events: without(events, EventKind.LOOKED), "a removal without its gate"),
        (lambda events: without(events, EventKind.VERIFIED), "done and not verified"),
        (lambda events: without(events, EventKind.RUN_FINISHED), "the last run ended with 0"),
        (of_another_action, "an intent beyond the plan"),
    ],
)
def test_what_is_wrong_in_the_journal_is_found(change: Any, told: str, case: Case):
    acts, log, events = case
    assert any(each.startswith(told) for each in judge.of_the_journal(acts, change(events), log, 0))
