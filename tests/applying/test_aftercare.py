"""Audit records of earlier removals, fetched at the end of a run before the service forgets them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from pcreconcile.applying import memory_from, open_store, read_events
from pcreconcile.applying.aftercare import collect
from pcreconcile.applying.journal import Journal
from pcreconcile.model.errors import IncompleteRead, NoAnswer, StoreError
from pcreconcile.model.estate import RemovalRecord
from pcreconcile.model.ids import PlanId, RunId, TenantId
from pcreconcile.model.memory import Departure
from pcreconcile.model.run import EventKind
from tests.applying.world import (
    HELD_BY,
    NOW,
    ONE,
    PARTNER,
    Clock,
    Desk,
    Microsoft,
    plan_of,
    planned,
    refusal,
    remove,
    tenant,
)

SENT = NOW - timedelta(days=3)
MINUTE = timedelta(minutes=1)


def departed(who: TenantId = ONE, sent: datetime = SENT, **members: Any) -> Departure:
    return Departure(who, "r", sent, sent + MINUTE, **({"traces": ("t-1",)} | members))


def collected(desk: Desk, *departures: Departure, spoil: Callable[[Journal], None] | None = None) -> list[Any]:
    """The customers and bodies of the events that it wrote."""
    store = open_store(desk.journal)
    written: list[Any] = []
    with store.lock(PARTNER, 0, HELD_BY):
        journal = Journal(
            store, Clock(), lambda e: written.append((e.kind, e.customer, e.body)), RunId("x"), PlanId("p")
        )
        if spoil:
            spoil(journal)
        asyncio.run(collect(desk.service, journal, departures, NOW))
    return written


def found(record: str = "a", at: datetime = SENT, trace: str = "") -> RemovalRecord:
    return RemovalRecord(record, at, trace)


def test_a_record_is_kept_with_the_correlation_id_where_it_is_ours(desk: Desk, microsoft: Microsoft):
    microsoft.removed = {ONE: found(trace="T-1"), tenant(2): found("b", trace="another")}
    assert collected(desk, departed(), departed(tenant(2))) == [
        (EventKind.AUDITED, ONE, {"auditRecord": "a", "originalCorrelationId": "T-1"}),
        (EventKind.AUDITED, tenant(2), {"auditRecord": "b"}),
    ]


@pytest.mark.parametrize(
    ("departure", "record", "kept"),
    [
        (departed(), found(at=SENT - 5 * MINUTE), True),
        (departed(), found(at=SENT - 6 * MINUTE), False),  # an earlier removal of the same customer
        (departed(), found(at=SENT - 6 * MINUTE, trace="t-1"), True),
        (departed(), found(at=SENT - 6 * MINUTE, trace="t-2"), False),
        (departed(traces=()), found(trace=""), True),
        (departed(), None, False),
    ],
)
def test_only_a_record_of_our_own_removal(
    desk: Desk, microsoft: Microsoft, departure: Departure, record: RemovalRecord | None, kept: bool
):
    microsoft.records.append(record)
    assert bool(collected(desk, departure)) is kept


@pytest.mark.parametrize(
    ("departure", "asked"),
    [
        (departed(), SENT - 5 * MINUTE),
        (departed(audit_record="known"), None),
        (departed(sent=NOW - timedelta(days=89)), NOW - timedelta(days=89)),
        (departed(sent=NOW - timedelta(days=89) - 2 * MINUTE), None),
    ],
)
def test_asked_for_what_is_missing_and_not_forgotten(
    desk: Desk, microsoft: Microsoft, departure: Departure, asked: datetime | None
):
    collected(desk, departure)
    assert microsoft.audit_looks == ([] if asked is None else [asked])


@pytest.mark.parametrize(("failure", "goes_on"), [(refusal(403), 1), (IncompleteRead("cut"), 1), (NoAnswer("gone"), 0)])
def test_failures_are_silent_and_a_service_that_is_gone_is_asked_once(
    desk: Desk, microsoft: Microsoft, failure: Exception, goes_on: int
):
    microsoft.records.extend([failure, found()])
    assert len(collected(desk, departed(), departed(tenant(2)))) == goes_on


def test_a_journal_that_cannot_take_it_is_told(desk: Desk, microsoft: Microsoft):
    def spoil(journal: Journal) -> None:
        def full(*_: Any) -> None:
            raise StoreError("the disk is full")

        journal.audited = full  # type: ignore[method-assign]

    microsoft.removed = {ONE: found()}
    with pytest.raises(StoreError, match="full"):
        collected(desk, departed(), spoil=spoil)


def test_what_was_kept_closes_the_open_end_in_memory(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    plan = plan_of(planned(microsoft, [remove()]))
    microsoft.records.extend([None, None, None, *[None] * 9])
    assert desk.apply(plan).exit_code == 0
    microsoft.records.clear()
    before = memory_from(read_events(desk.journal), NOW).departures[ONE]
    assert (before.audit_record, before.traces) == (None, ("trace",))
    collected(desk, before)
    assert memory_from(read_events(desk.journal), NOW).departures[ONE].audit_record == "record"
