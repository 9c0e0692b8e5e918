"""Clients that nobody here wrote, unchanged, against the simulator under the names of the real service.

`partnercenterservices` (Microsoft, generated from the service's own description, 2019) does every step; it signs in by
`adal`, at the v1 token endpoint. `ms-partner-tools` (2022) lists customers and asks for the link of a relationship
request, and can neither read a single customer nor a subscription nor write; its two ways to sign in need a person, so
it is given a token.
"""

import httpx
import pytest

from pcreconcile.simulator import CLIENT_ID, CLIENT_SECRET, PARTNER_TENANT, REFRESH_TOKEN

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
LOGIN = f"https://login.microsoftonline.com/{PARTNER_TENANT}"
ASPEN = "6b2e0b0c-0000-4000-8000-000000000021"
HARBOR = "6b2e0b0c-0000-4000-8000-000000000011"


@pytest.fixture
def sdk(service):
    """Microsoft's generated client with a user's token."""
    return _sdk("user")


def _sdk(kind):
    adal = pytest.importorskip("adal")
    partnercenterservices = pytest.importorskip("microsoft.store.partnercenterservices")
    from msrestazure.azure_active_directory import AdalAuthentication

    context = adal.AuthenticationContext(LOGIN)
    secret = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "resource": PARTNER_CENTER}
    if kind == "user":
        credentials = AdalAuthentication(context.acquire_token_with_refresh_token, REFRESH_TOKEN, **secret)
    else:
        credentials = AdalAuthentication(
            context.acquire_token_with_client_credentials, PARTNER_CENTER, CLIENT_ID, CLIENT_SECRET
        )
    return partnercenterservices.MicrosoftPartnerStoreApis(credentials)


def subscriptions(sdk, customer):
    return sdk.getvversioncustomerscustomer.value9(customer, "1").items


def suspend(sdk, customer, row):
    row.status = "suspended"
    return sdk.patchvversioncustomerscustomer.id4(customer, row.id, row, "1", ms_request_id=row.id)


@pytest.mark.parametrize("version", ["1", "1.0"])
@pytest.mark.parametrize("kind", ["user", "application"])
def test_the_sdk_reads(service, kind, version):
    sdk = _sdk(kind)
    listed = sdk.getvversioncustomersfilterfilter.value(version, size=500)
    assert (len(listed.items), listed.total_count) == (16, 16)
    one = sdk.getvversioncustomerscustomer.id(ASPEN, version)
    assert (one.relationship_to_partner, one.allow_delegated_access) == ("reseller", True)
    assert one.company_profile.domain == "aspenbooks.onmicrosoft.com"
    assert sdk.getvversioncustomerscustomer.idprofilescompany(ASPEN, version).company_name == "Aspen Books"
    rows = subscriptions(sdk, ASPEN)
    assert sorted((row.friendly_name, row.status, row.quantity) for row in rows) == [
        ("Exchange Online (Plan 1)", "active", 5),
        ("Extra storage", "active", 2),
        ("Office 365 Business Premium", "active", 5),
    ]
    assert all(row.commitment_end_date.tzinfo and row.attributes.etag for row in rows)
    orders = sdk.getvversioncustomerscustomer.value7(ASPEN, version).items
    assert {order.id for order in orders} == {row.order_id for row in rows}
    assert [line.quantity for order in orders for line in order.line_items] == [5, 2, 5]


@pytest.mark.parametrize("operator", ["starts_with", "StartsWith"])
def test_the_sdk_filters(sdk, operator):
    rule = f'{{"Field":"CompanyName","Operator":"{operator}","Value":"aspen"}}'
    assert [row.id for row in sdk.getvversioncustomersfilterfilter.value("1", filter=rule).items] == [ASPEN]


def test_the_sdk_empties_and_removes_a_customer(sdk, service):
    refused = sdk.patchvversioncustomerscustomer.id(ASPEN, removal(sdk), "1", raw=True)
    assert (refused.response.status_code, refused.response.json()["code"]) == (400, 3000)
    for row in subscriptions(sdk, ASPEN):
        assert row.status == "suspended" or suspend(sdk, ASPEN, row).status == "suspended"
    assert {row.status for row in subscriptions(sdk, ASPEN)} == {"suspended"}
    assert sdk.patchvversioncustomerscustomer.id(ASPEN, removal(sdk), "1").relationship_to_partner == "none"
    left = sdk.getvversioncustomersfilterfilter.value("1", size=500).items
    assert ASPEN not in {row.id for row in left}
    gone = sdk.getvversioncustomerscustomer.id(ASPEN, "1", raw=True)
    assert (gone.output, gone.response.status_code) == (None, 404)


def removal(sdk):
    customer = sdk.patchvversioncustomerscustomer.models.MicrosoftPartnerSdkContractsV1Customer
    return customer(relationship_to_partner="none")


def test_the_sdk_cannot_remove_with_an_application_token(service):
    sdk = _sdk("application")
    answer = sdk.patchvversioncustomerscustomer.id(HARBOR, removal(sdk), "1", raw=True).response
    assert (answer.status_code, answer.json()["code"]) == (403, 900329)


def test_the_sdk_deletes_in_the_sandbox_alone(sdk, service):
    customer = "6b2e0b0c-0000-4000-8000-000000000025"
    assert sdk.deletevversioncustomerscustomer.id(customer, "1", raw=True).response.json()["code"] == 900127
    httpx.post(f"{service}/_simulator/options", json={"sandbox": True}).raise_for_status()
    assert sdk.deletevversioncustomerscustomer.id(customer, "1", raw=True).response.json()["code"] == 3000
    httpx.post(f"{service}/_simulator/clock", json={"advance": "40d"}).raise_for_status()
    assert sdk.deletevversioncustomerscustomer.id(customer, "1", raw=True).response.status_code == 204


@pytest.fixture
def tools(service):
    """`ms-partner-tools` with a token that the simulator issued."""
    partner_tools = pytest.importorskip("partner_tools.partner_tools", reason="see no-deps.txt")
    from partner_tools.auth import AuthInfo

    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "refresh_token"}
    form |= {"refresh_token": REFRESH_TOKEN, "scope": f"{PARTNER_CENTER}/user_impersonation"}
    token = httpx.post(f"{service}/{PARTNER_TENANT}/oauth2/v2.0/token", data=form).json()["access_token"]

    class Given(AuthInfo):
        def _get_token(self):
            return token

    return partner_tools.PartnerTools(Given(enable_cache=False))


def test_the_tools_list_customers(tools):
    listed = tools.customer.get_customers()
    assert len(listed) == 16
    assert (listed[0].id, listed[0].companyProfile.domain) == (HARBOR, "harbordental.onmicrosoft.com")


def test_the_tools_ask_for_the_link_of_a_request(tools):
    assert f"partnerId={PARTNER_TENANT}" in tools.customer.get_relationship_request_url()
