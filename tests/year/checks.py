"""What must hold for a year that was lived, told as sentences; an empty list means that it held.

The promise: a relationship ends on the date that its first plan named, or the plan that first named another date gave a
reason that the plan before it did not have. The bill: nothing ended later than the oracle's best, nor earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tests.year.facts import Customer, Thing, run_at
from tests.year.oracle import Expected, Frozen, expected
from tests.year.running import Seen, Year

BILLED_SPANS = {"legacy-license", "azure-legacy"}  # suspended they are not over, only billed no more


def broken_promises(year: Year) -> Iterator[str]:
    """Dates that moved without a new reason, and removals on another day than the last plan said."""
    for name, days in year.seen.items():
        for before, after in pairwise(days):
            if after.verdict != "converged" and moved_silently(before, after):
                yield f"{name}: {before.day:%m-%d} said {before.earliest}, {after.day:%m-%d} says {after.earliest}"
        yield from _removed_on_another_day(name, days, year)


def moved_silently(before: Seen, after: Seen) -> bool:
    """Whether the date is another one, and neither a new reason nor a doubt that was told explains it."""
    promised = before.earliest is not None and before.earliest != after.earliest
    return promised and not _asks_in_doubt(before) and not after.reasons - before.reasons


def _removed_on_another_day(name: str, days: Sequence[Seen], year: Year) -> Iterator[str]:
    removed = removal_of(name, year)
    last = next((seen for seen in reversed(days) if seen.verdict != "converged"), None)
    if removed is not None and last is not None and last.earliest != removed.date():
        yield f"{name}: removed on {removed.date()}, and the last plan said {last.earliest}"


def removal_of(name: str, year: Year) -> datetime | None:
    """When the simulator's own book says that the relationship went."""
    return _instant(_books(year)[name]["removed"])


def _books(year: Year) -> Mapping[str, Any]:
    return {book["name"].lower().replace(" ", "-"): book for book in year.billing["customers"].values()}


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def wrong_dates(customers: Sequence[Customer], year: Year, frozen: Frozen | None, horizon: datetime) -> Iterator[str]:
    """First promises and removals that are not the oracle's."""
    for customer in customers:
        best = expected(customer, frozen).removal
        first = year.seen[customer.name][0].earliest
        if first != (None if customer.undated else best.date()):
            yield f"{customer.name}: first promised {first}, possible on {best.date()}"
        removed = removal_of(customer.name, year)
        wanted = best if best <= horizon else None
        if removed is not None and _lapsed_that_day(customer, removed):
            continue
        if (removed and removed.date()) != (wanted and wanted.date()) and not _was_asked(customer.name, best, year):
            yield f"{customer.name}: removed {removed and removed.date()}, possible on {best.date()}"


def _lapsed_that_day(customer: Customer, removed: datetime) -> bool:
    """Promised for the day after a transfer lapses, as its blocker names it, and found over that same evening."""
    return customer.transfer is not None and removed.date() == customer.transfer.lapses.date()


def _was_asked(name: str, best: datetime, year: Year) -> bool:
    """Whether the service was asked on the best day, with a date that was said to be doubtful, and refused."""
    return any(_asks_in_doubt(seen) for seen in year.seen[name] if seen.day == best)


def _asks_in_doubt(seen: Seen) -> bool:
    return seen.confidence == "low" and any(due.startswith("remove-relationship") for due in seen.due)


def wrong_bills(customers: Sequence[Customer], year: Year, frozen: Frozen | None, horizon: datetime) -> Iterator[str]:
    """Purchases that were billed longer than the rules demand, or taken earlier than the manifest allows."""
    for customer in customers:
        best = expected(customer, frozen)
        for thing in customer.things:
            yield from _wrong_bill(customer, thing, best, year, horizon)


def _wrong_bill(customer: Customer, thing: Thing, best: Expected, year: Year, horizon: datetime) -> Iterator[str]:
    wanted = best.ends.get(thing.name)
    if wanted is not None and thing.kind != "perpetual-software" and thing.name in best.ends:
        for page in _pages(customer, thing, year):
            found = _billed_until(page, horizon)
            if found != min(wanted, horizon):
                yield f"{customer.name}: {thing.name} ended {found:%m-%d %H:%M}, possible {wanted:%Y-%m-%d %H:%M}"


def _pages(customer: Customer, thing: Thing, year: Year) -> list[Any]:
    """The pages of the book: its own, or those of the Azure subscriptions that ran under it."""
    pages = _books(year)[customer.name]["subscriptions"]
    if thing.kind == "azure-plan":
        running = {f"{thing.name}-{number}" for number, status in enumerate(thing.azure) if status == "active"}
        return [page for page in pages if page["name"] in running]
    return [page for page in pages if page["id"] == thing.id or page["name"] == thing.name]


def _billed_until(page: Any, horizon: datetime) -> datetime:
    ended = _instant(page["ended"])
    if ended is None and page["billed"] and page["kind"] in BILLED_SPANS:
        ended = _instant(page["billed"][-1][1])
    return horizon if ended is None else ended


def unforeseen_refusals(year: Year) -> Iterator[str]:
    """Writes that the service refused although the plan had not said that it would only be asked."""
    names = {tenant: book["name"].lower().replace(" ", "-") for tenant, book in year.billing["customers"].items()}
    for entry in year.refused:
        name = names.get(str(entry["customer"]).lower(), "")
        at = run_at(datetime.fromisoformat(entry["at"]).astimezone(UTC)) if "at" in entry else None
        asked = [seen for seen in year.seen.get(name, ()) if at is None or seen.day == at]
        if not any(_asks_in_doubt(seen) for seen in asked):
            yield f"{name}: {entry['method']} {entry['path']} {entry['status']}"
