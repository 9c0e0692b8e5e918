"""Putting the client together, and taking it apart again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from pcreconcile.model.partner import Partner, TokenCache
from pcreconcile.partner_center.applications import Applications
from pcreconcile.partner_center.credentials import Federation, Secrets, credentials_of, find_secrets
from pcreconcile.partner_center.endpoints import Addresses, Audience, addresses_of
from pcreconcile.partner_center.login_http import LoginHttp
from pcreconcile.partner_center.network import network_of
from pcreconcile.partner_center.pacing import PUBLISHED_INTERVAL, UNPACED, Buckets
from pcreconcile.partner_center.refresh_tokens import RefreshTokens, open_refresh_tokens
from pcreconcile.partner_center.service import PartnerCenter
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.time_budget import DEFAULT_BUDGET, Timing
from pcreconcile.partner_center.tokens import Tokens
from pcreconcile.partner_center.transport import Transport, open_login_transport, open_transport
from pcreconcile.partner_center.trust import Trust


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one connection, before anything is sent."""

    addresses: Addresses
    secrets: Secrets
    kept: RefreshTokens
    applications: Applications
    tokens: Tokens
    transport: Transport
    session: Session


@asynccontextmanager
async def open_parts(
    partner: Partner,
    environment: Mapping[str, str],
    *,
    trust: Trust,
    application: str,
    budget: timedelta = DEFAULT_BUDGET,
) -> AsyncIterator[Parts]:
    """Raises ConfigurationError before anything is sent; closes all connections."""
    addresses = addresses_of(partner, trust)
    timing = Timing().ending_in(budget)
    network = network_of(environment)
    login = LoginHttp(open_login_transport(addresses, network), addresses, timing)
    try:
        secrets = find_secrets(partner, environment, trust, Federation(addresses.exchange, login.fetch))
        kept = keep_refresh_tokens(partner, secrets.client_id, addresses, environment)
        applications = Applications(partner.tenant_id, secrets, addresses, login)
        tokens = Tokens(secrets, addresses, applications, kept, timing.monotonic)
        transport = open_transport(addresses, trust, network)
        try:
            buckets = Buckets(timing, UNPACED if addresses.loopback else PUBLISHED_INTERVAL)
            session = Session(addresses.partner_center, transport, tokens, buckets, timing, application)
            yield Parts(addresses, secrets, kept, applications, tokens, transport, session)
        finally:
            await transport.close()
    finally:
        login.close()


def keep_refresh_tokens(
    partner: Partner, client_id: str, addresses: Addresses, environment: Mapping[str, str]
) -> RefreshTokens:
    """Where this partner's refresh token is kept; a service on this machine leaves the keyring alone unless asked."""
    wanted = credentials_of(partner).token_cache
    if addresses.loopback and wanted is TokenCache.SYSTEM:
        wanted = TokenCache.MEMORY
    return open_refresh_tokens(partner.tenant_id, client_id, wanted, environment)


@asynccontextmanager
async def open_partner_center(
    partner: Partner, environment: Mapping[str, str], *, trust: Trust, application: str, budget: timedelta
) -> AsyncIterator[PartnerCenter]:
    """As `connect` says. Raises ConfigurationError before anything is sent."""
    async with open_parts(partner, environment, trust=trust, application=application, budget=budget) as parts:
        graph = parts.session.beside(parts.addresses.graph, Audience.GRAPH)
        management = parts.session.beside(parts.addresses.management, Audience.MANAGEMENT)
        yield PartnerCenter(partner.tenant_id, parts.session, parts.tokens, graph, management)
