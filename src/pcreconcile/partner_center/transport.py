"""The one module that makes HTTP clients: one request out, one whole answer back, or `Unanswered`.

Time-outs, connection limits and sizes are decided here, for the services and for the login service alike; retries,
tokens and meaning are not. Redirects are never followed, so that no token leaves the hosts that were configured, and no
cookie is kept, so that no answer changes a later request. Whether anything may be written at all is decided here too,
because nothing gets to the service on another way.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from pcreconcile.model.errors import Refused
from pcreconcile.partner_center.bodies import ACCEPTED, Body, UnusableBody
from pcreconcile.partner_center.endpoints import Addresses
from pcreconcile.partner_center.network import Network, NotTrusted, Routed
from pcreconcile.partner_center.trust import READ_ONLY, Trust

CONNECTIONS = 12  # httpx's cost per request grows with open connections: 8 to 16 is its best
_BODY_LIMIT = 32 << 20
_LOGIN_BODY_LIMIT = 1 << 20
_WHOLE_ANSWER = 240.0  # seconds; bounds an answer that trickles
_TURN = 300.0  # seconds that a request waits for a free connection
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
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, patience: float = _WHOLE_ANSWER
    ) -> Reply:
        """Send once, and wait `patience` seconds at most for the whole answer.

        Raises Unanswered for anything but a whole answer, Refused for a write that may not be.
        """
        if self._read_only and not is_read(method, url):
            raise Refused(f"{READ_ONLY} is set: no write is sent; the operator unsets it to let `apply` write")
        await self._turn()
        try:
            request = self._client.build_request(method, url, headers=dict(headers), content=body)
            return await _whole_reply(self._client, request, _BODY_LIMIT, patience)
        except httpx.InvalidURL:
            raise Unanswered("the address cannot be requested") from None
        finally:
            self._slots.release()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(_TURN):
                await self._slots.acquire()
        except TimeoutError:
            raise Unanswered("it was not sent: no connection became free in time") from None

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class LoginTransport:
    """HTTP to the login service, blocking as msal wants it, with the limits of the other one.

    Each request has a connection and an event loop of its own: only there can the time of a whole answer be bounded.
    """

    def __init__(self, open_client: Callable[[], httpx.AsyncClient]) -> None:
        self._open_client = open_client
        self._under_way: set[tuple[asyncio.AbstractEventLoop, asyncio.Task[Reply]]] = set()

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Any,
        params: Any,
        patience: float = _WHOLE_ANSWER,
    ) -> Reply:
        """Send once, and wait `patience` seconds at most. Raises Unanswered for anything but a whole answer."""
        try:
            return asyncio.run(self._exchange(method, url, headers, form, params, patience))
        except httpx.InvalidURL:
            raise Unanswered("the address cannot be requested") from None
        except asyncio.CancelledError:
            raise Unanswered("the connection was closed") from None

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], form: Any, params: Any, patience: float
    ) -> Reply:
        async with self._open_client() as client:
            request = client.build_request(method, url, headers=dict(headers), data=form, params=params)
            loop = asyncio.get_running_loop()
            entry = (loop, loop.create_task(_whole_reply(client, request, _LOGIN_BODY_LIMIT, patience)))
            self._under_way.add(entry)
            try:
                return await entry[1]
            finally:
                self._under_way.discard(entry)

    def close(self) -> None:
        """End what is under way in other threads."""
        for loop, task in list(self._under_way):
            loop.call_soon_threadsafe(task.cancel)


async def _whole_reply(client: httpx.AsyncClient, request: httpx.Request, limit: int, patience: float) -> Reply:
    """Raises Unanswered."""
    try:
        async with asyncio.timeout(min(patience, _WHOLE_ANSWER)):
            response = await client.send(request, stream=True)
            try:
                return await _reply(response, limit)
            finally:
                await response.aclose()
    except TimeoutError:
        raise Unanswered("the answer did not end in time") from None
    except UnusableBody as error:
        raise Unanswered(str(error)) from None
    except httpx.HTTPError as error:
        raise Unanswered(_reason(error)) from None


async def _reply(response: httpx.Response, limit: int) -> Reply:
    """The bytes as they came over the wire; httpx would undo codings without a bound (bodies.py)."""
    body = Body(response.headers.get_list("content-encoding", split_commas=True), limit)
    async for chunk in response.aiter_raw():
        body.take(chunk)
    return Reply(response.status_code, _lowered(response.headers), body.whole())


def open_transport(addresses: Addresses, trust: Trust, network: Network) -> Transport:
    """A transport. Raises ConfigurationError when the environment does not let one of the addresses be reached."""
    network.require(addresses.hosts)
    return Transport(_client(network), trust.read_only)


def open_login_transport(addresses: Addresses, network: Network) -> LoginTransport:
    """A transport for token requests. Raises as `open_transport` does."""
    network.require(addresses.hosts)
    return LoginTransport(lambda: _client(network))


def _client(network: Network) -> httpx.AsyncClient:
    """What holds for every request: ways, time-outs, one coding, no redirects, and a jar that takes no cookie."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    nobody = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    headers = {"accept-encoding": ACCEPTED}
    return httpx.AsyncClient(
        timeout=_TIMEOUT,
        follow_redirects=False,
        cookies=nobody,
        headers=headers,
        trust_env=False,
        transport=Routed(network, limits),
    )


def _lowered(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _reason(error: httpx.HTTPError) -> str:
    """The kind of failure; the library's text is left out, because it may hold what was sent."""
    kinds: list[tuple[type[httpx.HTTPError], str]] = [
        (NotTrusted, "nobody whom we believe vouches for the certificate: check SSL_CERT_FILE and the proxy"),
        (httpx.ProxyError, "the proxy did not let it through: check HTTPS_PROXY, ALL_PROXY and NO_PROXY"),
        (httpx.ConnectTimeout, "the connection could not be opened in time"),
        (httpx.ConnectError, "the connection could not be opened"),
        (httpx.TimeoutException, "no answer in time"),
        (httpx.RemoteProtocolError, "the connection was lost before the answer ended"),
        (httpx.LocalProtocolError, "the request cannot be sent as it is"),
    ]
    return next((text for kind, text in kinds if isinstance(error, kind)), "the connection was lost")
