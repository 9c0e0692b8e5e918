"""Customers, things by ID and the snapshot: what is there, what is gone, and what could not be seen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pcreconcile.model.errors import ConfigurationError, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center.tokens import Identity
from tests.partner_center.bench import OTHER, TENANT, Bench, Script, by_path, customer, in_turn, next_link, page, reply

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GONE = reply({"code": 60003, "description": "tenant not found"}, 404)
NO_COMMERCE = reply({"code": 20002, "description": "no commerce relationship"}, 403)
NO_RIGHT = reply({"code": "2032", "description": "access denied"}, 403)
PLAN = {"id": "p", "offerId": "DZH318Z0BPS6:0001:x", "quantity": 1, "status": "active", "billingType": "usage"}
USAGE = {**PLAN, "id": "u", "offerId": "SOMETHING:0001:x"}
LEGACY = {**PLAN, "id": "l", "offerId": "MS-AZR-0145P"}
AZURE = page({"id": "e", "status": "active"})


def problems(**answers: Any) -> tuple[str, ...]:
    return asyncio.run(Bench(by_path(customer=customer(), **answers)).partner_center.read_customer(TENANT)).problems


def test_everything_a_customer_holds() -> None:
    bench = Bench(by_path(customer=customer(), subscriptions=page(PLAN, LEGACY), azureEntitlements=AZURE))
    state = asyncio.run(bench.partner_center.read_customer(TENANT))
    assert state.problems == ()
    assert [read.resource for read in state.reads] == [
        "customer",
        "subscriptions",
        "orders",
        "entitlements",
        "azureEntitlements of p",
    ]
    assert len(state.azure_entitlements) == 1
    assert f"/v1/customers/{TENANT}/entitlements?showExpiry=true" in bench.paths
    assert set(bench.tokens.got) == {Identity.APPLICATION}


INCOMPLETE: dict[str, tuple[dict[str, Any], str]] = {
    "no commerce relationship": ({"subscriptions": NO_COMMERCE}, "subscriptions: HTTP 403/20002: no commerce"),
    "orders not found": ({"orders": GONE}, "orders: HTTP 404/60003"),
    "entitlements without rights": ({"entitlements": NO_RIGHT}, "entitlements: HTTP 403/2032"),
    "a service that fails": ({"orders": reply(None, 500)}, "orders: HTTP 500"),
    "a plan that shows nothing": ({"subscriptions": page(PLAN), "azureEntitlements": GONE}, "azureEntitlements of p"),
    "something that may be a plan, without rights": (
        {"subscriptions": page(USAGE), "azureEntitlements": NO_RIGHT},
        "azureEntitlements of u",
    ),
}


@pytest.mark.parametrize(("answers", "problem"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_what_could_not_be_read_is_told(answers: dict[str, Any], problem: str) -> None:
    (found,) = problems(**answers)
    assert problem in found


@pytest.mark.parametrize("row", [USAGE, {**PLAN, "status": "deleted"}])
def test_a_404_shows_that_something_is_no_plan(row: dict[str, Any]) -> None:
    assert problems(subscriptions=page(row), azureEntitlements=GONE) == ()


def test_legacy_azure_is_never_asked_for_azure_subscriptions() -> None:
    assert problems(subscriptions=page(LEGACY), azureEntitlements=NO_RIGHT) == ()


NOBODY: dict[str, tuple[Any, bool]] = {
    "404": (GONE, True),
    "404 without a body": (reply(None, 404), True),
    "403 without commerce relationship": (NO_COMMERCE, True),
    "all null, relationship none": ({"Id": None, "CompanyProfile": None, "RelationshipToPartner": "None"}, True),
    "403 without rights": (NO_RIGHT, False),
    "403 of a proxy": (reply("<html>", 403), False),
    "500": (reply(None, 500), False),
    "another customer": (customer(OTHER), False),
    "a list instead": ([], False),
}


@pytest.mark.parametrize(("answer", "certain"), NOBODY.values(), ids=NOBODY)
def test_a_customer_by_id_that_is_not_there(answer: Any, certain: bool) -> None:
    bench = Bench(by_path(customer=answer, subscriptions=NO_COMMERCE))
    state = asyncio.run(bench.partner_center.read_customer(TENANT))
    assert state.customer is None
    assert (state.problems == ()) is certain
    assert not any("subscriptions" in path for path in bench.paths)


def test_without_a_relationship_nothing_else_is_asked_for() -> None:
    bench = Bench(by_path(customer=customer(relationshipToPartner="none"), subscriptions=NO_COMMERCE))
    state = asyncio.run(bench.partner_center.read_customer(TENANT))
    assert state.customer is not None
    assert state.problems == ()
    assert bench.paths == [f"/v1/customers/{TENANT}"]


def snapshot_state(listed: Any, by_id: Any) -> tuple[str, ...]:
    bench = Bench(by_path(customers=listed, customer=by_id))
    return asyncio.run(bench.partner_center.snapshot({TENANT: ()}, NOW)).states[TENANT].problems


@pytest.mark.parametrize(
    ("listed", "by_id", "problem"),
    [
        (page(customer()), customer(), None),
        (page(), GONE, None),
        (page(), customer(), None),
        (page(customer()), GONE, "the customers list shows it"),
        (page(customer()), customer(relationshipToPartner="none"), "the customers list shows it"),
        (page(customer(relationshipToPartner="none")), customer(relationshipToPartner="none"), None),
        (page(links=next_link("https://evil.example/")), GONE, "leads to another host"),
        (page(customer()), NO_RIGHT, "2032"),
    ],
)
def test_the_list_and_the_read_by_id_must_agree(listed: Any, by_id: Any, problem: str | None) -> None:
    found = snapshot_state(listed, by_id)
    assert found == () if problem is None else problem in found[0]


def test_a_refused_token_is_in_the_proof_of_each_read_that_needs_it() -> None:
    bench = Bench(by_path(customers=page(customer()), customer=reply({"code": 900420}, 401)))
    states = asyncio.run(bench.partner_center.snapshot({TENANT: (), OTHER: ()}, NOW)).states
    assert [states[tenant].reads[0].credential for tenant in (TENANT, OTHER)] == ["app-only", "app-only"]
    assert bench.tokens.refused, "the rest of the run does not try it again"


def test_a_token_that_is_refused_for_the_list_asks_for_no_customer() -> None:
    bench = Bench(by_path(customers=reply({"code": 900420}, 401)))
    found = asyncio.run(bench.partner_center.snapshot({TENANT: (), OTHER: ()}, NOW))
    assert len(bench.sent) == 1
    assert all(state.reads[0].credential == "app-only" for state in found.states.values())


def item(script: Script, item_type: str, item_id: str, parent: str | None = None) -> Any:
    return asyncio.run(Bench(script).partner_center.read_item(TENANT, item_type, item_id, parent))


def relationship(by_id: Any, listed: Any) -> Any:
    return item(by_path(customer=by_id, customers=listed), "customer", TENANT)["relationship"]


@pytest.mark.parametrize(
    ("by_id", "listed", "shown"),
    [
        (customer(), page(), "reseller"),
        (GONE, page(), "none"),
        (NO_COMMERCE, page(customer(OTHER)), "none"),
        (customer(relationshipToPartner="none"), page(), "none"),
        ({"Id": None, "RelationshipToPartner": "none"}, page(), "none"),
        (GONE, page(customer()), "unknown"),
        (customer(relationshipToPartner="advisor"), page(), "advisor"),
    ],
)
def test_the_relationship_of_a_customer(by_id: Any, listed: Any, shown: str) -> None:
    assert relationship(by_id, listed) == shown


@pytest.mark.parametrize(
    ("by_id", "listed", "error"),
    [
        (GONE, page(customer(OTHER), links=next_link("https://evil.example/")), IncompleteRead),
        (GONE, reply({"code": 2000}, 400), IncompleteRead),
        (NO_RIGHT, page(), RemoteError),
        (reply(None, 503), page(), NoAnswer),
    ],
)
def test_absence_needs_a_complete_list(by_id: Any, listed: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        relationship(by_id, listed)


def test_a_customer_that_is_there_costs_no_list() -> None:
    bench = Bench(by_path(customer=customer(allowDelegatedAccess=True)))
    fields = asyncio.run(bench.partner_center.read_item(TENANT, "customer", TENANT, None))
    assert fields == {"type": "customer", "id": TENANT, "relationship": "reseller", "allowDelegatedAccess": True}
    assert bench.paths == [f"/v1/customers/{TENANT}"]


ENTITLEMENTS = page({"referenceOrder": {"id": "o", "lineItemId": "0"}, "quantity": 1, "entitlementType": "software"})
ORDER = {"id": "o", "status": "completed", "lineItems": [{"lineItemNumber": 3, "offerId": "a:b", "quantity": 0}]}


@pytest.mark.parametrize(
    ("item_type", "item_id", "parent", "answer", "shown"),
    [
        ("subscription", "P", None, PLAN, {"id": "p", "status": "active"}),
        ("subscription", "p", None, GONE, None),
        ("order-line", "o/3", None, ORDER, {"id": "o/3", "cancelled": True}),
        ("order-line", "o/4", None, ORDER, None),
        ("order-line", "o/3", None, GONE, None),
        ("entitlement", "o/0/software", None, ENTITLEMENTS, {"orderLine": "o/0"}),
        ("entitlement", "o/1/software", None, ENTITLEMENTS, None),
        ("azure-subscription", "e", "p", AZURE, {"planId": "p", "running": True}),
        ("azure-subscription", "f", "p", AZURE, None),
    ],
)
def test_one_thing(item_type: str, item_id: str, parent: str | None, answer: Any, shown: Any) -> None:
    found = item(in_turn(answer if isinstance(answer, httpx.Response) else reply(answer)), item_type, item_id, parent)
    assert found is None if shown is None else {name: found[name] for name in shown} == shown


@pytest.mark.parametrize(
    ("item_type", "item_id", "parent", "answer", "error"),
    [
        ("entitlement", "o/0/software", None, NO_COMMERCE, RemoteError),
        ("azure-subscription", "e", "p", reply({"items": [{"id": "e"}]}), IncompleteRead),
        ("azure-subscription", "e", None, reply(AZURE), IncompleteRead),
        ("subscription", "p", None, reply({**PLAN, "id": "q"}), IncompleteRead),
        ("order-line", "o", None, reply(ORDER), IncompleteRead),
        ("galaxy", "x", None, reply(), IncompleteRead),
    ],
)
def test_one_thing_that_cannot_be_seen(
    item_type: str, item_id: str, parent: str | None, answer: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        item(lambda _request: answer, item_type, item_id, parent)


def test_the_services_clock() -> None:
    bench = Bench(in_turn(reply(page(), 200, {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"})))
    assert asyncio.run(bench.partner_center.service_time()) == NOW
    with pytest.raises(IncompleteRead):
        asyncio.run(Bench(in_turn(reply(page()))).partner_center.service_time())


@pytest.mark.parametrize(
    ("kinds", "identities"),
    [
        ({ActionKind.CANCEL_SUBSCRIPTION}, [Identity.APPLICATION]),
        ({ActionKind.REMOVE_RELATIONSHIP}, [Identity.APPLICATION, Identity.USER]),
        ({ActionKind.REMOVE_DELEGATED_ADMIN}, [Identity.APPLICATION, Identity.USER]),
        (set(), [Identity.APPLICATION]),
    ],
)
def test_tokens_are_obtained_before_the_first_write(kinds: set[ActionKind], identities: list[Identity]) -> None:
    bench = Bench(in_turn())
    asyncio.run(bench.partner_center.authorise(frozenset(kinds)))
    assert bench.tokens.got == identities
    assert bench.sent == []


def test_kinds_that_nobody_can_write_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="request-relationship"):
        asyncio.run(Bench(in_turn()).partner_center.authorise(frozenset({ActionKind.REQUEST_RELATIONSHIP})))
