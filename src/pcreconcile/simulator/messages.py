"""What a handler is given and what it answers.

Member names of a request are read without case, nulls count as absent, unknown members are ignored: the .NET SDK sends
PascalCase with every unset member null, everybody else sends camelCase (API facts, section 14.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tokens import Token
    from .world import World

__all__ = ["Call", "Json", "Refusal", "Reply", "collection", "link", "member", "odata_refusal", "refusal"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is written: `body` is JSON, or text or bytes as they stand, or nothing."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str | None:
        """The service's error code, if this answer is an error with one."""
        if self.status < 400 or not isinstance(self.body, dict):
            return None
        inner = self.body.get("error")
        code = inner.get("code") if isinstance(inner, dict) else self.body.get("code", inner)
        return None if code is None else str(code)


class Refusal(Exception):
    """The service says no; carries the whole answer. Nothing that the handler changed is kept."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, reply.code)
        self.reply = reply


def refusal(status: int, code: int, description: str) -> Refusal:
    """A Partner Center error: `code`, `description`, `data`, `source` (section 9.1, form 1)."""
    return Refusal(Reply(status, {"code": code, "description": description, "data": [], "source": "PartnerFD"}))


def odata_refusal(status: int, code: str, message: str) -> Refusal:
    """An error as Microsoft Graph and Azure Resource Manager write it (section 9.1, form 4)."""
    return Refusal(Reply(status, {"error": {"code": code, "message": message}}))


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it: parsed, authenticated, inside a transaction of the world."""

    world: "World"
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    token: "Token | None"
    correlation_id: str
    base_url: str

    @property
    def now(self) -> datetime:
        """The service's instant of this request."""
        return self.world.now

    def member(self, name: str) -> Any:
        """A member of the request body, whatever the case of its name; None when absent or null."""
        return member(self.body, name)


def member(body: Any, name: str) -> Any:
    """A member of a JSON object by name without case; None when absent, null, or when this is no object."""
    if not isinstance(body, dict):
        return None
    if name in body:
        return body[name]
    folded = name.lower()
    return next((value for key, value in body.items() if key.lower() == folded), None)


def link(uri: str, method: str = "GET", headers: tuple[Json, ...] = ()) -> Json:
    """A link as resources carry it: relative, without `/v1` (an absolute one breaks the .NET and Java SDKs)."""
    return {"uri": uri, "method": method, "headers": list(headers)}


def collection(items: list[Json], **more: Any) -> Reply:
    """A collection resource; `totalCount` is the number of items of this page (section 3)."""
    return Reply(200, {"totalCount": len(items), "items": items, **more, "attributes": {"objectType": "Collection"}})
