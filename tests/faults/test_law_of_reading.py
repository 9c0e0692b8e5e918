"""The law of reading: every read × every way to fail, and by the service's own log not one write for whom it concerns.

The rows are the reads that the code names (`model.estate.Resource`); `PCRECONCILE_READING=full` tries the whole
product, otherwise every read meets a few of the faults and every fault a few of the reads.
"""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from pcreconcile.model.estate import Resource
from pcreconcile.partner_center import retrying, transport
from tests.faults.conftest import with_manifests
from tests.faults.law import FA, FAULTS, FB, NO_SUCH_LIST, READS, Desk, applies, rule

FULL = os.environ.get("PCRECONCILE_READING") == "full"
PRODUCT = [(read, fault) for read in Resource for fault in FAULTS if applies(read, fault)]
# Every fifth of the product; 5 has no factor in common with the number of faults, so that each read meets others.
SAMPLE = [pair for place, pair in enumerate(PRODUCT) if FULL or place % 5 == 0]


def test_every_read_of_the_code_has_a_row() -> None:
    assert set(READS) == set(Resource)
    assert {read for read, _ in SAMPLE} == set(Resource)
    assert {fault for _, fault in SAMPLE} == set(FAULTS)


# Their token is issued in the customer's tenant, so that its refusal is that customer's matter and not the run's.
OF_THE_CUSTOMERS_TENANT = frozenset({Resource.RESERVATIONS, Resource.REFUND_QUOTES})


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_WHOLE_ANSWER", 1.5)
    monkeypatch.setattr(retrying, "_UNANSWERED_TRIES", 2)


def concerned(plan: Any, names: str) -> list[Any]:
    found = [each for each in plan["customers"] if names == "everybody" or each["name"] == names]
    assert found
    return found


def about_customers(pair: tuple[Resource, str]) -> bool:
    read, fault = pair
    excused = READS[read].excused and fault in NO_SUCH_LIST
    return read not in {Resource.AUDIT_RECORDS, Resource.REMOVAL_RECORDS} and not excused


@pytest.mark.parametrize(("read", "fault"), [pair for pair in SAMPLE if about_customers(pair)])
def test_who_cannot_be_read_is_unknown_and_nothing_is_written(
    desk: Desk, read: Resource, fault: str, request: pytest.FixtureRequest
) -> None:
    if fault == "slow":
        request.getfixturevalue("_impatient")
    if fault == "token without MFA":
        desk.environment(PC_REFRESH_TOKEN="no-mfa-token")
    else:
        desk.fault(rule(read, fault))
    about = READS[read].about
    if fault == "dead token" and not READS[read].user and read is not Resource.DELEGATED_ADMIN:
        about = "everybody"  # one credential reads all of them
    if about == "gone":
        desk.customer("fa", FA, "active")  # it would be served, and all cases share one service
    before = len(desk.writes(FA))
    code, plan = desk.plan()
    assert code == 9
    for customer in concerned(plan, about):
        assert (customer["verdict"], customer["actions"]) == ("unknown", []), customer["blockers"]
        assert customer["tryAgainAt"], "a pipeline is told when to look again"
    assert {each["tenantId"] for each in plan["unread"]} >= {each["tenantId"] for each in concerned(plan, about)}
    if about == "fa":
        others = {each["name"]: each["verdict"] for each in plan["customers"] if each["name"] != "fa"}
        assert "unknown" not in others.values(), others
    code, out, _ = desk("apply", "--auto-approve")
    assert code == 9
    assert "result  done" not in out
    assert len(desk.writes(FA)) == before
    if fault in {"dead token", "token without MFA"} and read not in OF_THE_CUSTOMERS_TENANT:
        failed = [each for each in plan["warnings"] if each["code"] == "credential-failed"]
        assert len(failed) >= 1, "one error of the run"
        assert all("multi-factor" in each["text"] for each in failed), "with its remedy"


@pytest.mark.parametrize(
    ("read", "fault"), [pair for pair in PRODUCT if READS[pair[0]].excused and pair[1] in NO_SUCH_LIST]
)
def test_a_list_that_the_service_does_not_have_is_no_failure(desk: Desk, read: Resource, fault: str) -> None:
    desk.fault(rule(read, fault))
    code, plan = desk.plan()
    (customer,) = concerned(plan, "fa")
    assert (code, customer["verdict"] != "unknown", customer["confidence"]) == (0, True, "low")
    codes = {each["code"] for each in customer["warnings"]}
    assert f"{'resellers' if read is Resource.RESELLERS else 'transfers'}-not-offered" in codes


@pytest.mark.parametrize("read", [read for read in Resource if READS[read].about in {"fa", "everybody"}])
def test_what_can_no_longer_be_read_when_it_is_applied_is_not_written(desk: Desk, read: Resource) -> None:
    code, plan = desk.plan("--out", "kept.json")
    assert code == 0
    assert any(action["when"] == "now" for action in concerned(plan, "fa")[0]["actions"])
    desk.fault(rule(read, "503"))
    before = len(desk.writes(FA))
    code, _, _ = desk("apply", "kept.json", "--auto-approve")
    assert code in {3, 9}
    assert len(desk.writes(FA)) == before


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if applies(Resource.AUDIT_RECORDS, fault)][:: 1 if FULL else 5]
)
def test_a_budget_of_the_day_that_cannot_be_counted_refuses_the_run(
    own_desk: Callable[..., Desk], fault: str, request: pytest.FixtureRequest
) -> None:
    """The records of the day stand in for a journal that does not reach back: unread, the guard refuses."""
    if fault == "slow":
        request.getfixturevalue("_impatient")
    desk = own_desk({"customers": [{"tenantId": FA, "name": "fa", "items": []}, {"tenantId": FB, "name": "fb"}]})
    desk.partner()
    desk.customer("fa", FA, delegatedAccess="keep")
    code, _ = desk.plan("--out", "kept.json")
    assert code == 0
    desk.fault(rule(Resource.AUDIT_RECORDS, fault))
    code, _, errors = desk("apply", "kept.json", "--auto-approve")
    assert code in {1, 5, 9}, errors
    assert desk.writes() == []


def test_every_request_of_a_plan_and_an_apply_stands_in_the_table(own_desk: Callable[..., Desk]) -> None:
    """A read that the code makes and the table does not name fails here."""
    desk = with_manifests(own_desk())
    code, _, _ = desk("apply", "--auto-approve")
    assert code in {0, 6}
    assert desk.writes(FA), "the window was served: the table's zero writes mean something"
    known = [
        *(re.compile(row.path.replace(FA, "[^/]+"), re.IGNORECASE) for row in READS.values()),
        *map(re.compile, BESIDE),
    ]
    asked = {entry["path"] for entry in desk.log() if entry["method"] == "GET" or "calculate" in entry["path"]}
    assert any("calculateRefund" in path for path in asked), "a read by POST"
    assert [path for path in sorted(asked) if not any(each.search(path) for each in known)] == []


# Single things, read again before and after a write: what cannot be read there leaves the write unsent or unproven.
BESIDE = [r"/subscriptions/[^/]+$", r"/orders/[^/]+$", r"/delegatedAdminRelationships/[^/]+$", r"/reservations/[^/]+$"]
