"""`kill -9` at every event of one mixed plan, then `apply` again: every planned write took effect exactly once.

The count is the simulator's own log, not ours. The plan is made once; each boundary has a world of its own, made from
the same estate at the same instant.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pcreconcile.simulator import SimulatorSettings, run_in_thread
from tests.e2e.conftest import ESTATES, Desk, Service, actions, environment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = {"PCRECONCILE_NOW": "2026-11-22T12:00:00Z"}
TENANT = "6b2e0b0c-0000-4000-8000-0000000000"
BATCHES = 8


def settings() -> SimulatorSettings:
    return SimulatorSettings(estate=ESTATES / "mixed.yaml", clock=NOW)


def mixed(desk: Desk, url: str) -> None:
    desk.partner(url)
    desk.policy()
    desk.customer("wren-foods", f"{TENANT}61", "wrenfoods.onmicrosoft.com")
    cancel = [{"match": {"family": "azure-plan"}, "desired": "cancel", "reason": "migrated"}]
    desk.customer("yarrow-studio", f"{TENANT}62", "yarrowstudio.onmicrosoft.com", subscriptions=cancel)
    desk.customer("zephyr-labs", f"{TENANT}63", "zephyrlabs.onmicrosoft.com")
    desk.customer("acorn-stays", f"{TENANT}64", "acornstays.onmicrosoft.com", "suspended")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The plan, and how many events an undisturbed apply of it writes."""
    desk = Desk(tmp_path_factory.mktemp("mixed"))
    with run_in_thread(settings()) as running:
        mixed(desk, running.url)
        desk("plan", "--out", "mixed.plan.json", expect=0, **AT)
        kept = desk.folder / "kept.plan.json"
        shutil.copy(desk.folder / "mixed.plan.json", kept)
        done = desk("apply", "mixed.plan.json", "--json", expect=0, **AT)
    events = [record for record in map(json.loads, done.stdout.splitlines()) if record.get("type") == "event"]
    assert events
    return kept, len(events)


def killed(desk: Desk, place: str, number: int) -> int:
    script = Path(__file__).with_name("killed_apply.py")
    done = subprocess.run(
        [sys.executable, str(script), place, str(number), "mixed.plan.json"],
        cwd=desk.folder,
        env=environment(desk.folder, **AT),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("place", ["before", "after"])
def test_killed_at_every_event_each_write_takes_effect_once(
    batch: int, place: str, made: tuple[Path, int], tmp_path: Path
):
    kept, events = made
    planned = Counter(name for name, _ in actions(json.loads(kept.read_text())))
    for number in range(1 + batch, events + 1, BATCHES):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = Desk(folder)
        with run_in_thread(settings()) as running:
            mixed(desk, running.url)
            shutil.copy(kept, folder / "mixed.plan.json")
            assert killed(desk, place, number) == -signal.SIGKILL
            desk("apply", "mixed.plan.json", expect=0, **AT)
            service = Service(running.url)
            names = {f"{TENANT}61": "wren-foods", f"{TENANT}62": "yarrow-studio"}
            names |= {f"{TENANT}63": "zephyr-labs", f"{TENANT}64": "acorn-stays"}
            took_effect = Counter(names[entry["customer"]] for entry in service.writes())
            assert took_effect == planned, f"killed {place} event {number}"
