"""A partner folder of a few customers that hold nothing, for the tests of what judges a change."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pcreconcile.applying import open_store
from pcreconcile.cli import main
from pcreconcile.model.ids import TenantId
from pcreconcile.model.run import Event

TENANT = "6b2e0b0c-0000-4000-8000-0000000000"
NUMBERS = {"mig": 55, "alder-law": 56, "birch-dental": 57}


PARTNER = TenantId("9f10aa00-0000-4000-8000-0000000000aa")


def journalled(folder: Path) -> tuple[Event, ...]:
    """The events of the journal in a folder's state; notes are none."""
    return tuple(open_store(folder / ".pcreconcile" / "journal.db", PARTNER).events())


class Guarded:
    """The folder, a repository when asked, and the program run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.write("world.yaml", customers=[_live(name, number) for name, number in NUMBERS.items()])
        self.partner()
        for name in NUMBERS:
            self.customer(name, relationship="active")

    def write(self, path: str, **members: Any) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(members, sort_keys=False), encoding="utf-8")

    def partner(self, home: str = "manifests", **spec: Any) -> None:
        spec = {"tenantId": str(PARTNER), "cloud": "simulator", "simulator": {"estate": "../world.yaml"}, **spec}
        self.write(f"{home}/partner.yaml", **_document("Partner", "contoso", spec))

    def policy(self, home: str = "manifests", **spec: Any) -> None:
        self.write(f"{home}/policy.yaml", **_document("Policy", "fleet", spec))

    def customer(self, name: str, called: str = "", labels: dict[str, str] | None = None, **spec: Any) -> None:
        """The customer with this name in the world, under the same or another name in its manifest."""
        spec = {"tenantId": f"{TENANT}{NUMBERS[name]}", "domain": f"{name}.onmicrosoft.com", **spec}
        if spec.get("relationship", "removed") == "removed":
            spec = {"relationship": "removed", "reason": "contract ended", **spec}
        document = _document("Customer", called or name, spec)
        document["metadata"] |= {"labels": labels} if labels else {}
        self.write(f"manifests/customers/{name}.yaml", **document)

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True, timeout=600)
        return done.stdout.strip()

    def repository(self) -> None:
        """A repository on `main` that holds everything as it is."""
        self.git("init", "--quiet", "--initial-branch", "main")
        (self.folder / ".gitignore").write_text(".pcreconcile\n*.plan.json\n", encoding="utf-8")
        self.commit()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "manifests")

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout with every run of blanks as one, stderr."""
        code = main(list(arguments))
        out, errors = self._capsys.readouterr()
        return code, " ".join(out.split()), errors


def _live(name: str, number: int) -> dict[str, Any]:
    return {"tenantId": f"{TENANT}{number}", "name": name, "domain": f"{name}.onmicrosoft.com", "items": []}


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "pcreconcile/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Guarded:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "desk")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "desk@example.com")
    monkeypatch.chdir(tmp_path)
    return Guarded(tmp_path, capsys)
