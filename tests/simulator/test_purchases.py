"""Orders, entitlements, reservations, Azure subscriptions, delegated administration."""

import pytest
import yaml

from pcreconcile.simulator import SimulatorError, SimulatorSettings

from .conftest import TENANT, calling, one_customer_each, tenant

CUSTOMER = f"/v1/customers/{TENANT}01"


def get(caller, path):
    return caller("GET", f"{CUSTOMER}/{path}").json()


def cancel(caller, order, **body):
    return caller("PATCH", f"{CUSTOMER}/orders/{order['id']}", {"id": order["id"], "status": "cancelled", **body})


def outcome(answer):
    return answer.json().get("status") if answer.status_code < 400 else (answer.status_code, answer.json()["code"])


ORDERS = [
    ({"kind": "perpetual-software", "bought": "-29d"}, "cancelled"),
    ({"kind": "perpetual-software", "bought": "-31d"}, (400, 900117)),
    ({"kind": "software-subscription", "bought": "-6d"}, "cancelled"),
    ({"kind": "software-subscription", "bought": "-8d"}, (400, 900117)),
    ({"kind": "reservation"}, (403, 800019)),
    ({"kind": "new-commerce-license", "bought": "-1d"}, (403, 800019)),
    ({"kind": "azure-plan"}, (403, 800019)),
    ({"kind": "legacy-license"}, (400, 800063)),
    ({"kind": "azure-legacy"}, (400, 800063)),
    ({"kind": "marketplace-saas", "bought": "-1d"}, (403, 800077)),
]


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    with one_customer_each(tmp_path_factory.mktemp("orders"), [item for item, _ in ORDERS]) as caller:
        yield caller


@pytest.mark.parametrize("number", range(len(ORDERS)), ids=lambda number: str(ORDERS[number]))
def test_which_orders_can_be_cancelled(orders, number):
    expected = ORDERS[number][1]
    path = f"/v1/customers/{tenant(number)}/orders"
    (order,) = orders("GET", path).json()["items"]
    body = {"id": order["id"], "status": "cancelled"}
    assert outcome(orders("PATCH", f"{path}/{order['id']}", body)) == expected
    if expected == "cancelled":
        assert outcome(orders("PATCH", f"{path}/{order['id']}", body)) == (400, 800061)


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"status": "completed"},
        {"id": "x", "status": "cancelled"},
        {"status": "cancelled", "lineItems": 3},
        {"status": "cancelled", "lineItems": [{}]},
        {"status": "cancelled", "lineItems": [{"lineItemNumber": "0"}]},
    ],
    ids=str,
)
def test_bodies_of_another_shape(orders, body):
    path = f"/v1/customers/{tenant(0)}/orders"
    (order,) = orders("GET", path).json()["items"]
    assert outcome(orders("PATCH", f"{path}/{order['id']}", body)) == (400, 800002)


def test_the_sandbox_cancels_reservations(estate):
    caller = estate([{"kind": "reservation"}], options={"sandbox": True})
    assert outcome(cancel(caller, get(caller, "orders")["items"][0])) == "cancelled"


def test_cancelled_software_shows_everywhere(estate):
    caller = estate([{"kind": "software-subscription", "bought": "-1d", "quantity": 4}])
    (order,) = get(caller, "orders")["items"]
    assert cancel(caller, order).json()["lineItems"][0]["quantity"] == 0
    assert get(caller, "subscriptions")["items"][0]["status"] == "deleted"
    entitlement = get(caller, "entitlements?entitlementType=Software")["items"][0]
    assert (entitlement["quantity"], entitlement["quantityDetails"][0]["status"]) == (0, "Unfulfilled")
    assert get(caller, f"orders/{order['id']}/provisioningstatus")["items"][0]["status"] == "Unfulfilled"


def test_cancelling_the_subscription_cancels_its_order(estate):
    caller = estate([{"kind": "software-subscription", "bought": "-1d"}])
    row = get(caller, "subscriptions")["items"][0]
    assert caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | {"status": "deleted"}).status_code == 200
    assert get(caller, "orders")["items"][0]["status"] == "cancelled"
    assert get(caller, "entitlements")["items"][0]["quantity"] == 0


