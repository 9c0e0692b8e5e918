"""One thing bought, put together from subscription rows, order lines and entitlements; and which family it is."""

from __future__ import annotations

from typing import Any

import pytest

from pcreconcile.exits import exit_of, holdings_of
from pcreconcile.exits.subject import subjects_of
from pcreconcile.model.estate import CustomerState, Entitlement, Order, OrderLineItem, ReadProof, Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.ids import OrderId, SubscriptionId
from tests.exits.estates import LEGACY_OFFER, TENANT, customer_state

SOFTWARE = "DG7GMGF0DVSV:000P:DG7GMGF0F3Q9"

FAMILIES: list[tuple[dict[str, Any], Family]] = [
    ({"kind": "legacy-license"}, Family.LEGACY_LICENSE),
    ({"kind": "legacy-license", "offer": LEGACY_OFFER.upper()}, Family.LEGACY_LICENSE),
    ({"kind": "new-commerce-license"}, Family.NEW_COMMERCE_LICENSE),
    ({"kind": "new-commerce-license", "productType": None}, Family.NEW_COMMERCE_LICENSE),
    ({"kind": "new-commerce-license", "offer": "ZZZ:1:2"}, Family.NEW_COMMERCE_LICENSE),
    ({"kind": "software-subscription"}, Family.SOFTWARE_SUBSCRIPTION),
    ({"kind": "software-subscription", "productType": None}, Family.SOFTWARE_SUBSCRIPTION),
    ({"kind": "azure-legacy"}, Family.AZURE_LEGACY),
    ({"kind": "azure-legacy", "offer": "ms-azr-usgov-0145p"}, Family.AZURE_LEGACY),
    ({"kind": "azure-plan"}, Family.AZURE_PLAN),
    ({"kind": "azure-plan", "productType": None}, Family.AZURE_PLAN),
    ({"kind": "perpetual-software"}, Family.PERPETUAL_SOFTWARE),
    ({"kind": "perpetual-software", "entitled": False}, Family.PERPETUAL_SOFTWARE),
    ({"kind": "perpetual-software", "offer": "ZZZ:1:2"}, Family.PERPETUAL_SOFTWARE),
    ({"kind": "perpetual-software", "offer": "ZZZ:1:2", "entitled": False}, Family.UNKNOWN),
    ({"kind": "reservation"}, Family.RESERVATION),
    ({"kind": "reservation", "entitled": False}, Family.RESERVATION),
    ({"kind": "reservation", "entitled": False, "name": "a machine"}, Family.UNKNOWN),
    ({"kind": "marketplace-saas"}, Family.UNKNOWN),
    ({"kind": "savings-plan"}, Family.UNKNOWN),
    ({"kind": "mystery"}, Family.UNKNOWN),
]


@pytest.mark.parametrize(("thing", "family"), FAMILIES)
def test_a_thing_is_recognised_by_its_fields(thing: dict[str, Any], family: Family) -> None:
    (holding,) = holdings_of(customer_state([thing | {"id": "A"}], None, {}))
    assert holding.family is family
    assert holding.evidence.because
    assert exit_of(holding.family).FAMILY is family


@pytest.mark.parametrize("family", [Family.SAVINGS_PLAN, Family.MARKETPLACE_SAAS])
def test_a_family_that_no_module_speaks_of_is_unknown(family: Family) -> None:
    assert exit_of(family).FAMILY is Family.UNKNOWN


def row(name: str, order: str | None = "O", offer: str = SOFTWARE) -> Subscription:
    return Subscription(SubscriptionId(name), offer, name, "active", 1, order_id=OrderId(order) if order else None)


def line(number: int, subscription: str | None = None, offer: str = SOFTWARE, quantity: int = 1) -> OrderLineItem:
    of = SubscriptionId(subscription) if subscription else None
    return OrderLineItem(number, offer, f"line {number}", quantity, subscription_id=of)


def put_together(rows: list[Subscription], lines: list[OrderLineItem], entitled: list[int]) -> list[tuple[str, Any]]:
    """What stands for each thing bought, with its order line."""
    order = Order(OrderId("O"), "completed", tuple(lines))
    entitlements = tuple(Entitlement(OrderId("O"), number, "software", 1) for number in entitled)
    state = CustomerState(TENANT, None, tuple(rows), (order,) if lines else (), entitlements)
    return [(subject.id, subject.line_id) for subject in subjects_of(state)]


JOINS = [
    # rows, lines, entitled lines: things
    ([row("A")], [line(0, "a")], [], [("A", "O/0")]),  # by the line's subscription ID, whatever its letter case
    ([row("A")], [line(0)], [], [("A", "O/0")]),  # by order and offer
    ([row("A")], [line(0)], [0], [("A", "O/0")]),
    ([row("A")], [line(0), line(1)], [], [("O/0", "O/0"), ("O/1", "O/1"), ("A", None)]),  # nobody knows which
    ([row("A"), row("B")], [line(0)], [], [("O/0", "O/0"), ("A", None), ("B", None)]),
    ([row("A"), row("B")], [line(0, "A"), line(1, "B")], [], [("A", "O/0"), ("B", "O/1")]),
    ([row("A", order=None)], [line(0)], [], [("O/0", "O/0"), ("A", None)]),
    ([], [line(0, "gone")], [], []),  # its subscription has left the list
    ([], [line(0, quantity=0)], [0], []),  # cancelled
    ([], [line(0)], [0], [("O/0", "O/0")]),
    ([], [], [3], [("O/3", "O/3")]),  # an entitlement whose order is not shown
]


@pytest.mark.parametrize(("rows", "lines", "entitled", "things"), JOINS)
def test_rows_of_one_purchase_are_one_thing(rows: Any, lines: Any, entitled: Any, things: Any) -> None:
    assert put_together(rows, lines, entitled) == things


AZURE_READS = [
    # resource, complete: read?
    ("azureEntitlements of P", True, True),
    ("AZUREENTITLEMENTS OF p", True, True),
    ("/subscriptions/P/azureEntitlements", True, False),
    ("azureEntitlements of P", False, False),
    ("azureEntitlements of Q", True, False),
    ("subscriptions P", True, False),
]


@pytest.mark.parametrize(("resource", "complete", "is_read"), AZURE_READS)
def test_azure_subscriptions_count_as_read_by_a_complete_read_alone(
    resource: str, complete: bool, is_read: bool
) -> None:
    state = CustomerState(TENANT, None, (row("P"),), reads=(ReadProof(resource, complete),))
    (subject,) = subjects_of(state)
    assert (subject.azure is not None) is is_read
