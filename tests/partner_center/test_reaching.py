"""Each layer on the way to a host told apart: name, connection, proxy, HTTP."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Partner
from pcreconcile.partner_center.check import Check, Level
from pcreconcile.partner_center.endpoints import addresses_of
from pcreconcile.partner_center.network import network_of
from pcreconcile.partner_center.reaching import Place, Reaching
from pcreconcile.partner_center.transport import open_transport
from pcreconcile.partner_center.trust import Trust
from tests.partner_center.bench import PARTNER

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503 if "broken" in self.path else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_CONNECT(self) -> None:
        self.send_error(502)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def looked(url: str, path: str = "", level: Level = Level.FAIL) -> tuple[list[Check], Reaching]:
    async def story() -> tuple[list[Check], Reaching]:
        addresses = addresses_of(Partner("p", TenantId(PARTNER), Cloud.COMMERCIAL), Trust())
        network = network_of(os.environ)
        transport = open_transport(addresses, Trust(), network)
        reaching = Reaching(Place("host", url, path, level), transport, network, lambda: NOW)
        try:
            return [check async for check in reaching.checks()], reaching
        finally:
            await transport.close()

    return asyncio.run(story())


def test_layers_of_a_host_that_answers(port: int) -> None:
    checks, reaching = looked(f"http://127.0.0.1:{port}", "/")
    assert [(check.name, check.level.value) for check in checks] == [
        ("host DNS", "ok"),
        ("host TCP", "ok"),
        ("host HTTP", "ok"),
    ]
    assert reaching.reached
    assert reaching.sighting is not None
    assert reaching.sighting.ours == NOW


def test_a_host_that_answers_badly_is_reached(port: int) -> None:
    checks, reaching = looked(f"http://127.0.0.1:{port}", "/broken")
    assert (checks[-1].level, checks[-1].told) == (Level.WARN, "it answers with HTTP 503")
    assert reaching.reached


@pytest.mark.parametrize("level", [Level.FAIL, Level.WARN])
def test_a_name_that_nobody_knows(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    checks, reaching = looked("https://nowhere.invalid", level=level)
    assert [(check.name, check.level) for check in checks] == [("host DNS", level)]
    assert "nowhere.invalid: Name or service not known" in checks[0].told
    assert not reaching.reached


def test_a_closed_port() -> None:
    checks, _ = looked("http://127.0.0.1:1")
    assert [check.name for check in checks if check.level is Level.FAIL] == ["host TCP"]


def test_a_proxy_of_the_environment_is_looked_at_instead(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cr3t@127.0.0.1:{port}")
    checks, reaching = looked("https://nowhere.invalid", "/")
    assert [(check.name, check.level.value) for check in checks] == [
        ("host DNS", "ok"),
        ("host TCP", "ok"),
        ("host HTTP", "fail"),
    ]
    assert "the proxy of HTTPS_PROXY" in checks[0].told
    assert "s3cr3t" not in str(checks)
    assert not reaching.reached
