"""A PostgreSQL server for the tests that want one, started from the machine's own packages and stopped with the tests.

    from tests.postgres import postgres  # noqa: F401  the fixture; one server per test process, however often imported

    def test_something(postgres):
        address = postgres.url()  # postgresql://… of a fresh, empty database, with a password in it

Without pytest: `with server() as running: running.url()`. The server listens on 127.0.0.1 alone, forgets everything at
its end and does not wait for the disk; `server("fsync=on")` does. Without PostgreSQL on the machine the tests are
skipped, but fail where the environment says `CI`. It dies with the process that started it, also when that is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

ADMIN = "admin"
ADMIN_PASSWORD = "admin-secret-9d1f"
USER = "desk"  # owns the databases, and is no superuser
PASSWORD = "s3cret/of the:desk@"  # what no message of ours may show

_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")  # our store sets synchronous_commit itself
_ATTEMPTS = 5  # at a port that somebody else takes meanwhile
_POLL = 0.01  # seconds between two looks at whether it is ready
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    _names: Iterator[str] = field(default_factory=lambda: (f"journal_{os.getpid()}_{n}" for n in itertools.count()))

    def url(self) -> str:
        """The address of a fresh database, of its owner, with the password in it."""
        name = next(self._names)
        self.execute(f"CREATE DATABASE {name} OWNER {USER}")
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """A superuser's statement, and what it gives."""
        with psycopg.connect(self.admin_url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def admin_url(self, database: str) -> str:
        """The superuser's address of a database."""
        return f"postgresql://{ADMIN}:{ADMIN_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def disconnect(self, url: str) -> int:
        """End every connection to a database, as an administrator or a failing network would; how many there were."""
        database = url.rpartition("/")[2]
        ended = self.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            f" WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        )
        return len(ended)


@contextlib.contextmanager
def server(*settings: str) -> Iterator[Server]:
    """A server with these settings (`name=value`) on top. Raises LookupError without PostgreSQL on the machine."""
    binaries = found()
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        place = Path(folder)
        owner = _owner(place)
        _initialise(binaries, place, owner)
        process, port = _started(binaries, place, owner, (*_FAST, *settings))
        try:
            running = Server(port)
            running.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
            yield running
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(600)


@pytest.fixture(scope="session")
def postgres() -> Server:
    """The server of this test process."""
    try:
        return shared()
    except LookupError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@functools.cache
def shared() -> Server:
    """One server for the whole process; it ends with it."""
    stack, starter = contextlib.ExitStack(), os.getpid()
    running = stack.enter_context(server())
    atexit.register(lambda: stack.close() if os.getpid() == starter else None)  # not in what was forked from it
    return running


def found() -> Path:
    """The folder of the server's programs. Raises LookupError when there is none."""
    places = []
    if program := shutil.which("initdb"):
        places.append(Path(program).resolve().parent)
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        places.append(Path(told.stdout.strip()))
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    for place in (*places, *debian):
        if (place / "initdb").is_file() and (place / "postgres").is_file():
            return place
    raise LookupError("no PostgreSQL server is installed (initdb and postgres were looked for)")


def _owner(place: Path) -> Mapping[str, Any]:
    """As whom the server runs: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(place, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _initialise(binaries: Path, place: Path, owner: Mapping[str, Any]) -> None:
    password = place / "password"
    password.write_text(ADMIN_PASSWORD, encoding="ascii")
    password.chmod(0o644)  # inside a folder that is the server's alone
    how = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={ADMIN}")
    command = [str(binaries / "initdb"), "-D", str(place / "data"), f"--pwfile={password}", *how]
    subprocess.run(command, check=True, capture_output=True, cwd=place, **owner)


def _started(
    binaries: Path, place: Path, owner: Mapping[str, Any], settings: tuple[str, ...]
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(_ATTEMPTS):
        port = _free_port()
        wanted = ("listen_addresses=127.0.0.1", f"unix_socket_directories={place}", f"port={port}", *settings)
        options = [part for each in wanted for part in ("-c", each)]
        with (place / "log").open("ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(place / "data"), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=place,
                preexec_fn=_die_along,  # noqa: PLW1509 no thread of the tests runs yet that could hold a lock
                **owner,
            )
        if _ready(place / "data" / "postmaster.pid", process):
            return process, port
    raise RuntimeError(f"PostgreSQL did not start:\n{(place / 'log').read_text(errors='replace')}")


def _ready(status: Path, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server says in its own file that it is ready, or has ended."""
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if status.read_text(encoding="ascii").rstrip().endswith("\nready"):
                return True
        time.sleep(_POLL)
    return False


def _die_along() -> None:
    """Ask Linux to stop the server when its starter ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
