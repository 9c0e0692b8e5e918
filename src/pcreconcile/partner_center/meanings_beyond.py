"""What refusals mean beyond Partner Center: in Microsoft Graph, in Azure, and at the login of a customer's tenant.

A part of the table behind `translate`, data and nothing else. Sources: API facts, sections 6.6 and 7, Microsoft Graph's
and Azure Resource Manager's error references, the error codes of Microsoft.Capacity 2022-11-01, and Microsoft's
reference of Entra (AADSTS) codes.
"""

from __future__ import annotations

from pcreconcile.partner_center.meanings import Meaning, Who

PARTNER, CUSTOMER, DESK, OPERATOR, SUPPORT, WAIT = Who

# The words with which a refusal in a customer's tenant is told, whatever Entra itself says.
_THERE = "in the customer's tenant"

_BY_HAND = "until then return the reservations by hand in the Azure portal"
_GRAPH_RIGHTS = (
    "consent to DelegatedAdminRelationship.ReadWrite.All for the application, or give the person the Admin agent role"
)
_AZURE_RIGHTS = (
    "have the person made Owner or Reservations Administrator of the reservation order, "
    "through GDAP or Admin on behalf of; " + _BY_HAND
)
_NO_REFUND = "let it run to its term, or ask Azure support for an exception"

_CUSTOMERS_LOGIN = (
    Meaning(
        0,
        "AADSTS50020",
        "the person has no access to this customer's tenant",
        CUSTOMER,
        f"approve a GDAP relationship that covers Azure; {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS90072",
        "the person has no access to this customer's tenant",
        CUSTOMER,
        f"approve a GDAP relationship that covers Azure; {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS50105",
        "the person is not assigned to the application in this customer's tenant",
        CUSTOMER,
        f"assign the person, or switch the requirement off; {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS65001",
        "nobody consented to the application in this customer's tenant",
        PARTNER,
        f"consent there for Azure Service Management user_impersonation (GDAP application consent); {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS700016",
        "the application is not known in this customer's tenant",
        PARTNER,
        f"make it multi-tenant and consent to it there (GDAP application consent); {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS500011",
        "this customer's tenant has no service principal of Azure Service Management",
        CUSTOMER,
        f"consent to the application there; {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS500213",
        "this customer's cross-tenant access policy does not let the person in",
        CUSTOMER,
        f"let the partner's people in (cross-tenant access settings, service providers); {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS500212",
        "the partner's own cross-tenant access policy does not let the person into this customer's tenant",
        PARTNER,
        f"allow outbound access to this tenant (cross-tenant access settings); {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS53003",
        "a Conditional Access policy of this customer blocks the sign-in",
        CUSTOMER,
        f"exclude service providers, or admit the place where this runs; {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS50076",
        "this customer's tenant asks for multi-factor authentication of its own",
        PARTNER,
        f"sign in again with `pcreconcile login` and multi-factor authentication; {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS50079",
        "this customer's tenant asks for multi-factor authentication that the person has not set up",
        PARTNER,
        f"set it up there, or have the customer trust ours; {_BY_HAND}",
        _THERE,
    ),
    Meaning(
        0,
        "AADSTS90002",
        "the customer's tenant is not known in this cloud",
        DESK,
        "check the customer's tenantId and the partner's cloud",
        _THERE,
    ),
    Meaning(0, "unknown-tenant", "it is not known in this cloud", DESK, "check the customer's tenantId and the cloud"),
)

