"""Credentials, found by name: the Partner document says where they are, never what they are.

Nothing here shows a value: not in an error, not in a `repr`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.partner import Credentials, Partner, SecretRef

_FILE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Secrets:
    """What msal is given. `refresh_token` is None when the partner has none: App+User is then not possible."""

    client_id: str
    client_credential: Any = field(repr=False)
    refresh_token: str | None = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False, default=())

    def conceal(self, text: str) -> str:
        """The text with every secret in it replaced."""
        for secret in self.hidden:
            text = text.replace(secret, "[secret]")
        return text


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where named secrets are looked up."""

    environment: Mapping[str, str] = field(repr=False)
    home: Path | None

    def text(self, place: SecretRef, what: str) -> str:
        """The secret's text. Raises ConfigurationError naming the variable or file when it is missing or empty."""
        value = (
            self.environment.get(place.env, "") if place.env else self.content(place, what).decode("utf-8", "replace")
        )
        if not value.strip():
            where = f"environment variable {place.env}" if place.env else f"file {place.file}"
            raise ConfigurationError(f"{what}: {where} is not set or empty")
        return value.strip()

    def content(self, place: SecretRef, what: str) -> bytes:
        """The bytes of the variable or file. Raises ConfigurationError as `text` does."""
        if place.env:
            return self.text(place, what).encode()
        path = self.path(place, what)
        try:
            with path.open("rb") as file:
                return file.read(_FILE_LIMIT)
        except OSError as error:
            raise ConfigurationError(f"{what}: file {place.file} cannot be read ({error.strerror})") from None

    def path(self, place: SecretRef, what: str) -> Path:
        """Where the secret's file is."""
        if not place.file:
            raise ConfigurationError(f"{what}: neither a variable nor a file is named")
        return (self.home or Path()) / place.file


def find_secrets(partner: Partner, environment: Mapping[str, str], home: Path | None) -> Secrets:
    """Every credential of the partner, before any request.

    Raises ConfigurationError naming what is missing.
    """
    credentials = partner.credentials
    if credentials is None:
        raise ConfigurationError(f"credentials are needed for cloud {partner.cloud.value}")
    source = SecretSource(environment, home)
    client_id = source.text(credentials.client_id, "credentials.clientId")
    refresh = credentials.refresh_token
    refresh_token = None if refresh is None else source.text(refresh, "credentials.refreshToken")
    credential, hidden = _client_credential(credentials, source)
    return Secrets(client_id, credential, refresh_token, (*hidden, *([refresh_token] if refresh_token else [])))


def _client_credential(credentials: Credentials, source: SecretSource) -> tuple[Any, tuple[str, ...]]:
    if credentials.client_secret is not None:
        secret = source.text(credentials.client_secret, "credentials.clientSecret")
        return secret, (secret,)
    if credentials.certificate is not None:
        return _certificate(credentials.certificate, source), ()
    if credentials.federated is not None:
        return {"client_assertion": _assertion(credentials.federated, source)}, ()
    raise ConfigurationError("credentials: one of clientSecret, certificate and federated is needed")


def _certificate(place: SecretRef, source: SecretSource) -> dict[str, Any]:
    """A PEM with key and certificate, or a PKCS #12 file without a passphrase."""
    content = source.content(place, "credentials.certificate")
    if b"-----BEGIN" in content:
        pem = content.decode("utf-8", "replace")
        return {"private_key": pem, "public_certificate": pem}
    if place.file:
        return {"private_key_pfx_path": str(source.path(place, "credentials.certificate")), "public_certificate": True}
    raise ConfigurationError("credentials.certificate: expected PEM text with a private key and a certificate")


def _assertion(place: SecretRef, source: SecretSource) -> Callable[[], str]:
    """Read anew for each token request, because such assertions live for minutes; once now, to see that it is there."""
    source.text(place, "credentials.federated")
    return lambda: source.text(place, "credentials.federated")
