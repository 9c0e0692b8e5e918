"""Twelve simulated months: a fleet that leaves, planned and applied day by day against the simulator's clock.

`make year` lives the whole form: 200 customers, every day of the year, once with a freeze and once without.
"""

import os
from datetime import date
from pathlib import Path

import pytest

from tests.year import checks
from tests.year.corners import CORNERS
from tests.year.facts import DAY, DECISION, Customer
from tests.year.fleet import fleet
from tests.year.oracle import Frozen
from tests.year.running import Year, lived

YEAR = 365
FREEZE = Frozen(date(2026, 12, 20), date(2027, 1, 5))
FULL = os.environ.get("PCRECONCILE_YEAR") == "full"


def told(customers: tuple[Customer, ...], year: Year, days: int, frozen: Frozen | None) -> list[str]:
    """Everything that did not hold, each with what it breaks."""
    horizon = DECISION + DAY * days
    found = {
        "promise": checks.broken_promises(year),
        "date": checks.wrong_dates(customers, year, frozen, horizon),
        "bill": checks.wrong_bills(customers, year, frozen, horizon),
        "refusal": checks.unforeseen_refusals(year),
        "failure": year.failed,
    }
    return [f"{what}: {each}" for what, those in found.items() for each in those]


@pytest.mark.parametrize("frozen", [None, FREEZE], ids=["plain", "with a freeze"])
def test_the_corners_of_the_calendar(tmp_path: Path, frozen: Frozen | None):
    year = lived(tmp_path, CORNERS, YEAR, frozen=frozen, every_day=False)
    broken = told(CORNERS, year, YEAR, frozen)
    assert not broken, "\n".join(broken)


def test_a_fleet_leaves_on_the_days_it_was_promised_and_at_the_least_cost(tmp_path: Path):
    customers = fleet(32, seed=2)
    year = lived(tmp_path, customers, YEAR, frozen=FREEZE, every_day=False)
    broken = told(customers, year, YEAR, FREEZE)
    assert not broken, "\n".join(broken)


def test_leaving_out_the_days_on_which_nothing_is_foreseen_changes_nothing(tmp_path: Path):
    days, customers = 40, CORNERS[::4]
    whole = lived(tmp_path / "whole", customers, days, every_day=True)
    short = lived(tmp_path / "short", customers, days, every_day=False)
    assert short.plans < whole.plans / 3
    assert short.billing == whole.billing
    assert [entry["path"] for entry in short.refused] == [entry["path"] for entry in whole.refused]


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="make year")
@pytest.mark.parametrize(("seed", "frozen"), [(2026, None), (2027, FREEZE)], ids=["plain", "with a freeze"])
def test_two_hundred_customers_every_day(tmp_path: Path, seed: int, frozen: Frozen | None):
    customers = fleet(200, seed)
    year = lived(tmp_path, customers, YEAR, frozen=frozen, every_day=True)
    broken = told(customers, year, YEAR, frozen)
    assert not broken, "\n".join(broken)
