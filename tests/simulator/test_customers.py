"""Customers: paging, filters, the habits of third-party clients, and the end of a relationship."""

import json

import pytest

from pcreconcile.simulator import SimulatorSettings

from .conftest import TENANT, calling, one_customer_each, tenant

LIVE = ["11", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "35", "36", "37"]


def follow(caller, path):
    """All pages, as the .NET SDK follows them: base + /v1 + uri, and every header of the link."""
    answer = caller("GET", path)
    while True:
        page = answer.json()
        yield page
        following = page["links"].get("next")
        if following is None:
            return
        assert following["uri"].startswith("/customers?")
        headers = {each["key"]: each["value"] for each in following["headers"]}
        answer = caller("GET", "/v1" + following["uri"], **headers)


def ids(page):
    return [item["id"] for item in page["items"]]


@pytest.mark.parametrize("size", [1, 5, 16, 500])
def test_paging_sees_everybody_once(example, size):
    pages = list(follow(example, f"/v1/customers?size={size}"))
    assert [tenant for page in pages for tenant in ids(page)] == [TENANT + number for number in LIVE]
    assert [page["totalCount"] for page in pages] == [len(page["items"]) for page in pages]
    assert len(pages) == -(-len(LIVE) // size)
    assert "continuationToken" not in pages[-1]


@pytest.mark.parametrize("seek", ["Next", "next", "NEXT"])
def test_seek_in_any_case_with_the_token_of_the_body(example, seek):
    token = example("GET", "/v1/customers?size=10").json()["continuationToken"]
    second = example("GET", f"/v1/customers?size=10&seekOperation={seek}", MS_ContinuationToken=token).json()
    assert ids(second) == [TENANT + number for number in LIVE[10:]]


@pytest.mark.parametrize(
    ("query", "token", "code"),
    [
        ("seekOperation=Next", "", 2000),
        ("seekOperation=Next", "rubbish", 2000),
        ("seekOperation=Next", "YWZ0ZXI6OTk5OTk5", 2000),
        ("seekOperation=Previous", "", 3000),
        ("size=-1", "", 3000),
        ("size=²", "", 3000),
        ("filter=%7B", "", 3000),
        ("filter=[1]", "", 3000),
        ("filter=%7B%22Field%22:%22Size%22,%22Value%22:1,%22Operator%22:%22equals%22%7D", "", 3000),
    ],
)
def test_bad_pages(example, query, token, code):
    answer = example("GET", f"/v1/customers?{query}", **({"MS_ContinuationToken": token} if token else {}))
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_trailing_token_leads_to_2000(estate):
    caller = estate(options={"trailingToken": True})
    page = caller("GET", "/v1/customers").json()
    assert "next" not in page["links"]
    answer = caller("GET", "/v1/customers?seekOperation=next", MS_ContinuationToken=page["continuationToken"])
    assert (answer.status_code, answer.json()["code"]) == (400, 2000)


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("CompanyName", "HARBOR", ["11"]),
        ("domain", "kettle", ["31"]),
        ("CompanyName", "%", []),
        ("Domain", "", LIVE),
    ],
)
def test_filter(example, field, value, found):
    rule = json.dumps({"Field": field, "Value": value, "Operator": "starts_with"})
    answer = example("GET", f"/v1/customers?filter={rule}")
    assert ids(answer.json()) == [TENANT + number for number in found]


def test_list_is_short_and_get_is_long(example):
    short = example("GET", "/v1/customers").json()["items"][0]
    long = example("GET", f"/V1//Customers/{(TENANT + '11').upper()}").json()
    only_here = {"billingProfile", "allowDelegatedAccess", "customDomains", "associatedPartnerId", "commerceId"}
    assert set(long) - set(short) == only_here
    assert long["companyProfile"]["domain"] == "harbordental.onmicrosoft.com"


def test_unknown_routes_and_methods(example):
    unknown = example("GET", "/v1/nothing")
    assert (unknown.status_code, unknown.content) == (404, b"")
    assert example("DELETE", "/v1/customers").status_code == 405


@pytest.fixture(scope="module")
def leaving():
    with calling(SimulatorSettings()) as caller:
        yield caller


REMOVE = {"relationshipToPartner": "none", "attributes": {"objectType": "Customer"}}


@pytest.mark.parametrize(
    ("number", "because"),
    [
        ("21", "subscription"),
        ("22", "subscription"),
        ("23", "subscription"),
        ("24", "subscription"),
        ("25", "software purchases"),
        ("26", "active Azure reserved instances"),
        ("27", "active Azure reserved instances"),
        ("29", "subscription"),
        ("32", "in status quarantined"),
        ("36", "active Azure reserved instances"),
    ],
)
def test_removal_is_refused_while_something_blocks(leaving, number, because):
    answer = leaving("PATCH", f"/v1/customers/{TENANT}{number}", REMOVE)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)
    assert because in answer.json()["description"]
    assert leaving.world(TENANT + number)["relationship"] == "reseller"


def test_azure_blockers_are_named_by_alternate_id(leaving):
    text = leaving("PATCH", f"/v1/customers/{TENANT}26", REMOVE).json()["description"]
    orders = leaving("GET", f"/v1/customers/{TENANT}26/orders").json()["items"]
    assert sorted(order["alternateId"] for order in orders) == sorted(text.partition("orders: ")[2].split(", "))


