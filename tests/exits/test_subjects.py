"""One thing bought, put together from subscription rows, order lines and entitlements; and which family it is."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pcreconcile.exits import FAMILIES as MODULES
from pcreconcile.exits import Subject, Used, exit_of, holdings_of, used_by
from pcreconcile.exits.subject import subjects_of
from pcreconcile.model.estate import CustomerState, Entitlement, Order, OrderLineItem, ReadProof, Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.ids import OrderId, SubscriptionId
from pcreconcile.model.memory import Returned
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind
from tests.exits.estates import LEGACY_OFFER, NOW, TENANT, customer_plan, customer_state, shipped_rules
from tests.exits.test_cases import ALL

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
    ({"kind": "marketplace-saas"}, Family.MARKETPLACE_SAAS),
    ({"kind": "marketplace-saas", "publisher": "Contoso"}, Family.MARKETPLACE_SAAS),
    ({"kind": "marketplace-saas", "offer": "dzh318z0saas:1:2"}, Family.MARKETPLACE_SAAS),
    ({"kind": "marketplace-saas", "offer": "ZZZ:1:2", "productType": "SaaS"}, Family.MARKETPLACE_SAAS),
    ({"kind": "marketplace-saas", "productType": "SaaS", "microsoft": True}, Family.MARKETPLACE_SAAS),
    ({"kind": "marketplace-saas", "productType": "Azure Marketplace SaaS", "billing": None}, Family.MARKETPLACE_SAAS),
    ({"kind": "marketplace-saas", "offer": "ZZZ:1:2"}, Family.UNKNOWN),
    ({"kind": "marketplace-saas", "microsoft": True}, Family.UNKNOWN),
    ({"kind": "marketplace-saas", "microsoft": None}, Family.UNKNOWN),
    ({"kind": "marketplace-saas", "publisher": "Microsoft Corporation"}, Family.UNKNOWN),
    ({"kind": "marketplace-saas", "billing": "usage"}, Family.UNKNOWN),
    ({"kind": "marketplace-saas", "productType": "SaaS", "billing": "usage"}, Family.UNKNOWN),
    ({"kind": "marketplace-saas", "productType": "Hologram"}, Family.UNKNOWN),
    ({"kind": "marketplace-saas", "billing": "benefit"}, Family.SAVINGS_PLAN),
    ({"kind": "marketplace-saas", "offer": LEGACY_OFFER}, Family.LEGACY_LICENSE),
    ({"kind": "marketplace-saas", "offer": "CFQ7TTC0LF8R:0001:CFQ7TTC0K971"}, Family.NEW_COMMERCE_LICENSE),
    ({"kind": "marketplace-saas", "offer": "DZH318Z0BPS6:0001:DZH318Z0BML7"}, Family.AZURE_PLAN),
    ({"kind": "savings-plan"}, Family.SAVINGS_PLAN),
    ({"kind": "savings-plan", "billing": "Benefit", "productType": "Azure"}, Family.SAVINGS_PLAN),
    ({"kind": "savings-plan", "billing": "license", "productType": "AzureSavingsPlan"}, Family.SAVINGS_PLAN),
    ({"kind": "savings-plan", "billing": "license", "productType": "Azure Savings-Plan"}, Family.SAVINGS_PLAN),
    ({"kind": "savings-plan", "billing": "license", "productType": "Savings"}, Family.UNKNOWN),
    ({"kind": "mystery"}, Family.UNKNOWN),
]


@pytest.mark.parametrize(("thing", "family"), FAMILIES)
def test_a_thing_is_recognised_by_its_fields(thing: dict[str, Any], family: Family) -> None:
    (holding,) = holdings_of(customer_state([thing | {"id": "A"}], None, {}))
    assert holding.family is family
    assert holding.evidence.because
    assert exit_of(holding.family).FAMILY is family


def test_what_is_counted_in_benefits_is_a_savings_plan() -> None:
    (holding,) = holdings_of(CustomerState(TENANT, None, (msgspec.structs.replace(row("A"), unit_type="Benefit"),)))
    assert holding.family is Family.SAVINGS_PLAN
    assert holding.evidence.because == "unitType Benefit"


def test_a_family_that_no_module_speaks_of_is_unknown() -> None:
    assert exit_of(Family("hologram")).FAMILY is Family.UNKNOWN


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


ORDERS = [
    # the order that the row names, that of a line which is its own: the order it waits for
    ("O", [], None),
    ("O", [line(0), line(1)], "O"),  # nobody knows which line is its own, and each is of this order
    ("P", [line(0, "A")], "O"),  # the line is its own
    ("o", [line(0, offer="else")], None),  # order IDs are told apart by their letter case
    (None, [line(0)], None),
]


@pytest.mark.parametrize(("named", "lines", "order"), ORDERS)
def test_a_subscription_belongs_to_the_order_of_its_line_or_to_the_one_that_it_names(
    named: str | None, lines: list[OrderLineItem], order: str | None
) -> None:
    orders = (Order(OrderId("O"), "completed", tuple(lines)),) if lines else ()
    subject = next(
        each for each in subjects_of(CustomerState(TENANT, None, (row("A", order=named),), orders)) if each.subscription
    )
    assert (None if subject.order is None else subject.order.id) == order


AZURE_READS = [
    # resource, complete: read?
    ("azureEntitlements of P", True, True),
    ("azureEntitlements of p", True, True),
    ("azureEntitlements of P", False, False),
    ("azureEntitlements of Q", True, False),
    ("subscriptions", True, False),
]


@pytest.mark.parametrize(("resource", "complete", "is_read"), AZURE_READS)
def test_azure_subscriptions_count_as_read_by_a_complete_read_alone(
    resource: str, complete: bool, is_read: bool
) -> None:
    state = CustomerState(TENANT, None, (row("P"),), reads=(ReadProof(resource, complete),))
    (subject,) = subjects_of(state)
    assert (subject.azure is not None) is is_read


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def returned(day: str, amount: str | None, currency: str = "USD") -> Returned:
    return Returned(
        datetime.fromisoformat(f"{day}T18:00:00+00:00"), Money(Decimal(amount), currency) if amount else None
    )


LEDGERS: list[tuple[list[Returned], Used | None]] = [
    # our returns: what they have used of the allowance on 2026-11-22
    ([], None),
    ([returned("2025-11-21", "10.00")], None),  # twelve months have passed
    ([returned("2025-11-22", "10.00")], Used((usd("10.00"),))),  # the day counts until it is over
    ([returned("2026-01-31", "10.00"), returned("2026-11-21", "5.50")], Used((usd("15.50"),))),
    ([returned("2026-11-21", None)], Used((), unknown=1)),
    ([returned("2026-11-21", None), returned("2026-11-21", "1.00")], Used((usd("1.00"),), unknown=1)),
    (
        [returned("2026-11-21", "2.00", "EUR"), returned("2026-11-21", "1.00")],
        Used((Money(Decimal("2.00"), "EUR"), usd("1.00"))),
    ),
]


@pytest.mark.parametrize(("returns", "used"), LEDGERS)
def test_what_we_returned_counts_for_the_months_of_the_rule(returns: list[Returned], used: Used | None) -> None:
    found = used_by(returns, NOW, shipped_rules())
    assert (found and (found.sums, found.unknown)) == (used and (used.sums, used.unknown))


def test_each_return_leaves_the_span_on_the_day_after_its_day_has_come_again() -> None:
    returns = [returned("2026-06-30", "2.00"), returned("2026-02-28", "1.00", "EUR"), returned("2026-05-01", None)]
    found = used_by(returns, NOW, shipped_rules())
    assert found is not None
    assert found.leaves == ((date(2027, 3, 1), Money(Decimal("1.00"), "EUR")), (date(2027, 7, 1), usd("2.00")))


def test_a_family_behind_its_order_is_the_family_in_all_else() -> None:
    for module in MODULES:
        found = exit_of(module.FAMILY)
        assert (found.ASKED, found.PLACE, found.PRECEDES) == (module.ASKED, module.PLACE, module.PRECEDES)
        assert found.ENDS_BY_SUSPENDING is module.ENDS_BY_SUSPENDING
        assert found.recognise(Subject(subscription=row("A"))) == module.recognise(Subject(subscription=row("A")))


# Whose rules these cases rest on, and what they look like; what was not understood rests on no rule.
RULED = {"azure", "marketplace", "other_money", "reservations", "savings_plans", "software"}
UNRULED = {"unknown-status", "azure-not-read", "unknown-product"}
OURS = {
    Family.AZURE_LEGACY,
    Family.AZURE_PLAN,
    Family.MARKETPLACE_SAAS,
    Family.PERPETUAL_SOFTWARE,
    Family.RESERVATION,
    Family.SAVINGS_PLAN,
    Family.SOFTWARE_SUBSCRIPTION,
}


@pytest.mark.parametrize("case", [param for param in ALL if str(param.id).split(":")[0] in RULED])
def test_each_step_and_blocker_names_the_rule_that_it_rests_on(case: dict[str, Any]) -> None:
    found = customer_plan(case)
    rules = {each.rule for each in found.actions if each.family in OURS and each.kind is not ActionKind.MANUAL}
    by_line = {"kept-by-line", "not-possible", "service-until", "suspend-does-not-end"}
    rules |= {each.rule for each in found.blockers if each.target and each.code not in UNRULED | by_line}
    assert rules <= set(shipped_rules().rules)
