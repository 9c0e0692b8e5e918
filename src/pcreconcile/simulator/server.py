"""Running the simulator: opening its world, binding its port, starting and stopping uvicorn."""

import asyncio
import contextlib
import signal
import socket
import sqlite3
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import RunningSimulator, SimulatorError, SimulatorSettings, WorldIsLater, example_estate
from .app import SimulatorApp
from .clock import FIRST_YEAR, LAST_YEAR, Clock
from .courier import Courier
from .estate import read_estate, read_estate_file
from .exchange import Exchange
from .faults import Fault, FaultPlan, read_fault_file
from .generated import generate
from .interference import Cut
from .messages import Json
from .store import Store
from .world import found

__all__ = ["run_in_thread", "serve"]

_START_SECONDS = 300  # for a thread that never starts, not for a machine that is busy
_GRACE_SECONDS = 2


def open_store(settings: SimulatorSettings) -> Store:
    """The world of the settings: loaded when its state file exists, founded otherwise. Raises SimulatorError."""
    if settings.clock is not None and not FIRST_YEAR <= settings.clock.year <= LAST_YEAR:
        raise SimulatorError(f"clock: expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    store = Store(settings.state)
    try:
        with store.transaction():
            if store.is_new():
                _found(store, settings)
            elif any(store.meta(name) is None for name in ("clock", "partner", "options", "signingKey")):
                raise SimulatorError(f"{settings.state}: is damaged: it holds no world")
            else:
                _set_clock(store, settings)
    except sqlite3.Error as error:
        store.close()
        raise SimulatorError(f"{settings.state}: is damaged: {error}") from error
    except BaseException:
        store.close()
        raise
    return store


def _found(store: Store, settings: SimulatorSettings) -> None:
    clock = Clock(settings.clock.astimezone(UTC) if settings.clock else None, timedelta())
    created = settings.present.astimezone(UTC) if settings.present and not settings.clock else clock.now()
    found(store, _founding(settings, created), clock, created)


def _founding(settings: SimulatorSettings, created: datetime) -> Json:
    if settings.estate is None and settings.customers is not None:
        return read_estate(generate(settings.customers, settings.seed), "generated", created)
    return read_estate_file(settings.estate or example_estate(), created)


def _set_clock(store: Store, settings: SimulatorSettings) -> None:
    """Move a kept world on to the instant of the settings. Raises WorldIsLater when it lies behind the world's."""
    kept = Clock.load(store.meta("clock"))
    if settings.clock is not None:
        store.set_meta("clock", _moved(kept, settings.clock.astimezone(UTC)).dump())
    elif settings.present is not None and kept.fixed is not None:
        # Only a clock that stands still can be elsewhere; one that runs is the caller's own, however late we ask it.
        _moved(kept, settings.present.astimezone(UTC))
        store.set_meta("clock", Clock().dump())


def _moved(clock: Clock, instant: datetime) -> Clock:
    try:
        return clock.moved_to(instant)
    except ValueError as error:
        raise WorldIsLater(clock.now()) from error


class _Connections:
    """Open connections by peer, so that a fault can cut the one a request came by."""

    def __init__(self) -> None:
        self._transports: dict[Any, asyncio.BaseTransport] = {}

    def protocol(self) -> type[H11Protocol]:
        """uvicorn's HTTP/1.1 protocol, registering its connections here."""
        transports = self._transports

        class Registered(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.client, None)
                super().connection_lost(exc)

        return Registered

    def drop(self, scope: Scope, how: Cut) -> None:
        """Close a request's connection, after what was written before; or reset it."""
        transport = self._transports.get(scope["client"])
        if transport is None:
            return
        if how is Cut.RESET:
            # Without lingering, the kernel ends a connection by a reset instead of an orderly farewell.
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.close()


class _Server(uvicorn.Server):
    """uvicorn without its signal handling, telling when it accepts connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever runs the simulator."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._on_ready()

    def stop(self) -> None:
        """Finish what is under way, then leave."""
        self.should_exit = True


class _Instance:
    """A world, a bound socket and a server for it. Raises SimulatorError when one of them cannot be had."""

    def __init__(self, settings: SimulatorSettings, on_ready: Callable[[str], None]) -> None:
        faults = read_fault_file(settings.faults) if settings.faults else None
        self.socket = _bind(settings.host, settings.port)
        try:
            self.store = open_store(settings)
            plan = _started(self.store, faults)
        except BaseException:
            self.socket.close()
            raise
        host, port = self.socket.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        connections = _Connections()
        self.courier = Courier(self.store, self.url)
        config = uvicorn.Config(
            SimulatorApp(Exchange(self.store, self.courier.wake), plan, connections.drop),
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self.server = _Server(config, lambda: on_ready(self.url))

    async def run(self) -> None:
        """Serve until stopped, and deliver notifications meanwhile."""
        delivering = asyncio.create_task(self.courier.run())
        try:
            await self.server.serve(sockets=[self.socket])
        finally:
            delivering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await delivering

    def close(self) -> None:
        """Let go of the port and the world."""
        self.socket.close()
        self.store.close()


def _started(store: Store, faults: list[Fault] | None) -> FaultPlan:
    plan = FaultPlan(store)
    try:
        plan.start(faults)
    except BaseException as error:
        store.close()
        if isinstance(error, sqlite3.Error):
            raise SimulatorError(f"the state cannot be written: {error}") from error
        raise
    return plan


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise SimulatorError(f"{host}:{port}: cannot be listened on: {error}") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)
    except (OSError, OverflowError) as error:
        bound.close()
        raise SimulatorError(f"{host}:{port}: cannot be listened on: {error}") from error
    return bound


@contextlib.contextmanager
def run_in_thread(settings: SimulatorSettings) -> Iterator[RunningSimulator]:
    """A simulator in a daemon thread for as long as the context lasts."""
    ready = threading.Event()
    instance = _Instance(settings, lambda _: ready.set())
    thread = threading.Thread(target=lambda: asyncio.run(instance.run()), name="simulator", daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_SECONDS):
            raise SimulatorError("the simulator did not start")
        yield RunningSimulator(instance.url)
    finally:
        instance.server.stop()
        thread.join(_GRACE_SECONDS + _START_SECONDS)
        instance.close()


def serve(settings: SimulatorSettings, on_ready: Callable[[str], None]) -> None:
    """A simulator in the foreground until SIGTERM or SIGINT."""
    instance = _Instance(settings, on_ready)
    try:
        asyncio.run(_until_signalled(instance))
    finally:
        instance.close()


async def _until_signalled(instance: _Instance) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, instance.server.stop)
    await instance.run()
