"""The ASGI application: takes a request off the wire, lets a fault interfere, writes the answer.

Faults are decided here and nowhere else, so that the service behind them stays honest.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from . import SimulatorError
from .exchange import Exchange, Incoming
from .faults import Fault, FaultPlan, read_faults
from .messages import Reply

__all__ = ["Drop", "SimulatorApp"]

Drop = Callable[[Scope], None]
"""Cuts the connection of a request without another byte."""


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
        if incoming.path.lower() == "/_simulator/faults":
            await _response(self._control_faults(incoming))(scope, receive, send)
            return
        fault = None if incoming.is_control else self._faults.take(incoming.method, incoming.path)
        if fault is None:
            await _response(self._answer(incoming, None))(scope, receive, send)
        else:
            await self._fail(fault, incoming, scope, receive, send)

    def _answer(self, incoming: Incoming, fault: str | None) -> Reply:
        try:
            return self._exchange.answer(incoming, fault)
        except sqlite3.OperationalError as error:
            # Another process has held the state for too long; nothing was changed.
            return Reply(503, {"code": 503, "description": str(error), "data": [], "source": "simulator"})

    async def _fail(self, fault: Fault, incoming: Incoming, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.before:
            self._exchange.lose(incoming, fault.kind)
            answer = Reply(0)
        else:
            answer = self._answer(incoming, fault.kind)
        if fault.kind.startswith("drop"):
            await self._cut(scope, receive)
        elif fault.kind.startswith("status"):
            failed = Reply(fault.status, fault.body or None, {"Content-Type": "application/json", **fault.headers})
            await _response(failed)(scope, receive, send)
        elif fault.kind == "truncate":
            await self._truncate(_response(answer), scope, receive, send)
        else:
            await asyncio.sleep(fault.seconds)
            await _response(answer)(scope, receive, send)

    async def _cut(self, scope: Scope, receive: Receive) -> None:
        self._drop(scope)
        # Without waiting for the end of the connection the server would still answer 500 into it.
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _truncate(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise the whole body, send half of it, hang up."""
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        half = bytes(response.body[: len(response.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await self._cut(scope, receive)

    def _control_faults(self, incoming: Incoming) -> Reply:
        """`GET` shows the rules, `POST` puts others in their place, `DELETE` takes them away."""
        if incoming.method not in ("GET", "POST", "DELETE"):
            return Reply(405, None, {"Allow": "GET, POST, DELETE"})
        try:
            if incoming.method == "POST":
                self._faults.faults = read_faults(json.loads(incoming.body), "faults")
        except (SimulatorError, ValueError, RecursionError) as error:
            return Reply(400, {"error": str(error)})
        if incoming.method == "DELETE":
            self._faults.faults = []
        return Reply(200, {"faults": [fault.shown() for fault in self._faults.faults]})


def _incoming(request: Request, body: bytes) -> Incoming:
    query = request.scope["query_string"].decode("latin-1")
    return Incoming(request.method, request.scope["path"], query, dict(request.headers), body)


def _response(reply: Reply) -> Response:
    if reply.body is None:
        content, kind = b"", None
    elif isinstance(reply.body, str):
        content, kind = reply.body.encode("utf-8", "replace"), "text/plain; charset=utf-8"
    else:
        content, kind = json.dumps(reply.body).encode(), "application/json; charset=utf-8"
    given = {name.lower() for name in reply.headers}
    headers = {**reply.headers} if kind is None or "content-type" in given else {**reply.headers, "Content-Type": kind}
    if not content:
        headers.pop("Content-Type", None)
    return Response(content, reply.status, headers)
