"""Which hosts a cloud has (API facts, sections 1.1 and 7), and which addresses may be spoken to without TLS.

China's authority is the one of the 2026 source; an older one names login.chinacloudapi.cn (facts, C7).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

import msgspec

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Cloud, Endpoints, Partner

_COMMERCIAL_AUDIENCE = "https://api.partnercenter.microsoft.com"
_CHINA_AUDIENCE = "https://partner.partnercenterapi.microsoftonline.cn"

_CLOUDS = {
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


class Addresses(msgspec.Struct, frozen=True):
    """Where one partner's requests go. `audience` is what tokens are asked for; endpoints change only hosts.

    `given` is True for endpoints out of the Partner document, `loopback` for Partner Center on this machine.
    """

    partner_center: str
    login: str
    audience: str
    given: bool
    loopback: bool

    @property
    def scope(self) -> str:
        """The v2 scope of Partner Center tokens."""
        return f"{self.audience}/.default"


def addresses_of(partner: Partner) -> Addresses:
    """The addresses of the partner's cloud.

    Raises ConfigurationError for an endpoint that may not be used, and for the simulator, which has none by itself.
    """
    if partner.cloud in _CLOUDS:
        known = _CLOUDS[partner.cloud]
        audience = _CHINA_AUDIENCE if partner.cloud is Cloud.CHINA else _COMMERCIAL_AUDIENCE
        return Addresses(known.partner_center, known.login, audience, given=False, loopback=False)
    if partner.cloud is not Cloud.CUSTOM or partner.endpoints is None:
        raise ConfigurationError(f"cloud {partner.cloud.value} has no endpoints to connect to")
    api = _checked(partner.endpoints.partner_center, "endpoints.partnerCenter")
    login = _checked(partner.endpoints.login, "endpoints.login")
    return Addresses(api.geturl(), login.geturl(), _COMMERCIAL_AUDIENCE, given=True, loopback=_is_loopback(api))


def _checked(address: str, field: str) -> SplitResult:
    """Raises ConfigurationError; the address is not quoted, because it may carry a password."""
    try:
        url = urlsplit(address.rstrip("/"))
        usable = bool(url.hostname) and url.port != 0
    except ValueError:
        raise ConfigurationError(f"{field}: not an address") from None
    if not usable or url.scheme not in {"http", "https"} or not address.isprintable() or " " in address:
        raise ConfigurationError(f"{field}: expected https://HOST[:PORT]")
    if url.username is not None or url.password is not None or url.query or url.fragment:
        raise ConfigurationError(f"{field}: user information, query and fragment are not accepted")
    if url.scheme == "http" and not _is_loopback(url):
        raise ConfigurationError(f"{field}: http is accepted for loopback hosts alone")
    return url


def _is_loopback(url: SplitResult) -> bool:
    host = url.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
