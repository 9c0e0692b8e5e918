"""Which `subscriptions` line speaks of which holding: first match wins (design, section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from pcreconcile.exits import Holding, Subject
from pcreconcile.model.desired import LineDesire, Match, SubscriptionLine
from pcreconcile.model.estate import AzureEntitlement
from pcreconcile.model.family import Family
from pcreconcile.model.plan import Notice


def line_of(holding: Holding, lines: Sequence[SubscriptionLine]) -> SubscriptionLine | None:
    """The first line that matches the holding; without one, an add-on is cancelled together with its base."""
    own = _first(holding, lines)
    base = holding.subject.base
    if own is not None or base is None:
        return own
    of_base = _first(msgspec.structs.replace(holding, subject=Subject(subscription=base)), lines)
    return of_base if of_base is not None and of_base.desired is LineDesire.CANCEL else None


def _first(holding: Holding, lines: Sequence[SubscriptionLine]) -> SubscriptionLine | None:
    return next((line for line in lines if _fits(holding, line.match)), None)


def azure_lines(holding: Holding, lines: Sequence[SubscriptionLine]) -> dict[str, LineDesire]:
    """What lines say of the Azure subscriptions under a plan, by entitlement ID in lower case.

    A line that cancels decides about them only by its family or an ID: a glob over offers did not mean them.
    """
    decided: dict[str, LineDesire] = {}
    for entry in holding.subject.azure or ():
        line = next((line for line in lines if _fits_azure(holding, entry, line.match)), None)
        if line is not None and (line.desired is not LineDesire.CANCEL or line.match.family or line.match.id):
            decided[entry.id.lower()] = line.desired
    return decided


def idle_lines(holdings: Iterable[Holding], lines: Sequence[SubscriptionLine]) -> tuple[Notice, ...]:
    """A selector that matches nothing is a warning that names it."""
    held = tuple(holdings)
    return tuple(
        Notice(code="line-matches-nothing", text=f"the line {_words(line.match)} matches nothing this customer holds")
        for line in lines
        if not any(_fits(holding, line.match) or _fits_some_azure(holding, line.match) for holding in held)
    )


def _fits(holding: Holding, match: Match) -> bool:
    subject = holding.subject
    ids = {subject.id.lower(), (subject.line_id or "").lower(), (subject.order.id if subject.order else "").lower()}
    return (
        (match.family is None or match.family is holding.family)
        and (match.sku is None or _fits_offer(subject.offer_id, match.sku))
        and (match.id is None or match.id.lower() in ids)
    )


def _fits_azure(holding: Holding, entry: AzureEntitlement, match: Match) -> bool:
    ids = {entry.id.lower(), (entry.subscription_id or "").lower(), holding.subject.id.lower()}
    return (
        (match.family is None or match.family is Family.AZURE_PLAN)
        and (match.sku is None or _fits_offer(holding.subject.offer_id, match.sku))
        and (match.id is None or match.id.lower() in ids)
    )


def _fits_some_azure(holding: Holding, match: Match) -> bool:
    return any(_fits_azure(holding, entry, match) for entry in holding.subject.azure or ())


def _fits_offer(offer_id: str, pattern: str) -> bool:
    """A glob over the product, product:sku, or the whole offer ID, without case."""
    parts = offer_id.upper().split(":")
    names = {":".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return any(fnmatchcase(name, pattern.upper()) for name in names)


def _words(match: Match) -> str:
    said = {"family": match.family, "sku": match.sku, "id": match.id}
    return ", ".join(f"{name}: {value}" for name, value in said.items() if value is not None) or "that matches all"
