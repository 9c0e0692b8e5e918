"""Beyond commerce against the simulator over a socket: read, write, poll until it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pcreconcile.model.errors import RemoteError
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center import PartnerCenter
from pcreconcile.simulator import SimulatorSettings, run_in_thread
from tests.partner_center.bench import Order
from tests.partner_center.test_simulated import World

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
A, B, C, D = (TenantId(f"6b2e0b0c-0000-4000-8000-00000000000{digit}") for digit in "abcd")
MANY = 305  # one more page than Graph gives at once
ESTATE = f"""
customers:
  - tenantId: {A}
    name: access
    gdap: [{", ".join(f"{{name: role {number}}}" for number in range(MANY))}]
  - tenantId: {B}
    name: reserved
    refundsUsed: "1200.00"
    items: [{{kind: reservation, quantity: 3, term: P3Y, ends: +400d, price: "5400.00"}}]
    gdap: [{{name: helpdesk}}]
  - tenantId: {C}
    name: empty
  - tenantId: {D}
    name: moving
    items:
      - {{kind: new-commerce-license, name: Copilot, quantity: 3, bought: -1d, price: "19.95", currency: EUR,
          addOns: [{{name: Phone}}]}}
      - {{kind: marketplace-saas, name: Backup, bought: -1d}}
    transfers: [{{target: Northwind Cloud, items: [Copilot]}}]
    resellers: [{{name: Fourth Coffee}}]
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    estate = tmp_path / "estate.yaml"
    estate.write_text(ESTATE)
    with run_in_thread(SimulatorSettings(estate=estate, clock=NOW)) as simulator:
        yield World(simulator.url)


def order(kind: ActionKind, tenant: TenantId, item: dict[str, Any], number: int = 1) -> Order:
    name = f"11111111-0000-4000-8000-{number:012d}"
    return Order(kind, item["type"], item["id"], item, tenant_id=tenant, request_id=name)


async def shown(partner_center: PartnerCenter, tenant: TenantId, item: dict[str, Any]) -> list[dict[str, Any]]:
    """What polling shows until something is over."""
    polls = []
    for _ in range(9):
        found = await partner_center.read_item(tenant, item["type"], item["id"], None)
        assert found is not None
        polls.append(found)
        if found.get("ended") or found.get("live") is False:
            return polls
    raise AssertionError("it never ended")


