"""A second proof of a removal: the service's own audit record, tied to our request by its correlation ID.

Audit records come with a delay that nobody publishes, so they are looked for a few times and then noted as missing: a
read of the customers list has proven the removal already.
"""

from __future__ import annotations

from datetime import timedelta

from pcreconcile.applying.context import RunContext
from pcreconcile.applying.history import ActionHistory
from pcreconcile.applying.journal import AUDIT_RECORD
from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import RemovalRecord
from pcreconcile.model.ids import TenantId

PAUSES = (0.0, 1.0, 3.0)  # seconds before each look
CLOCKS_APART = timedelta(minutes=5)
LOOK_BACK = timedelta(days=89)  # further back the service keeps no records


async def removal_evidence(run: RunContext, tenant: TenantId, past: ActionHistory) -> dict[str, str | None]:
    """What the journal keeps: the record's ID, and its correlation ID where the record speaks of our own request.

    A record older than our first request is another removal's. Never raises: what is missing is a note.
    """
    record = await _look(run, tenant, past)
    if record is None:
        return {AUDIT_RECORD: None}
    ours = record.correlation_id and record.correlation_id.lower() in past.traces
    return {AUDIT_RECORD: record.id, **({"originalCorrelationId": record.correlation_id} if ours else {})}


async def _look(run: RunContext, tenant: TenantId, past: ActionHistory) -> RemovalRecord | None:
    now = run.clock.now()
    since = max((past.first_sent or now) - CLOCKS_APART, now - LOOK_BACK)
    for pause in PAUSES:
        if pause > run.wait_seconds:
            break
        if pause:
            await run.clock.sleep(pause)
        try:
            record = await run.service.removal_record(tenant, since)
        except (RemoteError, NoAnswer, IncompleteRead):
            continue
        if record is not None:
            return record
    return None
