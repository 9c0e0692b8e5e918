"""Access tokens through msal: app-only for reads, App+User for what only a user may do.

msal is synchronous, so it runs in a thread, under one lock: many concurrent callers cause one token request. A rotated
refresh token is kept for the life of the process alone; the stored one stays valid beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from typing import Any

from pcreconcile.model.errors import AuthenticationError, ConfigurationError
from pcreconcile.partner_center.credentials import Secrets
from pcreconcile.partner_center.endpoints import Addresses
from pcreconcile.partner_center.login_http import LoginHttp, LoginUnavailable
from pcreconcile.partner_center.refusals import MFA_MISSING
from pcreconcile.partner_center.sign_in import advice, code_of, lacks_mfa

_EARLY = 300.0  # seconds before its end at which a token is renewed
_SHORT_LIVED = 0.5  # share of its life after which a token that lives less than ten minutes is renewed


class Identity(Enum):
    """Who a request is made as."""

    APPLICATION = "app-only"
    USER = "App+User"


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
        self, tenant: str, secrets: Secrets, addresses: Addresses, login: LoginHttp, monotonic: Callable[[], float]
    ) -> None:
        self._tenant = tenant
        self._secrets = secrets
        self._addresses = addresses
        self._login = login
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._held: dict[Identity, AccessToken] = {}
        self._refresh_token = secrets.refresh_token
        self._application: Any = None

    async def get(self, identity: Identity) -> AccessToken:
        """A token that is good for some minutes.

        Raises AuthenticationError when the login service refuses or cannot be reached, ConfigurationError when the
        partner has no refresh token and one is needed.
        """
        return self._fresh(identity) or await self._obtain(identity, rejected=None)

    async def renew(self, identity: Identity, rejected: AccessToken) -> AccessToken:
        """Another token than one that the service did not accept; callers with the same rejected token share it."""
        return await self._obtain(identity, rejected)

    @property
    def has_user(self) -> bool:
        """Whether App+User is possible."""
        return self._refresh_token is not None

    def conceal(self, text: str) -> str:
        """The text without any secret or token that this object has seen."""
        for token in self._held.values():
            text = text.replace(token.value, "[token]")
        if self._refresh_token:
            text = text.replace(self._refresh_token, "[secret]")
        return self._secrets.conceal(text)

    def close(self) -> None:
        """Close the connections to the login service."""
        self._login.close()

    def _fresh(self, identity: Identity) -> AccessToken | None:
        held = self._held.get(identity)
        return held if held is not None and held.renew_at > self._monotonic() else None

    async def _obtain(self, identity: Identity, rejected: AccessToken | None) -> AccessToken:
        async with self._lock:
            held = self._fresh(identity)
            if held is not None and held is not rejected:
                return held
            result = await asyncio.to_thread(self._request, identity, rejected)
            self._held[identity] = token = self._token(identity, result)
            return token

    def _request(self, identity: Identity, rejected: AccessToken | None) -> dict[str, Any]:
        """Runs in a thread. msal reports refusals in its answer and raises for what it cannot read."""
        if identity is Identity.USER and self._refresh_token is None:
            raise ConfigurationError("credentials.refreshToken is needed for what only App+User may do")
        application = self._msal_application()
        scopes = [self._addresses.scope]
        try:
            if identity is Identity.USER:
                return dict(application.acquire_token_by_refresh_token(self._refresh_token, scopes=scopes))
            if rejected is not None:
                application.remove_tokens_for_client()
            return dict(application.acquire_token_for_client(scopes=scopes))
        except LoginUnavailable as error:
            raise self._unreachable(error) from None
        except (ConfigurationError, MemoryError):
            raise
        except Exception as error:  # msal has no error class of its own for what it cannot read
            raise _unusable(type(error).__name__) from None

    def _msal_application(self) -> Any:
        if self._application is None:
            import msal

            try:
                self._application = msal.ConfidentialClientApplication(
                    self._secrets.client_id,
                    authority=self._login.authority(self._tenant),
                    client_credential=self._secrets.client_credential,
                    instance_discovery=False if self._addresses.given else None,
                    http_client=self._login,
                )
            except LoginUnavailable as error:
                raise self._unreachable(error) from None
            except Exception as error:  # a bad certificate raises what the cryptography library likes
                problem = (
                    f"the login service does not know the tenant, or the certificate is bad ({type(error).__name__})"
                )
                raise ConfigurationError(problem) from None
        return self._application

    def _token(self, identity: Identity, result: dict[str, Any]) -> AccessToken:
        value = result.get("access_token")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
            raise self._refused(identity, result)
        rotated = result.get("refresh_token")
        if identity is Identity.USER and isinstance(rotated, str) and rotated:
            self._refresh_token = rotated
        if identity is Identity.USER and lacks_mfa(value):
            raise AuthenticationError(
                "the App+User token has no multi-factor claim: sign in again with it and store the new refresh token",
                status=HTTPStatus.UNAUTHORIZED,
                code=MFA_MISSING,
            )
        return AccessToken(value, self._monotonic() + _usable_for(result.get("expires_in")))

    def _refused(self, identity: Identity, result: dict[str, Any]) -> AuthenticationError:
        lines = str(result.get("error_description") or result.get("error") or "no token in the answer").splitlines()
        text = self.conceal(lines[0] if lines else "no reason given")[:300]
        code = code_of(text)
        return AuthenticationError(
            f"the login service issued no {identity.value} token: {text}{advice(code)}",
            status=HTTPStatus.UNAUTHORIZED,
            code=code or str(result.get("error") or "")[:60],
            correlation_id=str(result.get("correlation_id") or "")[:60],
        )

    def _unreachable(self, error: LoginUnavailable) -> AuthenticationError:
        text = f"the login service at {self._addresses.login} gave no usable answer: {error}"
        return AuthenticationError(text, status=HTTPStatus.SERVICE_UNAVAILABLE)


def _unusable(kind: str) -> AuthenticationError:
    text = f"the login service's answer cannot be used ({kind})"
    return AuthenticationError(text, status=HTTPStatus.BAD_GATEWAY)


def _usable_for(expires_in: Any) -> float:
    try:
        life = float(expires_in)
    except (TypeError, ValueError):
        life = 0.0
    return max(life - _EARLY, life * _SHORT_LIVED, 0.0)