def test_delegated_access_over_two_pages(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        return await partner_center.read_customer(A, frozenset({Extra.DELEGATED_ADMIN}))

    state = world.run(story)
    assert len(state.delegated_admin) == MANY
    assert len([each for each in world.asked() if each["path"].startswith("/graph")]) == 2


def test_delegated_access_is_terminated_and_the_end_is_read(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        (held,) = (await partner_center.read_customer(B, frozenset({Extra.DELEGATED_ADMIN}))).delegated_admin or ()
        item = await partner_center.read_item(B, "delegated-admin", held.id, None)
        assert item is not None
        await partner_center.authorise(frozenset({ActionKind.TERMINATE_DELEGATED_ACCESS}))
        answer = await partner_center.write(order(ActionKind.TERMINATE_DELEGATED_ACCESS, B, item))
        polls = await shown(partner_center, B, item)
        with pytest.raises(RemoteError, match="Only an active relationship"):
            await partner_center.write(order(ActionKind.TERMINATE_DELEGATED_ACCESS, B, item, 2))
        return answer, polls

    answer, polls = world.run(story)
    assert (answer.status, answer.accepted) == (201, True)
    assert polls[0]["underWay"]
    assert (polls[-1]["status"], polls[-1]["ended"]) == ("terminated", True)


def test_a_reservation_is_quoted_returned_and_the_end_is_read(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        state = (await partner_center.snapshot({B: {Extra.RESERVATIONS}}, NOW)).states[B]
        (held,) = state.reservations or ()
        item = await partner_center.read_item(B, "reservation", f"{held.order_id}/{held.reservation_id}", None)
        assert item is not None
        await partner_center.authorise(frozenset({ActionKind.RETURN_RESERVATION}))
        answer = await partner_center.write(order(ActionKind.RETURN_RESERVATION, B, item))
        return held, answer, await shown(partner_center, B, item)

    held, answer, polls = world.run(story)
    assert (held.quantity, held.problems, held.consumed) == (3, (), Money(Decimal("1200.00"), "USD"))
    assert held.refund == held.counts
    assert answer.accepted
    assert (polls[0]["live"], polls[-1]["live"], polls[-1]["quantity"]) == (True, False, 0)


def test_a_removal_has_its_audit_record_under_our_trace(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        item = {"type": "customer", "id": C}
        before = await partner_center.removal_record(C, NOW - timedelta(days=89))
        answer = await partner_center.write(order(ActionKind.REMOVE_RELATIONSHIP, C, item))
        found = await partner_center.snapshot({C: {Extra.REMOVAL_RECORD}}, NOW)
        return before, answer, found

    before, answer, found = world.run(story)
    assert before is None
    assert found.removal_records[C].correlation_id == answer.correlation_id
    assert found.states[C].reads[-1].complete


def test_dap_is_switched_off_by_another_body_than_the_removal(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        item = {"type": "customer", "id": C}
        await partner_center.write(order(ActionKind.REMOVE_DELEGATED_ADMIN, C, item))
        return await partner_center.read_item(C, "customer", C, None)

    assert world.run(story) == {
        "type": "customer",
        "id": C,
        "relationship": "reseller",
        "allowDelegatedAccess": False,
    }


def test_reservations_are_read_with_a_token_of_the_customer_s_tenant(world: World) -> None:
    world.run(lambda partner_center: partner_center.snapshot({B: {Extra.RESERVATIONS}, C: {Extra.RESERVATIONS}}, NOW))
    tokens = [each["path"] for each in world.asked() if each["path"].endswith("/oauth2/v2.0/token")]
    assert tokens.count(f"/{B}/oauth2/v2.0/token") == 1
    assert not any(C in path for path in tokens), "who has no reservations needs no token"


def test_a_customer_s_tenant_that_refuses_the_login_is_a_read_that_failed(world: World) -> None:
    said = {
        "error": "interaction_required",
        "error_description": "AADSTS65001: nobody consented",
        "error_codes": [65001],
    }
    fault = {"fault": "status-before", "path": f"/{B}/oauth2/", "status": 400, "count": 9, "body": json.dumps(said)}
    world.tell("faults", {"faults": [fault]})
    found = world.run(lambda partner_center: partner_center.snapshot({B: {Extra.RESERVATIONS}}, NOW)).states[B]
    assert (len(found.problems), found.reservations) == (1, None)
    assert found.customer is not None
    assert "GDAP application consent" in found.problems[0]
    assert "by hand in the Azure portal" in found.problems[0]


COUNTERPARTIES = frozenset({Extra.TRANSFERS, Extra.RESELLERS})


def test_an_open_transfer_is_read_locks_its_lines_and_is_gone_with_them(world: World) -> None:
    async def story(partner_center: PartnerCenter) -> Any:
        before = await partner_center.read_customer(D, COUNTERPARTIES)
        (moving,) = before.transfers or ()
        row = next(row for row in before.subscriptions if row.name == "Copilot")
        item = await partner_center.read_item(D, "subscription", row.id, None)
        assert item is not None
        with pytest.raises(RemoteError) as locked:
            await partner_center.write(order(ActionKind.SUSPEND_SUBSCRIPTION, D, item))
        world.tell(f"transfers/{moving.id}", {"status": "Completed"})
        over = await partner_center.read_item(D, "transfer", moving.id, None)
        return before, locked.value, over, await partner_center.read_customer(D, COUNTERPARTIES)

    before, locked, over, after = world.run(story)
    (moving,), (reseller,) = before.transfers, before.resellers
    copilot, phone, backup = before.subscriptions
    assert (moving.status, moving.target_partner, reseller.name) == ("active", "Northwind Cloud", "Fourth Coffee")
    assert [line.subscription_id for line in moving.lines] == [copilot.id, phone.id]
    assert (locked.status, locked.code) == (409, "900101")
    assert (over["status"], over["open"]) == ("completed", False)
    assert [row.status for row in after.subscriptions] == ["deleted", "deleted", "active"]
    assert backup.name == "Backup"


def test_prices_dates_and_refunds_of_purchases(world: World) -> None:
    state = world.run(lambda partner_center: partner_center.read_customer(D))
    copilot, _, backup = state.subscriptions
    lines = {line.subscription_id: line.unit_price for order in state.orders for line in order.line_items}
    assert lines == {
        copilot.id: Money(Decimal("19.95"), "EUR"),
        **dict.fromkeys(row.id for row in state.subscriptions[1:]),
    }
    (refund,) = backup.refund_options
    assert copilot.created == NOW - timedelta(days=1)
    assert (refund.type, refund.expires) == ("Full", copilot.created + timedelta(days=3))
