"""Credentials, found by name: the Partner document says where they are, never what they are.

Nothing here shows a value: not in an error, not in a `repr`. Nothing is looked up that the operator has not allowed a
Partner document to name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Credentials, Partner, SecretRef
from pcreconcile.partner_center import workload_identity
from pcreconcile.partner_center.certificates import open_certificate
from pcreconcile.partner_center.trust import Trust
from pcreconcile.partner_center.veil import Veil
from pcreconcile.partner_center.workload_identity import Fetch

_FILE_LIMIT = 1 << 20
_CERTIFICATE = "credentials.certificate"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What msal is given. `refresh_token` is the configured one; None when the Partner document names none.

    `certificate_expires` is set for a certificate. `veil` knows everything here that must not show.
    """

    client_id: str
    client_credential: Any = field(repr=False)
    refresh_token: str | None = field(repr=False)
    veil: Veil = field(repr=False, default_factory=Veil)
    certificate_expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where named secrets are looked up, as far as the operator allows it.

    `defined` are, by field, the variables that a build service or platform defines for it.
    """

    environment: Mapping[str, str] = field(repr=False)
    trust: Trust
    defined: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def text(self, place: SecretRef, what: str) -> str:
        """The secret's text. Raises ConfigurationError naming the variable or file when it is missing or empty, and
        when it may not be named."""
        value = self._variable(place.env, what) if place.env else self.content(place, what).decode("utf-8", "replace")
        if not value.strip():
            where = f"environment variable {place.env}" if place.env else f"file {place.file}"
            raise ConfigurationError(f"{what}: {where} is not set or empty")
        return value.strip()

    def content(self, place: SecretRef, what: str) -> bytes:
        """The bytes of the variable or file. Raises ConfigurationError as `text` does."""
        if place.env:
            return self.text(place, what).encode()
        if not place.file:
            raise ConfigurationError(f"{what}: neither a variable nor a file is named")
        return self.trust.read_file(place.file, what, _FILE_LIMIT)

    def _variable(self, name: str, what: str) -> str:
        self.trust.check_variable(name, what, self.defined.get(what, frozenset()))
        return self.environment.get(name, "")


def secret_source(credentials: Credentials, environment: Mapping[str, str], trust: Trust) -> SecretSource:
    """Where the credentials of one Partner document are looked up."""
    return SecretSource(environment, trust, workload_identity.defined_variables(credentials))


def _projected_token(environment: Mapping[str, str]) -> str:
    """The token in the file that Azure's webhook names: the environment's word, not the document's.

    Raises ConfigurationError.
    """
    path, what = workload_identity.file_in(environment), workload_identity.WHAT
    try:
        with path.open("rb") as file:
            token = file.read(_FILE_LIMIT).decode("utf-8", "replace").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no usable path"
        raise ConfigurationError(f"{what}: file {path} cannot be read ({reason})") from None
    if not token:
        raise ConfigurationError(f"{what}: file {path} is empty")
    return token


@dataclass(frozen=True, slots=True)
class Federation:
    """How federated assertions are obtained: asked of `fetch`, for `audience`."""

    audience: str
    fetch: Fetch


def find_secrets(
    partner: Partner, environment: Mapping[str, str], trust: Trust, federation: Federation | None = None
) -> Secrets:
    """Every credential of the partner, before any request. Without `federation` no build service can be asked.

    Raises ConfigurationError naming what is missing, and what the document may not name.
    """
    credentials = credentials_of(partner)
    source = secret_source(credentials, environment, trust)
    client_id = source.text(credentials.client_id, "credentials.clientId")
    refresh = credentials.refresh_token
    refresh_token = None if refresh is None else source.text(refresh, "credentials.refreshToken")
    veil = Veil([refresh_token or ""])
    credential, expires = _client_credential(credentials, source, veil, federation)
    return Secrets(client_id, credential, refresh_token, veil, expires)


def credentials_of(partner: Partner) -> Credentials:
    """The places of the partner's credentials. Raises ConfigurationError when there are none."""
    if partner.credentials is None:
        raise ConfigurationError(f"credentials are needed for cloud {partner.cloud.value}")
    return partner.credentials


def _client_credential(
    credentials: Credentials, source: SecretSource, veil: Veil, federation: Federation | None
) -> tuple[Any, datetime | None]:
    if credentials.client_secret is not None:
        return veil.hide(source.text(credentials.client_secret, "credentials.clientSecret")), None
    if credentials.certificate is not None:
        return _certificate(credentials.certificate, credentials.certificate_passphrase, source, veil)
    if credentials.federated is not None:
        read = _assertions(credentials.federated, source, federation)
        return {"client_assertion": lambda: veil.hide(read())}, None
    raise ConfigurationError("credentials: one of clientSecret, certificate and federated is needed")


def _certificate(
    place: SecretRef, passphrase: SecretRef | None, source: SecretSource, veil: Veil
) -> tuple[dict[str, str], datetime]:
    secret = None if passphrase is None else veil.hide(source.text(passphrase, f"{_CERTIFICATE}.passphrase"))
    found = open_certificate(source.content(place, _CERTIFICATE), secret)
    return found.credential, found.expires


def _assertions(place: SecretRef, source: SecretSource, federation: Federation | None) -> Callable[[], str]:
    """Reads or asks anew for each token; what can be seen without a request is looked at now."""
    issuer = workload_identity.issuer_of(place.env)
    environment = source.environment
    if issuer is not None and federation is not None:
        workload_identity.check_issuer(issuer, environment)
        return lambda: workload_identity.ask_issuer(issuer, environment, federation.audience, federation.fetch)

    def read() -> str:
        if place.env == workload_identity.TOKEN_FILE:
            return _projected_token(environment)
        return source.text(place, workload_identity.WHAT)

    read()
    return read
