"""Delegated admin relationships nobody has approved yet, and who may use the approved ones (API facts, section 7).

Only a relationship in status `created` can be changed or deleted, and only under its current etag.
"""

from typing import Any

from .clock import wire_time
from .graph import etag_of, find_relationship, shown
from .messages import Call, Json, Reply, odata_refusal

__all__ = ["delete_relationship", "get_assignment", "list_assignments", "patch_relationship"]

_TEXTS = ("displayName", "duration", "autoExtendDuration")
_OBJECTS = ("accessDetails", "customer")


def list_assignments(call: Call) -> Reply:
    """`GET …/{id}/accessAssignments`."""
    return Reply(200, {"value": [shown(each) for each in _assignments(call)]})


def get_assignment(call: Call) -> Reply:
    """`GET …/{id}/accessAssignments/{assignment}`."""
    for assignment in _assignments(call):
        if str(assignment["id"]).lower() == call.params["assignment"].lower():
            return Reply(200, shown(assignment))
    raise odata_refusal(404, "NotFound", "The access assignment was not found.")


def _assignments(call: Call) -> list[Json]:
    assignments: list[Json] = find_relationship(call)[1].get("assignments", [])
    return assignments


def patch_relationship(call: Call) -> Reply:
    """`PATCH …/{id}`: 200 with the relationship."""
    wire = _draft(call)[1]["wire"]
    wire |= _edits(call) | {"lastModifiedDateTime": wire_time(call.now)}
    call.world.changed = True
    return Reply(200, shown(wire))


def delete_relationship(call: Call) -> Reply:
    """`DELETE …/{id}`: 204."""
    customer, relationship = _draft(call)
    customer["gdap"].remove(relationship)
    call.world.changed = True
    return Reply(204)


def _draft(call: Call) -> tuple[Json, Json]:
    """The customer and a relationship that may be changed. Raises 400 without If-Match, 412 under a stale one, 409."""
    customer, relationship = find_relationship(call)
    given = call.headers.get("if-match", "").strip()
    if not given:
        raise odata_refusal(400, "BadRequest", "The If-Match header is required.")
    if given not in ("*", etag_of(relationship["wire"])):
        raise odata_refusal(412, "PreconditionFailed", "The etag is not that of the relationship.")
    if relationship["wire"]["status"] != "created":
        raise odata_refusal(409, "Conflict", "Only a created relationship can be changed.")
    return customer, relationship


def _edits(call: Call) -> Json:
    """The members that may change; whatever else the body says is ignored."""
    edits: Json = {}
    for names, kind in ((_TEXTS, str), (_OBJECTS, dict)):
        for name in names:
            value: Any = call.member(name)
            if value is not None and not isinstance(value, kind):
                raise odata_refusal(400, "BadRequest", f"Invalid {name}.")
            if value is not None:
                edits[name] = value
    return edits
