"""The places of the table: a folder for the embedded simulator, and a partner whom only a proxy can reach."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml

from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SimulatorSettings, run_in_thread
from tests.cli.test_cli_login import CODE, granted
from tests.environment.proxies import HOST, LOGIN, Proxy, certificate, proxying

REPOSITORY = Path(__file__).parents[2]
PARTNER = "9f10aa00-0000-4000-8000-0000000000aa"
TENANT = "6b2e0b0c-0000-4000-8000-00000000000{}"
SECRETS = ("s3cr3t", CLIENT_SECRET, REFRESH_TOKEN)
COMMANDS = {
    "plan": ["plan", "{manifests}"],
    "apply": ["apply", "--auto-approve", "--manifests", "{manifests}"],
    "doctor": ["doctor", "--manifests", "{manifests}"],
    "login": ["login", "--manifests", "{signing}"],
}
ESTATE = {
    "customers": [
        {"tenantId": TENANT.format(1), "name": "plan-only", "companyName": "Müller & Søn", "items": []},
        {"tenantId": TENANT.format(9), "name": "anchor-co", "items": []},
    ]
}


class Entra(BaseHTTPRequestHandler):
    """A person signs in at once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, document = CODE if self.path.endswith("devicecode") else granted()
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def document(kind: str, name: str, spec: dict[str, Any]) -> str:
    return yaml.safe_dump(
        {"apiVersion": "pcreconcile/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}, allow_unicode=True
    )


def partner(**spec: Any) -> str:
    return document("Partner", "contoso-csp", {"tenantId": PARTNER, "timeZone": "Europe/Berlin", **spec})


def at(service: str, login: str) -> dict[str, Any]:
    places = {"partnerCenter": service, "login": login, "graph": f"{service}/graph", "management": service}
    names = {"clientId": "PC_CLIENT_ID", "clientSecret": "PC_CLIENT_SECRET", "refreshToken": "PC_REFRESH_TOKEN"}
    return {
        "cloud": "custom",
        "endpoints": places,
        "credentials": {field: {"env": name} for field, name in names.items()},
    }


def write_manifests(folder: Path, partner_document: str) -> None:
    """One customer who leaves, and whose name is not ASCII."""
    wish = {"tenantId": TENANT.format(1), "domain": "planonly.onmicrosoft.com", "relationship": "removed"}
    more = {"reason": "zieht um: Größe", "delegatedAccess": "keep"}
    (folder / "customers").mkdir(parents=True)
    (folder / "partner.yaml").write_text(partner_document, encoding="utf-8")
    (folder / "customers" / "plan-only.yaml").write_text(document("Customer", "plan-only", {**wish, **more}), "utf-8")


class Done(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    errors: str

    @property
    def said(self) -> str:
        return self.out + self.errors


class Warm:
    """Runs commands in forks of one warm process."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def __call__(self, arguments: list[str], environment: dict[str, str], cwd: Path, **more: Any) -> Done:
        out, errors = self._folder / "out", self._folder / "errors"
        for path in (out, errors):
            path.write_bytes(b"")
        job = {"nobody": False, "closed": [], "umask": 0o022, "deletes_cwd": False, "no_zones": False, **more}
        job |= {"arguments": arguments, "environment": environment, "cwd": str(cwd)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**job, "stdout": str(out), "stderr": str(errors)}) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Done(code, out.read_text("utf-8"), errors.read_text("utf-8"))


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """The warm process."""
    folder = tmp_path_factory.mktemp("warm")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.environment.warm"],
        cwd=REPOSITORY,
        env={**kept, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Warm(process, folder)
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True)
class Place:
    """Where a row runs: a folder of its own, and the environment that is well there."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def arguments(self, command: str) -> list[str]:
        paths = {"manifests": str(self.folder / "manifests"), "signing": str(self.folder / "signing")}
        return [part.format(**paths) for part in COMMANDS[command]]


class Services(NamedTuple):
    """What runs while the table is gone through."""

    simulator: str
    entra: str
    proxy: Proxy
    authority: Path


@contextmanager
def _entra() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Entra) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A simulator and a login service, both also behind a proxy under names of no network."""
    folder = tmp_path_factory.mktemp("services")
    (folder / "world.yaml").write_text(yaml.safe_dump(ESTATE), encoding="utf-8")
    authority = certificate(folder)
    authority.chmod(0o644)
    with run_in_thread(SimulatorSettings(estate=folder / "world.yaml")) as running, _entra() as entra:
        upstreams = {name: urlsplit(url) for name, url in ((HOST, running.url), (LOGIN, entra))}
        behind = {name: (str(url.hostname), int(url.port or 0)) for name, url in upstreams.items()}
        with proxying(behind, authority) as proxy:
            yield Services(running.url, entra, proxy, authority)


def well(folder: Path) -> dict[str, str]:
    """An environment in which everything works on this machine."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder / "home"),
        "LOGNAME": "jo",
        "PCRECONCILE_TOKEN_CACHE": "file",
        "PC_CLIENT_ID": CLIENT_ID,
        "PC_CLIENT_SECRET": CLIENT_SECRET,
        "PC_REFRESH_TOKEN": REFRESH_TOKEN,
    }


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that every user of this machine can reach, as pytest's own cannot be."""
    with tempfile.TemporaryDirectory(prefix="place-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in (folder, *folder.iterdir()):
            if path.is_dir():
                path.chmod(0o755)


@pytest.fixture
def local(ground: Path, services: Services) -> Place:
    """The embedded simulator; `login` at a service of this machine."""
    (ground / "world.yaml").write_text(yaml.safe_dump(ESTATE), encoding="utf-8")
    write_manifests(
        ground / "manifests", partner(cloud="simulator", simulator={"estate": "../world.yaml"}, reservations="manual")
    )
    write_manifests(ground / "signing", partner(**at(services.simulator, services.entra)))
    (ground / "home").mkdir()
    return Place(ground, well(ground))


@pytest.fixture
def here(ground: Path, services: Services) -> Place:
    """A partner with `cloud: custom` on this machine."""
    return _reaching(ground, services.simulator, services.simulator, services.entra)


@pytest.fixture
def remote(ground: Path, services: Services) -> Place:
    """A partner whom only the proxy can reach."""
    place = _reaching(ground, f"https://{HOST}", f"https://{HOST}", f"https://{LOGIN}")
    more = {
        "PCRECONCILE_ALLOW_HOSTS": f"{HOST},{LOGIN}",
        "SSL_CERT_FILE": str(services.authority),
        "HTTPS_PROXY": f"http://{services.proxy.place}",
    }
    return Place(ground, place.environment | more)


def _reaching(folder: Path, service: str, login: str, signing: str) -> Place:
    write_manifests(folder / "manifests", partner(**at(service, login), reservations="manual"))
    write_manifests(folder / "signing", partner(**at(service, signing)))
    shutil.rmtree(folder / "manifests" / "customers")  # nobody is to change: the service is shared by all rows
    (folder / "home").mkdir()
    return Place(folder, well(folder))
