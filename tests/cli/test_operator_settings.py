"""Operator settings: one table, and what a Partner document may not do without them; nothing leaves before that."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import click
import httpx
import pytest
import yaml

from pcreconcile.applying import open_store
from pcreconcile.cli import main, operator_settings, running
from pcreconcile.cli.operator_settings import SETTINGS
from pcreconcile.cli.program import COMMANDS
from pcreconcile.model.errors import ConfigurationError
from pcreconcile.partner_center.transport import is_read
from pcreconcile.partner_center.trust import Host, Trust
from pcreconcile.partner_center.workload_identity import defined_variables
from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SimulatorSettings, run_in_thread
from tests.partner_center.test_certificates import KEY, OURS, pem

ROOT = Path(__file__).parents[2]
TENANT = "9f10aa00-0000-4000-8000-0000000000aa"
OTHER = "9f10aa00-0000-4000-8000-0000000000ab"
NAMES = {setting.name for setting in SETTINGS}
_OWN = re.compile(r"PCRECONCILE_[A-Z][A-Z_]*")


def option_variables() -> set[str]:
    """The variables of all options of all commands."""
    commands = [import_module(f"pcreconcile.cli.commands.{name}").command for name in COMMANDS]
    todo, found = list(commands), set()
    for command in todo:
        todo += command.commands.values() if isinstance(command, click.Group) else []
        found |= {str(param.envvar) for param in command.params if param.envvar}
    return found


def test_every_variable_that_the_code_reads_has_a_row_or_is_an_options() -> None:
    files = list((ROOT / "src" / "pcreconcile").rglob("*.py"))
    read = {name.rstrip("_") for path in files for name in _OWN.findall(path.read_text("utf-8"))}
    assert read - option_variables() == NAMES


def test_no_option_takes_the_variable_of_a_setting() -> None:
    assert option_variables() & NAMES == set()


def test_the_page_holds_the_table() -> None:
    page = (ROOT / "docs" / "operator-settings.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one.name}` | {one.meaning} | {one.form} | {one.default} |" for one in SETTINGS]


READ: list[tuple[str, str, Any]] = [
    ("PCRECONCILE_ALLOW_HOSTS", "", frozenset()),
    (
        "PCRECONCILE_ALLOW_HOSTS",
        "Proxy.Example:8443 , b.example,, [::2]:1,10.0.0.1",
        frozenset({Host("proxy.example", 8443), Host("b.example"), Host("::2", 1), Host("10.0.0.1")}),
    ),
    ("PCRECONCILE_ALLOW_ENV", "AWS_ID, lower", frozenset({"AWS_ID", "lower"})),
    ("PCRECONCILE_SECRETS", "/run/secrets", Path("/run/secrets")),
    ("PCRECONCILE_SECRETS", "", None),
    ("PCRECONCILE_TENANT", f"{TENANT.upper()},{OTHER}", frozenset({TENANT, OTHER})),
    ("PCRECONCILE_READ_ONLY", "", False),
    ("PCRECONCILE_READ_ONLY", "no", False),
    ("PCRECONCILE_READ_ONLY", "TRUE", True),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_what_is_read(name: str, text: str, value: Any) -> None:
    setting = next(one for one in SETTINGS if one.name == name)
    assert setting.read(text) == value


MALFORMED = {
    "PCRECONCILE_ALLOW_HOSTS": [
        "https://m4lformed.example",
        "*.m4lformed",
        "a.example/m4lformed",
        "m4lformed:0",
        "m4lformed:70000",
        "ok.example m4lformed",
        "m4lformed_x",
    ],
    "PCRECONCILE_ALLOW_ENV": [
        "M4LFORMED*",
        "m4lformed-x",
        "PCRECONCILE_DATABASE",
        "ok,PCRECONCILE_JOURNAL_KEY",
        "pcreconcile_database",
    ],
    "PCRECONCILE_SECRETS": ["m4lformed", "./m4lformed", "~/m4lformed"],
    "PCRECONCILE_TENANT": ["m4lformed", f"{TENANT},contoso.m4lformed"],
    "PCRECONCILE_READ_ONLY": ["m4lformed", "2"],
    "PCRECONCILE_TOKEN_CACHE": ["m4lformed"],
}
# What these hold is judged where it is used: by the clock, the store and who reads authors.
ANY_TEXT = {
    "PCRECONCILE_HOLD",
    "PCRECONCILE_JOURNAL_KEY",
    "PCRECONCILE_DATABASE",
    "PCRECONCILE_HOME",
    "PCRECONCILE_NOW",
    "PCRECONCILE_PULL_REQUEST_AUTHORS",
}
LISTS = {
    "PCRECONCILE_ALLOW_HOSTS",
    "PCRECONCILE_ALLOW_ENV",
    "PCRECONCILE_TENANT",
    "PCRECONCILE_PULL_REQUEST_AUTHORS",
}
BLANKS = [" ", "\t", " \n ", "\u00a0"]
EMPTY_LISTS = [",", ",,", " , ,\t"]
SET_TO_NOTHING = [(name, text) for name in sorted(NAMES) for text in (*BLANKS, *(EMPTY_LISTS if name in LISTS else ()))]


def test_every_list_is_one() -> None:
    assert {setting.name for setting in SETTINGS if "separated by commas" in setting.form} == LISTS


@pytest.mark.parametrize(("name", "text"), SET_TO_NOTHING)
def test_what_is_set_to_nothing_is_malformed(name: str, text: str) -> None:
    """A variable of the pipeline that was misspelt would otherwise switch a guard off."""
    with pytest.raises(ConfigurationError, match=f"^{name}: set and .*: expected .*, or unset it$"):
        operator_settings.read({name: text})


@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_text_at_all_is_not_set(name: str) -> None:
    assert operator_settings.read({name: ""}) == operator_settings.read({})


def test_every_setting_has_malformed_rows() -> None:
    assert MALFORMED.keys() | ANY_TEXT == NAMES


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in MALFORMED.items() for text in texts])
def test_what_is_malformed_is_named_and_not_quoted(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        operator_settings.read({name: text})
    assert str(caught.value).startswith(f"{name}: ")
    assert "m4lformed" not in str(caught.value).lower()


def test_all_malformed_settings_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        operator_settings.read({"PCRECONCILE_READ_ONLY": "x", "PCRECONCILE_TENANT": "y"})
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "PCRECONCILE_TENANT",
        "PCRECONCILE_READ_ONLY",
    ]


def test_the_value_shows_no_secret() -> None:
    read = operator_settings.read({"PCRECONCILE_JOURNAL_KEY": "s3cr3t", "PCRECONCILE_DATABASE": "postgresql://s3cr3t"})
    assert "s3cr3t" not in repr(read)
    shown = dict(operator_settings.in_force({"PCRECONCILE_JOURNAL_KEY": "s3cr3t", "PCRECONCILE_HOLD": " audit "}))
    assert {one.name: text for one, text in shown.items()} == {
        "PCRECONCILE_JOURNAL_KEY": "set; its value is not shown",
        "PCRECONCILE_HOLD": "audit",
    }


class Listening(BaseHTTPRequestHandler):
    """Somebody on this machine who writes down who asks."""

    asked: list[str]

    def _note(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        self.send_error(500)

    do_GET = do_POST = do_PATCH = _note

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (Listening,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@pytest.fixture
def names_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of other machines that anything wanted to reach; none is."""
    asked: list[str] = []
    resolve, connect = socket.getaddrinfo, socket.socket.connect

    def is_here(host: Any) -> bool:
        return str(host).startswith("127.") or host in {None, "localhost", "::1", ""}

    def resolving(host: Any, *rest: Any, **named: Any) -> Any:
        if is_here(host.decode() if isinstance(host, bytes) else host):
            return resolve(host, *rest, **named)
        asked.append(str(host))
        raise socket.gaierror(-2, "no other machine is to be reached")

    def connecting(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and not is_here(address[0]):
            asked.append(str(address))
            raise OSError(101, "no other machine is to be reached")
        return connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    monkeypatch.setattr(socket.socket, "connect", connecting)
    return asked


class Desk:
    """A checkout with a Partner document, a folder for secrets beside it, and commands run in the checkout."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.top = folder / "checkout"
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        self.top.mkdir()
        shutil.copytree(ROOT / "manifests", self.top / "manifests")
        subprocess.run(["git", "init", "--quiet", self.top], check=True)
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(self.top)
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)

    def partner(self, url: str, **spec: Any) -> None:
        ends = {"partnerCenter": url, "login": url, "graph": f"{url}/graph", "management": f"{url}/management"}
        credentials = {
            "clientId": {"env": "PC_CLIENT_ID"},
            "clientSecret": {"env": "PC_CLIENT_SECRET"},
            "refreshToken": {"env": "PC_REFRESH_TOKEN"},
        }
        whole = {"tenantId": TENANT, "cloud": "custom", "endpoints": ends, "credentials": credentials, **spec}
        document = {
            "apiVersion": "pcreconcile/v1",
            "kind": "Partner",
            "metadata": {"name": "contoso-csp"},
            "spec": whole,
        }
        (self.top / "manifests" / "partner.yaml").write_text(yaml.safe_dump(document))

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)

    def __call__(self, *arguments: str) -> tuple[int, str]:
        code = main(arguments)
        told = self._capsys.readouterr()
        return code, told.out + told.err


ENVIRONMENT = {
    "PC_CLIENT_ID": CLIENT_ID,
    "PC_CLIENT_SECRET": CLIENT_SECRET,
    "PC_REFRESH_TOKEN": REFRESH_TOKEN,
    "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-another-cloud",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s3cr3t-of-the-job",
    "PCRECONCILE_JOURNAL_KEY_OF_A_TEST": "s3cr3t-of-the-journal",
    "PCRECONCILE_TOKEN_CACHE": "memory",
}
FIELDS = ("clientId", "clientSecret", "certificate", "federated", "refreshToken")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def endpoint(name: str, address: str) -> Any:
    """One endpoint elsewhere, the others here."""

    def write(desk: Desk, url: str) -> None:
        ends = {"partnerCenter": url, "login": url, "graph": f"{url}/g", "management": f"{url}/m", name: address}
        desk.partner(url, endpoints=ends)

    return write


def credential(field: str, place: dict[str, Any], **settings: str) -> Any:
    """One credential from elsewhere, the others as they should be."""

    def write(desk: Desk, url: str) -> None:
        desk.set(**{name: value.format(desk=desk) for name, value in settings.items()})
        named: dict[str, Any] = {"clientId": {"env": "PC_CLIENT_ID"}, "clientSecret": {"env": "PC_CLIENT_SECRET"}}
        if field in {"certificate", "federated"}:
            del named["clientSecret"]
        filled = {key: value.format(desk=desk) if isinstance(value, str) else value for key, value in place.items()}
        desk.partner(url, credentials={**named, field: filled})

    return write


def linked_secret(desk: Desk, url: str) -> None:
    (desk.secrets / "inner").symlink_to("/etc")
    credential("clientSecret", {"file": "inner/passwd"}, PCRECONCILE_SECRETS=str(desk.secrets))(desk, url)


def secrets_in_the_checkout(desk: Desk, url: str) -> None:
    (desk.top / "secrets").mkdir()
    (desk.top / "secrets" / "x").write_text("s3cr3t")
    credential("clientSecret", {"file": "x"}, PCRECONCILE_SECRETS=str(desk.top / "secrets"))(desk, url)


def secrets_above_the_checkout(desk: Desk, url: str) -> None:
    credential("clientSecret", {"file": "/etc/passwd"}, PCRECONCILE_SECRETS="/")(desk, url)


def another_tenant(desk: Desk, url: str) -> None:
    desk.set(PCRECONCILE_TENANT=OTHER)
    desk.partner(url)


def another_port(desk: Desk, url: str) -> None:
    desk.set(PCRECONCILE_ALLOW_HOSTS="stranger.example:8443")
    endpoint("login", "https://stranger.example")(desk, url)


def estate(name: str) -> Any:
    def write(desk: Desk, _url: str) -> None:
        (desk.top.parent / "foreign.yaml").write_text("s3cr3t: of a file\n")
        (desk.top / "manifests" / "link").symlink_to(desk.top.parent / "foreign.yaml")
        (desk.top / "manifests" / "partner.yaml").write_text(
            "apiVersion: pcreconcile/v1\nkind: Partner\nmetadata: {name: contoso-csp}\n"
            f"spec: {{tenantId: {TENANT}, cloud: simulator, simulator: {{estate: {name}}}}}\n"
        )
        if name == "link":  # a link out of the manifests is an error of its own
            (desk.top / "manifests" / "link").unlink()
            (desk.top / "world.yaml").symlink_to(desk.top.parent / "foreign.yaml")
            file = desk.top / "manifests" / "partner.yaml"
            file.write_text(file.read_text().replace("estate: link", "estate: ../world.yaml"))
        else:
            (desk.top / "manifests" / "link").unlink()

    return write


HOSTS, VARIABLES, FOLDER = "PCRECONCILE_ALLOW_HOSTS", "PCRECONCILE_ALLOW_ENV", "PCRECONCILE_SECRETS"
REFUSED: dict[str, tuple[Any, str]] = {
    **{
        f"{name} elsewhere": (endpoint(name, "https://stranger.example"), HOSTS)
        for name in ("partnerCenter", "login", "graph", "management")
    },
    "an address elsewhere": (endpoint("login", "https://10.9.8.7"), HOSTS),
    "a name like ours": (endpoint("login", "https://login.microsoftonline.com.stranger.example"), HOSTS),
    "ours on another port": (endpoint("login", "https://login.microsoftonline.com:8443"), HOSTS),
    "another port than the allowed one": (another_port, HOSTS),
    **{f"a variable as {name}": (credential(name, {"env": "AWS_SECRET_ACCESS_KEY"}), VARIABLES) for name in FIELDS},
    "a variable as passphrase": (
        credential("certificate", {"env": "PC_CLIENT_SECRET", "passphrase": {"env": "AWS_SECRET_ACCESS_KEY"}}),
        VARIABLES,
    ),
    "the job's token as a secret": (credential("clientSecret", {"env": "ACTIONS_ID_TOKEN_REQUEST_TOKEN"}), VARIABLES),
    "our own variable": (credential("clientSecret", {"env": "PCRECONCILE_JOURNAL_KEY_OF_A_TEST"}), "pcreconcile's own"),
    "our own variable, listed": (
        credential(
            "clientSecret",
            {"env": "PCRECONCILE_JOURNAL_KEY_OF_A_TEST"},
            PCRECONCILE_ALLOW_ENV="PCRECONCILE_JOURNAL_KEY_OF_A_TEST",
        ),
        VARIABLES,
    ),
    **{f"a file as {name}": (credential(name, {"file": "/etc/passwd"}), FOLDER) for name in FIELDS},
    "a file beside the manifests": (credential("clientSecret", {"file": "policy.yaml"}), FOLDER),
    "a file elsewhere": (
        credential("clientSecret", {"file": "/etc/passwd"}, PCRECONCILE_SECRETS="{desk.secrets}"),
        FOLDER,
    ),
    "a file above": (
        credential("clientSecret", {"file": "../../../../../../../etc/passwd"}, PCRECONCILE_SECRETS="{desk.secrets}"),
        FOLDER,
    ),
    "a link out of the folder": (linked_secret, FOLDER),
    "a folder in the checkout": (secrets_in_the_checkout, FOLDER),
    "a folder around the checkout": (secrets_above_the_checkout, FOLDER),
    "another tenant": (another_tenant, "PCRECONCILE_TENANT"),
    "an estate elsewhere": (estate("../../foreign.yaml"), "outside the repository"),
    "an estate by its whole path": (estate("/etc/passwd"), "outside the repository"),
    "an estate behind a link": (estate("link"), "outside the repository"),
    "git's own folder as an estate": (estate("../.git/config"), "outside the repository"),
}
ASKING = (["plan"], ["apply", "--auto-approve"], ["doctor"], ["explain", "aspen-books"], ["deadlines"])


@pytest.mark.parametrize("command", ASKING, ids=lambda words: words[0])
@pytest.mark.parametrize("case", REFUSED)
def test_what_the_operator_has_not_allowed_is_refused_before_any_request(
    case: str, command: list[str], desk: Desk, listener: tuple[str, list[str]], names_asked: list[str]
) -> None:
    url, asked = listener
    write, remedy = REFUSED[case]
    write(desk, url)
    code, told = desk(*command)
    assert code == 1, told
    assert remedy in told
    assert (asked, names_asked) == ([], [])
    assert not any(mark in told for mark in ("s3cr3t", "root:", "repositoryformatversion"))
    assert not list(desk.top.glob(".pcreconcile/simulator.db"))


@pytest.mark.parametrize("case", REFUSED)
def test_validate_asks_nobody_and_needs_no_setting(
    case: str, desk: Desk, listener: tuple[str, list[str]], names_asked: list[str]
) -> None:
    url, asked = listener
    REFUSED[case][0](desk, url)
    assert desk("validate")[0] == 0
    assert (asked, names_asked) == ([], [])


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("command", [*ASKING, ["login"]], ids=lambda words: words[0])
def test_a_malformed_setting_ends_every_command_that_asks(
    name: str, command: list[str], desk: Desk, listener: tuple[str, list[str]], names_asked: list[str]
) -> None:
    url, asked = listener
    desk.partner(url)
    desk.set(**{name: MALFORMED[name][0]})
    code, told = desk(*command)
    assert (code, name in told, asked, names_asked) == (1, True, [], [])


@pytest.mark.parametrize("case", ["login elsewhere", "a variable as clientId", "a file as clientId", "another tenant"])
def test_login_is_refused_too(case: str, desk: Desk, listener: tuple[str, list[str]], names_asked: list[str]) -> None:
    url, asked = listener
    desk.set(PCRECONCILE_TOKEN_CACHE="file")
    REFUSED[case][0](desk, url)
    code, told = desk("login")
    assert (code, REFUSED[case][1] in told, asked, names_asked) == (1, True, [], [])


@pytest.fixture
def service() -> Iterator[str]:
    with run_in_thread(SimulatorSettings()) as running:
        yield running.url


def ordinary(desk: Desk, url: str) -> None:
    desk.partner(url)


def its_own_tenant(desk: Desk, url: str) -> None:
    desk.set(PCRECONCILE_TENANT=f"{OTHER}, {TENANT.upper()}")
    desk.partner(url)


def listed_variable(desk: Desk, url: str) -> None:
    desk.set(PCRECONCILE_ALLOW_ENV="TEAM_SECRET", TEAM_SECRET=CLIENT_SECRET)
    credential("clientSecret", {"env": "TEAM_SECRET"})(desk, url)


def secret_file(desk: Desk, url: str) -> None:
    (desk.secrets / "secret").write_text(f"{CLIENT_SECRET}\n")
    credential("clientSecret", {"file": "secret"}, PCRECONCILE_SECRETS=str(desk.secrets))(desk, url)


def mounted_secret(desk: Desk, url: str) -> None:
    """As Kubernetes mounts them: links within the folder, and the folder behind a link."""
    (desk.secrets / "..2027").mkdir()
    (desk.secrets / "..2027" / "secret").write_text(CLIENT_SECRET)
    (desk.secrets / "..data").symlink_to("..2027")
    (desk.secrets / "secret").symlink_to("..data/secret")
    (desk.top.parent / "mounted").symlink_to(desk.secrets)
    folder = str(desk.top.parent / "mounted")
    credential("clientSecret", {"file": f"{folder}/secret"}, PCRECONCILE_SECRETS=folder)(desk, url)


def certificate_file(desk: Desk, url: str) -> None:
    (desk.secrets / "client.pem").write_bytes(pem(KEY, OURS))
    desk.set(PC_CLIENT_ID="0d10aa00-0000-4000-8000-0000000000c2")
    credential("certificate", {"file": "client.pem"}, PCRECONCILE_SECRETS=str(desk.secrets))(desk, url)


def github(desk: Desk, url: str) -> None:
    issuer(desk, url, "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "value")


def azure_devops(desk: Desk, url: str) -> None:
    issuer(desk, url, "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "oidcToken")


def issuer(desk: Desk, url: str, address: str, bearer: str, member: str) -> None:
    class Giving(BaseHTTPRequestHandler):
        def _give(self) -> None:
            body = json.dumps({member: "an-assertion-of-the-job"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _give

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Giving)
    Thread(target=server.serve_forever, daemon=True).start()
    desk.set(
        PC_CLIENT_ID="0d10aa00-0000-4000-8000-0000000000c2",
        **{address: f"http://127.0.0.1:{server.server_address[1]}/token", bearer: "of-the-job"},
    )
    credential("federated", {"env": address})(desk, url)


def azure_webhook(desk: Desk, url: str) -> None:
    (desk.secrets / "projected").write_text("an-assertion-of-the-pod")
    desk.set(
        AZURE_FEDERATED_TOKEN_FILE=str(desk.secrets / "projected"),
        AZURE_CLIENT_ID="0d10aa00-0000-4000-8000-0000000000c2",
    )
    desk.partner(
        url, credentials={"clientId": {"env": "AZURE_CLIENT_ID"}, "federated": {"env": "AZURE_FEDERATED_TOKEN_FILE"}}
    )


def estate_beside(desk: Desk, _url: str) -> None:
    shutil.copy(ROOT / "src" / "pcreconcile" / "simulator" / "estates" / "example.yaml", desk.top / "world.yaml")
    (desk.top / "manifests" / "partner.yaml").write_text(
        "apiVersion: pcreconcile/v1\nkind: Partner\nmetadata: {name: contoso-csp}\n"
        f"spec: {{tenantId: {TENANT}, cloud: simulator, simulator: {{estate: ../world.yaml}}}}\n"
    )


def estate_beside_without_a_repository(desk: Desk, url: str) -> None:
    shutil.rmtree(desk.top / ".git")
    estate_beside(desk, url)


GOES_ON = (
    ordinary,
    its_own_tenant,
    listed_variable,
    secret_file,
    mounted_secret,
    certificate_file,
    github,
    azure_devops,
    azure_webhook,
    estate_beside,
    estate_beside_without_a_repository,
)


@pytest.mark.parametrize("write", GOES_ON)
def test_daily_use_goes_on(write: Any, desk: Desk, service: str, names_asked: list[str]) -> None:
    write(desk, service)
    code, told = desk("plan", "--target", "customer/aspen-books")
    assert (code, names_asked) == (0, []), told
    assert "aspen-books" in told


def test_an_allowed_host_is_asked(desk: Desk, names_asked: list[str]) -> None:
    desk.set(PCRECONCILE_ALLOW_HOSTS="partner.example:8443,login.example")
    ends = {
        "partnerCenter": "https://partner.example:8443",
        "login": "https://login.example",
        "graph": "https://graph.microsoft.com",
        "management": "https://management.azure.com:443",
    }
    desk.partner("", endpoints=ends)
    desk("doctor")
    assert {"partner.example", "login.example"} <= set(names_asked)


def test_no_variable_of_ours_is_ever_defined_for_a_field() -> None:
    from pcreconcile.model.partner import Credentials, SecretRef

    federated = defined_variables(Credentials(SecretRef(env="PC_ID"), federated=SecretRef(env="X")))
    assert set(federated) == {"credentials.federated", "credentials.clientId"}
    assert not any(name.startswith("PCRECONCILE_") for names in federated.values() for name in names)
    assert defined_variables(Credentials(SecretRef(env="PC_ID"))) == {}


@pytest.mark.parametrize("name", ["PCRECONCILE_DATABASE", "PCRECONCILE_"])
def test_our_own_variable_is_refused_whatever_is_allowed(name: str) -> None:
    with pytest.raises(ConfigurationError, match="pcreconcile's own"):
        Trust(variables=frozenset({name})).check_variable(name, "credentials.clientSecret", frozenset({name}))


def test_apply_writes_nothing_where_it_may_only_read(desk: Desk, service: str) -> None:
    desk.partner(service)
    assert desk("plan", "--out", "p.json")[0] == 0
    desk.set(PCRECONCILE_READ_ONLY="yes")
    for words in (["apply", "p.json"], ["apply", "--auto-approve"]):
        code, told = desk(*words)
        assert (code, "PCRECONCILE_READ_ONLY" in told) == (5, True), told
    assert [one for one in httpx.get(f"{service}/_simulator/requests").json() if one["applied"]] == []
    assert list(open_store(desk.top / ".pcreconcile" / "journal.db", None).events()) == []
    desk.set(PCRECONCILE_READ_ONLY="false")
    assert desk("apply", "p.json")[0] == 0
    desk.set(PCRECONCILE_READ_ONLY="true")
    assert desk("apply", "--auto-approve")[0] == 0  # nothing is due


def test_nothing_gets_around_the_transport(desk: Desk, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.partner(service)
    assert desk("plan", "--out", "p.json")[0] == 0
    desk.set(PCRECONCILE_READ_ONLY="yes")
    monkeypatch.setattr(running, "_require_writes", lambda _session, _plan: None)
    code, told = desk("apply", "p.json")
    assert (code != 0, "PCRECONCILE_READ_ONLY" in told) == (True, True), told
    assert "mistake" not in told
    sent = httpx.get(f"{service}/_simulator/requests").json()
    assert [(one["method"], one["path"]) for one in sent if not is_read(one["method"], one["path"])] == [
        ("POST", f"/{TENANT}/oauth2/v2.0/token")
    ] * sum("oauth2" in one["path"] for one in sent)
    monkeypatch.setenv("PCRECONCILE_READ_ONLY", "")
    assert desk("apply", "p.json")[0] == 0


READS = {
    ("GET", "/v1/customers"): True,
    ("HEAD", "/"): True,
    ("POST", "/management/providers/Microsoft.Capacity/reservationOrders/5f6a-1/calculateRefund?api-version=1"): True,
    ("POST", "/providers/Microsoft.Capacity/reservationOrders/5f6a-1/return"): False,
    ("POST", "/providers/Microsoft.Capacity/reservationOrders/5f6a-1/return?x=/calculateRefund"): False,
    ("POST", "/providers/Microsoft.Capacity/reservationOrders/5f6a/return#/calculateRefund"): False,
    ("POST", "/providers/Microsoft.Capacity/reservationOrders/../return/calculateRefund"): False,
    ("POST", "/providers/Microsoft.Capacity/reservationOrders/5f%2F6a/calculateRefund"): False,
    ("POST", "/providers/Microsoft.Capacity/reservationOrders/5f6a/calculateRefund/cancel"): False,
    ("PUT", "/providers/Microsoft.Capacity/reservationOrders/5f6a/calculateRefund"): False,
    ("POST", "/v1/customers/1/subscriptions/2/azureEntitlements/3/cancel"): False,
    ("POST", "/graph/v1.0/tenantRelationships/delegatedAdminRelationships/1/requests"): False,
    ("PATCH", "/v1/customers/1"): False,
    ("DELETE", "/v1/customers/1"): False,
    ("get", "/v1/customers"): False,
    ("", "/v1/customers"): False,
}


@pytest.mark.parametrize(("request_line", "expected"), READS.items(), ids=str)
def test_what_is_a_read(request_line: tuple[str, str], expected: bool) -> None:
    method, path = request_line
    assert is_read(method, f"https://service.example{path}") is expected


def test_doctor_has_a_line_for_each_setting_and_shows_no_secret(desk: Desk, service: str) -> None:
    desk.partner(service)
    desk.set(
        PCRECONCILE_TENANT=TENANT,
        PCRECONCILE_READ_ONLY="1",
        PCRECONCILE_SECRETS=str(desk.secrets),
        PCRECONCILE_ALLOW_HOSTS="proxy.example",
        PCRECONCILE_JOURNAL_KEY="s3cr3t-of-the-journal-which-is-long-enough",
    )
    code, told = desk("doctor")
    lines = {line.split(": ")[1]: line for line in told.splitlines() if "operator settings: " in line}
    assert code == 0, told
    assert {
        "PCRECONCILE_TENANT",
        "PCRECONCILE_READ_ONLY",
        "PCRECONCILE_SECRETS",
        "PCRECONCILE_ALLOW_HOSTS",
        "PCRECONCILE_JOURNAL_KEY",
        "PCRECONCILE_TOKEN_CACHE",
    } == lines.keys()
    assert lines["PCRECONCILE_READ_ONLY"].startswith("warn")
    assert "s3cr3t" not in told


@pytest.mark.parametrize("case", ["login elsewhere", "a variable as clientSecret", "a file as certificate"])
def test_doctor_says_what_the_operator_can_set(case: str, desk: Desk, listener: tuple[str, list[str]]) -> None:
    write, remedy = REFUSED[case]
    write(desk, listener[0])
    told = desk("doctor")[1]
    assert re.search(rf"^fail  operator settings: .* … .*{remedy}", told, re.MULTILINE), told


PROCESSES = (
    "login elsewhere",
    "a variable as clientId",
    "a file as clientSecret",
    "another tenant",
    "an estate elsewhere",
    "an estate behind a link",
)


@pytest.mark.parametrize("case", PROCESSES)
def test_a_process_refuses_it_too(case: str, desk: Desk, listener: tuple[str, list[str]]) -> None:
    url, asked = listener
    write, remedy = REFUSED[case]
    write(desk, url)
    done = subprocess.run(
        [sys.executable, "-m", "pcreconcile", "plan", "--out", "p.json"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, asked, Path("p.json").exists()) == (1, [], False)
    assert remedy in done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--out", "--snapshot"])
@pytest.mark.parametrize("planted", ["file", "folder"])
def test_a_command_writes_through_no_planted_link(option: str, planted: str, desk: Desk) -> None:
    outside = desk.top.parent / "outside"
    outside.mkdir()
    (outside / "p.json").write_text("old")
    link = desk.top / ("p.json" if planted == "file" else "out")
    link.symlink_to(outside / "p.json" if planted == "file" else outside)
    code, told = desk("plan", option, str(link if planted == "file" else link / "p.json"))
    assert (code, "link" in told) == (1, True), told
    assert (outside / "p.json").read_text() == "old"
    assert desk("plan", option, "out.json")[0] == 0
