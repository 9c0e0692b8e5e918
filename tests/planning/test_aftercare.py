"""What is still open with customers who have gone, and when it is over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.model.desired import DesiredCustomer, DesiredFleet, Relationship
from pcreconcile.model.estate import (
    AzureEntitlement,
    Customer,
    CustomerList,
    CustomerState,
    DelegatedAdminRelationship,
    ReadProof,
    RemovalRecord,
    Snapshot,
    Subscription,
)
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import SubscriptionId, TenantId
from pcreconcile.model.memory import Credit, Departure, Memory
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Aftercare, Plan
from pcreconcile.model.policy import Policy
from pcreconcile.planning import plan
from pcreconcile.planning.aftercare import extras_after, followed, with_aftercare
from tests.exits.estates import NOW, PARTNER_TENANT, partner, shipped_rules

ONE = TenantId("6b2e0b0c-0000-4000-8000-000000000001")
TWO = TenantId("6b2e0b0c-0000-4000-8000-000000000002")
SENT = NOW - timedelta(days=3)
DAY = timedelta(days=1)
CREDIT = Credit("subscription s1", SENT, Money(Decimal("12.50"), "EUR"))


def departed(who: TenantId = ONE, sent: datetime = SENT, **members: Any) -> Departure:
    return Departure(who, "r", sent, sent, **({"audit_record": "a", "traces": ("t-1",)} | members))


def state(who: TenantId = ONE, **members: Any) -> CustomerState:
    values = {"reads": (ReadProof("customer", complete=True),), "delegated_admin": ()} | members
    return CustomerState(who, **({"customer": None} | values))


def gdap(status: str, ends: datetime | None = None) -> DelegatedAdminRelationship:
    return DelegatedAdminRelationship("g", "helpdesk", status, ends)


def subscription(status: str) -> Subscription:
    return Subscription(SubscriptionId("s1"), "offer", "mail", status, 1)


def azure(status: str) -> AzureEntitlement:
    return AzureEntitlement("z", SubscriptionId("p"), "production", status)


def live(who: TenantId, **members: Any) -> Customer:
    return Customer(who, "Aspen", "aspen.example", **members)


def snapshot(*states: CustomerState, listed: tuple[Customer, ...] = (), **members: Any) -> Snapshot:
    customers = CustomerList({each.tenant_id: each for each in listed}, ReadProof("customers", complete=True))
    return Snapshot(PARTNER_TENANT, NOW, customers, {each.tenant_id: each for each in states}, **members)


def bare(seen: Snapshot, now: datetime = NOW) -> Plan:
    return plan(DesiredFleet(()), seen, Memory(), shipped_rules(), Policy(), now, partner=partner(), tool_version="0")


def found(departure: Departure, seen: Snapshot, now: datetime = NOW, **names: str) -> tuple[Aftercare, ...]:
    memory = Memory(departures={departure.customer: departure})
    named = {TenantId(ONE): names["one"]} if names else {}
    return with_aftercare(bare(seen, now), seen, memory, (departure.customer,), named).aftercare


def codes(departure: Departure, seen: Snapshot, now: datetime = NOW) -> list[str]:
    return [end.code for gone in found(departure, seen, now) for end in gone.open]


DAP = live(ONE, relationship="none", allow_delegated_access=True)
UNREAD_GDAP: dict[str, Any] = {
    "delegated_admin": None,
    "reads": (
        ReadProof("customer", complete=True),
        ReadProof(Extra.DELEGATED_ADMIN, complete=False, problem="403"),
    ),
}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (state(), []),
        (state(delegated_admin=(gdap("terminated"), gdap("expired"))), []),
        (state(delegated_admin=(gdap("active"),)), ["delegated-access-remains"]),
        (state(delegated_admin=(gdap("terminating"),)), ["delegated-access-remains"]),
        (state(delegated_admin=(gdap("approvalpending"),)), ["delegated-access-remains"]),
        (state(delegated_admin=(gdap("wobbling"),)), ["delegated-access-remains"]),
        (state(**UNREAD_GDAP), ["delegated-access-unknown"]),
        (state(customer=DAP), ["delegated-access-remains"]),
        (state(customer=replace(DAP, allow_delegated_access=False)), []),
        (state(subscriptions=(subscription("active"),)), ["subscription-still-active"]),
        (state(subscriptions=(subscription("pending"),)), ["subscription-still-active"]),
        (state(subscriptions=(subscription("suspended"), subscription("deleted"))), []),
        (state(azure_entitlements=(azure("active"),)), ["subscription-still-active"]),
        (state(azure_entitlements=(azure("inactive"),)), []),
        (state(reads=(ReadProof("customer", complete=False, problem="cut"),)), ["subscriptions-unknown"]),
        (None, ["delegated-access-unknown", "subscriptions-unknown"]),
    ],
)
def test_what_a_read_leaves_open(seen: CustomerState | None, expected: list[str]):
    assert codes(departed(), snapshot(*([seen] if seen else []))) == expected


def test_a_customer_who_is_listed_again_has_not_gone():
    seen = snapshot(state(delegated_admin=(gdap("active"),)), listed=(live(ONE),))
    assert found(departed(audit_record=None, credits=(CREDIT,)), seen) == ()


@pytest.mark.parametrize(
    ("record", "is_open"),
    [
        (None, True),
        (RemovalRecord("a", SENT - timedelta(minutes=5)), False),
        (RemovalRecord("a", SENT - timedelta(minutes=6)), True),
        (RemovalRecord("a", SENT - DAY, "T-1"), False),
        (RemovalRecord("a", SENT - DAY, "T-2"), True),
    ],
)
def test_the_audit_record_is_missing_until_one_of_ours_is_found(record: RemovalRecord | None, is_open: bool):
    seen = snapshot(state(), removal_records={} if record is None else {ONE: record})
    assert codes(departed(audit_record=None), seen) == (["audit-record-missing"] if is_open else [])


@pytest.mark.parametrize(
    ("age", "is_open"), [(89 * DAY, True), (90 * DAY - timedelta(seconds=1), True), (90 * DAY, False)]
)
def test_the_service_forgets_the_audit_record_after_ninety_days(age: timedelta, is_open: bool):
    departure = departed(audit_record=None)
    gone = found(departure, snapshot(state()), SENT + age)
    assert [end.deadline for each in gone for end in each.open] == ([(SENT + 90 * DAY).date()] if is_open else [])


@pytest.mark.parametrize(("age", "listed"), [(60 * DAY - timedelta(seconds=1), True), (60 * DAY, False)])
def test_credits_are_listed_for_sixty_days(age: timedelta, listed: bool):
    gone = found(departed(credits=(CREDIT,)), snapshot(state()), SENT + age)
    assert [each.credits for each in gone] == ([(CREDIT,)] if listed else [])
    assert [(end.code, end.deadline) for each in gone for end in each.open] == (
        [("credits-expected", (SENT + 60 * DAY).date())] if listed else []
    )


def test_credits_that_are_past_do_not_come_back_with_another_open_end():
    seen = snapshot(state(delegated_admin=(gdap("active", datetime.max.replace(tzinfo=NOW.tzinfo)),)))
    (gone,) = found(departed(credits=(CREDIT,)), seen, SENT + 60 * DAY)
    assert (gone.credits, [end.deadline for end in gone.open]) == ((), [date.max])


def test_whose_it_is_and_since_when():
    (gone,) = found(departed(credits=(CREDIT,)), snapshot(state()), one="aspen")
    assert (gone.name, gone.tenant_id, gone.run, gone.removed_at) == ("aspen", ONE, "r", SENT)
    assert found(departed(credits=(CREDIT,)), snapshot(state()))[0].name == ONE


def test_the_plan_keeps_its_id_and_gets_a_digest_of_its_own():
    seen, memory = (
        snapshot(state(TWO), state()),
        Memory(departures={w: departed(w, credits=(CREDIT,)) for w in (ONE, TWO)}),
    )
    before = bare(seen)
    after = with_aftercare(before, seen, memory, (ONE, TWO), {ONE: "b", TWO: "a"})
    assert (after.plan_id, after.digest == before.digest) == (before.plan_id, False)
    assert [gone.name for gone in after.aftercare] == ["a", "b"]
    assert with_aftercare(before, seen, memory, (), {}) is before


def fleet(*tenants: TenantId) -> DesiredFleet:
    return DesiredFleet(tuple(DesiredCustomer(each, each, "x.example", Relationship.REMOVED) for each in tenants))


@pytest.mark.parametrize(
    ("planned", "known", "told"),
    [
        (fleet(ONE), fleet(ONE), (ONE, TWO)),
        (fleet(), fleet(), (ONE, TWO)),
        (fleet(ONE), fleet(ONE, TWO), (ONE,)),
        (fleet(), fleet(ONE), ()),
    ],
)
def test_a_narrower_plan_tells_only_of_its_customers(planned: DesiredFleet, known: DesiredFleet, told: Any):
    assert followed(Memory(departures={TWO: departed(TWO), ONE: departed()}), planned, known) == told


@pytest.mark.parametrize(
    ("departure", "extras"),
    [
        (departed(), {Extra.DELEGATED_ADMIN}),
        (departed(audit_record=None), {Extra.DELEGATED_ADMIN, Extra.REMOVAL_RECORD}),
        (departed(audit_record=None, sent=NOW - 89 * DAY), {Extra.DELEGATED_ADMIN, Extra.REMOVAL_RECORD}),
        (departed(audit_record=None, sent=NOW - 89 * DAY - timedelta(seconds=1)), {Extra.DELEGATED_ADMIN}),
    ],
)
def test_what_is_read_of_a_customer_who_has_gone(departure: Departure, extras: set[Extra]):
    assert extras_after(departure, NOW) == extras
