"""Injected faults: what the caller sees, and what has happened all the same."""

import httpx
import pytest

from pcreconcile.simulator import SimulatorError, SimulatorSettings, run_in_thread

from .conftest import TENANT, calling

ROW = f"/v1/customers/{TENANT}01/subscriptions"


@pytest.fixture
def caller(estate):
    return estate([{"kind": "legacy-license"}])


def suspend(caller, **headers):
    row = caller("GET", ROW).json()["items"][0]
    return caller("PATCH", f"{ROW}/{row['id']}", row | {"status": "suspended"}, **headers)


def status_now(caller):
    return caller.world(TENANT + "01")["subscriptions"][0]["status"]


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("drop-before", httpx.RemoteProtocolError, "active"),
        ("drop-after", httpx.RemoteProtocolError, "suspended"),
        ("truncate", httpx.RemoteProtocolError, "suspended"),
    ],
)
def test_a_lost_answer(caller, kind, error, status):
    assert caller.control("faults", [{"fault": kind, "method": "PATCH", "path": "/subscriptions/"}]).status_code == 200
    with pytest.raises(error):
        suspend(caller, MS_RequestId="1")
    assert status_now(caller) == status
    entry = caller.log()[-1]
    assert (entry["fault"], entry["applied"], entry["requestId"]) == (kind, status == "suspended", "1")
    assert suspend(caller, MS_RequestId="1").json()["status"] == "suspended"
    assert len([each for each in caller.log() if each["applied"]]) == 1


@pytest.mark.parametrize(("kind", "status"), [("status-before", "active"), ("status-after", "suspended")])
def test_a_failing_service(caller, kind, status):
    fault = {"fault": kind, "method": "PATCH", "status": 502, "body": "{}", "headers": {"Retry-After": 2}}
    caller.control("faults", {"faults": [fault]})
    answer = suspend(caller)
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (502, "{}", "2")
    assert status_now(caller) == status


def test_a_slow_answer(caller):
    caller.control("faults", [{"fault": "slow", "method": "PATCH", "seconds": 0.05}])
    answer = suspend(caller)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.05


def test_which_occurrence(caller):
    caller.control("faults", [{"fault": "status-before", "path": "CUSTOMERS$", "nth": 2, "count": 2}])
    assert [caller("GET", "/v1/customers").status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert caller.http.get("/_simulator/faults").json()["faults"][0]["seen"] == 5
    assert caller.http.delete("/_simulator/faults").json() == {"faults": []}


@pytest.mark.parametrize(
    "faults",
    [
        {},
        [{}],
        [{"fault": "x"}],
        [{"fault": "slow", "path": "("}],
        [{"fault": "slow", "seconds": -1}],
        [{"fault": "status-after", "status": 200}],
        3,
    ],
    ids=str,
)
def test_faults_are_checked(caller, faults):
    expected = 200 if faults == {} else 400
    assert caller.control("faults", faults).status_code == expected
    assert caller.http.put("/_simulator/faults").status_code == 405


def test_a_file_of_faults(tmp_path):
    path = tmp_path / "faults.yaml"
    path.write_text("faults: [{fault: status-before, path: /v1/customers, status: 429, headers: {Retry-After: '1'}}]")
    with calling(SimulatorSettings(faults=path)) as caller:
        assert [caller("GET", "/v1/customers").status_code for _ in range(2)] == [429, 200]
    path.write_text("faults: [{fault: explode}]")
    with (
        pytest.raises(SimulatorError, match=r"faults\.yaml.*faults\[0\]\.fault"),
        run_in_thread(SimulatorSettings(faults=path)),
    ):
        pass
