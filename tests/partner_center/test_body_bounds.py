"""What an answer's body may be: one coding, a bounded size, its own end, and a JSON text that a service writes."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from pcreconcile.model.errors import NoAnswer
from pcreconcile.partner_center import transport
from pcreconcile.partner_center.bodies import Body, UnusableBody
from pcreconcile.partner_center.network import network_of
from pcreconcile.partner_center.transport import Reply, Unanswered
from pcreconcile.partner_center.trust import Trust
from pcreconcile.partner_center.wire import Members, NotJson, UnexpectedShape, decode_json
from tests.partner_center.bench import Bench, in_turn, reply
from tests.partner_center.test_transport import at, get, login

TEXT = b'{"items": []}'
PACKED = gzip.compress(TEXT)
BOMB = gzip.compress(b"0" * (100 << 20))
TWICE = gzip.compress(BOMB)  # some kB that become 100 MB
LIMIT = 1 << 20

# Content-Encoding, body, and what becomes of it: the text, or the words of the failure.
CODINGS: dict[str, tuple[tuple[str, ...], bytes, bytes | str]] = {
    "none": ((), TEXT, TEXT),
    "identity": (("identity",), TEXT, TEXT),
    "gzip": (("gzip",), PACKED, TEXT),
    "GZIP": (("GZIP",), PACKED, TEXT),
    "x-gzip": (("x-gzip",), PACKED, TEXT),
    "gzip of nothing at all": (("gzip",), b"", b""),
    "gzip twice": (("gzip", "gzip"), TWICE, "more than once"),
    "gzip and deflate": (("deflate", "gzip"), PACKED, "more than once"),
    "gzip in gzip": (("gzip",), TWICE, gzip.decompress(TWICE)),
    "a bomb": (("gzip",), BOMB, "larger than"),
    "deflate": (("deflate",), zlib.compress(TEXT), "not asked for"),
    "br": (("br",), b"\x0b\x06\x80", "not asked for"),
    "zstd": (("zstd",), TEXT, "not asked for"),
    "a coding nobody knows": (("x-mine",), TEXT, "not asked for"),
    "not gzip at all": (("gzip",), TEXT, "cannot be decompressed"),
    "gzip that is cut": (("gzip",), PACKED[:-9], "cut"),
    "gzip with something behind it": (("gzip",), PACKED + b"x", "follows its end"),
    "two gzips behind each other": (("gzip",), PACKED * 2, "follows its end"),
    "gzip with a wrong checksum": (("gzip",), PACKED[:-8] + b"\0" * 8, "cannot be decompressed"),
    "plain and too large": ((), b"0" * (LIMIT + 1), "larger than"),
    "gzip without end or content": (("gzip",), PACKED[:10] + b"\0\0\0\xff\xff" * 300_000, "larger than"),
}


@pytest.mark.parametrize("size", [7, 65_536, 1 << 30], ids=["drops", "chunks", "at once"])
@pytest.mark.parametrize(("codings", "sent", "expected"), CODINGS.values(), ids=CODINGS)
def test_one_coding_and_a_bounded_size(codings: tuple[str, ...], sent: bytes, expected: bytes | str, size: int) -> None:
    def whole() -> bytes:
        body = Body(codings, LIMIT)
        for start in range(0, len(sent), size):
            body.take(sent[start : start + size])
        return body.whole()

    if size == 7 and len(sent) > 1 << 16:
        pytest.skip("the same in larger pieces")
    if isinstance(expected, bytes):
        assert whole() == expected
        return
    tracemalloc.start()
    try:
        with pytest.raises(UnusableBody, match=expected):
            whole()
        assert tracemalloc.get_traced_memory()[1] < 8 * LIMIT
    finally:
        tracemalloc.stop()


class Handler(BaseHTTPRequestHandler):
    """Answers with raw bytes, by path."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict[str, bytes]] = {}
    seen: ClassVar[list[dict[str, str]]] = []
    drip: ClassVar[threading.Event]

    def do_GET(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.close_connection = True
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
            self.drip.wait(300)
        elif self.path == "/drip-headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: b\r\n")
            self.drip.wait(300)
        else:
            self.wfile.write(self.answers[self.path])

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def raw(*headers: str, body: bytes = TEXT, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen, Handler.drip = [], threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        Handler.drip.set()
        listening.shutdown()


Ask = Callable[[str, str], Reply]
BOTH = pytest.mark.parametrize("ask", [get, login])

# The same bounds for the services and for the login service.
UNANSWERED: dict[str, tuple[bytes, str]] = {
    "packed twice": (raw("Content-Encoding: gzip, gzip", body=TWICE), "more than once"),
    "packed twice, in two headers": (raw("Content-Encoding: gzip", "Content-Encoding: gzip", body=TWICE), "than once"),
    "a coding nobody asked for": (raw("Content-Encoding: br"), "not asked for"),
    "a bomb": (raw("Content-Encoding: gzip", body=BOMB), "larger than"),
    "shorter than it says": (raw(length=500), "lost before the answer ended"),
    "two lengths": (raw("Content-Length: 1"), "lost before the answer ended"),
    "no HTTP": (b"hello\r\n\r\n", "lost before the answer ended"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200_000, "lost"),
}


@BOTH
@pytest.mark.parametrize(("answer", "problem"), UNANSWERED.values(), ids=UNANSWERED)
def test_no_whole_answer(server: str, ask: Ask, answer: bytes, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_BODY_LIMIT", LIMIT)
    Handler.answers = {"/": answer}
    with pytest.raises(Unanswered, match=problem):
        ask(server, "/")


@BOTH
@pytest.mark.parametrize("path", ["/drip", "/drip-headers"])
def test_an_answer_that_does_not_end_is_given_up(
    server: str, ask: Ask, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_WHOLE_ANSWER", 0.3)
    with pytest.raises(Unanswered, match="did not end in time"):
        ask(server, path)


@BOTH
def test_a_usual_packed_answer_is_read_and_one_coding_is_asked_for(server: str, ask: Ask) -> None:
    Handler.answers = {"/": raw("Content-Encoding: gzip", body=PACKED)}
    assert ask(server, "/").body == TEXT
    assert Handler.seen[0]["accept-encoding"] == "gzip"


def test_no_cookie_is_ever_sent_back(server: str) -> None:
    Handler.answers = {"/": raw(*(f"Set-Cookie: c{number}={'x' * 900}; Path=/" for number in range(40)))}

    async def story() -> None:
        opened = transport.open_transport(at(server), Trust(), network_of(os.environ))
        for _ in range(3):
            await opened.exchange("GET", server + "/", {}, None)
        await opened.close()

    asyncio.run(story())
    assert len(Handler.seen) == 3
    assert not any("cookie" in headers for headers in Handler.seen)


UNUSABLE: dict[str, bytes] = {
    "a member twice": b'{"id": 1, "id": 1}',
    "a member twice, deep within": b'{"items": [{"a": {"b": 1, "b": 2}}]}',
    "nested arrays": b"[" * 40 + b"]" * 40,
    "arrays without end": b"[" * 500_000,
    "nested objects": b'{"a":' * 40 + b"1" + b"}" * 40,
    "thousands of levels": b'{"a":[' * 20_000 + b"]}" * 20_000,
    "an integer of 5,000 digits": b'{"quantity": ' + b"9" * 5000 + b"}",
    "an integer of 50 digits": b'{"quantity": ' + b"9" * 50 + b"}",
    "a fraction of 5,000 digits": b'{"price": 0.' + b"3" * 5000 + b"}",
    "an exponent beyond all": b'{"price": 1e999999999}',
    "NaN": b'{"quantity": NaN}',
    "Infinity": b'{"quantity": -Infinity}',
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbf{}",
    "cut": b'{"items": [',
    "two texts": b"{}{}",
    "a page for people": b"<html>",
}
USABLE: dict[str, tuple[bytes, Any]] = {
    "a byte order mark": (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    "half a surrogate pair": (rb'{"a": "\ud800"}', {"a": "\ud800"}),
    "the deepest that is allowed": (b"[" * 33 + b"]" * 33, None),
    "the same name in two objects": (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
    "the largest number": (b'{"a": 9007199254740992}', {"a": 2**53}),
}


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE)
def test_what_no_service_writes_is_no_answer(body: bytes) -> None:
    with pytest.raises(NotJson):
        decode_json(body)
    bench = Bench(in_turn(*[reply(body)] * 9))
    with pytest.raises(NoAnswer):
        asyncio.run(bench.session.read("/v1/customers"))  # type: ignore[arg-type]


@pytest.mark.parametrize(("body", "value"), USABLE.values(), ids=USABLE)
def test_what_a_service_may_write_is_read(body: bytes, value: Any) -> None:
    found = decode_json(body)
    assert value is None or found == value


@pytest.mark.parametrize("written", ["-5", "1.5", "1e99", '"5"', "true", "null", "[]", "{}", "1000000001", '""'])
def test_a_quantity_that_is_none(written: str) -> None:
    with pytest.raises(UnexpectedShape):
        Members(json.loads(f'{{"quantity": {written}}}'), "row").quantity("quantity")
    with pytest.raises(UnexpectedShape):
        Members(decode_json(f'{{"quantity": {written}}}'.encode()), "row").quantity("quantity")


@pytest.mark.parametrize(("written", "quantity"), [("0", 0), ("5", 5), ("5.0", 5), ("1000000000", 10**9)])
def test_a_quantity(written: str, quantity: int) -> None:
    assert Members(decode_json(f'{{"quantity": {written}}}'.encode()), "row").quantity("quantity") == quantity
