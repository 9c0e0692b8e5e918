"""The habits of clients written by others, self-tests of MFA, registrations, the sandbox, orders that lag."""

import http.client
from contextlib import closing
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import TENANT

CUSTOMER = f"/v1/customers/{TENANT}01"


@pytest.mark.parametrize(
    "path",
    [
        "/v1//customers/{c}//subscriptions",
        "/v1/customers/{c}/subscriptions/",
        "/V1/CUSTOMERS/{C}/SUBSCRIPTIONS",
        "/v1.0//customers/{c}/subscriptions///",
        "/v1/customers/{c}/subscriptions?",
    ],
)
def test_paths(example, path):
    answer = example("GET", path.format(c=TENANT + "21", C=(TENANT + "21").upper()))
    assert answer.json()["totalCount"] == 3


@pytest.mark.parametrize("name", ["azureentitlements", "azureEntitlements", "AZUREENTITLEMENTS"])
def test_azure_entitlements_in_any_case(example, name):
    plan = example("GET", f"/v1/customers/{TENANT}27/subscriptions").json()["items"][0]["id"]
    path = f"/v1/customers/{TENANT}27/subscriptions/{plan.upper()}/{name}"
    assert example("GET", path).json()["totalCount"] == 2


DOTNET = {"Id": None, "CommerceId": None, "CompanyProfile": None, "AllowDelegatedAccess": None, "Attributes": None}


@pytest.mark.parametrize(
    "body",
    [
        {**DOTNET, "RelationshipToPartner": "none"},
        {"relationshipToPartner": "None", "links": {"self": {}}, "unheardOf": [1]},
        {"RELATIONSHIPTOPARTNER": "NONE", "attributes": {"objectType": "Customer"}},
    ],
    ids=["dotnet", "sent back", "shouted"],
)
def test_bodies_that_remove(estate, body):
    assert estate()("PATCH", CUSTOMER, body).json()["relationshipToPartner"] == "none"


def test_a_whole_subscription_in_pascal_case_with_nulls(estate):
    caller = estate([{"kind": "legacy-license"}])
    row = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"][0]
    body = {name[:1].upper() + name[1:]: value for name, value in row.items()} | {
        "Status": "Suspended",
        "Actions": None,
    }
    answer = caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id'].upper()}", body)
    assert answer.json()["status"] == "suspended"


