"""`doctor`'s look at Partner Center, from the nearest to the farthest; nothing is written anywhere.

What cannot be looked at because something before it failed is told as such, so that silence never means success.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Partner
from pcreconcile.partner_center.check import Check, Level, fail, failure, ok, warn
from pcreconcile.partner_center.endpoints import Addresses, addresses_of
from pcreconcile.partner_center.network import Network, network_of
from pcreconcile.partner_center.opening import Parts, open_parts
from pcreconcile.partner_center.reaching import Place, Reaching, Sighting
from pcreconcile.partner_center.setup_checks import (
    NOT_ALLOWED,
    certificate_check,
    cloud_check,
    credential_checks,
    token_cache_check,
)
from pcreconcile.partner_center.token_checks import TokenChecks
from pcreconcile.partner_center.transport import open_transport
from pcreconcile.partner_center.trust import NotAllowed, Trust

_SLIGHT = 60.0  # seconds of clock skew that are worth a word
_GRAVE = 300.0  # seconds at which apply refuses to start (design, section 8)

Clock = Callable[[], datetime]


async def examine_partner_center(
    partner: Partner, environment: Mapping[str, str], *, trust: Trust, application: str, now: Clock
) -> AsyncIterator[Check]:
    """Every check in turn. Raises nothing that a user can cause."""
    allowed = True
    for check in credential_checks(partner.credentials, environment, trust):
        allowed = allowed and check.name != NOT_ALLOWED
        yield check
    try:
        addresses = addresses_of(partner, trust)
    except ConfigurationError as error:
        yield failure(NOT_ALLOWED if isinstance(error, NotAllowed) else "cloud", error)
        return
    yield cloud_check(partner, addresses)
    if not allowed:
        yield _not_looked_at("hosts, tokens and calls", "the Partner document names what the operator has not allowed")
        return
    network = network_of(environment)
    try:
        network.require(addresses.hosts)
    except ConfigurationError:  # the check of the variable says why
        yield _not_looked_at("hosts, tokens and calls", "a variable of the environment stands in the way, see above")
        return
    hosts = Hosts(partner, addresses, trust, network, now)
    async for check in hosts.checks():
        yield check
    try:
        async with open_parts(partner, environment, trust=trust, application=application) as parts:
            async for check in _connected(parts, hosts, now):
                yield check
    except ConfigurationError as error:
        yield failure("credentials", error)
        yield _not_looked_at("tokens and calls", "the credentials are incomplete")


class Hosts:
    """The hosts of one partner; `login` and `service` say afterwards whether these two answer."""

    def __init__(self, partner: Partner, addresses: Addresses, trust: Trust, network: Network, now: Clock) -> None:
        self._addresses = addresses
        self._network = network
        self._trust = trust
        self._now = now
        self._discovery = f"/{partner.tenant_id}/v2.0/.well-known/openid-configuration"
        self.login = False
        self.service = False

    async def checks(self) -> AsyncIterator[Check]:
        """All layers of each host, then the clock. Graph and Azure are looked at last, and never fail."""
        transport = open_transport(self._addresses, self._trust, self._network)
        look = partial(Reaching, transport=transport, network=self._network, now=self._now)
        try:
            login = look(Place("login", self._addresses.login, self._discovery, Level.FAIL))
            service = look(Place("Partner Center", self._addresses.partner_center, "/v1/customers?size=1", Level.FAIL))
            for host in (login, service, *map(look, self._others())):
                async for check in host.checks():
                    yield check
        finally:
            await transport.close()
        self.login, self.service = login.reached, service.reached
        yield _clock(service.sighting or login.sighting)

    def _others(self) -> Iterator[Place]:
        """Hosts that are no part of the first two."""
        known = {_host(self._addresses.login), _host(self._addresses.partner_center)}
        named = {"Microsoft Graph": self._addresses.graph, "Azure": self._addresses.management}
        for name, url in named.items():
            if _host(url) not in known:
                yield Place(name, url, "", Level.WARN)


async def _connected(parts: Parts, hosts: Hosts, now: Clock) -> AsyncIterator[Check]:
    for check in certificate_check(parts.secrets, now()):
        yield check
    yield token_cache_check(parts.kept)
    looks = TokenChecks(parts.addresses, parts.session, parts.tokens)
    if not hosts.login:
        yield _not_looked_at("tokens and calls", "the login service is not reachable")
        return
    works = True
    async for check in looks.tokens():
        works = works and (check.level is not Level.FAIL or not check.name.startswith("app-only"))
        yield check
    if not works:
        yield _not_looked_at("calls", "there is no app-only token")
    elif not hosts.service:
        yield _not_looked_at("calls", "Partner Center is not reachable")
    else:
        async for check in looks.calls():
            yield check


def _clock(seen: Sighting | None) -> Check:
    """Ours against the service's, which tells whole seconds."""
    if seen is None:
        return warn("clock", "the service tells no time", "look again later")
    skew = (seen.theirs - seen.ours).total_seconds()
    told = f"this machine's is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the service's"
    remedy = "set this machine's clock (NTP): tokens, windows and dates depend on it"
    if abs(skew) > _GRAVE:
        return fail("clock", told, remedy)
    return warn("clock", told, remedy) if abs(skew) > _SLIGHT else ok("clock", told)


def _not_looked_at(name: str, why: str) -> Check:
    return warn(name, f"not looked at: {why}")


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()
