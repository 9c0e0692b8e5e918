"""Real processes and real sockets: the console program and the simulator, each in a process of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "manifests"
ESTATES = Path(__file__).parent / "estates"
PARTNER_TENANT = "9f10aa00-0000-4000-8000-0000000000aa"
CREDENTIALS = {"PC_CLIENT_ID": CLIENT_ID, "PC_CLIENT_SECRET": CLIENT_SECRET, "PC_REFRESH_TOKEN": REFRESH_TOKEN}


def environment(home: Path, **extra: str) -> dict[str, str]:
    """Nothing of the surrounding shell but the path, the locale and what the program itself needs."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **CREDENTIALS, **extra}


class Desk:
    """A folder with manifests, and the program run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, expect: int | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "pcreconcile", *arguments],
            cwd=self.folder,
            env=environment(self.folder, **extra),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if expect is not None:
            assert done.returncode == expect, f"exit {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}"
        return done

    def plan(self, *arguments: str, **extra: str) -> Any:
        """The plan's JSON, whatever it says."""
        done = self("plan", "--format", "json", *arguments, **extra)
        assert done.returncode in {0, 5, 9}, f"exit {done.returncode}\n{done.stderr}"
        return json.loads(done.stdout)

    def write(self, path: str, document: Any) -> Path:
        """A document below manifests/."""
        file = self.folder / "manifests" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
        file.write_text(text, encoding="utf-8")
        return file

    def partner(self, url: str, **spec: Any) -> None:
        """A Partner document for a Partner Center at that address."""
        endpoints = {
            "partnerCenter": url,
            "login": url,
            "graph": f"{url}/graph",
            "management": f"{url}/management",
        }
        credentials = {
            "clientId": {"env": "PC_CLIENT_ID"},
            "clientSecret": {"env": "PC_CLIENT_SECRET"},
            "refreshToken": {"env": "PC_REFRESH_TOKEN"},
        }
        wanted = {"tenantId": PARTNER_TENANT, "cloud": "custom", "endpoints": endpoints, "credentials": credentials}
        self.write(
            "partner.yaml",
            {
                "apiVersion": "pcreconcile/v1",
                "kind": "Partner",
                "metadata": {"name": "contoso-csp"},
                "spec": {**wanted, **spec},
            },
        )

    def policy(self, **spec: Any) -> None:
        """A Policy that lets a whole small fleet go."""
        generous = {"perRun": {"removals": 500, "oneWayActions": 5000, "seats": 1000000, "protective": 5000}}
        document = {"budgets": {**generous, "perDay": {"removals": 5000}}, "minCustomersLeft": 0, **spec}
        self.write(
            "policy.yaml",
            {"apiVersion": "pcreconcile/v1", "kind": "Policy", "metadata": {"name": "fleet"}, "spec": document},
        )

    def customer(self, name: str, tenant: str, domain: str, relationship: str = "removed", **spec: Any) -> Path:
        """One Customer document."""
        asked = {} if relationship in {"active", "unmanaged"} else {"reason": "moves on", "ticket": "CHG-1"}
        return self.write(
            f"customers/{name}.yaml",
            {
                "apiVersion": "pcreconcile/v1",
                "kind": "Customer",
                "metadata": {"name": name},
                "spec": {"tenantId": tenant, "domain": domain, "relationship": relationship, **asked, **spec},
            },
        )


class Service:
    """A running simulator, as an outsider sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._last = 0

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """Every request that it has seen after the one of that number."""
        return httpx.get(f"{self.url}/_simulator/requests", params={"since": since}).json()

    def last(self) -> int:
        """The number of the last request."""
        self._last = max((entry["seq"] for entry in self.log(self._last)), default=self._last)
        return self._last

    def writes(self) -> list[dict[str, Any]]:
        """The requests that changed its world."""
        return [entry for entry in self.log() if entry["applied"]]

    def world(self) -> dict[str, Any]:
        """Its whole state."""
        return httpx.get(f"{self.url}/_simulator/world").json()

    def move(self, instant: str) -> None:
        """Move its clock."""
        httpx.post(f"{self.url}/_simulator/clock", json={"now": instant}).raise_for_status()


@contextmanager
def simulating(folder: Path, *arguments: str) -> Iterator[Service]:
    """`pcreconcile simulate` in a process of its own, ended by SIGTERM."""
    with subprocess.Popen(
        [sys.executable, "-m", "pcreconcile", "simulate", "--port", "0", *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("listening on http://127.0.0.1:"), line + (process.stderr.read() if not line else "")
            yield Service(line.split()[-1])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=600)
    assert process.returncode == 0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty folder to work in."""
    return Desk(tmp_path)


@pytest.fixture
def shipped(desk: Desk) -> Desk:
    """A folder with the shipped manifests."""
    shutil.copytree(SHIPPED, desk.folder / "manifests")
    return desk


def actions(plan: Any, when: str = "now") -> list[tuple[str, str]]:
    """(customer, kind) of a plan's actions."""
    return [(each["name"], act["kind"]) for each in plan["customers"] for act in each["actions"] if act["when"] == when]


def verdicts(plan: Any) -> dict[str, str]:
    """Verdict by customer."""
    return {each["name"]: each["verdict"] for each in plan["customers"]}