def test_a_literal_path_is_no_customer(example):
    answer = example("PATCH", "/v1/customers/relationshiprequests", {"relationshipToPartner": "none"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("profile", ["company", "billing"])
def test_the_links_of_profiles_lead_somewhere(example, profile):
    customer = example("GET", f"/v1/customers/{TENANT}11").json()[f"{profile}Profile"]
    assert example("GET", f"/v1{customer['links']['self']['uri']}").json() == customer


@pytest.mark.parametrize(
    ("refresh", "app_only", "sent", "status", "told"),
    [
        ("any", False, "true", 200, "true"),
        ("any", False, "True", 200, "true"),
        ("any", False, "false", 200, None),
        ("no-mfa", False, "true", 401, "false"),
        ("any", True, "true", 200, None),
    ],
)
def test_validate_mfa(example, refresh, app_only, sent, status, told):
    headers = {"Authorization": f"Bearer {example.token(refresh=refresh, app_only=app_only)}", "ValidateMfa": sent}
    answer = example.http.get(f"/v1/customers/{TENANT}11", headers=headers)
    assert (answer.status_code, answer.headers.get("isMfaCompliant")) == (status, told)
    assert answer.json().get("isMfaCompliant") == {"true": True, "false": False, None: None}[told]


def test_validate_mfa_without_a_body(estate):
    caller = estate([{"kind": "azure-plan"}])
    plan = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"][0]["id"]
    answer = caller("POST", f"{CUSTOMER}/subscriptions/{plan}/registrations", ValidateMfa="true")
    assert (answer.status_code, answer.content, answer.headers["isMfaCompliant"]) == (202, b"", "true")


@pytest.mark.parametrize("kind", ["azure-plan", "azure-legacy"])
def test_a_registration_settles_after_a_few_reads(estate, kind):
    caller = estate([{"kind": kind}])
    row = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"][0]["id"]
    status = f"{CUSTOMER}/subscriptions/{row}/registrationstatus"
    assert caller("GET", status).json()["status"] == "NotRegistered"
    for _ in range(2):
        answer = caller("POST", f"{CUSTOMER}/subscriptions/{row}/registrations")
        assert (answer.status_code, answer.headers["Location"]) == (202, status.removeprefix("/v1"))
    seen = [caller("GET", status).json()["status"] for _ in range(4)]
    assert seen == ["Registering", "Registering", "Registered", "Registered"]


@pytest.mark.parametrize(
    ("item", "code"), [({"kind": "legacy-license"}, 900141), ({"kind": "azure-plan", "status": "suspended"}, 800012)]
)
def test_what_cannot_be_registered(estate, item, code):
    caller = estate([item])
    row = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"][0]["id"]
    answer = caller("POST", f"{CUSTOMER}/subscriptions/{row}/registrations")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("options", "items", "outcome"),
    [
        ({}, [], (400, 900127)),
        ({"sandbox": True}, [{"kind": "azure-plan"}], (400, 3000)),
        ({"sandbox": True}, [], (204, None)),
    ],
    ids=["production", "blocked", "sandbox"],
)
def test_deleting_a_customer(estate, options, items, outcome):
    caller = estate(items, options)
    answer = caller("DELETE", CUSTOMER)
    assert (answer.status_code, answer.json()["code"] if answer.content else None) == outcome
    left = caller("GET", "/v1/customers").json()["totalCount"]
    assert left == (0 if answer.status_code == 204 else 1)
    if not left:
        assert caller("GET", "/v1/auditrecords").json()["items"][0]["operationType"] == "delete_customer"
        assert caller("DELETE", CUSTOMER).json()["code"] == 20002


def test_a_new_order_hides_from_its_first_reads(estate):
    items = [{"kind": "perpetual-software", "bought": "-5m"}, {"kind": "perpetual-software", "bought": "-1d"}]
    caller = estate(items, {"orderLagReads": 2})

    def seen():
        return caller("GET", f"{CUSTOMER}/orders").json()["totalCount"]

    assert [seen(), seen(), seen()] == [1, 1, 2]


def test_a_hidden_order_is_not_found_until_it_is_old_enough(estate):
    caller = estate([{"kind": "perpetual-software", "bought": "-5m"}], {"orderLagReads": 1000})
    order = caller.world(TENANT + "01")["orders"][0]["id"]
    assert caller("GET", f"{CUSTOMER}/orders/{order}").json()["code"] == 20000
    caller.control("clock", {"advance": "10m"})
    assert caller("GET", f"{CUSTOMER}/orders/{order}").json()["id"] == order


METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
PARTS = st.sampled_from(
    [
        *("v1", "v1.0", "V1", "customers", "subscriptions", "orders", "entitlements", "azureEntitlements", "cancel"),
        *("relationships", "relationshiprequests", "transfers", "auditrecords", "auditactivity", "addons", "graph"),
        *("registrations", "registrationstatus", "provisioningstatus", "webhooks", "registration", "events"),
        *("validationEvents", "tenantRelationships", "delegatedAdminRelationships", "accessAssignments", "requests"),
        *("management", "providers", "Microsoft.Capacity", "reservationOrders", "reservations", "return"),
        *("calculateRefund", "operationResults", "oauth2", "token", "common", "discovery", "instance", "profiles"),
        *(
            "_simulator",
            "world",
            "deliveries",
            "webhook.cer",
            "company",
            "..",
            ".",
            "",
            "%2e%2e",
            "%00",
            "%ff",
            "a%2Fb",
        ),
        *(TENANT + "11", (TENANT + "27").upper(), "nil", "%F0%9F%8E%88", "{customer}", "'", '"', "\\", "*"),
    ]
)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["size", "filter", "seekOperation", "$filter", "$top", "$skiptoken", "startDate", "since", "x"]
        ),
        st.text(max_size=6)
        | st.sampled_from(["Next", "0", "2", '{"Field":"Domain","Operator":"starts_with","Value":"\\ud800"}']),
    ),
    max_size=3,
)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=12)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("MS-RequestId", "MS-CorrelationId", "MS-ContinuationToken", "If-Match", "X-Locale", "ValidateMfa"),
            *("Content-Type", "Accept", "Prefer", "Authorization", "Cookie", "X-Forwarded-For", "Expect"),
        ]
    ),
    TEXTS.map(str.strip),
    max_size=4,
)
BODIES = st.binary(max_size=20) | st.sampled_from(
    [b"null", b"[]", b"3", b'"\\ud800"', b"{}", b"1" * 5000, b"[" * 60 + b"]" * 60, b'{"a":' * 980 + b"1" + b"}" * 980]
)


@settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(METHODS, st.lists(PARTS, max_size=8), QUERIES, HEADERS, BODIES)
def test_no_request_makes_it_stumble(example, method, parts, query, headers, body):
    path = "/" + "/".join(parts)
    target = quote(path, safe="/%{}'*$.") + "?" + urlencode(query, errors="replace")
    sent = {"Authorization": f"Bearer {example.token(audience_of(path))}", **headers}
    with closing(http.client.HTTPConnection(example.url.removeprefix("http://"), timeout=600)) as connection:
        connection.request(method, target, body, {name: value.encode("latin-1") for name, value in sent.items()})
        answer = connection.getresponse()
        answer.read()
    assert answer.status < 500


def audience_of(path):
    apis = {"graph": "https://graph.microsoft.com", "management": "https://management.azure.com"}
    return apis.get(path.strip("/").split("/")[0], "https://api.partnercenter.microsoft.com")


def test_deep_bodies(example):
    """Nesting that can just be read, but not written with what is kept around it, lies somewhere in this range."""
    headers = {"Authorization": f"Bearer {example.token()}"}
    for depth in (100, *range(900, 1000), 2000):
        body = b'{"a":' * depth + b"1" + b"}" * depth
        answer = example.http.patch(f"/v1/customers/{TENANT}11", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) in ((400, 3000), (400, 800002))
    assert example.http.post("/_simulator/clock", content=body).status_code == 400
    assert example.http.get("/").status_code == 200
    assert example.http.get("/_simulator/requests").status_code == 200
