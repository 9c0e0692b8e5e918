"""Access tokens through msal: app-only for reads, App+User for what only a user may do.

msal is synchronous, so it runs in a thread, under one lock: many concurrent callers cause one token request. A rotated
refresh token is kept where `refresh_tokens` says; what was kept wins over the configured one, which stands in for it
when it is refused. The same refresh token is redeemed in a customer's tenant for what lies there (API facts, 6.6), but
what is issued there never takes the place of the partner's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from enum import Enum
from http import HTTPStatus
from typing import Any, NamedTuple

from pcreconcile.model.errors import AuthenticationError, ConfigurationError, RemoteError
from pcreconcile.partner_center.applications import Applications, Form
from pcreconcile.partner_center.claims import claims_of, code_of, has_mfa, lifetime
from pcreconcile.partner_center.credentials import Secrets
from pcreconcile.partner_center.endpoints import Addresses, Audience
from pcreconcile.partner_center.refresh_tokens import RefreshTokens
from pcreconcile.partner_center.refusals import MFA_MISSING
from pcreconcile.partner_center.translate import remedy_of

_EARLY = 300.0  # seconds before its end at which a token is renewed
_REFUSED_FOR = 900.0  # seconds for which a refused credential is not tried again: who asks is told the same at once
_UNSAID = 600.0  # seconds that a token lasts whose life nobody says (RFC 6749 lets it be left out)
_UNREACHABLE_FOR = 30.0  # the same for a login service that gave no usable answer
_LONGEST_TOKEN = 1 << 16  # characters; servers take no header near to that
_SHORT_LIVED = 0.5  # share of its life after which a token that lives less than ten minutes is renewed

# Refusals that speak of the refresh token or its person, so that another one may do better.
_ANOTHER_MAY_DO = frozenset({"invalid_grant", "interaction_required", "login_required"})
# Entra binds a refresh token to the form in which it was obtained: `login` obtains it as a public client.
_PUBLIC_ONLY = "AADSTS700025"


class Identity(Enum):
    """Who a request is made as."""

    APPLICATION = "app-only"
    USER = "App+User"


class _Wanted(NamedTuple):
    """Which token: tokens are shared by those who want the same. `tenant` is where it is issued."""

    identity: Identity
    audience: Audience
    tenant: str


class AccessToken:
    """A bearer token and when to renew it; its value never shows."""

    __slots__ = ("renew_at", "value")

    def __init__(self, value: str, renew_at: float) -> None:
        self.value = value
        self.renew_at = renew_at

    def __repr__(self) -> str:
        return "AccessToken(…)"


class Tokens:
    """The tokens of one partner, obtained when first asked for."""

    def __init__(
        self,
        secrets: Secrets,
        addresses: Addresses,
        applications: Applications,
        kept: RefreshTokens,
        monotonic: Callable[[], float],
    ) -> None:
        self._secrets = secrets
        self._addresses = addresses
        self._applications = applications
        self._kept = kept
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._held: dict[_Wanted, AccessToken] = {}
        self._refusals: dict[_Wanted, tuple[RemoteError, float]] = {}
        self._newest: str | None = None

    async def get(
        self, identity: Identity, audience: Audience = Audience.PARTNER_CENTER, tenant: str | None = None
    ) -> AccessToken:
        """A token that is good for some minutes, issued in this tenant, or in the partner's own.

        Raises AuthenticationError when the login service refuses or cannot be reached, ConfigurationError when there
        is no refresh token and one is needed.
        """
        wanted = self._wanted(identity, audience, tenant)
        self._require_unrefused(wanted)
        return self._fresh(wanted) or await self._obtain(wanted, rejected=None)

    async def renew(
        self,
        identity: Identity,
        rejected: AccessToken,
        audience: Audience = Audience.PARTNER_CENTER,
        tenant: str | None = None,
    ) -> AccessToken:
        """Another token than one that the service did not accept; callers with the same rejected token share it."""
        return await self._obtain(self._wanted(identity, audience, tenant), rejected)

    def refuse(
        self,
        error: RemoteError,
        identity: Identity,
        audience: Audience = Audience.PARTNER_CENTER,
        tenant: str | None = None,
    ) -> None:
        """Note that the service takes no token of this credential, so that the rest of the run does not try each."""
        self._note_refusal(self._wanted(identity, audience, tenant), error)

    @property
    def has_user(self) -> bool:
        """Whether App+User is possible."""
        return next(self._refresh_tokens(), None) is not None

    def conceal(self, text: str) -> str:
        """The text without any secret or token that this connection has seen."""
        return self._secrets.veil.conceal(text)

    def betrays(self, text: str) -> bool:
        """Whether a text that must be used as it is holds a secret (veil.py)."""
        return self._secrets.veil.betrays(text)

    def close(self) -> None:
        """Close the connections to the login service."""
        self._applications.close()

    def _wanted(self, identity: Identity, audience: Audience, tenant: str | None) -> _Wanted:
        return _Wanted(identity, audience, (tenant or self._applications.tenant).lower())

    def _is_ours(self, tenant: str) -> bool:
        return tenant == self._applications.tenant

    def _fresh(self, wanted: _Wanted) -> AccessToken | None:
        held = self._held.get(wanted)
        return held if held is not None and held.renew_at > self._monotonic() else None

    async def _obtain(self, wanted: _Wanted, rejected: AccessToken | None) -> AccessToken:
        async with self._lock:
            held = self._fresh(wanted)
            if held is not None and held is not rejected:
                return held
            self._require_unrefused(wanted)
            ask = self._ask_as_user if wanted.identity is Identity.USER else self._ask_as_application
            try:
                token = await asyncio.to_thread(ask, wanted, rejected)
            except AuthenticationError as error:
                self._note_refusal(wanted, error)
                raise
            self._held[wanted] = token
            return token

    def _note_refusal(self, wanted: _Wanted, error: RemoteError) -> None:
        refused = error.status == HTTPStatus.UNAUTHORIZED
        wait = _REFUSED_FOR if refused else max(_UNREACHABLE_FOR, error.retry_after or 0.0)
        self._refusals[wanted] = (error, self._monotonic() + wait)

    def _require_unrefused(self, wanted: _Wanted) -> None:
        """Raises AuthenticationError, as it was raised before, while a refusal stands."""
        error, until = self._refusals.get(wanted, (None, 0.0))
        if error is not None and until > self._monotonic():
            raise AuthenticationError(
                error.message,
                status=error.status,
                code=error.code,
                correlation_id=error.correlation_id,
                request_id=error.request_id,
                retry_after=error.retry_after,
                remedy=error.remedy,
            )

    def _ask_as_application(self, wanted: _Wanted, rejected: AccessToken | None) -> AccessToken:
        """Runs in a thread."""

        def ask(application: Any) -> Any:
            if rejected is not None:
                application.remove_tokens_for_client()
            return application.acquire_token_for_client(scopes=[self._addresses.scope(wanted.audience)])

        return self._token(wanted, self._applications.ask(Form.CONFIDENTIAL, ask, wanted.tenant))

    def _ask_as_user(self, wanted: _Wanted, _rejected: AccessToken | None) -> AccessToken:
        """Runs in a thread. Tries the refresh tokens from the best on; the last refusal is the one told."""
        refused: AuthenticationError | None = None
        for refresh_token in self._refresh_tokens():
            result = self._redeem(refresh_token, wanted)
            try:
                token = self._token(wanted, result)
                _check_mfa(token)
            except AuthenticationError as error:
                refused = error
                if error.code != MFA_MISSING and result.get("error") not in _ANOTHER_MAY_DO:
                    break
            else:
                self._rotate(refresh_token, result.get("refresh_token"), wanted)
                return token
        raise refused or ConfigurationError(
            "credentials.refreshToken is needed for what only App+User may do: store one, or run `pcreconcile login`"
        )

    def _refresh_tokens(self) -> Iterator[str]:
        """The best first: this process's newest, else the kept one; then the configured one."""
        veil = self._secrets.veil
        known = (self._newest or self._kept.load(), self._secrets.refresh_token)
        yield from dict.fromkeys(veil.hide(token) for token in known if token)

    def _redeem(self, refresh_token: str, wanted: _Wanted) -> dict[str, Any]:
        scopes = [self._addresses.scope(wanted.audience)]

        def ask(application: Any) -> Any:
            return application.acquire_token_by_refresh_token(refresh_token, scopes=scopes)

        result = self._applications.ask(Form.CONFIDENTIAL, ask, wanted.tenant)
        if code_of(str(result.get("error_description") or "")) == _PUBLIC_ONLY:
            return self._applications.ask(Form.PUBLIC, ask, wanted.tenant)
        return result

    def _rotate(self, used: str, issued: Any, wanted: _Wanted) -> None:
        """The next refresh token: of the partner's own tenant alone, where all others begin."""
        rotated = self._secrets.veil.hide(issued) if isinstance(issued, str) else ""
        if not self._is_ours(wanted.tenant):
            return
        self._newest = rotated or used
        if rotated and rotated != used:
            self._kept.save(rotated)

    def _token(self, wanted: _Wanted, result: dict[str, Any]) -> AccessToken:
        value = result.get("access_token")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
            where = "" if self._is_ours(wanted.tenant) else f" in the customer's tenant {wanted.tenant}"
            raise self._applications.refused(f"{wanted.identity.value} token{where}", result)
        self._secrets.veil.hide(value)
        _require_bounded(value, result.get("refresh_token"))
        return AccessToken(value, self._monotonic() + _usable_for(result.get("expires_in", _UNSAID)))


def _check_mfa(token: AccessToken) -> None:
    """Raises AuthenticationError when the token shows that there was no multi-factor authentication."""
    if has_mfa(claims_of(token.value)) is False:
        raise AuthenticationError(
            "the App+User token has no multi-factor claim",
            status=HTTPStatus.UNAUTHORIZED,
            code=MFA_MISSING,
            remedy=remedy_of(HTTPStatus.UNAUTHORIZED, MFA_MISSING, ""),
        )


def _require_bounded(*tokens: Any) -> None:
    """Raises AuthenticationError for a token that no service could be shown."""
    if any(isinstance(token, str) and len(token) > _LONGEST_TOKEN for token in tokens):
        raise _unusable(f"a token of more than {_LONGEST_TOKEN} characters")


def _usable_for(expires_in: Any) -> float:
    """Seconds. Raises AuthenticationError for a life that is none: such a token would be asked for without end."""
    life = lifetime(expires_in)
    if life is None or life <= 0:
        raise _unusable("a token without a usable lifetime (expires_in)")
    return max(life - _EARLY, life * _SHORT_LIVED)


def _unusable(what: str) -> AuthenticationError:
    return AuthenticationError(f"the login service issued {what}", status=HTTPStatus.BAD_GATEWAY)
