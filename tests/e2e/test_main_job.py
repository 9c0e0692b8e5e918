"""The main job with the shipped manifests and the embedded simulator: plan, apply, converged; later, the next step."""

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import jsonschema

from tests.e2e.conftest import Desk, actions, verdicts

FIRST = {
    "aspen-books": "ready",
    "birch-clinic": "ready",
    "cedar-logistics": "waiting",
    "dune-studio": "ready",
    "elm-robotics": "ready",
    "fjord-energy": "blocked",
    "grove-hosting": "ready",
    "heath-media": "blocked",
    "iris-legal": "ready",
    "juniper-foods": "converged",
    "kettle-and-co": "ready",
    "larch-optics": "blocked",
    "maple-travel": "converged",
    "nettle-games": "blocked",
    "poplar-school": "ready",
}


def test_plan_apply_plan_ends_without_anything_to_do_now(shipped: Desk):
    assert shipped("plan", "--detailed-exitcode", "--out", "fleet.plan.json").returncode == 2
    first = json.loads((shipped.folder / "fleet.plan.json").read_text())
    assert verdicts(first) == FIRST
    assert {each["companyName"] for each in first["unmanaged"]} == {"Harbor Dental", "Olive Bank", "Quince Retail"}

    shipped("apply", "fleet.plan.json", expect=0)

    second = shipped.plan()
    assert actions(second) == []
    gone = {name for name, verdict in FIRST.items() if verdict == "ready" and name != "kettle-and-co"}
    assert {name for name, verdict in verdicts(second).items() if verdict == "converged"} == gone | {
        "juniper-foods",
        "kettle-and-co",
        "maple-travel",
    }
    proofs = {each["name"]: [notice["code"] for notice in each["warnings"]] for each in second["customers"]}
    assert all("removal-proven" in proofs[name] for name in gone)
    assert "removal-proven" in proofs["maple-travel"], "by the service's own audit record"


def test_applying_the_same_plan_again_writes_nothing(shipped: Desk):
    shipped("plan", "--out", "fleet.plan.json")
    shipped("apply", "fleet.plan.json", expect=0)
    again = shipped("apply", "fleet.plan.json", "--json", expect=0)
    records = [json.loads(line) for line in again.stdout.splitlines()]
    assert not [record for record in records if record.get("kind") == "intent"]


def test_after_the_date_the_next_plan_offers_the_next_step_until_the_relationship_is_gone(shipped: Desk):
    start = datetime.now(UTC).replace(microsecond=0)
    shipped("apply", "--auto-approve", expect=0, PCRECONCILE_NOW=start.isoformat().replace("+00:00", "Z"))
    waiting = shipped("plan", "--detailed-exitcode", "--target", "customer/cedar-logistics", "--format", "json")
    assert waiting.returncode == 0
    (cedar,) = json.loads(waiting.stdout)["customers"]
    assert cedar["verdict"] == "waiting"
    assert [act["kind"] for act in cedar["actions"]] == ["remove-relationship"]
    due = cedar["earliestRemoval"]
    assert due == cedar["bindingBlocker"]["clearsAt"] == str((start + timedelta(days=41)).date())

    moved = {"PCRECONCILE_NOW": f"{due}T06:00:00Z"}
    plan = shipped.plan("--target", "customer/cedar-logistics", **moved)
    assert actions(plan) == [("cedar-logistics", "remove-relationship")]
    shipped("apply", "--auto-approve", expect=0, **moved)
    (cedar,) = shipped.plan("--target", "customer/cedar-logistics", **moved)["customers"]
    assert (cedar["verdict"], cedar["observed"]["relationship"]) == ("converged", "none")


def test_the_plan_is_valid_against_the_published_schema(shipped: Desk):
    schema = json.loads((files("pcreconcile") / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(shipped.plan())


def test_planning_the_same_world_again_gives_the_same_plan_id(shipped: Desk):
    assert shipped.plan()["planId"] == shipped.plan()["planId"]


def test_the_design_s_own_example_is_known_to_the_example_estate(shipped: Desk):
    shipped.customer(
        "harbor-dental",
        "6b2e0b0c-0000-4000-8000-000000000011",
        "harbordental.onmicrosoft.com",
        subscriptions=[
            {
                "match": {"family": "new-commerce-license", "sku": "CFQ7TTC0LF8R*"},
                "desired": "cancel-at-term-end",
                "reason": "seats needed until the end of the term",
            },
            {"match": {"family": "azure-plan"}, "desired": "cancel", "reason": "migrated"},
        ],
    )
    (harbor,) = shipped.plan("--target", "customer/harbor-dental")["customers"]
    assert harbor["verdict"] == "waiting"
    assert ("harbor-dental", "cancel-at-term-end") in actions({"customers": [harbor]})
