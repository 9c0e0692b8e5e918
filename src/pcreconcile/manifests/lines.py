"""The `subscriptions` lines of a Customer document: into the model, and what they say against each other.

The first line that fits wins, so a line below one that is as broad or broader decides nothing: whoever wrote it wants
something that would silently not happen. Whether two selectors meet on what a customer really holds is planning's
business; here only what the words themselves show is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from pcreconcile.manifests.nodes import ListNode, Mapping, Node, Scalar, find
from pcreconcile.manifests.values import optional_day
from pcreconcile.model.desired import LineDesire, Match, SubscriptionLine
from pcreconcile.model.errors import Finding
from pcreconcile.model.family import Family, Trait

Selector = dict[str, str]


def line(item: dict[str, Any]) -> SubscriptionLine:
    """One line of a document without findings."""
    otherwise = item.get("otherwise")
    return SubscriptionLine(
        match=_match(item["match"]),
        desired=LineDesire(item["desired"]),
        reason=item.get("reason"),
        by=optional_day(item.get("by")),
        otherwise=None if otherwise is None else LineDesire(otherwise),
    )


def _match(selector: Selector) -> Match:
    family, trait = selector.get("family"), selector.get("trait")
    return Match(
        family=None if family is None else Family(family),
        sku=selector.get("sku"),
        id=selector.get("id"),
        term=selector.get("term"),
        publisher=selector.get("publisher"),
        trait=None if trait is None else Trait(trait),
        renews_before=optional_day(selector.get("renewsBefore")),
    )


def line_findings(root: Mapping) -> Iterator[Finding]:
    """Lines that an earlier one repeats or covers, each told with the place of the earlier."""
    earlier: list[tuple[Node, Selector]] = []
    for node, selector in _selectors(root):
        first = next((other for other in earlier if _covers(other[1], selector)), None)
        if first is not None:
            repeats = _covers(selector, first[1])
            how = "has the same selector" if repeats else "covers all that this one selects"
            remedy = "one line for it" if repeats else "the narrower line first"
            yield node.finding(f"this line is never reached: the line at {first[0].where} {how}", remedy)
        earlier.append((node, selector))


def _selectors(root: Mapping) -> Iterator[tuple[Node, Selector]]:
    """Where each selector stands and what it says; what is no selector is told by the schema."""
    lines = find(root, ["spec", "subscriptions"])
    for item in lines.items if isinstance(lines, ListNode) else ():
        match = item.get("match") if isinstance(item, Mapping) else None
        if isinstance(match, Mapping) and match.entries:
            members = {name: entry.value for name, entry in match.entries.items()}
            if all(isinstance(value, Scalar) and isinstance(value.value, str) for value in members.values()):
                yield match, {name: value.text for name, value in members.items() if isinstance(value, Scalar)}


def _covers(broad: Selector, narrow: Selector) -> bool:
    """Whether everything that the narrow one selects is selected by the broad one too."""
    return all(name in narrow and _WITHIN.get(name, _same)(narrow[name], value) for name, value in broad.items())


def _same(narrow: str, broad: str) -> bool:
    return narrow.lower() == broad.lower()


def _glob_within(narrow: str, broad: str) -> bool:
    """Only a `*` takes in all that another glob's wildcards may stand for; where nobody can tell, it is not within."""
    sure = not set("?[") & set(broad) or not set("*?[") & set(narrow)
    return _same(narrow, broad) or (sure and fnmatchcase(narrow.upper(), broad.upper()))


def _offer_within(narrow: str, broad: str) -> bool:
    """A selector of a product selects its SKUs too."""
    parts = narrow.split(":")
    return any(_glob_within(":".join(parts[:count]), broad) for count in range(1, len(parts) + 1))


def _no_later(narrow: str, broad: str) -> bool:
    return narrow <= broad


_WITHIN: dict[str, Callable[[str, str], bool]] = {
    "sku": _offer_within,
    "publisher": _glob_within,
    "renewsBefore": _no_later,
}
