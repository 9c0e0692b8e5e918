"""Stories of reads that failed, as others met them, and beside them what must go on working."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.conftest import with_manifests
from tests.faults.law import ESTATE, FA, FB, READS, Desk, Resource, expired, rule

CASES = Path(__file__).parent / "cases"
Begin = Callable[..., Desk]


def load(case: str, name: str) -> Any:
    return yaml.safe_load((CASES / case / f"{name}.yaml").read_text(encoding="utf-8"))


def begin_case(own_desk: Begin, case: str, **spec: Any) -> Desk:
    """The case's world and faults, and the one manifest that it is about."""
    desk = own_desk(load(case, "world"))
    desk.partner(timeZone="UTC", reservations="manual")
    desk.customer("fa", FA, **{"delegatedAccess": "keep", **spec})
    return desk


def only(plan: Any, code: str) -> list[str]:
    return [each["text"] for each in plan["warnings"] if each["code"] == code]


def customer(plan: Any, name: str) -> Any:
    return next(each for each in plan["customers"] if each["name"] == name)


PLACES = {
    "resellers": (r"/relationships", {}),
    "transfers": (r"/transfers", {}),
    "delegated access": (r"/delegatedAdminRelationships", {"delegatedAccess": "terminate"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_half_read_customer(own_desk: Begin, place: str) -> None:
    """A window that closes is no reason to act half blind: it is the first thing that the plan says."""
    path, spec = PLACES[place]
    desk = begin_case(own_desk, "half-read-customer", **spec)
    (fault,) = load("half-read-customer", "faults")["faults"]
    desk.fault({**fault, "path": path})
    code, plan = desk.plan()
    fa = customer(plan, "fa")
    assert (code, fa["verdict"], fa["actions"]) == (9, "unknown", [])
    assert plan["warnings"][0]["code"] == "window-closing-unread"
    said = plan["warnings"][0]["text"]
    assert said.startswith("fa: EXO")
    for part in (" UTC", "seats", "to come back", "Partner Center, Customers, Fa, Subscriptions"):
        assert part in said
    assert plan["createdAt"] < fa["tryAgainAt"] < fa["nextDeadline"]
    code, out, _ = desk("apply", "--auto-approve")
    assert (code, desk.writes()) == (9, [])
    assert "result  done" not in out
    assert out.index("window-closing-unread") < out.index("UNKNOWN")


def test_half_read_customer_goes_on_when_it_can_be_read(own_desk: Begin) -> None:
    desk = begin_case(own_desk, "half-read-customer")
    code, plan = desk.plan()
    assert (code, customer(plan, "fa")["tryAgainAt"]) == (0, None)
    assert [action["kind"] for action in customer(plan, "fa")["actions"] if action["when"] == "now"] != []


USER = r"^(?=.*refresh_token)(?!.*management)"
REFUSED_USER = {
    50076: ("you must use multi-factor authentication", "pcreconcile login"),
    50078: ("Presented multi-factor authentication has expired", "pcreconcile login"),
    50079: ("you must enroll in multi-factor authentication", "https://aka.ms/mfasetup"),
    700082: ("The refresh token has expired due to inactivity", "pcreconcile login"),
    65001: ("The user or administrator has not consented", "consent"),
    53003: ("Access has been blocked by Conditional Access policies", "policy"),
}
REFUSED_APPLICATION = {
    7000215: ("Invalid client secret provided", "its value, not its ID"),
    7000222: ("The provided client secret keys are expired", "make a new one"),
    700016: ("Application was not found in the directory", "credentials.clientId"),
}


def token_fault(code: int, text: str, content: str, error: str = "invalid_grant") -> dict[str, Any]:
    body = expired(code, text, error)
    place = {"method": "POST", "path": "/token", "content": content, "count": 0}
    return {"fault": "status-before", "status": 400, "body": body, **place}


@pytest.mark.parametrize("code", REFUSED_USER)
def test_token_expired_is_one_error_of_the_run(own_desk: Begin, code: int) -> None:
    """Who needs the user is unknown, who does not is planned and served; never done, never 0."""
    world = load("token-expired-is-done", "world")
    world["customers"].append({"tenantId": FB, "name": "fb", "items": [{"kind": "legacy-license", "name": "EMS"}]})
    desk = own_desk(world)
    desk.partner(reservations="manual")
    desk.customer("fa", FA, delegatedAccess="keep")
    desk.customer("fb", FB, "suspended")
    text, remedy = REFUSED_USER[code]
    desk.fault(token_fault(code, text, USER))
    ended, plan = desk.plan()
    assert ended == 9
    assert [(each["name"], each["verdict"]) for each in plan["customers"]] == [("fa", "unknown"), ("fb", "ready")]
    (said,) = only(plan, "credential-failed")
    assert "App+User" in said
    assert f"AADSTS{code}" in said
    assert remedy in said
    assert f"AADSTS{code}" not in json.dumps(customer(plan, "fa")), "told once"
    ended, out, errors = desk("apply", "--auto-approve")
    assert ended == 9, errors
    assert desk.writes(FA) == []
    assert [entry["method"] for entry in desk.writes(FB)] == ["PATCH"]
    assert " ".join(out.split()).count("the login service issued no App+User token") == 1


def test_token_expired_as_the_case_has_it(own_desk: Begin) -> None:
    desk = begin_case(own_desk, "token-expired-is-done")
    desk.fault(*load("token-expired-is-done", "faults")["faults"])
    ended, plan = desk.plan()
    assert (ended, customer(plan, "fa")["verdict"], len(only(plan, "credential-failed"))) == (9, "unknown", 1)


@pytest.mark.parametrize("code", REFUSED_APPLICATION)
def test_an_application_that_is_refused_is_one_error_and_asks_once(own_desk: Begin, code: int) -> None:
    desk = with_manifests(own_desk())
    text, remedy = REFUSED_APPLICATION[code]
    desk.fault(token_fault(code, text, "client_credentials", "invalid_client"))
    ended, plan = desk.plan()
    assert ended == 9
    assert {each["verdict"] for each in plan["customers"]} == {"unknown"}
    (said,) = only(plan, "credential-failed")
    assert "app-only" in said
    assert f"AADSTS{code}" in said
    assert remedy in said
    assert len([entry for entry in desk.log() if entry["path"].endswith("/token")]) == 1
    ended, _, _ = desk("apply", "--auto-approve")
    assert (ended, desk.writes()) == (9, [])


MANY = {
    "customers": [
        {"tenantId": f"6b2e0b0c-0000-4000-8000-0000000000{n}", "name": f"c{n}", "items": []} for n in range(70, 76)
    ]
}
SERVICE_REFUSALS = {
    900420: "The token was issued for a retired audience",
    900421: "The token carries no MFA claim",
    10001: "Authentication failed. MFA required.",
}


@pytest.mark.parametrize("code", SERVICE_REFUSALS)
def test_a_credential_that_the_service_refuses_is_not_tried_for_each_customer(own_desk: Begin, code: int) -> None:
    desk = own_desk(MANY)
    desk.partner(reservations="manual")
    for each in MANY["customers"]:
        desk.customer(each["name"], each["tenantId"], delegatedAccess="keep")
    body = json.dumps({"code": code, "description": SERVICE_REFUSALS[code]})
    path = "/relationships$"
    desk.fault({"fault": "status-before", "status": 401, "body": body, "path": path, "method": "GET", "count": 0})
    ended, plan = desk.plan()
    assert (ended, {each["verdict"] for each in plan["customers"]}) == (9, {"unknown"})
    (said,) = only(plan, "credential-failed")
    assert ("pcreconcile login" in said) is (code != 900420)
    asked = [entry for entry in desk.log() if entry["path"].endswith("/relationships")]
    assert len(asked) <= 6, "those that were on their way already, and no second token"
    assert len([entry for entry in desk.log() if "refresh_token" in json.dumps(entry["body"])]) <= 1


def test_mfa_code_10001(own_desk: Begin) -> None:
    """The same as 900421: the person's sign-in is the reason, and the rest of the run does not try it again."""
    desk = begin_case(own_desk, "mfa-code-10001")
    desk.customer("anchor-co", "6b2e0b0c-0000-4000-8000-000000000900", "active")
    desk.fault(*load("mfa-code-10001", "faults")["faults"])
    code, out, errors = desk("apply", "--auto-approve")
    assert code != 0
    assert desk.writes() == []
    assert "pcreconcile login" in out + errors
    assert "run `pcreconcile doctor`" not in out + errors
    assert len([entry for entry in desk.log() if entry["method"] == "PATCH"]) == 1


def test_a_write_that_asks_for_mfa_stops_the_other_writes_of_the_user(own_desk: Begin) -> None:
    desk = own_desk(MANY)
    desk.partner(reservations="manual")
    for each in MANY["customers"][:3]:
        desk.customer(each["name"], each["tenantId"], delegatedAccess="keep")
    desk.fault(*load("mfa-code-10001", "faults")["faults"])
    code, _, _ = desk("apply", "--auto-approve")
    assert code != 0
    assert len([entry for entry in desk.log() if entry["method"] == "PATCH"]) == 1
    assert desk.writes() == []


# What must go on working.


def leaving(own_desk: Begin, **spec: Any) -> Desk:
    """One customer without anything beside a licence in its window."""
    items = [
        {"kind": "new-commerce-license", "name": "EXO", "bought": "-1d"},
        {"kind": "new-commerce-license", "name": "E3", "bought": "-360d", "ends": "+5d", "autoRenew": True},
    ]
    anchor = {"tenantId": "6b2e0b0c-0000-4000-8000-000000000900", "name": "anchor-co", "items": []}
    desk = own_desk({"customers": [{"tenantId": FA, "name": "fa", "items": items}, anchor]})
    desk.partner(**{"reservations": "manual", **spec})
    desk.customer("fa", FA, delegatedAccess="keep")
    return desk


def test_an_app_only_plan_of_a_pull_request_is_a_plan(own_desk: Begin) -> None:
    desk = leaving(own_desk, user=False)
    desk.environment(PC_REFRESH_TOKEN="")
    code, plan = desk.plan("--detailed-exitcode", "--out", "kept.json")
    fa = customer(plan, "fa")
    assert (code, fa["confidence"], fa["tryAgainAt"]) == (2, "low", None)
    assert "read-needs-user" in {each["code"] for each in fa["warnings"]}
    assert {action["kind"] for action in fa["actions"] if action["when"] == "now"} >= {"cancel-subscription"}
    assert fa["observed"]["unseen"] == ["resellers"]


def test_without_a_user_apply_sends_nothing_one_way_and_says_what_to_do(own_desk: Begin) -> None:
    desk = leaving(own_desk, user=False)
    code, out, errors = desk("apply", "--auto-approve")
    assert code == 5, errors
    assert "credentials.refreshToken" in out
    bodies = [entry["body"] for entry in desk.writes()]
    assert bodies, "the end-of-term instruction can be taken back, and protects"
    assert not any(body.get("status") == "deleted" for body in bodies)


def test_a_plan_of_a_pull_request_is_applied_with_the_users_token(own_desk: Begin) -> None:
    desk = leaving(own_desk, user=False)
    code, _ = desk.plan("--out", "kept.json")
    assert code == 0
    desk.partner(reservations="manual")
    code, _, errors = desk("apply", "kept.json", "--auto-approve")
    assert code in {0, 3}, errors  # 3: planned again, the Partner document is another
    if code == 0:
        assert any(entry["body"].get("status") == "deleted" for entry in desk.writes())


def test_reservations_by_hand_ask_azure_nothing(own_desk: Begin) -> None:
    desk = with_manifests(own_desk())
    desk.partner(reservations="manual")
    desk.fault({**rule(Resource.RESERVATIONS, "403"), "path": "^/management/"})
    code, plan = desk.plan()
    assert (code, customer(plan, "fa")["verdict"]) == (0, "blocked")
    assert not any(entry["path"].startswith("/management/") for entry in desk.log())


def test_access_that_is_kept_asks_graph_nothing(own_desk: Begin) -> None:
    desk = with_manifests(own_desk())
    desk.customer("fa", FA, delegatedAccess="keep")
    desk.fault({**rule(Resource.DELEGATED_ADMIN, "403"), "path": "^/graph/"})
    code, plan = desk.plan()
    assert (code, customer(plan, "fa")["verdict"]) == (0, "blocked")
    assert not any(entry["path"].startswith("/graph/") for entry in desk.log())


def test_what_is_refused_for_good_is_said_once_and_not_asked_for(own_desk: Begin) -> None:
    desk = leaving(own_desk, notOffered=["relationships"])
    desk.fault(rule(Resource.RESELLERS, "403"))
    code, plan = desk.plan()
    fa = customer(plan, "fa")
    assert (code, fa["verdict"] != "unknown", fa["confidence"]) == (0, True, "low")
    (said,) = only(plan, "not-offered")
    assert "relationships are refused to this partner for good" in said
    assert not any(entry["path"].endswith("/relationships") for entry in desk.log())
    code, _, errors = desk("apply", "--auto-approve")
    assert code == 0, errors
    assert any(entry["body"].get("status") == "deleted" for entry in desk.writes(FA))


def test_without_that_line_the_same_403_is_a_read_that_failed(own_desk: Begin) -> None:
    desk = leaving(own_desk)
    desk.fault(rule(Resource.RESELLERS, "403"))
    code, plan = desk.plan()
    assert (code, customer(plan, "fa")["verdict"]) == (9, "unknown")
    assert "notOffered: [relationships]" in customer(plan, "fa")["blockers"][0]["how"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_customers_list_that_moves_and_comes_to_rest_is_read(own_desk: Begin, times: int) -> None:
    desk = with_manifests(own_desk())
    desk.fault({**rule(Resource.CUSTOMERS, "overlap of pages"), "count": times, "query": "^size=500$"})
    code, plan = desk.plan()
    assert code == 0, plan["warnings"]
    assert "unknown" not in {each["verdict"] for each in plan["customers"]}


def test_a_nameless_row_makes_absence_unprovable_and_nothing_else(own_desk: Begin) -> None:
    """The row of a customer that nobody manages; only who is absent cannot be called so."""
    estate = {"customers": [ESTATE["customers"][-1], *ESTATE["customers"][:-1]]}
    desk = with_manifests(own_desk(estate))
    desk.fault(rule(Resource.CUSTOMERS, "odd row"))
    code, plan = desk.plan()
    listed = desk.log()
    assert listed
    verdicts = {each["name"]: each["verdict"] for each in plan["customers"]}
    assert code == 9
    assert verdicts["gone"] == "unknown"
    assert len([verdict for verdict in verdicts.values() if verdict == "unknown"]) <= 2
    (said,) = only(plan, "customers-list-row")
    assert "page 1, row 1" in said


def test_the_access_of_a_customer_whom_somebody_else_removed_is_ended(own_desk: Begin) -> None:
    """Planned again by apply, which does not ask for the audit record: no action rests on it."""
    former = {"tenantId": FA, "name": "fa", "relationship": "none", "items": [], "gdap": [{"name": "helpdesk"}]}
    desk = own_desk({"customers": [former, ESTATE["customers"][-1]]})
    desk.partner(reservations="manual")
    desk.customer("fa", FA, delegatedAccess="terminate")
    code, plan = desk.plan("--out", "kept.json")
    assert code == 0
    assert [action["kind"] for action in customer(plan, "fa")["actions"]] == ["terminate-delegated-access"]
    code, out, errors = desk("apply", "kept.json", "--auto-approve")
    assert code in {0, 6}, out + errors
    assert [entry["method"] for entry in desk.writes() if "/requests" in entry["path"]] == ["POST"]


def test_the_table_and_the_stories_speak_of_the_same_reads() -> None:
    assert set(READS) == set(Resource)
