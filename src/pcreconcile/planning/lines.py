"""Which `subscriptions` line speaks of which holding: first match wins (design, section 3).

Days in a selector are days in the partner's time zone, so every question takes the zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pcreconcile.exits import Holding, Subject
from pcreconcile.exits.traits import traits_of
from pcreconcile.model.desired import LineDesire, Match, SubscriptionLine
from pcreconcile.model.estate import AzureEntitlement
from pcreconcile.model.plan import Notice
from pcreconcile.planning.calendar import end_of, start_of
from pcreconcile.planning.offers import fits_offer

_UTC = ZoneInfo("UTC")
Lines = tuple[SubscriptionLine, ...]


def standing_lines(lines: Lines, now: datetime, zone: ZoneInfo) -> Lines:
    """The lines as they stand now: a transfer whose last day (`by`) is over says what it says `otherwise`."""
    return tuple(
        replace(line, desired=line.otherwise, by=None, otherwise=None)
        if line.by is not None and line.otherwise is not None and end_of(line.by, zone) <= now
        else line
        for line in lines
    )


def line_of(holding: Holding, lines: Sequence[SubscriptionLine], zone: ZoneInfo = _UTC) -> SubscriptionLine | None:
    """The first line that matches the holding; without one, an add-on is cancelled together with its base."""
    own = _first(holding, lines, zone)
    base = holding.subject.base
    if own is not None or base is None:
        return own
    subject = Subject(subscription=base)
    of_base = _first(replace(holding, subject=subject, traits=traits_of(subject)), lines, zone)
    return of_base if of_base is not None and of_base.desired is LineDesire.CANCEL else None


def _first(holding: Holding, lines: Sequence[SubscriptionLine], zone: ZoneInfo) -> SubscriptionLine | None:
    return next((line for line in lines if _fits(holding, line.match, zone)), None)


def azure_lines(holding: Holding, lines: Sequence[SubscriptionLine], zone: ZoneInfo = _UTC) -> dict[str, LineDesire]:
    """What lines say of the Azure subscriptions under a plan, by entitlement ID in lower case.

    A line that cancels decides about them only by its family or an ID: a glob over offers did not mean them.
    """
    decided: dict[str, LineDesire] = {}
    for entry in holding.subject.azure or ():
        line = next((line for line in lines if _fits_azure(holding, entry, line.match, zone)), None)
        if line is not None and (line.desired is not LineDesire.CANCEL or line.match.family or line.match.id):
            decided[entry.id.lower()] = line.desired
    return decided


def idle_lines(
    holdings: Iterable[Holding], lines: Sequence[SubscriptionLine], zone: ZoneInfo = _UTC
) -> tuple[Notice, ...]:
    """A selector that matches nothing is a warning that names it."""
    held = tuple(holdings)
    return tuple(
        Notice(code="line-matches-nothing", text=f"the line {words_of(line.match)} matches nothing this customer holds")
        for line in lines
        if not any(_fits(each, line.match, zone) or _fits_some_azure(each, line.match, zone) for each in held)
    )


def words_of(match: Match) -> str:
    """A selector in the manifest's own words."""
    said = {
        "family": match.family,
        "sku": match.sku,
        "id": match.id,
        "term": match.term,
        "publisher": match.publisher,
        "trait": match.trait,
        "renewsBefore": match.renews_before,
    }
    return ", ".join(f"{name}: {value}" for name, value in said.items() if value is not None) or "that matches all"


def _fits(holding: Holding, match: Match, zone: ZoneInfo) -> bool:
    subject = holding.subject
    ids = {subject.id.lower(), (subject.line_id or "").lower(), (subject.order.id if subject.order else "").lower()}
    return _fits_product(holding, match, zone) and (match.id is None or match.id.lower() in ids)


def _fits_azure(holding: Holding, entry: AzureEntitlement, match: Match, zone: ZoneInfo) -> bool:
    """An Azure subscription is named by an ID of its own, and by whatever names the plan above it."""
    ids = {entry.id.lower(), (entry.subscription_id or "").lower(), holding.subject.id.lower()}
    return _fits_product(holding, match, zone) and (match.id is None or match.id.lower() in ids)


def _fits_some_azure(holding: Holding, match: Match, zone: ZoneInfo) -> bool:
    return any(_fits_azure(holding, entry, match, zone) for entry in holding.subject.azure or ())


def _fits_product(holding: Holding, match: Match, zone: ZoneInfo) -> bool:
    """Every given member but the ID."""
    row = holding.subject.subscription
    publisher = None if row is None else row.publisher
    return (
        (match.family is None or match.family is holding.family)
        and (match.sku is None or fits_offer(holding.subject.offer_id, match.sku))
        and (match.term is None or match.term.upper() == _term(holding))
        and (match.publisher is None or _fits_name(publisher, match.publisher))
        and (match.trait is None or match.trait in holding.traits)
        and (match.renews_before is None or _ends_before(holding, match.renews_before, zone))
    )


def _fits_name(publisher: str | None, pattern: str) -> bool:
    """A glob without case; what names no publisher fits none."""
    return bool(publisher) and fnmatchcase((publisher or "").lower(), pattern.lower())


def _term(holding: Holding) -> str:
    row, line = holding.subject.subscription, holding.subject.line
    return ((row.term_duration if row else None) or (line.term_duration if line else None) or "").upper()


def _ends_before(holding: Holding, day: date, zone: ZoneInfo) -> bool:
    """Whether it has a term that ends before the day begins; what never ends does not fit."""
    end = _term_end(holding)
    return end is not None and end < start_of(day, zone)


def _term_end(holding: Holding) -> datetime | None:
    """The subscription's, else that of the entitlement that lasts longest; None where one of them does not end."""
    row = holding.subject.subscription
    if row is not None:
        return row.commitment_end
    expiries = [entitlement.expires for entitlement in holding.subject.entitlements]
    known = [at for at in expiries if at is not None]
    return max(known, default=None) if len(known) == len(expiries) else None
