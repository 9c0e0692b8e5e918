"""Microsoft Entra's token endpoints and the tokens they issue.

Tokens look like Entra's (three base64 parts, the claims readable) and are signed with the world's own key. They live by
the system's clock, not the virtual one, because client libraries keep them by the system's clock.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from . import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT
from .messages import Json, Refusal, Reply

__all__ = [
    "LIFETIME",
    "Grant",
    "InvalidToken",
    "Token",
    "discover_instance",
    "issue",
    "openid_configuration",
    "read_token",
]

LIFETIME = 3599
LOGIN = "https://login.microsoftonline.com"
"""Discovery names the real authority: msal refuses a token endpoint that is not https."""


class InvalidToken(Exception):
    """Not a token of this world, or no longer."""


@dataclass(frozen=True, slots=True)
class Token:
    """What an access token says."""

    audience: str
    tenant: str
    app: str
    user: str | None
    has_mfa: bool

    @property
    def delegated(self) -> bool:
        """App+User rather than application only."""
        return self.user is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """One request to a token endpoint: the form, the endpoint's version and the tenant of its path."""

    form: Mapping[str, str]
    tenant: str
    version: int

    @classmethod
    def read(cls, body: bytes, authorization: str, tenant: str, version: int) -> "Grant":
        """The form of a token request; HTTP Basic client credentials are part of it."""
        pairs = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        form = {name: values[0] for name, values in pairs.items()}
        return cls({**_basic_credentials(authorization), **form}, tenant, version)

    def public_form(self) -> Json:
        """What of the form may be logged: nothing that opens anything."""
        return {name: self.form[name] for name in ("grant_type", "scope", "resource", "client_id") if name in self.form}

    @property
    def refresh_token(self) -> str:
        """The refresh token presented."""
        return self.form.get("refresh_token", "")

    @property
    def tenant_id(self) -> str:
        """The tenant the token is for; the placeholders of multi-tenant sign-in mean the partner's."""
        return PARTNER_TENANT if self.tenant.lower() in ("common", "organizations") else self.tenant.lower()


def _basic_credentials(authorization: str) -> dict[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": unquote(user), "client_secret": unquote(password)}


def issue(grant: Grant, signing_key: bytes) -> Reply:
    """Answer a token request. Raises Refusal in Entra's error shape (section 1.3)."""
    _check_client(grant.form)
    audience = _audience(grant)
    kind = grant.form.get("grant_type", "")
    if kind == "client_credentials":
        return _granted(grant, signing_key, audience, user=None)
    if kind != "refresh_token":
        raise _entra(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    if not grant.refresh_token:
        raise _entra(400, "invalid_request", 900144, "The request body must contain the parameter: 'refresh_token'.")
    if grant.refresh_token.startswith("expired"):
        raise _entra(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.", "bad_token")
    return _granted(grant, signing_key, audience, user="admin@partner.onmicrosoft.com")


def _check_client(form: Mapping[str, str]) -> None:
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not client:
        raise _entra(400, "invalid_request", 900144, "The request body must contain the parameter: 'client_id'.")
    if client.lower() == CLIENT_ID and secret and not hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode()):
        raise _entra(401, "invalid_client", 7000215, "Invalid client secret provided.")
    proof = secret or (client.lower() != CLIENT_ID and form.get("client_assertion"))
    if not proof:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise _entra(401, "invalid_client", 7000218, text)


def _audience(grant: Grant) -> str:
    if grant.version == 1:
        resource = grant.form.get("resource", "")
        if not resource:
            raise _entra(400, "invalid_request", 900144, "The request body must contain the parameter: 'resource'.")
        return resource.rstrip("/")
    scopes = [scope for scope in grant.form.get("scope", "").split() if "://" in scope]
    audiences = {scope.rpartition("/")[0].rstrip("/") for scope in scopes}
    app_only = grant.form.get("grant_type") == "client_credentials"
    if len(audiences) != 1 or (app_only and not scopes[0].endswith("/.default")):
        raise _entra(400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
    return audiences.pop()


def _granted(grant: Grant, key: bytes, audience: str, user: str | None) -> Reply:
    now = int(time.time())
    claims: Json = {"aud": audience, "iss": f"https://sts.windows.net/{grant.tenant_id}/", "iat": now, "nbf": now}
    claims |= {"exp": now + LIFETIME, "tid": grant.tenant_id, "ver": "1.0", "uti": uuid.uuid4().hex}
    client = grant.form["client_id"].lower()
    claims |= {"appid": client, "azp": client}
    answer: Json = {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME}
    if user is None:
        claims |= {"idtyp": "app", "roles": []}
    else:
        no_mfa = grant.refresh_token.startswith("no-mfa")
        claims |= {"upn": user, "scp": "user_impersonation", "amr": ["pwd"] if no_mfa else ["pwd", "mfa"]}
        # Rotation keeps what the old token stood for; the old one goes on working.
        answer |= {"scope": _scope(grant, audience)}
        answer |= {"refresh_token": ("no-mfa-" if no_mfa else "rotated-") + uuid.uuid4().hex}
    answer["access_token"] = _signed(claims, key)
    if grant.version == 1:
        answer |= {"expires_on": now + LIFETIME, "not_before": now, "resource": audience}
        answer = {name: str(value) for name, value in answer.items()}
    return Reply(200, answer, {"Cache-Control": "no-store"})


def _scope(grant: Grant, audience: str) -> str:
    return "user_impersonation" if grant.version == 1 else f"{audience}/user_impersonation"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signature(text: str, key: bytes) -> str:
    return _encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())


def _signed(claims: Json, key: bytes) -> str:
    head = _encoded(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
    text = f"{head}.{_encoded(json.dumps(claims).encode())}"
    return f"{text}.{_signature(text, key)}"


def read_token(text: str, key: bytes) -> Token:
    """The token of a bearer header. Raises InvalidToken when it is malformed, foreign or expired."""
    signed, _, signature = text.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed, key).encode()):
        raise InvalidToken
    claims: Any = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    if claims["exp"] <= time.time():
        raise InvalidToken
    return Token(claims["aud"], claims["tid"], claims["appid"], claims.get("upn"), "mfa" in claims.get("amr", ()))


def openid_configuration(tenant: str) -> Reply:
    """The discovery document that client libraries read first."""
    base = f"{LOGIN}/{tenant}"
    names = {"token": "token", "authorization": "authorize", "device_authorization": "devicecode"}
    endpoints = {f"{name}_endpoint": f"{base}/oauth2/v2.0/{leaf}" for name, leaf in names.items()}
    return Reply(
        200,
        {
            **endpoints,
            "issuer": f"{base}/v2.0",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
        },
    )


def discover_instance() -> Reply:
    """Instance discovery: which hosts are aliases of the same authority."""
    hosts = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    cloud = {"preferred_network": hosts[0], "preferred_cache": hosts[1], "aliases": hosts}
    tenant_discovery = f"{LOGIN}/common/v2.0/.well-known/openid-configuration"
    return Reply(200, {"tenant_discovery_endpoint": tenant_discovery, "api-version": "1.1", "metadata": [cloud]})


def _entra(status: int, error: str, number: int, text: str, suberror: str | None = None) -> Refusal:
    body: Json = {
        "error": error,
        "error_description": f"AADSTS{number}: {text}",
        "error_codes": [number],
        "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
        "trace_id": str(uuid.uuid4()),
        "correlation_id": str(uuid.uuid4()),
    }
    if suberror:
        body["suberror"] = suberror
    return Refusal(Reply(status, body))
