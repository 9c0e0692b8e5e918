"""The Prices document into a price list (model.prices)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pcreconcile.manifests.digests import digest_of
from pcreconcile.manifests.families import SHIPPED, family_findings
from pcreconcile.manifests.nodes import ListNode, Mapping, Node, Scalar, find, plain, text_at
from pcreconcile.manifests.values import optional_day
from pcreconcile.model.errors import Finding
from pcreconcile.model.family import Family
from pcreconcile.model.money import Money
from pcreconcile.model.prices import Per, Price, Prices

_SELECTS = ("sku", "family", "term", "billing")


def price_findings(root: Mapping, families: frozenset[str] = SHIPPED) -> Iterator[Finding]:
    """What the schema cannot say: families that nobody knows, days that run backwards, two prices for one thing."""
    yield from family_findings(root, ("spec", "prices"), ("family",), families)
    entries = find(root, ["spec", "prices"])
    earlier: list[Node] = []
    for entry in entries.items if isinstance(entries, ListNode) else ():
        first, last = text_at(entry, "from"), text_at(entry, "until")
        if first and last and last.text < first.text:
            yield last.finding("this price ends before it starts", "a day not before its `from`")
        other = next((each for each in earlier if _for_the_same(each, entry)), None)
        if other is not None:
            yield entry.finding(f"a second price for the same, the first is at {other.where}", "days that do not meet")
        earlier.append(entry)


def _for_the_same(one: Node, other: Node) -> bool:
    """Whether two entries select the same and hold on one day at least."""
    return _selects(one) == _selects(other) and _first(one) <= _last(other) and _first(other) <= _last(one)


def _selects(entry: Node) -> list[Any]:
    """What an entry selects, without case; what is no text is told by the schema and equals nothing."""
    members = {name: find(entry, [name]) for name in _SELECTS if isinstance(entry, Mapping) and name in entry.entries}
    return [
        (name, node.text.lower()) if isinstance(node, Scalar) and isinstance(node.value, str) else id(node)
        for name, node in members.items()
    ] or [id(entry)]


def _first(entry: Node) -> str:
    day = text_at(entry, "from")
    return day.text if day else ""


def _last(entry: Node) -> str:
    day = text_at(entry, "until")
    return day.text if day else "9999-12-31"


def prices(root: Mapping) -> Prices:
    """The price list of a document without findings."""
    spec: dict[str, Any] = plain(find(root, ["spec"]))
    entries = tuple(_price(item, spec.get("currency")) for item in spec["prices"])
    return Prices(entries, digest_of(entries))


def _price(item: dict[str, str], currency: str | None) -> Price:
    family = item.get("family")
    return Price(
        amount=Money(Decimal(item["amount"]), item.get("currency") or currency or ""),
        per=Per(item["per"]),
        sku=item.get("sku"),
        family=None if family is None else Family(family),
        term=item.get("term"),
        billing=item.get("billing"),
        valid_from=optional_day(item.get("from")),
        valid_until=optional_day(item.get("until")),
    )
