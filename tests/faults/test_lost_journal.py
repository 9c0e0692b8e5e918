"""A journal that lacks removals of ours: said on top of the plan, and approvals given before them are invalid.

Beside it who must not be troubled: a colleague who works in the portal, and a runner that never had a journal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pcreconcile.model.estate import Resource
from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from tests.faults.law import Desk, rule

NAMES = ("first", "second", "third")
TENANTS = {name: f"6b2e0b0c-0000-4000-8000-00000000020{number}" for number, name in enumerate(NAMES)}
ESTATE: dict[str, Any] = {
    "customers": [
        *({"tenantId": tenant, "name": name, "items": []} for name, tenant in TENANTS.items()),
        {"tenantId": "6b2e0b0c-0000-4000-8000-000000000900", "name": "anchor-co", "items": []},
    ]
}


@pytest.fixture
def office(own_desk: Callable[..., Desk]) -> Desk:
    """Three customers, of whom only those in manifests are removed."""
    desk = own_desk(ESTATE)
    desk.partner()
    return desk


def removes(desk: Desk, name: str) -> None:
    desk.customer(name, TENANTS[name], delegatedAccess="keep")
    code, _, errors = desk("apply", "--auto-approve")
    assert code == 0, errors


def by_hand(desk: Desk, name: str) -> None:
    """A colleague removes a customer in the portal."""
    token = httpx.post(f"{desk.url}/9f10aa00-0000-4000-8000-0000000000aa/oauth2/v2.0/token", data=USER_GRANT).json()[
        "access_token"
    ]
    body = {"relationshipToPartner": "none", "attributes": {"objectType": "Customer"}}
    headers = {"Authorization": f"Bearer {token}", "MS-CorrelationId": "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"}
    httpx.patch(f"{desk.url}/v1/customers/{TENANTS[name]}", json=body, headers=headers).raise_for_status()


USER_GRANT = {
    "grant_type": "refresh_token",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": REFRESH_TOKEN,
    "scope": "https://api.partnercenter.microsoft.com/user_impersonation offline_access",
}


def journal_of(desk: Desk) -> Path:
    (found,) = desk.folder.rglob("journal.db")
    return found


def is_deleted(desk: Desk, backup: bytes) -> None:
    journal_of(desk).unlink()


def is_restored(desk: Desk, backup: bytes) -> None:
    journal_of(desk).write_bytes(backup)


def is_kept(desk: Desk, backup: bytes) -> None:
    return


def notices(plan: Any) -> dict[str, str]:
    return {notice["code"]: notice["text"] for notice in plan["warnings"]}


@pytest.mark.parametrize(
    ("happens", "lacking"), [(is_deleted, ["second", "first"]), (is_restored, ["second"]), (is_kept, [])]
)
def test_what_a_plan_says_on_top(office: Desk, happens: Callable[[Desk, bytes], None], lacking: list[str]) -> None:
    removes(office, "first")
    backup = journal_of(office).read_bytes()
    removes(office, "second")
    happens(office, backup)
    office.customer("third", TENANTS["third"], delegatedAccess="keep")
    code, plan = office.plan()
    text = notices(plan).get("journal-incomplete", "")
    assert code == 0
    assert [name for name in ("second", "first") if f"{name} on 20" in text] == lacking
    assert bool(text) is bool(lacking)
    _, shown, _ = office("plan")
    head = shown[: shown.index("third")]
    assert ("journal-incomplete" in head) is bool(lacking), "above the customers"
    (budget,) = [guard for guard in plan["guards"] if guard["code"] == "budget:perDay.removals"]
    assert budget["value"] == 3, "whatever the journal has lost"


def test_a_colleague_in_the_portal_is_no_loss_and_counts(office: Desk) -> None:
    removes(office, "first")
    by_hand(office, "second")
    office.customer("third", TENANTS["third"], delegatedAccess="keep")
    _, plan = office.plan()
    assert "journal-incomplete" not in notices(plan)
    (budget,) = [guard for guard in plan["guards"] if guard["code"] == "budget:perDay.removals"]
    assert budget["value"] == 3


def test_a_fresh_runner_with_nothing_of_ours_on_record_is_not_troubled(office: Desk) -> None:
    by_hand(office, "second")
    office.customer("third", TENANTS["third"], delegatedAccess="keep")
    code, plan = office.plan("--out", "kept.json")
    assert (code, notices(plan)) == (0, {})
    assert office("apply", "kept.json", "--auto-approve")[0] == 0


def asked(desk: Desk) -> int:
    return sum("auditrecords" in entry["path"] for entry in desk.log())


def test_records_are_read_only_where_something_rests_on_them(office: Desk) -> None:
    office.customer("first", TENANTS["first"], "active")
    assert office.plan()[0] == 0
    assert office("apply", "--auto-approve")[0] == 0
    assert asked(office) == 0
    office.customer("third", TENANTS["third"], delegatedAccess="keep")
    office.plan()
    assert asked(office) == 2, "those of the day, and those of removals"


@pytest.mark.parametrize("read", [Resource.AUDIT_RECORDS, Resource.REMOVAL_RECORDS])
def test_records_that_cannot_be_read(office: Desk, read: Resource) -> None:
    """A plan says so, `apply` refuses what a budget of the day counts; older removals alone refuse nothing."""
    removes(office, "first")
    journal_of(office).unlink()
    office.customer("third", TENANTS["third"], delegatedAccess="keep")
    office.fault(rule(read, "403"))
    code, plan = office.plan("--out", "kept.json")
    said = notices(plan)
    assert code == 0
    assert "audit-records-unread" in said
    assert "journal-incomplete" in said, "the other read shows it"
    code, _, errors = office("apply", "kept.json", "--auto-approve")
    if read is Resource.AUDIT_RECORDS:
        assert (code, "audit records" in errors) == (5, True)
    else:
        assert code == 0
