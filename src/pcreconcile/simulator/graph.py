"""Microsoft Graph as far as granular delegated admin privileges need it (API facts, section 7)."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from itertools import islice
from urllib.parse import quote

from . import asynchrony, audit
from .clock import wire_time
from .messages import Call, Json, Reply, odata_refusal

__all__ = [
    "create_request",
    "etag_of",
    "find_relationship",
    "get_relationship",
    "get_request",
    "list_relationships",
    "list_requests",
    "shown",
]

_CLAUSE = re.compile(r"\s*(customer/tenantId|status)\s+eq\s+'([^']*)'\s*", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_PATH = "/graph/v1.0/tenantRelationships/delegatedAdminRelationships"
_LARGEST_PAGE = 300


def list_relationships(call: Call) -> Reply:
    """`GET /tenantRelationships/delegatedAdminRelationships` with $filter, $top and @odata.nextLink."""
    wanted = _filter(call.query.get("$filter", ""))
    top, skip = _number(call, "$top", _LARGEST_PAGE), _number(call, "$skiptoken", 0)
    found = list(islice(_relationships(call, wanted, skip), top + 1))
    body: Json = {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#tenantRelationships/delegatedAdminRelationships",
        "value": [shown(asynchrony.observe(each)) for each in found[:top]],
    }
    if len(found) > top:
        body["@odata.nextLink"] = f"{call.base_url}{_PATH}?{_next_query(call, top, skip + top)}"
    return Reply(200, body)


def _next_query(call: Call, top: int, skip: int) -> str:
    kept = f"&$filter={quote(call.query['$filter'])}" if call.query.get("$filter") else ""
    return f"$top={top}&$skiptoken={skip}{kept}"


def _filter(text: str) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for clause in _AND.split(text) if text.strip() else []:
        parsed = _CLAUSE.fullmatch(clause)
        if parsed is None:
            raise odata_refusal(400, "BadRequest", "Invalid filter clause.")
        wanted[parsed[1].lower()] = parsed[2].lower()
    return wanted


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise odata_refusal(400, "BadRequest", f"Invalid {name}.")
    return min(int(text), _LARGEST_PAGE) if name == "$top" else int(text)


def _relationships(call: Call, wanted: dict[str, str], skip: int) -> Iterator[Json]:
    """Relationships behind so many; they outlive the reseller relationship, so former customers have theirs too."""
    tenant = wanted.get("customer/tenantid")
    for each, number in call.world.store.delegating_customers():
        if tenant not in (None, each):
            continue
        if "status" not in wanted and skip >= number:
            skip -= number  # Whole customers of the pages before need not be read.
            continue
        matching = [one for one in (call.world.customer(each) or {}).get("gdap", ()) if _matches(one["wire"], wanted)]
        yield from matching[skip:]
        skip = max(skip - len(matching), 0)


def _matches(wire: Json, wanted: dict[str, str]) -> bool:
    return wanted.get("status") in (None, str(wire.get("status")).lower())


def etag_of(wire: Json) -> str:
    """The weak etag of a resource: another one whenever something of it has changed."""
    digest = hashlib.sha256(json.dumps(wire, sort_keys=True).encode()).hexdigest()
    return f'W/"{digest[:24]}"'


def shown(wire: Json) -> Json:
    """A resource as Graph shows it."""
    return {"@odata.etag": etag_of(wire)} | wire


def find_relationship(call: Call) -> tuple[Json, Json]:
    """The customer and the relationship of a path. Raises Graph's 404."""
    wanted = call.params["relationship"].lower()
    for tenant in call.world.store.customers_mentioning(wanted):
        customer = call.world.customer(tenant) or {}
        for relationship in customer.get("gdap", ()):
            if relationship["wire"]["id"].lower() == wanted:
                return customer, relationship
    raise odata_refusal(404, "NotFound", "The delegated admin relationship was not found.")


def get_relationship(call: Call) -> Reply:
    """`GET …/delegatedAdminRelationships/{id}`."""
    return Reply(200, shown(asynchrony.observe(find_relationship(call)[1])))


def list_requests(call: Call) -> Reply:
    """`GET …/{id}/requests`."""
    return Reply(200, {"value": find_relationship(call)[1]["requests"]})


def get_request(call: Call) -> Reply:
    """`GET …/{id}/requests/{request}`."""
    for request in find_relationship(call)[1]["requests"]:
        if request["id"].lower() == call.params["request"].lower():
            return Reply(200, request)
    raise odata_refusal(404, "NotFound", "The request was not found.")


def create_request(call: Call) -> Reply:
    """`POST …/{id}/requests`: terminate is the only action of a partner, for active relationships only."""
    customer, relationship = find_relationship(call)
    if call.member("action") != "terminate":
        raise odata_refusal(400, "BadRequest", "The action is not supported.")
    if relationship["wire"]["status"] != "active":
        raise odata_refusal(409, "Conflict", "Only an active relationship can be terminated.")
    old = dict(relationship["wire"])
    relationship["wire"] |= {"status": "terminationRequested", "lastModifiedDateTime": wire_time(call.now)}
    stages: list[Json] = [{"status": "terminating"}, {"status": "terminated"}]
    asynchrony.begin(relationship, call.world.options["asyncReads"], *stages)
    request = _request(call)
    relationship["requests"].append(request)
    operation = "granular_admin_relationship_termination_requested"
    audit.record(call, customer, operation, "granular_admin_relationship", old, relationship["wire"])
    location = f"{_PATH}/{relationship['wire']['id']}/requests/{request['id']}"
    return Reply(201, request, {"Location": f"{call.base_url}{location}"})


def _request(call: Call) -> Json:
    at = wire_time(call.now)
    return {
        "@odata.type": "#microsoft.graph.delegatedAdminRelationshipRequest",
        "id": str(uuid.uuid4()),
        "action": "terminate",
        "status": "created",
        "createdDateTime": at,
        "lastModifiedDateTime": at,
    }
