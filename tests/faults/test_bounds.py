"""What is beyond its bounds spoils one read: that customer is unknown and not written to, the others are planned."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pcreconcile.partner_center.time_budget import LONGEST_WAIT
from tests.faults.conftest import with_manifests
from tests.faults.law import FA, Desk

ROW = {"id": "1", "offerId": "a:b", "quantity": 1, "status": "active"}
NEXT: dict[str, Any] = {"uri": "https://evil.example/v1/x", "method": "GET", "headers": []}


def rows(**members: Any) -> str:
    return json.dumps({"totalCount": 1, "items": [{**ROW, **members}]})


# What comes for the subscriptions of one customer: status, body, headers.
BEYOND: dict[str, tuple[int, str, dict[str, str]]] = {
    "a day to wait": (429, "{}", {"Retry-After": "86400"}),
    "a day to wait, of a server that is down": (503, "{}", {"Retry-After": "86400"}),
    "a repeated member": (200, '{"items": [], "items": []}', {}),
    "deep nesting": (200, '{"items": ' + "[" * 5000 + "]" * 5000 + "}", {}),
    "5,000 digits": (200, '{"items": [], "totalCount": ' + "9" * 5000 + "}", {}),
    "NaN": (200, '{"items": [NaN]}', {}),
    "two codings": (200, '{"items": []}', {"Content-Encoding": "gzip, gzip"}),
    "a quantity of -5": (200, rows(quantity=-5), {}),
    "a quantity as text": (200, rows(quantity="5"), {}),
    "an ID of dots": (200, rows(id=".."), {}),
    "a next page elsewhere": (200, json.dumps({"items": [ROW], "links": {"next": NEXT}}), {}),
}


def fault(status: int, body: str, headers: dict[str, str], count: int = 0) -> dict[str, Any]:
    place = {"method": "GET", "path": rf"/customers/{FA}/subscriptions$", "count": count}
    return {"fault": "status-before", "status": status, "body": body, "headers": headers, **place}


@pytest.mark.parametrize(("status", "body", "headers"), BEYOND.values(), ids=BEYOND)
def test_one_read_fails_and_nothing_else(desk: Desk, status: int, body: str, headers: dict[str, str]) -> None:
    desk.fault(fault(status, body, headers))
    before = len(desk.writes(FA))
    code, plan = desk.plan()
    assert code == 9
    verdicts = {each["name"]: each["verdict"] for each in plan["customers"]}
    assert verdicts.pop("fa") == "unknown"
    assert "unknown" not in verdicts.values()
    assert all(each["actions"] == [] for each in plan["customers"] if each["name"] == "fa")
    told = next(each for each in plan["unread"] if each["tenantId"] == FA)
    if status != 200:
        assert "run this again then" in json.dumps(told) + json.dumps(plan["customers"])
    code, _, errors = desk("apply", "--auto-approve")
    assert (code, "Traceback" in errors) == (9, False)
    assert len(desk.writes(FA)) == before


GOES_ON: dict[str, dict[str, Any]] = {
    "half a minute to wait": fault(429, "{}", {"Retry-After": "30"}, count=1),
    "five minutes to wait": fault(503, "{}", {"Retry-After": str(int(LONGEST_WAIT))}, count=1),
    "a body that is no JSON, once": fault(200, "<html>", {}, count=1),
    "a customers list that moves once": {
        "fault": "overlap",
        "method": "GET",
        "path": r"^/v1/customers$",
        "query": "size=500",
        "count": 1,
    },
}


@pytest.mark.parametrize("rule", GOES_ON.values(), ids=GOES_ON)
def test_what_passes_is_waited_for_and_the_command_goes_on(desk: Desk, rule: dict[str, Any]) -> None:
    desk.fault(rule)
    code, plan = desk.plan()
    assert code == 0
    assert "unknown" not in {each["verdict"] for each in plan["customers"]}


def test_a_command_without_time_ends_9_and_writes_nothing(own_desk: Callable[..., Desk]) -> None:
    desk = with_manifests(own_desk())
    code, plan = desk.plan("--timeout", "0s")
    assert code == 9
    assert {each["verdict"] for each in plan["customers"]} == {"unknown"}
    code, _, _ = desk("plan", "--out", "kept.json")
    assert code == 0
    code, _, errors = desk("apply", "kept.json", "--auto-approve", "--timeout", "0s", "--wait", "0s")
    assert code == 9, errors
    assert "--timeout" in errors
    assert desk.writes() == []
