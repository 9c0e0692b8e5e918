"""`doctor` against simulators that are well and ill: one line per check, what to do, and an exit code."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pcreconcile.cli import main
from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SimulatorSettings, run_in_thread

PARTNER = """\
apiVersion: pcreconcile/v1
kind: Partner
metadata: {{name: contoso-csp}}
spec:
  tenantId: 9f10aa00-0000-4000-8000-0000000000aa
  cloud: custom
  endpoints:
    partnerCenter: {service}
    login: {login}
    graph: {login}
    management: {login}
  credentials:
    clientId: {{env: PC_CLIENT_ID}}
    clientSecret: {{env: PC_CLIENT_SECRET}}
    refreshToken: {{env: PC_REFRESH_TOKEN}}
"""
CREDENTIALS = {"PC_CLIENT_ID": CLIENT_ID, "PC_CLIENT_SECRET": CLIENT_SECRET, "PC_REFRESH_TOKEN": REFRESH_TOKEN}
LINE = re.compile(r"(ok  |warn|fail)  (.+?): (.*)")


class Clinic:
    """A folder with a Partner document, and `doctor` run in it."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self.capsys = capsys

    def partner(self, service, login=None):
        text = PARTNER.format(service=service, login=login or service)
        (self.folder / "manifests").mkdir(exist_ok=True)
        (self.folder / "manifests" / "partner.yaml").write_text(text)

    def __call__(self, *arguments):
        code = main(["doctor", *arguments])
        said = self.capsys.readouterr()
        for secret in (CLIENT_SECRET, REFRESH_TOKEN, "eyJ"):
            assert secret not in said.out + said.err
        return code, said.out

    def found(self):
        """Exit code, and the lines by level."""
        code, told = self()
        lines = [LINE.fullmatch(line) for line in told.splitlines()]
        assert all(lines), told
        levels = {"ok": {}, "warn": {}, "fail": {}}
        for line in lines:
            levels[line[1].strip()].setdefault(line[2], line[3])
        assert code == (1 if levels["fail"] else 0)
        return levels


