"""Customers: list, get, and the one PATCH that removes the relationship or delegated access (API facts, section 4)."""

import json
from typing import Any
from urllib.parse import urlencode

from . import audit
from .lifecycle import instant_of
from .messages import Call, Json, Reply, collection, link, refusal
from .paging import page_size, read_token, write_token
from .removal import first_blocker

__all__ = [
    "commerce_customer",
    "get_customer",
    "get_transfer",
    "list_customers",
    "list_relationship_requests",
    "list_resellers",
    "list_resellers_of_customer",
    "list_transfers",
    "patch_customer",
]

_SEARCHABLE = ("companyname", "domain")


def commerce_customer(call: Call) -> Json:
    """The customer of a commerce call. Raises 403/20002 when there is no relationship."""
    customer = call.world.customer(call.params["customer"])
    if customer is None or customer["relationshipToPartner"] == "none":
        partner = call.world.partner["tenantId"]
        text = f"Partner {partner} has no commerce relationship with the customer {call.params['customer']}."
        raise refusal(403, 20002, text)
    return customer


def list_customers(call: Call) -> Reply:
    """`GET /customers`: pages of short items, in the order in which the relationships began."""
    size, after = page_size(call), read_token(call)
    prefixes = _filter(call)
    rows = call.world.store.live_customers(after, size + 1, prefixes["companyname"], prefixes["domain"])
    if after and not rows:
        raise refusal(400, 2000, "The continuation token is invalid.")
    shown = [_short(json.loads(document)) for _, document in rows[:size]]
    links: Json = {"self": link(f"/customers?{_query(call, size)}")}
    more: Json = {"links": links}
    if rows and (len(rows) > size or call.world.options["trailingToken"]):
        more["continuationToken"] = write_token(rows[:size][-1][0])
    if len(rows) > size:
        header = {"key": "MS-ContinuationToken", "value": more["continuationToken"]}
        links["next"] = link(f"/customers?{_query(call, size)}&seekOperation=Next", headers=(header,))
    return collection(shown, **more)


def _filter(call: Call) -> dict[str, str]:
    prefixes = dict.fromkeys(_SEARCHABLE, "")
    text = call.query.get("filter")
    if not text:
        return prefixes
    try:
        given = {str(key).lower(): value for key, value in json.loads(text).items()}
        field, operator, value = (str(given[name]) for name in ("field", "operator", "value"))
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        raise refusal(400, 3000, "The filter is invalid.") from error
    if field.lower() not in _SEARCHABLE or operator.lower() != "starts_with":
        raise refusal(400, 3000, "The filter supports starts_with on CompanyName and Domain.")
    return prefixes | {field.lower(): value}


def _query(call: Call, size: int) -> str:
    return urlencode({"size": size} | ({"filter": call.query["filter"]} if call.query.get("filter") else {}))


def _company(customer: Json) -> Json:
    return {
        "tenantId": customer["id"],
        "domain": customer["domain"],
        "companyName": customer["companyName"],
        "links": {"self": link(f"/customers/{customer['id']}/profiles/company")},
        "attributes": {"objectType": "CustomerCompanyProfile"},
    }


def _short(customer: Json) -> Json:
    return {
        "id": customer["id"],
        "companyProfile": _company(customer),
        "relationshipToPartner": customer["relationshipToPartner"],
        "links": {"self": link(f"/customers/{customer['id']}")},
        "attributes": {"objectType": "Customer"},
    }


def get_customer(call: Call) -> Reply:
    """`GET /customers/{id}`: with the members that the list does not have; 404/60003 once removed (C4)."""
    customer = call.world.customer(call.params["customer"])
    if customer is None or customer["relationshipToPartner"] == "none":
        raise refusal(404, 60003, "The tenant was not found.")
    return Reply(200, full_customer(customer))


def full_customer(customer: Json) -> Json:
    """A customer as GET by ID shows it."""
    address = {"country": customer["country"], "city": "Redmond", "addressLine1": "1 Way", "postalCode": "98052"}
    email = f"billing@{customer['domain']}"
    contact = {"firstName": "Robin", "lastName": "Field"}
    billing: Json = {
        "id": customer["commerceId"],
        **contact,
        "email": email,
        "culture": "en-US",
        "language": "en",
        "companyName": customer["companyName"],
        "defaultAddress": address | contact,
        "links": {"self": link(f"/customers/{customer['id']}/profiles/billing")},
        "attributes": {"etag": "-4242348048554929329", "objectType": "CustomerBillingProfile"},
    }
    full: Json = _short(customer) | {
        "commerceId": customer["commerceId"],
        "companyProfile": _company(customer) | {"address": address, "email": email},
        "billingProfile": billing,
        "allowDelegatedAccess": customer["allowDelegatedAccess"],
        "customDomains": customer["customDomains"],
        "associatedPartnerId": customer["associatedPartnerId"],
    }
    full.update(customer["wire"])
    return full


