"""Microsoft's hosts on the simulator, for clients that know no others."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests.adapters

from pcreconcile.simulator import SimulatorSettings, run_in_thread

HOSTS = ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com")


@pytest.fixture
def simulator() -> Iterator[str]:
    """The URL of a simulator of the shipped estate."""
    with run_in_thread(SimulatorSettings()) as running:
        yield running.url


@pytest.fixture
def service(simulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, reached by everything that uses `requests` under the names of the real service."""
    send = requests.adapters.HTTPAdapter.send

    def redirected(self: Any, request: Any, *positional: Any, **named: Any) -> Any:
        for host in HOSTS:
            if request.url.startswith(host):
                request.url = simulator + request.url.removeprefix(host)
        assert request.url.startswith(simulator), f"leaves the machine: {request.url}"
        return send(self, request, *positional, **named)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", redirected)
    return simulator
