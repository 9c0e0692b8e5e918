"""How a fault shows on the wire, once the service behind it has done its honest part."""

import asyncio
import json
from collections.abc import Callable
from enum import Enum, auto

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .faults import Fault
from .messages import Json

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
            await _replaced(fault, answer, _once_more(scope))(scope, receive, send)


def _once_more(scope: Scope) -> str:
    """The address of the same request, told from the first by a parameter that nobody reads."""
    host = dict(scope["headers"]).get(b"host", b"127.0.0.1").decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return f"http://{host}{scope['path']}?{query}{'&' if query else ''}again=1"


def _replaced(fault: Fault, answer: Response, address: str) -> Response:
    match fault.kind:
        case "status-before" | "status-after":
            kind = {"Content-Type": "application/json"} if fault.body else {}
            return Response(fault.body.encode("utf-8", "replace"), fault.status, {**kind, **fault.headers})
        case "redirect":
            return Response(b"", 302, {"Location": fault.location})
        case "wrong-content-type":
            answer.headers["Content-Type"] = fault.content_type
        case "overlap" | "odd-row" | "wrong-total":
            return _rewritten(answer, _REWRITES[fault.kind], address)
    return answer


def _rewritten(answer: Response, rewrite: Callable[[Json, str], Json], address: str) -> Response:
    """The same answer with another JSON object; an error, or what is no object, stays as it is."""
    if answer.status_code >= 300 or not answer.body:
        return answer
    body = json.loads(bytes(answer.body))
    return Response(
        json.dumps(rewrite(body, address)).encode(), answer.status_code, {"Content-Type": "application/json"}
    )


def _rows(body: Json) -> str:
    """The member that holds a collection's rows; "" in a single resource."""
    return next((name for name in ("items", "value") if isinstance(body.get(name), list)), "")


def _with_overlap(body: Json, address: str) -> Json:
    """Partner Center continues by `links`, Graph and Azure by an address; who follows meets the same rows again."""
    match _rows(body):
        case "items":
            uri = "/" + address.partition("/v1/")[2]
            return body | {"links": {"next": {"uri": uri, "method": "GET", "headers": []}}}
        case "value":
            return body | {"@odata.nextLink": address, "nextLink": address}
    return body


def _with_odd_row(body: Json, _address: str) -> Json:
    rows = _rows(body)
    return body | {rows: [{}, *body[rows][1:]]} if rows else {}


def _with_wrong_total(body: Json, _address: str) -> Json:
    return body | {"totalCount": len(body["items"]) + 1} if _rows(body) == "items" else body


_REWRITES: dict[str, Callable[[Json, str], Json]] = {
    "overlap": _with_overlap,
    "odd-row": _with_odd_row,
    "wrong-total": _with_wrong_total,
}


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
