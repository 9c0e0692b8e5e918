"""The way out of this machine, over real sockets: proxies of every kind, credentials, certificates."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import certifi
import pytest

from pcreconcile.model.errors import ConfigurationError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Endpoints, Partner
from pcreconcile.partner_center.check import Level
from pcreconcile.partner_center.endpoints import addresses_of
from pcreconcile.partner_center.network import network_of
from pcreconcile.partner_center.network_checks import network_checks
from pcreconcile.partner_center.proxies import VARIABLES
from pcreconcile.partner_center.transport import Reply, Unanswered, open_login_transport, open_transport
from pcreconcile.partner_center.trust import Host, Trust
from tests.environment.proxies import HOST, Asked, Proxy, certificate, proxying

SOURCE = Path(__file__).parents[2] / "src" / "pcreconcile"
URL = f"https://{HOST}"
USER, PASSWORD = "us3r", "s3cr3t&p@ss"
CREDENTIALS = "us3r:s3cr3t%26p%40ss@"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"whole")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def proxy(authority: Path) -> Iterator[Proxy]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with proxying({HOST: ("127.0.0.1", server.server_address[1])}, authority) as running:
            yield running
        server.shutdown()


def addresses(url: str = URL):
    partner = Partner("p", TenantId("x"), Cloud.CUSTOM, Endpoints(url, url, url, url))
    return addresses_of(partner, Trust(hosts=frozenset({Host(HOST)})))


def service(environment: dict[str, str]) -> Reply:
    async def run() -> Reply:
        opened = open_transport(addresses(), Trust(), network_of(environment))
        try:
            return await opened.exchange("GET", f"{URL}/v1", {}, None)
        finally:
            await opened.close()

    return asyncio.run(run())


def login(environment: dict[str, str]) -> Reply:
    opened = open_login_transport(addresses(), network_of(environment))
    try:
        return opened.exchange("GET", f"{URL}/v1", {}, None, None)
    finally:
        opened.close()


CLIENTS = pytest.mark.parametrize("ask", [service, login])
KINDS = [
    ("http://{}", "http", "", ""),
    ("{}", "http", "", ""),
    (f"http://{CREDENTIALS}{{}}", "http", USER, PASSWORD),
    ("socks5://{}", "socks5", "", ""),
    ("socks5h://{}", "socks5", "", ""),
    ("socks://{}/", "socks5", "", ""),
    (f"socks5h://{CREDENTIALS}{{}}", "socks5", USER, PASSWORD),
]


@CLIENTS
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize(("form", "kind", "user", "password"), KINDS)
def test_a_request_goes_by_the_proxy(ask, variable, form, kind, user, password, proxy: Proxy, authority: Path) -> None:
    environment = {variable: form.format(proxy.place), "SSL_CERT_FILE": str(authority)}
    assert ask(environment).body == b"whole"
    assert proxy.asked == [Asked(kind, HOST, 443, user, password)]


@CLIENTS
@pytest.mark.parametrize("form", ["http://{}", "socks5://{}"])
def test_whom_no_proxy_names_goes_directly(ask, form: str, proxy: Proxy, authority: Path) -> None:
    environment = {"ALL_PROXY": form.format(proxy.place), "NO_PROXY": "example", "SSL_CERT_FILE": str(authority)}
    with pytest.raises(Unanswered, match="could not be opened"):
        ask(environment)
    assert proxy.asked == []


@CLIENTS
@pytest.mark.parametrize("form", ["http://{}", "socks5://{}"])
def test_who_looks_into_tls_must_be_believed(ask, form: str, proxy: Proxy) -> None:
    with pytest.raises(Unanswered, match="vouches for the certificate: check SSL_CERT_FILE"):
        ask({"HTTPS_PROXY": form.format(proxy.place)})


REFUSALS = [
    ("http", b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"),
    ("http", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
    ("socks5", b"\x05\x02\x00\x01\0\0\0\0\0\0"),
    ("socks5", b"\x05\x05\x00\x03"),
    ("socks5", b"\x04"),
    ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
]


@CLIENTS
@pytest.mark.parametrize(("scheme", "refusal"), REFUSALS)
def test_a_proxy_that_refuses_is_named_by_its_variables(ask, scheme, refusal, proxy: Proxy, authority: Path) -> None:
    form, proxy.refusal = f"{scheme}://{CREDENTIALS}{{}}", refusal
    with pytest.raises(Unanswered, match="check HTTPS_PROXY, ALL_PROXY and NO_PROXY") as unanswered:
        ask({"HTTPS_PROXY": form.format(proxy.place), "SSL_CERT_FILE": str(authority)})
    assert "s3cr3t" not in str(unanswered.value)


@CLIENTS
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_is_not_there_is_named_by_its_variables(ask, scheme: str, authority: Path) -> None:
    with pytest.raises(Unanswered, match="check HTTPS_PROXY, ALL_PROXY and NO_PROXY"):
        ask({"HTTPS_PROXY": f"{scheme}://127.0.0.1:1", "SSL_CERT_FILE": str(authority)})


@CLIENTS
@pytest.mark.parametrize(
    "environment", [{"HTTPS_PROXY": "http://proxy:port"}, {"ALL_PROXY": "ftp://p:1"}, {"SSL_CERT_FILE": "/no/such"}]
)
def test_what_cannot_be_used_is_said_before_anything_is_sent(ask, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(environment))):
        ask(environment)


AUTHORITIES = certifi.where()

# The environment → level, and words, of doctor's lines; the partner's hosts are Microsoft's or this machine.
LINES = [
    ({}, []),
    (
        {"HTTPS_PROXY": "http://u:s3cr3t@proxy:1"},
        [("ok", "HTTPS_PROXY: http://proxy:1 (with user and password) for")],
    ),
    ({"HTTP_PROXY": "http://proxy:1"}, [("ok", "HTTP_PROXY: http://proxy:1 for no host of this partner")]),
    ({"HTTP_PROXY": "ftp://proxy:21"}, [("warn", "HTTP_PROXY names no proxy")]),
    ({"HTTPS_PROXY": "http://s3cr3t:port"}, [("fail", "HTTPS_PROXY names no proxy")]),
    ({"ALL_PROXY": "socks4://s3cr3t"}, [("fail", "ALL_PROXY names no proxy")]),
    ({"ALL_PROXY": "socks4://s3cr3t", "NO_PROXY": "*"}, [("warn", "ALL_PROXY"), ("ok", "NO_PROXY: no proxy for api")]),
    ({"https_proxy": "a:1", "HTTPS_PROXY": "b:1"}, [("ok", "https_proxy: http://a:1"), ("warn", "https_proxy counts")]),
    ({"NO_PROXY": "10.0.0.0/8,fd00::/8"}, [("ok", "NO_PROXY: no proxy for no host")]),
    ({"NO_PROXY": "<local>"}, [("ok", "NO_PROXY"), ("warn", "the entry <local> exempts nobody")]),
    ({"SSL_CERT_FILE": "/no/such"}, [("fail", "SSL_CERT_FILE names /no/such: No such file")]),
    ({"REQUESTS_CA_BUNDLE": "/no/such"}, [("warn", "REQUESTS_CA_BUNDLE is not read")]),
    ({"CURL_CA_BUNDLE": "/no/such"}, [("warn", "CURL_CA_BUNDLE is not read")]),
    ({"CURL_CA_BUNDLE": ""}, []),
    ({"SSL_CERT_DIR": "/no/such"}, [("fail", "SSL_CERT_DIR names /no/such: No such file")]),
    (
        {"SSL_CERT_FILE": AUTHORITIES, "SSL_CERT_DIR": "/no/such", "REQUESTS_CA_BUNDLE": "/no/such"},
        [
            ("ok", "those of SSL_CERT_FILE are believed, and no others"),
            ("ok", "SSL_CERT_DIR is not read: SSL_CERT_FILE is"),
            ("ok", "REQUESTS_CA_BUNDLE is not read: SSL_CERT_FILE is"),
        ],
    ),
]


@pytest.mark.parametrize(("environment", "lines"), LINES)
def test_doctor_says_what_each_variable_does(environment: dict[str, str], lines: list[tuple[str, str]]) -> None:
    hosts = addresses_of(Partner("p", TenantId("x"), Cloud.COMMERCIAL), Trust()).hosts
    checks = list(network_checks(environment, hosts))
    assert [check.level.value for check in checks] == [level for level, _ in lines]
    assert all(words in check.told for check, (_, words) in zip(checks, lines, strict=True)), checks
    assert "s3cr3t" not in str(checks)
    here = addresses("http://127.0.0.1:8080").hosts
    assert Level.FAIL not in {check.level for check in network_checks(environment, here)}


_MAKERS = {"Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "create_ssl_context", "Proxy"}
_PLAIN = {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream"}


def test_clients_are_made_in_one_place() -> None:
    """Whoever makes one elsewhere leaves the environment to httpx again."""
    made = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "httpx":
                if node.attr in _MAKERS | _PLAIN:
                    made.add((path.name, node.attr))
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"httpx", "requests"}:
                made.add((path.name, f"from {node.module}"))
    assert made == {
        ("transport.py", "AsyncClient"),
        ("network.py", "AsyncHTTPTransport"),
        ("network.py", "Proxy"),
        ("network.py", "create_ssl_context"),
    }
    other = re.compile(r"\b(urlopen|getproxies|proxy_bypass|HTTPSConnection|HTTPConnection|build_opener)\b")
    ours = [path for path in SOURCE.rglob("*.py") if path.parent.name != "simulator"]  # which stands for Microsoft
    found = {path.name for path in ours if other.search(path.read_text("utf-8"))}
    assert found == {"embedded.py"}, "it talks to the simulator's own routes, without proxies"


def test_every_proxy_variable_has_a_line() -> None:
    assert {name.upper() for environment, _ in LINES for name in environment} >= {*VARIABLES, "NO_PROXY"}