def patch_customer(call: Call) -> Reply:
    """`PATCH /customers/{id}`: one route for two things, told apart by the member that is there (section 14.4)."""
    customer = call.world.customer(call.params["customer"])
    if customer is None or customer["relationshipToPartner"] == "none":
        raise refusal(400, 3000, "The relationship between the partner and customer does not exist.")
    wanted = call.member("relationshipToPartner")
    if isinstance(wanted, str) and wanted.lower() == "none":
        return _remove(call, customer)
    if call.member("allowDelegatedAccess") is False:
        return _end_delegated_access(call, customer)
    raise refusal(400, 3000, "Invalid property.")


def _remove(call: Call, customer: Json) -> Reply:
    blocker = first_blocker(customer, call.now)
    if blocker is not None:
        raise refusal(400, 3000, blocker)
    old = {"relationshipToPartner": customer["relationshipToPartner"]}
    customer |= {"relationshipToPartner": "none", "allowDelegatedAccess": False}
    new = {"relationshipToPartner": "none"}
    audit.record(call, customer, "remove_partner_customer_relationship", "partner_customer_relationship", old, new)
    return Reply(200, _patched(relationshipToPartner="none"))


def _end_delegated_access(call: Call, customer: Json) -> Reply:
    if customer["allowDelegatedAccess"]:
        customer["allowDelegatedAccess"] = False
        old, new = {"allowDelegatedAccess": True}, {"allowDelegatedAccess": False}
        audit.record(call, customer, "dap_admin_relationship_terminated", "partner_customer_dap", old, new)
    return Reply(200, _patched(relationshipToPartner=customer["relationshipToPartner"], allowDelegatedAccess=False))


def _patched(**changed: Any) -> Json:
    """The answer names what was changed, everything else is null, the ID too (section 4.3)."""
    names = [*("id", "commerceId", "companyProfile", "billingProfile", "relationshipToPartner"), "allowDelegatedAccess"]
    names += ["userCredentials", "customDomains", "associatedPartnerId"]
    return {**dict.fromkeys(names), **changed, "attributes": {"objectType": "Customer"}}


def list_resellers_of_customer(call: Call) -> Reply:
    """`GET /customers/{id}/relationships`: indirect resellers of that customer, not our relationship."""
    return collection(commerce_customer(call)["resellers"])


def list_resellers(call: Call) -> Reply:
    """`GET /relationships`: every indirect reseller of this partner; a direct partner has none."""
    found = {row["id"]: row for customer in call.world.every_customer() for row in customer["resellers"]}
    return collection(list(found.values()))


def list_relationship_requests(call: Call) -> Reply:
    """`GET /customers/relationshiprequests`: the invitation that a customer's admin must accept."""
    partner = call.world.partner["tenantId"]
    query = f"invType=ResellerRelationship&partnerId={partner}&msppId=0&DAP=false"
    url = f"https://admin.microsoft.com/Adminportal/Home?{query}#/BillingAccounts/partner-invitation"
    return Reply(200, {"url": url, "attributes": {"objectType": "RelationshipRequest"}})


def list_transfers(call: Call) -> Reply:
    """`GET /customers/{id}/transfers`."""
    return collection([_transfer(call, each) for each in commerce_customer(call)["transfers"]])


def get_transfer(call: Call) -> Reply:
    """`GET /customers/{id}/transfers/{transfer}`."""
    for transfer in commerce_customer(call)["transfers"]:
        if str(transfer["wire"]["id"]).lower() == call.params["transfer"].lower():
            return Reply(200, _transfer(call, transfer))
    raise refusal(404, 1000, "The transfer was not found.")


def _transfer(call: Call, transfer: Json) -> Json:
    """A transfer expires by itself after its time (rules: 30 days without action)."""
    wire: Json = transfer["wire"]
    expires = instant_of(wire.get("expirationTime"))
    lapsed = expires is not None and call.now >= expires and str(wire.get("status")).lower() == "pending"
    return wire | {"status": "Expired"} if lapsed else wire
