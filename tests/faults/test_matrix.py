"""Every fault × every call: the right answer, a typed error, or indeterminate; no fault makes a read look empty.

One simulator with one customer per case. A fault hits one request of that customer's case and no other.
"""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from pcreconcile.applying.ports import WriteRequest
from pcreconcile.model.errors import AuthenticationError, NoAnswer, PcreconcileError, RemoteError
from pcreconcile.model.estate import CustomerList, CustomerState, Order
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import RequestId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.observed import observe_items
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center import PartnerCenter, connect, opening
from pcreconcile.partner_center.time_budget import Timing
from pcreconcile.partner_center.trust import Trust
from pcreconcile.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    PARTNER_TENANT,
    REFRESH_TOKEN,
    SimulatorSettings,
    run_in_thread,
)

# A fault and what it may lead to: every one of these may also be survived with the right answer.
FAULTS: dict[str, dict[str, Any]] = {
    "connection lost before": {"fault": "drop-before"},
    "connection lost after": {"fault": "drop-after"},
    "connection reset in the body": {"fault": "reset"},
    "500 before": {"fault": "status-before", "status": 500},
    "503 after": {"fault": "status-after", "status": 503, "body": '{"code":800003,"description":"unexpected"}'},
    "504 with HTML": {"fault": "status-before", "status": 504, "body": "<html>gateway</html>"},
    "429": {"fault": "status-before", "status": 429, "headers": {"Retry-After": "7"}},
    "400 of an unknown code": {"fault": "status-before", "status": 400, "body": '{"code":"424242","message":"?"}'},
    "403 without a body": {"fault": "status-before", "status": 403},
    "404 without a body": {"fault": "status-before", "status": 404},
    "200 without a body": {"fault": "status-before", "status": 200},
    "200 with null": {"fault": "status-before", "status": 200, "body": "null"},
    "200 with an empty object": {"fault": "status-before", "status": 200, "body": "{}"},
    "200 with an empty list": {"fault": "status-before", "status": 200, "body": "[]"},
    "200 with items of null": {"fault": "status-before", "status": 200, "body": '{"totalCount":0,"items":null}'},
    "truncated": {"fault": "truncate"},
    "wrong content type": {"fault": "wrong-content-type"},
    "redirect": {"fault": "redirect"},
    "answered without effect": {"fault": "no-effect"},
    "seen late": {"fault": "stale-reads", "reads": 2},
    "huge body": {"fault": "huge-body", "megabytes": 65},
}
PERSISTENT = {"count": 0}
HARMLESS = {"wrong content type", "answered without effect", "seen late"}

READS = {
    "customers list": r"^/v1/customers$",
    "customer by ID": r"/customers/{tenant}$",
    "subscriptions": r"/customers/{tenant}/subscriptions$",
    "orders": r"/customers/{tenant}/orders$",
    "entitlements": r"/customers/{tenant}/entitlements$",
    "Azure entitlements": r"/customers/{tenant}/subscriptions/[^/]+/azureEntitlements$",
    "transfers": r"/customers/{tenant}/transfers$",
    "resellers": r"/customers/{tenant}/relationships$",
    "delegated admin": r"^/graph/v1.0/tenantRelationships/delegatedAdminRelationships",
    "reservation": r"^/management/providers/Microsoft.Capacity/",
    "token": r"/oauth2/v2.0/token$",
}
EXTRAS = frozenset({Extra.DELEGATED_ADMIN, Extra.RESERVATIONS, Extra.TRANSFERS, Extra.RESELLERS})
WRITES: dict[ActionKind, tuple[str, dict[str, Any], str]] = {
    ActionKind.SUSPEND_SUBSCRIPTION: ("subscription", {"status": "suspended"}, "legacy-license"),
    ActionKind.CANCEL_SUBSCRIPTION: ("subscription", {"status": "deleted"}, "new-commerce-license"),
    ActionKind.CANCEL_AT_TERM_END: (
        "subscription",
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/Cancel"]},
        "new-commerce-license",
    ),
    ActionKind.CANCEL_ORDER_LINE: ("order-line", {"cancelled": True}, "perpetual-software"),
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: ("azure-subscription", {"running": False}, "azure-plan"),
    ActionKind.REMOVE_RELATIONSHIP: ("customer", {"relationship": "none"}, "nothing"),
    ActionKind.TERMINATE_DELEGATED_ACCESS: ("delegated-admin", {"ended": True}, "nothing"),
    ActionKind.RETURN_RESERVATION: ("reservation", {"live": False}, "reservation"),
}
PLACES = {"delegated-admin": r"/delegatedAdminRelationships/.+/requests$", "reservation": r"/return$"}
KINDS = [
    "legacy-license",
    "new-commerce-license",
    "perpetual-software",
    "azure-plan",
    "reservation",
    "nothing",
    "everything",
]
HOLDINGS: dict[str, list[dict[str, Any]]] = {
    "legacy-license": [{"kind": "legacy-license"}],
    "new-commerce-license": [{"kind": "new-commerce-license", "bought": "-1d", "autoRenew": True}],
    "perpetual-software": [{"kind": "perpetual-software", "bought": "-1d"}],
    "azure-plan": [{"kind": "azure-plan", "azureSubscriptions": [{"name": "one"}]}],
    "reservation": [{"kind": "reservation", "price": "900.00", "ends": "+400d"}],
    "nothing": [],
}
# Beside what it holds; a transfer that is over moves nothing and locks nothing.
BESIDE: dict[bool, dict[str, Any]] = {
    False: {"gdap": [{"name": "helpdesk"}]},
    True: {
        "gdap": [{"name": "helpdesk"}],
        "transfers": [{"status": "Completed", "target": "Northwind Cloud"}],
        "resellers": [{"name": "Fourth Coffee"}],
    },
}
HOLDINGS["everything"] = [item for items in HOLDINGS.values() for item in items]