def test_line_by_line(estate):
    software = {"kind": "perpetual-software", "bought": "-1d", "order": "one"}
    caller = estate([software, software | {"name": "second"}])
    (order,) = get(caller, "orders")["items"]
    first, second = order["lineItems"]
    after = cancel(caller, order, lineItems=[{"lineItemNumber": 0, "offerId": first["offerId"]}]).json()
    assert (after["status"], [line["quantity"] for line in after["lineItems"]]) == ("completed", [0, 1])
    assert [each["quantity"] for each in get(caller, "entitlements")["items"]] == [0, 1]
    wrong = cancel(caller, order, lineItems=[{"lineItemNumber": 1, "offerId": "DG7GMGF0AAAA:0001:X"}])
    assert outcome(wrong) == (400, 800002)
    assert outcome(cancel(caller, order, lineItems=[{"LineItemNumber": 1}])) == "cancelled"
    assert second["friendlyName"] == "second"


def test_order_ids_keep_their_case_and_legacy_ones_are_guids(estate):
    caller = estate([{"kind": "perpetual-software"}, {"kind": "legacy-license"}])
    modern, legacy = get(caller, "orders")["items"]
    assert outcome(caller("GET", f"{CUSTOMER}/orders/{modern['id'].swapcase()}")) == (404, 20000)
    assert caller("GET", f"{CUSTOMER}/orders/{legacy['id'].upper()}").status_code == 200
    assert legacy["creationDate"].endswith("-08:00")
    assert "currencyCode" not in legacy
    assert [o["id"] for o in get(caller, "orders?billingType=onetime")["items"]] == [modern["id"]]


def test_entitlements_link_to_orders_and_artifacts(estate):
    caller = estate([{"kind": "perpetual-software"}, {"kind": "reservation", "term": "P3Y", "ends": "+400d"}])
    orders = {order["id"]: order for order in get(caller, "orders")["items"]}
    (reserved,) = get(caller, "entitlements?entitlementtype=reservedInstance&showExpiry=true")["items"]
    assert reserved["expiryDate"].endswith("T00:00:00Z")
    line = orders[reserved["referenceOrder"]["id"]]["lineItems"][int(reserved["referenceOrder"]["lineItemId"])]
    assert line["offerId"].startswith(reserved["productId"])
    assert "subscriptionId" not in line
    uri = reserved["entitledArtifacts"][0]["link"]["uri"]
    (reservation,) = caller("GET", "/v1" + uri).json()["reservations"]
    assert reservation["provisioningState"] == "Created"
    assert not reservation["expiryDateTime"].endswith("Z")
    assert "expiryDate" not in get(caller, "entitlements")["items"][1]
    assert outcome(caller("GET", f"{CUSTOMER}/entitlements?entitlementType=x")) == (400, 3000)


def azure(caller):
    plan = get(caller, "subscriptions")["items"][0]["id"]
    return f"subscriptions/{plan}/azureentitlements"


def test_azure_subscriptions_settle_after_two_reads(estate):
    caller = estate([{"kind": "azure-plan", "azureSubscriptions": [{"name": "one"}]}])
    path = azure(caller)
    one = get(caller, path)["items"][0]
    target = f"{CUSTOMER}/{path}/{one['id']}"
    assert outcome(caller("POST", f"{target}/cancel", {"cancellationReason": ""})) == (400, 900307)
    assert outcome(caller("POST", f"{CUSTOMER}/{path}/{TENANT}99/cancel", {})) == (400, 800111)
    answer = caller("POST", f"{target}/cancel", {"cancellationReason": "compromise"})
    assert (answer.status_code, answer.json()["status"]) == (202, "active")
    suspend = (f"{CUSTOMER}/{path.rpartition('/')[0]}", {"status": "suspended"})
    assert outcome(caller("PATCH", *suspend)) == (403, 900115)
    assert [caller("GET", target).json()["status"] for _ in range(3)] == ["active", "active", "inactive"]
    assert outcome(caller("PATCH", *suspend)) == "suspended"
    assert caller("POST", f"{target}/reactivate").status_code == 202
    assert [get(caller, path)["items"][0]["status"] for _ in range(3)] == ["inactive", "inactive", "active"]


def test_looking_at_the_world_settles_nothing(estate):
    caller = estate([{"kind": "azure-plan", "azureSubscriptions": [{}]}])
    path = azure(caller)
    one = get(caller, path)["items"][0]
    caller("POST", f"{CUSTOMER}/{path}/{one['id']}/cancel", {"cancellationReason": "compromise"})
    for _ in range(4):
        assert caller.world(TENANT + "01")["azureEntitlements"][0]["status"] == "active"


def reservation_paths(caller):
    artifact = get(caller, "entitlements")["items"][0]["entitledArtifacts"][0]
    reserved = caller("GET", "/v1" + artifact["link"]["uri"]).json()["reservations"][0]
    order = f"/providers/Microsoft.Capacity/reservationOrders/{artifact['resourceId']}"
    what = {"reservationId": f"{order}/reservations/{reserved['reservationId']}", "quantity": 1}
    return "/management" + order, {"scope": "Reservation", "reservationToReturn": what}


