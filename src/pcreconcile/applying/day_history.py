"""The last 24 hours where the journal does not reach back that far: a fresh runner, a lost file, a new database.

The service's audit records stand in for it. They say whose relationship was removed, so removals can be counted. How
many seats, how much money and what is one-way they do not say, so any other write that the journal does not know makes
the budgets of those unknown, and a budget that cannot be known refuses. Records come with a delay that nobody
publishes: what was done in the last minutes by a runner that kept nothing may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from pcreconcile.applying.guards import CLOCKS_APART, Pending, local_day, uncounted
from pcreconcile.applying.ports import Service
from pcreconcile.applying.spending import Day
from pcreconcile.model.budgets import DAY, limits_of, spending_of
from pcreconcile.model.errors import IncompleteRead, NoAnswer, Refused, RemoteError
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Spent
from pcreconcile.model.policy import Policy

REMOVAL = "remove_partner_customer_relationship"

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


async def day_history(
    service: Service, day: Day, policy: Policy, zone: str, pending: Sequence[Pending], now: datetime
) -> Day:
    """The day with what the service knows of it, where the journal does not and a budget of the day is asked for.

    `zone` is the partner's. Raises Refused where the audit records cannot be read to their end.
    """
    if is_known(day, now) or not is_asked(policy, zone, uncounted(pending, day), now):
        return day
    try:
        trail = await service.audit_trail(now - DAY)
    except (RemoteError, NoAnswer, IncompleteRead) as error:
        raise Refused(_cannot_know(day, str(error))) from error
    if not trail.read.complete:
        raise Refused(_cannot_know(day, trail.read.problem))
    found = [*_removals(day, trail.records), *_others(day, trail.records)]
    return msgspec.structs.replace(day, spent=(*day.spent, *found))


def is_known(day: Day, now: datetime) -> bool:
    """Whether the journal reaches back 24 hours."""
    return day.known_since is not None and day.known_since <= now - DAY


def is_asked(policy: Policy, zone: str, pending: Sequence[Pending], now: datetime) -> bool:
    """Whether these actions ask something of a budget of the day. `zone` is the partner's."""
    asked = spending_of(entry.action for entry in pending)
    limits = limits_of(policy, local_day(now, zone))
    return any(limit.is_daily and asked.asks(limit.budget) for limit in limits)


def _removals(day: Day, records: Iterable[AuditRecord]) -> list[Spent]:
    """One for each customer of whom the journal tells no removal, and for each record that names no customer."""
    known = {each.customer for each in day.spent if each.removal}
    found: dict[str, Spent] = {}
    for record in records:
        if record.operation == REMOVAL and record.succeeded and record.tenant_id not in known:
            tenant = record.tenant_id or _NOBODY
            found[tenant or record.id] = Spent(record.at, tenant, removal=True, one_way=True)
    return list(found.values())


def _others(day: Day, records: Iterable[AuditRecord]) -> list[Spent]:
    """Writes that may count and that the journal does not tell: nothing is known of them but that they were."""
    return [
        Spent(record.at, record.tenant_id or _NOBODY, one_way=None, seats=None, unknown_money=True)
        for record in records
        if record.operation not in HARMLESS | {REMOVAL} and not _is_told(day, record)
    ]


def _is_told(day: Day, record: AuditRecord) -> bool:
    """Whether the journal covers it: our own request, or sent while the journal was kept.

    Close to the journal's first event the two clocks decide nothing, so there the customer must be one of ours.
    """
    if record.correlation_id and record.correlation_id.lower() in day.traces:
        return True
    if day.known_since is None or record.at < day.known_since:
        return False
    ours = {each.customer for each in day.spent}
    return record.tenant_id in ours or record.at >= day.known_since + CLOCKS_APART


def _cannot_know(day: Day, problem: str) -> str:
    wait = ""
    if day.known_since is not None:
        wait = (
            f"wait until {(day.known_since + DAY).astimezone(UTC):%Y-%m-%d %H:%M} UTC, when the journal covers a day; "
        )
    return (
        "what was done in the last 24 hours cannot be known, nothing was written: the journal does not reach back that "
        f"far, and the audit records could not be read ({problem}); {wait}give the application the right to read audit "
        "records, keep the journal between runs, or keep it in a database (PCRECONCILE_DATABASE)"
    )
