"""The application's certificate: PEM or PKCS #12, with or without a passphrase, as msal wants it.

It is opened before anything is sent, so that a wrong passphrase or a missing key is told as that. msal is given the key
without its passphrase; it holds the open key in any case.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pcreconcile.model.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

_WHAT = "credentials.certificate"


class ClientCertificate(NamedTuple):
    """msal's `client_credential`, and when the certificate ends (aware UTC)."""

    credential: dict[str, str]
    expires: datetime


def open_certificate(content: bytes, passphrase: str | None) -> ClientCertificate:
    """The key and the certificate that belongs to it; further certificates of a chain are passed over.

    Raises ConfigurationError saying what is missing, with no byte of the content.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    secret = passphrase.encode() if passphrase else None
    try:
        key, certificates = _pem(content, secret) if b"-----BEGIN" in content else _pkcs12(content, secret)
    except TypeError:  # what cryptography raises for a passphrase that is missing, and for one too many
        problem = "its key has no passphrase, but one is given" if secret else "its key needs a passphrase"
        raise ConfigurationError(f"{_WHAT}: {problem} (credentials.certificate.passphrase)") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{_WHAT}: it cannot be opened: {_expected(secret)}") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(f"{_WHAT}: expected a private key of kind RSA beside the certificate")
    own = next((each for each in certificates if each.public_key() == key.public_key()), None)
    if own is None:
        raise ConfigurationError(f"{_WHAT}: no certificate in it belongs to its private key")
    return ClientCertificate(_for_msal(key, own), own.not_valid_after_utc)


def _expected(secret: bytes | None) -> str:
    kinds = "expected PEM or PKCS #12 with a private key and a certificate"
    return f"the passphrase is wrong, or it is damaged; {kinds}" if secret else f"{kinds}, or a passphrase is missing"


def _pem(content: bytes, secret: bytes | None) -> tuple[object, list[Certificate]]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(content, secret), x509.load_pem_x509_certificates(content)


def _pkcs12(content: bytes, secret: bytes | None) -> tuple[object, list[Certificate]]:
    from cryptography.hazmat.primitives.serialization import pkcs12

    key, own, others = pkcs12.load_key_and_certificates(content, secret)
    return key, [each for each in (own, *others) if each is not None]


def _for_msal(key: RSAPrivateKey, certificate: Certificate) -> dict[str, str]:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return {
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "public_certificate": certificate.public_bytes(Encoding.PEM).decode(),
    }
