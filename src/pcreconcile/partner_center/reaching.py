"""Whether a host can be reached, one layer after the other: name, connection, TLS, HTTP.

What a proxy of the environment hides is looked at as far as the proxy; the HTTP check goes the way of all requests.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from pcreconcile.partner_center.check import Check, Level, ok
from pcreconcile.partner_center.instants import parse_http_date
from pcreconcile.partner_center.network import Network
from pcreconcile.partner_center.transport import Reply, Transport, Unanswered

_PATIENCE = 10.0  # seconds for each layer


class Place(NamedTuple):
    """A host to look at: `level` is what it means when it cannot be reached; `path` is asked for, "" for nothing."""

    name: str
    url: str
    path: str
    level: Level


class Sighting(NamedTuple):
    """The service's clock as an answer told it, and ours in the middle of that exchange."""

    theirs: datetime
    ours: datetime


class Reaching:
    """Looks at one host, whose way has been found usable. `reached` and `sighting` say afterwards how far it got."""

    def __init__(self, place: Place, transport: Transport, network: Network, now: Callable[[], datetime]) -> None:
        self._place = place
        self._transport = transport
        self._network = network
        self._now = now
        self._proxy = network.proxies.way(place.url)
        self.reached = False
        self.sighting: Sighting | None = None

    async def checks(self) -> AsyncIterator[Check]:
        """One check per layer, ending with the first that fails."""
        url = urlsplit(self._proxy.address if self._proxy else self._place.url)
        secure = url.scheme == "https"
        layers = [("DNS", _resolve), ("TCP", _connect), *([("TLS", self._shake_hands)] if secure else [])]
        for layer, look in layers:
            check = await self._layer(layer, look(url.hostname or "", url.port or (443 if secure else 80)))
            yield check
            if check.level is not Level.OK:
                return
        if self._place.path:
            yield await self._http()
        else:
            self.reached = True

    async def _layer(self, layer: str, look: Awaitable[str]) -> Check:
        try:
            async with asyncio.timeout(_PATIENCE):
                told = await look
        except (OSError, ssl.SSLError, TimeoutError) as error:
            return self._unreached(layer, _reason(error))
        through = f" (the proxy of {self._proxy.variable})" if self._proxy else ""
        return ok(f"{self._place.name} {layer}", f"{told}{through}")

    async def _shake_hands(self, host: str, port: int) -> str:
        _reader, writer = await asyncio.open_connection(host, port, ssl=self._network.context)
        version = writer.get_extra_info("ssl_object").version()
        writer.close()
        return f"{version}, the certificate is trusted"

    async def _http(self) -> Check:
        before = self._now()
        try:
            reply = await self._transport.exchange("GET", self._place.url + self._place.path, {}, None)
        except Unanswered as error:
            return self._unreached("HTTP", str(error))
        self._look_at_clock(reply, before)
        self.reached = True
        name = f"{self._place.name} HTTP"
        if reply.status >= 500:
            return Check(Level.WARN, name, f"it answers with HTTP {reply.status}", "wait, then look again")
        return ok(name, f"it answers (HTTP {reply.status} without a token)")

    def _look_at_clock(self, reply: Reply, before: datetime) -> None:
        theirs = parse_http_date(reply.headers.get("date", ""))
        if theirs is not None:
            self.sighting = Sighting(theirs, before + (self._now() - before) / 2)

    def _unreached(self, layer: str, reason: str) -> Check:
        host = urlsplit(self._place.url).hostname or ""
        seen = f"the proxy of {self._proxy.variable} for {host}" if self._proxy else host
        return Check(self._place.level, f"{self._place.name} {layer}", f"{seen}: {reason}", _REMEDIES[layer])


_REMEDIES = {
    "DNS": "check the address, and this machine's name service",
    "TCP": "check the address, firewall and proxy (HTTPS_PROXY)",
    "TLS": "check the proxy's certificate (SSL_CERT_FILE) and this machine's clock",
    "HTTP": "check the address and the proxy",
}


async def _resolve(host: str, port: int) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return f"{host} is {', '.join(sorted({str(entry[4][0]) for entry in found})[:3])}"


async def _connect(host: str, port: int) -> str:
    _reader, writer = await asyncio.open_connection(host, port)
    writer.close()
    return f"port {port} is open"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return f"no answer within {_PATIENCE:.0f} s"
    return str(getattr(error, "strerror", None) or type(error).__name__)