def test_removal_and_what_is_left(leaving):
    path = f"/v1/customers/{TENANT}28"
    entitlements = f"{path}/subscriptions/{leaving.subscription(TENANT + '28', 'Azure plan')['id']}/azureEntitlements"
    azure = leaving("GET", entitlements).json()["items"][0]
    leaving("POST", f"{entitlements}/{azure['id']}/cancel", {"cancellationReason": "compromise"})
    for _ in range(3):
        leaving("GET", entitlements)
    plan = leaving.subscription(TENANT + "28", "Azure plan")
    assert leaving("PATCH", f"{path}/subscriptions/{plan['id']}", plan | {"status": "suspended"}).status_code == 200

    sdk = {
        "Id": None,
        "RelationshipToPartner": "none",
        "AllowDelegatedAccess": None,
        "Attributes": {"ObjectType": "Customer"},
    }
    answer = leaving("PATCH", path, sdk, MS_CorrelationId="c0ffee00-0000-4000-8000-000000000000")
    assert answer.status_code == 200
    assert answer.json()["relationshipToPartner"] == "none"
    assert answer.json()["id"] is None
    assert TENANT + "28" not in ids(leaving("GET", "/v1/customers").json())
    for method, to, body, expected in (
        ("GET", path, None, (404, 60003)),
        ("GET", path + "/subscriptions", None, (403, 20002)),
        ("GET", path + "/orders", None, (403, 20002)),
        ("PATCH", path, REMOVE, (400, 3000)),
    ):
        refused = leaving(method, to, body)
        assert (refused.status_code, refused.json()["code"]) == expected
    rule = json.dumps({"Field": "CustomerId", "Value": TENANT + "28", "Operator": "equals"})
    records = leaving("GET", f"/v1/auditrecords?filter={rule}")
    removal = records.json()["items"][-1]
    assert removal["operationType"] == "remove_partner_customer_relationship"
    assert removal["originalCorrelationId"] == "c0ffee00-0000-4000-8000-000000000000"
    assert json.loads(removal["resourceNewValue"]) == {"RelationshipToPartner": "none"}
    assert len([entry for entry in leaving.log() if entry["applied"]]) == 3


def test_past_removal_is_in_the_audit(example):
    rule = json.dumps({"Field": "CustomerId", "Value": TENANT + "33", "Operator": "equals"})
    records = example("GET", f"/v1/auditrecords?filter={rule}").json()["items"]
    assert [record["operationType"] for record in records] == ["remove_partner_customer_relationship"]


def test_audit_looks_back_ninety_days(example):
    answer = example("GET", "/v1/auditrecords?startDate=2020-01-01")
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)


def test_delegated_access_alone(leaving):
    path = f"/v1/customers/{TENANT}30"
    answer = leaving("PATCH", path, {"AllowDelegatedAccess": False, "attributes": {"objectType": "Customer"}})
    assert answer.status_code == 200
    after = leaving("GET", path).json()
    assert (after["allowDelegatedAccess"], after["relationshipToPartner"]) == (False, "reseller")


def test_the_body_of_a_removal_names_one_of_the_two(leaving):
    for body in (None, {}, [], {"relationshipToPartner": "advisor"}, {"allowDelegatedAccess": True}):
        answer = leaving("PATCH", f"/v1/customers/{TENANT}30", body)
        assert (answer.status_code, answer.json()["code"]) == (400, 3000)
    assert leaving("PATCH", f"/v1/customers/{TENANT}99", REMOVE).json()["code"] == 3000


def test_an_open_transfer_blocks(estate):
    caller = estate([], transfers=[{"status": "Pending"}])
    assert "transfer" in caller("PATCH", f"/v1/customers/{TENANT}01", REMOVE).json()["description"]
    caller.control("clock", {"advance": "30d"})
    assert caller("PATCH", f"/v1/customers/{TENANT}01", REMOVE).status_code == 200


HARMLESS = [
    {"kind": "legacy-license", "status": "suspended"},
    {"kind": "azure-legacy", "status": "suspended"},
    {"kind": "new-commerce-license", "status": "expired"},
    {"kind": "new-commerce-license", "status": "disabled"},
    {"kind": "new-commerce-license", "status": "deleted"},
    {"kind": "perpetual-software", "bought": "-31d"},
    {"kind": "reservation", "status": "deleted"},
    {"kind": "azure-plan", "status": "suspended"},
]
BLOCKING = [
    {"kind": "new-commerce-license", "status": "suspended"},
    {"kind": "legacy-license", "status": "pending"},
    {"kind": "legacy-license", "status": "quarantined"},
    {"kind": "savings-plan"},
    {"kind": "marketplace-saas"},
    {"kind": "trial", "bought": "-1d"},
]


@pytest.fixture(scope="module")
def holding(tmp_path_factory):
    with one_customer_each(tmp_path_factory.mktemp("holding"), HARMLESS + BLOCKING) as caller:
        yield caller


@pytest.mark.parametrize(
    "number", range(len(HARMLESS + BLOCKING)), ids=lambda number: str((HARMLESS + BLOCKING)[number])
)
def test_what_blocks_and_what_does_not(holding, number):
    expected = 200 if number < len(HARMLESS) else 400
    assert holding("PATCH", f"/v1/customers/{tenant(number)}", REMOVE).status_code == expected
