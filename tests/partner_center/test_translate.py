"""What refusals mean: status, code and message together, who must act; the service's own words stay as they are."""

from __future__ import annotations

import pytest

from pcreconcile.partner_center.refusals import Trace, refusal
from pcreconcile.partner_center.translate import TABLE, Who, translate

TENANT = "6b2e0b0c-0000-4000-8000-000000000011"
TRACE = Trace("corr", "req")
REMOVAL = "Customer relationship cannot be removed due to active Azure reserved instances. Please cancel …: 0bed3bbca6c"

THERE = f"the login service issued no App+User token in the customer's tenant {TENANT}: x"

# (status, code, message) -> who must act, and words of cause or remedy
KNOWN = [
    (
        400,
        "3000",
        "The relationship between the partner and customer does not exist",
        Who.LICENSING_DESK,
        "no relation",
    ),
    (400, "3000", "Invalid property", Who.OPERATOR, "values sent"),
    (400, "3000", REMOVAL, Who.LICENSING_DESK, "Azure plan that is not suspended"),
    (409, "", REMOVAL, Who.LICENSING_DESK, "Azure plan that is not suspended"),
    (400, "3000", "Customer relationship cannot be removed due to subscription x.", Who.LICENSING_DESK, "blocks"),
    (400, "2006", "x", Who.LICENSING_DESK, "cannot be changed"),
    (403, "2006", "x", Who.SUPPORT, "may not hold"),
    (429, "", "Rate limit is exceeded. Try again in 57 seconds.", Who.NOBODY, "as long as it asks"),
    (429, "429", "x", Who.NOBODY, "as long as it asks"),
    (401, "900420", "x", Who.OPERATOR, "retired audience"),
    (401, "900421", "x", Who.PARTNER_ADMIN, "pcreconcile login"),
    (403, "900329", "x", Who.OPERATOR, "credentials.refreshToken"),
    (403, "900309", "x", Who.PARTNER_ADMIN, "Conditional Access"),
    (403, "800019", "x", Who.LICENSING_DESK, "Azure portal"),
    (403, "900115", "x", Who.LICENSING_DESK, "desired: cancel"),
    (400, "900117", "x", Who.LICENSING_DESK, "cancel-at-term-end"),
    (400, "2055", "x", Who.NOBODY, "plan again"),
    (409, "900278", "x", Who.NOBODY, "24 hours"),
    (400, "800081", "x", Who.CUSTOMER_ADMIN, "activate"),
    (403, "900416", "x", Who.SUPPORT, "locked"),
    (400, "900307", "x", Who.OPERATOR, "reason"),
    (404, "800111", "x", Who.LICENSING_DESK, "Azure subscription"),
    (401, "AADSTS7000215", "x", Who.OPERATOR, "client secret"),
    (401, "AADSTS65001", "x", Who.PARTNER_ADMIN, "Partner Center user_impersonation"),
    (401, "AADSTS65001", THERE, Who.PARTNER_ADMIN, "Azure Service Management user_impersonation"),
    (401, "AADSTS50020", "x", Who.OPERATOR, "partner's tenant"),
    (401, "AADSTS50020", THERE, Who.CUSTOMER_ADMIN, "GDAP"),
    (401, "AADSTS90072", THERE, Who.CUSTOMER_ADMIN, "by hand in the Azure portal"),
    (401, "AADSTS500213", THERE, Who.CUSTOMER_ADMIN, "cross-tenant"),
    (401, "AADSTS700016", "x", Who.OPERATOR, "credentials.clientId"),
    (401, "AADSTS700016", THERE, Who.PARTNER_ADMIN, "consent to it there"),
    (401, "AADSTS700082", THERE, Who.PARTNER_ADMIN, "pcreconcile login"),
    (403, "Authorization_RequestDenied", "x", Who.PARTNER_ADMIN, "DelegatedAdminRelationship.ReadWrite.All"),
    (403, "Forbidden", "x", Who.PARTNER_ADMIN, "check roles"),
    (403, "accessDenied", "x", Who.PARTNER_ADMIN, "Admin agent"),
    (403, "AccessDenied", "x", Who.PARTNER_ADMIN, "Admin agent"),
    (404, "Request_ResourceNotFound", "x", Who.LICENSING_DESK, "plan again"),
    (429, "TooManyRequests", "x", Who.NOBODY, "as long as it asks"),
    (409, "Conflict", "Only an active relationship can be terminated.", Who.LICENSING_DESK, "plan again"),
    (401, "InvalidAuthenticationToken", "x", Who.OPERATOR, "doctor"),
    (403, "AuthorizationFailed", "x", Who.PARTNER_ADMIN, "Owner or Reservations Administrator"),
    (401, "InvalidAuthenticationTokenTenant", "x", Who.OPERATOR, "customer's tenantId"),
    (404, "ReservationOrderNotFound", "x", Who.LICENSING_DESK, "no right to see it"),
    (400, "NonRefundableProduct", "x", Who.LICENSING_DESK, "Azure support"),
    (400, "RefundLimitExceeded", "x", Who.LICENSING_DESK, "twelve months"),
    (400, "SelfServiceRefundNotSupported", "x", Who.LICENSING_DESK, "Azure support"),
    (400, "InvalidSessionId", "x", Who.NOBODY, "a new quote"),
]


