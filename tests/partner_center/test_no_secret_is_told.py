"""Whole commands, well and ill: nothing that opens anything is on a stream, in a log, a file or an error."""

from __future__ import annotations

import logging
import re
import shutil
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pcreconcile.cli import ending, main
from pcreconcile.partner_center import device_login
from pcreconcile.partner_center.veil import Veil
from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SimulatorSettings, run_in_thread
from tests.cli.test_cli_doctor import PARTNER
from tests.cli.test_cli_login import REFRESH, entra, granted, refused
from tests.partner_center.bench import MovedClock

SHIPPED = Path(__file__).parents[2] / "manifests"
_JWT = re.compile(r"eyJ[\w-]{10,}\.[\w-]+\.[\w-]*")

__all__ = ["entra"]


class Watch:
    """Remembers every secret that the client ever had, and everything that was told."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        self.folder = folder
        self.secrets: set[str] = set()
        self.told: list[str] = []
        self._capsys = capsys
        self._caplog = caplog

    def run(self, *arguments: str) -> int:
        code = main(arguments)
        said = self._capsys.readouterr()
        self.told += [said.out, said.err, self._caplog.text, *map(repr, self._caplog.records)]
        self.told += [str(record.args) for record in self._caplog.records]
        return code

    def files(self) -> Iterator[Path]:
        """Everything written, but for the token cache."""
        for path in self.folder.rglob("*"):
            if path.is_file() and "private" not in path.parts:
                yield path

    def leaks(self) -> list[tuple[str, str]]:
        texts = {f"told {number}": text for number, text in enumerate(self.told)}
        texts |= {str(path): path.read_bytes().decode("latin-1") for path in self.files()}
        known = [(where, secret[:12]) for where, text in texts.items() for secret in self.secrets if secret in text]
        return known + [(where, found.group()[:12]) for where, text in texts.items() for found in _JWT.finditer(text)]


@pytest.fixture
def watch(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Watch:
    caplog.set_level(logging.DEBUG)
    seen = Watch(tmp_path, capsys, caplog)
    hide, made, told = Veil.hide, Veil.__init__, ending._told

    def hiding(self: Veil, text: str) -> str:
        seen.secrets.add(text)
        return hide(self, text)

    def making(self: Veil, hidden: Any = ()) -> None:
        seen.secrets.update(filter(None, hidden))
        made(self, hidden)

    def telling(error: BaseException) -> Any:
        seen.told.append("".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)))
        return told(error)

    monkeypatch.setattr(Veil, "hide", hiding)
    monkeypatch.setattr(Veil, "__init__", making)
    monkeypatch.setattr(ending, "_told", telling)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "manifests")
    settings = {
        "PC_CLIENT_ID": CLIENT_ID,
        "PC_CLIENT_SECRET": CLIENT_SECRET,
        "PC_REFRESH_TOKEN": REFRESH_TOKEN,
        "PCRECONCILE_TOKEN_CACHE": "file",
        "XDG_STATE_HOME": str(tmp_path / "private"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return seen


@pytest.fixture
def service(watch: Watch) -> Iterator[str]:
    with run_in_thread(SimulatorSettings()) as running:
        (watch.folder / "manifests" / "partner.yaml").write_text(PARTNER.format(service=running.url, login=running.url))
        yield running.url


def test_plan_apply_and_doctor(watch: Watch, service: str) -> None:
    assert watch.run("plan", "--out", "p.json", "--snapshot", "s.json") == 0
    assert watch.run("apply", "p.json") == 0
    assert watch.run("plan", "--format", "json") == 0
    assert watch.run("apply", "--json", "--auto-approve") == 0
    assert watch.run("doctor") == 0
    assert watch.run("doctor", "--format", "json") == 0
    rotated = {secret for secret in watch.secrets if secret.startswith("rotated-")}
    assert {CLIENT_SECRET, REFRESH_TOKEN} < watch.secrets
    assert rotated
    assert any(_JWT.fullmatch(secret) for secret in watch.secrets)
    assert any("journal.db" in str(path) for path in watch.files())
    assert watch.leaks() == []
    private = [path.read_text() for path in (watch.folder / "private").rglob("*.json")]
    assert len(private) == 1
    assert any(secret in private[0] for secret in rotated)


ILL = [
    {"PC_CLIENT_SECRET": "s3cr3t-that-is-wrong"},
    {"PC_REFRESH_TOKEN": "no-mfa-s3cr3t"},
    {"PC_REFRESH_TOKEN": "expired-s3cr3t"},
]


@pytest.mark.parametrize("environment", ILL, ids=str)
def test_failures(environment: dict[str, str], watch: Watch, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.run("plan", "--out", "p.json")
    shutil.rmtree(watch.folder / "private", ignore_errors=True)  # a token kept from the plan would stand in for ours
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert [watch.run("apply", "p.json"), watch.run("doctor")] == [1, 1]
    assert set(environment.values()) < watch.secrets
    assert watch.leaks() == []


def test_login(watch: Watch, entra: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = MovedClock()
    monkeypatch.setattr(device_login, "Timing", lambda: clock.timing)
    (watch.folder / "manifests" / "partner.yaml").write_text(PARTNER.format(service=entra.url, login=entra.url))
    answers = [
        (granted(), 0),
        (granted(amr=["pwd"]), 1),
        (granted(tid="x"), 1),
        (refused("invalid_grant", "AADSTS50057: your code d3v1c3 is of a disabled person"), 1),
    ]
    for answer, code in answers:
        entra.answers["token"] = [answer]
        assert watch.run("login") == code
    assert "d3v1c3" in watch.secrets
    watch.secrets = {REFRESH}  # msal logs device codes at DEBUG, after they were used up
    assert watch.leaks() == []
    assert not any("your code d3v1c3" in text for text in watch.told)