_GRAPH = (
    Meaning(403, "Authorization_RequestDenied", "Graph: the caller lacks the rights", PARTNER, _GRAPH_RIGHTS),
    Meaning(
        403,
        "Forbidden",
        "the caller lacks the rights for this",
        PARTNER,
        "check roles: Admin agent for delegated access, Owner of the reservation order for a return",
    ),
    Meaning(403, "accessDenied", "Graph: the caller lacks the rights", PARTNER, _GRAPH_RIGHTS),
    Meaning(
        403, "Authorization_IdentityNotFound", "Graph does not know the application", PARTNER, "consent to it anew"
    ),
    Meaning(404, "Request_ResourceNotFound", "Graph has no such relationship", DESK, "plan again"),
    Meaning(404, "itemNotFound", "Graph has no such relationship", DESK, "plan again"),
    Meaning(404, "ResourceNotFound", "what was asked for is not there", DESK, "plan again"),
    Meaning(
        409,
        "Conflict",
        "the present state does not allow it: only an active relationship can be terminated",
        DESK,
        "plan again: it may have ended by itself",
    ),
    Meaning(400, "Request_BadRequest", "Graph does not take what was sent", OPERATOR, "report this to us"),
    Meaning(400, "BadRequest", "the service does not take what was sent", OPERATOR, "report this to us"),
    Meaning(
        401, "InvalidAuthenticationToken", "the access token was not accepted", OPERATOR, "run `pcreconcile doctor`"
    ),
)

_AZURE = (
    Meaning(403, "AuthorizationFailed", "the person has no role on the reservation order", PARTNER, _AZURE_RIGHTS),
    Meaning(403, "LinkedAuthorizationFailed", "the person lacks a role on what it covers", PARTNER, _AZURE_RIGHTS),
    Meaning(
        401,
        "InvalidAuthenticationTokenTenant",
        "Azure wants a token of the customer's tenant and was shown another's",
        OPERATOR,
        f"check the customer's tenantId; has the subscription moved to another tenant?; {_BY_HAND}",
    ),
    Meaning(401, "ExpiredAuthenticationToken", "the access token has expired", OPERATOR, "check this machine's clock"),
    Meaning(401, "AuthenticationFailed", "Azure took no token", OPERATOR, "run `pcreconcile doctor`"),
    Meaning(
        404,
        "ReservationOrderNotFound",
        "no such reservation order in this customer's tenant, or no right to see it",
        DESK,
        f"plan again; {_BY_HAND}",
    ),
    Meaning(0, "InvalidReservationOrderId", "Azure knows no such reservation order", DESK, "plan again"),
    Meaning(0, "InvalidReservationId", "Azure knows no such reservation", DESK, "plan again"),
    Meaning(0, "ReservationIdNotInReservationOrder", "the order holds no such reservation", DESK, "plan again"),
    Meaning(0, "ReservationOrderNotEnabled", "the reservation order is not active", DESK, "plan again"),
    Meaning(0, "NonRefundableProduct", "Azure never takes this product back", DESK, _NO_REFUND),
    Meaning(
        0,
        "SelfServiceRefundNotSupported",
        "Azure does not take it back by self-service",
        DESK,
        "ask Azure support for the refund (Billing, reservation management)",
    ),
    Meaning(
        0,
        "RefundLimitExceeded",
        "the customer's refunds of the last twelve months would exceed what Azure allows (50,000 USD)",
        DESK,
        "return less, wait until older refunds are a year old, or ask Azure support",
    ),
    Meaning(0, "InvalidRefundQuantity", "the quantity is not the reservation's any more", DESK, "plan again"),
    Meaning(0, "InvalidQuantity", "the quantity is not the reservation's any more", DESK, "plan again"),
    Meaning(0, "InvalidReservationState", "it cannot be returned in its present state", DESK, "plan again"),
    Meaning(
        0, "OperationCannotBePerformedInCurrentState", "it cannot be returned in its present state", DESK, "plan again"
    ),
    Meaning(0, "InvalidSessionId", "the quote for the return has expired", WAIT, "apply again: a new quote is taken"),
    Meaning(0, "CalculatePriceFailed", "Azure could not price the return", WAIT, "wait, then apply or plan again"),
    Meaning(0, "BillingTransientError", "Azure's billing fails at present", WAIT, "wait, then apply or plan again"),
    Meaning(
        0,
        "BillingError",
        "Azure's billing does not take it back",
        SUPPORT,
        "ask with the correlation ID (Billing, reservation management)",
    ),
)

MEANINGS_BEYOND: tuple[Meaning, ...] = (*_CUSTOMERS_LOGIN, *_GRAPH, *_AZURE)
