"""Plans of a large fleet in a moment: planned once, then cloned for every customer under its own name and IDs."""

from __future__ import annotations

from functools import cache

from msgspec.structs import replace

from pcreconcile.model.identity import action_id, seal
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import Action, CustomerPlan, Plan
from pcreconcile.planning.counting import counted
from tests.exits.estates import plan_of

WANTS = {"removed": {"delegatedAccess": "keep"}, "active": {"relationship": "active"}}


def large_plan(leaving: int, staying: int, licences: int) -> Plan:
    """`leaving` customers with so many licences each to cancel, `staying` ones with nothing to do."""
    templates = [(_template("removed", licences), leaving), (_template("active", licences), staying)]
    plan = templates[0][0]
    customers = tuple(
        _clone(template.customers[0], number)
        for start, (template, count) in zip((0, leaving), templates, strict=True)
        for number in range(start, start + count)
    )
    return seal(replace(plan, customers=customers, totals=counted(customers), unread=()))


@cache
def _template(relationship: str, licences: int) -> Plan:
    holds = [
        {"kind": "new-commerce-license", "id": f"6b2e0b0c-1111-4000-8000-{number:012d}", "window": "2026-11-26"}
        for number in range(licences)
    ]
    return plan_of({"holds": holds, "wants": WANTS[relationship], "now": "2026-11-22T12:00:00"})


def _clone(customer: CustomerPlan, number: int) -> CustomerPlan:
    tenant, name = TenantId(f"6b2e0b0c-0000-4000-8000-{number:012d}"), f"customer-{number:05d}"
    ids = {each.id: action_id(tenant, each.kind, each.target.type, each.target.id) for each in customer.actions}
    return replace(
        customer,
        name=name,
        tenant_id=tenant,
        desired=replace(customer.desired, name=name, tenant_id=tenant, domain=f"{name}.onmicrosoft.com"),
        observed=replace(customer.observed, domain=f"{name}.onmicrosoft.com", company_name=name),
        actions=tuple(_moved(action, ids) for action in customer.actions),
    )


def _moved(action: Action, ids: dict[ActionId, ActionId]) -> Action:
    return replace(action, id=ids[action.id], requires=tuple(ids[each] for each in action.requires))
