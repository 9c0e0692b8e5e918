"""Each kind of write as it goes out: what is changed, and that nothing else is."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from pcreconcile.model.correlation import correlation_of
from pcreconcile.model.errors import NoAnswer, RemoteError
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center.tokens import Identity
from tests.partner_center.bench import TENANT, Bench, Order, in_turn, reply

SUB = "5ca24308-e89f-5aac-9d96-6ac1d3b1a59e"
LICENCE: dict[str, Any] = {
    "id": SUB,
    "offerId": "CFQ7TTC0LF8R:0001:CFQ7TTC0JNQP",
    "friendlyName": "Microsoft 365 E3 \u2603",
    "productType": {"id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE"},
    "quantity": 25,
    "status": "active",
    "autoRenewEnabled": True,
    "scheduledNextTermInstructions": {"product": {"productId": "CFQ7TTC0LF8R", "skuId": "0002"}, "quantity": 20},
    "nextChargeInstructions": {"x": [1, 2.50, None, "\ud83d"]},
    "refundableQuantity": {"totalQuantity": 2, "details": [{"quantity": 2}]},
    "promotionId": None,
    "partnerId": "",
    "vendorInventedThisYesterday": 12345678901234567890,
    "links": {"self": {"uri": "/x", "method": "GET", "headers": []}},
    "attributes": {"etag": "", "objectType": "Subscription"},
}
CANCEL_ACTION = {"scheduleType": "TermEnd", "actionType": "Cancel"}
ORDER = {
    "id": "2y6dF_rVgDAXMxypQPPnTquuXhKVK_3N1",
    "status": "completed",
    "lineItems": [
        {"lineItemNumber": 0, "offerId": "DG7GMGF0FKZV:0003:DG7GMGF0DWMS", "quantity": 2, "friendlyName": "SQL"},
        {"lineItemNumber": 1, "offerId": "DG7GMGF0DVT7:000C:DG7GMGF0FVZM", "quantity": 1},
    ],
}


def fields_of(resource: Any, item_type: str, item_id: str) -> Fields:
    bench = Bench(in_turn(reply(resource)))
    found = asyncio.run(bench.partner_center.read_item(TENANT, item_type, item_id, None))
    assert found is not None
    return found


def written(
    kind: ActionKind, resource: Any, wanted: Fields | None = None, **changes: Any
) -> tuple[httpx.Request, Bench]:
    order = Order(kind, "subscription", SUB, fields_of(resource, "subscription", SUB), wanted or {})
    bench = Bench(in_turn(reply(resource), reply({})))
    asyncio.run(bench.partner_center.write(order))
    assert len(bench.sent) == 2
    return bench.sent[1], bench


def differences(before: dict[str, Any], request: httpx.Request) -> dict[str, Any]:
    """Members that were sent with another value than they came with; a dropped one is shown as `dropped`."""
    after = json.loads(request.content)
    names = [*before, *(name for name in after if name not in before)]
    return {name: after.get(name, "dropped") for name in names if after.get(name, "dropped") != before.get(name)}


WITHOUT_NEXT_TERM = {name: value for name, value in LICENCE.items() if name != "scheduledNextTermInstructions"}
EDITS: dict[str, tuple[ActionKind, dict[str, Any], Fields, dict[str, Any]]] = {
    "cancel": (ActionKind.CANCEL_SUBSCRIPTION, LICENCE, {"status": "deleted"}, {"status": "deleted"}),
    "suspend": (ActionKind.SUSPEND_SUBSCRIPTION, LICENCE, {"status": "suspended"}, {"status": "suspended"}),
    "reactivate": (
        ActionKind.REACTIVATE_SUBSCRIPTION,
        {**LICENCE, "status": "suspended"},
        {"status": "active"},
        {"status": "active"},
    ),
    "PascalCase stays PascalCase": (
        ActionKind.CANCEL_SUBSCRIPTION,
        {name[0].upper() + name[1:]: value for name, value in LICENCE.items()},
        {},
        {"Status": "deleted"},
    ),
    "licence ends with its term": (
        ActionKind.CANCEL_AT_TERM_END,
        LICENCE,
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/Cancel"]},
        {"autoRenewEnabled": False, "scheduledNextTermInstructions": "dropped", "scheduledActions": [CANCEL_ACTION]},
    ),
    "software ends with its term": (
        ActionKind.CANCEL_AT_TERM_END,
        LICENCE,
        {"autoRenewEnabled": False},
        {"autoRenewEnabled": False, "scheduledNextTermInstructions": "dropped"},
    ),
    "renewal carries its instructions over": (
        ActionKind.SET_RENEWAL,
        {**LICENCE, "autoRenewEnabled": False},
        {"autoRenewEnabled": True, "scheduledActions": ["TermEnd/RenewToNewTerm"]},
        {
            "autoRenewEnabled": True,
            "scheduledNextTermInstructions": "dropped",
            "scheduledActions": [
                {
                    "scheduleType": "TermEnd",
                    "actionType": "RenewToNewTerm",
                    "instructions": LICENCE["scheduledNextTermInstructions"],
                }
            ],
        },
    ),
    "extension": (
        ActionKind.SET_RENEWAL,
        {**WITHOUT_NEXT_TERM, "scheduledActions": [CANCEL_ACTION]},
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"]},
        {
            "autoRenewEnabled": False,
            "scheduledActions": [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}],
        },
    ),
    "a renewal goes with auto-renew": (
        ActionKind.SET_RENEWAL,
        {**WITHOUT_NEXT_TERM, "autoRenewEnabled": False, "scheduledActions": [CANCEL_ACTION]},
        {"scheduledActions": ["TermEnd/RenewToNewTerm"]},
        {"autoRenewEnabled": True, "scheduledActions": [{"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}]},
    ),
    "an extension goes without": (
        ActionKind.SET_RENEWAL,
        WITHOUT_NEXT_TERM,
        {"scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"]},
        {"scheduledActions": [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}]},
    ),
    "one of both forms: the newer": (
        ActionKind.SET_RENEWAL,
        {**LICENCE, "scheduledActions": [{"scheduleType": "TermEnd", "actionType": "RenewToNewTerm", "k": 1}]},
        {"autoRenewEnabled": False},
        {"autoRenewEnabled": False, "scheduledNextTermInstructions": "dropped"},
    ),
    "one of both forms: the one that says something": (
        ActionKind.SET_RENEWAL,
        {**LICENCE, "scheduledActions": []},
        {"autoRenewEnabled": False},
        {"autoRenewEnabled": False, "scheduledActions": "dropped"},
    ),
    "auto-renew alone": (ActionKind.SET_RENEWAL, LICENCE, {"autoRenewEnabled": False}, {"autoRenewEnabled": False}),
    "an instruction that stands already keeps its details": (
        ActionKind.SET_RENEWAL,
        {
            **WITHOUT_NEXT_TERM,
            "scheduledActions": [{"scheduleType": "termEnd", "actionType": "renewToNewTerm", "k": 1}],
        },
        {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/RenewToNewTerm"]},
        {"autoRenewEnabled": False},
    ),
}


@pytest.mark.parametrize(("kind", "resource", "wanted", "changed"), EDITS.values(), ids=EDITS)
def test_a_subscription_goes_back_whole_with_what_was_asked_for(
    kind: ActionKind, resource: dict[str, Any], wanted: Fields, changed: dict[str, Any]
) -> None:
    request, bench = written(kind, resource, wanted)
    assert (request.method, request.url.path) == ("PATCH", f"/v1/customers/{TENANT}/subscriptions/{SUB}")
    assert differences(resource, request) == changed
    assert request.headers["ms-requestid"] == "11111111-0000-4000-8000-000000000001"
    assert bench.sent[0].headers["ms-requestid"] != request.headers["ms-requestid"]
    assert set(bench.tokens.got) == {Identity.APPLICATION}


@pytest.mark.parametrize(
    ("attributes", "sent"),
    [
        ({"etag": "eyJ=="}, '"eyJ=="'),
        ({"Etag": '"quoted"'}, '"quoted"'),
        ({"etag": ""}, None),
        ({"etag": None}, None),
        ({}, None),
        (None, None),
    ],
)
def test_if_match_goes_along_with_an_etag_alone(attributes: Any, sent: str | None) -> None:
    request, _ = written(ActionKind.SUSPEND_SUBSCRIPTION, {**LICENCE, "attributes": attributes})
    assert request.headers.get("if-match") == sent


@pytest.mark.parametrize(
    "change", [{"quantity": 26}, {"status": "suspended"}, {"scheduledActions": []}, {"autoRenewEnabled": None}]
)
def test_what_changed_since_it_was_seen_is_not_written(change: dict[str, Any]) -> None:
    order = Order(ActionKind.CANCEL_SUBSCRIPTION, "subscription", SUB, fields_of(LICENCE, "subscription", SUB))
    bench = Bench(in_turn(reply({**LICENCE, **change})))
    with pytest.raises(RemoteError) as caught:
        asyncio.run(bench.partner_center.write(order))
    assert (caught.value.status, caught.value.code) == (409, "changed")
    assert [request.method for request in bench.sent] == ["GET"]


def test_what_is_gone_is_not_written() -> None:
    order = Order(ActionKind.CANCEL_SUBSCRIPTION, "subscription", SUB, fields_of(LICENCE, "subscription", SUB))
    bench = Bench(in_turn(reply({"code": 20003}, 404)))
    with pytest.raises(RemoteError) as caught:
        asyncio.run(bench.partner_center.write(order))
    assert caught.value.status == 404
    assert len(bench.sent) == 1


def test_another_subscription_than_asked_for_is_not_written() -> None:
    order = Order(ActionKind.CANCEL_SUBSCRIPTION, "subscription", SUB, fields_of(LICENCE, "subscription", SUB))
    bench = Bench(in_turn(reply({**LICENCE, "id": "5ca24308-e89f-5aac-9d96-000000000000"})))
    with pytest.raises(Exception, match="another subscription"):
        asyncio.run(bench.partner_center.write(order))
    assert len(bench.sent) == 1


def test_one_line_of_an_order_is_cancelled() -> None:
    line = f"{ORDER['id']}/0"
    order = Order(ActionKind.CANCEL_ORDER_LINE, "order-line", line, fields_of(ORDER, "order-line", line))
    bench = Bench(in_turn(reply(ORDER), reply({})))
    asyncio.run(bench.partner_center.write(order))
    assert bench.sent[1].url.path == f"/v1/customers/{TENANT}/orders/{ORDER['id']}"
    assert json.loads(bench.sent[1].content) == {
        "id": ORDER["id"],
        "status": "cancelled",
        "lineItems": [{"lineItemNumber": 0, "offerId": "DG7GMGF0FKZV:0003:DG7GMGF0DWMS"}],
    }


PLAN = "88b9a27c-d468-5dee-a763-61a7287b813a"
UNDER_PLAN = f"/v1/customers/{TENANT}/subscriptions/{PLAN}/azureEntitlements/e1"
PLAIN: dict[ActionKind, tuple[str, str, Any, Identity]] = {
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: (
        "POST",
        f"{UNDER_PLAN}/cancel",
        {"cancellationReason": "compromise"},
        Identity.APPLICATION,
    ),
    ActionKind.REACTIVATE_AZURE_SUBSCRIPTION: ("POST", f"{UNDER_PLAN}/reactivate", None, Identity.APPLICATION),
    ActionKind.REMOVE_RELATIONSHIP: (
        "PATCH",
        f"/v1/customers/{TENANT}",
        {"relationshipToPartner": "none", "attributes": {"objectType": "Customer"}},
        Identity.USER,
    ),
    ActionKind.REMOVE_DELEGATED_ADMIN: (
        "PATCH",
        f"/v1/customers/{TENANT}",
        {"allowDelegatedAccess": False, "attributes": {"objectType": "Customer"}},
        Identity.USER,
    ),
}


@pytest.mark.parametrize(("kind", "request_"), PLAIN.items(), ids=PLAIN)
def test_writes_that_carry_no_resource(kind: ActionKind, request_: tuple[str, str, Any, Identity]) -> None:
    bench = Bench(in_turn(reply(None, 202)))
    answer = asyncio.run(bench.partner_center.write(Order(kind, "x", "e1", {}, parent_id=PLAN)))
    sent = bench.sent[0]
    body = json.loads(sent.content) if sent.content else None
    assert (sent.method, sent.url.path, body, bench.tokens.got[0]) == request_
    assert (answer.status, answer.accepted) == (202, True)
    assert sent.headers["MS-CorrelationId"] == correlation_of(sent.headers["MS-RequestId"]), "known without a journal"


def test_an_all_null_pascal_case_answer_is_a_yes() -> None:
    nothing = {
        "Id": None,
        "CompanyProfile": None,
        "RelationshipToPartner": "none",
        "Attributes": {"ObjectType": "Customer"},
    }
    theirs = "22222222-0000-4000-8000-000000000001"
    bench = Bench(in_turn(reply(nothing, 200, {"MS-CorrelationId": theirs})))
    answer = asyncio.run(bench.partner_center.write(Order(ActionKind.REMOVE_RELATIONSHIP, "customer", TENANT, {})))
    assert (answer.status, answer.correlation_id, answer.accepted) == (200, theirs, False)


def test_a_removal_that_is_refused_comes_back_verbatim() -> None:
    refusal = {"code": 3000, "description": "The relationship between the partner and customer does not exist"}
    bench = Bench(in_turn(reply(refusal, 400)))
    with pytest.raises(RemoteError, match="does not exist") as caught:
        asyncio.run(bench.partner_center.write(Order(ActionKind.REMOVE_RELATIONSHIP, "customer", TENANT, {})))
    assert (caught.value.status, caught.value.code) == (400, "3000")


def test_a_lost_answer_to_a_removal_is_indeterminate() -> None:
    bench = Bench(in_turn(httpx.ReadError("x")))
    with pytest.raises(NoAnswer) as caught:
        asyncio.run(bench.partner_center.write(Order(ActionKind.REMOVE_RELATIONSHIP, "customer", TENANT, {})))
    assert caught.value.request_id == "11111111-0000-4000-8000-000000000001"


@pytest.mark.parametrize("kind", [ActionKind.MANUAL, ActionKind.REQUEST_RELATIONSHIP])
def test_what_is_no_write_of_partner_center_is_never_sent(kind: ActionKind) -> None:
    bench = Bench(in_turn())
    with pytest.raises(RemoteError, match="nothing was sent"):
        asyncio.run(bench.partner_center.write(Order(kind, "x", "y", {})))
    assert bench.sent == []
