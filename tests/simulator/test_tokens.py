"""Token endpoints and what a token opens."""

import base64
import json

import pytest

from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT, REFRESH_TOKEN

V2 = f"/{PARTNER_TENANT}/oauth2/v2.0/token"
SECRET = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
SCOPE = {"scope": "https://api.partnercenter.microsoft.com/.default"}
APP = {"grant_type": "client_credentials"}
USER = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}


def claims(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def test_app_only_token(example):
    answer = example.http.post(V2, data=SECRET | SCOPE | APP).json()
    assert answer["expires_in"] == 3599
    assert "refresh_token" not in answer
    found = claims(answer["access_token"])
    assert (found["aud"], found["tid"]) == ("https://api.partnercenter.microsoft.com", PARTNER_TENANT)
    assert "upn" not in found


def test_delegated_token_rotates_its_refresh_token_and_the_old_one_goes_on(example):
    first = example.http.post(V2, data=SECRET | USER | {"scope": f"{SCOPE['scope']} openid offline_access"}).json()
    assert first["refresh_token"] != REFRESH_TOKEN
    assert claims(first["access_token"])["amr"] == ["pwd", "mfa"]
    for token in (first["refresh_token"], REFRESH_TOKEN):
        assert example.http.post(V2, data=SECRET | SCOPE | USER | {"refresh_token": token}).status_code == 200


def test_v1_endpoint_answers_with_numbers_as_text(example):
    form = SECRET | USER | {"resource": "https://graph.microsoft.com"}
    answer = example.http.post(f"/{PARTNER_TENANT}/oauth2/token", data=form).json()
    assert answer["expires_in"] == "3599"
    assert answer["resource"] == "https://graph.microsoft.com"
    assert all(isinstance(value, str) for value in answer.values())


@pytest.mark.parametrize(
    ("form", "status", "error", "number"),
    [
        (SECRET | SCOPE | APP | {"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        (SCOPE | APP | {"client_id": CLIENT_ID}, 401, "invalid_client", 7000218),
        (SCOPE | APP, 400, "invalid_request", 900144),
        (SECRET | SCOPE | USER | {"refresh_token": "expired-1"}, 400, "invalid_grant", 700082),
        (SECRET | SCOPE | {"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        (SECRET | APP | {"scope": "openid"}, 400, "invalid_scope", 70011),
        (SECRET | APP | {"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 70011),
    ],
)
def test_errors_have_the_shape_of_entra(example, form, status, error, number):
    answer = example.http.post(V2, data=form)
    assert answer.status_code == status
    assert (answer.json()["error"], answer.json()["error_codes"]) == (error, [number])
    assert f"AADSTS{number}" in answer.json()["error_description"]


def test_other_clients_need_any_secret_or_assertion(example):
    other = SCOPE | APP | {"client_id": "11111111-0000-4000-8000-000000000000"}
    assert example.http.post(V2, data=other).status_code == 401
    assert example.http.post(V2, data=other | {"client_assertion": "x.y.z"}).status_code == 200
    assert example.http.post(V2, data=SCOPE | APP, auth=("other", "anything")).status_code == 200


def test_discovery_names_an_https_token_endpoint(example):
    found = example.http.get(f"/{PARTNER_TENANT}/v2.0/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == f"https://login.microsoftonline.com{V2}"
    assert "metadata" in example.http.get("/common/discovery/instance?api-version=1.1").json()


def status_and_code(answer):
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({"audience": "https://graph.windows.net"}, (401, 900420)),
        ({"audience": "https://graph.microsoft.com"}, (401, 900420)),
        ({"refresh": "no-mfa-user"}, (401, 900421)),
    ],
)
def test_tokens_that_open_nothing_here(example, token, expected):
    bearer = {"Authorization": f"Bearer {example.token(**token)}"}
    assert status_and_code(example.http.get("/v1/customers", headers=bearer)) == expected


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer a.b.c"}, {"Authorization": "Bearer é"}, {"Authorization": "Basic eDp5"}]
)
def test_no_token_or_a_foreign_one(example, header):
    raw = {name: value.encode() for name, value in header.items()}
    assert example.http.get("/v1/customers", headers=raw).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/v1/customers/6b2e0b0c-0000-4000-8000-000000000011"),
        ("GET", "/v1/customers/relationshiprequests"),
        ("GET", "/v1/relationships"),
        ("GET", "/v1/customers/6b2e0b0c-0000-4000-8000-000000000011/relationships"),
        ("GET", "/v1/customers/6b2e0b0c-0000-4000-8000-000000000011/subscriptions/x/provisioningstatus"),
    ],
)
def test_application_only_is_refused_where_a_user_is_needed(example, method, path):
    bearer = {"Authorization": f"Bearer {example.token(app_only=True)}"}
    assert status_and_code(example.http.request(method, path, headers=bearer)) == (403, 900329)
    assert example.http.get("/v1/customers", headers=bearer).status_code == 200


def test_graph_and_management_have_their_own_audience_and_error_shape(example):
    bearer = {"Authorization": f"Bearer {example.token()}"}
    for path in ("/graph/v1.0/tenantRelationships/delegatedAdminRelationships",):
        answer = example.http.get(path, headers=bearer)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_no_secret_reaches_the_log(example):
    example.http.post(V2, data=SECRET | SCOPE | USER | {"refresh_token": "very-secret"})
    text = example.http.get("/_simulator/requests").text
    assert '"grant_type"' in text
    assert CLIENT_SECRET not in text
    assert "very-secret" not in text
