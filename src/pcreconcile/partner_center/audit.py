"""Audit records of Partner Center: the service's own word of what was done (API facts, section 8.1).

The service keeps ninety days and says nothing about order, so all pages are read and the newest record wins.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec

from pcreconcile.model.errors import IncompleteRead
from pcreconcile.model.estate import AuditRecord, AuditTrail, RemovalRecord, Resource
from pcreconcile.model.ids import TenantId, is_guid
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.wire import Members

LOOK_BACK = timedelta(days=89)  # a start of ninety days ago is refused once that day has begun to pass
_REMOVAL = "remove_partner_customer_relationship"
_RESELLER_RELATIONSHIP = "partner_customer_relationship"  # the resource type of a removal's record
_SUCCEEDED = "succeeded"


class _Row(msgspec.Struct, frozen=True):
    id: str
    customer: str
    operation: str
    status: str
    at: datetime | None
    correlation_id: str
    by: str


def _whole(row: _Row) -> _Row:
    """The key of a row: IDs are made of customer, operation and instant, which two records may share."""
    return row


class Audit:
    """One partner's audit records."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def removal(self, tenant_id: TenantId, since: datetime) -> RemovalRecord | None:
        """The newest record of a removal that succeeded, not older than `since` (aware UTC).

        Raises the error of a read that did not end where it found none.
        """
        found = await self._collected(Resource.AUDIT_RECORDS, since, _filter("CustomerId", tenant_id))
        records = [record for row in found.rows if (record := _removal(row, tenant_id, since)) is not None]
        if records:
            return max(records, key=lambda record: record.at)
        if found.error is not None:
            raise found.error
        if not found.proof.complete:
            raise IncompleteRead(f"auditrecords: {found.proof.problem}")
        return None

    async def trail(self, since: datetime) -> AuditTrail:
        """Everything that was recorded since then (aware UTC, at most 89 days ago), of all customers, newest last.

        The service takes whole days, so what is older is left out here. A record without a date is kept, as of `since`:
        it may be one of those. What went wrong is in the proof.
        """
        return await self._trail(Resource.AUDIT_RECORDS, since)

    async def removals(self, since: datetime) -> AuditTrail:
        """The same, of removed relationships alone. What a filter that the service overlooks lets through is left out.

        They are few, so that a big partner's ninety days are a page or two.
        """
        trail = await self._trail(Resource.REMOVAL_RECORDS, since, _filter("ResourceType", _RESELLER_RELATIONSHIP))
        return msgspec.structs.replace(trail, records=tuple(r for r in trail.records if r.operation == _REMOVAL))

    async def _trail(self, resource: Resource, since: datetime, filtered: dict[str, str] | None = None) -> AuditTrail:
        found = await self._collected(resource, since.astimezone(UTC), filtered or {})
        records = (_record(row, since) for row in found.rows if row.at is None or row.at >= since)
        return AuditTrail(tuple(sorted(records, key=lambda record: record.at)), found.proof)

    async def _collected(self, resource: Resource, since: datetime, filtered: dict[str, str]) -> Collected[_Row]:
        query = {"startDate": f"{since:%Y-%m-%d}", **filtered, "size": "500"}
        listing = Listing(resource, ("auditrecords",), _decode, _whole, query=query)
        return await collect(self._session.read, self._session.base, listing)


def _filter(field: str, value: str) -> dict[str, str]:
    return {"filter": json.dumps({"Field": field, "Value": value, "Operator": "equals"})}


def _record(row: _Row, since: datetime) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        tenant_id=TenantId(row.customer) if is_guid(row.customer) else None,
        operation=row.operation,
        succeeded=row.status == _SUCCEEDED,
        at=row.at or since,
        correlation_id=row.correlation_id,
        by=row.by,
    )


def _removal(row: _Row, tenant_id: TenantId, since: datetime) -> RemovalRecord | None:
    """None for another customer's too: a filter that the service overlooks must prove nothing."""
    fits = (row.customer, row.operation, row.status) == (tenant_id, _REMOVAL, _SUCCEEDED)
    if not fits or row.at is None or row.at < since:
        return None
    return RemovalRecord(row.id, row.at, row.correlation_id, row.by)


def _decode(row: Members) -> _Row:
    return _Row(
        id=row.text("id"),
        customer=(row.optional_text("customerId") or "").lower(),
        operation=(row.optional_text("operationType") or "").lower(),
        status=(row.optional_text("operationStatus") or "").lower(),
        at=row.instant("operationDate"),
        correlation_id=(row.optional_text("originalCorrelationId") or "").lower(),
        by=row.optional_text("userPrincipalName", "applicationId") or "",
    )
