"""The simulator's own routes, its page, and that nothing a caller sends makes it stumble."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.simulator import SimulatorSettings

from .conftest import TENANT, calling


def test_the_log(example):
    example("GET", f"/v1/customers/{TENANT}11/orders?x=1", MS_RequestId="a", MS_CorrelationId="b")
    entry = example.log()[-1]
    assert {
        name: entry[name] for name in ("method", "path", "query", "requestId", "correlationId", "customer", "status")
    } == {
        "method": "GET",
        "path": f"/v1/customers/{TENANT}11/orders",
        "query": "x=1",
        "requestId": "a",
        "correlationId": "b",
        "customer": TENANT + "11",
        "status": 200,
    }
    assert (entry["code"], entry["replayed"], entry["applied"], entry["body"], entry["fault"]) == (
        None,
        False,
        False,
        None,
        None,
    )
    text = example.http.get(f"/_simulator/requests?format=ndjson&since={entry['seq'] - 1}").text
    assert [json.loads(line) for line in text.splitlines()] == [entry]
    assert example.http.get("/_simulator/requests?since=x").status_code == 400


def test_the_world(example):
    world = example.http.get("/_simulator/world").json()
    assert set(world) == {"clock", "partner", "options", "customers", "auditRecords"}
    harbor = world["customers"][TENANT + "11"]
    assert (harbor["relationship"], len(harbor["subscriptions"]), len(harbor["azureEntitlements"])) == (
        "reseller",
        3,
        1,
    )
    assert harbor["delegatedAdminRelationships"][0]["status"] == "active"


@pytest.mark.parametrize(
    "body", [None, [], {"pageSize": "1"}, {"pageSize": True}, {"sandbox": 1}, {"colour": 1}], ids=str
)
def test_options_are_checked(example, body):
    assert example.control("options", body).status_code == 400


def test_the_page_escapes_what_comes_from_outside(estate):
    nasty = "<script>alert('x')</script>"
    caller = estate(
        [{"kind": "perpetual-software"}, {"kind": "azure-plan", "azureSubscriptions": [{"name": nasty}]}],
        companyName=nasty,
    )
    caller("GET", f"/v1/customers/{nasty}?q={nasty}")
    page = caller.http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "http://" not in page.text.replace(caller.url, "")
    assert '<meta http-equiv="refresh"' in page.text


def test_the_page_of_many_customers():
    with calling(SimulatorSettings(customers=1000, clock=datetime(2027, 1, 1, tzinfo=UTC))) as caller:
        caller("PATCH", f"/v1/customers/{TENANT}01", {"relationshipToPartner": "none"})
        caller("GET", "/v1/customers?size=3")
        page = caller.http.get("/").text
    assert "The first 100 of 1000 customers" in page
    assert page.count("<h3>") == 100
    assert "<td>active</td>" in page
    assert "2027-01-01T00:00:00Z" in page
    newest = page.index("<td>GET</td><td>/v1/customers?size=3</td><td>200</td>")
    assert newest < page.index(f"<td>PATCH</td><td>/v1/customers/{TENANT}01</td><td>400</td><td>3000</td>")


NAMES = st.sampled_from(
    [
        "status",
        "Status",
        "id",
        "attributes",
        "etag",
        "autoRenewEnabled",
        "scheduledActions",
        "scheduledNextTermInstructions",
        "quantity",
        "friendlyName",
        "lineItems",
        "lineItemNumber",
        "offerId",
        "relationshipToPartner",
        "allowDelegatedAccess",
        "cancellationReason",
        "action",
        "properties",
        "reservationToReturn",
        "reservationId",
        "sessionId",
        "product",
        "now",
        "advance",
        "instructions",
        "scheduleType",
        "actionType",
        "effectiveDate",
        "termDuration",
        "customTermEndDate",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
CUSTOMER = f"/v1/customers/{TENANT}36"


@pytest.fixture(scope="module")
def targets(example):
    rows = example("GET", f"{CUSTOMER}/subscriptions").json()["items"]
    orders = example("GET", f"{CUSTOMER}/orders").json()["items"]
    plan = next(row["id"] for row in example("GET", f"/v1/customers/{TENANT}27/subscriptions").json()["items"])
    azure = f"/v1/customers/{TENANT}27/subscriptions/{plan}/azureEntitlements"
    one = example("GET", azure).json()["items"][0]["id"]
    gdap = "/graph/v1.0/tenantRelationships/delegatedAdminRelationships"
    relationship = example("GET", gdap).json()["value"][0]["id"]
    reserved = example("GET", f"/v1/customers/{TENANT}26/entitlements").json()["items"][0]["entitledArtifacts"][0]
    order = f"/management/providers/Microsoft.Capacity/reservationOrders/{reserved['resourceId']}"
    return [
        *(("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}") for row in rows),
        *(("PATCH", f"{CUSTOMER}/orders/{order['id']}") for order in orders),
        ("PATCH", CUSTOMER),
        ("POST", f"{azure}/{one}/cancel"),
        ("POST", f"{azure}/{one}/reactivate"),
        ("POST", f"{gdap}/{relationship}/requests"),
        ("POST", f"{order}/calculateRefund"),
        ("POST", f"{order}/return"),
        ("POST", "/_simulator/options"),
        ("POST", "/_simulator/faults"),
    ]


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_body_makes_it_stumble(example, targets, data):
    method, path = data.draw(st.sampled_from(targets))
    body = json.dumps(data.draw(JSON)).encode()
    kind = path.split("/")[1]
    audience = {"graph": "https://graph.microsoft.com", "management": "https://management.azure.com"}.get(kind)
    token = example.token(audience) if audience else example.token()
    answer = example.http.request(method, path, content=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code < 500
    example.http.delete("/_simulator/faults")


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b"[" * 100_000, b"NaN", b'{"a":' * 50_000], ids=lambda raw: repr(raw[:6])
)
def test_a_body_that_is_not_json(example, content):
    headers = {"Authorization": f"Bearer {example.token()}"}
    answer = example.http.patch(f"/v1/customers/{TENANT}11", content=content, headers=headers)
    assert answer.status_code == 400


SURROGATE = 'filter={"Field":"Domain","Operator":"starts_with","Value":"\\ud800"}'


@pytest.mark.parametrize(
    "query",
    [
        "size=1e3",
        "startDate=x",
        "endDate=%00",
        "filter=null",
        "filter=[[[",
        "seekOperation=%ff",
        "size=99999999999",
        SURROGATE,
    ],
)
@pytest.mark.parametrize(
    "path", ["/v1/customers", "/v1/auditrecords", f"/v1/customers/{TENANT}11/orders", "/_simulator/requests"]
)
def test_no_query_makes_it_stumble(example, path, query):
    assert example("GET", f"{path}?{query}").status_code < 500
