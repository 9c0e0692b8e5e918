"""A Partner Center to practise on: the service's documented behaviour over HTTP, on one port, with a clock to move.

It is written from the wire facts alone and imports nothing else of this package: a mistake in the client must not hide
behind the same mistake here. Importing this package loads no web framework; starting it does.

Credentials. `CLIENT_ID` must present `CLIENT_SECRET`; any other client ID is taken with any non-empty secret or client
assertion. Every refresh token stands for a user with multi-factor authentication, except those that begin with
`no-mfa` (the tokens issued for it lack the claim) and those that begin with `expired` (refused with AADSTS700082).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "PARTNER_TENANT",
    "REFRESH_TOKEN",
    "RunningSimulator",
    "SimulatorError",
    "SimulatorSettings",
    "WorldIsLater",
    "example_estate",
    "run_in_thread",
    "serve",
]

PARTNER_TENANT = "9f10aa00-0000-4000-8000-0000000000aa"
CLIENT_ID = "9f10aa00-0000-4000-8000-0000000000c1"
CLIENT_SECRET = "simulated-client-secret"  # noqa: S105 - opens nothing but a simulator
REFRESH_TOKEN = "simulated-refresh-token"  # noqa: S105 - opens nothing but a simulator


class SimulatorError(Exception):
    """The simulator cannot start: a bad estate, faults or state file, or a port that is taken."""


class WorldIsLater(SimulatorError):
    """The world that is kept stands later than the instant that was asked for, and its time does not run backwards.

    `stands` is the world's instant, aware UTC.
    """

    def __init__(self, stands: datetime) -> None:
        self.stands = stands
        super().__init__(f"clock: the clock stands at {stands:%Y-%m-%dT%H:%M:%S.%fZ} and does not run backwards")


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """What to simulate and where.

    `estate` is a YAML file; `customers` and `seed` generate one instead; with neither it is the shipped example.
    `clock` makes time stand still at that instant. `present` lets time run with the system's instead: it is what the
    system's clock said when the caller began, at which a new world is founded, however long that takes, and from which
    a kept world that stood still runs on. With neither, a kept world's clock stays as it is.
    `state` is an SQLite file that keeps the world between processes: once it exists, `estate`, `customers` and `seed`
    are ignored. `faults` is a YAML file of faults to inject. `port` 0 takes a free one.
    """

    estate: Path | None = None
    customers: int | None = None
    seed: int = 0
    clock: datetime | None = None
    present: datetime | None = None
    state: Path | None = None
    faults: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """A simulator that accepts connections; `url` has no trailing slash."""

    url: str


def example_estate() -> Path:
    """The estate that is shipped with the package; it knows the customers of the shipped manifests."""
    return Path(str(files(__name__) / "estates" / "example.yaml"))


def run_in_thread(settings: SimulatorSettings) -> AbstractContextManager[RunningSimulator]:
    """A simulator in a daemon thread: accepting connections once entered, stopped when left.

    Entering raises SimulatorError when the world cannot be opened or the port is taken.
    """
    from .server import run_in_thread as run

    return run(settings)


def serve(settings: SimulatorSettings, on_ready: Callable[[str], None]) -> None:
    """Run in the foreground until SIGTERM or SIGINT; `on_ready` gets the URL once connections are accepted.

    Raises SimulatorError when the world cannot be opened or the port is taken.
    """
    from .server import serve as run

    run(settings, on_ready)
