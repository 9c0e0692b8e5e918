"""What must be set up before anything is sent: credentials by name, endpoints, and an import that stays light."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pcreconcile.manifests.addresses import address_problem
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef
from pcreconcile.partner_center import connect
from pcreconcile.partner_center.credentials import find_secrets
from pcreconcile.partner_center.endpoints import addresses_of
from pcreconcile.partner_center.trust import Host, Trust
from tests.partner_center.bench import PARTNER

VALUES = {"PC_ID": "an-application-id", "PC_SECRET": "hunter2-hunter2", "PC_REFRESH": "refresh-refresh"}
EXAMPLES = Trust(hosts=frozenset({Host("a.example"), Host("h.example")}))
FIELDS = ("partner_center", "login", "graph", "management")
BY_NAME = Credentials(SecretRef(env="PC_ID"), SecretRef(env="PC_SECRET"), refresh_token=SecretRef(env="PC_REFRESH"))


def partner(cloud: Cloud = Cloud.COMMERCIAL, credentials: Credentials | None = BY_NAME, **endpoints: str) -> Partner:
    given = dict.fromkeys(FIELDS, "https://a.example")
    custom = Endpoints(**{**given, **endpoints}) if cloud is Cloud.CUSTOM else None
    return Partner("p", TenantId(PARTNER), cloud, custom, credentials)


@pytest.mark.parametrize("missing", ["PC_ID", "PC_SECRET", "PC_REFRESH"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_unset_variable_is_named_before_any_request(missing: str, value: str | None) -> None:
    environment = {name: text for name, text in VALUES.items() if name != missing} | (
        {} if value is None else {missing: value}
    )

    async def story() -> None:
        async with connect(partner(), environment, trust=Trust()):
            pytest.fail("it was entered")

    with pytest.raises(ConfigurationError, match=f"variable {missing} ") as caught:
        asyncio.run(story())
    assert not any(secret in str(caught.value) for secret in VALUES.values())


def credentials(**places: SecretRef) -> Credentials:
    return msgspec.structs.replace(Credentials(SecretRef(env="PC_ID")), **places)


def test_files_are_read_relative_to_the_folder_for_secrets(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    found = find_secrets(
        partner(credentials=credentials(client_secret=SecretRef(file="secret"))), VALUES, Trust(secrets=tmp_path)
    )
    assert found.client_credential == "from-file"
    assert found.refresh_token is None


def test_a_federated_assertion_is_read_anew_for_each_token(tmp_path: Path) -> None:
    file = tmp_path / "assertion"
    file.write_text("one")
    found = find_secrets(
        partner(credentials=credentials(federated=SecretRef(file="assertion"))), VALUES, Trust(secrets=tmp_path)
    )
    file.write_text("two")
    assert found.client_credential["client_assertion"]() == "two"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "credentials are needed"),
        (credentials(), "one of clientSecret, certificate and federated"),
        (credentials(client_secret=SecretRef(file="nowhere")), "file nowhere cannot be read"),
        (credentials(certificate=SecretRef(env="PC_SECRET")), "expected PEM or PKCS"),
        (credentials(federated=SecretRef()), "neither a variable nor a file"),
    ],
)
def test_credentials_that_are_not_there(given: Credentials | None, text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        find_secrets(partner(credentials=given), VALUES, Trust(secrets=tmp_path))
    assert "hunter2" not in str(caught.value)


def test_secrets_do_not_show() -> None:
    found = find_secrets(partner(), VALUES, Trust())
    assert "hunter2" not in repr(found)
    assert "refresh-refresh" not in repr(found)
    assert found.veil.conceal("a hunter2-hunter2 b refresh-refresh") == "a [secret] b [secret]"


@pytest.mark.parametrize(
    ("cloud", "host", "login", "scope"),
    [
        (
            Cloud.COMMERCIAL,
            "api.partnercenter.microsoft.com",
            "login.microsoftonline.com",
            "api.partnercenter.microsoft.com",
        ),
        (
            Cloud.US_GOV,
            "api.partnercenter.microsoft.com",
            "login.microsoftonline.us",
            "api.partnercenter.microsoft.com",
        ),
        (
            Cloud.CHINA,
            "partner.partnercenterapi.microsoftonline.cn",
            "login.partner.microsoftonline.cn",
            "partner.partnercenterapi.microsoftonline.cn",
        ),
    ],
)
def test_clouds(cloud: Cloud, host: str, login: str, scope: str) -> None:
    found = addresses_of(partner(cloud), Trust())
    assert (found.partner_center, found.login) == (f"https://{host}", f"https://{login}")
    assert found.scope() == f"https://{scope}/.default"
    assert not found.loopback


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8931/", "http://localhost:1", "http://[::1]:2", "http://127.9.9.9"]
)
def test_http_is_for_loopback(address: str) -> None:
    found = addresses_of(partner(Cloud.CUSTOM, partner_center=address, login=address), EXAMPLES)
    assert found.loopback
    assert found.partner_center == address.rstrip("/")
    assert found.scope() == "https://api.partnercenter.microsoft.com/.default"


def test_every_endpoint_loses_its_trailing_slash() -> None:
    found = addresses_of(partner(Cloud.CUSTOM, **{name: f"https://h.example/{name}/" for name in FIELDS}), EXAMPLES)
    assert (found.graph, found.management) == ("https://h.example/graph", "https://h.example/management")


@pytest.mark.parametrize(
    "address",
    [
        "http://0.0.0.0:1",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://user:pass@a.example",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://a.example:99999",
        "https://a.example:0",
        "ftp://a.example",
        "https://",
        "https://a.exa\nmple",
        "https://a b.example",
        "",
        "x",
        "https://a.example:",
        "https://@a.example",
        "https://a.example?",
        "https://a.example#",
        "https://a.example\\@b.example",
        "https://a_b.example",
        "https://ä.example",
        "https://a.example/ä",
        "https://[fe80::1%25eth0]",
        "https://[::1",
        "http://[::ffff:127.0.0.1]",
    ],
)
@pytest.mark.parametrize("field", FIELDS)
def test_endpoints_that_are_not_accepted(address: str, field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        addresses_of(partner(Cloud.CUSTOM, **{field: address}), EXAMPLES)
    head, _, last = field.partition("_")
    assert str(caught.value).startswith(f"endpoints.{head}{last.capitalize()}: ")
    assert "pass" not in str(caught.value)
    assert address_problem(address), "the manifests refuse it too"


def test_the_simulator_has_no_endpoints_of_its_own() -> None:
    with pytest.raises(ConfigurationError):
        addresses_of(partner(Cloud.SIMULATOR), Trust())


def test_importing_the_package_loads_neither_httpx_nor_msal() -> None:
    code = (
        "import sys, pcreconcile.partner_center; print([m for m in ('httpx', 'msal', 'requests') if m in sys.modules])"
    )
    done: Any = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
