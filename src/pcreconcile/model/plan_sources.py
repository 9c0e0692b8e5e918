"""What a plan was made from, in digests: so that "differs from what the file names" can be decided later.

The manifests, the policy, the rules and the prices bring their digests along; here are those of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.identity import sha256_hex
from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import Memory
from pcreconcile.model.observed import Fields
from pcreconcile.model.partner import Partner
from pcreconcile.model.plan import Plan


def partner_digest(partner: Partner) -> str:
    """SHA-256 over the Partner document's values: addresses and the places of credentials, never a secret."""
    return sha256_hex(partner)


def wish_digest(reason: str | None, ticket: str | None) -> str:
    """SHA-256 of why a removal is wanted; letter case and blanks do not make another reason or ticket."""
    said = {"reason": reason, "ticket": ticket}
    return sha256_hex({name: " ".join((text or "").split()).casefold() for name, text in said.items()})


def manifest_digest(desired: DesiredCustomer) -> str:
    """SHA-256 of all that the manifest wants of one customer."""
    return sha256_hex(desired)


def holdings_digest(items: Iterable[Fields]) -> str:
    """SHA-256 of what a customer holds, as `model.observed` gives it, in whatever order it came."""
    return sha256_hex(sorted(items, key=lambda item: (str(item["type"]), str(item["id"]))))


def memory_digests(memory: Memory, tenants: Iterable[TenantId]) -> dict[TenantId, str]:
    """By tenant ID, SHA-256 of what the journal knows of a customer; no entry where it knows nothing.

    What a whole fleet shares (the budgets of the day) is left out: it decides about no action of a customer.
    """
    known = {tenant: _known_of(memory, tenant) for tenant in sorted(tenants)}
    return {tenant: sha256_hex(facts) for tenant, facts in known.items() if any(facts.values())}


def moved_sources(kept: Plan, fresh: Plan, tenant: TenantId) -> tuple[str, ...]:
    """What of the sources has moved between two plans, as far as one customer is concerned, in words.

    The commit and the instant of reading do not count: by themselves they change no action.
    """
    old, new = kept.sources, fresh.sources
    pairs = {
        "the policy": (old.policy, new.policy),
        "the rules": ((old.rules, old.overridden_rules), (new.rules, new.overridden_rules)),
        "the prices": (old.prices, new.prices),
        "the Partner document": (old.partner_document, new.partner_document),
        "what the journal knows of it": (old.memory.get(tenant, ""), new.memory.get(tenant, "")),
        "the version of pcreconcile": (kept.tool_version, fresh.tool_version),
    }
    return tuple(name for name, (before, after) in pairs.items() if before != after)


def _known_of(memory: Memory, tenant: TenantId) -> dict[str, object]:
    return {
        "removed": memory.removed.get(tenant),
        "serviceTaken": memory.service_taken.get(tenant),
        "suspended": sorted(memory.suspended.get(tenant, ())),
        "renewals": memory.renewals.get(tenant),
        "returned": memory.returned.get(tenant),
        "departure": memory.departures.get(tenant),
        "fulfilled": memory.fulfilled.get(tenant),
        "refused": memory.refused.get(tenant),
    }
