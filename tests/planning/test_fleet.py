"""The whole fleet: who is planned, who is only listed, what was not read, and the fleet in numbers."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import CustomerList, CustomerState, ReadProof, Snapshot
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import LiveCustomer, Plan
from pcreconcile.model.policy import ApprovalRule, Policy
from pcreconcile.planning import plan
from tests.exits.estates import (
    DOMAIN,
    NOW,
    PARTNER_TENANT,
    TENANT,
    customer_state,
    desired,
    listed_customer,
    partner,
    plan_of,
    shipped_rules,
)

HOLDS: dict[str, list[dict[str, Any]]] = {
    "aspen": [{"kind": "legacy-license", "id": "A", "seats": 7}],
    "birch": [{"kind": "new-commerce-license", "id": "B", "ends": "2027-03-31"}],
    "cedar": [{"kind": "reservation", "id": "C"}],
    "dune": [],
}


def tenant(name: str) -> TenantId:
    return TenantId(f"6b2e0b0c-0000-4000-8000-{sorted(HOLDS).index(name):012d}")


def live(name: str) -> Any:
    return listed_customer({"tenantId": tenant(name), "name": name.title(), "domain": f"{name}.example"})


def state(name: str) -> CustomerState:
    found = customer_state(HOLDS[name], live(name), {})
    beside = tuple(ReadProof(extra, complete=True) for extra in Extra)
    return replace(found, tenant_id=tenant(name), reads=(*found.reads, *beside), transfers=(), resellers=())


def fleet(managed: list[str], known: list[str] | None = None, relationship: str = "removed") -> Plan:
    """A plan of these customers out of four live ones."""

    def wanted(names: list[str]) -> DesiredFleet:
        spec = {"relationship": relationship}
        return DesiredFleet(
            tuple(desired({"name": n, "tenantId": tenant(n), "domain": f"{n}.example"} | spec) for n in names)
        )

    listed = CustomerList({tenant(name): live(name) for name in HOLDS}, ReadProof("customers", complete=True))
    snapshot = Snapshot(PARTNER_TENANT, NOW, listed, {tenant(name): state(name) for name in managed})
    return plan(
        wanted(managed),
        snapshot,
        Memory(),
        shipped_rules(),
        Policy(approvals=ApprovalRule(required=2)),
        NOW,
        partner=partner(),
        tool_version="test",
        known=None if known is None else wanted(known),
    )


def names(rows: Any) -> list[str]:
    return [row.company_name for row in rows]


def test_live_customers_without_a_manifest_are_listed_and_never_planned() -> None:
    found = fleet(["birch"])
    assert [customer.name for customer in found.customers] == ["birch"]
    assert names(found.unmanaged) == ["Aspen", "Cedar", "Dune"]
    assert found.unmanaged[0] == LiveCustomer(tenant("aspen"), "Aspen", "aspen.example")


def test_a_part_of_the_fleet_does_not_make_the_others_unmanaged() -> None:
    assert names(fleet(["birch"], known=["birch", "cedar"]).unmanaged) == ["Aspen", "Dune"]


def test_customers_stand_in_the_order_of_their_names() -> None:
    assert [customer.name for customer in fleet(["dune", "aspen", "cedar"]).customers] == ["aspen", "cedar", "dune"]


def test_the_fleet_in_numbers() -> None:
    totals = fleet(list(HOLDS)).totals
    assert totals.customers == 4
    assert totals.verdicts == {"blocked": 1, "ready": 2, "waiting": 1}
    assert totals.actions_now == 4  # two removals, a suspension, an end-of-term instruction
    assert totals.actions_later == 1
    assert totals.actions_manual == 2
    assert totals.removals_now == 2
    assert totals.seats == 7


def test_approvals_are_asked_for_over_the_whole_fleet() -> None:
    assert fleet(["aspen"]).approvals.reasons == ("one-way", "takes-service")
    assert fleet(["birch"]).approvals.required == 0


def test_unmanaged_on_purpose_is_listed_too() -> None:
    found = fleet(["aspen"], relationship="unmanaged")
    assert found.customers == ()
    assert "Aspen" in names(found.unmanaged)


def test_what_was_not_read_is_listed_with_its_problem() -> None:
    (unread,) = plan_of({"reads": {"orders": "cut off at page 2"}}).unread
    assert unread == LiveCustomer(TENANT, "Harbor Dental", DOMAIN, "orders: cut off at page 2")


def test_what_was_not_read_bears_the_domain_that_it_has_and_else_the_manifest_s() -> None:
    unseen: dict[str, Any] = {"reads": {"orders": "cut off at page 2"}}
    other = plan_of({**unseen, "customer": {"domain": "other.example"}})
    gone = plan_of({**unseen, "customer": {"listed": False}})
    assert [found.unread[0].domain for found in (other, gone)] == ["other.example", DOMAIN]


def test_a_customers_list_that_was_cut_off_is_told_once_for_all() -> None:
    found = plan_of({"list": "cut off"})
    assert [notice.code for notice in found.warnings] == ["customers-list-incomplete"]
    assert len(found.unread) == 1