@pytest.fixture
def clinic(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return Clinic(tmp_path, capsys)


@pytest.fixture
def simulator(clinic):
    with run_in_thread(SimulatorSettings()) as running:
        clinic.partner(running.url)
        yield running.url


def test_all_is_well(clinic, simulator):
    found = clinic.found()
    assert (found["warn"], found["fail"]) == ({}, {})
    well = found["ok"]
    assert list(well) == [
        "manifests",
        "programs",
        "home",
        "user",
        "temporary folder",
        "working folder",
        "text",
        "state folder",
        "journal",
        "environment",
        "cloud",
        *[f"login {layer}" for layer in ("DNS", "TCP", "HTTP")],
        *[f"Partner Center {layer}" for layer in ("DNS", "TCP", "HTTP")],
        "clock",
        "token cache",
        "app-only token",
        "App+User token",
        "customers list",
        "customer by ID",
        "MFA self test",
        "App+User read",
    ]
    assert "audience https://api.partnercenter.microsoft.com, expires 20" in well["app-only token"]
    assert "with the MFA claim" in well["App+User token"]
    assert "remove-relationship" in well["App+User token"]
    assert re.match(r"complete: \d+ customers on \d+ pages", well["customers list"])


def test_the_shipped_manifests_are_well(partner_folder, monkeypatch, capsys):
    monkeypatch.chdir(partner_folder)
    code, told = Clinic(partner_folder, capsys)()
    assert (code, "fail" in told, "warn" in told) == (0, False, False)


def test_as_a_document(clinic, simulator):
    code, told = clinic("--format", "json")
    document = json.loads(told)
    assert (code, document["exitCode"], document["formatVersion"]) == (0, 0, 1)
    assert {check["level"] for check in document["checks"]} == {"ok"}
    assert set(document["checks"][0]) == {"level", "name", "told", "remedy"}


# environment, the line that fails, what it says, what was not looked at
ILL = {
    "a wrong secret": (
        {"PC_CLIENT_SECRET": "not-the-right-one"},
        "app-only token",
        "AADSTS7000215.*pcreconcile's operator: store the client secret's value again",
    ),
    "no multi-factor": (
        {"PC_REFRESH_TOKEN": "no-mfa-1"},
        "App+User token",
        "no multi-factor claim.*partner admin: .*pcreconcile login",
    ),
    "an expired sign-in": ({"PC_REFRESH_TOKEN": "expired-1"}, "App+User token", "AADSTS700082.*90 days"),
    "an unset variable": ({"PC_CLIENT_SECRET": ""}, "environment", "PC_CLIENT_SECRET is not set or empty"),
    "a wrong word": ({"PCRECONCILE_TOKEN_CACHE": "disk"}, "settings", "expected one of system, file, memory"),
}


@pytest.mark.parametrize(("environment", "name", "told"), ILL.values(), ids=ILL)
def test_credentials_that_do_not_work(environment, name, told, clinic, simulator, monkeypatch):
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    found = clinic.found()
    assert re.search(told, found["fail"][name])
    assert not any(value and value in str(found) for value in environment.values())


def test_what_was_not_looked_at_is_said(clinic, simulator, monkeypatch):
    monkeypatch.setenv("PC_CLIENT_SECRET", "not-the-right-one")
    assert clinic.found()["warn"] == {"calls": "not looked at: there is no app-only token"}


def test_a_token_for_a_retired_audience(clinic, simulator):
    body = json.dumps({"code": "900420", "description": "The audience is not supported."})
    fault = {"fault": "status-before", "path": "/v1/customers", "status": 401, "body": body, "count": 0}
    httpx.post(f"{simulator}/_simulator/faults", json={"faults": [fault]}).raise_for_status()
    failed = clinic.found()["fail"]["customers list"]
    assert "HTTP 401/900420: The audience is not supported." in failed
    assert "retired audience" in failed


@pytest.mark.parametrize(
    ("minutes", "level", "told"),
    [(10, "fail", "behind"), (2, "warn", "behind")],
)
def test_clock_skew(minutes, level, told, clinic, simulator):
    then = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    httpx.post(f"{simulator}/_simulator/clock", json={"now": then}).raise_for_status()
    line = clinic.found()[level]["clock"]
    assert told in line
    assert "NTP" in line


def test_a_host_that_cannot_be_reached(clinic, simulator):
    clinic.partner("http://127.0.0.1:1", login=simulator)
    found = clinic.found()
    assert "check the address, firewall and proxy" in found["fail"]["Partner Center TCP"]
    assert "app-only token" in found["ok"]
    assert found["warn"]["calls"] == "not looked at: Partner Center is not reachable"
    clinic.partner(simulator, login="http://127.0.0.1:1")
    assert clinic.found()["warn"]["tokens and calls"] == "not looked at: the login service is not reachable"


def test_tls_where_there_is_none(clinic, simulator):
    clinic.partner(simulator.replace("http:", "https:"), login=simulator)
    found = clinic.found()
    assert "Partner Center TCP" in found["ok"]
    assert "certificate" in found["fail"]["Partner Center TLS"]


def test_endpoints_of_another_cloud(clinic, simulator):
    text = (clinic.folder / "manifests" / "partner.yaml").read_text()
    china = text.replace(f"login: {simulator}", "login: https://login.partner.microsoftonline.cn")
    (clinic.folder / "manifests" / "partner.yaml").write_text(china.replace("http://127.0.0.1", "http://127.0.0.1"))
    assert "say cloud: china" in clinic.found()["fail"]["cloud"]


def test_without_a_refresh_token_the_relationship_stays(clinic, simulator):
    file = clinic.folder / "manifests" / "partner.yaml"
    file.write_text(file.read_text().replace("    refreshToken: {env: PC_REFRESH_TOKEN}\n", ""))
    found = clinic.found()
    assert "nobody can do" in found["warn"]["App+User token"]
    assert "remove-relationship" in found["warn"]["App+User token"]
    assert "App+User read" not in str(found)


def test_a_damaged_journal_and_an_unusable_state_folder(clinic, simulator, monkeypatch):
    state = clinic.folder / ".pcreconcile"
    state.mkdir()
    (state / "journal.db").write_bytes(b"SQLite format 3\0 and then nothing of it")
    assert "journal" in clinic.found()["fail"]
    (clinic.folder / "taken").write_text("")
    monkeypatch.setenv("PCRECONCILE_HOME", str(clinic.folder / "taken"))
    assert "PCRECONCILE_HOME" in clinic.found()["fail"]["state folder"]


def test_manifests_that_cannot_be_read(clinic):
    (clinic.folder / "manifests").mkdir()
    (clinic.folder / "manifests" / "partner.yaml").write_text("kind: Partner\nsecret: hunter2\n")
    found = clinic.found()
    assert "see `pcreconcile validate`" in str(found["fail"]) or found["fail"]
    assert "hunter2" not in str(found)
    assert found["ok"] == {}
