"""What the orders are that a refused removal names.

The service speaks of reserved instances and names orders by `alternateId`, also when what blocks is an Azure plan that
is not suspended (API facts, section 4.3). What the customer holds tells which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields
from pcreconcile.partner_center.azure_plans import offers_azure_plan

_NAMED = re.compile(r"following orders?:\s*([^.;]*)", re.IGNORECASE)
_ORDER = re.compile(r"[\w-]{4,}", re.ASCII)
_RESERVATIONS = frozenset({"reservedinstance", "virtualmachinereservedinstance"})

_NEXT: dict[Family, str] = {
    Family.AZURE_PLAN: "cancel the Azure subscriptions under it (a line with family azure-plan, desired: cancel);"
    " the plan is then suspended without asking",
    Family.RESERVATION: "return the reservation in the Azure portal or through Azure support",
    Family.SAVINGS_PLAN: "a savings plan cannot be cancelled: it ends with its term",
    Family.PERPETUAL_SOFTWARE: "cancel the order line while its window is open",
    Family.AZURE_LEGACY: "suspend the subscription",
    Family.UNKNOWN: "look the order up in Partner Center by this ID",
}


class BlockingOrder(NamedTuple):
    """One order of a refusal: how the message names it, what it is, and what to do. `product` is "" when not found."""

    named: str
    family: Family
    product: str
    next_step: str

    def __str__(self) -> str:
        what = (
            f"{self.named} is {self.product} ({self.family})" if self.product else f"{self.named} is in no order read"
        )
        return f"{what}: {self.next_step}"


def blocking_orders(message: str, items: Sequence[Fields]) -> tuple[BlockingOrder, ...]:
    """The orders that a refused removal names, resolved by what `model.observed` shows of the customer.

    Empty when the message names none.
    """
    found = _NAMED.search(message)
    names = _ORDER.findall(found.group(1)) if found else []
    return tuple(_resolved(name, items) for name in dict.fromkeys(names))


def _resolved(named: str, items: Sequence[Fields]) -> BlockingOrder:
    """By what entitlements and subscriptions say of the order's lines; the plan first, because it is the usual case."""
    lines = [item for item in items if item["type"] == "order-line" and _is_named(item, named)]
    families = [family for line in lines for family in _families(line, items)]
    family = min(families, key=list(_NEXT).index, default=Family.UNKNOWN)
    product = next((str(line["name"]) for line in lines), "")
    return BlockingOrder(named, family, product, _NEXT[family])


def _is_named(line: Fields, named: str) -> bool:
    order_id = str(line["id"]).rpartition("/")[0]
    return named.lower() in {str(line.get("alternateId")).lower(), order_id.lower()}


def _families(line: Fields, items: Iterable[Fields]) -> Iterator[Family]:
    order_id = str(line["id"]).rpartition("/")[0].lower()
    if offers_azure_plan(line["offerId"], None):
        yield Family.AZURE_PLAN
    for item in items:
        if item["type"] == "subscription" and _is_of(item, line, order_id):
            yield _of_subscription(item)
        elif item["type"] == "entitlement" and item["orderLine"] == line["id"]:
            yield _of_entitlement(item)


def _is_of(subscription: Fields, line: Fields, order_id: str) -> bool:
    by_line = line.get("subscriptionId") and subscription["id"].lower() == str(line["subscriptionId"]).lower()
    return bool(by_line) or str(subscription.get("orderId")).lower() == order_id


def _of_subscription(subscription: Fields) -> Family:
    offer = str(subscription["offerId"])
    if offer.upper().startswith("MS-AZR"):
        return Family.AZURE_LEGACY
    if offers_azure_plan(offer, subscription.get("billingType")):
        return Family.AZURE_PLAN
    return Family.SAVINGS_PLAN if subscription.get("billingType") == "benefit" else Family.UNKNOWN


def _of_entitlement(entitlement: Fields) -> Family:
    kind = str(entitlement["entitlementType"]).lower()
    if kind in _RESERVATIONS:
        return Family.RESERVATION
    return Family.PERPETUAL_SOFTWARE if kind == "software" else Family.UNKNOWN
