"""What the table of the law of reading is made of: one row per read, one column per way to fail, and a desk to try it.

The service is the simulator in a thread, the program runs in this process; nobody waits, and time is moved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from pcreconcile.cli import main
from pcreconcile.model.estate import Resource
from pcreconcile.simulator import SimulatorSettings, run_in_thread

PARTNER = "9f10aa00-0000-4000-8000-0000000000aa"
FA = "6b2e0b0c-0000-4000-8000-000000000070"  # holds one of each, and is to be removed: needs every read
FB = "6b2e0b0c-0000-4000-8000-000000000071"  # is to be suspended: needs neither a user, nor Graph, nor Azure
GONE = "6b2e0b0c-0000-4000-8000-000000000072"  # was removed by somebody else: needs the audit record
ESTATE: dict[str, Any] = {
    "customers": [
        {
            "tenantId": FA,
            "name": "fa",
            "items": [
                {"kind": "new-commerce-license", "name": "E3", "bought": "-360d", "ends": "+5d", "autoRenew": True},
                {"kind": "new-commerce-license", "name": "EXO", "bought": "-1d", "quantity": 10},
                {"kind": "azure-plan", "azureSubscriptions": [{"name": "one"}]},
                {"kind": "reservation", "price": "900.00", "ends": "+400d"},
            ],
            "gdap": [{"name": "helpdesk"}],
            "transfers": [{"status": "Completed", "target": "Northwind Cloud"}],
            "resellers": [{"name": "Our provider", "wire": {"relationshipType": "is_indirect_reseller_of"}}],
        },
        {"tenantId": FB, "name": "fb", "items": [{"kind": "legacy-license", "name": "EMS"}]},
        {"tenantId": "6b2e0b0c-0000-4000-8000-000000000900", "name": "anchor-co", "items": []},
    ]
}


@dataclass(frozen=True)
class Row:
    """One read: where the wire shows it, whom it is about, as whom it is made, and what follows when it fails.

    `token` is a regular expression of the form with which its token is asked for, `token_path` of the place. `excused`:
    a 404, 405 or 501 means that there is no such list. `rows`: it is a collection.
    """

    path: str
    query: str = ".*"
    about: str = "fa"
    user: bool = False
    excused: bool = False
    rows: bool = True
    method: str = "GET"
    token: str = r"^(?=.*client_credentials)(?!.*graph)"
    token_path: str = rf"^/{PARTNER}/oauth2"


READS: dict[Resource, Row] = {
    Resource.CUSTOMERS: Row(r"^/v1/customers$", query="size=500", about="everybody"),
    Resource.CUSTOMER: Row(rf"^/v1/customers/{FA}$", rows=False),
    Resource.SUBSCRIPTIONS: Row(rf"/customers/{FA}/subscriptions$"),
    Resource.ORDERS: Row(rf"/customers/{FA}/orders$"),
    Resource.ENTITLEMENTS: Row(rf"/customers/{FA}/entitlements$"),
    Resource.AZURE_ENTITLEMENTS: Row(rf"/customers/{FA}/subscriptions/[^/]+/azureEntitlements$"),
    Resource.TRANSFERS: Row(rf"/customers/{FA}/transfers$", excused=True),
    Resource.RESELLERS: Row(
        rf"/customers/{FA}/relationships$", user=True, excused=True, token=r"^(?=.*refresh_token)(?!.*management)"
    ),
    Resource.DELEGATED_ADMIN: Row(
        r"^/graph/v1.0/tenantRelationships/delegatedAdminRelationships$",
        token=r"graph",
    ),
    Resource.RESERVATIONS: Row(
        r"^/management/providers/Microsoft.Capacity/reservationOrders/[^/]+/reservations$",
        user=True,
        token=r"refresh_token",
        token_path=rf"^/{FA}/oauth2",
    ),
    Resource.REFUND_QUOTES: Row(
        r"^/management/providers/Microsoft.Capacity/reservationOrders/[^/]+/calculateRefund$",
        user=True,
        rows=False,
        method="POST",
        token=r"refresh_token",
        token_path=rf"^/{FA}/oauth2",
    ),
    Resource.REMOVAL_RECORD: Row(r"^/v1/auditrecords$", query="filter=.*CustomerId", about="gone"),
    Resource.AUDIT_RECORDS: Row(r"^/v1/auditrecords$", query=r"^(?!.*filter=)", about="the budgets"),
    Resource.REMOVAL_RECORDS: Row(r"^/v1/auditrecords$", query="filter=.*ResourceType", about="the journal"),
}


def expired(code: int, text: str, error: str = "invalid_grant") -> str:
    """What the login service says instead of a token."""
    said = {"error": error, "error_description": f"AADSTS{code}: {text}", "error_codes": [code]}
    return json.dumps(said)


# How a read can fail; `None` takes the place of a rule where the failure is one of the credential.
FAULTS: dict[str, dict[str, Any] | None] = {
    "401": {"fault": "status-before", "status": 401},
    "403": {"fault": "status-before", "status": 403},
    "404": {"fault": "status-before", "status": 404},
    "405": {"fault": "status-before", "status": 405},
    "501": {"fault": "status-before", "status": 501},
    "429 for good": {"fault": "status-before", "status": 429, "headers": {"Retry-After": "1"}},
    "500": {"fault": "status-before", "status": 500},
    "503": {"fault": "status-before", "status": 503},
    "cut body": {"fault": "truncate"},
    "slow": {"fault": "slow", "seconds": 5},
    "dead token": None,
    "token without MFA": None,
    "overlap of pages": {"fault": "overlap"},
    "odd row": {"fault": "odd-row"},
    "a total above the rows": {"fault": "wrong-total"},
}
NO_SUCH_LIST = frozenset({"404", "405", "501"})
_ONLY_COLLECTIONS = frozenset({"overlap of pages", "a total above the rows"})
_ODATA = frozenset({Resource.DELEGATED_ADMIN, Resource.RESERVATIONS})


def applies(read: Resource, fault: str) -> bool:
    """Whether this read can fail in this way at all."""
    row = READS[read]
    if fault == "token without MFA":
        return row.user
    if fault == "a total above the rows" and read in _ODATA:
        return False  # they count nothing
    return row.rows or fault not in _ONLY_COLLECTIONS


def rule(read: Resource, fault: str) -> dict[str, Any]:
    """The fault as the simulator takes it: always, for this read alone."""
    row, shape = READS[read], FAULTS[fault]
    if shape is None:
        body = expired(50078, "Presented multi-factor authentication has expired")
        place = {"method": "POST", "path": row.token_path, "content": row.token}
        return {"fault": "status-before", "status": 400, "body": body, "count": 0, **place}
    return {**shape, "method": row.method, "path": row.path, "query": row.query, "count": 0}


class Desk:
    """Manifests in a folder, the service that they speak of, and the program run beside it."""

    def __init__(self, folder: Path, url: str, capsys: Any, monkeypatch: Any) -> None:
        self.folder, self.url = folder, url
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        shown = self._capsys.readouterr()
        assert "mistake in pcreconcile" not in shown.err
        return code, shown.out, shown.err

    def plan(self, *arguments: str) -> tuple[int, Any]:
        """Exit code and the plan's JSON."""
        code, out, errors = self("plan", "--format", "json", *arguments)
        assert out, errors
        return code, json.loads(out)

    def environment(self, **values: str) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(name, value)

    def fault(self, *rules: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_simulator/faults", json={"faults": list(rules)}).raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/_simulator/requests").json()
        return found

    def writes(self, tenant: str | None = None) -> list[dict[str, Any]]:
        """What changed the service's world, of one customer or at all; token requests are none."""
        changed = [entry for entry in self.log() if entry["applied"] and "/oauth2/" not in entry["path"]]
        return [entry for entry in changed if tenant is None or (entry["customer"] or tenant).lower() == tenant]

    def partner(self, *, user: bool = True, **spec: Any) -> None:
        """The Partner document."""
        places = {"clientId": "PC_CLIENT_ID", "clientSecret": "PC_CLIENT_SECRET", "refreshToken": "PC_REFRESH_TOKEN"}
        names = places if user else {name: place for name, place in places.items() if name != "refreshToken"}
        ends = {"partnerCenter": "", "login": "", "graph": "/graph", "management": "/management"}
        document = {
            "tenantId": PARTNER,
            "cloud": "custom",
            "endpoints": {name: self.url + end for name, end in ends.items()},
            "credentials": {name: {"env": place} for name, place in names.items()},
            "timeZone": "Europe/Berlin",
            "reservations": "api",
        }
        self._write("partner.yaml", "Partner", "contoso-csp", {**document, **spec})

    def customer(self, name: str, tenant: str, relationship: str = "removed", **spec: Any) -> None:
        """A Customer document."""
        reason = {} if relationship == "active" else {"reason": "moves on"}
        document = {"tenantId": tenant, "domain": f"{name}.onmicrosoft.com", "relationship": relationship}
        self._write(f"customers/{name}.yaml", "Customer", name, {**document, **reason, **spec})

    def _write(self, place: str, kind: str, name: str, spec: dict[str, Any]) -> None:
        file = self.folder / "manifests" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        document = {"apiVersion": "pcreconcile/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        file.write_text(yaml.safe_dump(document), encoding="utf-8")


@contextmanager
def simulated(folder: Path, estate: dict[str, Any]) -> Iterator[str]:
    """The simulator with that estate; its address."""
    file = folder / "estate.yaml"
    file.write_text(yaml.safe_dump(estate), encoding="utf-8")
    with run_in_thread(SimulatorSettings(estate=file)) as running:
        yield running.url
