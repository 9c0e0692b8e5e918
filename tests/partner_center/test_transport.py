"""The transport over a real socket: what is a whole answer, and where requests never go."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Endpoints, Partner
from pcreconcile.partner_center import transport
from pcreconcile.partner_center.endpoints import Addresses, addresses_of
from pcreconcile.partner_center.network import network_of
from pcreconcile.partner_center.transport import Reply, Unanswered, open_login_transport, open_transport
from pcreconcile.partner_center.trust import Trust


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = gzip.compress(b"x" * 5000) if self.path in {"/gzip", "/bomb"} else b"whole"
        self.send_response(302 if self.path == "/redirect" else 200)
        self.send_header("Content-Length", str(len(body) + (50 if self.path == "/cut" else 0)))
        self.send_header("Location", "/elsewhere")
        if self.path in {"/gzip", "/bomb"}:
            self.send_header("Content-Encoding", "gzip")
        if self.path == "/nonsense":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path == "/cut"

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def at(server: str) -> Addresses:
    return addresses_of(Partner("p", TenantId("x"), Cloud.CUSTOM, Endpoints(server, server, server, server)), Trust())


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def get(server: str, path: str) -> Reply:
    async def run() -> Reply:
        opened = open_transport(at(server), Trust(), network_of(os.environ))
        try:
            return await opened.exchange("GET", server + path, {"X-One": "1"}, None)
        finally:
            await opened.close()

    return asyncio.run(run())


def login(server: str, path: str) -> Reply:
    opened = open_login_transport(at(server), network_of(os.environ))
    try:
        return opened.exchange("POST", server + path, {}, {"a": "b"}, None)
    finally:
        opened.close()


@pytest.mark.parametrize("ask", [get, login])
def test_redirects_are_answers_and_not_followed(server: str, ask: object) -> None:
    assert ask(server, "/redirect").status == 302  # type: ignore[operator]
    assert Handler.asked == ["/redirect"]


@pytest.mark.parametrize("ask", [get, login])
@pytest.mark.parametrize(
    ("path", "problem"), [("/cut", "lost before the answer ended"), ("/nonsense", "cannot be decompressed")]
)
def test_half_an_answer_is_none(server: str, path: str, problem: str, ask: object) -> None:
    with pytest.raises(Unanswered, match=problem):
        ask(server, path)  # type: ignore[operator]


def test_an_answer_is_bounded_after_decompression(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(get(server, "/gzip").body) == 5000
    monkeypatch.setattr(transport, "_BODY_LIMIT", 4000)
    monkeypatch.setattr(transport, "_LOGIN_BODY_LIMIT", 4000)
    for ask in (get, login):
        with pytest.raises(Unanswered, match="large"):
            ask(server, "/bomb")


@pytest.mark.parametrize("ask", [get, login])
def test_proxies_of_the_environment_do_not_count_for_this_machine(
    server: str, ask: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert ask(server, "/").body == b"whole"  # type: ignore[operator]


@pytest.mark.parametrize("ask", [get, login])
def test_nobody_listens(ask: object) -> None:
    with pytest.raises(Unanswered, match="could not be opened"):
        ask("http://127.0.0.1:1", "/")  # type: ignore[operator]


def test_an_address_that_is_none(server: str) -> None:
    with pytest.raises(Unanswered, match="cannot be requested"):
        get(server, "/a\x00b")
