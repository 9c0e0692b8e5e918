"""How a fault shows on the wire, once the service behind it has done its honest part."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .faults import Fault

__all__ = ["Cut", "Drop", "interfere"]

_MEGABYTE = b" " * 1_048_576


class Cut(Enum):
    """How a connection ends."""

    CLOSE = auto()
    RESET = auto()


Drop = Callable[[Scope, Cut], None]
"""Ends the connection of a request without another byte."""


async def interfere(fault: Fault, answer: Response, drop: Drop, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer as the fault lets it through, or nothing at all."""
    match fault.kind:
        case "drop-before" | "drop-after":
            await _cut(drop, Cut.CLOSE, scope, receive)
        case "truncate" | "reset":
            await _send_half(answer, send)
            await _cut(drop, Cut.RESET if fault.kind == "reset" else Cut.CLOSE, scope, receive)
        case "huge-body":
            await _send_padded(answer, fault.megabytes, send)
        case "slow":
            await asyncio.sleep(fault.seconds)
            await answer(scope, receive, send)
        case _:
            await _replaced(fault, answer)(scope, receive, send)


def _replaced(fault: Fault, answer: Response) -> Response:
    match fault.kind:
        case "status-before" | "status-after":
            kind = {"Content-Type": "application/json"} if fault.body else {}
            return Response(fault.body.encode("utf-8", "replace"), fault.status, {**kind, **fault.headers})
        case "redirect":
            return Response(b"", 302, {"Location": fault.location})
        case "wrong-content-type":
            answer.headers["Content-Type"] = fault.content_type
    return answer


async def _cut(drop: Drop, how: Cut, scope: Scope, receive: Receive) -> None:
    drop(scope, how)
    # Without waiting for the end of the connection the server would still answer 500 into it.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_half(answer: Response, send: Send) -> None:
    """Promise the whole body, send half of it."""
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    half = bytes(answer.body[: len(answer.body) // 2])
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def _send_padded(answer: Response, megabytes: int, send: Send) -> None:
    """The body and many blanks, which leave it valid JSON; chunked, so that no length warns of them."""
    headers = [(name, value) for name, value in answer.raw_headers if name != b"content-length"]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(answer.body), "more_body": True})
    for _ in range(megabytes):
        await send({"type": "http.response.body", "body": _MEGABYTE, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
