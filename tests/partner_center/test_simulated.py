"""The client against the simulator over a socket: the example estate, each write, a removal, lost answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from pcreconcile.model.errors import AuthenticationError, NoAnswer, RemoteError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center import PartnerCenter, connect
from pcreconcile.partner_center.trust import Trust
from pcreconcile.simulator import (
    CLIENT_ID,
    CLIENT_SECRET,
    PARTNER_TENANT,
    REFRESH_TOKEN,
    SimulatorSettings,
    run_in_thread,
)
from tests.partner_center.bench import Order

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
A, B, C = (TenantId(f"6b2e0b0c-0000-4000-8000-00000000000{digit}") for digit in "abc")
ESTATE = f"""
customers:
  - tenantId: {A}
    name: licences
    items:
      - {{kind: new-commerce-license, name: Microsoft 365 E3, quantity: 5, bought: -1d, autoRenew: true}}
      - {{kind: legacy-license, name: Exchange, quantity: 3}}
      - {{kind: perpetual-software, quantity: 2, bought: -1d}}
      - {{kind: marketplace-saas, name: Backup, bought: -1d}}
      - {{kind: software-subscription, name: RDS, bought: -1d}}
  - tenantId: {B}
    name: azure
    items:
      - {{kind: azure-plan, azureSubscriptions: [{{name: one}}]}}
  - tenantId: {C}
    name: empty
