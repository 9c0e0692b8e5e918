"""A login service that repeats what it was sent, in every encoding and place: nothing of it is told or kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from pcreconcile.cli import main
from pcreconcile.partner_center.login_http import LoginHttp
from tests.partner_center.test_encodings_of_secrets import ENCODINGS, is_readable
from tests.partner_center.test_tokens import jwt

SECRET = "aB3~/+=&%Q.x-_9zé"
REFRESH = "0.AR-8/r+fr=sh&tok%en"
TENANT = "9f10aa00-0000-4000-8000-0000000000aa"
PARTNER = """\
apiVersion: pcreconcile/v1
kind: Partner
metadata: {{name: contoso-csp}}
spec:
  tenantId: 9f10aa00-0000-4000-8000-0000000000aa
  cloud: custom
  endpoints: {{partnerCenter: "{url}", login: "{url}", graph: "{url}/graph", management: "{url}/management"}}
  credentials:
    clientId: {{env: PC_CLIENT_ID}}
    clientSecret: {{env: PC_CLIENT_SECRET}}
    refreshToken: {{env: PC_REFRESH_TOKEN}}
"""


def description(echo: str) -> tuple[int, Any]:
    return 401, {"error": "invalid_client", "error_description": f"AADSTS7000215: '{echo}' is wrong"}


def error(echo: str) -> tuple[int, Any]:
    return 400, {"error": echo, "correlation_id": echo, "suberror": echo}


def late(echo: str) -> tuple[int, Any]:
    """So that a cut after 300 or 500 characters goes through it."""
    return 401, {"error": "invalid_client", "error_description": f"{'x' * 292} {echo}"}


def page(echo: str) -> tuple[int, Any]:
    return 502, f"<html><body>{echo}</body></html>"


def redirect(echo: str) -> tuple[int, Any]:
    return 302, f"see {echo}"


def a_token_that_says_it(echo: str) -> tuple[int, Any]:
    claims = {"aud": f"https://{echo}", "upn": echo, "wids": [echo], "tid": TENANT, "exp": 4e9, "amr": ["mfa"]}
    return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": jwt(**claims), "refresh_token": "next-one"}


ANSWERS = (description, error, late, page, redirect, a_token_that_says_it)


class Handler(BaseHTTPRequestHandler):
    """Login and Partner Center in one; each answers with what it was given."""

    answer: ClassVar[Any] = description
    encode: ClassVar[Any] = str

    def _give(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = parse_qs(body)
        echo = self.encode(" ".join(form.get(name, [""])[0] for name in ("client_secret", "refresh_token")).strip())
        if "oauth2" in self.path:
            status, content = type(self).answer(echo)
        else:
            bearer = self.encode((self.headers.get("Authorization") or "").removeprefix("Bearer "))
            status, content = 403, {"code": 900329, "description": f"no: {bearer} {self.encode(SECRET)}"}
        data = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        plain = re.sub(r"[^!-~]", "", echo)
        self.send_header("Location", f"http://127.0.0.1:9/?secret={plain}")
        self.send_header("WWW-Authenticate", f"Basic realm={plain}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = _give

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LoginHttp.__init__, "__defaults__", (None, lambda _seconds: None))
    for name, value in {
        "PC_CLIENT_ID": "9f10aa00-0000-4000-8000-0000000000c1",
        "PC_CLIENT_SECRET": SECRET,
        "PC_REFRESH_TOKEN": REFRESH,
    }.items():
        monkeypatch.setenv(name, value)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "manifests" / "customers").mkdir(parents=True)
        text = PARTNER.format(url=f"http://127.0.0.1:{server.server_address[1]}")
        (tmp_path / "manifests" / "partner.yaml").write_text(text)
        (tmp_path / "manifests" / "customers" / "a.yaml").write_text(
            "apiVersion: pcreconcile/v1\nkind: Customer\nmetadata: {name: a}\n"
            "spec: {tenantId: 6b2e0b0c-0000-4000-8000-000000000011, domain: a.example, relationship: active}\n"
        )
        yield
        server.shutdown()


# Each encoding where texts are shown, and each place in the encodings that differ most.
PAIRS = [
    *((encode, description) for encode in ENCODINGS),
    *((encode, answer) for encode in ("raw", "percent", "JSON, slashes escaped", "Basic") for answer in ANSWERS[1:]),
]


@pytest.mark.parametrize(("encoding", "answer"), PAIRS)
def test_no_secret_comes_back(
    encoding: str, answer: Any, hostile: None, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    encode = ENCODINGS[encoding]
    monkeypatch.setattr(Handler, "encode", staticmethod(encode))
    monkeypatch.setattr(Handler, "answer", staticmethod(answer))
    codes = [main(words) for words in (["doctor"], ["apply", "--json", "--auto-approve"])]
    told = "".join(capfd.readouterr())
    kept = [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert codes[0] == 1
    for text in (told, *kept):
        for secret in (SECRET, REFRESH):
            assert encode(secret) not in text
            assert not is_readable(text, secret)
