"""The last 24 hours as journal and audit records tell them together, for the budgets of the day.

Neither knows everything. The journal lacks what another installation did, or what was in it before it was lost; the
records come with a delay that nobody publishes. So the larger of both counts, for each customer: a removal that both
know counts once, one that only one of them knows counts too, whoever has sent it. Of other writes the records say
neither seats nor money nor whether they can be undone. Those of ours that the journal lacks, and those that are older
than it, make the budgets of these unknown, and a budget that cannot be known refuses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from pcreconcile.applying.guards import CLOCKS_APART, Pending, local_day
from pcreconcile.applying.lost_journal import Loss, at_minute, is_lacking, loss_in
from pcreconcile.applying.ports import AuditRecords
from pcreconcile.applying.spending import REMOVAL, Day
from pcreconcile.model.budgets import DAY, PROTECTED_ACTIONS, limits_of, spending_of
from pcreconcile.model.errors import IncompleteRead, NoAnswer, OutOfTime, Refused, RemoteError
from pcreconcile.model.estate import AuditRecord, AuditTrail
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Spent
from pcreconcile.model.policy import Policy

LOOK_BACK = timedelta(days=89)  # further back the service keeps no records

# What never takes or commits anything. Every other operation, an unknown one too, may be a write that counts.
HARMLESS = frozenset(
    {
        "add_customer",
        "dap_admin_relationship_approved",
        "granular_admin_access_assignment_activated",
        "granular_admin_access_assignment_created",
        "granular_admin_access_assignment_updated",
        "granular_admin_relationship_activated",
        "granular_admin_relationship_approved",
    }
)
_NOBODY = TenantId("")


class OnRecord(msgspec.Struct, frozen=True):
    """What the service's records say: the day with what the journal lacks of it, and what else the journal lacks.

    `unread` says why the records of the day could not be read to their end, so that the day is the journal's alone;
    `unread_past` the same of those before it, so that a loss may be overlooked. Both are "" for what was read.
    """

    day: Day
    loss: Loss | None = None
    unread: str = ""
    unread_past: str = ""


async def read_records(service: AuditRecords, day: Day, now: datetime) -> OnRecord:
    """Ask the service for all records of the last 24 hours, and for those of removals as far back as it keeps them.

    Raises OutOfTime alone of what a read can end with.
    """
    recent, unread = await _read(service.audit_trail(now - DAY))
    past, unread_past = await _read(service.removal_trail(now - LOOK_BACK))
    loss = loss_in((*past, *recent), day)
    if unread:
        return OnRecord(day, loss, unread, unread_past)
    found = [*_removals(day, recent), *_others(day, recent)]
    return OnRecord(msgspec.structs.replace(day, spent=(*day.spent, *found)), loss, "", unread_past)


async def _read(reading: Awaitable[AuditTrail]) -> tuple[tuple[AuditRecord, ...], str]:
    """What could be read of it, and why that is not all."""
    try:
        trail = await reading
    except OutOfTime:
        raise
    except (RemoteError, NoAnswer, IncompleteRead) as error:
        return (), str(error)
    return trail.records, "" if trail.read.complete else trail.read.problem or "cut off"


def require_read(records: OnRecord) -> None:
    """Raises Refused where the records of the day could not be read to their end."""
    if records.unread:
        raise Refused(_cannot_know(records.day, records.unread))


def is_known(day: Day, now: datetime) -> bool:
    """Whether the journal reaches back 24 hours."""
    return day.known_since is not None and day.known_since <= now - DAY


def is_asked(policy: Policy, zone: str, pending: Sequence[Pending], day: Day, now: datetime) -> bool:
    """Whether these actions ask something of a budget of the day that audit records can add to.

    `zone` is the partner's. No record says of a write that it was protective, so that this budget is the journal's
    where the journal covers the day.
    """
    asked = spending_of(entry.action for entry in pending)
    limits = limits_of(policy, local_day(now, zone))
    daily = (limit.budget for limit in limits if limit.is_daily and asked.asks(limit.budget))
    return any(budget != PROTECTED_ACTIONS or not is_known(day, now) for budget in daily)


def _removals(day: Day, records: Iterable[AuditRecord]) -> list[Spent]:
    """For each customer as many as the records have more than the journal.

    A record whose request the journal tells is the journal's own; one that names no customer matches nothing else.
    """
    ours, theirs = Counter[TenantId](), dict[tuple[TenantId, str], Spent]()
    for record in records:
        if record.operation != REMOVAL or not record.succeeded:
            continue
        tenant, trace = record.tenant_id or _NOBODY, record.correlation_id.lower()
        if trace and trace in day.traces:
            ours[tenant] += 1
        else:
            theirs[tenant, trace if record.tenant_id else record.id] = Spent(
                record.at, tenant, removal=True, one_way=True
            )
    unmatched = Counter(each.customer for each in day.spent if each.removal) - ours
    found: list[Spent] = []
    for spent in theirs.values():
        if unmatched[spent.customer] > 0:
            unmatched[spent.customer] -= 1
        else:
            found.append(spent)
    return found


def _others(day: Day, records: Iterable[AuditRecord]) -> list[Spent]:
    """Writes that may count and that the journal does not tell: nothing is known of them but that they were."""
    return [
        Spent(record.at, record.tenant_id or _NOBODY, one_way=None, seats=None, unknown_money=True)
        for record in records
        if record.operation not in HARMLESS | {REMOVAL} and not _is_told(day, record)
    ]


def _is_told(day: Day, record: AuditRecord) -> bool:
    """Whether the journal covers it: our own request, or somebody's while the journal was kept.

    Close to the journal's first event the two clocks decide nothing, so there the customer must be one of ours.
    """
    if record.correlation_id and record.correlation_id.lower() in day.traces:
        return True
    if is_lacking(record, day) or day.known_since is None or record.at < day.known_since:
        return False
    ours = {each.customer for each in day.spent}
    return record.tenant_id in ours or record.at >= day.known_since + CLOCKS_APART


def _cannot_know(day: Day, problem: str) -> str:
    since = "begins with this run" if day.known_since is None else f"begins {at_minute(day.known_since)}"
    return (
        "what was done in the last 24 hours cannot be known, nothing was written: a budget of the day counts the "
        f"larger of journal and audit records (the journal {since}), and these could not be read ({problem}); "
        "apply again when they can be read; if they are refused, give the application the right to read audit records"
    )
