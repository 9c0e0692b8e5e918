"""Orders, entitlements, reservations, Azure subscriptions, delegated administration."""

import pytest

from pcreconcile.simulator import SimulatorSettings

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
