"""The manifests that are shipped: they load without a finding and tell the stories that the README tells."""

from __future__ import annotations

from pathlib import Path

from pcreconcile.manifests import load
from pcreconcile.model.desired import LineDesire, Relationship
from pcreconcile.model.family import Family
from pcreconcile.model.partner import Cloud

MANIFESTS = Path(__file__).parents[2] / "manifests"

WISHES = {
    "aspen-books": (21, "removed"),
    "birch-clinic": (22, "removed"),
    "cedar-logistics": (23, "removed"),
    "dune-studio": (24, "removed"),
    "elm-robotics": (25, "removed"),
    "fjord-energy": (26, "removed"),
    "grove-hosting": (27, "removed"),
    "heath-media": (28, "removed"),
    "iris-legal": (29, "removed"),
    "juniper-foods": (30, "active"),
    "kettle-and-co": (31, "suspended"),
    "larch-optics": (32, "removed"),
    "maple-travel": (33, "removed"),
    "nettle-games": (34, "active"),
    "poplar-school": (36, "removed"),
    "quince-retail": (37, "unmanaged"),
}


def test_who_is_wanted_how():
    customers = load(str(MANIFESTS)).fleet.customers
    assert {wish.name: (int(wish.tenant_id[-2:]), str(wish.relationship)) for wish in customers} == WISHES
    assert all(wish.domain == wish.name.replace("-", "") + ".onmicrosoft.com" for wish in customers)


def test_the_partner_practises_on_the_simulator():
    partner = load(str(MANIFESTS)).partner
    assert (partner.cloud, partner.name, partner.reservations) == (Cloud.SIMULATOR, "contoso-csp", "manual")


def test_the_policy_lets_the_demo_pass_and_protects_one():
    policy = load(str(MANIFESTS)).policy
    removed = sum(relationship == "removed" for _, relationship in WISHES.values())
    assert (policy.per_run.removals, policy.approvals.required, removed) == (10, 0, 12)
    assert [entry.name for entry in policy.protected] == ["juniper-foods"]


def test_azure_is_cancelled_where_a_line_says_so_alone():
    lines = {wish.name: wish.subscriptions for wish in load(str(MANIFESTS)).fleet.customers}
    (line,) = lines.pop("grove-hosting")
    assert (line.match.family, line.desired) == (Family.AZURE_PLAN, LineDesire.CANCEL)
    assert not any(lines.values())


def test_no_date_that_rots():
    customers = load(str(MANIFESTS)).fleet.customers
    assert all(wish.not_before is wish.service_until is wish.deadline is None for wish in customers)


def test_every_wish_for_change_has_a_reason_and_a_ticket():
    asked = [wish for wish in load(str(MANIFESTS)).fleet.customers if wish.relationship is not Relationship.UNMANAGED]
    assert all(wish.reason and wish.ticket and "book" in wish.labels for wish in asked)


def test_one_file_alone_has_the_same_partner_and_policy():
    whole, one = load(str(MANIFESTS)), load(str(MANIFESTS / "customers" / "grove-hosting.yaml"))
    assert (one.partner, one.policy, one.home) == (whole.partner, whole.policy, whole.home)
    assert [wish.name for wish in one.fleet.customers] == ["grove-hosting"]
