"""Canonical JSON, the plan ID and the digest (design, section 5, "Identity")."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from pcreconcile.model.ids import ActionId, PlanId, TenantId
from pcreconcile.model.plan import Action, CustomerPlan, Plan


def canonical_json(value: Any) -> bytes:
    """The one byte form of a value: sorted keys, no blanks, UTF-8; money and dates are text."""
    return msgspec.json.encode(value, order="sorted")


def canonical_parts(document: msgspec.Struct, without: Collection[str] = ()) -> Iterator[bytes]:
    """The canonical form of a document in pieces, so that a large one never stands in memory as a whole.

    `without` names top-level members, by their JSON names, that are left out. No piece is larger than one element of a
    top-level list or mapping, and none ends inside of a value's text.
    """
    kind = type(document)
    opening = b"{"
    for name, attribute in sorted(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)):
        if name not in without:
            yield opening + canonical_json(name) + b":"
            yield from _pieces(getattr(document, attribute))
            opening = b","
    yield b"}"


def _pieces(member: Any) -> Iterator[bytes]:
    if isinstance(member, tuple):
        yield from _enclosed(b"[", (canonical_json(element) for element in member), b"]")
    elif isinstance(member, dict):
        named = ((canonical_json(str(name)), canonical_json(member[name])) for name in sorted(member))
        yield from _enclosed(b"{", (name + b":" + value for name, value in named), b"}")
    else:
        yield canonical_json(member)


def _enclosed(opening: bytes, parts: Iterable[bytes], closing: bytes) -> Iterator[bytes]:
    yield opening
    for number, part in enumerate(parts):
        yield part if number == 0 else b"," + part
    yield closing


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
    """What would be done, and nothing else: wording, times and estimates do not count.

    SHA-256 over the canonical form of `{formatVersion, partner, customers: {tenant ID: [act, …]}}`, acts sorted by
    their own canonical form, customers without an act left out; made customer by customer.
    """
    acting = {customer.tenant_id: customer for customer in customers if customer.actions}
    named = ((canonical_json(tenant), _acts(acting[tenant])) for tenant in sorted(acting))
    hashed = hashlib.sha256(b'{"customers":')
    for part in _enclosed(b"{", (tenant + b":" + acts for tenant, acts in named), b"}"):
        hashed.update(part)
    hashed.update(b',"formatVersion":%d,"partner":%b}' % (format_version, canonical_json(partner_tenant)))
    return PlanId(hashed.hexdigest())


def _acts(customer: CustomerPlan) -> bytes:
    return b"".join(_enclosed(b"[", sorted(canonical_json(_act(action)) for action in customer.actions), b"]"))


def digest(plan: Plan) -> str:
    """SHA-256 of the whole document without its digest."""
    hashed = hashlib.sha256()
    for part in canonical_parts(plan, without={"digest"}):
        hashed.update(part)
    return hashed.hexdigest()


def seal(plan: Plan) -> Plan:
    """The plan with its ID and digest filled in."""
    named = msgspec.structs.replace(plan, plan_id=plan_id(plan.format_version, plan.partner.tenant_id, plan.customers))
    return msgspec.structs.replace(named, digest=digest(named))