def test_a_reservation_is_returned_and_draws_on_the_allowance(estate):
    caller = estate([{"kind": "reservation", "bought": "-1d", "price": "3650.00"}])
    order, properties = reservation_paths(caller)
    refund = caller("POST", f"{order}/calculateRefund?api-version=2022-11-01", {"properties": properties}).json()[
        "properties"
    ]
    assert 3500 < refund["billingRefundAmount"]["amount"] < 3650
    assert refund["policyResult"]["properties"]["consumedRefundsTotal"]["amount"] == 0
    assert caller("POST", f"{order}/return", {"properties": properties}).status_code == 400
    answer = caller("POST", f"{order}/return", {"properties": properties | {"sessionId": refund["sessionId"]}})
    assert answer.status_code == 202
    operation = answer.headers["Location"].removeprefix(caller.url)
    assert [caller("GET", operation).status_code for _ in range(3)] == [202, 202, 200]
    entitlement = get(caller, "entitlements")["items"][0]
    assert entitlement["quantity"] == 0
    state = caller("GET", "/v1" + entitlement["entitledArtifacts"][0]["link"]["uri"]).json()["reservations"][0]
    assert state["provisioningState"] == "Cancelled"


@pytest.mark.parametrize(
    ("item", "customer", "code"),
    [
        ({"refundable": False}, {}, "NonRefundableProduct"),
        ({"price": "1000.00"}, {"refundsUsed": "49900.00"}, "RefundLimitExceeded"),
    ],
)
def test_what_forbids_a_return(estate, item, customer, code):
    caller = estate([{"kind": "reservation", "bought": "-1d", **item}], **customer)
    order, properties = reservation_paths(caller)
    refund = caller("POST", f"{order}/calculateRefund", {"properties": properties}).json()["properties"]
    assert refund["policyResult"]["properties"]["policyErrors"][0]["code"] == code
    body = {"properties": properties | {"sessionId": refund["sessionId"]}}
    assert caller("POST", f"{order}/return", body).json()["error"]["code"] == code


def test_without_the_right_to_manage_reservations(estate):
    caller = estate([{"kind": "reservation"}], reservationRights=False)
    order, properties = reservation_paths(caller)
    answer = caller("POST", f"{order}/calculateRefund", {"properties": properties})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")


GDAP = "/graph/v1.0/tenantRelationships/delegatedAdminRelationships"


