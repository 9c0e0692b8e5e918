"""Whether a live customer still is what the plan was made from.

Compared are the relationship, the domain and every item, added, missing or changed. Differences that this plan's own
writes explain do not count, so that a run that was cut off can go on; nothing that *appeared* is ever explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pcreconcile.applying.conditions import same
from pcreconcile.applying.explaining import explained
from pcreconcile.model.estate import Customer, CustomerState
from pcreconcile.model.observed import Fields, observe_items
from pcreconcile.model.plan import Action, ActionKind, Observed

NO_RELATIONSHIP = "none"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Live:
    """The customer as it is now, in the terms of `Observed`."""

    relationship: str | None
    domain: str | None
    names: frozenset[str]
    items: tuple[Fields, ...]


def live_customer(state: CustomerState, listed: Customer | None) -> Live:
    """The read by ID says more than the list, but who is missing in either has no relationship."""
    items = tuple(observe_items(state))
    if state.customer is None or listed is None:
        return Live(NO_RELATIONSHIP, None, frozenset(), items)
    customer = state.customer
    names = frozenset(name.casefold() for name in (customer.domain, *customer.custom_domains))
    return Live(customer.relationship or listed.relationship, customer.domain, names, items)


def differences(observed: Observed, live: Live, touched: Sequence[Action], second_key: str = "") -> list[str]:
    """What differs, in words, without what the touched actions explain; empty means that nothing does.

    `second_key` is the manifest's domain: when it was one of the customer's domains, it must still be.
    """
    if any(action.kind is ActionKind.REMOVE_RELATIONSHIP for action in touched):
        return []
    return [*_of_the_customer(observed, live, second_key), *_of_the_items(observed.items, live.items, touched)]


def _of_the_customer(observed: Observed, live: Live, second_key: str) -> list[str]:
    found = []
    if (observed.relationship or NO_RELATIONSHIP) != (live.relationship or NO_RELATIONSHIP):
        found.append(f"relationship: {observed.relationship} → {live.relationship}")
    if (observed.domain or "").casefold() != (live.domain or "").casefold():
        found.append(f"domain: {observed.domain} → {live.domain}")
    before = {name.casefold() for name in (observed.domain or "", *observed.custom_domains)}
    key = second_key.casefold()
    if key in before and key not in live.names:
        found.append(f"{second_key} is no longer a domain of this customer")
    return found


def _of_the_items(before: Sequence[Fields], now: Sequence[Fields], touched: Sequence[Action]) -> list[str]:
    old, new = _keyed(before), _keyed(now)
    ours = _explained(before, touched)
    orders = {order for item in before if item["id"] in ours and (order := _order(item))}
    found = []
    for key in sorted(old.keys() | new.keys()):
        name = f"{key[0]} {key[1]}"
        if key not in old:
            found.append(f"{name} appeared")
        elif key[1] in ours:
            continue
        elif key not in new:
            found.append(f"{name} is gone")
        elif changed := _changed(old[key], new[key], orders):
            found.append(f"{name} changed ({changed})")
    return found


def _changed(old: Fields, new: Fields, orders: set[str]) -> str:
    names = sorted(name for name in old.keys() | new.keys() if not same(old.get(name), new.get(name)))
    if names == ["orderPending"] and _order(old) in orders:
        return ""  # another line of the same order is being worked on
    if not names:
        return ""
    return explained({name: old.get(name) for name in names}, {name: new.get(name) for name in names})


def _explained(items: Iterable[Fields], touched: Iterable[Action]) -> set[str]:
    """The IDs of all that hangs on what was acted upon: add-ons, order lines, entitlements, Azure subscriptions."""
    ours = {action.target.id for action in touched}
    if not ours:
        return ours
    items = list(items)
    grown = True
    while grown:
        found = {item["id"] for item in items if item["id"] not in ours and not ours.isdisjoint(_links(item))}
        found |= {link for item in items if item["id"] in ours for link in _own_parts(item)} - ours
        grown = bool(found)
        ours |= found
    return ours


def _links(item: Fields) -> set[str]:
    """What an item hangs on."""
    names = {
        "subscription": ("parentSubscriptionId",),
        "order-line": ("subscriptionId",),
        "entitlement": ("orderLine",),
        "azure-subscription": ("planId", "subscriptionId"),
    }
    orders = item.get("reservationOrders") or [item.get("reservationOrder")]
    links = {str(item[name]) for name in names.get(item["type"], ()) if item.get(name)}
    if item["type"] == "subscription":
        links.add(f"bought by {_order(item)}")
    if item["type"] == "order-line" and not item.get("subscriptionId"):
        links.add(f"line of {_order(item)}")
    return links | {f"reserved by {order}" for order in orders if order}


def _own_parts(item: Fields) -> set[str]:
    """A cancelled line ends what it bought, a cancelled subscription its line; by their order where no ID tells.

    A returned reservation takes along the entitlement of its order, and that the order line which bought it.
    """
    if item["type"] == "reservation":
        return {f"reserved by {item.get('reservationOrder')}"}
    if item["type"] == "entitlement" and item.get("reservationOrders"):
        return {str(item.get("orderLine"))}
    if item["type"] == "order-line":
        return {str(item.get("subscriptionId") or f"bought by {_order(item)}")}
    return {f"line of {_order(item)}"} if item["type"] == "subscription" else set()


def _order(item: Fields) -> str:
    return str(item["id"]).rpartition("/")[0] if item["type"] == "order-line" else str(item.get("orderId") or "")


def _keyed(items: Iterable[Fields]) -> dict[Key, Fields]:
    return {(str(item["type"]), str(item["id"])): item for item in items}
