"""`pcreconcile simulate` in one process, `plan` and `apply` with `cloud: custom` in others."""

import json

from tests.e2e.conftest import Desk, Service, actions, simulating

DONE_OR_WAITING = {0, 6}


def manage_everybody(desk: Desk, service: Service) -> None:
    """A manifest for every customer of the world: most leave, some pause, some stay."""
    desk.partner(service.url)
    desk.policy()
    for number, (tenant, customer) in enumerate(sorted(service.world()["customers"].items())):
        relationship = ["removed", "removed", "suspended", "active"][number % 4]
        lines = [{"match": {"family": "azure-plan"}, "desired": "cancel", "reason": "migrated"}]
        spec = {"subscriptions": lines} if relationship == "removed" and number % 3 else {}
        domain = customer["wire"]["companyProfile"]["domain"] if "wire" in customer else customer["domain"]
        desk.customer(f"customer-{number}", tenant, domain, relationship, **spec)


def test_a_generated_fleet_over_a_socket(desk: Desk):
    with simulating(desk.folder, "--customers", "25", "--seed", "7") as service:
        manage_everybody(desk, service)
        assert desk("plan", "--detailed-exitcode", "--out", "fleet.plan.json").returncode == 2
        plan = json.loads((desk.folder / "fleet.plan.json").read_text())
        assert {act["kind"] for each in plan["customers"] for act in each["actions"]} >= {
            "cancel-at-term-end",
            "suspend-subscription",
            "remove-relationship",
        }
        before = len(service.writes())
        desk("apply", "fleet.plan.json", expect=0)
        planned = actions(plan)
        assert len(service.writes()) - before == len(planned)
        assert actions(desk.plan()) == []


def test_the_same_seed_gives_the_same_plan(desk: Desk):
    ids = []
    for _ in range(2):
        arguments = ["--customers", "8", "--seed", "11", "--clock", "2026-11-22T12:00:00Z"]
        with simulating(desk.folder, *arguments) as service:
            manage_everybody(desk, service)
            ids.append(desk.plan(PCRECONCILE_NOW="2026-11-22T12:00:00Z")["planId"])
    assert ids[0] == ids[1]


def test_a_world_in_a_state_file_survives_its_process(desk: Desk):
    with simulating(desk.folder, "--customers", "6", "--seed", "3", "--state", "world.db") as service:
        manage_everybody(desk, service)
        desk("apply", "--auto-approve", expect=0)
        left = set(service.world()["customers"])
    with simulating(desk.folder, "--state", "world.db") as service:
        assert set(service.world()["customers"]) == left
        desk.partner(service.url)
        assert actions(desk.plan()) == []
