"""What is no longer as the plan saw it is left alone; what our own writes explain is not in the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying.staleness import Live, differences, live_customer
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import Customer, CustomerState, Entitlement, Order, OrderLineItem
from pcreconcile.model.ids import OrderId, SubscriptionId
from pcreconcile.model.observed import observe_items
from pcreconcile.model.plan import Action, ActionKind, Observed
from tests.applying.world import (
    NOW,
    ONE,
    Desk,
    Died,
    Fault,
    Microsoft,
    act,
    azure,
    cancel,
    plan_of,
    planned,
    planned_writes,
    remove,
    subscription,
    suspend,
    tenant,
    unread,
    wanted,
)

Change = Callable[[Microsoft], Any]


def leave(microsoft: Microsoft) -> None:
    microsoft.customers[ONE] = replace(microsoft.customers[ONE], relationship="none")


def rename(microsoft: Microsoft) -> None:
    microsoft.customers[ONE] = replace(microsoft.customers[ONE], domain="other.onmicrosoft.com")


CHANGES: list[tuple[Change, str]] = [
    (lambda m: m.change(ONE, "s1", quantity=11), "subscription s1 changed (quantity: 10 → 11)"),
    (lambda m: m.change(ONE, "s2", status="suspended"), "subscription s2 changed (status: active → suspended)"),
    (lambda m: m.subscriptions[ONE].update(new=subscription("new")), "subscription new appeared"),
    (lambda m: m.subscriptions[ONE].pop("s2"), "subscription s2 is gone"),
    (leave, "relationship: reseller → none"),
    (rename, "domain: customer-1.onmicrosoft.com → other.onmicrosoft.com"),
    (lambda m: m.customers.pop(ONE), "relationship: reseller → none"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_a_changed_customer_is_left_alone_and_the_others_go_on(
    desk: Desk, microsoft: Microsoft, change: Change, told: str
):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    microsoft.add(tenant(2), subscription("s3"))
    one = planned(microsoft, [cancel("s1"), remove(cancel("s1"))])
    two = planned(microsoft, [cancel("s3", who=tenant(2))], tenant(2))
    change(microsoft)
    receipt = desk.apply(plan_of(one, two))
    assert [result.outcome for result in receipt.customers] == ["stale", "done"]
    assert told in receipt.customers[0].message
    assert receipt.exit_code == 3
    assert microsoft.took == {("cancel-subscription", "s3"): 1}


def test_a_second_key_that_was_lost_is_staleness(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    microsoft.customers[ONE] = replace(microsoft.customers[ONE], custom_domains=("Harbor.example",))
    seen = planned(microsoft, [cancel("s1")], desired=wanted(ONE, domain="harbor.example"))
    seen = replace(seen, observed=replace(seen.observed, custom_domains=("Harbor.example",)))
    microsoft.customers[ONE] = replace(microsoft.customers[ONE], custom_domains=())
    receipt = desk.apply(plan_of(seen))
    assert receipt.exit_code == 3
    assert "harbor.example is no longer a domain of this customer" in receipt.customers[0].message


def test_a_changed_manifest_makes_its_customer_stale(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    microsoft.add(tenant(2), subscription("s3"))
    one, two = planned(microsoft, [cancel("s1")]), planned(microsoft, [cancel("s3", who=tenant(2))], tenant(2))
    fleet = DesiredFleet((replace(one.desired, ticket="CHG-1"), two.desired))
    receipt = desk.apply(plan_of(one, two), fleet=fleet)
    assert [result.outcome for result in receipt.customers] == ["stale", "done"]


def test_an_unread_customer_is_left_alone(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    microsoft.unreadable.add(ONE)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, receipt.customers[0].outcome) == (9, "unread")
    assert microsoft.requests == []


def test_a_window_that_closed_makes_the_customer_stale_before_anything_is_written(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    plan = plan_of(planned(microsoft, [suspend("s1"), cancel("s2", window_closes_at=NOW)]))
    receipt = desk.apply(plan)
    assert [action.state for action in receipt.customers[0].actions] == ["skipped", "stale"]
    assert (receipt.exit_code, microsoft.requests) == (3, [])


def test_a_window_that_closes_while_waiting_makes_its_action_stale(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    first = suspend("s1")
    plan = plan_of(planned(microsoft, [first, cancel("s2", first, window_closes_at=NOW + timedelta(seconds=1))]))
    microsoft.slow = 6
    receipt = desk.apply(plan)
    assert [action.state for action in receipt.customers[0].actions] == ["verified", "stale"]


def test_a_target_that_changes_between_the_reads_is_not_written(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    read = microsoft.read_customer

    async def read_and_change(who: Any, extras: Any) -> CustomerState:
        state = await read(who, extras)
        microsoft.change(ONE, "s1", status="expired")
        return state

    microsoft.read_customer = read_and_change  # type: ignore[method-assign]
    receipt = desk.apply(plan)
    assert (receipt.exit_code, microsoft.requests) == (3, [])
    assert "status is expired, not active" in receipt.customers[0].message


def test_a_second_step_on_one_target_may_wait_for_the_first(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1", "suspended"))
    first = act(ActionKind.REACTIVATE_SUBSCRIPTION, "s1")
    both = {"status": "active", "autoRenewEnabled": True}
    plan = plan_of(planned(microsoft, [first, act(ActionKind.CANCEL_AT_TERM_END, "s1", first, precondition=both)]))
    assert desk.apply(plan).exit_code == 0


# The gate before the removal.


@pytest.mark.parametrize(("change", "told"), [*CHANGES[1:4], *CHANGES[5:6]])
def test_what_moves_after_the_check_stops_the_removal(desk: Desk, microsoft: Microsoft, change: Change, told: str):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    plan = plan_of(planned(microsoft, [cancel("s1"), remove(cancel("s1"))]))
    microsoft.before_write = lambda _: change(microsoft)
    receipt = desk.apply(plan)
    assert [action.state for action in receipt.customers[0].actions] == ["verified", "stale"]
    assert told in receipt.customers[0].message
    assert microsoft.took == {("cancel-subscription", "s1"): 1}


def test_a_customer_that_cannot_be_read_again_is_not_removed(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1"), remove(cancel("s1"))]))
    microsoft.before_write = lambda _: microsoft.unreadable.add(ONE)
    receipt = desk.apply(plan)
    assert [action.state for action in receipt.customers[0].actions] == ["verified", "skipped"]
    assert receipt.exit_code == 9


@pytest.mark.parametrize("when", ["2026-12-01", "manual", "now"])
def test_removal_waits_for_every_other_action_even_one_it_does_not_require(desk: Desk, microsoft: Microsoft, when: str):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    forgotten = cancel("s2", when=when)
    plan = plan_of(planned(microsoft, [cancel("s1"), remove(cancel("s1")), forgotten]))
    receipt = desk.apply(plan)
    assert ("remove-relationship", ONE) not in microsoft.took
    assert "not everything else is done: cancel-subscription s2" in receipt.customers[0].message


def test_what_comes_after_the_removal_does_not_hold_it_up(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    first = cancel("s1")
    gone = remove(first)
    later = act(ActionKind.TERMINATE_DELEGATED_ACCESS, "gdap", gone, when="2026-12-24")
    last = act(ActionKind.REMOVE_DELEGATED_ADMIN, "dap", later, when="2026-12-24")
    assert desk.apply(plan_of(planned(microsoft, [first, gone, last, later]))).exit_code == 0


# Going on after a cut, with differences that are ours.


def cut(desk: Desk, microsoft: Microsoft, plan: Any, *before: Fault | None) -> None:
    microsoft.faults.extend([*before, Fault.DIES_AFTER])
    with pytest.raises(Died):
        desk.apply(plan)


def test_our_own_traces_are_not_staleness(desk: Desk, microsoft: Microsoft):
    addon = subscription("addon", parent_subscription_id=SubscriptionId("base"))
    microsoft.add(ONE, subscription("base"), addon, subscription("s2"))
    first = suspend("base")
    plan = plan_of(planned(microsoft, [first, cancel("s2", first), remove(first, cancel("s2", first))]))
    cut(desk, microsoft, plan)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, receipt.resumed) == (0, True)
    assert microsoft.took == planned_writes(plan)


def test_a_removed_customer_that_shows_nothing_any_more_is_done(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1"), remove(cancel("s1"))]))
    cut(desk, microsoft, plan, None)
    microsoft.unreadable.add(ONE)
    assert desk.apply(plan).exit_code == 0
    assert microsoft.took == planned_writes(plan)


def test_a_stale_customer_is_not_written_but_what_was_open_is_read(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"), subscription("s2"))
    plan = plan_of(planned(microsoft, [cancel("s1"), cancel("s2", cancel("s1"))]))
    cut(desk, microsoft, plan)
    microsoft.subscriptions[ONE]["new"] = subscription("new")
    receipt = desk.apply(plan)
    assert [action.state for action in receipt.customers[0].actions] == ["verified", "skipped"]
    assert receipt.exit_code == 3
    assert len(microsoft.requests) == 1


def test_an_open_write_of_an_unread_customer_stays_indeterminate(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [cancel("s1")]))
    cut(desk, microsoft, plan)
    microsoft.unreadable.add(ONE)
    microsoft.read_faults.append(unread())
    assert desk.apply(plan).exit_code == 7
    assert len(microsoft.requests) == 1


# What exactly our writes explain.

ORDER = Order(
    OrderId("o1"),
    "completed",
    (
        OrderLineItem(0, "x", "x", 1, subscription_id=SubscriptionId("s1")),
        OrderLineItem(1, "y", "y", 1, subscription_id=SubscriptionId("s2")),
    ),
)
BEFORE = CustomerState(
    ONE,
    Customer(ONE, "c", "c.example", "reseller"),
    subscriptions=(subscription("s1", order_id=OrderId("o1")), subscription("s2", order_id=OrderId("o1"))),
    orders=(ORDER,),
    entitlements=(Entitlement(OrderId("o1"), 0, "software", 1), Entitlement(OrderId("o1"), 1, "software", 1)),
    azure_entitlements=(azure("a1"),),
)
LINE = act(ActionKind.CANCEL_ORDER_LINE, "o1/0")


def moved(state: CustomerState, touched: list[Action]) -> list[str]:
    observed = Observed("reseller", "c.example", "c", items=tuple(observe_items(BEFORE)))
    return differences(observed, live_customer(state, BEFORE.customer), touched)


def lines(number: int, status: str = "completed") -> tuple[Order]:
    changed = tuple(replace(line, quantity=0) if line.number == number else line for line in ORDER.line_items)
    return (replace(ORDER, line_items=changed, status=status),)


def rows(which: str) -> tuple[Any, ...]:
    return tuple(replace(s, status="deleted") if s.id == which else s for s in BEFORE.subscriptions)


@pytest.mark.parametrize(
    ("after", "touched", "count"),
    [
        ({"orders": lines(0)}, [], 1),
        ({"orders": lines(0)}, [LINE], 0),
        ({"orders": lines(1)}, [LINE], 1),
        ({"orders": lines(0, "pending")}, [LINE], 0),
        ({"orders": lines(0, "pending")}, [], 2),
        ({"subscriptions": rows("s1")}, [LINE], 0),
        ({"subscriptions": rows("s2")}, [LINE], 1),
        ({"subscriptions": rows("s1"), "orders": lines(0)}, [cancel("s1")], 0),
        ({"subscriptions": rows("s1"), "orders": lines(1)}, [cancel("s1")], 1),
        ({"entitlements": BEFORE.entitlements[1:]}, [LINE], 0),
        ({"entitlements": BEFORE.entitlements[:1]}, [LINE], 1),
        ({"azure_entitlements": ()}, [suspend("plan")], 0),
        ({"azure_entitlements": ()}, [suspend("s1")], 1),
        ({"azure_entitlements": (azure("a1"), azure("a2"))}, [suspend("plan")], 1),
        ({"subscriptions": (), "orders": (), "entitlements": (), "customer": None}, [remove()], 0),
    ],
)
def test_what_hangs_on_a_write_may_differ_and_nothing_else(after: dict[str, Any], touched: list[Action], count: int):
    assert len(moved(replace(BEFORE, **after), touched)) == count


def test_without_subscription_ids_the_order_tells_what_belongs_together():
    bare = replace(ORDER, line_items=tuple(replace(line, subscription_id=None) for line in ORDER.line_items))
    before = replace(BEFORE, orders=(bare,))
    observed = Observed("reseller", "c.example", "c", items=tuple(observe_items(before)))
    after = live_customer(replace(before, subscriptions=rows("s1")), before.customer)
    assert differences(observed, after, [LINE]) == []
    assert len(differences(observed, after, [])) == 1
    cancelled = replace(bare, line_items=(replace(bare.line_items[0], quantity=0), bare.line_items[1]))
    after = live_customer(replace(before, orders=(cancelled,)), before.customer)
    assert differences(observed, after, [cancel("s1")]) == []
    assert len(differences(observed, after, [cancel("s9")])) == 1


def reservation(name: str, live: bool = True) -> dict[str, Any]:
    return {"type": "reservation", "id": f"azure/{name}", "reservationOrder": "azure", "live": live}


def entitlement(quantity: int, order: str = "azure") -> dict[str, Any]:
    line = f"{order}-order/0"
    return {
        "type": "entitlement",
        "id": f"{line}/reservedinstance",
        "orderLine": line,
        "quantity": quantity,
        "reservationOrders": [order],
    }


def bought(quantity: int, order: str = "azure") -> dict[str, Any]:
    return {"type": "order-line", "id": f"{order}-order/0", "quantity": quantity}


RESERVED = [reservation("r"), entitlement(1), bought(1), entitlement(1, "other"), bought(1, "other")]


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ([reservation("r", live=False), entitlement(0), bought(0), *RESERVED[3:]], []),
        ([*RESERVED[3:]], []),
        ([*RESERVED[:3], entitlement(0, "other"), RESERVED[4]], ["entitlement other-order/0/reservedinstance changed"]),
        ([*RESERVED, reservation("s")], ["reservation azure/s appeared"]),
    ],
)
def test_a_returned_reservation_takes_its_entitlement_along_and_no_other(now: list[Any], found: list[str]):
    touched = [act(ActionKind.RETURN_RESERVATION, "azure/r")]
    observed = Observed("reseller", "d", "c", items=tuple(RESERVED))
    live = Live("reseller", "d", frozenset({"d"}), tuple(now))
    assert [each.partition(" (")[0] for each in differences(observed, live, touched)] == found
