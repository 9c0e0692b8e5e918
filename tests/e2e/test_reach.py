"""Beyond commerce, with real processes and the example estate: from the plan to gone, and nothing left behind."""

import json
import sqlite3
from datetime import UTC, date, datetime, timedelta
from typing import Any

import yaml

from tests.e2e.conftest import Desk, actions, simulating

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HARBOR = "6b2e0b0c-0000-4000-8000-000000000011"
FJORD = "customers/fjord-energy.yaml"


def at(instant: datetime) -> dict[str, str]:
    return {"PCRECONCILE_NOW": instant.isoformat().replace("+00:00", "Z")}


def one(shipped: Desk, name: str, when: datetime) -> Any:
    (customer,) = shipped.plan("--target", f"customer/{name}", **at(when))["customers"]
    return customer


def path(customer: Any) -> list[str]:
    return [f"{act['kind']} {act['when']}" for act in customer["actions"]]


def harbor(shipped: Desk, **spec: Any) -> None:
    """The customer of the design's own example."""
    shipped.customer(
        "harbor-dental",
        HARBOR,
        "harbordental.onmicrosoft.com",
        delegatedAccess="terminate",
        subscriptions=[
            {
                "match": {"family": "new-commerce-license", "sku": "CFQ7TTC0LF8R*"},
                "desired": "cancel-at-term-end",
                "reason": "seats needed until the end of the term",
            },
            {"match": {"family": "azure-plan"}, "desired": "cancel", "reason": "migrated"},
        ],
        **spec,
    )


def apply_one(shipped: Desk, name: str, when: datetime, expect: int = 0) -> None:
    shipped("plan", "--target", f"customer/{name}", "--out", "one.plan.json", **at(when))
    shipped("apply", "one.plan.json", expect=expect, **at(when))


def journal(shipped: Desk) -> list[dict[str, Any]]:
    with sqlite3.connect(shipped.folder / ".pcreconcile" / "journal.db") as db:
        return [{"kind": kind, "body": json.loads(body)} for kind, body in db.execute("SELECT kind, body FROM events")]


def terminated(shipped: Desk) -> list[Any]:
    """What each delegated access was seen to be after its termination, by the journal."""
    ended = [event["body"] for event in journal(shipped) if event["kind"] == "verified"]
    return [body["seen"] for body in ended if body["kind"] == "terminate-delegated-access"]


def test_the_designs_example_from_the_plan_to_gone_and_its_delegated_access_terminated(shipped: Desk):
    harbor(shipped)
    first = one(shipped, "harbor-dental", START)
    assert first["verdict"] == "waiting"
    due = first["earliestRemoval"]
    assert path(first)[-2:] == [f"remove-relationship {due}", f"terminate-delegated-access {due}"]
    assert [item["status"] for item in first["observed"]["items"] if item["type"] == "delegated-admin"] == ["active"]
    apply_one(shipped, "harbor-dental", START)

    waiting = one(shipped, "harbor-dental", START + timedelta(days=1))
    assert not [act for act in waiting["actions"] if act["when"] == "now"]

    end = datetime.fromisoformat(f"{due}T06:00:00+00:00")
    last = one(shipped, "harbor-dental", end)
    assert path(last)[-2:] == ["remove-relationship now", "terminate-delegated-access now"]
    apply_one(shipped, "harbor-dental", end)
    gone = one(shipped, "harbor-dental", end)
    assert (gone["verdict"], gone["observed"]["relationship"], gone["actions"]) == ("converged", "none", [])
    assert gone["observed"]["items"] == []  # a converged customer carries none
    assert [notice["code"] for notice in gone["warnings"]] == ["removal-proven"]

    proven = [event["body"] for event in journal(shipped) if event["kind"] == "verified"]
    (removal,) = [body for body in proven if body["kind"] == "remove-relationship"]
    assert "removepartnercustomerrelationship" in removal["auditRecord"]
    assert removal["originalCorrelationId"]
    assert terminated(shipped) == [{"ended": True}]


def test_a_lost_journal_leaves_the_services_own_record_as_proof(shipped: Desk):
    shipped("apply", "--auto-approve", expect=0, **at(START))
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (shipped.folder / ".pcreconcile" / name).unlink(missing_ok=True)
    for name in ("aspen-books", "maple-travel"):
        found = one(shipped, name, START)
        assert found["verdict"] == "converged"
        (proof,) = [notice for notice in found["warnings"] if notice["code"] == "removal-proven"]
        assert "audit record" in proof["text"]


