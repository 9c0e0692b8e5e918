"""Canonical JSON, the plan ID and the digest (design, section 5, "Identity")."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from pcreconcile.model.ids import ActionId, PlanId, TenantId
from pcreconcile.model.plan import Action, CustomerPlan, Plan


def canonical_json(value: Any) -> bytes:
    """The one byte form of a value: sorted keys, no blanks, UTF-8; money and dates are text."""
    return msgspec.json.encode(value, order="sorted")


def sha256_hex(value: Any) -> str:
    """SHA-256 over the canonical form."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def action_id(tenant_id: TenantId, kind: str, target_type: str, target_id: str) -> ActionId:
    """The first 12 hex digits of SHA-256 over tenant ID, kind and target."""
    text = "\n".join((tenant_id, kind, target_type, target_id))
    return ActionId(hashlib.sha256(text.encode()).hexdigest()[:12])


def _act(action: Action) -> dict[str, Any]:
    return {
        "kind": action.kind,
        "target": [action.target.type, action.target.id],
        "requires": sorted(action.requires),
        "precondition": action.precondition,
        "postcondition": action.postcondition,
        "when": action.when,
    }


def plan_id(format_version: int, partner_tenant: TenantId, customers: Iterable[CustomerPlan]) -> PlanId:
    """What would be done, and nothing else: wording, times and estimates do not count."""
    acts = {
        customer.tenant_id: sorted((_act(action) for action in customer.actions), key=canonical_json)
        for customer in customers
        if customer.actions
    }
    return PlanId(sha256_hex({"formatVersion": format_version, "partner": partner_tenant, "customers": acts}))


def digest(plan: Plan) -> str:
    """SHA-256 of the whole document without its digest."""
    document = msgspec.to_builtins(plan)
    del document["digest"]
    return sha256_hex(document)


def seal(plan: Plan) -> Plan:
    """The plan with its ID and digest filled in."""
    named = msgspec.structs.replace(plan, plan_id=plan_id(plan.format_version, plan.partner.tenant_id, plan.customers))
    return msgspec.structs.replace(named, digest=digest(named))
