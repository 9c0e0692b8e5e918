"""Which hosts and audiences a cloud has (API facts, sections 1.1 and 7), and which addresses may go without TLS.

China's authority is the one of the 2026 source; an older one names login.chinacloudapi.cn (facts, C7).
"""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from urllib.parse import SplitResult, urlsplit

import msgspec

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Cloud, Endpoints, Partner
from pcreconcile.partner_center.trust import Trust


class Audience(Enum):
    """What a token is for."""

    PARTNER_CENTER = "Partner Center"
    GRAPH = "Microsoft Graph"
    MANAGEMENT = "Azure Resource Manager"


_VISIBLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")

# The audience that a cloud's Entra expects in a federated assertion (workload identity federation).
_EXCHANGE = {Cloud.US_GOV: "api://AzureADTokenExchangeUSGov", Cloud.CHINA: "api://AzureADTokenExchangeChina"}
_COMMERCIAL_EXCHANGE = "api://AzureADTokenExchange"

CLOUDS = {
    Cloud.COMMERCIAL: Endpoints(
        partner_center="https://api.partnercenter.microsoft.com",
        login="https://login.microsoftonline.com",
        graph="https://graph.microsoft.com",
        management="https://management.azure.com",
    ),
    Cloud.US_GOV: Endpoints(
        partner_center="https://api.partnercenter.microsoft.com",
        login="https://login.microsoftonline.us",
        graph="https://graph.microsoft.us",
        management="https://management.usgovcloudapi.net",
    ),
    Cloud.CHINA: Endpoints(
        partner_center="https://partner.partnercenterapi.microsoftonline.cn",
        login="https://login.partner.microsoftonline.cn",
        graph="https://microsoftgraph.chinacloudapi.cn",
        management="https://management.chinacloudapi.cn",
    ),
}

_MICROSOFT = frozenset(
    urlsplit(url).netloc
    for known in CLOUDS.values()
    for url in (known.partner_center, known.login, known.graph, known.management)
)


class Addresses(msgspec.Struct, frozen=True):
    """Where one partner's requests go, and what tokens are asked for: `audiences` are a known cloud's addresses.

    `given` is True for endpoints out of the Partner document, which change only hosts; `loopback` for Partner Center
    on this machine. `exchange` is the audience of federated assertions.
    """

    partner_center: str
    login: str
    graph: str
    management: str
    audiences: Endpoints
    given: bool
    loopback: bool
    exchange: str = _COMMERCIAL_EXCHANGE

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every address that requests go to."""
        return (self.partner_center, self.login, self.graph, self.management)

    def audience(self, audience: Audience) -> str:
        """The resource that tokens are asked for, without a trailing slash."""
        return {
            Audience.PARTNER_CENTER: self.audiences.partner_center,
            Audience.GRAPH: self.audiences.graph,
            Audience.MANAGEMENT: self.audiences.management,
        }[audience]

    def scope(self, audience: Audience = Audience.PARTNER_CENTER) -> str:
        """The v2 scope of such tokens."""
        return f"{self.audience(audience)}/.default"


def addresses_of(partner: Partner, trust: Trust) -> Addresses:
    """The addresses of the partner's cloud.

    Raises ConfigurationError for an endpoint that may not be used or that the operator has not allowed, and for the
    simulator, which has none by itself.
    """
    known = CLOUDS.get(partner.cloud)
    if known is not None:
        exchange = _EXCHANGE.get(partner.cloud, _COMMERCIAL_EXCHANGE)
        hosts = (known.partner_center, known.login, known.graph, known.management)
        return Addresses(*hosts, audiences=known, given=False, loopback=False, exchange=exchange)
    if partner.cloud is not Cloud.CUSTOM or partner.endpoints is None:
        raise ConfigurationError(f"cloud {partner.cloud.value} has no endpoints to connect to")
    api = _allowed(partner.endpoints.partner_center, "endpoints.partnerCenter", trust)
    login = _allowed(partner.endpoints.login, "endpoints.login", trust)
    graph = _allowed(partner.endpoints.graph, "endpoints.graph", trust)
    management = _allowed(partner.endpoints.management, "endpoints.management", trust)
    given = (api.geturl(), login.geturl(), graph.geturl(), management.geturl())
    return Addresses(*given, audiences=CLOUDS[Cloud.COMMERCIAL], given=True, loopback=is_loopback(api))


def _allowed(address: str, field: str, trust: Trust) -> SplitResult:
    """A sound address of Microsoft's own, of this machine, or of a host that the operator has allowed."""
    url = _checked(address, field)
    ours = is_loopback(url) or (url.scheme == "https" and url.netloc.lower().removesuffix(":443") in _MICROSOFT)
    if not ours:
        trust.check_host(url, field)
    return url


def _checked(address: str, field: str) -> SplitResult:
    """Raises ConfigurationError; the address is not quoted, because it may carry a password."""
    try:
        url = urlsplit(address.rstrip("/"))
        usable = _is_host(url) and url.port != 0 and not url.netloc.endswith(":")
    except ValueError:
        raise ConfigurationError(f"{field}: not an address") from None
    if not usable or url.scheme not in {"http", "https"} or not _VISIBLE.fullmatch(address) or "\\" in address:
        raise ConfigurationError(f"{field}: expected https://HOST[:PORT]")
    if "@" in url.netloc or "?" in address or "#" in address:
        raise ConfigurationError(f"{field}: user information, query and fragment are not accepted")
    if url.scheme == "http" and not is_loopback(url):
        raise ConfigurationError(f"{field}: http is accepted for loopback hosts alone")
    return url


def is_loopback(url: SplitResult) -> bool:
    """127.0.0.0/8, ::1 and localhost; 0.0.0.0 is not."""
    host = url.hostname or ""
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return host in {"localhost", "::1"}


def _is_host(url: SplitResult) -> bool:
    """A name or an address as the manifests take it: what two parsers might read differently is none."""
    host = url.hostname or ""
    if not url.netloc.rpartition("@")[2].startswith("["):
        return _HOST_NAME.fullmatch(host) is not None
    return ipaddress.IPv6Address(host).scope_id is None