@pytest.mark.parametrize(("status", "code", "message", "who", "words"), KNOWN)
def test_known_refusals(status: int, code: str, message: str, who: Who, words: str) -> None:
    meaning = translate(status, code, message)
    assert meaning is not None
    assert meaning.who is who
    assert words in f"{meaning.cause}; {meaning.remedy}"


@pytest.mark.parametrize(
    ("status", "code"), [(400, "123456"), (404, ""), (500, "900117"), (200, "20002"), (403, "900117"), (400, "")]
)
def test_what_is_not_known_is_not_translated(status: int, code: str) -> None:
    assert translate(status, code, "a text of its own") is None


DOCUMENTED = """
401 400 800001 900420 900421
403 900329 900308 900309 90000 900150 2032 1002 20002 2006 800019 800039 900149 800077 800073 800074 800075
403 900115 900416
404 1000 20000 20003 60003 800111
400 3000 2000 2001 2002 2006 2011 2054 2055 800002 800012 800021 800030 800040 800096 800061 800063 800082 800081 800090
400 800091 800093 800095 900117 900118 900127 900141 900279 900311 900307
409 27009 800014 800060 800064 900278
417 800036
500 800003 800094 900103
401 AADSTS700082 AADSTS7000215 AADSTS7000222 AADSTS700016 AADSTS50076 AADSTS50079 AADSTS65001 AADSTS90002
401 AADSTS500011 AADSTS53003 AADSTS700024 AADSTS50173 AADSTS50057 AADSTS70043
403 Authorization_RequestDenied Forbidden accessDenied AuthorizationFailed
404 Request_ResourceNotFound ResourceNotFound ReservationOrderNotFound
401 InvalidAuthenticationToken InvalidAuthenticationTokenTenant ExpiredAuthenticationToken
400 NonRefundableProduct RefundLimitExceeded SelfServiceRefundNotSupported InvalidRefundQuantity CalculatePriceFailed
429 TooManyRequests
"""


def test_every_documented_code_has_a_meaning() -> None:
    rows = [line.split() for line in DOCUMENTED.strip().splitlines()]
    missing = [(status, code) for status, *codes in rows for code in codes if not translate(int(status), code, "x")]
    assert missing == []


def test_every_row_can_be_reached() -> None:
    def example(text: str) -> str:
        return text or "x"

    shadowed = [
        row for row in TABLE if translate(row.status or 418, row.code or "none", example(row.pattern)) is not row
    ]
    assert shadowed == []


@pytest.mark.parametrize("code", ['"900117"', "900117"])
def test_the_message_stays_verbatim_and_the_remedy_stands_beside_it(code: str) -> None:
    body = f'{{"code": {code}, "description": "You have passed your 7-day window."}}'.encode()
    error = refusal(400, {}, body, TRACE)
    assert error.message == "You have passed your 7-day window."
    assert error.verbatim == "HTTP 400/900117: You have passed your 7-day window. (correlation ID corr)"
    assert "licensing desk: let the term end" in error.remedy
    assert str(error) == f"{error.verbatim}; {error.remedy}"


def test_azure_s_error_form_is_translated_too() -> None:
    error = refusal(403, {}, b'{"error": {"code": "AuthorizationFailed", "message": "No access."}}', TRACE)
    assert error.verbatim == "HTTP 403/AuthorizationFailed: No access. (correlation ID corr)"
    assert error.remedy.startswith("the person has no role on the reservation order; partner admin: ")


def test_an_unknown_code_is_shown_raw() -> None:
    error = refusal(400, {}, b'{"code": 123456, "description": "something new"}', TRACE)
    assert (str(error), error.remedy) == ("HTTP 400/123456: something new (correlation ID corr)", "")


def test_a_401_without_a_known_code_says_where_to_look() -> None:
    assert "doctor" in str(refusal(401, {}, b"", TRACE))
