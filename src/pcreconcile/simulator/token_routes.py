"""The routes of Microsoft Entra on the simulator's port; they come before the service's, with Entra's error shapes."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from .messages import Reply
from .tokens import Grant, discover_instance, issue, openid_configuration
from .world import World

__all__ = ["answer_token_route"]

_TOKEN = re.compile(r"/([^/]+)/oauth2(/v2\.0)?/token", re.IGNORECASE)
_DISCOVERY = re.compile(r"/([^/]+)(/v2\.0)?/\.well-known/openid-configuration", re.IGNORECASE)
_INSTANCE = re.compile(r"/common/discovery/instance", re.IGNORECASE)


class _Request(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


def answer_token_route(request: _Request, path: str, world: World) -> tuple[Reply, Any] | None:
    """The answer and what of the request may be logged; None when the path is not Entra's. Raises Refusal."""
    token = _TOKEN.fullmatch(path)
    if token is not None:
        return _token(request, token, world)
    found = _DISCOVERY.fullmatch(path)
    if found is None and not _INSTANCE.fullmatch(path):
        return None
    if request.method != "GET":
        return Reply(405, None, {"Allow": "GET"}), None
    return (openid_configuration(found[1]) if found else discover_instance()), None


def _token(request: _Request, path: re.Match[str], world: World) -> tuple[Reply, Any]:
    if request.method != "POST":
        return Reply(405, None, {"Allow": "POST"}), None
    grant = Grant.read(request.body, request.headers.get("authorization", ""), path[1], 2 if path[2] else 1)
    return issue(grant, world.signing_key), grant.public_form()
