"""Customers at the corners of the calendar, where a date is easily promised wrong; each is named for its corner."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from tests.year.facts import Customer, Leaving, Thing, Transfer, term_after

NCE = "new-commerce-license"
FAR = "2026-01-20"  # a yearly term over on 2027-01-20


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _guid(*names: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, ".".join(names)))


def thing(kind: str, starts: str, term: str = "", window: str = "", name: str = "", **more: Any) -> Thing:
    """A purchase; with a term it is over a term later, at midnight."""
    began = _instant(starts)
    facts: dict[str, Any] = {"ends": term_after(began, term) if term else None, **more}
    until = _instant(window) if window else None
    return Thing(kind, name or kind, "", began, term, window=until, **facts)


def corner(name: str, *things: Thing, transfer: Transfer | None = None, undated: bool = False, **wish: Any) -> Customer:
    """One customer with such purchases and such a wish."""
    own = tuple(replace(each, id=_guid(name, each.name)) for each in things)
    return Customer(_guid(name), name, own, Leaving(**wish), transfer, undated=undated)


MONTH = thing(NCE, "2026-11-10", "P1M", "2026-11-17", "month", renews=True)  # over on 2026-12-10
SLIDING = thing(NCE, "2026-11-10", "P1M", "2026-11-17", "sliding")
YEAR = thing(NCE, "2025-12-01", "P1Y", "2025-12-08", "year", renews=True)  # over on 2026-12-01
LONG = thing(NCE, FAR, "P1Y", "2026-01-27", "long", renews=True)
BOUGHT = thing(NCE, "2026-11-20T12:00", "P1Y", "2026-11-27T12:00", "bought", renews=True)
PAUSED = thing(NCE, "2026-01-10", "P1Y", "2026-01-17", "paused", status="suspended")
EST = thing(NCE, "2026-11-10", "P1M", "2026-12-09", "est", extended=True)
OLD = thing("legacy-license", "2026-03-01", term="P1Y", name="old", ends=_instant("2027-03-01"), renews=True)
OLD_ENDING = thing("legacy-license", "2025-12-05T12:00", "P1Y", name="old-ending", ends=_instant("2026-12-05T12:00"))
SAVED = thing("savings-plan", "2025-12-15", "P1Y", name="saved")
RESERVED = thing("reservation", "2026-01-10", "P1Y", name="reserved", returnable=False)
SERVER = thing("software-subscription", "2026-01-20", "P1Y", "2026-01-27", "server", renews=True)
APP = thing("marketplace-saas", "2026-11-10", "P1M", "2026-11-13", "app", renews=True)
BOX = thing("perpetual-software", "2026-11-10T12:00", window="2026-12-10T12:00", name="box")
TRIAL = thing(NCE, "2026-11-01", "P1M", "2026-11-08", "trial", trial=True)
TRYING = thing(NCE, "2026-11-01", "P1M", "2026-11-08", "trying", trial=True, renews=True)

DEC = {day: date(2026, 12, day) for day in range(1, 32)}

CORNERS = (
    corner("clears-in-a-freeze", OLD, thing(NCE, "2025-12-20", "P1Y", "2025-12-27", "over"), settle=3),
    corner("month-renews-before-not-before", MONTH, not_before=DEC[20]),
    corner("month-renews-and-is-cancelled-after-not-before", MONTH, not_before=DEC[12]),
    corner("month-slides-before-not-before", SLIDING, not_before=DEC[20]),
    corner("year-renews-before-not-before", YEAR, not_before=DEC[20]),
    corner("year-renews-and-is-cancelled-after-not-before", YEAR, not_before=DEC[5]),
    corner("app-renews-before-not-before", APP, not_before=DEC[20]),
    corner("not-before-on-the-last-day", YEAR, not_before=DEC[1]),
    corner("promise-in-the-next-window", MONTH, service_until=DEC[13]),
    corner("promise-past-the-next-window", MONTH, service_until=DEC[20]),
    corner("promise-on-the-last-day", MONTH, service_until=DEC[9]),
    corner("promise-on-the-first-day", MONTH, service_until=DEC[10]),
    corner("promise-months-ahead", MONTH, service_until=date(2027, 3, 12)),
    corner("promise-ahead-together", MONTH, OLD, LONG, service_until=DEC[13]),
    corner("promise-ahead-settled", MONTH, OLD, service_until=DEC[13], settle=3),
    corner("promise-and-not-before", MONTH, service_until=DEC[13], not_before=DEC[12]),
    corner("promise-in-the-window", BOUGHT, service_until=date(2026, 11, 25)),
    corner("promise-after-the-window", BOUGHT, service_until=DEC[1]),
    corner("refund-before-the-promise", BOUGHT, OLD, service_until=DEC[1], refunds="require"),
    corner("window-waits-for-others", BOUGHT, thing("savings-plan", "2025-11-25", "P1Y"), refunds="ignore"),
    corner("window-cannot-wait-for-others", BOUGHT, SAVED, refunds="ignore"),
    corner("line-lets-the-window-close", replace(BOUGHT, line="cancel-at-term-end")),
    corner("line-cancels-before-the-promise", replace(BOUGHT, line="cancel"), service_until=DEC[1]),
    corner("extended-ends-at-once", EST, settle=3),
    corner("extended-waits-for-others", EST, LONG),
    corner("extended-does-not-wait", EST, LONG, pace="asap"),
    corner("extended-promised-to-its-last-day", EST, service_until=DEC[9]),
    corner("extended-promised-into-the-next-month", EST, service_until=DEC[18]),
    corner("extended-after-not-before", EST, not_before=DEC[20]),
    corner("paused-runs-out", PAUSED),
    corner("paused-with-others", PAUSED, OLD),
    corner("old-waits-for-all", OLD, YEAR, RESERVED),
    corner("old-ends-first", OLD_ENDING, YEAR, RESERVED),
    corner("reserved-waits", RESERVED, settle=3),
    corner("server-runs-out", SERVER, OLD),
    corner("box-after-not-before", BOX, not_before=DEC[5]),
    corner("box-promised", BOX, service_until=DEC[9]),
    corner("box-owned", BOX, service_until=DEC[10]),
    corner("trial-runs-out", TRIAL),
    corner("trial-that-would-be-paid", TRYING),
    corner("trial-paid-before-not-before", TRYING, not_before=DEC[20]),
    corner("transfer-of-a-year", LONG, OLD, transfer=Transfer(("long",), _instant("2026-12-05T12:00"))),
    corner("transfer-of-an-open-window", BOUGHT, transfer=Transfer(("bought",), _instant("2026-11-25T12:00"))),
    corner("transfer-lapses-at-midnight", LONG, transfer=Transfer(("long",), _instant("2027-01-25"))),
    corner("transfer-past-the-window", BOUGHT, transfer=Transfer(("bought",), _instant("2026-12-05T12:00"))),
    corner("transfer-past-a-renewal", YEAR, transfer=Transfer(("year",), _instant("2026-12-12T12:00"))),
    corner("transfer-of-something-else", YEAR, OLD, transfer=Transfer(("year",), _instant("2026-11-28T12:00"))),
)
