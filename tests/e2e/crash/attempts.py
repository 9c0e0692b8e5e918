"""One run of the program, with at most one blow; and the two ways to start it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.e2e.conftest import REPOSITORY, environment
from tests.e2e.crash.forks import BROKEN, MARK, PLACES
from tests.e2e.crash.watch import Moment, Strike, Victim, Watch

CLOCK = "so long after the start"
LATE = "request arrived, to take effect late"
DEADLINE = 300  # seconds; nothing here lasts a tenth of it


@dataclass(frozen=True, slots=True)
class Blow:
    """What falls, where. `place` is one of the journal's places, a moment of a request, or CLOCK; `number` counts calls
    of the journal or requests (`writes`: only those that write) from 1; `after` is in seconds. `late`: the request
    itself takes effect only when the next process has sent so many."""

    place: str
    number: int = 1
    after: float = 0.0
    writes: bool = False
    signals: tuple[signal.Signals, ...] = (signal.SIGKILL,)
    late: int = 0

    @property
    def name(self) -> str:
        """The place, as it is counted."""
        return LATE if self.late else self.place

    @property
    def strike(self) -> Strike | None:
        """The blow as the service strikes it; None when it is not the service's."""
        if self.place not in set(Moment):
            return None
        first, again = self.signals[0], self.signals[1] if len(self.signals) > 1 else None
        return Strike(Moment(self.place), self.number, self.writes, self.after, first, again, self.late)

    @property
    def journal(self) -> dict[str, Any] | None:
        """The blow as the process itself strikes it."""
        if self.place not in PLACES:
            return None
        return {"place": self.place, "number": self.number, "signals": list(self.signals)}


@dataclass(frozen=True, slots=True)
class Run:
    """What to run; `folder` is where, and where stdout and stderr are kept."""

    folder: Path
    arguments: Sequence[str]
    environment: Mapping[str, str]

    @property
    def journal(self) -> Path:
        """Where the file would be."""
        return self.folder / ".pcreconcile" / "journal.db"

    @property
    def mark(self) -> Path:
        """Where an armed process says what its journal has acknowledged."""
        return self.folder / "acknowledged"


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: `code` is negative for a signal. `acknowledged` is the length of the write-ahead log, and the
    number of the last event, that the journal had called durable; None when nobody watched that."""

    code: int
    acknowledged: tuple[int, int] | None

    @property
    def killed(self) -> bool:
        """Whether `kill -9` ended it."""
        return self.code == -signal.SIGKILL


class Starter(Protocol):
    """A way to start the program."""

    def run(self, run: Run, blow: Blow | None, watch: Watch) -> Ended:
        """Start it, let the blow fall, wait for its end."""
        ...


class Plain:
    """`python -m pcreconcile`, changed in nothing. A blow at the journal cannot be struck."""

    def run(self, run: Run, blow: Blow | None, watch: Watch) -> Ended:
        """As the protocol says."""
        with (run.folder / "stdout").open("wb") as out, (run.folder / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "pcreconcile", *run.arguments],
                cwd=run.folder,
                env=environment(run.folder, **run.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
            )
            with _struck(process.pid, blow, watch):
                return Ended(process.wait(DEADLINE), None)


class Forks:
    """Children of a warm parent (see `forks`)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, run: Run, blow: Blow | None, watch: Watch) -> Ended:
        """As the protocol says."""
        order = {
            "folder": str(run.folder),
            "arguments": list(run.arguments),
            "environment": environment(run.folder, **run.environment),
            "mark": str(run.mark),
            "journal": str(run.journal),
            "blow": blow.journal if blow else None,
        }
        run.mark.unlink(missing_ok=True)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        with _struck(self._said("pid"), blow, watch):
            code = self._said("status")
        assert code != BROKEN, (run.folder / "stderr").read_text()
        return Ended(code, _acknowledged(run.mark))

    def _said(self, name: str) -> int:
        assert self._process.stdout is not None
        return int(json.loads(self._process.stdout.readline())[name])


@contextmanager
def forking() -> Iterator[Forks]:
    """The warm parent, for as long as the context lasts."""
    command = [sys.executable, "-m", "tests.e2e.crash.forks"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Forks(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(DEADLINE)


@contextmanager
def _struck(pid: int, blow: Blow | None, watch: Watch) -> Iterator[None]:
    victim = Victim(pid)
    watch.begin(victim, blow.strike if blow else None)
    timer = threading.Timer(blow.after, victim.strike, blow.signals[:1]) if blow and blow.place == CLOCK else None
    try:
        if timer:
            timer.start()
        yield
    finally:
        if timer:
            timer.cancel()
            timer.join()
        watch.forget()
        victim.close()


def _acknowledged(mark: Path) -> tuple[int, int] | None:
    content = mark.read_bytes() if mark.exists() else b""
    return MARK.unpack(content) if len(content) == MARK.size else None
