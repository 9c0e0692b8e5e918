"""Customer plans by the number of their actions, for the guards: what is due now is all that a guard looks at."""

from __future__ import annotations

from typing import Any

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.family import Family
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import (
    Action,
    ActionKind,
    ActionMoney,
    CustomerPlan,
    Effect,
    Impact,
    Observed,
    Reversibility,
    Target,
    Verdict,
)

REMOVAL: dict[str, Any] = {
    "kind": ActionKind.REMOVE_RELATIONSHIP,
    "reversibility": Reversibility.NEEDS_COUNTERPARTY,
    "effect": Effect.NEUTRAL,
}
CANCEL: dict[str, Any] = {
    "kind": ActionKind.CANCEL_SUBSCRIPTION,
    "reversibility": Reversibility.ONE_WAY,
    "effect": Effect.TAKES_SERVICE,
    "seats": 1,
}
SUSPEND: dict[str, Any] = {
    "kind": ActionKind.SUSPEND_SUBSCRIPTION,
    "reversibility": Reversibility.REVERSIBLE,
    "effect": Effect.TAKES_SERVICE,
    "seats": 10,
}
PROTECT: dict[str, Any] = {
    "kind": ActionKind.CANCEL_AT_TERM_END,
    "reversibility": Reversibility.REVERSIBLE,
    "effect": Effect.PROTECTIVE,
}
RENEW: dict[str, Any] = {
    "kind": ActionKind.SET_RENEWAL,
    "family": Family.NEW_COMMERCE_LICENSE,
    "reversibility": Reversibility.REVERSIBLE,
    "effect": Effect.COMMITS_MONEY,
}


def action(
    number: int,
    sort: dict[str, Any],
    when: str = "now",
    committed: Money | None = None,
    refund: Money | None = None,
    lost_per_day: Money | None = None,
) -> Action:
    """One action of a sort; `number` tells it from others."""
    fields = {"family": None} | {key: value for key, value in sort.items() if key != "seats"}
    return Action(
        id=ActionId(f"{number:012x}"),
        target=Target("subscription", f"S{number}", f"product {number}"),
        when=when,
        requires=(),
        impact=Impact(sort["seats"], "mail") if "seats" in sort else None,
        precondition={},
        postcondition={},
        window_closes_at=None,
        money=ActionMoney(refund, lost_per_day, committed),
        reason="",
        **fields,
    )


def customer(
    *actions: Action,
    name: str = "harbor-dental",
    relationship: Relationship = Relationship.REMOVED,
    labels: dict[str, str] | None = None,
) -> CustomerPlan:
    """A customer with these actions."""
    tenant = TenantId("6b2e0b0c-0000-4000-8000-000000000011")
    return CustomerPlan(
        name=name,
        tenant_id=tenant,
        desired=DesiredCustomer(name, tenant, "harbor.example", relationship, labels=labels or {}),
        observed=Observed(relationship="reseller", domain="harbor.example", company_name="Harbor"),
        verdict=Verdict.READY,
        earliest_removal=None,
        confidence="high",
        binding_blocker=None,
        next_deadline=None,
        actions=actions,
        blockers=(),
        warnings=(),
    )


def times(count: int, sort: dict[str, Any], when: str = "now") -> CustomerPlan:
    """A customer with so many actions of one sort."""
    return customer(*(action(number, sort, when) for number in range(count)))