"""

CREDENTIALS = Credentials(SecretRef(env="PC_ID"), SecretRef(env="PC_SECRET"), refresh_token=SecretRef(env="PC_REFRESH"))
ENVIRONMENT = {"PC_ID": CLIENT_ID, "PC_SECRET": CLIENT_SECRET, "PC_REFRESH": REFRESH_TOKEN}
Story = Callable[[PartnerCenter], Coroutine[Any, Any, Any]]


class World:
    """A running simulator and its controls."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tell(self, what: str, body: Any) -> None:
        httpx.post(f"{self.url}/_simulator/{what}", json=body).raise_for_status()

    def asked(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/_simulator/requests").json()
        return found

    def run(self, story: Story, **environment: str) -> Any:
        endpoints = Endpoints(self.url, self.url, f"{self.url}/graph", f"{self.url}/management")
        partner = Partner("p", TenantId(PARTNER_TENANT), Cloud.CUSTOM, endpoints, CREDENTIALS)

        async def connected() -> Any:
            async with connect(partner, {**ENVIRONMENT, **environment}, trust=Trust()) as partner_center:
                return await story(partner_center)

        return asyncio.run(connected())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    estate = tmp_path / "estate.yaml"
    estate.write_text(ESTATE)
    with run_in_thread(SimulatorSettings(estate=estate, clock=NOW)) as simulator:
        yield World(simulator.url)


@pytest.mark.parametrize(
    "options",
    [{}, {"byteOrderMark": True, "pageSize": 3, "trailingToken": True, "errorCodeText": True}],
    ids=["plain", "odd"],
)
def test_the_example_estate_is_read_to_its_end(options: dict[str, Any]) -> None:
    with run_in_thread(SimulatorSettings()) as simulator:
        world = World(simulator.url)
        world.tell("options", options)

        async def story(partner_center: PartnerCenter) -> Any:
            listed = await partner_center.list_customers()
            return await partner_center.snapshot(dict.fromkeys(listed.customers, ()), NOW)

        snapshot = world.run(story)
        shown = httpx.get(f"{world.url}/_simulator/world").json()["customers"]
    assert snapshot.listed.read.complete
    assert [state.problems for state in snapshot.states.values() if state.problems] == []
    for tenant, state in snapshot.states.items():
        assert len(state.subscriptions) == len(shown[tenant]["subscriptions"])
        assert len(state.orders) == len(shown[tenant]["orders"])
        assert len(state.entitlements) == len(shown[tenant]["entitlements"])
        assert len(state.azure_entitlements) == len(shown[tenant]["azureEntitlements"])
    assert sum(len(state.azure_entitlements) for state in snapshot.states.values()) > 0


def target(state: Any, prefix: str) -> Any:
    return next(row for row in state.subscriptions if row.offer_id.startswith(prefix))


async def write(
    partner_center: PartnerCenter,
    kind: ActionKind,
    tenant: TenantId,
    item: tuple[str, str],
    wanted: Any = None,
    **more: Any,
) -> Any:
    parent = more.pop("parent_id", None)
    fields = await partner_center.read_item(tenant, item[0], item[1], parent) or {}
    order = Order(
        kind, item[0], item[1], fields, wanted or {}, parent, tenant, more.pop("request_id", f"{kind}-{item[1]}")
    )
    return await partner_center.write(order)


SUBSCRIPTION_STORIES = [
    (ActionKind.CANCEL_SUBSCRIPTION, "CFQ7", None, {"status": "deleted"}),
    (ActionKind.SUSPEND_SUBSCRIPTION, "CFQ7", None, {"status": "suspended"}),
    (
        ActionKind.CANCEL_AT_TERM_END,
        "CFQ7",
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/Cancel"]},
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/Cancel"], "status": "active"},
    ),
    (
        ActionKind.SET_RENEWAL,
        "CFQ7",
        {"autoRenewEnabled": True, "scheduledActions": ["TermEnd/RenewToNewTerm"]},
        {"autoRenewEnabled": True, "scheduledActions": ["TermEnd/RenewToNewTerm"], "status": "active"},
    ),
    (
        ActionKind.SET_RENEWAL,
        "CFQ7",
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"]},
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"], "status": "active"},
    ),
    (ActionKind.SUSPEND_SUBSCRIPTION, "", None, {"status": "suspended"}),
    (ActionKind.CANCEL_SUBSCRIPTION, "DZH3", None, {"status": "deleted"}),
    (
        ActionKind.CANCEL_AT_TERM_END,
        "DZH3",
        {"autoRenewEnabled": False},
        {"autoRenewEnabled": False, "scheduledActions": None, "status": "active"},
    ),
    (
        ActionKind.CANCEL_AT_TERM_END,
        "DG7G",
        {"autoRenewEnabled": False},
        {"autoRenewEnabled": False, "scheduledNextTerm": False, "status": "active"},
    ),
]


@pytest.mark.parametrize(("kind", "offer", "wanted", "shown"), SUBSCRIPTION_STORIES)
def test_writes_of_subscriptions_show_when_read_back(
    world: World, kind: ActionKind, offer: str, wanted: Any, shown: dict[str, Any]
) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        state = await partner_center.read_customer(A)
        row = target(state, offer) if offer else next(row for row in state.subscriptions if ":" not in row.offer_id)
        answer = await write(partner_center, kind, A, ("subscription", row.id), wanted)
        assert answer.status == 200
        before = next(each for each in state.subscriptions if each.id == row.id)
        after = await partner_center.read_item(A, "subscription", row.id, None)
        return before, after

    before, after = world.run(story)
    assert {name: after[name] for name in shown} == shown
    assert after["quantity"] == before.quantity
    assert after["name"] == before.name


def test_suspended_and_active_again(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        row = next(row for row in (await partner_center.read_customer(A)).subscriptions if ":" not in row.offer_id)
        for kind in (ActionKind.SUSPEND_SUBSCRIPTION, ActionKind.REACTIVATE_SUBSCRIPTION):
            await write(partner_center, kind, A, ("subscription", row.id))
        return await partner_center.read_item(A, "subscription", row.id, None)

    assert world.run(story)["status"] == "active"


def test_an_order_line_is_cancelled(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        state = await partner_center.read_customer(A)
        software = state.entitlements[0]
        line = f"{software.order_id}/{software.line_item}"
        await write(partner_center, ActionKind.CANCEL_ORDER_LINE, A, ("order-line", line))
        return await partner_center.read_item(A, "order-line", line, None)

    assert world.run(story)["cancelled"] is True


def test_azure_is_emptied_its_plan_suspended_and_the_relationship_removed(world: World) -> None:
    async def gone(partner_center: PartnerCenter) -> bool:
        fields = await partner_center.read_item(B, "customer", B, None)
        return fields is not None and fields["relationship"] == "none"

    async def story(partner_center: PartnerCenter) -> Any:
        await partner_center.authorise(frozenset(ActionKind) & {ActionKind.REMOVE_RELATIONSHIP})
        state = await partner_center.read_customer(B)
        plan, azure = state.subscriptions[0], state.azure_entitlements[0]
        with pytest.raises(RemoteError) as refused:
            await write(
                partner_center, ActionKind.SUSPEND_SUBSCRIPTION, B, ("subscription", plan.id), request_id="early"
            )
        assert refused.value.code == "900115"
        item = ("azure-subscription", azure.id)
        for kind, running in (
            (ActionKind.CANCEL_AZURE_SUBSCRIPTION, False),
            (ActionKind.REACTIVATE_AZURE_SUBSCRIPTION, True),
            (ActionKind.CANCEL_AZURE_SUBSCRIPTION, False),
        ):
            await write(
                partner_center, kind, B, item, parent_id=plan.id, request_id=f"{kind}-{running}-{len(world.asked())}"
            )
            for _ in range(10):
                shown = await partner_center.read_item(B, *item, plan.id)
                if shown["running"] is running:
                    break
            assert shown["running"] is running
        await write(partner_center, ActionKind.SUSPEND_SUBSCRIPTION, B, ("subscription", plan.id), request_id="late")
        await write(partner_center, ActionKind.REMOVE_RELATIONSHIP, B, ("customer", B))
        polls = [await gone(partner_center) for _ in range(10)]
        return polls[-1], await partner_center.snapshot({B: ()}, NOW)

    removed, snapshot = world.run(story)
    assert removed
    assert B not in snapshot.listed.customers
    assert snapshot.states[B].problems == ()
    assert snapshot.states[B].customer is None or snapshot.states[B].customer.relationship == "none"


def test_a_second_removal_is_refused(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        await write(partner_center, ActionKind.REMOVE_RELATIONSHIP, C, ("customer", C), request_id="one")
        await write(partner_center, ActionKind.REMOVE_RELATIONSHIP, C, ("customer", C), request_id="two")

    with pytest.raises(RemoteError) as caught:
        world.run(story)
    assert (caught.value.status, caught.value.code) == (400, "3000")


def test_delegated_admin_is_removed(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        await write(partner_center, ActionKind.REMOVE_DELEGATED_ADMIN, C, ("customer", C))
        return await partner_center.read_item(C, "customer", C, None)

    fields = world.run(story)
    assert (fields["allowDelegatedAccess"], fields["relationship"]) == (False, "reseller")


@pytest.mark.parametrize("fault", ["drop-after", "drop-before", "status-after", "truncate"])
def test_a_lost_answer_is_indeterminate_and_repeating_under_the_same_id_writes_once(world: World, fault: str) -> None:
    rule = {"fault": fault, "method": "PATCH", "path": "/subscriptions/", "status": 503}
    world.tell("faults", {"faults": [rule]})

    async def story(partner_center: PartnerCenter) -> Any:
        row = target(await partner_center.read_customer(A), "CFQ7")
        item = ("subscription", row.id)
        with pytest.raises(NoAnswer) as caught:
            await write(partner_center, ActionKind.SUSPEND_SUBSCRIPTION, A, item, request_id="same")
        assert caught.value.request_id == "same"
        fields = await partner_center.read_item(A, "subscription", row.id, None)
        if fields is not None and fields["status"] == "active":
            await write(partner_center, ActionKind.SUSPEND_SUBSCRIPTION, A, item, request_id="same")
            fields = await partner_center.read_item(A, "subscription", row.id, None)
        return fields

    assert world.run(story)["status"] == "suspended"


def test_reads_survive_faults(world: World) -> None:
    rules = [
        {"fault": "status-before", "method": "GET", "path": "/orders", "status": 503},
        {"fault": "truncate", "method": "GET", "path": "/subscriptions$"},
        {"fault": "drop-after", "method": "GET", "path": "/entitlements"},
        {
            "fault": "status-before",
            "method": "GET",
            "path": "/customers\\b",
            "status": 429,
            "headers": {"Retry-After": "0"},
        },
    ]
    world.tell("faults", {"faults": rules})
    snapshot = world.run(lambda partner_center: partner_center.snapshot(dict.fromkeys((A, B, C), ()), NOW))
    assert [state.problems for state in snapshot.states.values()] == [(), (), ()]


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"PC_REFRESH": "no-mfa-1"}, "multi-factor"),
        ({"PC_REFRESH": "expired-1"}, "AADSTS700082"),
        ({"PC_SECRET": "hunter2"}, "AADSTS"),
    ],
)
def test_credentials_are_refused_before_the_first_write(world: World, environment: dict[str, str], text: str) -> None:
    kinds = frozenset({ActionKind.REMOVE_RELATIONSHIP})
    with pytest.raises(AuthenticationError, match=text) as caught:
        world.run(lambda partner_center: partner_center.authorise(kinds), **environment)
    assert not any(value in str(caught.value) for value in environment.values())
    assert not any(each.get("method") == "PATCH" for each in world.asked())


def test_the_simulators_clock_is_the_services_time(world: World) -> None:
    assert world.run(lambda partner_center: partner_center.service_time()) == NOW
