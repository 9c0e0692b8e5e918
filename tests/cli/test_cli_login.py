"""`login` against a login service over a socket: the code, the wait, who signed in, and what is kept of it."""

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from pcreconcile.cli import main
from pcreconcile.partner_center import device_login
from pcreconcile.partner_center.login_http import LoginHttp
from tests.partner_center.bench import MovedClock

pytestmark = pytest.mark.filterwarnings("ignore:Attempted too soon")  # the waits take no time here

TENANT = "9f10aa00-0000-4000-8000-0000000000aa"
OTHER = "9f10aa00-0000-4000-8000-0000000000ff"
REFRESH = "d3v1c3-flow-refresh-token"
PARTNER = """\
apiVersion: pcreconcile/v1
kind: Partner
metadata: {{name: contoso-csp}}
spec:
  tenantId: 9f10aa00-0000-4000-8000-0000000000aa
  cloud: custom
  endpoints: {{partnerCenter: {url}, login: {url}, graph: {url}, management: {url}}}
  credentials: {{clientId: {{env: PC_CLIENT_ID}}, clientSecret: {{env: PC_CLIENT_SECRET}}}}
"""


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt(**claims):
    return f"{part({'alg': 'none'})}.{part(claims)}.signature"


def granted(**claims):
    token = jwt(**{"tid": TENANT, "upn": "jo@contoso.example", "amr": ["pwd", "mfa"], **claims})
    return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token, "refresh_token": REFRESH}


def refused(error, text=""):
    return 400, {"error": error, "error_description": text}


PENDING = refused("authorization_pending", "AADSTS70016: pending")
CODE = (
    200,
    {
        "device_code": "d3v1c3",
        "user_code": "GQ7X-PL2M",
        "verification_uri": "https://login.example/device",
        "expires_in": 900,
        "interval": 5,
    },
)


class Entra(BaseHTTPRequestHandler):
    """Answers by the last word of the path, the last answer for good."""

    def do_POST(self):
        form = {
            name: values[0]
            for name, values in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
        }
        word = self.path.rpartition("/")[2]
        self.server.asked.append((self.path, form))
        answers = self.server.answers[word]
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def entra():
    with ThreadingHTTPServer(("127.0.0.1", 0), Entra) as server:
        server.asked, server.answers = [], {"devicecode": [CODE], "token": [PENDING, granted()]}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()


@pytest.fixture
def login(entra, tmp_path, monkeypatch, capsys):
    """Runs `login`; gives its exit code, stdout and stderr. Time passes only by waiting."""
    clock = MovedClock()
    monkeypatch.setattr(device_login, "Timing", lambda: clock.timing)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "partner.yaml").write_text(PARTNER.format(url=entra.url))
    for name, value in {
        "PC_CLIENT_ID": "an-application",
        "PCRECONCILE_TOKEN_CACHE": "file",
        "XDG_STATE_HOME": str(tmp_path / "private"),
    }.items():
        monkeypatch.setenv(name, value)

    def call(*arguments):
        code = main(["login", *arguments])
        said = capsys.readouterr()
        assert REFRESH not in said.out + said.err
        return code, said.out, said.err

    call.clock = clock
    return call


def kept(folder):
    return [path for path in (folder / "private").rglob("*") if path.is_file()]


def test_a_person_signs_in(login, entra, tmp_path):
    code, told, errors = login()
    assert (code, errors) == (0, "")
    assert "Open https://login.example/device and type the code GQ7X-PL2M (valid for 15 min)" in told
    assert "signed in      jo@contoso.example" in told
    assert f"tenant         {TENANT}" in told
    assert re.search(r"token expires  \d{4}-\d\d-\d\d \d\d:\d\d UTC", told)
    assert "MFA claim      yes" in told
    (file,) = kept(tmp_path)
    assert json.loads(file.read_text())["refreshToken"] == REFRESH
    assert file.stat().st_mode & 0o777 == 0o600
    assert login.clock.slept == [5.0, 5.0]
    asked = [(path.partition(TENANT)[2], sorted(form)) for path, form in entra.asked]
    assert [path for path, _ in asked] == ["/oauth2/v2.0/devicecode", *["/oauth2/v2.0/token"] * 2]
    assert not any("client_secret" in form for _, form in entra.asked)  # a public client has none
    assert "https://api.partnercenter.microsoft.com/.default" in entra.asked[0][1]["scope"]


def test_a_token_that_says_nothing_is_kept_and_told_as_that(login, entra, tmp_path):
    answer = granted()[1] | {"access_token": "opaque"}
    entra.answers["token"] = [(200, answer)]
    code, told, _ = login()
    assert (code, len(kept(tmp_path))) == (0, 1)
    assert "MFA claim      the token does not say" in told


def test_it_asks_less_often_when_told_so(login, entra):
    entra.answers["token"] = [refused("slow_down"), PENDING, granted()]
    assert login()[0] == 0
    assert login.clock.slept == [5.0, 10.0, 10.0]


REFUSED = {
    "declined": ([refused("authorization_declined")], "the sign-in was declined", "pcreconcile login"),
    "expired": ([PENDING, refused("expired_token")], "the code expired", "pcreconcile login"),
    "another tenant": ([granted(tid=OTHER)], f"somebody of tenant {OTHER} signed in", "correct tenantId"),
    "no multi-factor": ([granted(amr=["pwd"])], "without multi-factor authentication", "nothing was kept"),
    "no public client": (
        [refused("invalid_client", "AADSTS7000218: The request body must contain …")],
        "AADSTS7000218",
        "Allow public client flows",
    ),
    "no consent": ([refused("invalid_grant", "AADSTS65001: not consented")], "AADSTS65001", "grant admin consent"),
    "no refresh token": ([(200, {"access_token": "x", "expires_in": 1})], "no refresh token", ""),
    "nonsense": ([(200, [])], "gave no usable answer", ""),
}


@pytest.mark.parametrize(("answers", "told", "remedy"), REFUSED.values(), ids=REFUSED)
def test_a_sign_in_that_does_not_count(answers, told, remedy, login, entra, tmp_path, monkeypatch):
    monkeypatch.setattr(LoginHttp.__init__, "__defaults__", (None, lambda _seconds: None))
    entra.answers["token"] = answers
    code, _, errors = login()
    assert code == 1
    assert told in errors
    assert remedy in errors
    assert "Traceback" not in errors
    assert kept(tmp_path) == []


def test_the_wait_has_a_bound(login, entra):
    entra.answers["token"] = [PENDING]
    code, told, errors = login("--timeout", "1m")
    assert (code, "valid for 1 min" in told) == (1, True)
    assert "the code expired before anybody signed in" in errors
    assert sum(login.clock.slept) <= 60


def test_a_device_code_that_is_refused(login, entra):
    entra.answers["devicecode"] = [refused("unauthorized_client", "AADSTS700016: Application not found")]
    code, told, errors = login()
    assert (code, told) == (1, "")
    assert "check credentials.clientId and tenantId" in errors


def test_without_a_place_for_the_token_nothing_is_asked(login, entra, monkeypatch):
    monkeypatch.delenv("PCRECONCILE_TOKEN_CACHE")
    code, _, errors = login()
    assert (code, entra.asked) == (1, [])
    assert "PCRECONCILE_TOKEN_CACHE=file" in errors


def test_the_simulator_needs_no_sign_in(partner_folder, monkeypatch, capsys):
    monkeypatch.chdir(partner_folder)
    assert main(["login"]) == 1
    assert "nothing to sign in to" in capsys.readouterr().err
