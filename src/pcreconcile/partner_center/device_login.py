"""Signing a person in with a device code, so that App+User is possible: RFC 8628, through msal's public client.

msal's own loop sleeps in its thread; here each poll is one call, so that Ctrl-C ends the wait at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from pcreconcile.model.errors import AuthenticationError, ConfigurationError
from pcreconcile.model.partner import Partner
from pcreconcile.partner_center.applications import Applications, Form
from pcreconcile.partner_center.claims import claims_of, has_mfa, lifetime, user_of
from pcreconcile.partner_center.credentials import Secrets, credentials_of, secret_source
from pcreconcile.partner_center.endpoints import addresses_of
from pcreconcile.partner_center.login_http import LoginHttp
from pcreconcile.partner_center.network import network_of
from pcreconcile.partner_center.opening import keep_refresh_tokens
from pcreconcile.partner_center.refresh_tokens import REMEDY, UNWRITABLE, RefreshTokens
from pcreconcile.partner_center.refusals import MFA_MISSING
from pcreconcile.partner_center.time_budget import Timing
from pcreconcile.partner_center.translate import remedy_of
from pcreconcile.partner_center.transport import open_login_transport
from pcreconcile.partner_center.trust import Trust
from pcreconcile.partner_center.veil import Veil

_PENDING = "authorization_pending"
_SLOWER = "slow_down"
_LAST_POLL = timedelta(minutes=1)  # for the answer to a poll at the very end of the patience
_SLOWER_BY = 5.0  # seconds; RFC 8628, section 3.5
_ENDINGS = {
    "authorization_declined": "the sign-in was declined",
    "access_denied": "the sign-in was declined",
    "expired_token": "the code expired before anybody signed in",
    "code_expired": "the code expired before anybody signed in",
}


class Prompt(NamedTuple):
    """What the person must do: open `url` and type `code`, before `expires_in` has passed."""

    url: str
    code: str
    expires_in: timedelta


class SignedIn(NamedTuple):
    """Who signed in. `mfa` is None when the token does not say; `kept` tells where the refresh token is."""

    user: str
    tenant: str
    expires: datetime
    mfa: bool | None
    kept: str


async def sign_in_with_device_code(
    partner: Partner,
    environment: Mapping[str, str],
    *,
    trust: Trust,
    patience: timedelta,
    show: Callable[[Prompt], None],
) -> SignedIn:
    """Show a code, wait for the person, keep the refresh token.

    Raises ConfigurationError when there is nowhere to keep it, before anything is sent; AuthenticationError when nobody
    signed in, or somebody of another tenant or without multi-factor authentication: then nothing is kept.
    """
    addresses = addresses_of(partner, trust)
    credentials = credentials_of(partner)
    client_id = secret_source(credentials, environment, trust).text(credentials.client_id, "credentials.clientId")
    kept = keep_refresh_tokens(partner, client_id, addresses, environment)
    if not kept.keeps:
        raise ConfigurationError(f"there is nowhere to keep the refresh token: {REMEDY}")
    secrets = Secrets(client_id, None, None, Veil())
    timing = Timing().ending_in(patience + _LAST_POLL)
    login = LoginHttp(open_login_transport(addresses, network_of(environment)), addresses, timing)
    try:
        applications = Applications(partner.tenant_id, secrets, addresses, login)
        flow = DeviceFlow(applications, secrets.veil, [addresses.scope()], timing)
        return _settle(partner, kept, await flow.run(patience, show), secrets.veil)
    finally:
        login.close()


class DeviceFlow:
    """One device code from its request to its end."""

    def __init__(self, applications: Applications, veil: Veil, scopes: list[str], timing: Timing) -> None:
        self._applications = applications
        self._veil = veil
        self._scopes = scopes
        self._timing = timing

    async def run(self, patience: timedelta, show: Callable[[Prompt], None]) -> dict[str, Any]:
        """The granted answer. Raises AuthenticationError."""
        flow = await self._ask(lambda application: application.initiate_device_flow(scopes=self._scopes))
        if "user_code" not in flow or "device_code" not in flow:
            raise self._applications.refused("device code", flow)
        self._veil.hide(str(flow["device_code"]))
        life = min(_seconds(flow.get("expires_in"), 900.0), patience.total_seconds())
        until = self._timing.monotonic() + life
        interval = flow["interval"] = max(int(_seconds(flow.get("interval"), 5.0)), 1)
        url = str(flow.get("verification_uri") or flow.get("verification_url") or "")
        show(Prompt(self._veil.conceal(url), self._veil.conceal(str(flow["user_code"])), timedelta(seconds=life)))
        return await self._wait(flow, float(interval), until)

    async def _wait(self, flow: dict[str, Any], interval: float, until: float) -> dict[str, Any]:
        while True:
            if self._timing.monotonic() + interval > until:
                raise _ended("the code expired before anybody signed in", "expired_token")
            await self._timing.sleep(interval)
            result = await self._ask(lambda app: app.acquire_token_by_device_flow(flow, exit_condition=_at_once))
            error = result.get("error")
            if error == _SLOWER:
                interval += _SLOWER_BY
            elif error in _ENDINGS:
                raise _ended(_ENDINGS[str(error)], str(error))
            elif error != _PENDING:
                return self._granted(result)

    def _granted(self, result: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(result.get("access_token"), str) or not isinstance(result.get("refresh_token"), str):
            raise self._applications.refused("refresh token", result)
        return result

    async def _ask(self, call: Callable[[Any], Any]) -> dict[str, Any]:
        return await asyncio.to_thread(self._applications.ask, Form.PUBLIC, call)


def _settle(partner: Partner, kept: RefreshTokens, granted: dict[str, Any], veil: Veil) -> SignedIn:
    """Look at who it is, and keep the token only then. Raises AuthenticationError and ConfigurationError."""
    for name in ("access_token", "refresh_token", "id_token"):
        veil.hide(str(granted.get(name) or ""))
    claims = claims_of(granted["access_token"]) or dict(granted.get("id_token_claims") or {})
    tenant = str(claims.get("tid") or "").lower()
    if tenant and tenant != partner.tenant_id:
        text = (
            f"somebody of tenant {veil.conceal(tenant)[:60]} signed in, the Partner document says {partner.tenant_id}"
        )
        raise AuthenticationError(
            text,
            status=HTTPStatus.UNAUTHORIZED,
            code="wrong-tenant",
            remedy="sign in as a person of the partner's tenant, or correct tenantId",
        )
    mfa = has_mfa(claims)
    if mfa is False:
        raise AuthenticationError(
            "the sign-in was without multi-factor authentication, so its token would be refused: nothing was kept",
            status=HTTPStatus.UNAUTHORIZED,
            code=MFA_MISSING,
            remedy=remedy_of(HTTPStatus.UNAUTHORIZED, MFA_MISSING, ""),
        )
    if not kept.save(granted["refresh_token"]):
        raise ConfigurationError(f"the refresh token could not be kept in {kept.place}: {UNWRITABLE}")
    expires = datetime.now(UTC) + timedelta(seconds=_seconds(granted.get("expires_in"), 0.0))
    return SignedIn(veil.conceal(user_of(claims)) or "unknown", tenant or partner.tenant_id, expires, mfa, kept.place)


def _at_once(_flow: dict[str, Any]) -> bool:
    return True


def _ended(text: str, code: str) -> AuthenticationError:
    remedy = "run `pcreconcile login` again"
    return AuthenticationError(text, status=HTTPStatus.UNAUTHORIZED, code=code, remedy=remedy)


def _seconds(value: Any, otherwise: float) -> float:
    seconds = lifetime(value)
    return otherwise if seconds is None else max(seconds, 0.0)
