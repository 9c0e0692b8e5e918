"""Injected faults: what the caller sees, and what has happened all the same."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

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


def test_a_page_in_the_middle(estate):
    caller = estate(options={"pageSize": 1})
    caller.control("faults", [{"fault": "status-before", "path": "/customers$", "query": "seekoperation=next"}])
    assert caller("GET", "/v1/customers").status_code == 200
    assert caller("GET", "/v1/customers?seekOperation=Next&size=1", MS_ContinuationToken="x").status_code == 503
    assert caller("GET", "/v1/customers?seekOperation=Next&size=1", MS_ContinuationToken="x").status_code == 400


@pytest.mark.parametrize(
    ("fault", "kind"), [({}, "text/html"), ({"contentType": "text/plain; charset=x"}, "text/plain; charset=x")]
)
def test_a_wrong_content_type(caller, fault, kind):
    caller.control("faults", [{"fault": "wrong-content-type", "path": "^/v1/", **fault}])
    answer = caller("GET", ROW)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.json()["totalCount"] == 1


def test_pages_that_overlap_show_their_rows_once_more(caller):
    caller.control("faults", [{"fault": "overlap", "path": "/subscriptions$"}])
    first = caller("GET", ROW).json()
    following = first["links"]["next"]["uri"]
    assert following.startswith(ROW.removeprefix("/v1") + "?")
    again = caller("GET", "/v1" + following).json()
    assert again["items"] == first["items"]
    assert "next" not in (again.get("links") or {})


def test_an_odd_row_takes_the_place_of_the_first(caller):
    caller.control("faults", [{"fault": "odd-row", "path": "/subscriptions$"}])
    assert caller("GET", ROW).json()["items"] == [{}]
    caller.control("faults", [{"fault": "odd-row", "path": "/customers/[^/]+$"}])
    assert caller("GET", f"/v1/customers/{TENANT}01").json() == {}


def test_a_wrong_total_says_more_than_comes(caller):
    caller.control("faults", [{"fault": "wrong-total", "path": "/subscriptions$"}])
    found = caller("GET", ROW).json()
    assert (found["totalCount"], len(found["items"])) == (2, 1)


def test_a_rule_may_look_at_what_the_request_says(caller):
    rule = {"fault": "status-before", "method": "POST", "path": "/token$", "content": "grant_type=refresh", "count": 0}
    caller.control("faults", [rule])
    caller.token(app_only=True)
    with pytest.raises((KeyError, ValueError, httpx.HTTPError)):
        caller.token()


def test_a_huge_body_is_still_json(caller):
    caller.control("faults", [{"fault": "huge-body", "path": "^/v1/", "megabytes": 2}])
    answer = caller("GET", ROW)
    assert len(answer.content) > 2 * 1024 * 1024
    assert answer.json()["totalCount"] == 1
    assert "Content-Length" not in answer.headers


def test_a_redirect_to_another_host(caller):
    caller.control("faults", [{"fault": "redirect", "method": "PATCH", "location": "https://elsewhere.example/x"}])
    answer = suspend(caller)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://elsewhere.example/x")
    assert status_now(caller) == "active"


def test_a_reset_in_the_middle_of_the_body(caller):
    caller.control("faults", [{"fault": "reset", "method": "PATCH"}])
    with pytest.raises(httpx.ReadError):
        suspend(caller)
    assert status_now(caller) == "suspended"


def test_no_effect_is_answered_as_if_it_had_worked(caller):
    caller.control("faults", [{"fault": "no-effect", "method": "PATCH"}])
    assert suspend(caller, MS_RequestId="1").json()["status"] == "suspended"
    entry = caller.log()[-1]
    assert (entry["applied"], entry["fault"]) == (False, "no-effect")
    assert (status_now(caller), caller("GET", "/v1/auditrecords").json()["totalCount"]) == ("active", 0)
    again = suspend(caller, MS_RequestId="1")
    assert (again.json()["status"], status_now(caller)) == ("suspended", "active")
    assert (suspend(caller).json()["status"], status_now(caller)) == ("suspended", "suspended")


def test_reads_lag_behind_a_write(caller):
    caller.control("faults", [{"fault": "stale-reads", "method": "PATCH", "reads": 2}])
    row = suspend(caller).json()
    assert row["status"] == status_now(caller) == "suspended"
    paths = [ROW, f"{ROW}/{row['id']}", ROW]
    seen = [caller("GET", path).json() for path in paths]
    assert [each.get("items", [each])[0]["status"] for each in seen] == ["active", "active", "suspended"]


def test_a_removed_customer_lingers_in_the_list(estate):
    caller = estate()
    one = f"/v1/customers/{TENANT}01"
    caller.control("faults", [{"fault": "stale-reads", "method": "PATCH", "reads": 2}])
    assert caller("PATCH", one, {"relationshipToPartner": "none"}).status_code == 200
    assert caller("PATCH", one, {"relationshipToPartner": "none"}).json()["code"] == 3000
    assert caller("GET", "/v1/customers").json()["items"][0]["relationshipToPartner"] == "reseller"
    assert caller("GET", one).status_code == 200
    assert caller("GET", "/v1/customers").json()["totalCount"] == 0
    assert caller("GET", one).status_code == 404


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_skewed_date(caller, seconds):
    caller.control("clock", {"now": "2030-01-01T00:00:00Z"})
    caller.control("faults", [{"fault": "clock-skew", "seconds": seconds, "count": 0}])
    date = parsedate_to_datetime(caller("GET", ROW).headers["Date"])
    assert (date - datetime(2030, 1, 1, tzinfo=UTC)).total_seconds() == seconds
    suspend(caller)
    assert caller("GET", "/v1/auditrecords").json()["items"][0]["operationDate"] == "2030-01-01T00:00:00Z"


RULE = {"fault": "status-before", "path": "/v1/customers$", "nth": 2}


@pytest.mark.parametrize("way", ["file", "http"])
def test_counts_go_on_in_the_next_process(tmp_path, way):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([RULE]))
    settings = SimulatorSettings(state=tmp_path / "world.db", faults=path if way == "file" else None)
    with calling(settings) as caller:
        if way == "http":
            caller.control("faults", [RULE])
        assert caller("GET", "/v1/customers").status_code == 200
    with calling(settings) as caller:
        assert caller("GET", "/v1/customers").status_code == 503
    with calling(settings) as caller:
        assert caller.http.get("/_simulator/faults").json()["faults"][0]["seen"] == 2


@pytest.mark.parametrize("second", [None, [RULE | {"nth": 3}]], ids=["no file", "another file"])
def test_other_rules_start_anew(tmp_path, second):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([RULE]))
    with calling(SimulatorSettings(state=tmp_path / "world.db", faults=path)) as caller:
        caller("GET", "/v1/customers")
    path.write_text(json.dumps(second))
    with calling(SimulatorSettings(state=tmp_path / "world.db", faults=path if second else None)) as caller:
        assert [each["seen"] for each in caller.http.get("/_simulator/faults").json()["faults"]] == (
            [0] if second else []
        )


@pytest.mark.parametrize(
    "faults",
    [
        [{"fault": "slow", "query": "("}],
        [{"fault": "huge-body", "megabytes": 5000}],
        [{"fault": "clock-skew", "seconds": 10**9}],
        [{"fault": "redirect", "location": "a\nb"}],
        [{"fault": "status-after", "headers": {"X": "\u2603"}}],
        {},
        [{}],
        [{"fault": "x"}],
        [{"fault": "slow", "path": "("}],
        [{"fault": "slow", "seconds": -1}],
        [{"fault": "status-after", "status": 199}],
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
