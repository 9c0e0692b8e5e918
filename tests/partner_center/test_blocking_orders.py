"""The orders that a refused removal names, resolved to what they are: often an Azure plan, not a reservation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from pcreconcile.model.errors import RemoteError
from pcreconcile.model.family import Family
from pcreconcile.model.ids import TenantId
from pcreconcile.model.partner import Cloud, Credentials, Endpoints, Partner, SecretRef
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center import connect
from pcreconcile.partner_center.blocking_orders import blocking_orders
from pcreconcile.partner_center.trust import Trust
from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT, REFRESH_TOKEN, SimulatorSettings
from pcreconcile.simulator import run_in_thread as simulated
from tests.partner_center.bench import TENANT, Order

SAYS = "Customer relationship cannot be removed due to active Azure reserved instances. "
ASKS = SAYS + "Please cancel the following orders: "


def line(order: str, alternate: str, offer: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": "order-line", "id": f"{order}/0", "alternateId": alternate, "offerId": offer, "name": name, **more}


def subscription(number: str, offer: str, billing: str, **more: Any) -> dict[str, Any]:
    return {"type": "subscription", "id": number, "offerId": offer, "billingType": billing, **more}


def entitlement(order: str, kind: str) -> dict[str, Any]:
    return {"type": "entitlement", "orderLine": f"{order}/0", "entitlementType": kind}


HELD = [
    line("o-plan", "0bed3bbca6c", "DZH318Z0BPS6:0001:X", "Azure plan"),
    line("o-usage", "0aaaaaaaaaa", "NEW:0001:X", "Something by use", subscriptionId="S-1"),
    subscription("s-1", "NEW:0001:X", "usage"),
    line("o-ri", "8f3af3dea1ea", "DZH318Z0BQ3W:007J:X", "Reserved VM"),
    entitlement("o-ri", "reservedInstance"),
    line("o-sw", "c403d91b21d2", "DG7GMGF0DVT7:000C:X", "Windows Server"),
    entitlement("o-sw", "software"),
    line("o-old", "0cccccccccc", "MS-AZR-0145P", "Azure"),
    subscription("s-2", "MS-AZR-0145P", "usage", orderId="O-OLD"),
    line("o-benefit", "0dddddddddd", "DZH318Z09ZZZ:0001:X", "Savings plan"),
    subscription("s-3", "DZH318Z09ZZZ:0001:X", "benefit", orderId="o-benefit"),
    line("o-else", "0eeeeeeeeee", "CFQ7TTC0:0001:X", "E3"),
]

RESOLVED = [
    ("0bed3bbca6c", Family.AZURE_PLAN, "family azure-plan, desired: cancel"),
    ("0BED3BBCA6C.", Family.AZURE_PLAN, "then suspended"),
    ("0aaaaaaaaaa", Family.AZURE_PLAN, "Something by use"),
    ("8f3af3dea1ea", Family.RESERVATION, "return the reservation"),
    ("o-ri", Family.RESERVATION, "Reserved VM"),
    ("c403d91b21d2", Family.PERPETUAL_SOFTWARE, "window"),
    ("0cccccccccc", Family.AZURE_LEGACY, "suspend"),
    ("0dddddddddd", Family.SAVINGS_PLAN, "cannot be cancelled"),
    ("0eeeeeeeeee", Family.UNKNOWN, "E3"),
    ("ffffffffffff", Family.UNKNOWN, "in no order read"),
]


@pytest.mark.parametrize(("named", "family", "words"), RESOLVED)
def test_what_an_order_is(named: str, family: Family, words: str) -> None:
    (found,) = blocking_orders(ASKS + named, HELD)
    assert found.family is family
    assert words in str(found)


def test_several_orders_are_told_once_each_and_in_their_order() -> None:
    found = blocking_orders(f"{ASKS}8f3af3dea1ea, 0bed3bbca6c,8f3af3dea1ea", HELD)
    assert [order.named for order in found] == ["8f3af3dea1ea", "0bed3bbca6c"]


@pytest.mark.parametrize(
    "message", ["", SAYS, "The relationship does not exist", "Please cancel the following orders: "]
)
def test_a_message_that_names_none(message: str) -> None:
    assert blocking_orders(message, HELD) == ()


ESTATE = f"""
customers:
  - tenantId: {TENANT}
    name: azure
    items:
      - {{kind: azure-plan, azureSubscriptions: [{{name: one}}]}}
"""


def test_a_refused_removal_says_that_it_is_the_azure_plan(tmp_path: Path) -> None:
    (tmp_path / "estate.yaml").write_text(ESTATE)
    names = Credentials(SecretRef(env="PC_ID"), SecretRef(env="PC_SECRET"), refresh_token=SecretRef(env="PC_REFRESH"))
    values = {"PC_ID": CLIENT_ID, "PC_SECRET": CLIENT_SECRET, "PC_REFRESH": REFRESH_TOKEN}
    settings = SimulatorSettings(estate=tmp_path / "estate.yaml", clock=datetime(2026, 11, 22, tzinfo=UTC))
    with simulated(settings) as world:
        ends = Endpoints(world.url, world.url, world.url, world.url)
        partner = Partner("p", TenantId(PARTNER_TENANT), Cloud.CUSTOM, ends, names)

        async def remove() -> None:
            async with connect(partner, values, trust=Trust()) as partner_center:
                await partner_center.write(Order(ActionKind.REMOVE_RELATIONSHIP, "customer", TENANT, {}))

        with pytest.raises(RemoteError) as caught:
            asyncio.run(remove())
        writes = [each for each in httpx.get(f"{world.url}/_simulator/requests").json() if each["method"] == "PATCH"]
    assert len(writes) == 1
    assert "reserved instances" in caught.value.message
    assert "(azure-plan): cancel the Azure subscriptions under it" in str(caught.value)
    assert caught.value.remedy not in caught.value.message
