"""Customers: list, get (API facts, sections 3 and 4)."""

import json
from urllib.parse import urlencode

from .messages import Call, Json, Reply, collection, link, refusal
from .paging import page_size, read_token, write_token

__all__ = ["commerce_customer", "full_customer", "get_customer", "get_profile", "list_customers"]

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
    shown = [_short(_listed(call, document)) for _, document in rows[:size]]
    links: Json = {"self": link(f"/customers?{_query(call, size)}")}
    more: Json = {"links": links}
    if rows and (len(rows) > size or call.world.options["trailingToken"]):
        more["continuationToken"] = write_token(rows[:size][-1][0])
    if len(rows) > size:
        header = {"key": "MS-ContinuationToken", "value": more["continuationToken"]}
        links["next"] = link(f"/customers?{_query(call, size)}&seekOperation=Next", headers=(header,))
    return collection(shown, **more)


def _listed(call: Call, document: str) -> Json:
    """A customer as this read sees it, which may be as it was before the last write."""
    customer: Json = json.loads(document)
    return (call.world.customer(customer["id"]) or customer) if "stale" in customer else customer


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
    # The SDKs spell the operator starts_with, StartsWith or startsWith.
    if field.lower() not in _SEARCHABLE or operator.lower().replace("_", "") != "startswith":
        raise refusal(400, 3000, "The filter supports starts_with on CompanyName and Domain.")
    return prefixes | {field.lower(): value.encode("utf-8", "replace").decode()}


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


def get_profile(call: Call) -> Reply:
    """`GET /customers/{id}/profiles/company` and `billing`, where the customer's own links point to."""
    profile = full_customer(commerce_customer(call)).get(f"{call.params['profile'].lower()}Profile")
    if profile is None:
        raise refusal(404, 1000, "The profile was not found.")
    return Reply(200, profile)


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
