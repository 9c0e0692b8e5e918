"""Transfers and resellers of a customer: what they say, and what their absence means."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pcreconcile.model.errors import AuthenticationError, ConfigurationError, RemoteError
from pcreconcile.model.estate import CustomerState, Excuse, ReadProof, Transfer, TransferLine
from pcreconcile.model.extras import Extra, extra_read
from pcreconcile.model.ids import OrderId, SubscriptionId
from pcreconcile.partner_center.tokens import AccessToken, Identity
from tests.partner_center.bench import TENANT, Bench, StubTokens, by_path, customer, next_link, page, reply

BOTH = frozenset({Extra.TRANSFERS, Extra.RESELLERS})
LINE = {"id": 0, "friendlyName": "Copilot", "subscriptionId": "75B71186-73C3-45B4-A403-281C0D7EB032", "quantity": 1}
ADD_ON = {"id": 0, "friendlyName": "Phone", "subscriptionId": "1FB4CB0A-EB79-4300-9E87-7D486054888A"}
TRANSFER = {
    "id": "46E8ED67-8adf-4f65-b3d8-d31318080556",
    "status": "Active",
    "targetPartnerName": "Northwind Cloud",
    "expirationTime": "2026-12-20T18:22:33.2875302Z",
    "lineItems": [{**LINE, "addonItems": [ADD_ON]}, {"id": 1, "friendlyName": "VM", "orderId": "b9Kq_X"}],
}
RESELLER = {
    "id": "3A9A35CE-d5be-4814-ab58-4451c36fe157",
    "name": "Fourth Coffee",
    "relationshipType": "is_indirect_cloud_solution_provider_of",
    "mpnId": "4847383",
    "state": "Active",
}
MOVED = (
    TransferLine("Copilot", SubscriptionId("75b71186-73c3-45b4-a403-281c0d7eb032")),
    TransferLine("Phone", SubscriptionId("1fb4cb0a-eb79-4300-9e87-7d486054888a")),
    TransferLine("VM", None, OrderId("b9Kq_X")),
)


def read(*, tokens: StubTokens | None = None, **answers: Any) -> tuple[CustomerState, Bench]:
    bench = Bench(by_path(**{"customer": customer(), **answers}), tokens=tokens)
    return asyncio.run(bench.partner_center.read_customer(TENANT, BOTH)), bench


def proof(state: CustomerState, extra: Extra) -> ReadProof:
    found = extra_read(state, extra)
    assert found is not None
    return found


def test_both_are_read_to_their_end() -> None:
    state, bench = read(transfers=page(TRANSFER), relationships=page(RESELLER))
    expires = datetime(2026, 12, 20, 18, 22, 33, 287530, UTC)
    assert state.transfers == (
        Transfer("46e8ed67-8adf-4f65-b3d8-d31318080556", "active", MOVED, "Northwind Cloud", expires),
    )
    (reseller,) = state.resellers or ()
    assert (reseller.id, reseller.name) == ("3a9a35ce-d5be-4814-ab58-4451c36fe157", "Fourth Coffee")
    assert (reseller.mpn_id, reseller.state) == ("4847383", "active")
    assert reseller.relationship_type == "is_indirect_cloud_solution_provider_of"
    assert [(each.resource, each.complete, each.items) for each in state.reads[-2:]] == [
        ("transfers", True, 1),
        ("resellers", True, 1),
    ]
    assert {f"/v1/customers/{TENANT}/transfers", f"/v1/customers/{TENANT}/relationships"} < set(bench.paths)


def test_resellers_are_asked_for_as_the_user_and_transfers_are_not() -> None:
    _, bench = read()
    used = {request.url.path.rsplit("/", 1)[-1]: request.headers["authorization"] for request in bench.sent}
    assert Identity.USER.value in used["relationships"]
    assert Identity.APPLICATION.value in used["transfers"]


def test_none_of_either_is_an_empty_list_that_was_read() -> None:
    state, _ = read()
    assert (state.transfers, state.resellers) == ((), ())


@pytest.mark.parametrize("by_id", [reply({"code": 60003}, 404), customer(relationshipToPartner="none")])
def test_without_a_relationship_nobody_is_asked(by_id: Any) -> None:
    state, bench = read(customer=by_id)
    assert (state.transfers, state.resellers, len(state.reads)) == (None, None, 1)
    assert bench.paths == [f"/v1/customers/{TENANT}"]


# What is answered instead of a list, and whether that is a read that failed: only a 404, 405 or 501 that does not speak
# of the customer says that the service has no such list.
ANSWERS: dict[str, tuple[Any, bool]] = {
    "404": (reply(None, 404), False),
    "404 of a code": (reply({"code": 1000}, 404), False),
    "404 of the customer": (reply({"code": 60003}, 404), True),
    "405": (reply(None, 405), False),
    "501": (reply(None, 501), False),
    "403 for app-only tokens": (reply({"code": 900329}, 403), True),
    "403 of the old kind": (reply({"code": 1002}, 403), True),
    "403 without a body": (reply(None, 403), True),
    "400": (reply({"code": 3000}, 400), True),
    "500": (reply(None, 500), True),
    "503": (reply(None, 503), True),
    "no JSON": (reply("<html>"), True),
    "no list": (reply({}), True),
    "no connection": (httpx.ConnectError("refused"), True),
    "another host": (page(links=next_link("https://evil.example/")), True),
    "a row without an ID": (page({"status": "Active"}), True),
}


@pytest.mark.parametrize(("answer", "failed"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_not_read_failed_unless_the_service_has_no_such_list(answer: Any, failed: bool) -> None:
    state, _ = read(transfers=answer, relationships=answer)
    assert (state.transfers, state.resellers, len(state.problems)) == (None, None, 2 if failed else 0)
    seen = [proof(state, extra) for extra in (Extra.TRANSFERS, Extra.RESELLERS)]
    assert [each.complete for each in seen] == [False, False]
    assert [each.excuse for each in seen] == [None if failed else Excuse.NOT_OFFERED] * 2
    assert all(each.problem for each in seen)


@pytest.mark.parametrize("status", [403])
def test_a_403_names_the_role_and_what_to_say_when_it_is_for_good(status: int) -> None:
    state, _ = read(transfers=reply(None, status), relationships=reply(None, status))
    for extra, name in ((Extra.TRANSFERS, "transfers"), (Extra.RESELLERS, "relationships")):
        assert "Admin agent role" in proof(state, extra).problem
        assert f"notOffered: [{name}]" in proof(state, extra).problem


def test_a_list_that_breaks_off_is_not_one_that_is_not_offered() -> None:
    first = page(TRANSFER, links=next_link(f"/customers/{TENANT}/transfers?further"))

    def script(request: httpx.Request) -> Any:
        if request.url.path.endswith("/transfers"):
            return reply(None, 404) if b"further" in request.url.query else reply(first)
        return by_path(customer=customer())(request)

    state = asyncio.run(Bench(script).partner_center.read_customer(TENANT, BOTH))
    found = proof(state, Extra.TRANSFERS)
    assert (state.transfers, found.complete, found.excuse, found.pages) == (None, False, None, 1)


class NobodysTokens(StubTokens):
    """No user is configured, or the user's token is refused."""

    def __init__(self, refusal: Exception) -> None:
        super().__init__(users=0)
        self._refusal = refusal

    async def get(self, identity: Identity, *where: Any) -> AccessToken:
        if identity is Identity.USER:
            raise self._refusal
        return await super().get(identity, *where)


