"""The wrong tenant, a typing error, a half-read customer: nothing is planned for them, and the exit code says why."""

import pytest

from tests.e2e.conftest import ESTATES, Desk, simulating, verdicts

TENANT = "6b2e0b0c-0000-4000-8000-0000000000"


def blockers(plan: dict, name: str) -> list[str]:
    (customer,) = [each for each in plan["customers"] if each["name"] == name]
    assert customer["actions"] == []
    return [blocker["code"] for blocker in customer["blockers"]]


@pytest.mark.parametrize(
    ("estate", "name", "tenant", "domain", "code"),
    [
        ("mismatch.yaml", "sable-optics", f"{TENANT}51", "someoneelse.onmicrosoft.com", "domain-mismatch"),
        ("typo.yaml", "tern-marine", f"{TENANT}99", "ternmarine.onmicrosoft.com", "domain-of-another-tenant"),
    ],
)
def test_the_wrong_customer_is_refused(desk: Desk, estate: str, name: str, tenant: str, domain: str, code: str):
    with simulating(desk.folder, "--estate", str(ESTATES / estate)) as service:
        desk.partner(service.url)
        desk.policy()
        desk.customer(name, tenant, domain)
        assert desk("plan", "--detailed-exitcode").returncode == 5
        plan = desk.plan()
        assert verdicts(plan) == {name: "refused"}
        assert blockers(plan, name) == [code]
        assert desk("apply", "--auto-approve").returncode in {0, 5}
        assert service.writes() == []


def test_a_half_read_customer_is_unknown_and_the_others_go_on(desk: Desk):
    faults = ["--faults", str(ESTATES / "half-read.faults.yaml")]
    with simulating(desk.folder, "--estate", str(ESTATES / "half-read.yaml"), *faults) as service:
        desk.partner(service.url)
        desk.policy()
        desk.customer("umber-tools", f"{TENANT}53", "umbertools.onmicrosoft.com")
        desk.customer("vale-clinic", f"{TENANT}54", "valeclinic.onmicrosoft.com")
        assert desk("plan", "--detailed-exitcode", "--out", "kept.plan.json").returncode == 9
        plan = desk.plan()
        assert verdicts(plan) == {"umber-tools": "unknown", "vale-clinic": "ready"}
        assert blockers(plan, "umber-tools") == ["read-incomplete"]
        assert [each["tenantId"] for each in plan["unread"]] == [f"{TENANT}53"]
        desk("apply", "kept.plan.json")
        assert {entry["customer"] for entry in service.writes()} == {f"{TENANT}54"}


def test_a_plan_over_budget_is_refused_as_a_whole(desk: Desk):
    with simulating(desk.folder, "--estate", str(ESTATES / "half-read.yaml")) as service:
        desk.partner(service.url)
        desk.policy(budgets={"perRun": {"removals": 1}})
        desk.customer("umber-tools", f"{TENANT}53", "umbertools.onmicrosoft.com")
        desk.customer("vale-clinic", f"{TENANT}54", "valeclinic.onmicrosoft.com")
        assert desk("plan", "--out", "kept.plan.json").returncode == 5
        refused = desk("apply", "kept.plan.json", expect=5)
        assert "perRun.removals" in refused.stderr
        assert service.writes() == []


def test_a_policy_that_was_tightened_after_the_plan_is_asked(desk: Desk):
    with simulating(desk.folder, "--estate", str(ESTATES / "half-read.yaml")) as service:
        desk.partner(service.url)
        desk.policy()
        desk.customer("vale-clinic", f"{TENANT}54", "valeclinic.onmicrosoft.com")
        desk("plan", "--out", "kept.plan.json", expect=0)
        desk.policy(protected=["vale-*"])
        refused = desk("apply", "kept.plan.json", expect=5)
        assert "vale-clinic is protected" in refused.stderr
        assert service.writes() == []


def test_a_customer_that_changed_after_the_plan_is_stale_and_the_others_go_on(desk: Desk):
    with simulating(desk.folder, "--estate", str(ESTATES / "half-read.yaml")) as service:
        desk.partner(service.url)
        desk.policy()
        desk.customer("umber-tools", f"{TENANT}53", "umbertools.onmicrosoft.com")
        desk.customer("vale-clinic", f"{TENANT}54", "valeclinic.onmicrosoft.com")
        desk("plan", "--out", "kept.plan.json", expect=0)
        desk.customer("umber-tools", f"{TENANT}53", "umbertools.onmicrosoft.com", notBefore="2999-01-01")
        desk("apply", "kept.plan.json", expect=3)
        assert {entry["customer"] for entry in service.writes()} == {f"{TENANT}54"}


def test_an_edited_plan_is_not_applied(desk: Desk):
    with simulating(desk.folder, "--estate", str(ESTATES / "half-read.yaml")) as service:
        desk.partner(service.url)
        desk.policy()
        desk.customer("vale-clinic", f"{TENANT}54", "valeclinic.onmicrosoft.com")
        desk("plan", "--out", "kept.plan.json", expect=0)
        file = desk.folder / "kept.plan.json"
        file.write_text(file.read_text().replace("moves on", "moved on"))
        before = len(service.log())
        desk("apply", "kept.plan.json", expect=1)
        assert len(service.log()) == before
