"""A proxy of the tests, for HTTP CONNECT and SOCKS 5 on one port, behind which each host is a server with TLS."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST, LOGIN = "partner.example", "login.example"  # of no network: only the proxy can reach them


class Asked(NamedTuple):
    """What a client asked of the proxy: `kind` is http or socks5."""

    kind: str
    host: str
    port: int
    user: str = ""
    password: str = ""


def certificate(folder: Path) -> Path:
    """A file with the key and the certificate of both hosts, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=2))
        .not_valid_after(today + timedelta(days=400))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST), x509.DNSName(LOGIN)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "authority.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


class Proxy(ThreadingTCPServer):
    """`asked` is what came so far; `upstreams` are the servers behind it by host; `refusal` is answered instead."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, upstreams: Mapping[str, tuple[str, int]], authority: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstreams = upstreams
        self.asked: list[Asked] = []
        self.refusal = b""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority)

    @property
    def place(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Connection(BaseRequestHandler):
    server: Proxy
    request: socket.socket

    def handle(self) -> None:
        stream = self.request.makefile("rb", buffering=0)
        first = stream.read(1)
        asked = _socks(self.request, stream.read(1)) if first == b"\x05" else _connect(first + _head(stream))
        self.server.asked.append(asked)
        if self.server.refusal:
            return self.request.sendall(self.server.refusal)
        granted = b"\x05\x00\x00\x01\0\0\0\0\0\0" if asked.kind == "socks5" else b"HTTP/1.1 200 OK\r\n\r\n"
        self.request.sendall(granted)
        with suppress(OSError):
            self._relay(self.server.upstreams[asked.host])
        return None

    def _relay(self, upstream: tuple[str, int]) -> None:
        inside = self.server.context.wrap_socket(self.request, server_side=True)
        with inside, socket.create_connection(upstream) as outside:
            back = threading.Thread(target=_pump, args=(outside, inside), daemon=True)
            back.start()
            _pump(inside, outside)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _head(stream: object) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.read(1)  # type: ignore[attr-defined]
    return head


def _connect(head: bytes) -> Asked:
    line, *fields = head.decode().split("\r\n")
    host, _, port = line.split()[1].rpartition(":")
    given = [field.split(" ", 2)[2] for field in fields if field.lower().startswith("proxy-authorization: basic ")]
    user, _, password = base64.b64decode(given[0]).decode().partition(":") if given else ("", "", "")
    return Asked("http", host, int(port), user, password)


def _socks(connection: socket.socket, methods: bytes) -> Asked:
    offered = connection.recv(methods[0])
    user = password = ""
    if b"\x02" in offered:
        connection.sendall(b"\x05\x02")
        user = connection.recv(connection.recv(2)[1]).decode()
        password = connection.recv(connection.recv(1)[0]).decode()
        connection.sendall(b"\x01\x00")
    else:
        connection.sendall(b"\x05\x00")
    *_, length = connection.recv(5)
    return Asked("socks5", connection.recv(length).decode(), int.from_bytes(connection.recv(2)), user, password)


@contextmanager
def proxying(upstreams: Mapping[str, tuple[str, int]], authority: Path) -> Iterator[Proxy]:
    """A running proxy."""
    with Proxy(upstreams, authority) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy
        proxy.shutdown()
