"""Estates: the YAML in which a simulated partner's customers are written down.

    partner: {tenantId: GUID, name: TEXT}              # optional
    options: {…}                                       # optional; see options.py
    customers:
      - tenantId: GUID
        name: harbor-dental                            # gives companyName and domain where they are not written
        companyName: TEXT
        domain: TEXT
        customDomains: [TEXT]
        country: US
        relationship: reseller                         # any wire value; none makes a former customer
        delegatedAccess: true                          # DAP, the wire's allowDelegatedAccess
        associatedPartnerId: TEXT
        reservationRights: true                        # whether our token may manage its reservations
        refundsUsed: "0.00"                            # reservation refunds of the last twelve months, in USD
        wire: {…}                                      # raw members over GET customer
        items: [ITEM]
        gdap: [{id, name, status, ends, wire, assignments: [{id, status, group, wire}]}]
        transfers: [{id, status, target, expires, items: [NAME], wire}]   # the names of items; their add-ons go along
        resellers: [{id, name, mpnId, state, wire}]    # indirect resellers of this customer
    formerCustomers:                                   # removed long ago: an audit record and nothing else
      - {tenantId: GUID, name: TEXT, removed: -20d}

An ITEM has a `kind` (legacy-license, new-commerce-license, azure-legacy, azure-plan, software-subscription,
perpetual-software, reservation, marketplace-saas, savings-plan; or the traits trial and, below another item, add-on),
and what it does not say has a realistic default: `name`, `id`, `offer` in full or `product` alone, `status`,
`quantity`, `term`, `billingCycle`, `bought`, `starts` and `ends` (of the present term), `windowUntil`, `autoRenew`,
`endOfTerm` (renew, cancel, extend, none, or absent for no such member), `trial`, `partnerId`, `suspendedBecause`,
`azureSubscriptions: [{id, name, status, wire}]`, `addOns: [ITEM]`, `order` (a label: items with the same one are lines
of one order), `price` and `currency` (of one unit for one charge; of a reservation the whole), `refundable`
(reservations), `publisher`, and `wire`, raw members over the subscription, or over the entitlement of what has no
subscription; `orderWire` does the same for the order. So a test can make any odd shape.

Dates are ISO 8601 or offsets (`+3d`, `-20d12h`) from the instant at which the world is created.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from . import PARTNER_TENANT, SimulatorError, options
from .audit import removal_record
from .clock import wire_time
from .fields import Fields, read_document
from .holdings import subscription
from .identifiers import stable_id
from .items import ITEM_FIELDS, Item, Source, read_item
from .messages import Json
from .purchases import add_line, entitlement

__all__ = ["read_estate", "read_estate_file"]

_ESTATE_FIELDS = ("partner", "options", "customers", "formerCustomers")
_CUSTOMER_FIELDS = (
    *("tenantId", "name", "companyName", "domain", "customDomains", "country", "relationship", "delegatedAccess"),
    *("associatedPartnerId", "reservationRights", "refundsUsed", "wire", "items", "gdap", "transfers", "resellers"),
)
_RESELLER_FIELDS = ("id", "name", "mpnId", "state", "wire")
_GDAP_FIELDS = ("id", "name", "status", "ends", "wire", "assignments")
_ASSIGNMENT_FIELDS = ("id", "status", "group", "wire")
_TRANSFER_FIELDS = ("id", "status", "target", "expires", "items", "wire")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def read_estate_file(path: Path, created: datetime) -> Json:
    """The first state of a world from an estate file. Raises SimulatorError saying where and what is wrong."""
    return read_estate(read_document(path), str(path), created)


def read_estate(document: Any, source: str, created: datetime) -> Json:
    """The first state of a world from an estate as plain values."""
    try:
        return _founding(Fields(document, f"{source}: estate", created, _ESTATE_FIELDS), created)
    except OverflowError as error:
        raise SimulatorError(f"{source}: a date is out of range") from error


def _founding(fields: Fields, created: datetime) -> Json:
    partner = Fields(fields.mapping("partner"), f"{fields.where}.partner", created, ("tenantId", "name"))
    tenant = _guid(partner, "tenantId", PARTNER_TENANT)
    seen: dict[str, str] = {}
    customers = [_customer(each, seen) for each in fields.each("customers", _CUSTOMER_FIELDS)]
    former = fields.each("formerCustomers", ("tenantId", "name", "removed"))
    return {
        "partner": {"tenantId": tenant, "name": partner.text("name", "Contoso CSP")},
        "options": _options(fields),
        "customers": customers,
        "audit": [_past_removal(each, tenant) for each in former],
    }


def _options(fields: Fields) -> Json:
    try:
        return options.checked(fields.get("options") or {})
    except ValueError as error:
        raise SimulatorError(f"{fields.where}.{error}") from error


def _guid(fields: Fields, key: str, default: str | None = None) -> str:
    value = fields.text(key, default)
    if not _GUID.fullmatch(value):
        raise fields.wrong(key, "a GUID")
    return value


def _past_removal(fields: Fields, partner: str) -> Json:
    at = fields.date("removed") or fields.created - timedelta(days=20)
    customer = {"id": _guid(fields, "tenantId"), "companyName": _title(fields.text("name"))}
    return removal_record(partner, customer, at, correlation_id=stable_id(customer["id"], "removal"))


def _title(name: str) -> str:
    return name.replace("-", " ").title()


def _customer(fields: Fields, seen: dict[str, str]) -> Json:
    tenant = _guid(fields, "tenantId")
    if tenant.lower() in seen:
        raise fields.wrong("tenantId", f"another tenant than that of {seen[tenant.lower()]}")
    seen[tenant.lower()] = fields.where
    name = fields.text("name", "")
    company = fields.text("companyName", _title(name) or None)
    domain = fields.text("domain", f"{name.replace('-', '')}.onmicrosoft.com" if name else None)
    customer: Json = {
        "id": tenant,
        "commerceId": stable_id(tenant, "commerce"),
        "companyName": company,
        "domain": domain,
        "customDomains": fields.get("customDomains") or [domain],
        "country": fields.text("country", "US"),
        "relationshipToPartner": fields.text("relationship", "reseller"),
        "allowDelegatedAccess": fields.flag("delegatedAccess", default=True),
        "associatedPartnerId": fields.get("associatedPartnerId"),
        "reservationRights": fields.flag("reservationRights", default=True),
        "refunds": _refunds(fields),
        "wire": fields.mapping("wire"),
        "resellers": [_reseller(each, tenant) for each in fields.each("resellers", _RESELLER_FIELDS)],
        "gdap": [_gdap(each, tenant, company) for each in fields.each("gdap", _GDAP_FIELDS)],
    }
    holdings, items = _holdings(fields, tenant)
    transfers = [_transfer(each, customer, items) for each in fields.each("transfers", _TRANSFER_FIELDS)]
    return customer | holdings | {"transfers": transfers}


def _refunds(fields: Fields) -> list[Json]:
    used = fields.text("refundsUsed", "0.00")
    if not re.fullmatch(r"\d{1,9}(\.\d\d)?", used):
        raise fields.wrong("refundsUsed", 'a quoted amount such as "1200.00"')
    return [{"at": wire_time(fields.created - timedelta(days=30)), "amount": used}]


def _holdings(fields: Fields, tenant: str) -> tuple[Json, list[Item]]:
    items = list(_all_items(fields, tenant, None))
    orders: list[Json] = []
    holdings: Json = {"subscriptions": [], "orders": orders, "entitlements": []}
    for item in items:
        line = add_line(orders, item)
        if item.has_subscription:
            holdings["subscriptions"].append(subscription(item))
        entitled = entitlement(item, line)
        if entitled is not None:
            holdings["entitlements"].append(entitled)
    return holdings, items


def _all_items(fields: Fields, tenant: str, parent: Item | None) -> Any:
    """Items in the order of the file, each followed by its add-ons."""
    for number, each in enumerate(fields.each("addOns" if parent else "items", ITEM_FIELDS)):
        place = f"{parent.source.place}.{number}" if parent else str(number)
        item = read_item(each, Source(tenant, place, parent))
        yield item
        yield from _all_items(each, tenant, item)


def _gdap(fields: Fields, tenant: str, company: str) -> Json:
    began = fields.created - timedelta(days=100)
    name = fields.text("name", f"{company} admin relationship")
    wire: Json = {
        "id": fields.text("id", f"{stable_id(tenant, name, 1)}-{stable_id(tenant, name, 2)}"),
        "displayName": name,
        "duration": "P730D",
        "customer": {"tenantId": tenant, "displayName": company},
        "accessDetails": {"unifiedRoles": [{"roleDefinitionId": "dd4db9a0-cc4a-4213-9f9f-70242232d97e"}]},
        "status": fields.text("status", "active"),
        "autoExtendDuration": "P180D",
        "createdDateTime": wire_time(began),
        "lastModifiedDateTime": wire_time(began),
        "activatedDateTime": wire_time(began),
        "endDateTime": wire_time(fields.date("ends") or began + timedelta(days=730)),
    }
    assignments = [_assignment(each, wire) for each in fields.each("assignments", _ASSIGNMENT_FIELDS)]
    return {"wire": wire | fields.mapping("wire"), "requests": [], "assignments": assignments}


def _assignment(fields: Fields, relationship: Json) -> Json:
    container = fields.text("group", stable_id(relationship["id"], fields.where, "group"))
    wire: Json = {
        "id": fields.text("id", stable_id(relationship["id"], fields.where)),
        "status": fields.text("status", "active"),
        "createdDateTime": relationship["createdDateTime"],
        "lastModifiedDateTime": relationship["lastModifiedDateTime"],
        "accessContainer": {"accessContainerId": container, "accessContainerType": "securityGroup"},
        "accessDetails": relationship["accessDetails"],
    }
    return wire | fields.mapping("wire")


def _reseller(fields: Fields, tenant: str) -> Json:
    wire: Json = {
        "id": fields.text("id", stable_id(tenant, fields.where)),
        "name": fields.text("name", "Northwind Resellers"),
        "relationshipType": "is_indirect_cloud_solution_provider_of",
        "mpnId": fields.text("mpnId", "4847383"),
        "state": fields.text("state", "Active"),
        "location": "US",
        "attributes": {"objectType": "PartnerRelationship"},
    }
    return wire | fields.mapping("wire")


def _transfer(fields: Fields, customer: Json, items: list[Item]) -> Json:
    names = fields.get("items") or []
    chosen = [item for item in items if item.name in names]
    if not isinstance(names, list) or len({item.name for item in chosen}) != len(set(map(str, names))):
        raise fields.wrong("items", "a list of names of this customer's items")
    at = wire_time(fields.created - timedelta(days=1))
    wire: Json = {
        "id": fields.text("id", stable_id(customer["id"], fields.where)),
        "createdTime": at,
        "lastModifiedTime": at,
        "expirationTime": wire_time(fields.date("expires") or fields.created + timedelta(days=29)),
        "customerTenantId": customer["id"],
        "customerName": customer["companyName"],
        "sourcePartnerTenantId": PARTNER_TENANT,
        "sourcePartnerName": "Contoso CSP",
        "targetPartnerTenantId": stable_id("target partner"),
        "targetPartnerName": fields.text("target", "Northwind Cloud"),
        "transferType": "3",
        "status": fields.text("status", "Active"),
        "lineItems": [_transfer_line(number, item, items) for number, item in enumerate(chosen)],
        "attributes": {"objectType": "TransferEntity"},
    }
    return {"wire": wire | fields.mapping("wire")}


def _transfer_line(number: int, item: Item, items: list[Item]) -> Json:
    """A line as the service writes it; add-ons go along with their base, below it."""
    line: Json = {"id": number, "friendlyName": item.name, "quantity": item.quantity, "offerId": item.offer}
    addons = [each for each in items if each.source.parent is item]
    line["addonItems"] = [_transfer_line(place, each, items) for place, each in enumerate(addons)]
    return line | ({"subscriptionId": item.id} if item.has_subscription else {"orderId": item.order_id})
