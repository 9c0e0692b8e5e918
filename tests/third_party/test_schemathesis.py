"""The simulator against its own description, by a fuzzer that nobody here wrote.

For every operation: no status that the document does not know, no 5xx, bodies that are valid by it. IDs of things that
exist are mixed into the paths, so that the calls get further than a 404. What moves the clock, the options and the
faults is left out, because it would make all other answers others.
"""

from pathlib import Path

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks as openapi_checks

import pcreconcile
from pcreconcile.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    PARTNER_TENANT,
    REFRESH_TOKEN,
    SimulatorSettings,
    run_in_thread,
)
from pcreconcile.simulator.routes import ROUTES

DOCUMENT = yaml.safe_load(
    (Path(pcreconcile.__file__).parent / "schemas" / "simulator.openapi.yaml").read_text(encoding="utf-8")
)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
]
AUDIENCES = {"graph": "https://graph.microsoft.com", "management": "https://management.azure.com"}
NAMES = {"customer", "subscription", "entitlement", "order", "relationship", "group", "line", "resource"}
NAMES |= {"reservationOrder"}
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(method=["POST", "DELETE"], path_regex="^/_simulator")


@pytest.fixture(scope="module")
def url():
    with run_in_thread(SimulatorSettings()) as running:
        yield running.url


@pytest.fixture(scope="module")
def bearer(url):
    """The Authorization header for the API of a path."""
    kept = {}

    def authorization(path):
        audience = AUDIENCES.get(path.split("/")[1], "https://api.partnercenter.microsoft.com")
        if audience not in kept:
            form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "refresh_token"}
            form |= {"refresh_token": REFRESH_TOKEN, "scope": f"{audience}/.default"}
            answer = httpx.post(f"{url}/{PARTNER_TENANT}/oauth2/v2.0/token", data=form)
            kept[audience] = f"Bearer {answer.json()['access_token']}"
        return {"Authorization": kept[audience]}

    return authorization


@pytest.fixture(scope="module")
def known(url):
    """Paths of things that exist: per customer what its own members are called."""
    found = []
    for tenant, customer in httpx.get(f"{url}/_simulator/world").json()["customers"].items():
        lines = {"customer": tenant}
        for one in customer["subscriptions"]:
            found.append(lines | {"subscription": one["id"], "order": one["orderId"]})
        for one in customer["azureEntitlements"]:
            found.append(lines | {"subscription": one["subscriptionId"], "entitlement": one["id"]})
        for order in customer["orders"]:
            found.append(lines | {"order": order["id"]})
        for one in customer["delegatedAdminRelationships"]:
            found.append(lines | {"relationship": one["id"]})
        for one in customer["entitlements"]:
            for artifact in one["entitledArtifacts"]:
                parts = artifact["link"]["uri"].split("/")
                names = {"group": parts[6], "line": parts[8], "resource": parts[10]}
                found.append(lines | names | {"reservationOrder": artifact["resourceId"]})
    return found


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_the_simulator_keeps_to_its_document(case, url, bearer, known):
    names = set(case.path_parameters or ()) & NAMES
    fitting = [each for each in known if names <= set(each)]
    pick = hash_of(case) % (len(fitting) + 2)
    if names and pick < len(fitting):
        case.path_parameters = {**case.path_parameters, **{name: fitting[pick][name] for name in names}}
    headers = bearer(case.operation.path)
    response = case.call(base_url=url, headers=headers)
    case.validate_response(response, checks=CHECKS, headers=headers)


def test_every_route_is_in_the_document():
    documented = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    missing = [
        (route.method, route.pattern.pattern)
        for route in ROUTES
        if not any(method == route.method and route.pattern.fullmatch(path) for method, path in documented)
    ]
    assert missing == [("GET", "/")]


def hash_of(case):
    """A number that is the same for the same case, and another one for the next."""
    return sum(str(case.path_parameters).encode()) + sum(str(case.body).encode()) + sum(str(case.query).encode())
