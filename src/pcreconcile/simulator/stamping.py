"""What every answer carries, and the ways in which the service writes its bodies (API facts, sections 2 and 14)."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from .messages import Reply
from .world import World

__all__ = ["stamped"]

_FIRST_ERROR = 400


def stamped(reply: Reply, world: World, ids: Mapping[str, str], locale: str, path: str, date: datetime) -> Reply:
    """An answer with its headers: the IDs of the request, which the simulator's own routes lack, and the date."""
    own = {**ids, "MS-CV": f"{uuid.uuid4().hex[:16]}.0", "MS-ServerId": "000002", "X-Locale": locale} if ids else {}
    headers = {**own, **reply.headers, "Date": format_datetime(date.replace(microsecond=0), usegmt=True)}
    if reply.body is None or not path.lower().startswith("/v1/"):
        return Reply(reply.status, reply.body, headers)
    if reply.status >= _FIRST_ERROR:
        return Reply(reply.status, _error(reply.body, world), headers)
    if not world.options["byteOrderMark"]:
        return Reply(reply.status, reply.body, headers)
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(reply.status, "\ufeff" + json.dumps(reply.body), headers | kind)


def _error(body: Any, world: World) -> Any:
    """Codes are numbers in every printed example and strings on the page that lists them (section 14.7)."""
    if world.options["errorCodeText"] and isinstance(body, dict) and "code" in body:
        return body | {"code": str(body["code"])}
    return body