def tenant_of(number: int) -> TenantId:
    return TenantId(f"6b2e0b0c-0000-4000-8000-{number:012x}")


class Bench:
    """The running service, its controls, and customers to spend."""

    def __init__(self, url: str, customers: dict[str, list[TenantId]]) -> None:
        self.url = url
        self.customers = customers
        self._truth: tuple[CustomerList, CustomerState] | None = None
        endpoints = Endpoints(url, url, f"{url}/graph", f"{url}/management")
        places = Credentials(
            SecretRef(env="PC_ID"), SecretRef(env="PC_SECRET"), refresh_token=SecretRef(env="PC_REFRESH")
        )
        self.partner = Partner("contoso-csp", TenantId(PARTNER_TENANT), Cloud.CUSTOM, endpoints, places)

    def fault(self, *rules: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_simulator/faults", json={"faults": list(rules)}).raise_for_status()

    def applied(self, tenant: TenantId, item: str) -> list[dict[str, Any]]:
        """Writes that took effect for the customer; Graph and Azure name it by the thing alone."""
        log = httpx.get(f"{self.url}/_simulator/requests").json()
        part = item.partition("/")[0].lower()
        effects = [each for each in log if each["applied"]]
        return [e for e in effects if (e["customer"] or "").lower() == tenant or (part and part in e["path"].lower())]

    def truth(self, tenant: TenantId) -> tuple[CustomerList, CustomerState]:
        """What an undisturbed read shows; reading changes nothing, so it is taken once."""
        if self._truth is None:
            self.fault()
            listed, state = self.run(lambda service: see(service, tenant))
            assert listed.read.complete
            assert not state.problems
            assert state.delegated_admin
            assert state.reservations
            assert state.transfers
            assert state.resellers
            self._truth = listed, state
        return self._truth

    def run(self, story: Any) -> Any:
        environment = {"PC_ID": CLIENT_ID, "PC_SECRET": CLIENT_SECRET, "PC_REFRESH": REFRESH_TOKEN}

        async def go() -> Any:
            async with connect(self.partner, environment, trust=Trust()) as service:
                return await story(service)

        return asyncio.run(go())


async def see(service: PartnerCenter, tenant: TenantId) -> tuple[CustomerList, CustomerState]:
    return await service.list_customers(), await service.read_customer(tenant, EXTRAS)


def simulated(folder: Path, sizes: dict[str, int]) -> Iterator[Bench]:
    tenants = {kind: [tenant_of(KINDS.index(kind) * 1000 + n + 1) for n in range(size)] for kind, size in sizes.items()}
    customers = [
        {"tenantId": tenant, "name": f"{kind}-{n}", "items": HOLDINGS[kind], **BESIDE[kind == "everything"]}
        for kind, some in tenants.items()
        for n, tenant in enumerate(some)
    ]
    estate = folder / "estate.yaml"
    estate.write_text(yaml.safe_dump({"customers": customers}))
    with run_in_thread(SimulatorSettings(estate=estate)) as running:
        yield Bench(running.url, tenants)


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from simulated(tmp_path_factory.mktemp("reading"), {"everything": 2})


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    sizes = {kind: len(FAULTS) * 2 + 1 for kind in KINDS if kind != "everything"}
    yield from simulated(tmp_path_factory.mktemp("writing"), sizes)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    async def passes(seconds: float) -> None:
        nonlocal now
        now += seconds
        await asyncio.sleep(0)

    monkeypatch.setattr(opening, "Timing", lambda: Timing(monotonic=lambda: now, sleep=passes))


@pytest.mark.parametrize("extent", ["once", "always"])
@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_is_right_or_says_that_it_is_not(reading: Bench, fault: str, call: str, extent: str):
    bench, tenant = reading, reading.customers["everything"][0]
    truth = reading.truth(tenant)
    path = READS[call].replace("{tenant}", tenant)
    bench.fault({**FAULTS[fault], "method": "GET|POST", "path": path, **({} if extent == "once" else PERSISTENT)})
    try:
        listed, state = bench.run(lambda service: see(service, tenant))
    except PcreconcileError:
        return
    finally:
        bench.fault()
    assert not listed.read.complete or listed.customers == truth[0].customers
    assert_extras_are_whole_or_absent(truth[1], state)
    known = [price for price in prices(state) if price is not None]
    assert known in ([], [price for price in prices(truth[1]) if price is not None])
    gone_by_id = call == "customer by ID" and state.customer is None and not state.problems
    assert state.problems or gone_by_id or seen(state, state) == seen(truth[1], state)
    if gone_by_id:
        assert tenant in listed.customers, "absence by ID alone is contradicted by the list"


def prices(state: CustomerState) -> list[Money | None]:
    return [line.unit_price for order in state.orders for line in order.line_items]


def without_prices(order: Order) -> Order:
    lines = tuple(msgspec.structs.replace(line, unit_price=None) for line in order.line_items)
    return msgspec.structs.replace(order, line_items=lines)


def assert_extras_are_whole_or_absent(truth: CustomerState, state: CustomerState) -> None:
    """No fault makes a list of counterparties look shorter than it is; one that is absent says why."""
    for name in ("transfers", "resellers"):
        found, proof = getattr(state, name), next((each for each in state.reads if each.resource == name), None)
        assert found in (None, getattr(truth, name))
        assert (proof is None and found is None) or (proof is not None and proof.complete is (found is not None))
        assert proof is None or proof.complete or proof.problem


def seen(state: CustomerState, by: CustomerState) -> CustomerState:
    """What was read, without the proofs, the prices, and the extras that `by` says could not be read.

    A price may be unknown where a service refuses to show it; that it is never another one is asserted beside this.
    """
    return msgspec.structs.replace(
        state,
        orders=tuple(map(without_prices, state.orders)),
        reads=(),
        delegated_admin=None if by.delegated_admin is None else state.delegated_admin,
        reservations=None if by.reservations is None else state.reservations,
        transfers=None if by.transfers is None else state.transfers,
        resellers=None if by.resellers is None else state.resellers,
    )


@pytest.mark.parametrize("kind", WRITES, ids=str)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_took_effect_was_refused_or_is_indeterminate(writing: Bench, fault: str, kind: ActionKind):
    bench = writing
    target, wanted, holding = WRITES[kind]
    tenant = bench.customers[holding].pop()
    bench.fault()
    outcome: Any = None
    names: list[str] = []

    async def write(service: PartnerCenter) -> Any:
        item = await found(service, tenant, target)
        names.append(item["id"])
        bench.fault({**FAULTS[fault], "method": "PATCH|POST", "path": PLACES.get(target, f"/customers/{tenant}")})
        request = WriteRequest(
            kind, tenant, target, item["id"], item.get("planId"), item, wanted, RequestId(str(uuid.uuid4()))
        )
        return await service.write(request)

    try:
        outcome = bench.run(write)
    except (RemoteError, NoAnswer) as error:
        outcome = error
    finally:
        bench.fault()
    effects = bench.applied(tenant, names[0])
    assert len(effects) <= 1, "a write is never repeated by the transport"
    if isinstance(outcome, RemoteError) and not isinstance(outcome, AuthenticationError):
        assert not effects, "a definite no has no effect"
    elif not isinstance(outcome, NoAnswer) and fault not in HARMLESS and not fault.startswith("200 "):
        assert effects, "a yes has an effect"


async def found(service: PartnerCenter, tenant: TenantId, target: str) -> dict[str, Any]:
    if target == "customer":
        return {"type": "customer", "id": tenant, "relationship": "reseller"}
    items = observe_items(await service.read_customer(tenant, EXTRAS))
    return next(item for item in items if item["type"] == target)
