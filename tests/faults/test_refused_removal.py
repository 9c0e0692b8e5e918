"""What blocks a removal may be nothing that a read shows: a refusal is remembered, and tried again in time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.faults.law import FA, Desk

Begin = Callable[..., Desk]
SAID = "Customer relationship cannot be removed due to \u202esomething @that nobody shows."
NIGHT = datetime(2027, 1, 5, 2, tzinfo=UTC)
ANCHOR = {"tenantId": "6b2e0b0c-0000-4000-8000-000000000900", "name": "anchor-co", "items": []}
LICENCE = {"kind": "legacy-license", "name": "EMS"}


def refusal(status: int = 400, code: int = 3000, said: str = SAID) -> dict[str, Any]:
    body = json.dumps({"code": code, "description": said})
    place = {"method": "PATCH", "path": rf"^/v1/customers/{FA}$", "count": 0}
    return {"fault": "status-before", "status": status, "body": body, **place}


class Nights:
    """A desk that plans and applies each night, and the requests for the removal that reached the service."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.at = NIGHT
        self.go_to(NIGHT)

    def go_to(self, at: datetime) -> None:
        self.at = at
        instant = at.isoformat().replace("+00:00", "Z")
        httpx.post(f"{self.desk.url}/_simulator/clock", json={"now": instant}).raise_for_status()
        self.desk.environment(PCRECONCILE_NOW=instant)

    def later(self, **span: int) -> None:
        self.go_to(self.at + timedelta(**span))

    @property
    def sent(self) -> int:
        return len([each for each in self.desk.log() if each["method"] == "PATCH" and each["path"].endswith(FA)])

    def apply(self, *arguments: str) -> tuple[int, str]:
        code, out, errors = self.desk("apply", *arguments, *([] if arguments else ["--auto-approve"]))
        return code, " ".join((out + errors).split())

    def plan(self) -> Any:
        _, plan = self.desk.plan()
        return next(each for each in plan["customers"] if each["name"] == "fa")


@pytest.fixture
def refused(own_desk: Begin) -> Nights:
    """The first night: everything is gone but for the relationship, and the service says no."""
    desk = own_desk({"customers": [{"tenantId": FA, "name": "fa", "items": [LICENCE]}, ANCHOR]})
    desk.partner(reservations="manual", timeZone="UTC")
    desk.customer("fa", FA, delegatedAccess="keep")
    nights = Nights(desk)
    desk.fault(refusal())
    desk.plan("--out", "kept.json")
    code, said = nights.apply()
    assert (code, nights.sent) == (6, 1), said
    return nights


def test_it_is_blocked_with_the_services_words_and_says_when_it_is_tried_again(refused: Nights) -> None:
    refused.later(days=1)
    customer = refused.plan()
    assert customer["verdict"] == "blocked"
    (blocker,) = customer["blockers"]
    assert (blocker["code"], blocker["clearsAt"]) == ("removal-refused", None)
    assert "HTTP 400/3000: Customer relationship cannot be removed due to" in blocker["how"]
    assert customer["bindingBlocker"] == blocker
    assert customer["tryAgainAt"].startswith("2027-01-12T02:0")
    assert customer["earliestRemoval"] == "2027-01-12"
    removals = [each["when"] for each in customer["actions"] if each["kind"] == "remove-relationship"]
    assert removals == ["2027-01-12"]
    _, out, _ = refused.desk("plan")
    assert "try again" in out
    assert "\u202e" not in out, "the service's words are escaped"


def test_it_is_not_sent_each_night_and_sent_again_after_a_week(refused: Nights) -> None:
    for _ in range(6):
        refused.later(days=1)
        _, said = refused.apply()
        assert "result done " not in said, said
    assert refused.sent == 1
    refused.later(days=1, hours=1)
    refused.apply()
    assert refused.sent == 2
    refused.later(days=1)
    refused.apply()
    assert refused.sent == 2, "refused anew, it waits for another week"


def test_what_clears_in_a_week_works_then(refused: Nights) -> None:
    refused.desk.fault()
    refused.later(days=1)
    refused.apply()
    assert refused.sent == 1
    refused.later(days=6, hours=1)
    code, said = refused.apply()
    assert (code, refused.sent) == (0, 2), said
    assert refused.plan()["verdict"] == "converged"


def test_the_document_that_was_refused_asks_again_when_somebody_applies_it_again(refused: Nights) -> None:
    """It has written something else, and what was refused may have waited for just that."""
    code, said = refused.apply("kept.json")
    assert (code, refused.sent) == (6, 2), said
    refused.desk.fault()
    code, said = refused.apply("kept.json")
    assert (code, refused.sent) == (0, 3), said


@pytest.mark.parametrize("spec", [{"ticket": "CHG-7"}, {"reason": "moves on, really"}])
def test_a_change_of_the_manifest_tries_at_once(refused: Nights, spec: dict[str, str]) -> None:
    refused.desk.customer("fa", FA, delegatedAccess="keep", **spec)
    assert refused.plan()["verdict"] == "ready"
    refused.apply()
    assert refused.sent == 2


def test_a_changed_live_state_tries_at_once(refused: Nights) -> None:
    refused.later(days=1)
    world = httpx.get(f"{refused.desk.url}/_simulator/world").json()
    held = world["customers"][FA]["subscriptions"][0]
    shown = json.dumps({"totalCount": 1, "items": [{**held, "status": "deleted"}]})
    place = {"method": "GET", "path": rf"/customers/{FA}/subscriptions$", "count": 0}
    refused.desk.fault(refusal(), {"fault": "status-before", "status": 200, "body": shown, **place})
    assert refused.plan()["verdict"] == "ready"


NOT_OF_THE_CUSTOMER = {
    "no role": refusal(403, 900150, "The role lacks rights."),
    "busy": {**refusal(429, 0, "Too many requests."), "headers": {"Retry-After": "7200"}},
}


@pytest.mark.parametrize("why", NOT_OF_THE_CUSTOMER)
def test_a_no_to_the_credential_or_the_moment_is_tried_the_next_night(own_desk: Begin, why: str) -> None:
    desk = own_desk({"customers": [{"tenantId": FA, "name": "fa", "items": []}, ANCHOR]})
    desk.partner(reservations="manual", timeZone="UTC")
    desk.customer("fa", FA, delegatedAccess="keep")
    nights = Nights(desk)
    desk.fault(NOT_OF_THE_CUSTOMER[why])
    nights.apply()
    sent = nights.sent
    desk.fault()
    nights.later(days=1)
    code, said = nights.apply()
    assert (code, nights.sent) == (0, sent + 1), said
