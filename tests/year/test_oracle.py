"""The oracle itself, against dates that were worked out by hand from the rules and the manifest's meaning."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.year.facts import DECISION, Customer, Leaving, Thing, Transfer, run_at, term_after
from tests.year.oracle import Frozen, expected

NOW = DECISION
FREEZE = Frozen(date(2026, 12, 20), date(2027, 1, 5))


def thing(kind: str, starts: str, term: str = "", window: str = "", **more: Any) -> Thing:
    began = instant(starts)
    facts: dict[str, Any] = {"ends": term_after(began, term) if term else None, **more}
    return Thing(kind, (more.get("base", "") and "extra") or kind, kind, began, term, window=instant(window), **facts)


def instant(text: str) -> Any:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def gone(things: list[Thing], frozen: Frozen | None = None, transfer: Transfer | None = None, **wish: Any) -> Any:
    """What the oracle says, in short: the ends in the order of the things, then the removal."""
    found = expected(Customer("t", "c", tuple(things), Leaving(**wish), transfer), frozen)
    ends = [found.ends[each.name] for each in things]
    return [each and f"{each:%m-%d %H:%M}" for each in [*ends, found.removal]]


NCE = "new-commerce-license"
MONTH = thing(NCE, "2026-11-10", "P1M", "2026-11-17", renews=True)  # ends on the 9th, over on the 10th
BOUGHT = thing(NCE, "2026-11-20T12:00", "P1Y", "2026-11-27T12:00", renews=True)
YEAR = thing(NCE, "2025-12-01", "P1Y", "2025-12-08", renews=True)  # over on 2026-12-01
EST = thing(NCE, "2026-11-10", "P1M", "2026-12-09", extended=True)
OLD = thing("legacy-license", "2026-03-01", renews=True, ends=instant("2027-03-01"))
RI = thing("reservation", "2026-01-01", ends=instant("2027-01-01"), returnable=False)
BOX = thing("perpetual-software", "2026-11-10T12:00", window="2026-12-10T12:00")

CASES: dict[str, tuple[list[Thing], dict[str, Any], list[str | None]]] = {
    "an open window is used at once": ([BOUGHT], {}, ["11-22 23:30", "11-22 23:30"]),
    "a running term runs out": ([MONTH], {}, ["12-10 00:00", "12-10 23:30"]),
    "legacy waits for what runs out": ([YEAR, OLD], {}, ["12-01 00:00", "12-01 23:30", "12-01 23:30"]),
    "legacy does not wait when asap": ([YEAR, OLD], {"pace": "asap"}, ["12-01 00:00", "11-22 23:30", "12-01 23:30"]),
    "an extended month ends any day": ([EST], {}, ["11-22 23:30", "11-22 23:30"]),
    "also on the last day of its month": ([EST], {"service_until": date(2026, 12, 9)}, ["12-09 23:30", "12-09 23:30"]),
    "a promise inside the window": ([BOUGHT], {"service_until": date(2026, 11, 25)}, ["11-25 23:30", "11-25 23:30"]),
    "a promise after the window": ([BOUGHT], {"service_until": date(2026, 12, 24)}, ["11-20 00:00", "11-20 23:30"]),
    "refunds before promises": (
        [BOUGHT],
        {"service_until": date(2026, 12, 24), "refunds": "require"},
        ["11-22 23:30", "11-22 23:30"],
    ),
    "a month goes on to its promise, into the next window": (
        [MONTH],
        {"service_until": date(2026, 12, 13)},
        ["12-13 23:30", "12-13 23:30"],
    ),
    "a month goes on to its promise, past the next window": (
        [MONTH],
        {"service_until": date(2026, 12, 20)},
        ["01-10 00:00", "01-10 23:30"],
    ),
    "nothing is written before notBefore, so a month renews": (
        [MONTH],
        {"not_before": date(2026, 12, 20)},
        ["01-10 00:00", "01-10 23:30"],
    ),
    "a year that renews meanwhile is cancelled in its new window": (
        [YEAR],
        {"not_before": date(2026, 12, 5)},
        ["12-04 23:30", "12-04 23:30"],
    ),
    "ignored refunds wait with the others while the window lasts": (
        [BOUGHT, thing("savings-plan", "2025-11-25", "P1Y")],
        {"refunds": "ignore"},
        ["11-25 23:30", "11-25 00:00", "11-25 23:30"],
    ),
    "and run out when it does not": (
        [BOUGHT, thing("savings-plan", "2025-11-29", "P1Y")],
        {"refunds": "ignore"},
        ["11-20 00:00", "11-29 00:00", "11-20 23:30"],
    ),
    "settle counts from what was taken": ([OLD], {"settle": 3}, ["11-22 23:30", "11-25 23:30"]),
    "settle does not count from what ran out": ([MONTH], {"settle": 3}, ["12-10 00:00", "12-10 23:30"]),
    "software is taken back in its window": ([BOX], {}, ["11-22 23:30", "11-22 23:30"]),
    "software is the customer's after it": (
        [BOX],
        {"service_until": date(2026, 12, 24)},
        ["12-10 12:00", "12-10 23:30"],
    ),
    "a reservation that nobody takes back": ([RI, OLD], {}, ["01-01 00:00", "01-01 23:30", "01-01 23:30"]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_rules_allow_at_best(case: str):
    things, wish, wanted = CASES[case]
    assert gone(things, **wish) == wanted


def test_a_freeze_lets_instructions_through_and_nothing_else():
    wish = {"service_until": date(2026, 12, 24)}
    assert gone([OLD], FREEZE, **wish) == ["01-05 23:30", "01-05 23:30"]
    assert gone([YEAR], FREEZE) == ["12-01 00:00", "12-01 23:30"]


def test_a_transfer_keeps_its_lines_until_it_lapses():
    transfer = Transfer((NCE,), instant("2026-11-25T12:00"))
    assert gone([BOUGHT], transfer=transfer) == ["11-26 23:30", "11-26 23:30"]
    assert gone([OLD], transfer=transfer) == ["11-26 23:30", "11-26 23:30"]


def test_runs_are_a_day_apart():
    assert run_at(NOW - timedelta(days=9)) == NOW
    assert run_at(NOW + timedelta(seconds=1)) == NOW + timedelta(days=1)