def test_delegated_administration_ends_step_by_step(estate):
    caller = estate([], gdap=[{"name": "a"}, {"name": "b", "status": "expired"}])
    found = caller("GET", f"{GDAP}?$filter=customer/tenantId eq '{TENANT}01'").json()["value"]
    assert [each["displayName"] for each in found] == ["a", "b"]
    target = f"{GDAP}/{found[0]['id']}"
    request = caller("POST", f"{target}/requests", {"action": "terminate"})
    assert (request.status_code, request.json()["action"]) == (201, "terminate")
    assert caller("GET", request.headers["Location"].removeprefix(caller.url)).json() == request.json()
    seen = [caller("GET", target).json()["status"] for _ in range(4)]
    assert seen == ["terminationRequested", "terminating", "terminated", "terminated"]
    again = caller("POST", f"{GDAP}/{found[1]['id']}/requests", {"action": "terminate"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "Conflict")


def test_delegated_administration_pages_and_filters(estate):
    caller = estate([], gdap=[{"name": str(number)} for number in range(5)])
    names, url = [], f"{GDAP}?$top=2&$filter=status eq 'active'"
    while url:
        page = caller("GET", url.removeprefix(caller.url)).json()
        names += [each["displayName"] for each in page["value"]]
        url = page.get("@odata.nextLink")
    assert names == list("01234")
    assert caller("GET", f"{GDAP}?$filter=displayName eq 'x'").status_code == 400


def test_delegated_administration_of_many_customers():
    with calling(SimulatorSettings(customers=12, seed=3)) as caller:
        world = caller.http.get("/_simulator/world").json()["customers"].values()
        expected = [each["id"] for customer in world for each in customer["delegatedAdminRelationships"]]
        found, url = [], f"{GDAP}?$top=1"
        while url:
            page = caller("GET", url.removeprefix(caller.url)).json()
            found += [each["id"] for each in page["value"]]
            url = page.get("@odata.nextLink")
    assert found == expected
    assert len(expected) > 2


def test_who_may_use_a_relationship(estate):
    caller = estate([], gdap=[{"name": "a", "assignments": [{"id": "one"}, {"status": "deleting"}]}, {"name": "b"}])
    first, second = (f"{GDAP}/{each['id']}/accessAssignments" for each in caller("GET", GDAP).json()["value"])
    rows = caller("GET", first).json()["value"]
    assert [row["status"] for row in rows] == ["active", "deleting"]
    assert caller("GET", f"{first}/ONE").json() == rows[0]
    assert caller("GET", f"{first}/two").status_code == 404
    assert caller("GET", second).json()["value"] == []


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_draft_changes_under_its_etag_alone(estate, method):
    caller = estate([], gdap=[{"name": "draft", "status": "created"}, {"name": "live"}])
    draft, live = caller("GET", GDAP).json()["value"]
    body = {"DisplayName": "renamed", "status": "active"}

    def change(relationship, **headers):
        return caller(method, f"{GDAP}/{relationship['id']}", body, **headers)

    assert [change(draft).status_code, change(draft, If_Match='W/"x"').status_code] == [400, 412]
    assert change(live, If_Match=live["@odata.etag"]).status_code == 409
    answer = change(draft, If_Match=draft["@odata.etag"])
    assert caller.log()[-1]["applied"]
    left = [(each["displayName"], each["status"]) for each in caller("GET", GDAP).json()["value"]]
    if method == "PATCH":
        assert (answer.status_code, answer.json()["displayName"]) == (200, "renamed")
        assert left == [("renamed", "created"), ("live", "active")]
        assert change(draft, If_Match=draft["@odata.etag"]).status_code == 412
    else:
        assert (answer.status_code, answer.content, left) == (204, b"", [("live", "active")])
        assert change(draft, If_Match="*").status_code == 404


def test_pages_do_not_count_what_was_deleted(tmp_path):
    rows = [{"tenantId": tenant(n), "name": f"row-{n}", "gdap": gdap} for n, gdap in enumerate(DRAFT_AND_LIVE)]
    path = tmp_path / "estate.yaml"
    path.write_text(yaml.safe_dump({"customers": rows}))
    with calling(SimulatorSettings(estate=path)) as caller:
        draft = caller("GET", GDAP).json()["value"][0]
        assert caller("DELETE", f"{GDAP}/{draft['id']}", If_Match="*").status_code == 204
        first = caller("GET", f"{GDAP}?$top=1").json()
        second = caller("GET", first["@odata.nextLink"].removeprefix(caller.url)).json()
    assert [each["displayName"] for page in (first, second) for each in page["value"]] == ["b", "c"]


DRAFT_AND_LIVE = [[{"name": "a", "status": "created"}], [{"name": "b"}, {"name": "c"}]]


def test_a_bad_edit_of_a_draft(estate):
    caller = estate([], gdap=[{"status": "created"}])
    (draft,) = caller("GET", GDAP).json()["value"]
    answer = caller("PATCH", f"{GDAP}/{draft['id']}", {"displayName": 3}, If_Match="*")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_returning_part_of_a_reservation_leaves_another_one(estate):
    caller = estate([{"kind": "reservation", "quantity": 4, "price": "4000.00", "bought": "-1d", "term": "P1Y"}])
    orders = "/management/providers/Microsoft.Capacity/reservationOrders"
    artifact = get(caller, "entitlements")["items"][0]["entitledArtifacts"][0]
    order = f"{orders}/{artifact['resourceId']}"
    (before,) = caller("GET", f"{order}/reservations").json()["value"]
    wanted = {"scope": "Reservation", "reservationToReturn": {"reservationId": before["id"], "quantity": 1}}
    quote = caller("POST", f"{order}/calculateRefund", {"properties": wanted}).json()["properties"]
    assert 900 < quote["billingRefundAmount"]["amount"] < 1000
    session = wanted | {"sessionId": quote["sessionId"]}
    whole = session | {"reservationToReturn": wanted["reservationToReturn"] | {"quantity": 4}}
    assert caller("POST", f"{order}/return", {"properties": whole}).json()["error"]["code"] == "InvalidSessionId"
    assert caller("POST", f"{order}/return", {"properties": session}).status_code == 202
    reads = [caller("GET", f"{order}/reservations").json()["value"] for _ in range(3)]
    assert reads[:2] == [[before], [before]]
    rows = reads[2]
    seen = [(row["id"] == before["id"], row["properties"]["quantity"]) for row in rows]
    assert seen == [(True, 0), (False, 3)]
    assert [row["properties"]["provisioningState"] for row in rows] == ["Cancelled", "Created"]
    shown = caller("GET", "/v1" + artifact["link"]["uri"]).json()["reservations"]
    assert [(each["reservationId"] == before["id"].split("/")[-1], each["quantity"]) for each in shown] == seen
    (entitlement,) = get(caller, "entitlements")["items"]
    assert (entitlement["quantity"], [each["quantity"] for each in entitlement["quantityDetails"]]) == (3, [3, 1])
    assert caller("PATCH", CUSTOMER, {"relationshipToPartner": "none"}).status_code == 400
    gone = caller("POST", f"{order}/calculateRefund", {"properties": wanted})
    assert gone.json()["error"]["code"] == "BadRequest"
    rest = {"scope": "Reservation", "reservationToReturn": {"reservationId": rows[1]["id"], "quantity": 3}}
    second = caller("POST", f"{order}/calculateRefund", {"properties": rest}).json()["properties"]
    assert 2900 < second["billingRefundAmount"]["amount"] < 3000


PRICED = {"kind": "new-commerce-license", "quantity": 3, "price": "19.95"}


def the_line(caller, query):
    (order,) = caller("GET", f"{CUSTOMER}/orders{query}").json()["items"]
    assert caller("GET", f"{CUSTOMER}/orders/{order['id']}{query}").json() == order
    return order, order["lineItems"][0]


def test_prices_are_shown_to_those_who_ask_for_them(estate):
    caller = estate([PRICED | {"currency": "EUR"}])
    assert "pricing" not in the_line(caller, "")[1]
    assert "pricing" not in the_line(caller, "?include_price=false")[1]
    order, line = the_line(caller, "?include_price=true")
    assert (order["currencyCode"], order["currencySymbol"]) == ("EUR", "€")
    assert line["pricing"] == {
        "listPrice": 19.95,
        "discountedPrice": 19.95,
        "proratedPrice": 19.95,
        "price": 19.95,
        "extendedPrice": 59.85,
    }


def test_without_a_price_in_the_estate_there_is_none_on_the_wire(estate):
    caller = estate([{"kind": "new-commerce-license"}])
    assert "pricing" not in the_line(caller, "?include_price=true")[1]


def test_the_price_of_a_reservation_is_that_of_all_of_it(estate):
    caller = estate([{"kind": "reservation", "quantity": 3, "price": "5400.00"}])
    pricing = the_line(caller, "?include_price=true")[1]["pricing"]
    assert (pricing["price"], pricing["extendedPrice"]) == (1800.0, 5400.0)


@pytest.mark.parametrize("price", [19.95, "-1", "NaN", "x", None])
def test_a_price_is_a_quoted_decimal(estate, price):
    with pytest.raises(SimulatorError, match="price"):
        estate([PRICED | {"price": price}])


def test_a_savings_plan_takes_no_change_at_all(estate):
    caller = estate([{"kind": "savings-plan", "autoRenew": True}])
    (row,) = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"]
    path = f"{CUSTOMER}/subscriptions/{row['id']}"
    assert caller("PATCH", path, row).status_code == 200
    assert caller("PATCH", path, row | {"autoRenewEnabled": False}).json()["code"] == 2006
    by_hand = caller.control(f"subscriptions/{row['id']}", {"autoRenewEnabled": False})
    assert by_hand.json()["autoRenewEnabled"] is False
    assert caller("GET", path).json()["autoRenewEnabled"] is False


@pytest.mark.parametrize(("body", "status"), [({"id": "x"}, 400), ([], 400), (None, 400)])
def test_a_change_by_hand_names_members_of_a_subscription(estate, body, status):
    caller = estate([PRICED])
    (row,) = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"]
    assert caller.control(f"subscriptions/{row['id']}", body).status_code == status
    assert caller.control("subscriptions/nowhere", {"status": "active"}).status_code == 404


def test_cancelling_an_azure_subscription_leaves_the_marketplace_alone(estate):
    caller = estate(
        [
            {"kind": "azure-plan", "azureSubscriptions": [{"name": "one"}]},
            {"kind": "marketplace-saas", "name": "Backup", "bought": "-1d"},
        ]
    )
    plan = caller.subscription(TENANT + "01", "Azure plan")
    base = f"{CUSTOMER}/subscriptions/{plan['id']}/azureEntitlements"
    (azure,) = caller("GET", base).json()["items"]
    caller("POST", f"{base}/{azure['id']}/cancel", {"cancellationReason": "compromise"})
    while caller("GET", base).json()["items"][0]["status"] == "active":
        pass
    assert caller.subscription(TENANT + "01", "Backup")["status"] == "active"
