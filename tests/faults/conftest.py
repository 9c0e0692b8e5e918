"""Time that passes by itself, so that no retry waits, and desks beside a simulator."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pcreconcile.partner_center import opening
from pcreconcile.partner_center.time_budget import Timing
from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from tests.faults.law import ESTATE, FA, FB, GONE, Desk, simulated


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    async def passes(seconds: float) -> None:
        nonlocal now
        now += seconds
        await asyncio.sleep(0)

    monkeypatch.setattr(opening, "Timing", lambda: Timing(monotonic=lambda: now, sleep=passes))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One service for all that must not change it."""
    with simulated(tmp_path_factory.mktemp("service"), ESTATE) as url:
        yield url


@pytest.fixture
def desk_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Desk]:
    """A desk beside a service that is running already."""
    for name in [name for name in os.environ if name.startswith("PCRECONCILE_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "PC_CLIENT_ID": CLIENT_ID,
        "PC_CLIENT_SECRET": CLIENT_SECRET,
        "PC_REFRESH_TOKEN": REFRESH_TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return lambda url: Desk(tmp_path, url, capsys, monkeypatch)


@pytest.fixture
def desk(service: str, desk_at: Callable[[str], Desk]) -> Iterator[Desk]:
    """The customers of the table, beside the service that all share."""
    found = with_manifests(desk_at(service))
    yield found
    found.fault()


@pytest.fixture
def own_desk(tmp_path_factory: pytest.TempPathFactory, desk_at: Callable[[str], Desk]) -> Iterator[Callable[..., Desk]]:
    """A desk beside a service of its own, with that estate."""
    with ExitStack() as running:

        def begin(estate: dict[str, Any] = ESTATE) -> Desk:
            return desk_at(running.enter_context(simulated(tmp_path_factory.mktemp("own"), estate)))

        yield begin


def with_manifests(desk: Desk) -> Desk:
    """The desk with the customers of the table."""
    desk.partner()
    desk.customer("fa", FA, delegatedAccess="terminate")
    desk.customer("fb", FB, "suspended")
    desk.customer("gone", GONE)
    return desk