@pytest.mark.parametrize(
    ("refusal", "excuse", "credential"),
    [
        (ConfigurationError("credentials.refreshToken is not configured"), Excuse.NO_CREDENTIAL, ""),
        (
            AuthenticationError("AADSTS700082: the token has expired", status=401, code="invalid_grant"),
            None,
            "App+User",
        ),
    ],
)
def test_without_a_user_resellers_cannot_be_seen(refusal: Exception, excuse: Excuse | None, credential: str) -> None:
    state, bench = read(tokens=NobodysTokens(refusal), transfers=page(TRANSFER))
    found = proof(state, Extra.RESELLERS)
    assert (found.complete, found.excuse, found.credential) == (False, excuse, credential)
    assert str(refusal) in found.problem
    assert state.transfers is not None
    assert not any("relationships" in path for path in bench.paths)


def nested(depth: int) -> dict[str, Any]:
    return {**LINE, "addonItems": [nested(depth - 1)]} if depth else LINE


UNKNOWN_LINES: dict[str, Any] = {
    "none said": {"lineItems": None},
    "none at all": {"lineItems": []},
    "one that names nothing": {"lineItems": [LINE, {"id": 1, "friendlyName": "?"}]},
    "an add-on that names nothing": {"lineItems": [{**LINE, "addonItems": [{"id": 0}]}]},
    "no object": {"lineItems": [5]},
    "no list": {"lineItems": {"subscriptionId": "x"}},
    "an ID that is none": {"lineItems": [{"subscriptionId": {}}]},
    "nested too deeply": {"lineItems": [nested(6)]},
}


@pytest.mark.parametrize("members", UNKNOWN_LINES.values(), ids=UNKNOWN_LINES)
def test_lines_in_another_shape_are_not_known(members: dict[str, Any]) -> None:
    state, _ = read(transfers=page({**TRANSFER, **members}))
    assert state.transfers is not None
    assert state.transfers[0].lines is None


@pytest.mark.parametrize("status", ["Active", "COMPLETED", "InventedThisYesterday"])
def test_a_status_stays_what_it_is(status: str) -> None:
    state, _ = read(transfers=page({**TRANSFER, "status": status}))
    assert state.transfers is not None
    assert state.transfers[0].status == status.lower()


@pytest.mark.parametrize(
    ("item_type", "item_id", "shown"),
    [
        ("transfer", TRANSFER["id"], {"status": "active", "open": True, "name": "Northwind Cloud"}),
        ("transfer", "another", None),
        ("reseller", RESELLER["id"], {"mpnId": "4847383", "state": "active"}),
        ("reseller", "another", None),
    ],
)
def test_one_of_them_is_read_out_of_its_list(item_type: str, item_id: str, shown: dict[str, Any] | None) -> None:
    bench = Bench(by_path(transfers=page(TRANSFER), relationships=page(RESELLER)))
    found = asyncio.run(bench.partner_center.read_item(TENANT, item_type, item_id, None))
    if shown is None:
        assert found is None
    else:
        assert found is not None
        assert {name: found[name] for name in shown} == shown


def test_a_list_that_is_refused_does_not_make_one_of_them_look_gone() -> None:
    bench = Bench(by_path(transfers=reply({"code": 1000}, 404)))
    with pytest.raises(RemoteError):
        asyncio.run(bench.partner_center.read_item(TENANT, "transfer", TRANSFER["id"], None))
