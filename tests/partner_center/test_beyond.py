"""Beyond commerce: delegated access in Graph, reservations in Azure management, audit records; stubs from the facts."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pcreconcile.model.errors import AuthenticationError, IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import CustomerState, RemovalRecord
from pcreconcile.model.extras import Extra
from pcreconcile.model.plan import ActionKind
from pcreconcile.partner_center.endpoints import Audience
from pcreconcile.partner_center.tokens import AccessToken, Identity
from tests.partner_center.bench import (
    BASE,
    OTHER,
    TENANT,
    Answer,
    Bench,
    Order,
    StubTokens,
    customer,
    in_turn,
    page,
    reply,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GDAP = "5D027261-0000-4000-8000-000000000001-8777b240-0000-4000-8000-000000000002"
ORDER = "ebf2e74b-630e-4a09-857d-a1f6c6351336"
HELD = "99f320db-0000-4000-8000-000000000003"
DENIED = reply({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}, 403)
FORBIDDEN = reply({"error": {"code": "AuthorizationFailed", "message": "not authorized"}}, 403)


def relationship(status: str = "active", tenant: str = TENANT, **members: Any) -> dict[str, Any]:
    """As API facts, section 7, show one."""
    return {
        "@odata.etag": 'W/"JyIw"',
        "id": GDAP,
        "displayName": "Contoso admin relationship",
        "customer": {"tenantId": tenant.upper(), "displayName": "Contoso Inc"},
        "status": status,
        "endDateTime": "2028-02-10T11:24:42.3148266Z",
        **members,
    }


def listed(*rows: Any, **members: Any) -> dict[str, Any]:
    return {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata", "value": list(rows), **members}


def reservation(name: str = HELD, quantity: int = 1, state: str = "Succeeded") -> dict[str, Any]:
    base = f"/providers/microsoft.capacity/reservationOrders/{ORDER}"
    properties = {"displayName": "VM_RI_01", "quantity": quantity, "provisioningState": state}
    return {"id": f"{base}/reservations/{name.upper()}", "properties": {**properties, "expiryDate": "2027-02-23"}}


def usd(amount: float) -> dict[str, Any]:
    return {"currencyCode": "USD", "amount": amount}


def quote(*errors: str, **members: Any) -> dict[str, Any]:
    """As API facts, section 6.6, show one."""
    policy = {
        "consumedRefundsTotal": usd(1200.1),
        "maxRefundLimit": usd(50000),
        "policyErrors": [{"code": "RefundLimitExceeded", "message": each} for each in errors],
    }
    properties = {
        "sessionId": "session-1",
        "billingRefundAmount": {"currencyCode": "EUR", "amount": 812.345},
        "pricingRefundAmount": usd(900.5),
        "policyResult": {"properties": policy},
        **members,
    }
    return {"id": "x", "properties": properties}


ENTITLED = {
    "referenceOrder": {"id": "o", "lineItemId": "0"},
    "quantity": 1,
    "entitlementType": "reservedinstance",
    "entitledArtifacts": [{"resourceId": ORDER.upper(), "artifactType": "reservedinstance"}],
}


def script(**answers: Any) -> Any:
    """Answers by the last part of the path, as `bench.by_path`, with the shapes of Graph and Azure management."""
    defaults: dict[str, Any] = {
        "customer": customer(),
        "entitlements": page(ENTITLED),
        "delegatedAdminRelationships": listed(relationship()),
        "reservations": {"value": [reservation()]},
        "calculateRefund": quote(),
    }

    def answer(request: httpx.Request) -> Answer:
        last = request.url.path.rsplit("/", 1)[-1]
        name = "customer" if last == TENANT else last
        found = answers.get(name, defaults.get(name, page()))
        if isinstance(found, list):
            found = found.pop(0)
        return found if isinstance(found, httpx.Response | Exception) else reply(found)

    return answer


def read(*extras: Extra, tokens: StubTokens | None = None, **answers: Any) -> tuple[CustomerState, Bench]:
    bench = Bench(script(**answers), tokens=tokens)
    return asyncio.run(bench.partner_center.read_customer(TENANT, frozenset(extras))), bench


def test_nothing_beyond_commerce_is_read_unasked() -> None:
    state, bench = read()
    assert (state.delegated_admin, state.reservations, len(state.reads)) == (None, None, 4)
    assert bench.tokens.beyond == []


def test_delegated_access_is_asked_for_per_customer_as_the_application() -> None:
    state, bench = read(Extra.DELEGATED_ADMIN)
    assert state.delegated_admin is not None
    (found,) = state.delegated_admin
    assert (found.id, found.name, found.status) == (GDAP.lower(), "Contoso admin relationship", "active")
    assert found.ends is not None
    assert found.ends.year == 2028
    (asked,) = [request.url for request in bench.sent if request.url.path.startswith("/graph")]
    assert asked.path == "/graph/v1.0/tenantRelationships/delegatedAdminRelationships"
    assert asked.params["$filter"] == f"customer/tenantId eq '{TENANT}'"
    assert bench.tokens.beyond == [(Identity.APPLICATION, Audience.GRAPH)]


def test_all_pages_are_read_on_the_same_host() -> None:
    address = f"{BASE}/graph/v1.0/tenantRelationships/delegatedAdminRelationships?$skiptoken=2"
    pages = [
        listed(relationship(), **{"@odata.nextLink": address}),
        listed(relationship("terminated", id="second")),
    ]
    state, bench = read(Extra.DELEGATED_ADMIN, delegatedAdminRelationships=pages)
    assert [each.status for each in state.delegated_admin or ()] == ["active", "terminated"]
    assert bench.sent[-1].url.params["$skiptoken"] == "2"


UNREAD: dict[str, tuple[Any, str]] = {
    "no permission": (DENIED, "Insufficient privileges"),
    "a page on another host": (listed(**{"@odata.nextLink": "https://evil.example/v1.0/x"}), "another host"),
    "an overlooked filter": (listed(relationship(tenant=OTHER)), "another customer"),
    "no list": ({}, "value is missing"),
    "the same page again": (
        [listed(relationship(), **{"@odata.nextLink": f"{BASE}/graph/v1.0/delegatedAdminRelationships"})] * 9,
        "repeats rows",
    ),
    "a failing service": (reply(None, 503), "HTTP 503"),
}


@pytest.mark.parametrize(("answer", "problem"), UNREAD.values(), ids=UNREAD)
def test_delegated_access_that_cannot_be_read_is_a_read_that_failed(answer: Any, problem: str) -> None:
    state, _ = read(Extra.DELEGATED_ADMIN, delegatedAdminRelationships=answer)
    proof = state.reads[-1]
    assert (state.delegated_admin, len(state.problems), proof.failed) == (None, 1, True)
    assert problem in proof.problem


@pytest.mark.parametrize(("users", "asked"), [(1, ["app-only", "App+User"]), (0, ["app-only"])])
def test_who_is_refused_as_an_application_is_asked_again_as_the_user(users: int, asked: list[str]) -> None:
    state, bench = read(
        Extra.DELEGATED_ADMIN,
        tokens=StubTokens(users=users),
        delegatedAdminRelationships=[DENIED, listed(relationship())],
    )
    assert [identity.value for identity, _ in bench.tokens.beyond] == asked
    assert (state.delegated_admin is not None) == (users > 0)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (relationship(), {"type": "delegated-admin", "id": GDAP.lower(), "status": "active", "ended": False}),
        (relationship("terminating"), {"ended": False, "underWay": True}),
        (relationship("terminated"), {"ended": True, "underWay": False}),
        (reply(None, 404), None),
    ],
)
def test_one_relationship(answer: Any, shown: Any) -> None:
    bench = Bench(lambda _request: answer if isinstance(answer, httpx.Response) else reply(answer))
    found = asyncio.run(bench.partner_center.read_item(TENANT, "delegated-admin", GDAP, None))
    assert found is None if shown is None else {name: found[name] for name in shown} == shown


@pytest.mark.parametrize(
    "answer", [relationship(id="another"), relationship(tenant=OTHER), relationship(customer=None)]
)
def test_another_relationship_is_not_taken_for_this_one(answer: Any) -> None:
    bench = Bench(lambda _request: reply(answer))
    with pytest.raises(IncompleteRead):
        asyncio.run(bench.partner_center.read_item(TENANT, "delegated-admin", GDAP, None))


def terminate(*answers: Answer, users: int = 1) -> tuple[Any, Bench]:
    bench = Bench(in_turn(*answers), tokens=StubTokens(users=users))
    order = Order(ActionKind.TERMINATE_DELEGATED_ACCESS, "delegated-admin", GDAP, {})
    return asyncio.run(bench.partner_center.write(order)), bench


def test_a_relationship_is_terminated_by_a_request() -> None:
    trace = "22222222-0000-4000-8000-000000000002"
    answer, bench = terminate(reply({"action": "terminate"}, 201, {"request-id": trace}))
    (sent,) = bench.sent
    assert (sent.method, json.loads(sent.content)) == ("POST", {"action": "terminate"})
    assert sent.url.path.endswith(f"/delegatedAdminRelationships/{GDAP}/requests")
    assert (answer.status, answer.correlation_id, answer.accepted) == (201, trace, True)
    assert sent.headers["client-request-id"] == "11111111-0000-4000-8000-000000000001"


def test_a_termination_that_the_application_may_not_ask_for_is_asked_for_by_the_user() -> None:
    _, bench = terminate(DENIED, reply({}, 201))
    assert [identity.value for identity, _ in bench.tokens.beyond] == ["app-only", "App+User"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"error": {"code": "Conflict", "message": "Only an active relationship"}}, 409), RemoteError),
        (reply(None, 502), NoAnswer),
        (httpx.ReadError("x"), NoAnswer),
    ],
)
def test_a_termination_is_sent_once(answer: Answer, error: type[Exception]) -> None:
    bench = Bench(in_turn(answer))
    order = Order(ActionKind.TERMINATE_DELEGATED_ACCESS, "delegated-admin", GDAP, {})
    with pytest.raises(error):
        asyncio.run(bench.partner_center.write(order))
    assert len(bench.sent) == 1


def test_graph_s_own_error_form_is_told() -> None:
    with pytest.raises(RemoteError, match="HTTP 403/Authorization_RequestDenied: Insufficient privileges"):
        terminate(DENIED, users=0)


def test_reservations_are_read_by_the_orders_of_the_entitlements_as_the_user() -> None:
    state, bench = read(Extra.RESERVATIONS)
    assert state.reservations is not None
    (found,) = state.reservations
    assert (found.order_id, found.reservation_id, found.quantity, found.state) == (ORDER, HELD, 1, "succeeded")
    assert found.expires == datetime(2027, 2, 23, tzinfo=UTC)
    assert found.refund is None, "quotes are for plans"
    (asked,) = [request.url for request in bench.sent if request.url.path.startswith("/management")]
    assert asked.params["api-version"] == "2022-11-01"
    assert bench.tokens.beyond == [(Identity.USER, Audience.MANAGEMENT)]


@pytest.mark.parametrize("entitlement", [{**ENTITLED, "quantity": 0}, {**ENTITLED, "entitledArtifacts": []}])
def test_what_is_entitled_to_nothing_is_not_asked_for(entitlement: dict[str, Any]) -> None:
    state, bench = read(Extra.RESERVATIONS, entitlements=page(entitlement))
    assert state.reservations == ()
    assert bench.tokens.beyond == []


def test_without_the_right_reservations_are_a_read_that_failed() -> None:
    state, _ = read(Extra.RESERVATIONS, reservations=FORBIDDEN)
    assert (state.reservations, state.reads[-1].failed) == (None, True)
    assert "not authorized" in state.problems[0]


def planned(**answers: Any) -> Any:
    bench = Bench(script(customers=page(customer()), **answers))
    state = asyncio.run(bench.partner_center.snapshot({TENANT: {Extra.RESERVATIONS}}, NOW)).states[TENANT]
    assert state.problems == ()
    return (state.reservations or (None,))[0]


def test_a_snapshot_has_quotes() -> None:
    found = planned()
    money = (found.refund, found.counts, found.consumed, found.allowance)
    assert list(map(str, money)) == ["812.34 EUR", "900.50 USD", "1200.10 USD", "50000.00 USD"]
    assert found.problems == ()


def test_policy_errors_are_problems() -> None:
    assert planned(calculateRefund=quote("The refund exceeds the limit.")).problems == (
        "The refund exceeds the limit.",
    )


UNREAD_QUOTES: dict[str, Any] = {
    "no right": FORBIDDEN,
    "no such route": reply({}, 404),
    "too many requests for good": reply({}, 429),
    "a failing service": reply(None, 500),
    "an unavailable service": reply(None, 503),
    "no properties": {"id": "x"},
    "money that is no number": quote(billingRefundAmount={"currencyCode": "USD", "amount": "much"}),
    "more money than there is": quote(pricingRefundAmount=usd(1e300)),
    "money without end": '{"properties": {"billingRefundAmount": {"currencyCode": "USD", "amount": 1e999}}}',
}


def quoted_state(answer: Any) -> CustomerState:
    answers = {"customers": page(customer()), "calculateRefund": reply(answer) if isinstance(answer, str) else answer}
    bench = Bench(script(**answers))
    return asyncio.run(bench.partner_center.snapshot({TENANT: {Extra.RESERVATIONS}}, NOW)).states[TENANT]


@pytest.mark.parametrize("answer", UNREAD_QUOTES.values(), ids=UNREAD_QUOTES)
def test_a_quote_that_cannot_be_read_is_a_read_that_failed(answer: Any) -> None:
    state = quoted_state(answer)
    assert [read.resource for read in state.reads if read.failed] == ["refund-quotes"]
    assert state.problems != ()


@pytest.mark.parametrize("status", [400, 409, 422])
def test_who_answers_that_there_is_no_quote_leaves_the_return_to_a_person(status: int) -> None:
    found = planned(calculateRefund=reply({"error": {"code": "SomethingElse", "message": "Not this one."}}, status))
    assert (found.refund, found.problems) == (None, ())


def test_a_refused_quote_may_be_the_policy_s_word() -> None:
    body = {"error": {"code": "SelfServiceRefundNotSupported", "message": "Not by yourself."}}
    assert planned(calculateRefund=reply(body, 400)).problems == ("Not by yourself.",)


def test_a_reservation_that_has_ended_is_not_quoted() -> None:
    found = planned(
        reservations={"value": [reservation(quantity=0, state="Cancelled")]}, calculateRefund=AssertionError("quoted")
    )
    assert found.state == "cancelled"


@pytest.mark.parametrize(
    ("rows", "entitled", "live"),
    [
        ([reservation()], 1, True),
        ([reservation(quantity=0, state="Cancelled")], 0, False),
        ([reservation(quantity=0, state="Cancelled")], 1, True),
        ([reservation(quantity=0, state="Cancelled"), reservation("b")], 1, False),
        ([reservation(quantity=0, state="Cancelled"), reservation("b")], 2, True),
        ([reservation(state="Hibernating")], 0, True),
        ([reservation("b")], 1, None),
    ],
)
def test_a_reservation_lives_until_azure_and_partner_center_agree(rows: list[Any], entitled: int, live: Any) -> None:
    bench = Bench(script(reservations={"value": rows}, entitlements=page({**ENTITLED, "quantity": entitled})))
    found = asyncio.run(bench.partner_center.read_item(TENANT, "reservation", f"{ORDER}/{HELD}", None))
    assert (None if found is None else found["live"]) is live


RETURN = Order(ActionKind.RETURN_RESERVATION, "reservation", f"{ORDER}/{HELD}", {"quantity": 3})


def test_a_return_names_the_session_of_a_fresh_quote() -> None:
    bench = Bench(in_turn(reply(quote()), reply({}, 202, {"Location": "x"})))
    answer = asyncio.run(bench.partner_center.write(RETURN))
    quoted, returned = bench.sent
    named = {
        "reservationId": f"/providers/microsoft.capacity/reservationOrders/{ORDER}/reservations/{HELD}",
        "quantity": 3,
    }
    assert quoted.url.path.endswith(f"/reservationOrders/{ORDER}/calculateRefund")
    assert json.loads(quoted.content)["properties"]["reservationToReturn"] == named
    assert returned.url.path.endswith(f"/reservationOrders/{ORDER}/return")
    properties = json.loads(returned.content)["properties"]
    assert (properties["sessionId"], properties["reservationToReturn"]) == ("session-1", named)
    assert quoted.headers["ms-requestid"] != returned.headers["ms-requestid"] == RETURN.request_id
    assert (answer.status, answer.accepted) == (202, True)


@pytest.mark.parametrize(
    ("answers", "error", "sent"),
    [
        ([reply(quote("no more"))], RemoteError, 1),
        ([FORBIDDEN], RemoteError, 1),
        ([reply(quote()), httpx.ReadError("x")], NoAnswer, 2),
        ([reply(quote(sessionId=None))], RemoteError, 1),
        ([reply(None, 500)] * 4, RemoteError, 4),
    ],
)
def test_a_return_that_does_not_go_through(answers: list[Answer], error: type[Exception], sent: int) -> None:
    bench = Bench(in_turn(*answers))
    with pytest.raises(error):
        asyncio.run(bench.partner_center.write(RETURN))
    assert len(bench.sent) == sent


def test_what_policy_forbids_meanwhile_is_a_change_and_nothing_is_sent() -> None:
    with pytest.raises(RemoteError, match="no more; nothing was sent") as caught:
        asyncio.run(Bench(in_turn(reply(quote("no more")))).partner_center.write(RETURN))
    assert caught.value.code == "changed"


@pytest.mark.parametrize(
    ("kind", "got", "tokens"),
    [
        (ActionKind.TERMINATE_DELEGATED_ACCESS, [Identity.APPLICATION], [(Identity.APPLICATION, Audience.GRAPH)]),
        (ActionKind.RETURN_RESERVATION, [Identity.APPLICATION, Identity.USER], []),
        (ActionKind.CANCEL_SUBSCRIPTION, [Identity.APPLICATION], []),
    ],
)
def test_tokens_beyond_commerce_are_obtained_before_the_first_write(
    kind: ActionKind, got: list[Identity], tokens: list[Any]
) -> None:
    bench = Bench(in_turn())
    asyncio.run(bench.partner_center.authorise(frozenset({kind})))
    assert bench.tokens.beyond == tokens
    assert bench.tokens.got == got


def record(operation: str = "remove_partner_customer_relationship", **members: Any) -> dict[str, Any]:
    """As API facts, section 8.1, show one."""
    return {
        "id": f"p_{TENANT}_{members.get('operationDate', '1')}",
        "customerId": TENANT.upper(),
        "userPrincipalName": "admin@partner.onmicrosoft.com",
        "resourceType": "partner_customer_relationship",
        "operationType": operation,
        "originalCorrelationId": "AB22222-0000",
        "operationDate": "2026-11-02T23:26:19.7753934Z",
        "operationStatus": "succeeded",
        "customizedData": None,
        **members,
    }


def removal(*rows: Any, since: datetime = datetime(2026, 9, 1, tzinfo=UTC)) -> tuple[RemovalRecord | None, Bench]:
    bench = Bench(lambda _request: reply(page(*rows)))
    return asyncio.run(bench.partner_center.removal_record(TENANT, since)), bench


def test_the_audit_record_of_a_removal() -> None:
    found, bench = removal(record())
    assert found is not None
    assert (found.correlation_id, found.by, found.at.day) == ("ab22222-0000", "admin@partner.onmicrosoft.com", 2)
    asked = bench.sent[0].url.params
    assert asked["startDate"] == "2026-09-01"
    assert json.loads(asked["filter"]) == {"Field": "CustomerId", "Value": TENANT, "Operator": "equals"}


@pytest.mark.parametrize(
    "row",
    [
        record("update_subscription"),
        record(operationStatus="failed"),
        record(operationStatus="progress"),
        record(customerId=OTHER),
        record(operationDate="2026-08-31T23:59:59Z"),
        record(operationDate=None),
    ],
)
def test_what_is_no_record_of_this_removal(row: dict[str, Any]) -> None:
    assert removal(row)[0] is None


def test_the_newest_removal_counts_whatever_the_order() -> None:
    days = [f"2026-11-{day:02}T00:00:00Z" for day in (3, 9, 5)]
    found, _ = removal(*(record(operationDate=day) for day in days))
    assert found is not None
    assert found.at.day == 9


def test_records_may_share_an_id() -> None:
    """It is made of customer, operation and instant; an operation may also have one record under way and one at end."""
    found, _ = removal(record(operationStatus="progress"), record(), record(originalCorrelationId="another"))
    assert found is not None


def test_audit_records_that_cannot_be_read_are_an_error() -> None:
    bench = Bench(lambda _request: reply({"code": 2032}, 403))
    with pytest.raises(RemoteError):
        asyncio.run(bench.partner_center.removal_record(TENANT, NOW))


GONE = reply({"code": 60003, "description": "tenant not found"}, 404)


@pytest.mark.parametrize(
    ("answers", "proven", "complete"),
    [
        ({"customer": GONE, "auditrecords": page(record())}, True, True),
        ({"customer": GONE}, False, True),
        ({"customer": GONE, "auditrecords": reply({"code": 2032}, 403)}, False, False),
        ({"customers": page(customer()), "auditrecords": AssertionError("asked")}, False, None),
    ],
)
def test_a_snapshot_holds_the_record_of_who_is_absent(answers: Any, proven: bool, complete: bool | None) -> None:
    bench = Bench(script(**answers))
    found = asyncio.run(bench.partner_center.snapshot({TENANT: {Extra.REMOVAL_RECORD}}, NOW))
    assert (TENANT in found.removal_records) is proven
    reads = [read.complete for read in found.states[TENANT].reads if read.resource == Extra.REMOVAL_RECORD]
    assert reads == ([] if complete is None else [complete])
    if complete is not None:
        assert bench.sent[-1].url.params["startDate"] == "2026-08-25", "within the ninety days that are kept"


def test_a_graph_without_any_token_is_a_proof_too() -> None:
    class Refused(StubTokens):
        async def get(
            self, identity: Identity, audience: Audience = Audience.PARTNER_CENTER, tenant: str | None = None
        ) -> Any:
            if audience is Audience.GRAPH:
                raise AuthenticationError("no consent", status=401)
            return await super().get(identity, audience, tenant)

    state, _ = read(Extra.DELEGATED_ADMIN, tokens=Refused())
    assert "no consent" in state.reads[-1].problem
    assert state.reads[-1].credential == "app-only"


class Shut(StubTokens):
    """Tokens, save in the customers' tenants that refuse the person; `asked` are the tenants of Azure's tokens."""

    def __init__(self, *shut: str) -> None:
        super().__init__()
        self._shut = shut
        self.asked: list[str | None] = []

    async def get(
        self, identity: Identity, audience: Audience = Audience.PARTNER_CENTER, tenant: str | None = None
    ) -> AccessToken:
        if audience is Audience.MANAGEMENT:
            self.asked.append(tenant)
        else:
            assert tenant is None, "Partner Center and Graph know the partner's own tenant alone"
        if tenant in self._shut:
            raise AuthenticationError("no token there", status=401, code="AADSTS50020")
        return await super().get(identity, audience, tenant)


def test_azure_is_asked_with_tokens_of_the_customer_s_tenant() -> None:
    tokens = Shut()
    bench = Bench(script(customers=page(customer())), tokens=tokens)

    async def story() -> None:
        await bench.partner_center.snapshot({TENANT: {Extra.RESERVATIONS, Extra.DELEGATED_ADMIN}}, NOW)
        await bench.partner_center.read_item(TENANT, "reservation", f"{ORDER}/{HELD}", None)
        await bench.partner_center.write(RETURN)

    asyncio.run(story())
    last = [request.url.path.rsplit("/", 1)[-1] for request in bench.sent if "/management/" in request.url.path]
    assert last == ["reservations", "calculateRefund", "reservations", "calculateRefund", "return"]
    assert tokens.asked == [TENANT] * 5


def test_a_token_that_azure_rejects_is_renewed_in_the_customer_s_tenant() -> None:
    tokens = Shut()
    rejected = reply({"error": {"code": "InvalidAuthenticationTokenTenant", "message": "wrong issuer"}}, 401)
    state, _ = read(Extra.RESERVATIONS, tokens=tokens, reservations=[rejected, {"value": [reservation()]}])
    assert (state.reservations is not None, tokens.renewed, tokens.asked) == (True, 1, [TENANT, TENANT])


def test_a_tenant_that_refuses_the_person_hides_its_reservations_alone() -> None:
    bench = Bench(script(customers=page(customer(), customer(OTHER)), **{OTHER: customer(OTHER)}), tokens=Shut(TENANT))
    wanted = {TENANT: {Extra.RESERVATIONS}, OTHER: {Extra.RESERVATIONS}}
    states = asyncio.run(bench.partner_center.snapshot(wanted, NOW)).states
    assert [len(states[tenant].problems) for tenant in (TENANT, OTHER)] == [1, 0]
    assert (states[TENANT].reservations, len(states[OTHER].reservations or ())) == (None, 1)
    assert "no token there" in states[TENANT].problems[0]
    assert states[TENANT].reads[-1].credential == "", "a customer's tenant says nothing about the rest of the run"


def test_a_return_in_a_tenant_that_refuses_the_person_is_a_definite_no() -> None:
    bench = Bench(in_turn(), tokens=Shut(TENANT))
    with pytest.raises(AuthenticationError, match="no token there"):
        asyncio.run(bench.partner_center.write(RETURN))
    assert bench.sent == []
