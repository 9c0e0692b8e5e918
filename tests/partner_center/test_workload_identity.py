"""Federated assertions: read or asked for anew at each token request, over real sockets, and never told."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from pcreconcile.model.errors import ConfigurationError, PcreconcileError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef
from pcreconcile.partner_center.credentials import Federation, find_secrets
from pcreconcile.partner_center.endpoints import addresses_of
from pcreconcile.partner_center.login_http import LoginHttp
from pcreconcile.partner_center.network import Network
from pcreconcile.partner_center.transport import open_login_transport
from pcreconcile.partner_center.trust import Trust
from tests.partner_center.bench import PARTNER

BEARER = "b34r3r-of-the-job"
FEDERATION = Federation("api://AzureADTokenExchange", lambda *_: pytest.fail("nobody is to be asked"))


class Handler(BaseHTTPRequestHandler):
    """Gives out numbered tokens, as GitHub and Azure DevOps do."""

    asked: ClassVar[list[tuple[str, str, str | None]]] = []
    answer: tuple[int, Any] | None = None

    def _give(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("Authorization")))
        number = len(self.asked)
        status, body = self.answer or (200, {"value": f"github-{number}", "oidcToken": f"devops-{number}"})
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _give

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def issuer() -> Iterator[str]:
    Handler.asked = []
    Handler.answer = None
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def partner(place: SecretRef, cloud: Cloud = Cloud.COMMERCIAL) -> Partner:
    return Partner("p", TenantId(PARTNER), cloud, credentials=Credentials(SecretRef(env="PC_ID"), federated=place))


def assertion(place: SecretRef, environment: dict[str, str]) -> Any:
    """The callable that msal is given."""
    ends = Endpoints(*["http://127.0.0.1:1"] * 4)
    addresses = addresses_of(Partner("p", TenantId(PARTNER), Cloud.CUSTOM, ends), Trust())
    login = LoginHttp(open_login_transport(addresses, Network()), addresses, sleep=lambda _seconds: None)
    federation = Federation(addresses.exchange, login.fetch)
    found = find_secrets(partner(place), {"PC_ID": "client", **environment}, Trust(), federation)
    return found.client_credential["client_assertion"]


def github(issuer: str, **changed: str) -> dict[str, str]:
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer}/oidc?run=7",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
        **changed,
    }


@pytest.mark.parametrize("named", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
def test_github_gives_a_token_for_each_request(issuer: str, named: str) -> None:
    call = assertion(SecretRef(env=named), github(issuer))
    assert Handler.asked == []
    assert [call(), call()] == ["github-1", "github-2"]
    asked = ("GET", "/oidc?run=7&audience=api%3A%2F%2FAzureADTokenExchange", f"Bearer {BEARER}")
    assert Handler.asked == [asked, asked]


def test_a_variable_that_vanishes_later_is_named(issuer: str) -> None:
    environment = {"PC_ID": "client", **github(issuer)}
    federation = Federation("x", lambda *_: pytest.fail("nobody is to be asked"))
    found = find_secrets(partner(SecretRef(env="ACTIONS_ID_TOKEN_REQUEST_URL")), environment, Trust(), federation)
    del environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    with pytest.raises(ConfigurationError, match="ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set"):
        found.client_credential["client_assertion"]()


def test_azure_devops_gives_one_for_its_service_connection(issuer: str) -> None:
    environment = {"SYSTEM_OIDCREQUESTURI": f"{issuer}/oidctoken", "SYSTEM_ACCESSTOKEN": BEARER}
    connection = {"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "5f6a"}
    assert assertion(SecretRef(env="SYSTEM_OIDCREQUESTURI"), environment | connection)() == "devops-1"
    assert assertion(SecretRef(env="SYSTEM_OIDCREQUESTURI"), environment)() == "devops-2"
    assert [(method, path) for method, path, _ in Handler.asked] == [
        ("POST", "/oidctoken?api-version=7.1&serviceConnectionId=5f6a"),
        ("POST", "/oidctoken?api-version=7.1"),
    ]


def test_variables_and_files_are_read_again_each_time(tmp_path: Path) -> None:
    environment = {"PC_ID": "client", "PC_TOKEN": "one", "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "projected")}
    (tmp_path / "projected").write_text("one")
    (tmp_path / "given").write_text("one")
    for place in (SecretRef(env="PC_TOKEN"), SecretRef(env="AZURE_FEDERATED_TOKEN_FILE"), SecretRef(file="given")):
        found = find_secrets(partner(place), environment, Trust(secrets=tmp_path), FEDERATION)
        call = found.client_credential["client_assertion"]
        assert call() == "one"
        environment["PC_TOKEN"] = "two"
        (tmp_path / "projected").write_text("two")
        (tmp_path / "given").write_text("two")
        assert call() == "two"
        assert found.veil.conceal("one two") == "[secret] [secret]"
        environment["PC_TOKEN"] = "one"
        (tmp_path / "projected").write_text("one")
        (tmp_path / "given").write_text("one")


MISSING = [
    ("ACTIONS_ID_TOKEN_REQUEST_URL", {}, "ACTIONS_ID_TOKEN_REQUEST_URL is not set.*id-token: write"),
    (
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example"},
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set",
    ),
    (
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://x.example", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER},
        "no https address",
    ),
    ("SYSTEM_OIDCREQUESTURI", {"SYSTEM_OIDCREQUESTURI": "https://x.example"}, "SYSTEM_ACCESSTOKEN is not set"),
    ("AZURE_FEDERATED_TOKEN_FILE", {}, "AZURE_FEDERATED_TOKEN_FILE is not set"),
    ("AZURE_FEDERATED_TOKEN_FILE", {"AZURE_FEDERATED_TOKEN_FILE": "/nowhere/at/all"}, "cannot be read"),
    ("PC_OTHER", {}, "PC_OTHER is not set"),
]


@pytest.mark.parametrize(("named", "environment", "text"), MISSING)
def test_what_is_not_set_up_is_told_before_anything_is_sent(named: str, environment: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text) as caught:
        assertion(SecretRef(env=named), environment)
    assert BEARER not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ((403, {"message": f"no {BEARER}"}), "GitHub Actions gave out no federated token .HTTP 403.*id-token: write"),
        ((200, {}), "gave out no federated token"),
        ((200, [BEARER]), "gave no usable answer"),
        ((500, {}), "gave no usable answer: HTTP 500"),
    ],
)
def test_a_build_service_that_gives_none(issuer: str, answer: tuple[int, Any], text: str) -> None:
    Handler.answer = answer
    with pytest.raises(PcreconcileError, match=text) as caught:
        assertion(SecretRef(env="ACTIONS_ID_TOKEN_REQUEST_URL"), github(issuer))()
    assert BEARER not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        (Cloud.COMMERCIAL, "api://AzureADTokenExchange"),
        (Cloud.US_GOV, "api://AzureADTokenExchangeUSGov"),
        (Cloud.CHINA, "api://AzureADTokenExchangeChina"),
    ],
)
def test_each_cloud_expects_its_own_audience(cloud: Cloud, audience: str) -> None:
    assert addresses_of(Partner("p", TenantId(PARTNER), cloud), Trust()).exchange == audience
