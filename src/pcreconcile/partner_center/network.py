"""How requests leave this machine: the environment's proxies and certificate authorities, and one transport for both.

httpx would read the environment by itself, request by request and with whatever exception comes up. Here it is read
once, into a value; every client is made with `trust_env=False` and this transport.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

import httpx

from pcreconcile.partner_center.authorities import Authorities, authorities_of
from pcreconcile.partner_center.proxies import Proxies, Proxy, proxies_of


class NotTrusted(httpx.ConnectError):
    """Nobody whom we believe vouches for the certificate of the service, or of a proxy that looks into TLS."""


@dataclass(frozen=True)
class Network:
    """The environment's word; without arguments everything goes directly and the shipped authorities are believed."""

    proxies: Proxies = field(default_factory=Proxies)
    authorities: Authorities = field(default_factory=Authorities)

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The TLS settings and trust of all requests. Raises ConfigurationError, naming the variable."""
        return self.authorities.context(lambda: httpx.create_ssl_context(trust_env=False))

    def require(self, addresses: Iterable[str]) -> None:
        """Raises ConfigurationError when a variable that decides about one of the addresses cannot be used."""
        ways = {address: self.proxies.way(address) for address in addresses}
        if any(urlsplit(address).scheme == "https" or _is_secure(way) for address, way in ways.items()):
            _ = self.context


def network_of(environment: Mapping[str, str]) -> Network:
    """What an environment says. Raises nothing: each variable is judged where it decides something."""
    return Network(proxies_of(environment), authorities_of(environment))


class Routed(httpx.AsyncBaseTransport):
    """Sends each request on its own way: directly, or by the proxy that counts for its address."""

    def __init__(self, network: Network, limits: httpx.Limits) -> None:
        self._network = network
        self._limits = limits
        self._open: dict[tuple[Proxy | None, bool], httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx asks. Raises ConfigurationError for a proxy or authorities that cannot be used."""
        proxy = self._network.proxies.way(str(request.url))
        transport = self._transport(proxy, secure=request.url.scheme == "https")
        try:
            return await transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if _is_about_trust(error):
                raise NotTrusted("not trusted") from None
            if proxy is not None:
                raise httpx.ProxyError("not reached") from None
            raise
        except httpx.HTTPError:
            raise
        except Exception:  # what socksio raises for the answer of something that speaks no SOCKS is of any class
            if proxy is not None and proxy.scheme == "socks5":
                raise httpx.ProxyError("no SOCKS") from None
            raise

    def _transport(self, proxy: Proxy | None, *, secure: bool) -> httpx.AsyncHTTPTransport:
        if (proxy, secure) not in self._open:
            context = self._network.context if secure or _is_secure(proxy) else _nobody()
            through = None if proxy is None else _as_httpx(proxy, context)
            self._open[proxy, secure] = httpx.AsyncHTTPTransport(
                verify=context, trust_env=False, limits=self._limits, proxy=through
            )
        return self._open[proxy, secure]

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._open.values():
            await transport.aclose()


def _as_httpx(proxy: Proxy, context: ssl.SSLContext) -> httpx.Proxy:
    auth = (proxy.user, proxy.password) if proxy.has_credentials else None
    return httpx.Proxy(proxy.address, auth=auth, ssl_context=context if _is_secure(proxy) else None)


def _is_secure(proxy: Proxy | None) -> bool:
    return proxy is not None and proxy.scheme == "https"


def _nobody() -> ssl.SSLContext:
    """For what needs no TLS: it believes nobody."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_about_trust(error: BaseException) -> bool:
    """Whether a certificate was refused; httpx keeps that only as what its error came from."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
