"""Aftercare: what is still open with customers that we removed, until it is closed, manifest or not.

The journal says whom we removed and what should come back; what was read says what still stands. A customer that is in
the customers list again is no departure. Nothing here plans an action: each open end names who can close it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import CustomerState, RemovalRecord, Snapshot
from pcreconcile.model.extras import Extra, extra_read, failed_reads
from pcreconcile.model.identity import seal
from pcreconcile.model.ids import RunId, TenantId
from pcreconcile.model.memory import Departure, Memory
from pcreconcile.model.observed import ENDED_AZURE_STATUSES, ENDED_RELATIONSHIPS
from pcreconcile.model.plan import Aftercare, OpenEnd, Plan

AUDIT_KEPT = timedelta(days=90)  # how long the service keeps audit records (API facts, 8.1)
AUDIT_READABLE = timedelta(days=89)  # a start of ninety days ago is refused once that day has begun to pass
CREDITS_LISTED = timedelta(days=60)  # ours: two monthly invoices after the removal, a credit stands on one of them
CLOCKS_APART = timedelta(minutes=5)  # how far the service's clock and ours may differ
_STILL_ACTIVE = frozenset({"active", "pending"})


def followed(memory: Memory, fleet: DesiredFleet, known: DesiredFleet) -> tuple[TenantId, ...]:
    """Whose aftercare a plan for `fleet` tells: everybody's when it is the whole fleet (`known`), else its customers'.

    Sorted; for `--target` and `--base` what nobody asked about is neither read nor told.
    """
    planned = {customer.tenant_id for customer in fleet.customers}
    whole = planned >= {customer.tenant_id for customer in known.customers}
    return tuple(sorted(tenant for tenant in memory.departures if whole or tenant in planned))


def extras_after(departure: Departure, now: datetime) -> frozenset[Extra]:
    """What is read of a customer that has gone, beside the customer itself."""
    forgotten = departure.removed_at < now - AUDIT_READABLE
    asked = {Extra.DELEGATED_ADMIN} if departure.audit_record or forgotten else _BOTH
    return frozenset(asked)


_BOTH = frozenset({Extra.DELEGATED_ADMIN, Extra.REMOVAL_RECORD})


def with_aftercare(
    plan: Plan,
    snapshot: Snapshot,
    memory: Memory,
    tenants: tuple[TenantId, ...],
    names: Mapping[TenantId, str],
) -> Plan:
    """The plan with the open ends of those of `tenants` who have gone; its ID stays, as no act comes of it.

    `names` are what customers are called, by manifest or by the plan that removed them.
    """
    found = (_of(memory.departures[tenant], snapshot, names, plan.created_at) for tenant in tenants)
    open_ones = sorted((each for each in found if each is not None), key=lambda each: (each.name, each.tenant_id))
    return seal(replace(plan, aftercare=tuple(open_ones))) if open_ones else plan


def _of(departure: Departure, snapshot: Snapshot, names: Mapping[TenantId, str], now: datetime) -> Aftercare | None:
    tenant = departure.customer
    if tenant in snapshot.listed.customers:
        return None  # it is ours again
    credits = departure.credits if now < departure.removed_at + CREDITS_LISTED else ()
    ends = (
        *_access(departure, snapshot.states.get(tenant)),
        *_subscriptions(departure, snapshot.states.get(tenant)),
        *_audit(departure, snapshot, now),
        *(_credits(departure) if credits else ()),
    )
    if not ends:
        return None
    name = names.get(tenant, tenant)
    return Aftercare(name, tenant, departure.removed_at, RunId(departure.run), ends, credits)


def _access(departure: Departure, state: CustomerState | None) -> Iterator[OpenEnd]:
    """Delegated access: GDAP by its relationships, DAP by the customer's flag, which outlives it only by mistake."""
    since = departure.removed_at
    if state is None or state.delegated_admin is None:
        read = extra_read(state, Extra.DELEGATED_ADMIN)
        why = f": {read.problem}" if read is not None and read.problem else ", it was not read"
        text = f"whether delegated access (GDAP) has ended is not known{why}; check in Partner Center, Administer"
        yield OpenEnd("delegated-access-unknown", text, since)
    for each in () if state is None else state.delegated_admin or ():
        if each.status not in ENDED_RELATIONSHIPS:
            until = f" and ends by itself on {each.ends:%Y-%m-%d}" if each.ends is not None else ""
            text = (
                f"delegated access (GDAP) {each.name or each.id} is {each.status}{until}; `delegatedAccess: terminate` "
                "in a manifest that says removed ends it now"
            )
            yield OpenEnd("delegated-access-remains", text, since, each.ends.date() if each.ends else None)
    if state is not None and state.customer is not None and state.customer.allow_delegated_access:
        text = "delegated administration (DAP) still shows: remove it in Partner Center, Administer"
        yield OpenEnd("delegated-access-remains", text, since)


def _subscriptions(departure: Departure, state: CustomerState | None) -> Iterator[OpenEnd]:
    """What is billed through us although the relationship is gone, where the service still shows it."""
    problems = _problems_of_commerce(state)
    if problems:
        text = f"whether a subscription is still active is not known: {'; '.join(problems)}"
        yield OpenEnd("subscriptions-unknown", text, departure.removed_at)
        return
    assert state is not None
    rows = [f"{row.name or row.id} ({row.status})" for row in state.subscriptions if row.status in _STILL_ACTIVE]
    azure = (row for row in state.azure_entitlements if row.status not in ENDED_AZURE_STATUSES)
    rows += [f"{row.name or row.id} (Azure, {row.status})" for row in azure]
    for row in rows:
        text = f"{row} still shows and may be billed to us: ask Partner Center support with the tenant ID"
        yield OpenEnd("subscription-still-active", text, departure.removed_at)


def _problems_of_commerce(state: CustomerState | None) -> list[str]:
    """Why what the customer holds is not known; delegated access and records are told by themselves."""
    if state is None:
        return ["it was not read"]
    return [f"{read.resource}: {read.problem}" for read in failed_reads(state, frozenset(), listed=False)]


def _audit(departure: Departure, snapshot: Snapshot, now: datetime) -> Iterator[OpenEnd]:
    """Open until the record is found or the service has forgotten it: then nobody can close it any more."""
    record = snapshot.removal_records.get(departure.customer)
    forgets = departure.removed_at + AUDIT_KEPT
    if departure.audit_record or (record is not None and _is_ours(record, departure)) or now >= forgets:
        return
    read = extra_read(snapshot.states.get(departure.customer), Extra.REMOVAL_RECORD)
    why = f" ({read.problem})" if read is not None and read.problem else ""
    text = (
        f"the service's own record of the removal has not been found yet{why}; the service forgets it on "
        f"{forgets:%Y-%m-%d}, and every apply until then looks for it and keeps it"
    )
    yield OpenEnd("audit-record-missing", text, departure.removed_at, forgets.date())


def _is_ours(record: RemovalRecord, departure: Departure) -> bool:
    traced = record.correlation_id and record.correlation_id.lower() in departure.traces
    return bool(traced) or record.at >= departure.sent_at - CLOCKS_APART


def _credits(departure: Departure) -> Iterator[OpenEnd]:
    count = len(departure.credits)
    last = departure.removed_at + CREDITS_LISTED
    text = f"{count} credit{' is' if count == 1 else 's are'} expected on the next invoices: hand the list to finance"
    yield OpenEnd("credits-expected", text, departure.removed_at, last.date())
