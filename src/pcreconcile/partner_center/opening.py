"""Putting the client together, and taking it apart again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pcreconcile.model.partner import Partner
from pcreconcile.partner_center.credentials import find_secrets
from pcreconcile.partner_center.endpoints import addresses_of
from pcreconcile.partner_center.login_http import LoginHttp
from pcreconcile.partner_center.pacing import PUBLISHED_INTERVAL, UNPACED, Buckets
from pcreconcile.partner_center.retrying import Timing
from pcreconcile.partner_center.service import PartnerCenter
from pcreconcile.partner_center.session import Session
from pcreconcile.partner_center.tokens import Tokens
from pcreconcile.partner_center.transport import open_login_transport, open_transport


@asynccontextmanager
async def open_partner_center(
    partner: Partner, environment: Mapping[str, str], *, home: Path | None, application: str
) -> AsyncIterator[PartnerCenter]:
    """As `connect` says. Raises ConfigurationError before anything is sent."""
    addresses = addresses_of(partner)
    secrets = find_secrets(partner, environment, home)
    timing = Timing()
    login = LoginHttp(open_login_transport(addresses), addresses)
    tokens = Tokens(partner.tenant_id, secrets, addresses, login, timing.monotonic)
    transport = open_transport(addresses)
    buckets = Buckets(timing, UNPACED if addresses.loopback else PUBLISHED_INTERVAL)
    session = Session(addresses.partner_center, transport, tokens, buckets, timing, application)
    try:
        yield PartnerCenter(partner.tenant_id, session, tokens)
    finally:
        await transport.close()
        tokens.close()
