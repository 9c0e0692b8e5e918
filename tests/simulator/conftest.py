"""A simulated service over a real socket, and a caller that knows no more than HTTP."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from pcreconcile.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    PARTNER_TENANT,
    REFRESH_TOKEN,
    SimulatorSettings,
    run_in_thread,
)

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
TENANT = "6b2e0b0c-0000-4000-8000-0000000000"
"""Followed by the two digits of a customer."""


class Caller:
    """One HTTP client of a running simulator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url)
        self._tokens: dict[tuple[str, str], str] = {}

    def token(self, audience: str = PARTNER_CENTER, *, refresh: str = REFRESH_TOKEN, app_only: bool = False) -> str:
        key = (audience, "app" if app_only else refresh)
        if key not in self._tokens:
            form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": f"{audience}/.default"}
            form |= {"grant_type": "client_credentials" if app_only else "refresh_token"}
            form |= {} if app_only else {"refresh_token": refresh}
            answer = self.http.post(f"/{PARTNER_TENANT}/oauth2/v2.0/token", data=form)
            self._tokens[key] = answer.json()["access_token"]
        return self._tokens[key]

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A call as App+User to the API that the path belongs to."""
        prefix = path.lower().split("/")[1]
        audience = {"graph": "https://graph.microsoft.com", "management": "https://management.azure.com"}
        sent = {"Authorization": f"Bearer {self.token(audience.get(prefix, PARTNER_CENTER))}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, path, json=body, headers=sent)

    def control(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(f"/_simulator/{path}", json=body)

    def world(self, customer: str) -> Any:
        return self.http.get("/_simulator/world").json()["customers"][customer]

    def log(self) -> list[Any]:
        return self.http.get("/_simulator/requests").json()

    def subscription(self, customer: str, name: str) -> Any:
        rows = self("GET", f"/v1/customers/{customer}/subscriptions").json()["items"]
        return next(row for row in rows if row["friendlyName"] == name)


@contextmanager
def calling(settings: SimulatorSettings) -> Iterator[Caller]:
    with run_in_thread(settings) as simulator:
        caller = Caller(simulator.url)
        with caller.http:
            yield caller


def tenant(number: int) -> str:
    """The customer of a row of a table."""
    return f"6b2e0b0c-0000-4000-8000-{number:012d}"


@contextmanager
def one_customer_each(folder: Path, items: list[Any]) -> Iterator[Caller]:
    """One simulator for a whole table of tests: each row's item belongs to a customer of its own."""
    rows = [{"tenantId": tenant(number), "name": f"row-{number}", "items": [item]} for number, item in enumerate(items)]
    path = folder / "table.yaml"
    path.write_text(yaml.safe_dump({"customers": rows}, sort_keys=False))
    with calling(SimulatorSettings(estate=path)) as caller:
        yield caller


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Callable[..., Caller]]:
    """A simulator of an estate written in the test; one customer's items suffice."""
    with ExitStack() as stack:

        def start(items: list[Any] | None = None, options: Any = None, **customer: Any) -> Caller:
            document = {"customers": [{"tenantId": TENANT + "01", "name": "test-customer", **customer}]}
            document["customers"][0]["items"] = items or []
            document |= {"options": options} if options else {}
            path = tmp_path / "estate.yaml"
            path.write_text(yaml.safe_dump(document, sort_keys=False))
            return stack.enter_context(calling(SimulatorSettings(estate=path)))

        yield start


@pytest.fixture(scope="module")
def example() -> Iterator[Caller]:
    """The shipped estate, shared by the tests of a module that only read or that keep to their own customer."""
    with calling(SimulatorSettings()) as caller:
        yield caller
