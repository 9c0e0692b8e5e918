"""The application's certificate in every form, opened before anything is sent, and used for the assertion."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Credentials, Partner, SecretRef
from pcreconcile.partner_center.certificates import open_certificate
from pcreconcile.partner_center.credentials import find_secrets
from pcreconcile.partner_center.tokens import Identity
from pcreconcile.partner_center.trust import Trust
from tests.partner_center.bench import PARTNER
from tests.partner_center.test_tokens import Login, granted

PASSPHRASE = "p4ssphr4se-of-the-key"
ENDS = datetime(2031, 5, 6, tzinfo=UTC)


def certificate(key: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pcreconcile")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(ENDS - timedelta(days=900)).not_valid_after(ENDS)
    return dated.sign(key, hashes.SHA256())


KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
OURS, THEIRS = certificate(KEY), certificate(OTHER)
CLOSED = BestAvailableEncryption(PASSPHRASE.encode())


def pem(key: Any, *certificates: x509.Certificate, closed: Any = None) -> bytes:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed or NoEncryption())
    return b"".join((private, *(each.public_bytes(Encoding.PEM) for each in certificates)))


def pfx(closed: Any = None) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"x", KEY, OURS, [THEIRS], closed or NoEncryption())


OPENED: dict[str, tuple[bytes, str | None]] = {
    "PEM": (pem(KEY, OURS), None),
    "PEM with a chain in any order": (pem(KEY, THEIRS, OURS), None),
    "PEM with a passphrase": (pem(KEY, OURS, closed=CLOSED), PASSPHRASE),
    "PFX": (pfx(), None),
    "PFX with a passphrase": (pfx(CLOSED), PASSPHRASE),
}


@pytest.mark.parametrize(("content", "passphrase"), OPENED.values(), ids=OPENED)
def test_forms(content: bytes, passphrase: str | None) -> None:
    found = open_certificate(content, passphrase)
    assert found.expires == ENDS
    assert found.credential["public_certificate"].encode() == OURS.public_bytes(Encoding.PEM)


REFUSED: dict[str, tuple[Callable[[], bytes], str | None, str]] = {
    "a wrong passphrase": (lambda: pem(KEY, OURS, closed=CLOSED), "wrong", "passphrase is wrong"),
    "a wrong PFX passphrase": (lambda: pfx(CLOSED), "wrong", "passphrase is wrong"),
    "no passphrase": (lambda: pem(KEY, OURS, closed=CLOSED), None, "needs a passphrase"),
    "no PFX passphrase": (lambda: pfx(CLOSED), None, "a passphrase is missing"),
    "a passphrase too many": (lambda: pem(KEY, OURS), PASSPHRASE, "has no passphrase"),
    "no certificate": (lambda: pem(KEY), None, "certificate"),
    "somebody else's certificate": (lambda: pem(KEY, THEIRS), None, "belongs to its private key"),
    "no key": (lambda: OURS.public_bytes(Encoding.PEM), None, "private key"),
    "an elliptic key": (lambda: pem(ELLIPTIC, certificate(ELLIPTIC)), None, "of kind RSA"),
    "nonsense": (lambda: b"hunter2", None, "expected PEM or PKCS #12"),
    "damaged PEM": (lambda: b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", None, "expected PEM"),
}


@pytest.mark.parametrize(("content", "passphrase", "text"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_opened(content: Callable[[], bytes], passphrase: str | None, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        open_certificate(content(), passphrase)
    told = "".join(traceback.format_exception(caught.value))
    assert PASSPHRASE not in told
    assert "hunter2" not in str(caught.value)


def test_the_token_request_carries_an_assertion_signed_with_the_key(tmp_path: Path) -> None:
    (tmp_path / "client.pfx").write_bytes(pfx(CLOSED))
    places = Credentials(
        SecretRef(env="PC_ID"),
        certificate=SecretRef(file="client.pfx"),
        certificate_passphrase=SecretRef(env="PC_PASSPHRASE"),
    )
    partner = Partner("p", TenantId(PARTNER), Cloud.COMMERCIAL, credentials=places)
    secrets = find_secrets(partner, {"PC_ID": "client", "PC_PASSPHRASE": PASSPHRASE}, Trust(secrets=tmp_path))
    assert secrets.certificate_expires == ENDS
    assert secrets.veil.conceal(f"a {PASSPHRASE}") == "a [secret]"
    login = Login(granted(), credential=secrets.client_credential)
    asyncio.run(login.tokens.get(Identity.APPLICATION))
    assertion = login.forms[0]["client_assertion"]
    claims = jwt.decode(assertion, KEY.public_key(), algorithms=["PS256"], options={"verify_aud": False})
    assert claims["iss"] == claims["sub"] == "client"
    assert "client_secret" not in login.forms[0]
