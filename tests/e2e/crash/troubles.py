"""What goes wrong beside the kills: the service loses, fails, throttles and shows late, as its documentation warns.

Each trouble is drawn with its own turns, so that two stories with the same trouble are not alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Rule = dict[str, Any]
_WRITES = {"method": "PATCH|POST", "path": "^/(v1|graph|management)/"}
_READS = {"method": "GET", "path": "^/(v1|graph|management)/"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """The simulator's fault rules and switches for one story."""

    name: str
    rules: tuple[Rule, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


def _turns(dice: random.Random, writes: int, most: int = 3) -> list[dict[str, int]]:
    numbers = dice.sample(range(1, writes + 1), min(writes, dice.randint(1, most)))
    return [{"nth": number, "count": 1} for number in sorted(numbers)]


def _none(dice: random.Random, writes: int) -> Trouble:
    return Trouble("none")


def _lost_answers(dice: random.Random, writes: int) -> Trouble:
    kinds = ("drop-after", "truncate", "reset")
    return Trouble("answers lost", tuple({"fault": dice.choice(kinds), **_WRITES, **n} for n in _turns(dice, writes)))


def _lost_requests(dice: random.Random, writes: int) -> Trouble:
    return Trouble("requests lost", tuple({"fault": "drop-before", **_WRITES, **n} for n in _turns(dice, writes)))


def _failing(dice: random.Random, writes: int) -> Trouble:
    def rule(turn: dict[str, int]) -> Rule:
        kind = dice.choice(("status-before", "status-after"))
        return {"fault": kind, "status": dice.choice((500, 502, 503, 504)), **_WRITES, **turn}

    return Trouble("5xx", tuple(map(rule, _turns(dice, writes))))


def _throttled(dice: random.Random, writes: int) -> Trouble:
    busy = {"fault": "status-before", "status": 429, "headers": {"Retry-After": "1"}}
    of_writes = [{**busy, **_WRITES, **turn} for turn in _turns(dice, writes)]
    of_reads = {**busy, **_READS, "nth": dice.randint(1, 30), "count": 2}
    return Trouble("429", (*of_writes, of_reads))


def _late(dice: random.Random, writes: int) -> Trouble:
    late = {"fault": "stale-reads", **_WRITES, "reads": dice.randint(1, 4)}
    return Trouble("seen late", ({**late, "count": 0},))


def _asynchronous(dice: random.Random, writes: int) -> Trouble:
    return Trouble("asynchronous", options={"asyncReads": dice.randint(0, 6), "acceptedUpdates": dice.random() < 0.5})


def _bad_reads(dice: random.Random, writes: int) -> Trouble:
    kinds = ("drop-before", "status-before", "truncate")
    rules = [
        {"fault": dice.choice(kinds), "status": 503, **_READS, "nth": dice.randint(1, 60), "count": dice.randint(1, 2)}
        for _ in range(3)
    ]
    return Trouble("reads fail", tuple(rules))


def _all_at_once(dice: random.Random, writes: int) -> Trouble:
    parts = [make(dice, writes) for make in (_lost_answers, _failing, _throttled, _bad_reads, _asynchronous)]
    rules = [rule for part in parts for rule in part.rules]
    return Trouble("all at once", tuple(rules), parts[-1].options)


TROUBLES: tuple[Callable[[random.Random, int], Trouble], ...] = (
    _none,
    _lost_answers,
    _lost_requests,
    _failing,
    _throttled,
    _late,
    _asynchronous,
    _bad_reads,
    _all_at_once,
)
