"""The service in a thread, watched: its requests are counted, and at one of them a blow falls or its answer is held.

A blow struck by the service's own progress needs no waiting and no guessing. What the request does to the world is left
to the simulator alone: a process that was killed while it was asking has still asked.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pcreconcile.simulator import SimulatorSettings, run_in_thread, server
from pcreconcile.simulator.app import SimulatorApp
from tests.e2e.conftest import Service

LOOK = 0.01  # seconds between two looks at a process


class Moment(StrEnum):
    """Where in the life of a request something happens."""

    ARRIVED = "request arrived"
    EFFECTED = "request took effect"
    ANSWERED = "answer left"


@dataclass(frozen=True, slots=True)
class Strike:
    """A signal at a moment of the request of that number (from 1), or so many seconds after it; `writes` counts
    PATCH and POST to the service alone. `late`: the request itself goes no further until so many requests of the next
    process have arrived (0: it is not held)."""

    moment: Moment
    number: int
    writes: bool = False
    after: float = 0.0
    first: signal.Signals = signal.SIGKILL
    again: signal.Signals | None = None
    late: int = 0


class Watch:
    """Who is to be struck, and when; written by the test's thread, read by the service's."""

    def __init__(self) -> None:
        self._strike: Strike | None = None
        self._victim: Victim | None = None
        self._seen = 0
        self._written = 0
        self._hold: asyncio.Event | None = None
        self._former: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wants_hold: Moment | None = None
        self.held = threading.Event()
        self._late: tuple[asyncio.Event, int] | None = None

    def begin(self, victim: Victim | None, strike: Strike | None) -> None:
        """From the next request on; counts start at nought."""
        self._seen = self._written = 0
        self._strike, self._victim = strike, victim

    def forget(self) -> None:
        """Nobody is to be struck any more; counts stay."""
        self._strike = self._victim = None

    def hold_the_next_write(self, moment: Moment) -> None:
        """That request goes no further until `release`; `held` is set once it waits."""
        self.held.clear()
        self._former, self._hold, self._wants_hold = self._hold, asyncio.Event(), moment

    def release(self) -> None:
        """Let go on what is held."""
        self._let_go(self._hold)

    def release_former(self) -> None:
        """Let go on what was held before the last `hold_the_next_write`."""
        self._let_go(self._former)

    def _let_go(self, hold: asyncio.Event | None) -> None:
        if self._loop is not None and hold is not None:
            self._loop.call_soon_threadsafe(hold.set)

    def wait_for_a_stop(self, patience: float) -> Victim:
        """The present victim, once SIGSTOP has stopped it. Raises TimeoutError."""
        pause = threading.Event()
        for _ in range(round(patience / LOOK)):
            if (victim := self._victim) is not None and victim.stopped:
                return victim
            pause.wait(LOOK)
        raise TimeoutError("it was never stopped")

    def let_the_late_arrive(self) -> None:
        """What is still on its way from a dead process arrives now."""
        late, self._late = self._late, None
        if late is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(late[0].set)

    @property
    def seen(self) -> int:
        """Requests since `begin`."""
        return self._seen

    @property
    def written(self) -> int:
        """PATCH and POST requests since `begin`, those for tokens left out."""
        return self._written

    def count(self, write: bool) -> tuple[int, int | None]:
        """A request is there: its number among all, and among writes."""
        self._loop = asyncio.get_running_loop()
        self._seen += 1
        self._written += write
        if self._late is not None and self._seen >= self._late[1]:
            self._late[0].set()
            self._late = None
        return self._seen, self._written if write else None

    async def at(self, moment: Moment, numbers: tuple[int, int | None]) -> None:
        """A request has come so far."""
        strike = self._strike
        if strike is not None and strike.moment is moment and numbers[bool(strike.writes)] == strike.number:
            asyncio.get_running_loop().call_later(strike.after, self._fall, strike, self._victim)
            if not strike.after:
                await asyncio.sleep(0)
            if strike.late and moment is Moment.ARRIVED:
                if self._late is not None:
                    self._late[0].set()
                self._late = asyncio.Event(), strike.late
                await self._late[0].wait()
        if self._wants_hold is moment and numbers[1] is not None and self._hold is not None:
            self._wants_hold, hold = None, self._hold
            self.held.set()
            await hold.wait()

    def _fall(self, strike: Strike, victim: Victim | None) -> None:
        if victim is None or victim is not self._victim:
            return
        victim.strike(strike.first)
        if strike.again is not None:
            victim.strike(strike.again)


class Victim:
    """A process, by a handle that can never mean another one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def strike(self, number: signal.Signals) -> bool:
        """Whether it was still there."""
        try:
            signal.pidfd_send_signal(self._handle, number)
        except OSError:
            return False
        return True

    @property
    def stopped(self) -> bool:
        """Whether it stands still, by SIGSTOP."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state == "T"

    def close(self) -> None:
        """Let go of the handle."""
        os.close(self._handle)


class _Watched(SimulatorApp):
    """The application, telling how far each request has come."""

    watch: Watch

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_simulator"):
            await super().__call__(scope, receive, send)
            return
        numbers = self.watch.count(scope["method"] in {"PATCH", "POST"} and "/oauth2/" not in scope["path"])
        answering = False

        async def received() -> Any:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body") and not answering:
                await self.watch.at(Moment.ARRIVED, numbers)
            return message

        async def sent(message: Any) -> None:
            nonlocal answering
            if not answering:
                answering = True
                await self.watch.at(Moment.EFFECTED, numbers)
            await send(message)

        await super().__call__(scope, received, sent)
        await self.watch.at(Moment.ANSWERED, numbers)


class Watched(Service):
    """A running service with its watch."""

    def __init__(self, url: str, watch: Watch) -> None:
        super().__init__(url)
        self.watch = watch


@contextmanager
def watched(settings: SimulatorSettings) -> Iterator[Watched]:
    """The simulator, in this process and watched, for as long as the context lasts."""
    watch = Watch()
    application = type("Watched", (_Watched,), {"watch": watch})
    ordinary = server.SimulatorApp  # type: ignore[attr-defined]
    server.SimulatorApp = application  # type: ignore[attr-defined,assignment]
    try:
        running = run_in_thread(settings)
        with running as there:
            server.SimulatorApp = ordinary  # type: ignore[attr-defined]
            yield Watched(there.url, watch)
    finally:
        server.SimulatorApp = ordinary  # type: ignore[attr-defined]
