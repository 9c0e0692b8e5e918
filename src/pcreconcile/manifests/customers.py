"""A Customer document, its defaults merged in, into a DesiredCustomer (design, sections 3 and 11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pcreconcile.manifests.families import SHIPPED, family_findings
from pcreconcile.manifests.lines import line, line_findings
from pcreconcile.manifests.nodes import Mapping, Node, find, plain, text_at
from pcreconcile.manifests.quoting import quoted
from pcreconcile.manifests.values import day, duration, given, optional_day
from pcreconcile.model.desired import (
    DelegatedAccess,
    DesiredCustomer,
    OnBlocked,
    Pace,
    Refunds,
    Relationship,
)
from pcreconcile.model.errors import Finding
from pcreconcile.model.ids import TenantId, tenant_id
from pcreconcile.model.tickets import accepts

_ASKS_FOR_CHANGE = ("suspended", "removed")


def customer_findings(
    root: Mapping,
    own_tenant: TenantId | None,
    tickets: str | None,
    families: frozenset[str] = SHIPPED,
) -> Iterator[Finding]:
    """What the schema cannot say about one customer."""
    tenant = text_at(root, "spec", "tenantId")
    if tenant and tenant.text.lower() == own_tenant:
        yield tenant.finding("this is the partner's own tenant", "a customer's")
    first, last = text_at(root, "spec", "notBefore"), text_at(root, "spec", "deadline")
    if first and last and _are_days(first.text, last.text) and last.text < first.text:
        yield first.finding(f"notBefore is after the deadline {last.text}", "a day not after it")
    relationship = text_at(root, "spec", "relationship")
    if tickets and relationship and relationship.text in _ASKS_FOR_CHANGE:
        yield from _ticket_findings(root, tickets)
    yield from family_findings(root, ("spec", "subscriptions"), ("match", "family"), families)
    yield from line_findings(root)


def _are_days(*texts: str) -> bool:
    try:
        return all(len(text) == 10 and day(text) for text in texts)
    except ValueError:
        return False


def _ticket_findings(root: Mapping, tickets: str) -> Iterator[Finding]:
    expected = f"one that matches {quoted(tickets)}"
    ticket = find(root, ["spec"])
    written = text_at(root, "spec", "ticket")
    if isinstance(ticket, Mapping) and "ticket" not in ticket.entries:
        yield find(root, ["metadata"]).finding("the policy requires a ticket", expected)
    elif written and not accepts(tickets, written.text):
        yield written.finding(f"the policy does not accept the ticket {quoted(written.text)}", expected)


def customer(root: Mapping) -> DesiredCustomer:
    """The wish of a document without findings."""
    metadata: dict[str, Any] = plain(find(root, ["metadata"]))
    spec: dict[str, Any] = plain(find(root, ["spec"]))
    return DesiredCustomer(
        name=metadata["name"],
        tenant_id=tenant_id(spec["tenantId"]),
        domain=spec["domain"].lower(),
        relationship=Relationship(spec["relationship"]),
        labels=metadata.get("labels", {}),
        reason=spec.get("reason"),
        ticket=spec.get("ticket"),
        not_before=optional_day(spec.get("notBefore")),
        service_until=optional_day(spec.get("serviceUntil")),
        deadline=optional_day(spec.get("deadline")),
        refunds=Refunds(spec.get("refunds", Refunds.PREFER)),
        pace=Pace(spec.get("pace", Pace.TOGETHER)),
        on_blocked=OnBlocked(spec.get("onBlocked", OnBlocked.WAIT)),
        subscriptions=tuple(line(item) for item in spec.get("subscriptions", ())),
        **given(settle=duration(spec.get("settle")), delegated_access=_delegated_access(spec.get("delegatedAccess"))),
    )


def _delegated_access(value: Any) -> DelegatedAccess | None:
    """`at` says when what `terminate` asks for is wanted; None leaves the model's own default: keep."""
    if isinstance(value, dict):
        return DelegatedAccess(terminate=True, at=day(value["at"]))
    return DelegatedAccess(terminate=True) if value == "terminate" else None


def place_of(root: Mapping) -> Node:
    """Where a customer is said to stand: at its name."""
    return find(root, ["metadata", "name"])