def test_a_customer_who_is_gone_already_still_loses_delegated_access(shipped: Desk):
    harbor(shipped)
    apply_one(shipped, "harbor-dental", START)
    end = datetime.fromisoformat(f"{one(shipped, 'harbor-dental', START)['earliestRemoval']}T06:00:00+00:00")
    kept = yaml.safe_load((shipped.folder / "manifests/customers/harbor-dental.yaml").read_text())
    kept["spec"]["delegatedAccess"] = "keep"
    shipped.write("customers/harbor-dental.yaml", kept)
    apply_one(shipped, "harbor-dental", end)
    assert one(shipped, "harbor-dental", end)["verdict"] == "converged"

    kept["spec"]["delegatedAccess"] = {"at": str(date.fromisoformat(str(end.date())) + timedelta(days=10))}
    shipped.write("customers/harbor-dental.yaml", kept)
    later = one(shipped, "harbor-dental", end)
    assert (later["verdict"], path(later)) == (
        "waiting",
        [f"terminate-delegated-access {(end + timedelta(days=9)).date()}"],  # midnight in Berlin
    )
    apply_one(shipped, "harbor-dental", end + timedelta(days=10))
    gone = one(shipped, "harbor-dental", end + timedelta(days=10))
    assert (gone["verdict"], gone["observed"]["items"]) == ("converged", [])
    assert terminated(shipped) == [{"ended": True}]


def by_api(shipped: Desk) -> None:
    partner = yaml.safe_load((shipped.folder / "manifests/partner.yaml").read_text())
    partner["spec"]["reservations"] = "api"
    shipped.write("partner.yaml", partner)


def test_a_reservation_is_returned_by_azure_management_and_the_customer_goes(shipped: Desk):
    by_api(shipped)
    first = one(shipped, "fjord-energy", START)
    assert first["verdict"] == "ready"
    assert path(first) == ["return-reservation now", "suspend-subscription now", "remove-relationship now"]
    (returned, *_) = first["actions"]
    assert returned["money"]["refund"]["currency"] == "USD"
    assert 0 < float(returned["money"]["refund"]["amount"]) < 5400
    assert "50000.00 USD" in returned["reason"]
    apply_one(shipped, "fjord-energy", START)
    assert one(shipped, "fjord-energy", START)["verdict"] == "converged"


def test_without_the_right_the_reservations_are_not_read(shipped: Desk):
    found = plan_of(shipped, {"customers": [reserving(reservationRights=False)]})
    assert (found["verdict"], path(found)) == ("unknown", [])
    assert "reservations" in found["blockers"][0]["how"]


def test_without_the_right_the_partner_document_makes_the_return_a_persons_step(shipped: Desk):
    found = plan_of(shipped, {"customers": [reserving(reservationRights=False)]}, reservations="manual")
    assert (found["verdict"], path(found)) == ("blocked", ["return-reservation manual", "remove-relationship manual"])


def test_what_azure_does_not_take_back_is_waited_for(shipped: Desk):
    found = plan_of(shipped, {"customers": [reserving(refundable=False)]})
    assert found["verdict"] == "waiting"
    assert [blocker["code"] for blocker in found["blockers"]] == ["reservation-not-refundable"]
    assert found["earliestRemoval"] == found["blockers"][0]["clearsAt"] == "2028-01-01"


def test_what_is_over_the_allowance_is_waited_for(shipped: Desk):
    found = plan_of(shipped, {"customers": [reserving(refundsUsed="49999.00")]})
    assert (found["verdict"], path(found)) == ("waiting", ["remove-relationship 2028-01-01"])


def reserving(**members: Any) -> dict[str, Any]:
    """fjord-energy with a reservation alone."""
    item = {"kind": "reservation", "term": "P3Y", "ends": "2028-01-01", "price": "5400.00"}
    own = {name: members.pop(name) for name in ("refundable",) if name in members}
    return {
        "tenantId": "6b2e0b0c-0000-4000-8000-000000000026",
        "name": "fjord-energy",
        "items": [item | own],
        **members,
    }


def plan_of(shipped: Desk, estate: dict[str, Any], reservations: str = "api") -> Any:
    (shipped.folder / "estate.yaml").write_text(yaml.safe_dump(estate))
    clock = START.isoformat().replace("+00:00", "Z")
    with simulating(shipped.folder, "--estate", "estate.yaml", "--clock", clock) as service:
        shipped.partner(service.url, reservations=reservations)
        found = one(shipped, "fjord-energy", START)
        changed = [entry["path"] for entry in service.writes() if "/oauth2/" not in entry["path"]]
        assert [each for each in changed if not each.endswith("/calculateRefund")] == []
        return found


def test_the_actions_of_the_fleet_stay_what_they_were(shipped: Desk):
    """With reservations by hand nothing beyond commerce is asked for."""
    assert ("fjord-energy", "return-reservation") in actions(shipped.plan(**at(START)), "manual")
