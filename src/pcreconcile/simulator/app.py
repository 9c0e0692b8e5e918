"""The ASGI application: takes a request off the wire, lets a fault interfere, writes the answer.

Faults are decided here and nowhere else, so that the service behind them stays honest.
"""

import json
import sqlite3

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from . import SimulatorError
from .exchange import Exchange, Incoming
from .faults import Fault, FaultPlan, read_faults
from .interference import Drop, interfere
from .messages import Reply

__all__ = ["SimulatorApp"]


class SimulatorApp:
    """One simulated service."""

    def __init__(self, exchange: Exchange, faults: FaultPlan, drop: Drop) -> None:
        self._exchange, self._faults, self._drop = exchange, faults, drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            incoming = _incoming(request, await request.body())
        except ClientDisconnect:
            return
        fault, reply = self._decide(incoming)
        if fault is None:
            await _response(reply)(scope, receive, send)
        else:
            await interfere(fault, _response(reply), self._drop, scope, receive, send)

    def _decide(self, incoming: Incoming) -> tuple[Fault | None, Reply]:
        """The answer, and the fault that stands between it and the caller."""
        try:
            if incoming.path.lower() == "/_simulator/faults":
                return None, self._control_faults(incoming)
            fault = None
            if not incoming.is_control:
                fault = self._faults.take(incoming.method, incoming.path, incoming.query, incoming.body)
            if fault is None or not fault.before:
                return fault, self._exchange.answer(incoming, fault)
            self._exchange.lose(incoming, fault.kind)
            return fault, Reply(0)
        except sqlite3.OperationalError as error:
            # Another process has held the state for too long; nothing was changed.
            return None, Reply(503, {"code": 503, "description": str(error), "data": [], "source": "simulator"})

    def _control_faults(self, incoming: Incoming) -> Reply:
        """`GET` shows the rules, `POST` puts others in their place, `DELETE` takes them away."""
        if incoming.method not in ("GET", "POST", "DELETE"):
            return Reply(405, None, {"Allow": "GET, POST, DELETE"})
        try:
            if incoming.method == "POST":
                self._faults.replace(read_faults(json.loads(incoming.body), "faults"))
        except (SimulatorError, ValueError, RecursionError) as error:
            return Reply(400, {"error": str(error)})
        if incoming.method == "DELETE":
            self._faults.replace([])
        return Reply(200, {"faults": self._faults.shown()})


def _incoming(request: Request, body: bytes) -> Incoming:
    query = request.scope["query_string"].decode("latin-1")
    return Incoming(request.method, request.scope["path"], query, dict(request.headers), body)


def _response(reply: Reply) -> Response:
    content, kind = _content(reply)
    given = {name.lower() for name in reply.headers}
    headers = {**reply.headers} if kind is None or "content-type" in given else {**reply.headers, "Content-Type": kind}
    if not content:
        headers.pop("Content-Type", None)
    return Response(content, reply.status, headers)


def _content(reply: Reply) -> tuple[bytes, str | None]:
    """The bytes of a body and the type that they have by themselves."""
    match reply.body:
        case None:
            return b"", None
        case bytes():
            return reply.body, "application/octet-stream"
        case str():
            return reply.body.encode("utf-8", "replace"), "text/plain; charset=utf-8"
    return json.dumps(reply.body).encode(), "application/json; charset=utf-8"
