"""Audit records: one for every write that had an effect (API facts, section 8.1)."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from .clock import parse_instant, wire_day, wire_time
from .messages import Call, Json, Reply, collection, link, refusal
from .paging import page_size, read_token, write_token

__all__ = ["get_record", "list_records", "record", "removal_record"]

LOOK_BACK = timedelta(days=90)
_FILTERS = {("companyname", "substring"): "customerName", ("customerid", "equals"): "customerId"}
_FILTERS |= {("resourcetype", "equals"): "resourceType"}


def record(call: Call, customer: Json, operation: str, resource: str, old: Any, new: Any) -> Json:
    """Keep that this call changed something of a customer; the record."""
    made = _record(call.world.partner["tenantId"], customer, operation, call.now, call.correlation_id)
    made |= {
        "userPrincipalName": call.token.user if call.token else None,
        "applicationId": call.token.app if call.token else None,
        "resourceType": resource,
        "resourceOldValue": _pascal(old),
        "resourceNewValue": _pascal(new),
    }
    call.world.audit(made)
    return made


def removal_record(partner: str, customer: Json, at: datetime, correlation_id: str) -> Json:
    """The record that a reseller relationship was removed at some time in the past."""
    made = _record(partner, customer, "remove_partner_customer_relationship", at, correlation_id)
    made["resourceOldValue"] = _pascal({"relationshipToPartner": "reseller"})
    made["resourceNewValue"] = _pascal({"relationshipToPartner": "none"})
    made["userPrincipalName"] = "admin@partner.onmicrosoft.com"
    return made | {"resourceType": "partner_customer_relationship"}


def _record(partner: str, customer: Json, operation: str, at: datetime, correlation_id: str) -> Json:
    ticks = int(at.timestamp() * 10_000_000) + 621_355_968_000_000_000
    return {
        "id": f"{partner}_{customer['id']}_{operation.replace('_', '')}_{ticks}",
        "partnerId": partner,
        "customerId": customer["id"],
        "customerName": customer["companyName"],
        "operationType": operation,
        "originalCorrelationId": correlation_id,
        "operationDate": wire_time(at),
        "operationStatus": "succeeded",
        "customizedData": [],
        "attributes": {"objectType": "AuditRecord"},
    }


def _pascal(value: Any) -> str:
    """Old and new values are JSON texts with PascalCase keys."""

    def renamed(part: Any) -> Any:
        if isinstance(part, dict):
            return {key[:1].upper() + key[1:]: renamed(each) for key, each in part.items()}
        return [renamed(each) for each in part] if isinstance(part, list) else part

    return json.dumps(renamed(value))


def list_records(call: Call) -> Reply:
    """`GET /auditrecords`: from startDate (at most 90 days back) to endDate, filtered, in pages."""
    start, end = _day(call, "startdate"), _day(call, "enddate")
    if start is not None and start < call.now - LOOK_BACK - timedelta(days=1):
        raise refusal(400, 3000, "startDate must be within the last 90 days.")
    since = start or call.now - timedelta(days=30)
    until = end + timedelta(days=1) if end is not None else call.now + timedelta(days=1)
    records = [each for each in call.world.store.audit(wire_day(since), wire_time(until)) if _matches(call, each)]
    return _page(call, records)


def get_record(call: Call) -> Reply:
    """`GET /auditactivity/v1/auditrecords/{id}`: where the notification of a webhook points to."""
    found = call.world.store.audit_record(call.params["record"])
    if found is None:
        raise refusal(404, 1000, "The audit record was not found.")
    return Reply(200, found)


def _day(call: Call, name: str) -> datetime | None:
    value = call.query.get(name)
    try:
        return parse_instant(value) if value else None
    except ValueError as error:
        raise refusal(400, 3000, f"The {name} is invalid.") from error


def _matches(call: Call, candidate: Json) -> bool:
    text = call.query.get("filter")
    if not text:
        return True
    try:
        given = {str(key).lower(): str(value) for key, value in json.loads(text).items()}
        rule = (given["field"].lower(), given["operator"].lower())
        wanted, found = given["value"].casefold(), str(candidate[_FILTERS[rule]]).casefold()
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        raise refusal(400, 3000, "The filter is invalid.") from error
    return wanted in found if rule[1] == "substring" else wanted == found


def _page(call: Call, records: list[Json]) -> Reply:
    size, after = page_size(call), read_token(call)
    shown, rest = records[after : after + size], records[after + size :]
    if after and not shown:
        raise refusal(400, 2000, "The continuation token is invalid.")
    links: Json = {"self": link(f"/auditrecords?size={size}")}
    more: Json = {"links": links}
    if rest:
        token = write_token(after + size)
        header = {"key": "MS-ContinuationToken", "value": token}
        links["next"] = link(f"/auditrecords?{_query(call, size)}", headers=(header,))
        more["continuationToken"] = token
    return collection(shown, **more)


def _query(call: Call, size: int) -> str:
    names = ("startDate", "endDate", "filter")
    kept = {name: call.query[name.lower()] for name in names if name.lower() in call.query}
    return urlencode({**kept, "size": size, "seekOperation": "Next"})
