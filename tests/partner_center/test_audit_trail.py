"""All audit records since an instant: every page, every customer, and what could not be read stands in the proof."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from pcreconcile.model.correlation import is_ours
from pcreconcile.model.estate import AuditRecord, AuditTrail, Resource
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import ActionKind
from pcreconcile.simulator import SimulatorSettings, run_in_thread
from tests.partner_center.bench import BASE, OTHER, TENANT, Answer, Bench, next_link, page, reply
from tests.partner_center.test_simulated import NOW, Order, World

SINCE = datetime(2026, 11, 21, 12, tzinfo=UTC)
GONE = "remove_partner_customer_relationship"


def row(at: str | None = "2026-11-22T08:00:00.7753934Z", operation: str = GONE, **members: Any) -> dict[str, Any]:
    return {
        "id": f"p_{TENANT}_{operation}_{at}",
        "customerId": TENANT.upper(),
        "userPrincipalName": "admin@partner.onmicrosoft.com",
        "applicationId": "an application",
        "operationType": operation,
        "originalCorrelationId": "AB22222-0000",
        "operationDate": at,
        "operationStatus": "succeeded",
        "customizedData": None,
        **members,
    }


def trail(*answers: Answer, since: datetime = SINCE) -> tuple[AuditTrail, Bench]:
    script = iter(answers)
    bench = Bench(lambda _request: next(script))
    return asyncio.run(bench.partner_center.audit_trail(since)), bench


def test_what_a_record_says() -> None:
    found, bench = trail(reply(page(row())))
    (record,) = found.records
    assert record == AuditRecord(
        id=f"p_{TENANT}_{GONE}_2026-11-22T08:00:00.7753934Z",
        tenant_id=TenantId(TENANT),
        operation=GONE,
        succeeded=True,
        at=datetime(2026, 11, 22, 8, 0, 0, 775393, tzinfo=UTC),
        correlation_id="ab22222-0000",
        by="admin@partner.onmicrosoft.com",
    )
    assert found.read.complete
    assert dict(bench.sent[0].url.params) == {"startDate": "2026-11-21", "size": "500"}


def test_the_day_that_is_asked_for_is_utc() -> None:
    kiritimati = timezone(timedelta(hours=14))
    _, bench = trail(reply(page()), since=datetime(2026, 11, 22, 1, tzinfo=kiritimati))
    assert bench.sent[0].url.params["startDate"] == "2026-11-21"


ROWS = [
    # a row, and what of it is kept: None when nothing is
    (row("2026-11-21T11:59:59Z"), None),
    (row("2026-11-21T12:00:00Z"), {"at": SINCE}),
    (row(None), {"at": SINCE}),  # it may be one of those
    (row(operationStatus="failed"), {"succeeded": False}),
    (row(operationStatus="progress"), {"succeeded": False}),
    (row(operationStatus=None), {"succeeded": False}),
    (row(operationType="Update_Subscription"), {"operation": "update_subscription"}),
    (row(operationType=None), {"operation": ""}),
    (row(customerId=None), {"tenant_id": None}),
    (row(customerId="contoso"), {"tenant_id": None}),
    (row(customerId=OTHER), {"tenant_id": OTHER}),
    (row(userPrincipalName=None), {"by": "an application"}),
    (row(originalCorrelationId=None), {"correlation_id": ""}),
]


@pytest.mark.parametrize(("shown", "kept"), ROWS)
def test_rows(shown: dict[str, Any], kept: dict[str, Any] | None) -> None:
    found, _ = trail(reply(page(shown)))
    assert len(found.records) == (kept is not None)
    for name, value in (kept or {}).items():
        assert getattr(found.records[0], name) == value


def test_all_pages_are_read_and_put_in_order() -> None:
    first, second = row("2026-11-22T09:00:00Z"), row("2026-11-22T07:00:00Z", customerId=OTHER)
    found, bench = trail(
        reply(page(first, links=next_link(f"{BASE}/v1/auditrecords?size=1&seek=Next"))), reply(page(second))
    )
    assert [record.tenant_id for record in found.records] == [OTHER, TENANT]
    assert (found.read.complete, found.read.pages, len(bench.sent)) == (True, 2, 2)


def test_removals_alone_are_asked_for_and_what_a_filter_lets_through_is_left_out() -> None:
    bench = Bench(lambda _request: reply(page(row(), row(operation="update_subscription"))))
    found = asyncio.run(bench.partner_center.removal_trail(SINCE))
    assert [record.operation for record in found.records] == [GONE]
    assert (found.read.resource, found.read.complete) == (Resource.REMOVAL_RECORDS, True)
    asked = json.loads(bench.sent[0].url.params["filter"])
    assert asked == {"Field": "ResourceType", "Value": "partner_customer_relationship", "Operator": "equals"}


UNFINISHED = [
    reply({"code": 2032, "description": "access denied"}, 403),
    reply({"code": 3000}, 400),
    reply("not JSON"),
    httpx.ConnectError("refused"),
]


@pytest.mark.parametrize("answer", UNFINISHED)
def test_what_could_not_be_read_is_in_the_proof(answer: Answer) -> None:
    bench = Bench(lambda _request: answer)
    found = asyncio.run(bench.partner_center.audit_trail(SINCE))
    assert not found.read.complete
    assert found.read.problem


def test_a_second_page_that_does_not_come_is_in_the_proof() -> None:
    more = page(row(), links=next_link(f"{BASE}/v1/auditrecords?seek=Next"))
    found, _ = trail(reply(more), reply({"code": 3000}, 400))
    assert (len(found.records), found.read.complete) == (1, False)


def test_a_token_that_is_not_accepted_is_in_the_proof() -> None:
    bench = Bench(lambda _request: reply({"code": 400}, 401))
    read = asyncio.run(bench.partner_center.audit_trail(SINCE)).read
    assert (read.failed, read.credential) == (True, "app-only")


ESTATE = f"""
partner: {{tenantId: 9f10aa00-0000-4000-8000-0000000000aa, name: Contoso CSP}}
customers:
  - {{tenantId: {TENANT}, domain: one.example, name: one, items: []}}
  - {{tenantId: {OTHER}, domain: two.example, name: two, items: []}}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    estate = tmp_path / "estate.yaml"
    estate.write_text(ESTATE)
    with run_in_thread(SimulatorSettings(estate=estate, clock=NOW)) as simulator:
        yield World(simulator.url)


def test_what_the_simulator_keeps(world: World) -> None:
    async def story(partner_center: Any) -> Any:
        for number, tenant in enumerate((TENANT, OTHER)):
            item = {"type": "customer", "id": tenant}
            name = f"11111111-0000-4000-8000-{number:012d}"
            order = Order(
                ActionKind.REMOVE_RELATIONSHIP, "customer", tenant, item, tenant_id=TenantId(tenant), request_id=name
            )
            await partner_center.write(order)
        day, hour = NOW - timedelta(days=1), NOW + timedelta(hours=1)
        read = partner_center.audit_trail
        return await read(day), await read(hour), await partner_center.removal_trail(day)

    found, later, removals = world.run(story)
    assert removals.read.complete
    assert [record for record in found.records if record.operation == GONE] == list(removals.records)
    assert all(is_ours(record.correlation_id) for record in removals.records)
    assert {record.tenant_id for record in found.records if record.operation == GONE and record.succeeded} == {
        TENANT,
        OTHER,
    }
    assert (found.read.complete, later.records) == (True, ())
