"""A kept plan beside a fresh one: what both hold, what the fresh one lacks, and what explains that."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.money import Money
from pcreconcile.model.partner import Cloud, Partner
from pcreconcile.model.plan import MANUAL, Action, ActionMoney, CustomerPlan, Impact, Observed, Plan, Sources, Target
from pcreconcile.model.plan_comparison import (
    CustomerComparison,
    compare_customer,
    explained_by_dates,
    heavier,
    key_of,
)
from pcreconcile.model.plan_sources import memory_digests, moved_sources, partner_digest
from pcreconcile.model.rules import Override
from tests.applying.world import ONE, PARTNER, Microsoft, cancel, plan_of, planned, remove, subscription, tenant, wanted

WINDOW = datetime(2026, 12, 24, tzinfo=UTC)


@pytest.fixture
def customer() -> CustomerPlan:
    service = Microsoft()
    service.add(ONE, subscription("s1"))
    first = cancel("s1", window_closes_at=WINDOW, impact=Impact(10, "mail"))
    return planned(service, [first, remove(first)])


def made(*customers: CustomerPlan, **members: Any) -> Plan:
    return replace(plan_of(*customers), **members)


def compared(kept: CustomerPlan, fresh: CustomerPlan | None) -> CustomerComparison:
    return compare_customer(made(kept), made(*filter(None, [fresh])), ONE)


def test_the_same_plan_holds_everything(customer: CustomerPlan):
    found = compared(customer, customer)
    assert [each.kept for each in found.shared] == list(customer.actions)
    assert (found.missing, found.moved, found.unexplained, found.why_stale) == ((), (), (), "")


def with_first(customer: CustomerPlan, **members: Any) -> CustomerPlan:
    first, *others = customer.actions
    return replace(customer, actions=(replace(first, **members), *others))


# What of an action makes it another one, by member; every other member may differ.
OTHERS = {
    "id": "0" * 12,
    "kind": "suspend-subscription",
    "target": Target("subscription", "s2", "s1"),
    "when": "2026-12-01",
    "precondition": {"status": "suspended"},
    "postcondition": {"status": "suspended"},
}


@pytest.mark.parametrize("member", Action.__struct_fields__)
def test_what_makes_an_action_another_one(customer: CustomerPlan, member: str):
    changed: dict[str, Any] = OTHERS | {
        "family": "azure-plan",
        "requires": ("f" * 12,),
        "reversibility": "reversible",
        "effect": "neutral",
        "impact": None,
        "window_closes_at": None,
        "money": ActionMoney(refund=Money(Decimal("1.00"), "EUR")),
        "reason": "another",
        "instructions": None,
        "rule": "some.rule",
        "reversible_until": WINDOW.date(),
        "loses": ("auto-renew",),
    }
    found = compared(customer, with_first(customer, **{member: changed[member]}))
    assert bool(found.missing) is (member in OTHERS)
    assert bool(found.unexplained) is (member in OTHERS)


@pytest.mark.parametrize("when", [MANUAL, "2027-01-01"])
def test_what_is_not_due_in_the_fresh_plan_is_missing(customer: CustomerPlan, when: str):
    (missing,) = compared(customer, with_first(customer, when=when)).missing
    assert when in str(missing)


def test_what_is_not_due_in_the_kept_plan_is_neither_shared_nor_missing(customer: CustomerPlan):
    found = compared(with_first(customer, when="2026-12-01"), customer)
    assert [each.kept.kind for each in found.shared] == ["remove-relationship"]
    assert found.missing == ()


def test_a_list_may_come_as_a_tuple(customer: CustomerPlan):
    one = with_first(customer, postcondition={"scheduledActions": ["TermEnd/Cancel"]})
    other = with_first(customer, postcondition={"scheduledActions": ("TermEnd/Cancel",)})
    assert not compared(one, other).missing


def test_who_is_planned_no_longer_lacks_everything(customer: CustomerPlan):
    assert len(compared(customer, None).unexplained) == 2


# Members of Sources that decide about a customer; the others by themselves change no action.
DECIDE: dict[str, Any] = {
    "policy": "other",
    "rules": "other",
    "overridden_rules": (Override("a.b", "free", "probe", "tried"),),
    "prices": "other",
    "partner_document": "other",
    "memory": {ONE: "other"},
}
DECIDE_NOT = {"manifests": "other", "rules_version": "other", "commit": "other", "snapshot_at": WINDOW}


@pytest.mark.parametrize("member", Sources.__struct_fields__)
def test_every_source_either_explains_or_does_not(customer: CustomerPlan, member: str):
    kept, fresh = made(customer), made(replace(customer, actions=()))
    moved = replace(fresh, sources=replace(fresh.sources, **{member: (DECIDE | DECIDE_NOT)[member]}))
    found = compare_customer(kept, moved, ONE)
    assert bool(found.moved) is (member in DECIDE)
    assert bool(found.unexplained) is (member not in DECIDE)
    assert len(found.missing) == 2


def test_another_version_explains(customer: CustomerPlan):
    assert moved_sources(made(customer), made(customer, tool_version="9"), ONE) == ("the version of pcreconcile",)


def test_the_memory_of_another_customer_explains_nothing(customer: CustomerPlan):
    fresh = made(customer)
    fresh = replace(fresh, sources=replace(fresh.sources, memory={tenant(2): "other"}))
    assert moved_sources(made(customer), fresh, ONE) == ()


@pytest.mark.parametrize("member", Observed.__struct_fields__)
def test_everything_observed_explains(customer: CustomerPlan, member: str):
    other = {
        "relationship": "none",
        "domain": "other.example",
        "company_name": "Other",
        "custom_domains": ("other.example",),
        "seats": 1,
        "items": (),
        "extras": ("transfers",),
        "unseen": ("resellers",),
    }
    fresh = replace(customer, actions=(), observed=replace(customer.observed, **{member: other[member]}))
    found = compared(customer, fresh)
    assert found.moved
    assert not found.unexplained
    assert "the live state" in found.why_stale


def test_a_changed_manifest_explains_only_where_the_manifests_differ(customer: CustomerPlan):
    fresh = replace(customer, actions=(), desired=wanted(ONE, relationship="active"))
    assert compared(customer, fresh).unexplained
    elsewhere = made(fresh)
    elsewhere = replace(elsewhere, sources=replace(elsewhere.sources, manifests="other"))
    assert compare_customer(made(customer), elsewhere, ONE).moved == ("its manifest",)


def test_what_only_a_date_explains(customer: CustomerPlan):
    found = compared(customer, replace(customer, actions=customer.actions[1:]))
    assert [each.action.kind for each in found.unexplained] == ["cancel-subscription"]
    then = explained_by_dates(found, customer)
    assert (then.unexplained, [each.action.kind for each in then.dated]) == ((), ["cancel-subscription"])
    assert "a window, a freeze or a date has passed" in then.why_stale
    assert explained_by_dates(found, replace(customer, actions=())).unexplained == found.unexplained


def test_the_heavier_of_two_actions():
    def told(seats: int, committed: str, closes: datetime, *requires: Action) -> Action:
        money = ActionMoney(committed=Money(Decimal(committed), "EUR"))
        return cancel("s1", *requires, impact=Impact(seats, "mail"), money=money, window_closes_at=closes)

    small = told(1, "10.00", WINDOW + timedelta(days=1), cancel("s2"))
    large = told(5, "20.00", WINDOW, cancel("s3"))
    for one, other in ((small, large), (large, small)):
        found = heavier(one, other)
        assert found.impact is not None
        assert found.impact.seats == 5
        assert found.money == large.money
        assert found.window_closes_at == WINDOW
        assert set(found.requires) == {*small.requires, *large.requires}


@pytest.mark.parametrize(
    ("kept", "fresh"),
    [
        (None, Money(Decimal("2.00"), "EUR")),
        (Money(Decimal("1.00"), "EUR"), None),
        (Money(Decimal("9.00"), "USD"), Money(Decimal("1.00"), "EUR")),
    ],
)
def test_money_that_cannot_be_compared_is_the_fresh_plan_s(kept: Money | None, fresh: Money | None):
    one, other = (cancel("s1", money=ActionMoney(committed=amount)) for amount in (kept, fresh))
    assert heavier(one, other).money.committed == fresh


def test_effect_and_reversibility_are_the_fresh_plan_s():
    belittled = cancel("s1", effect="neutral", reversibility="reversible")
    assert heavier(belittled, cancel("s1")) == cancel("s1")


def test_an_action_is_known_by_kind_and_target():
    assert key_of(cancel("s1")) == ("cancel-subscription", "subscription", "s1")


def test_every_member_of_the_comparison_is_asserted_above():
    names = {each.name for each in fields(CustomerComparison)}
    assert names == {"kept", "fresh", "shared", "missing", "moved", "dated"}


@pytest.mark.parametrize("member", Partner.__struct_fields__)
def test_every_member_of_the_partner_document_counts(member: str):
    partner = Partner("contoso", PARTNER, Cloud.CUSTOM)
    changed = replace(partner, **{member: "other"})
    assert partner_digest(changed) != partner_digest(partner)


# What the journal knows of one customer, by member of Memory; the rest is the whole fleet's.
KNOWN: dict[str, Any] = {
    "removed": {ONE: "run"},
    "service_taken": {ONE: WINDOW},
    "suspended": {ONE: ("s1",)},
    "renewals": {ONE: {"s1": {}}},
    "returned": {ONE: ({"at": WINDOW},)},
    "departures": {ONE: {"customer": ONE, "run": "r", "sentAt": WINDOW, "removedAt": WINDOW}},
    "fulfilled": {ONE: ({"run": "r", "at": WINDOW},)},
    "refused": {ONE: {"run": "r", "at": WINDOW, "said": "no"}},
}
OF_THE_FLEET: dict[str, Any] = {
    "removals": (WINDOW,),
    "spent": ({"at": WINDOW, "customer": ONE},),
    "known_since": WINDOW,
    "stood_for": {"name:mig": (ONE,)},  # a guard of the whole run asks it, whatever the plan was made from
    "seen_again": {ONE: WINDOW},  # told to people, and decides nothing
}


@pytest.mark.parametrize("member", Memory.__struct_fields__)
def test_what_the_journal_knows_of_a_customer(member: str):
    name = msgspec.structs.fields(Memory)[Memory.__struct_fields__.index(member)].encode_name
    memory = msgspec.convert({name: (KNOWN | OF_THE_FLEET)[member]}, Memory)
    assert set(memory_digests(memory, [ONE, tenant(2)])) == ({ONE} if member in KNOWN else set())


def test_nothing_known_gives_no_digest():
    assert memory_digests(Memory(), [ONE, TenantId("other")]) == {}
