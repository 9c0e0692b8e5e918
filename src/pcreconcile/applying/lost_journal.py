"""What tells that a journal is not whole: removals that this tool has sent and that it knows nothing of.

It was restored from an old backup or deleted, or another installation has a journal of its own. The service's audit
records show the removals, under correlation IDs that are recognised without a journal (`model.correlation`). What a
colleague has removed in the portal, or another program, says nothing about the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from pcreconcile.applying.spending import REMOVAL, Day
from pcreconcile.model.correlation import is_ours
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.ids import TenantId

_NAMED = 3  # removals that a message names before it counts


class Loss(msgspec.Struct, frozen=True):
    """Removals of ours that the journal lacks, at least one, the newest last."""

    removals: tuple[AuditRecord, ...]

    @property
    def last(self) -> AuditRecord:
        """The newest of them; what was approved before it may have been used for it."""
        return self.removals[-1]


def loss_in(records: Iterable[AuditRecord], day: Day) -> Loss | None:
    """What these records show that the journal of that day lacks; None when it lacks nothing.

    The same removal may stand in several records, of which the newest counts.
    """
    lacking = {
        record.correlation_id.lower(): record
        for record in sorted(records, key=lambda record: record.at)
        if record.operation == REMOVAL and record.succeeded and is_lacking(record, day)
    }
    return Loss(tuple(lacking.values())) if lacking else None


def is_lacking(record: AuditRecord, day: Day) -> bool:
    """Whether the record is of a write of ours of which the journal has no intent."""
    return is_ours(record.correlation_id) and record.correlation_id.lower() not in day.traces


def loss_in_words(loss: Loss, names: Mapping[TenantId, str]) -> str:
    """One sentence for people; `names` are those of the manifests, others are called by their tenant ID."""
    newest = [f"{_who(record, names)} on {at_minute(record.at)}" for record in reversed(loss.removals)]
    rest = len(newest) - _NAMED
    named = ", ".join(newest[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return (
        f"the journal is not whole: the service's audit records show removals that pcreconcile has sent and that the "
        f"journal lacks ({named}). It was restored from an old backup or deleted, or another installation has a "
        "journal of its own. Daily budgets count these removals; approvals given before the last of them, on "
        f"{at_minute(loss.last.at)}, are invalid. Bring the whole journal back, or use one for all installations "
        "(PCRECONCILE_DATABASE), and plan again; if it cannot be brought back, have the plan approved again"
    )


def removal_in_words(record: AuditRecord, names: Mapping[TenantId, str]) -> str:
    """One removal that the journal lacks, as the reason of something else."""
    return (
        f"the service's audit records show that pcreconcile removed {_who(record, names)} at {at_minute(record.at)}, "
        "which the journal lacks, so that nobody knows what the approval was used for"
    )


def at_minute(at: datetime) -> str:
    """An instant as these messages show it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _who(record: AuditRecord, names: Mapping[TenantId, str]) -> str:
    if record.tenant_id is None:
        return "a customer whom the record does not name"
    return names.get(record.tenant_id, f"tenant {record.tenant_id}")
