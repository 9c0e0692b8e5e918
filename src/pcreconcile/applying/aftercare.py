"""At the end of a run: audit records of earlier removals are fetched before the service forgets them (90 days).

It is a second proof and stops nothing: what cannot be read now is asked for again by the next run, and the plan says
until when that makes sense.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pcreconcile.applying.audit_trail import CLOCKS_APART, LOOK_BACK
from pcreconcile.applying.journal import AUDIT_RECORD, Journal
from pcreconcile.applying.ports import Service
from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import RemovalRecord
from pcreconcile.model.memory import Departure


async def collect(service: Service, journal: Journal, departures: Iterable[Departure], now: datetime) -> None:
    """Keep the service's own record of each removal of ours that has none yet and is at most 89 days old.

    Asks no further once the service does not answer. Raises StoreError alone.
    """
    for departure in departures:
        if departure.audit_record is not None or departure.removed_at < now - LOOK_BACK:
            continue
        try:
            record = await service.removal_record(departure.customer, _since(departure, now))
        except NoAnswer:
            return
        except (RemoteError, IncompleteRead):
            continue
        if record is not None and _is_ours(record, departure):
            journal.audited(departure.customer, _evidence(record, departure))


def _since(departure: Departure, now: datetime) -> datetime:
    return max(departure.sent_at - CLOCKS_APART, now - LOOK_BACK)


def _is_ours(record: RemovalRecord, departure: Departure) -> bool:
    """Of our own request by its correlation ID, or at least not of one before it."""
    return _traced(record, departure) or record.at >= departure.sent_at - CLOCKS_APART


def _traced(record: RemovalRecord, departure: Departure) -> bool:
    return bool(record.correlation_id) and record.correlation_id.lower() in departure.traces


def _evidence(record: RemovalRecord, departure: Departure) -> dict[str, str | None]:
    told = {"originalCorrelationId": record.correlation_id} if _traced(record, departure) else {}
    return {AUDIT_RECORD: record.id, **told}
