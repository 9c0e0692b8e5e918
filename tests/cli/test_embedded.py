"""The embedded simulator: a world is founded at the command's own `now`, and two clocks are never compared.

Nothing here is quick or slow: what a slow machine does is shown with an instant that has long passed when it is used.
"""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from pcreconcile.cli import main, wiring
from pcreconcile.cli.clock import ProcessClock
from pcreconcile.cli.embedded import WORLD, embedded
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Partner
from pcreconcile.simulator.clock import Clock
from pcreconcile.simulator.store import Store

PARTNER = "9f10aa00-0000-4000-8000-0000000000aa"
HOUR = timedelta(hours=1)
FAR = datetime(2150, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def partner(estate: str | None = None) -> Partner:
    return Partner("contoso-csp", TenantId(PARTNER), Cloud.SIMULATOR, simulator_estate=estate)


def estate_of(folder: Path, customers: int, licences: int) -> Path:
    """The estate of the case `first-plan-of-a-big-estate`."""
    licence = {"kind": "new-commerce-license", "product": "CFQ7TTC0LF8R", "quantity": 25, "bought": "-60d"}
    estate = [
        {
            "tenantId": f"6b2e0b0c-0000-4000-8000-0000{number:08d}",
            "name": f"cust-{number:05d}",
            "items": [{**licence, "name": f"Microsoft 365 E3 {each}", "order": "one"} for each in range(licences)],
        }
        for number in range(customers)
    ]
    path = folder / "world.yaml"
    path.write_text(yaml.safe_dump({"customers": estate}, sort_keys=False), encoding="utf-8")
    return path


def kept(folder: Path) -> tuple[datetime, Clock, int]:
    """When the world was founded, its clock, and how many customers it has."""
    store = Store(folder / WORLD)
    try:
        created = datetime.fromisoformat(store.meta("created"))
        return created, Clock.load(store.meta("clock")), len(store.customers())
    finally:
        store.close()


def world_says(url: str) -> datetime:
    with urllib.request.urlopen(f"{url}/_simulator/clock") as answer:
        return datetime.fromisoformat(json.load(answer)["now"])


def test_a_world_of_400_customers_is_founded_at_the_instant_at_which_the_command_began(tmp_path):
    began = datetime.now(UTC) - HOUR  # as long as founding takes on the slowest of machines
    estate = estate_of(tmp_path, 400, 6)
    with embedded(partner(estate.name), tmp_path, tmp_path, began, None):
        pass
    created, clock, customers = kept(tmp_path)
    assert (created, clock, customers) == (began, Clock(), 400)


def test_a_first_plan_that_took_an_hour_to_found_its_world_is_a_plan(partner_folder, monkeypatch, capsys):
    monkeypatch.chdir(partner_folder)

    class AnHourAgo(ProcessClock):
        def now(self):
            return super().now() - HOUR

    monkeypatch.setattr(wiring, "ProcessClock", AnHourAgo)
    code = main(["plan", "--format", "json"])
    seen = capsys.readouterr()
    assert "run backwards" not in seen.err
    assert (code, bool(json.loads(seen.out)["customers"])) == (0, True)


# A kept world's clock × the command's → the clock afterwards, or None for a refusal. `now` is an hour ago in each.
RUNS = Clock()
CLOCKS = [
    ("runs", RUNS, None, RUNS),
    ("runs", RUNS, FAR, Clock(FAR)),
    ("runs", RUNS, LONG_AGO, None),
    ("stood still", Clock(LONG_AGO), None, RUNS),
    ("stood still", Clock(LONG_AGO), LONG_AGO, Clock(LONG_AGO)),
    ("stood still", Clock(LONG_AGO), FAR, Clock(FAR)),
    ("stood still", Clock(LONG_AGO), LONG_AGO - timedelta(microseconds=1), None),
    ("is later", Clock(FAR), None, None),
    ("is later", Clock(FAR), FAR, Clock(FAR)),
]


@pytest.mark.parametrize(("name", "before", "rehearsed", "after"), CLOCKS)
def test_a_kept_world_goes_on_with_the_command(tmp_path, name, before, rehearsed, after):
    began = datetime.now(UTC) - HOUR
    with embedded(partner(), tmp_path, tmp_path, began, None):
        pass
    store = Store(tmp_path / WORLD)
    store.set_meta("clock", before.dump())
    store.close()
    if after is None:
        with (
            pytest.raises(ConfigurationError, match="run backwards: set PCRECONCILE_NOW"),
            embedded(partner(), tmp_path, tmp_path, began, rehearsed),
        ):
            pytest.fail("it began")
        after = before
    else:
        with embedded(partner(), tmp_path, tmp_path, began, rehearsed) as (place, _):
            assert after.fixed in {None, world_says(place.endpoints.partner_center)}
    assert kept(tmp_path)[1] == after


def test_the_instant_that_a_refusal_names_is_taken(tmp_path):
    stands = FAR + timedelta(microseconds=400)
    with embedded(partner(), tmp_path, tmp_path, stands, stands):
        pass
    with pytest.raises(ConfigurationError) as refusal, embedded(partner(), tmp_path, tmp_path, LONG_AGO, LONG_AGO):
        pytest.fail("it began")
    named = datetime.fromisoformat(str(refusal.value).split("stands at ")[1].split(" ")[0])
    with embedded(partner(), tmp_path, tmp_path, named, named):
        pass
    assert kept(tmp_path)[1] == Clock(named)


def test_a_world_whose_founding_was_interrupted_is_founded_from_its_own_estate(tmp_path):
    (tmp_path / WORLD).touch()  # what `kill -9` leaves behind before the first transaction has ended
    with embedded(partner(estate_of(tmp_path, 3, 1).name), tmp_path, tmp_path, datetime.now(UTC), None):
        pass
    assert kept(tmp_path)[2] == 3
