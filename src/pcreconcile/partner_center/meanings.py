"""What the service's refusals mean, who must act and how: the table behind `translate`, data and nothing else.

Rows are tried from the top, so a narrower one stands before a wider one of the same code. Sources: API facts, sections
4.3, 5.2, 6.3, 9.2 and 14.5, and Microsoft's reference of Entra (AADSTS) codes. What Graph, Azure and a customer's
tenant say stands in `meanings_beyond`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Who(StrEnum):
    """Who must act."""

    PARTNER_ADMIN = "partner admin"
    CUSTOMER_ADMIN = "customer admin"
    LICENSING_DESK = "licensing desk"
    OPERATOR = "pcreconcile's operator"
    SUPPORT = "Microsoft support"
    NOBODY = "nobody"


class Meaning(NamedTuple):
    """One refusal. `status` 0 fits any; `code` "" fits any; `pattern` is searched in the message, in any case."""

    status: int
    code: str
    cause: str
    who: Who
    remedy: str
    pattern: str = ""


PARTNER, CUSTOMER, DESK, OPERATOR, SUPPORT, WAIT = Who

_SIGN_IN = "sign in again with `pcreconcile login`, or store a new refresh token, with multi-factor authentication"
_PLAN_AGAIN = "plan again: the world changed since the plan was made"
_LATER = "wait, then apply or plan again"
_NOT_NOW = "plan again after the present operation has ended"

MEANINGS: tuple[Meaning, ...] = (
    # Removing a relationship: no code is documented for what blocks it, the message alone tells (C3).
    Meaning(
        0,
        "",
        "something that Azure bills is still active",
        DESK,
        "cancel or return what the named orders are: often an Azure plan that is not suspended, not a reservation",
        "cannot be removed due to active Azure reserved",
    ),
    Meaning(
        0,
        "",
        "the customer still holds something that blocks the removal",
        DESK,
        "plan again and end what it shows first",
        "relationship cannot be removed",
    ),
    # 429: the gateway has no code of its own.
    Meaning(429, "", "more requests than the service takes in a minute", WAIT, "wait as long as it asks and try again"),
    # 401: the token.
    Meaning(401, "400", "the access token was not accepted", OPERATOR, "run `pcreconcile doctor`"),
    Meaning(401, "800001", "no partner token reached the service", OPERATOR, "run `pcreconcile doctor`"),
    Meaning(
        401,
        "900420",
        "the token was issued for a retired audience (graph.windows.net)",
        OPERATOR,
        "check cloud and endpoints; nothing else between us and the service may change tokens",
    ),
    Meaning(401, "900421", "the App+User token carries no multi-factor claim", PARTNER, _SIGN_IN),
    Meaning(401, "10001", "the App+User token carries no multi-factor claim", PARTNER, _SIGN_IN, "mfa required"),
    # 403: rights.
    Meaning(
        403,
        "900329",
        "this resource refuses an application by itself and needs App+User",
        OPERATOR,
        "set credentials.refreshToken, or run `pcreconcile login`",
    ),
    Meaning(403, "900308", "the account lacks privileges", PARTNER, "give it the Admin agent role"),
    Meaning(
        403,
        "900309",
        "a Conditional Access policy of the partner tenant refused the token",
        PARTNER,
        "let the policy admit the place where this runs",
    ),
    Meaning(403, "90000", "Entra gave no token for this call", OPERATOR, "run `pcreconcile doctor`"),
    Meaning(403, "900150", "the role of the account lacks rights for this", PARTNER, "give it the Admin agent role"),
    Meaning(
        403,
        "2032",
        "access denied",
        PARTNER,
        "enable the application in Partner Center (App management) and check roles",
    ),
    Meaning(403, "1002", "authorization failed: as a rule app-only where App+User is needed", PARTNER, "check roles"),
    Meaning(403, "800039", "the reseller program of the partner is not active", PARTNER, "check the enrolment"),
    Meaning(403, "900149", "the reseller program of the partner is not active", PARTNER, "check the enrolment"),
    Meaning(
        403,
        "20002",
        "the partner has no commerce relationship with this customer",
        DESK,
        "if it was removed on purpose, all is done; otherwise check tenantId",
    ),
    Meaning(403, "2006", "the partner may not hold this offer", SUPPORT, "ask for the offer to be opened or closed"),
    Meaning(
        403,
        "800019",
        "in production only software orders can be cancelled; reservations are no such order",
        DESK,
        "return a reservation in the Azure portal or through Azure support",
    ),
    Meaning(403, "800077", "seat-based SaaS is cancelled through its subscription", OPERATOR, "report this to us"),
    Meaning(403, "800073", "the customer's account is under review", WAIT, _LATER),
    Meaning(403, "800074", "the customer's account is under review", WAIT, _LATER),
    Meaning(403, "800075", "the customer's account is not approved", SUPPORT, "ask why"),
    Meaning(
        403,
        "900115",
        "the Azure plan cannot be suspended while Azure subscriptions run under it",
        DESK,
        "cancel them first: a line with family azure-plan and desired: cancel; then wait until they are inactive",
    ),
    Meaning(403, "900416", "the customer is locked for transactions", SUPPORT, "ask why"),
    # 404: nothing there.
    Meaning(404, "1000", "not found", DESK, _PLAN_AGAIN),
    Meaning(404, "20000", "the order is not there, or not yet: new ones show within 15 minutes", WAIT, _LATER),
    Meaning(404, "20003", "the subscription is not there", DESK, _PLAN_AGAIN),
    Meaning(
        404, "60003", "no such customer of this partner", DESK, "check tenantId; a removed customer answers so too"
    ),
    Meaning(0, "800111", "no such Azure subscription under this plan", DESK, _PLAN_AGAIN),
    # 400: what was asked.
    Meaning(
        400,
        "3000",
        "the service says that there is no relationship with this customer",
        DESK,
        "plan again: whether it is gone is read",
        "does not exist",
    ),
    Meaning(400, "3000", "the service does not take one of the values sent", OPERATOR, "report this to us"),
    Meaning(400, "2000", "a page of the list led nowhere", WAIT, "plan again"),
    Meaning(400, "2001", "the quantity of a suspended subscription cannot change", DESK, "reactivate it first"),
    Meaning(400, "2002", "the quantity is out of range", DESK, "check the offer's limits"),
    Meaning(400, "2006", "subscriptions of this offer cannot be changed", DESK, "let the term end"),
    Meaning(400, "2011", "the subscription is deleted already", DESK, _PLAN_AGAIN),
    Meaning(400, "2054", "the billing cycle changes through the order alone", DESK, "change it in Partner Center"),
    Meaning(400, "2055", "somebody changed it in the meantime", WAIT, _PLAN_AGAIN),
    Meaning(400, "800002", "the service does not take what was sent", OPERATOR, "report this to us"),
    Meaning(400, "800012", "the subscription is not active", DESK, _PLAN_AGAIN),
    Meaning(400, "800021", "the subscription is not valid", DESK, _PLAN_AGAIN),
    Meaning(400, "800030", "the Azure subscription is not registered for reservations", DESK, "register it"),
    Meaning(
        400, "800040", "this status cannot follow the present one", DESK, "a legacy licence is suspended, not cancelled"
    ),
    Meaning(400, "800096", "the status cannot be changed", DESK, "let the term end, or cancel it in Partner Center"),
    Meaning(
        400, "800061", "the order cannot be cancelled", DESK, "its window has closed, or its product is no software"
    ),
    Meaning(400, "800063", "this order ends by suspending its subscriptions", DESK, _PLAN_AGAIN),
    Meaning(400, "800082", "the subscription is not ready yet", WAIT, _LATER),
    Meaning(400, "800081", "the subscription is not activated yet", CUSTOMER, "activate it, or let us cancel later"),
    Meaning(400, "800090", "the quantity cannot be decreased now", DESK, "decrease it at renewal"),
    Meaning(
        400,
        "800091",
        "a suspended subscription cannot be changed",
        DESK,
        "reactivate it before its term ends, then say what happens at the end",
    ),
    Meaning(400, "800093", "this subscription knows no automatic renewal", DESK, "nothing is to be switched off"),
    Meaning(400, "800095", "seats of this subscription cannot change", DESK, "change them at renewal"),
    Meaning(
        400,
        "900117",
        "the cancellation window has closed",
        DESK,
        "let the term end: desired: cancel-at-term-end",
    ),
    Meaning(400, "900118", "the service does not know this customer", DESK, "check tenantId"),
    Meaning(400, "900127", "not supported in this environment", OPERATOR, "sandbox and production differ here"),
    Meaning(400, "900141", "not supported", DESK, "do it in Partner Center by hand"),
    Meaning(400, "900279", "changes are no longer allowed: the term has ended", DESK, "let it run out"),
    Meaning(400, "900311", "too many changes of this subscription", WAIT, "wait a day"),
    Meaning(0, "900307", "the reason for cancelling was not accepted", OPERATOR, "report this to us"),
    # 409 and 417: not now.
    Meaning(
        409, "27009", "an add-on cannot be enabled while its base is not active", DESK, "reactivate the base first"
    ),
    Meaning(409, "800014", "an adjustment of the order is pending", WAIT, _NOT_NOW),
    Meaning(409, "800060", "the order is in progress", WAIT, _NOT_NOW),
    Meaning(409, "800064", "the cart is busy", WAIT, _NOT_NOW),
    Meaning(409, "900278", "an operation on this subscription is pending", WAIT, "apply again after 24 hours"),
    Meaning(417, "800036", "a condition of the service is not met", DESK, _PLAN_AGAIN),
    # 500
    Meaning(500, "800003", "an error inside the service", WAIT, _LATER),
    Meaning(500, "800094", "the service could not make the change", WAIT, _LATER),
    Meaning(500, "900103", "an error inside the service", WAIT, _LATER),
    # Entra: the refresh token and the person.
    Meaning(0, "AADSTS700082", "the refresh token was not used for 90 days", PARTNER, _SIGN_IN),
    Meaning(0, "AADSTS70043", "Conditional Access ended the sign-in (sign-in frequency)", PARTNER, _SIGN_IN),
    Meaning(0, "AADSTS70008", "the refresh token has expired", PARTNER, _SIGN_IN),
    Meaning(0, "AADSTS70000", "the refresh token is not valid", PARTNER, _SIGN_IN),
    Meaning(0, "AADSTS50173", "the password changed or the sign-in was revoked", PARTNER, _SIGN_IN),
    Meaning(0, "AADSTS50076", "multi-factor authentication is asked for", PARTNER, _SIGN_IN),
    Meaning(0, "AADSTS50078", "the multi-factor sign-in is too old", PARTNER, _SIGN_IN),
    Meaning(
        0,
        "AADSTS50079",
        "the person has not set multi-factor authentication up",
        PARTNER,
        "set it up at https://aka.ms/mfasetup, then `pcreconcile login`",
    ),
    Meaning(0, "AADSTS50057", "the person's account is disabled", PARTNER, "enable it, or sign in as somebody else"),
    Meaning(
        0,
        "AADSTS65001",
        "nobody consented to the application's permissions",
        PARTNER,
        "grant admin consent for Partner Center user_impersonation, then `pcreconcile login`",
    ),
    Meaning(0, "AADSTS65004", "the person declined the consent", PARTNER, "sign in again and accept"),
    Meaning(
        0,
        "AADSTS53003",
        "a Conditional Access policy blocks the sign-in",
        PARTNER,
        "let the policy admit the place where this runs",
    ),
    Meaning(
        0, "AADSTS50020", "the person does not belong to the partner's tenant", OPERATOR, "sign in as one who does"
    ),
    Meaning(
        0, "AADSTS90072", "the person does not belong to the partner's tenant", OPERATOR, "sign in as one who does"
    ),
    # Entra: the application.
    Meaning(
        0,
        "AADSTS7000215",
        "the client secret is wrong",
        OPERATOR,
        "store the client secret's value again (its value, not its ID), or make a new one",
    ),
    Meaning(0, "AADSTS7000222", "the client secret has expired", OPERATOR, "make a new one and store its value"),
    Meaning(
        0,
        "AADSTS7000218",
        "the application is not allowed to sign people in by itself",
        PARTNER,
        "switch on `Allow public client flows` in the app registration",
    ),
    Meaning(
        0,
        "AADSTS700016",
        "the application is not known in this tenant",
        OPERATOR,
        "check credentials.clientId and tenantId",
    ),
    Meaning(0, "AADSTS90002", "the tenant is not known in this cloud", OPERATOR, "check tenantId and cloud"),
    Meaning(
        0,
        "AADSTS500011",
        "the partner tenant has no service principal of the API",
        PARTNER,
        "check cloud; consent to the API in this tenant",
    ),
    Meaning(
        0,
        "AADSTS700024",
        "the assertion is outside its time",
        OPERATOR,
        "check this machine's clock, and that the federated token is a fresh one",
    ),
    Meaning(
        0,
        "AADSTS700027",
        "the certificate is not the one registered for the application",
        OPERATOR,
        "upload its public part to the app registration",
    ),
    Meaning(
        0,
        "AADSTS70021",
        "no federated credential of the application fits this assertion",
        PARTNER,
        "check issuer, subject and audience of the federated credential",
    ),
    Meaning(
        0,
        "AADSTS700213",
        "no federated credential of the application fits this assertion",
        PARTNER,
        "check issuer, subject and audience of the federated credential",
    ),
)
