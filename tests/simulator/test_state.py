"""One world over several processes, whatever ends them."""

import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pcreconcile.simulator import SimulatorError, SimulatorSettings, run_in_thread

from .conftest import TENANT, calling

SUBSCRIPTIONS = f"/v1/customers/{TENANT}21/subscriptions"
DIES = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from pcreconcile.simulator import SimulatorSettings
from simulator.conftest import calling
with calling(SimulatorSettings(state=Path(sys.argv[1]))) as caller:
    row = caller("GET", "{SUBSCRIPTIONS}").json()["items"][0]
    answer = caller("PATCH", "{SUBSCRIPTIONS}/" + row["id"], row | {{"status": "suspended"}}, MS_RequestId="1")
    assert answer.status_code == 200, answer.text
    os._exit(9)
"""
SERVES = """
import sys
from pathlib import Path
from pcreconcile.simulator import SimulatorSettings, serve
serve(SimulatorSettings(state=Path(sys.argv[1])), lambda url: print(url, flush=True))
"""


def test_a_change_survives_the_death_of_its_process(tmp_path):
    state = tmp_path / "world.db"
    died = subprocess.run([sys.executable, "-c", DIES, state], check=False, capture_output=True, text=True, timeout=600)
    assert died.returncode == 9, died.stderr
    with calling(SimulatorSettings(state=state)) as caller:
        row = caller("GET", SUBSCRIPTIONS).json()["items"][0]
        assert row["status"] == "suspended"
        again = caller("PATCH", f"{SUBSCRIPTIONS}/{row['id']}", row | {"status": "active"}, MS_RequestId="1")
        assert again.json()["status"] == "suspended"
        writes = [entry for entry in caller.log() if entry["method"] == "PATCH"]
        assert [(entry["applied"], entry["replayed"]) for entry in writes] == [(True, False), (False, True)]


def test_clock_options_tokens_and_read_counters_are_kept(tmp_path):
    settings = SimulatorSettings(state=tmp_path / "world.db", clock=datetime(2027, 1, 1, tzinfo=UTC))
    with calling(settings) as caller:
        bearer = {"Authorization": f"Bearer {caller.token()}"}
        caller.control("options", {"pageSize": 2})
        path = f"/v1/customers/{TENANT}28/subscriptions"
        azure = f"{path}/{caller('GET', path).json()['items'][0]['id']}/azureEntitlements"
        target = f"{azure}/{caller('GET', azure).json()['items'][0]['id']}"
        caller("POST", f"{target}/cancel", {"cancellationReason": "compromise"})
        seen = [caller("GET", target).json()["status"]]
    for _ in range(2):
        with calling(SimulatorSettings(state=settings.state)) as caller:
            answer = caller.http.get("/v1/customers", headers=bearer)
            assert (answer.json()["totalCount"], answer.headers["Date"]) == (2, "Fri, 01 Jan 2027 00:00:00 GMT")
            seen.append(caller("GET", target).json()["status"])
    assert seen == ["active", "active", "inactive"]


def test_two_processes_may_hold_one_world(tmp_path):
    settings = SimulatorSettings(state=tmp_path / "world.db")
    with calling(settings) as one, calling(settings) as two:
        row = one("GET", SUBSCRIPTIONS).json()["items"][0]
        assert one("PATCH", f"{SUBSCRIPTIONS}/{row['id']}", row | {"status": "suspended"}).status_code == 200
        assert two("GET", f"{SUBSCRIPTIONS}/{row['id']}").json()["status"] == "suspended"


def test_an_existing_state_moves_with_the_clock_but_not_back(tmp_path):
    state, start = tmp_path / "world.db", datetime(2027, 1, 1, tzinfo=UTC)
    for later in (0, 5):
        with calling(SimulatorSettings(state=state, clock=start + timedelta(days=later))) as caller:
            assert caller.http.get("/_simulator/clock").json()["now"] == f"2027-01-0{1 + later}T00:00:00Z"
    with pytest.raises(SimulatorError, match="backwards"), run_in_thread(SimulatorSettings(state=state, clock=start)):
        pass


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look like something else entirely" * 20, None]
)
def test_a_file_that_is_no_state_is_refused_and_left_alone(tmp_path, content):
    state = tmp_path / "other.db"
    if content is None:
        with sqlite3.connect(state) as other:
            other.execute("CREATE TABLE mine (x)")
        other.close()
    else:
        state.write_bytes(content)
    before = state.read_bytes()
    with pytest.raises(SimulatorError, match=r"other\.db"), run_in_thread(SimulatorSettings(state=state)):
        pass
    assert state.read_bytes() == before


def test_a_port_that_is_taken_says_so(example):
    port = int(example.url.rpartition(":")[2])
    with pytest.raises(SimulatorError, match=str(port)), run_in_thread(SimulatorSettings(port=port)):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_foreground_stops_cleanly_on_a_signal(tmp_path, number):
    with subprocess.Popen(
        [sys.executable, "-c", SERVES, tmp_path / "world.db"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url) as kept_open:
            assert kept_open.get("/").status_code == 200
            process.send_signal(number)
            assert process.wait(600) == 0
        assert process.stderr.read() == ""


def test_the_package_is_light_until_it_starts():
    code = "import sys, pcreconcile.simulator as s; s.example_estate(); print({'starlette', 'yaml'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
