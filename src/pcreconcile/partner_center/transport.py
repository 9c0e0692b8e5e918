"""The one module that imports httpx: one request out, one whole answer back, or `Unanswered`.

Time-outs, connection limits and sizes are decided here; retries, tokens and meaning are not. Redirects are never
followed, so that no token leaves the hosts that were configured. Whether anything may be written at all is decided here
too, because nothing gets to the service on another way.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from pcreconcile.model.errors import Refused
from pcreconcile.partner_center.endpoints import Addresses
from pcreconcile.partner_center.trust import READ_ONLY, Trust

CONNECTIONS = 12  # httpx's cost per request grows with open connections: 8 to 16 is its best
_BODY_LIMIT = 64 << 20
_LOGIN_BODY_LIMIT = 1 << 20
_WHOLE_ANSWER = 240.0  # seconds; bounds an answer that trickles
_TIMEOUT = httpx.Timeout(connect=15.0, read=120.0, write=60.0, pool=None)


_READS = frozenset({"GET", "HEAD"})

# POSTs that change nothing, by the end of their path: what the return of a reservation would give (API facts, 6.6).
# A new one must be written down here to work under PCRECONCILE_READ_ONLY.
READS_BY_POST = (
    re.compile(r"/providers/Microsoft\.Capacity/reservationOrders/[A-Za-z0-9_~-]+/calculateRefund", re.ASCII),
)


def is_read(method: str, url: str) -> bool:
    """Whether a request changes nothing, by its method and path alone."""
    if method in _READS:
        return True
    path = urlsplit(url).path
    return method == "POST" and any(re.search(rf"{each.pattern}\Z", path, re.ASCII) for each in READS_BY_POST)


class Unanswered(Exception):
    """No whole answer came: the request may or may not have arrived."""


class Reply(msgspec.Struct, frozen=True):
    """A whole answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Transport:
    """HTTP to Partner Center over a bounded number of connections; with `read_only`, for reads alone."""

    def __init__(self, client: httpx.AsyncClient, read_only: bool = False) -> None:
        self._client = client
        self._read_only = read_only
        self.uses_proxies = client.trust_env
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Send once. Raises Unanswered for anything but a whole answer, Refused for a write that may not be."""
        if self._read_only and not is_read(method, url):
            raise Refused(f"{READ_ONLY} is set: no write is sent; the operator unsets it to let `apply` write")
        async with self._slots:
            try:
                async with asyncio.timeout(_WHOLE_ANSWER):
                    return await self._send(method, url, headers, body)
            except TimeoutError:
                raise Unanswered("the answer did not end in time") from None
            except httpx.InvalidURL:
                raise Unanswered("the address cannot be requested") from None
            except httpx.HTTPError as error:
                raise Unanswered(_reason(error)) from None

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        async with self._client.stream(method, url, headers=dict(headers), content=body) as response:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _BODY_LIMIT:
                    raise Unanswered(f"the answer is larger than {_BODY_LIMIT >> 20} MiB")
            return Reply(response.status_code, _lowered(response.headers), bytes(content))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class LoginTransport:
    """HTTP to the login service, synchronous as msal wants it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def exchange(self, method: str, url: str, headers: Mapping[str, str], form: Any, params: Any) -> Reply:
        """Send once. Raises Unanswered for anything but a whole answer."""
        try:
            with self._client.stream(method, url, headers=dict(headers), data=form, params=params) as response:
                content = bytearray()
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > _LOGIN_BODY_LIMIT:
                        raise Unanswered("the answer is too large")
                return Reply(response.status_code, _lowered(response.headers), bytes(content))
        except httpx.InvalidURL:
            raise Unanswered("the address cannot be requested") from None
        except httpx.HTTPError as error:
            raise Unanswered(_reason(error)) from None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def open_transport(addresses: Addresses, trust: Trust) -> Transport:
    """A transport; proxies of the environment are used, except for hosts on this machine."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    client = httpx.AsyncClient(
        timeout=_TIMEOUT, limits=limits, follow_redirects=False, trust_env=not addresses.loopback
    )
    return Transport(client, trust.read_only)


def open_login_transport(addresses: Addresses) -> LoginTransport:
    """A transport for token requests."""
    mounts: dict[str, httpx.BaseTransport | None] = dict.fromkeys(_direct(addresses))
    return LoginTransport(httpx.Client(timeout=_TIMEOUT, follow_redirects=False, mounts=mounts))


def tls_context() -> ssl.SSLContext:
    """The TLS settings and trust of all requests."""
    return httpx.create_ssl_context()


def _direct(addresses: Addresses) -> tuple[str, ...]:
    """Schemes for which the environment's proxies do not count."""
    return ("http://", "https://", "all://") if addresses.loopback else ()


def _lowered(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _reason(error: httpx.HTTPError) -> str:
    """The kind of failure; the library's text is left out, because it may hold what was sent."""
    kinds: list[tuple[type[httpx.HTTPError], str]] = [
        (httpx.ConnectTimeout, "the connection could not be opened in time"),
        (httpx.ConnectError, "the connection could not be opened"),
        (httpx.TimeoutException, "no answer in time"),
        (httpx.DecodingError, "the answer cannot be decompressed"),
        (httpx.RemoteProtocolError, "the connection was lost before the answer ended"),
        (httpx.LocalProtocolError, "the request cannot be sent as it is"),
    ]
    return next((text for kind, text in kinds if isinstance(error, kind)), "the connection was lost")
