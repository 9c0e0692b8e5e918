"""The facts of a fleet written down twice: as the simulator's estate and as the partner's manifests."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.year.facts import DAY, Customer, Thing
from tests.year.oracle import LEGACY, Frozen

PARTNER_TENANT = "9f10aa00-0000-4000-8000-0000000000aa"
EXTENDED_OFFER = "CFQ7TTC0LF8R:0001:CFQ7TTC0EST1"

Document = dict[str, Any]


def _wire(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def estate(customers: tuple[Customer, ...]) -> Document:
    """What the simulator is founded with."""
    return {"customers": [_estate_customer(customer) for customer in customers]}


def _estate_customer(customer: Customer) -> Document:
    found: Document = {
        "tenantId": customer.tenant,
        "name": customer.name,
        "domain": customer.domain,
        "items": [_item(thing, customer) for thing in customer.things if not thing.base],
    }
    if customer.gdap:
        found["gdap"] = [{"name": f"{customer.name} helpdesk"}]
    if customer.transfer is not None:
        lapses = {"expirationTime": _wire(customer.transfer.lapses)}
        found["transfers"] = [{"items": list(customer.transfer.things), "wire": lapses}]
    return found


def _item(thing: Thing, customer: Customer) -> Document:
    item: Document = {
        "kind": thing.kind,
        "name": thing.name,
        "id": thing.id,
        "bought": _wire(thing.starts),
        "starts": _wire(thing.starts),
        "quantity": thing.quantity,
        "status": thing.status,
    }
    if thing.term:
        item |= {"term": thing.term, "autoRenew": thing.renews}
    if thing.ends is not None:
        item["ends"] = _wire(thing.ends if _exclusive(thing) else thing.ends - DAY)
    if thing.window is not None and thing.kind != "perpetual-software":
        item["windowUntil"] = _wire(thing.window)
    add_ons = [other for other in customer.things if other.base == thing.name]
    if add_ons:
        item["addOns"] = [_item(each, customer) for each in add_ons]
    return item | _of_its_kind(thing)


def _exclusive(thing: Thing) -> bool:
    return thing.kind in LEGACY or thing.kind == "reservation"


def _of_its_kind(thing: Thing) -> Document:
    if thing.extended:
        return {"endOfTerm": "extend", "offer": EXTENDED_OFFER}
    if thing.kind == "new-commerce-license":
        told = "cancel" if thing.told else "renew" if thing.renews else "none"
        return {"endOfTerm": told, "trial": thing.trial}
    if thing.kind == "azure-plan":
        return {"azureSubscriptions": [{"name": f"{thing.name}-{n}", "status": s} for n, s in enumerate(thing.azure)]}
    if thing.kind == "reservation":
        return {"refundable": thing.returnable, "price": "1200.00"}
    return {}


def write_manifests(folder: Path, customers: tuple[Customer, ...], url: str, frozen: Frozen | None) -> Path:
    """A partner folder with one document per customer; returns it."""
    manifests = folder / "manifests"
    for name, document in _documents(customers, url, frozen).items():
        file = manifests / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return manifests


def _documents(customers: tuple[Customer, ...], url: str, frozen: Frozen | None) -> dict[str, Document]:
    own = {f"customers/{customer.name}.yaml": _manifest(customer) for customer in customers}
    return {"partner.yaml": _partner(url), "policy.yaml": _policy(frozen), **own}


def _document(kind: str, name: str, spec: Document) -> Document:
    return {"apiVersion": "pcreconcile/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _partner(url: str) -> Document:
    ends = {"partnerCenter": url, "login": url, "graph": f"{url}/graph", "management": f"{url}/management"}
    names = {"clientId": "PC_CLIENT_ID", "clientSecret": "PC_CLIENT_SECRET", "refreshToken": "PC_REFRESH_TOKEN"}
    return _document(
        "Partner",
        "contoso-csp",
        {
            "tenantId": PARTNER_TENANT,
            "cloud": "custom",
            "endpoints": ends,
            "credentials": {key: {"env": name} for key, name in names.items()},
            "timeZone": "Europe/Berlin",
            "reservations": "api",
        },
    )


def _policy(frozen: Frozen | None) -> Document:
    """Budgets that let a whole fleet go in one run."""
    per_run = {"removals": 5000, "oneWayActions": 5000, "seats": 1000000, "protective": 5000}
    spec: Document = {"budgets": {"perRun": per_run, "perDay": {"removals": 5000}}, "minCustomersLeft": 0}
    if frozen is not None:
        days = {"from": frozen.first.isoformat(), "until": frozen.last.isoformat()}
        spec["freezes"] = [{**days, "reason": "year end"}]
    return _document("Policy", "fleet", spec)


def _manifest(customer: Customer) -> Document:
    leaving = customer.leaving
    days = {
        "notBefore": leaving.not_before,
        "serviceUntil": leaving.service_until,
        "deadline": leaving.deadline,
    }
    spec: Document = {
        "tenantId": customer.tenant,
        "domain": customer.domain,
        "relationship": "removed",
        "reason": "moves to another partner",
        **{name: day.isoformat() for name, day in days.items() if day is not None},
        "refunds": leaving.refunds,
        "pace": leaving.pace,
        "settle": f"{leaving.settle}d",
        "delegatedAccess": "terminate" if leaving.ends_access else "keep",
    }
    lines = {str(line): line for line in (_line(thing) for thing in customer.things if thing.line)}
    return _document("Customer", customer.name, spec | ({"subscriptions": list(lines.values())} if lines else {}))


def _line(thing: Thing) -> Document:
    match = {"family": "azure-plan"} if thing.kind == "azure-plan" else {"id": thing.id}
    return {"match": match, "desired": thing.line, "reason": "migrated"}
