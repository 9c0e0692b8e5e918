"""What beyond commerce is read for which wish, and how reservations and delegated access are observed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from pcreconcile.model.desired import (
    DelegatedAccess,
    DesiredCustomer,
    LineDesire,
    Match,
    Relationship,
    SubscriptionLine,
)
from pcreconcile.model.estate import (
    CustomerState,
    DelegatedAdminRelationship,
    Entitlement,
    ReadProof,
    Reseller,
    Reservation,
    Transfer,
    TransferLine,
)
from pcreconcile.model.extras import Extra, extra_read, extras_of, extras_seen
from pcreconcile.model.ids import OrderId, SubscriptionId, TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.observed import observe_delegated_admin, observe_items, observe_transfer
from pcreconcile.model.partner import Cloud, Partner

TENANT = TenantId("6b2e0b0c-0000-4000-8000-000000000011")
TERMINATE = DelegatedAccess(terminate=True)
ON_A_DAY = DelegatedAccess(terminate=True, at=date(2027, 1, 1))
LINE = SubscriptionLine(Match(), LineDesire.RETURN, "returned")
ACCESS, RESERVED, RECORD = Extra.DELEGATED_ADMIN, Extra.RESERVATIONS, Extra.REMOVAL_RECORD
TRANSFERS, RESELLERS = Extra.TRANSFERS, Extra.RESELLERS
LEAVING = {TRANSFERS, RESELLERS}


@pytest.mark.parametrize(
    ("relationship", "wish", "reservations", "removed_before", "expected"),
    [
        (Relationship.REMOVED, {}, "manual", False, {RECORD, *LEAVING}),
        (Relationship.REMOVED, {}, "manual", True, LEAVING),
        (Relationship.REMOVED, {}, "api", True, {RESERVED, *LEAVING}),
        (Relationship.REMOVED, {"delegated_access": TERMINATE}, "manual", True, {ACCESS, *LEAVING}),
        (Relationship.ACTIVE, {}, "api", False, set()),
        (Relationship.ACTIVE, {"subscriptions": (LINE,)}, "api", False, {RESERVED, TRANSFERS}),
        (Relationship.ACTIVE, {"subscriptions": (LINE,)}, "manual", False, {TRANSFERS}),
        (Relationship.ACTIVE, {"delegated_access": ON_A_DAY}, "manual", False, {ACCESS}),
        (Relationship.SUSPENDED, {}, "api", False, {TRANSFERS}),
    ],
)
def test_only_what_a_wish_needs_is_read(
    relationship: Relationship, wish: dict[str, Any], reservations: str, removed_before: bool, expected: set[Extra]
) -> None:
    desired = DesiredCustomer("harbor", TENANT, "harbor.example", relationship, **wish)
    partner = Partner("contoso", TENANT, Cloud.SIMULATOR, reservations=reservations)
    memory = Memory(removed={TENANT: "run-1"} if removed_before else {})
    assert extras_of(desired, partner, memory) == expected


def test_what_was_not_read_to_its_end_was_not_seen() -> None:
    failed = ReadProof(ACCESS, complete=False, problem="no right")
    state = CustomerState(TENANT, None, reservations=(), transfers=(), resellers=(), reads=(failed,))
    assert extras_seen(state) == (RESELLERS, RESERVED, TRANSFERS)
    assert extra_read(state, ACCESS) is failed
    assert extra_read(state, RECORD) is None
    assert state.problems == ("delegated-admin: no right",)


@pytest.mark.parametrize(
    ("status", "ended", "under_way"),
    [
        ("active", False, False),
        ("approvalpending", False, False),
        ("terminationrequested", False, True),
        ("terminating", False, True),
        ("expiring", False, True),
        ("terminated", True, False),
        ("expired", True, False),
        ("hibernating", False, False),
    ],
)
def test_delegated_access_is_over_or_on_its_way(status: str, ended: bool, under_way: bool) -> None:
    shown = observe_delegated_admin(DelegatedAdminRelationship("g", "helpdesk", status))
    assert (shown["ended"], shown["underWay"]) == (ended, under_way)


def reserved(name: str, quantity: int = 1, state: str = "succeeded", order: str = "azure") -> Reservation:
    return Reservation(order, name, f"VM {name}", quantity, state, datetime(2027, 2, 23, tzinfo=UTC))


def entitled(quantity: int) -> Entitlement:
    return Entitlement(OrderId("o"), 0, "reservedinstance", quantity, reservation_orders=("azure",))


@pytest.mark.parametrize(
    ("reservations", "quantity", "live"),
    [
        ([reserved("r")], 1, {"azure/r": True}),
        ([reserved("r")], 0, {"azure/r": True}),
        ([reserved("r", 0, "cancelled")], 1, {"azure/r": True}),
        ([reserved("r", 0, "cancelled")], 0, {"azure/r": False}),
        ([reserved("r", 1, "expired")], 0, {"azure/r": False}),
        ([reserved("r", 0, "cancelled"), reserved("s", 2)], 2, {"azure/r": False, "azure/s": True}),
        ([reserved("r", 0, "cancelled"), reserved("s", 2)], 3, {"azure/r": True, "azure/s": True}),
        ([reserved("r", 0, "cancelled"), reserved("s", 2, order="b")], 1, {"azure/r": True, "b/s": True}),
    ],
)
def test_a_reservation_lives_until_partner_center_counts_it_no_more(
    reservations: list[Reservation], quantity: int, live: dict[str, bool]
) -> None:
    state = CustomerState(TENANT, None, entitlements=(entitled(quantity),), reservations=tuple(reservations))
    shown = {item["id"]: item["live"] for item in observe_items(state) if item["type"] == "reservation"}
    assert shown == live


def test_money_is_no_part_of_what_is_compared() -> None:
    state = CustomerState(TENANT, None, reservations=(reserved("r"),))
    (shown,) = observe_items(state)
    assert set(shown) == {"type", "id", "reservationOrder", "name", "quantity", "state", "live", "expiryDate"}


TRANSFER_STATUSES = [
    ("pending", True),
    ("inprogress", True),
    ("a word of tomorrow", True),
    *[
        (word, False)
        for word in ("completed", "complete", "cancelled", "canceled", "rejected", "declined", "expired", "failed")
    ],
]


@pytest.mark.parametrize(("status", "is_open"), TRANSFER_STATUSES)
def test_a_transfer_is_open_unless_it_is_known_to_be_over(status: str, is_open: bool) -> None:
    assert observe_transfer(Transfer("t", status))["open"] is is_open


MOVED = [
    (None, None),
    ((), []),
    ((TransferLine("mail"), TransferLine("mail", order_id=OrderId("o"))), ["mail", "o"]),
    ((TransferLine("x", SubscriptionId("B"), OrderId("o")), TransferLine("y", SubscriptionId("A"))), ["A", "B"]),
]


@pytest.mark.parametrize(("lines", "shown"), MOVED)
def test_what_a_transfer_moves_is_shown_by_the_nearest_name(lines: Any, shown: list[str] | None) -> None:
    assert observe_transfer(Transfer("t", "pending", lines))["lines"] == shown


def test_transfers_and_resellers_stand_among_the_items() -> None:
    state = CustomerState(
        TENANT,
        None,
        transfers=(Transfer("t", "pending", (), "Northwind", datetime(2026, 12, 1, tzinfo=UTC)),),
        resellers=(Reseller("r", "Quay Resellers", "7654321", "active"),),
    )
    assert observe_items(state) == [
        {"type": "reseller", "id": "r", "name": "Quay Resellers", "mpnId": "7654321", "state": "active"},
        {
            "type": "transfer",
            "id": "t",
            "name": "Northwind",
            "status": "pending",
            "open": True,
            "expiryDate": "2026-12-01T00:00:00Z",
            "lines": [],
        },
    ]
