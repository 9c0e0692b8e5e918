"""Terms that are still to come: what renews by itself before it may be ended, and so ends with a later term.

The next term is told from the row of the present one, so nothing can be done to it before the service shows it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import msgspec
from msgspec.structs import replace

from pcreconcile.exits.exit import Exit, Holding, Wish, blocked, warning
from pcreconcile.exits.spans import day_after
from pcreconcile.model.estate import Subscription
from pcreconcile.model.plan import Notice


class Term(msgspec.Struct, frozen=True):
    """A term by its first and last UTC date, the last one included."""

    first: date
    last: date


def shown_from(term: Term, now: datetime) -> datetime:
    """From when on the service shows it: its first instant; what should be shown already is looked at tomorrow."""
    begins = midnight(term.first)
    return begins if begins > now else midnight(day_after(now.date()))


def once_shown(found: Exit, holding: Holding, row: Subscription, term: Term, wish: Wish, now: datetime) -> Exit:
    """The answer for a later term, with the warning that it renews, and with the wait for one that is late."""
    shown = shown_from(term, now)
    if shown > midnight(term.first):
        how = "its term is over and the next one is not shown yet"
        waits = blocked("term-running", holding, how, shown.date(), rule=f"{holding.family}.term-end")
        found = replace(found, blockers=(*found.blockers, *waits.blockers))
    return replace(found, warnings=(*_renews_first(holding, row, term, wish, now), *found.warnings))


def _renews_first(holding: Holding, row: Subscription, term: Term, wish: Wish, now: datetime) -> tuple[Notice, ...]:
    """The warning that a term renews because nothing may be written before its end."""
    end = row.commitment_end
    if end is None or not now.date() <= end.date() < wish.start.date():
        return ()
    text = (
        f"{holding.target.name}: its term ends on {end:%Y-%m-%d} and renews, because nothing may be written before "
        f"{wish.start:%Y-%m-%d}; the term in which it ends runs until {term.last}"
    )
    return (warning("renews-first", holding, text),)


def midnight(day: date) -> datetime:
    """The beginning of a UTC date."""
    return datetime.combine(day, time.min, tzinfo=UTC)
