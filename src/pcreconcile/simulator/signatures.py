"""The certificate of a simulated service, and signatures under it (API facts, section 8.2).

The one module that needs `cryptography`, and only once somebody has registered a webhook. The certificate is signed by
itself: a caller can check a signature with it, and the name of the organization, but no chain to a real root.
"""

import base64
from datetime import UTC, datetime, timedelta

from .messages import Json

__all__ = ["new_identity", "sign"]

_LIFETIME = timedelta(days=3650)


def new_identity() -> Json:
    """A fresh `key` (PEM) and its `certificate` (DER in base64), valid by the system's clock."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    names = {"ORGANIZATION_NAME": "Microsoft Corporation", "COMMON_NAME": "Partner Center simulator"}
    name = x509.Name([x509.NameAttribute(getattr(x509.NameOID, oid), text) for oid, text in names.items()])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + _LIFETIME)
    certificate = builder.sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    der = certificate.public_bytes(serialization.Encoding.DER)
    return {"key": pem.decode(), "certificate": base64.b64encode(der).decode()}


def sign(identity: Json, body: bytes) -> str:
    """RSA (PKCS #1 v1.5) over the SHA-256 of the raw body, in base64."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_private_key(identity["key"].encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
