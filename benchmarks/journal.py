"""How fast the journal takes events, and how long opening it takes, since opening verifies every event.

    python -m benchmarks.journal [--events 1000,10000,100000] [--appends 500] [RESULT.json]

Both stores wait for the disk at every append, as they do in use. PostgreSQL is measured where a server is installed; it
is started for that (tests/postgres.py). The result goes to benchmarks/results/journal.json unless a path is given.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from tests.postgres import server

from pcreconcile.applying import open_store
from pcreconcile.applying.stores import chain
from pcreconcile.applying.stores.postgres_schema import name_of
from pcreconcile.applying.stores.rows import COLUMNS, row_of
from pcreconcile.model.ids import ActionId, PlanId, RunId, TenantId
from pcreconcile.model.notes import NoteDraft, NoteKind
from pcreconcile.model.run import EventDraft, EventKind, Holder

RESULT = Path(__file__).parent / "results" / "journal.json"

PARTNER = TenantId("9f10aa00-0000-4000-8000-0000000000aa")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ME = Holder(1, "here", "benchmark", NOW)
DRAFT = EventDraft(
    RunId("20261122T120000-5f3c"),
    PlanId("0" * 64),
    NOW,
    EventKind.INTENT,
    TenantId("6b2e0b0c-0000-4000-8000-000000000011"),
    ActionId("0123456789ab"),
    "5c2e0b0c-0000-4000-8000-000000000011",
    {
        "kind": "cancel-subscription",
        "target": {"type": "subscription", "id": "6b2e0b0c-0000-4000-8000-000000000011"},
        "effect": "takes-service",
        "precondition": {"status": "active", "quantity": 25, "autoRenewEnabled": True},
        "postcondition": {"status": "deleted"},
        "seats": 25,
    },
)

Fill = Callable[[Any, int], None]


def main() -> None:
    """Measure and report."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", default="1000,10000,100000")
    arguments.add_argument("--appends", type=int, default=500)
    arguments.add_argument("result", nargs="?", type=Path, default=RESULT)
    given = arguments.parse_args()
    sizes = [int(size) for size in given.events.split(",")]
    report = {"python": platform.python_version(), "stores": measured(sizes, given.appends)}
    show(report["stores"])
    given.result.parent.mkdir(parents=True, exist_ok=True)
    given.result.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measured(sizes: list[int], appends: int) -> dict[str, Any]:
    """Each store's figures."""
    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder) / f"{number}.db" for number in range(len(sizes) + 2))
        stores = {"sqlite": of_store(places, fill_file, sizes, appends)}
    with (
        contextlib.suppress(LookupError),
        server("fsync=on", "full_page_writes=on", "synchronous_commit=on") as running,
    ):
        stores["postgres"] = of_store(iter(running.url, ""), fill_database, sizes, appends)
    return stores


def of_store(places: Iterator[Any], fill: Fill, sizes: list[int], appends: int) -> dict[str, Any]:
    """Appends a second, and seconds to open journals of each size."""
    return {
        "appends a second": appending(next(places), appends),
        "other appends a second": appending(next(places), appends, EventKind.STALE),
        "seconds to open": {str(size): opening(next(places), fill, size) for size in sizes},
    }


def appending(place: Any, appends: int, kind: EventKind = EventKind.INTENT) -> int:
    """Events a second, each on disk before the next; before an intent it is asked whether a hold stands."""
    store = open_store(place, PARTNER)
    store.note(NoteDraft(NoteKind.PROTECTED, NOW, "benchmark"))
    draft = msgspec.structs.replace(DRAFT, kind=kind)
    with store.lock(PARTNER, 0, ME):
        begin = time.perf_counter()
        for _ in range(appends):
            store.append(draft)
        return round(appends / (time.perf_counter() - begin))


def opening(place: Any, fill: Fill, size: int) -> float:
    """Seconds until the events of a journal have been read and verified, best of three."""
    with open_store(place, PARTNER).lock(PARTNER, 0, ME):
        pass
    fill(place, size)
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        open_store(place, PARTNER)
        times.append(time.perf_counter() - begin)
    return round(min(times), 3)


def rows(size: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a whole chain."""
    prev = chain.START
    for seq in range(1, size + 1):
        event = chain.link(DRAFT, seq, prev)
        prev = event.hash
        yield row_of(event)


def fill_file(place: Path, size: int) -> None:
    """All at once, without waiting for the disk."""
    with contextlib.closing(sqlite3.connect(place)) as connection, connection:
        connection.executemany(f"INSERT INTO events VALUES ({', '.join('?' * len(COLUMNS))})", rows(size))


def fill_database(place: str, size: int) -> None:
    """All at once."""
    schema = name_of(PARTNER)
    with psycopg.connect(place) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY {schema}.events ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows(size):
                copy.write_row(row)
        cursor.execute(f"UPDATE {schema}.journal SET highest = {size}")


def show(stores: Any) -> None:
    """The table for people."""
    for name, figures in stores.items():
        intents, others = figures["appends a second"], figures["other appends a second"]
        print(f"{name}: {intents} intents a second (asked whether a hold stands), {others} other events")
        print(f"{'  events':<12}{'seconds to open':>16}")
        for size, seconds in figures["seconds to open"].items():
            print(f"  {size:<10}{seconds:>16.3f}")


if __name__ == "__main__":
    main()
