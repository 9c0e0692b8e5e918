"""Customers that the policy protects: a second place that must be changed before one of them can go.

An entry of `protected` speaks of names and labels, which a manifest can change; what it protects is tenants. So an
entry protects every tenant that it ever stood for, as long as it stands in the policy (design, section 12): what
earlier plans knew comes as `Memory.stood_for`. One tenant leaves an entry by an exception of the policy, until a day.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.gravity import is_protective
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import MANUAL, CustomerPlan
from pcreconcile.model.policy import LiftedProtection, Policy, Protected

REMEDY = "take the change back, or lift the protection by a reviewed change"

StoodFor: TypeAlias = Mapping[str, tuple[TenantId, ...]]
"""The tenants that each entry of `protected` ever stood for, by `entry_key`."""

NOBODY: StoodFor = MappingProxyType({})


class Identity(msgspec.Struct, frozen=True):
    """What a manifest calls a tenant, today or at some commit."""

    tenant_id: TenantId
    name: str
    labels: Mapping[str, str] = {}


class Protection(msgspec.Struct, frozen=True):
    """What one policy protects on a day, which is that of the partner's time zone."""

    policy: Policy
    today: date
    stood_for: StoodFor = NOBODY

    def refusal(self, desired: DesiredCustomer) -> str | None:
        """Why nothing may be changed of a customer, with the remedy; None when no entry protects it."""
        entry = self._entry(desired)
        if entry is None or self._lifted(desired):
            return None
        ended = [each.until for each in self.policy.lifted if each.protected == desired.tenant_id]
        over = f"; the exception for it ended on {max(ended)}" if ended else ""
        return f"{desired.name} is protected by the policy{self._why(entry, desired)}{over}; {REMEDY}"

    def exception(self, desired: DesiredCustomer) -> str | None:
        """What lets a customer be changed that an entry protects, and until when; None when nothing has to."""
        entry, lifted = self._entry(desired), self._lifted(desired)
        if entry is None or lifted is None:
            return None
        return (
            f"{desired.name} is protected by {shown(entry)}; an exception of the policy lifts that until "
            f"{lifted.until} ({lifted.owner}: {lifted.reason})"
        )

    def _entry(self, desired: DesiredCustomer) -> Protected | None:
        """The entry that protects it: one that names it today before one that has named it."""
        today, tenant = _identity(desired), desired.tenant_id
        named = (each for each in self.policy.protected if names(each, today))
        once = (each for each in self.policy.protected if tenant in self.stood_for.get(entry_key(each), ()))
        return next(named, None) or next(once, None)

    def _lifted(self, desired: DesiredCustomer) -> LiftedProtection | None:
        lifted = (each for each in self.policy.lifted if each.protected == desired.tenant_id)
        return next((each for each in lifted if self.today <= each.until), None)

    def _why(self, entry: Protected, desired: DesiredCustomer) -> str:
        """How it is protected, where its manifest does not show it."""
        if names(entry, _identity(desired)):
            return ""
        return f", whose entry {shown(entry)} has stood for its tenant {desired.tenant_id}"


def trespasses(customers: Iterable[CustomerPlan], protection: Protection) -> dict[str, str]:
    """The protected customers that are asked to change: why each of them must not, by name."""
    refusals = ((each, protection.refusal(each.desired)) for each in customers)
    return {each.name: refusal for each, refusal in refusals if refusal and asks_to_change(each)}


def unmatched(customers: Iterable[DesiredCustomer], policy: Policy, stood_for: StoodFor) -> Iterator[str]:
    """Warnings about names, globs and labels of the policy that no manifest bears: a mistyped one protects nobody.

    A tenant ID may be that of a customer without a manifest, so it is never told.
    """
    identities = tuple(_identity(each) for each in customers)
    for entry in policy.protected:
        if entry.tenant_id is None and not any(names(entry, each) for each in identities):
            known = set(stood_for.get(entry_key(entry), ()))
            renamed = [f"{each.name} (tenant ID {each.tenant_id})" for each in identities if each.tenant_id in known]
            yield _idle(entry, renamed)


def _idle(entry: Protected, renamed: list[str]) -> str:
    text = f"the policy protects {shown(entry)}, and no customer's manifest is called so"
    return f"{text}; it goes on protecting whom it has stood for: {', '.join(renamed)}" if renamed else text


def asks_to_change(customer: CustomerPlan) -> bool:
    """Told to leave or pause, or more than protection would be written (a person's step is theirs)."""
    asked = customer.desired.relationship in {Relationship.REMOVED, Relationship.SUSPENDED}
    return asked or any(not is_protective(each) and each.when != MANUAL for each in customer.actions)


def standing_for(protected: Iterable[Protected], identities: Iterable[Identity]) -> dict[str, tuple[TenantId, ...]]:
    """The tenants that each entry stands for by these names and labels, sorted; those without any are left out.

    An entry that is a tenant ID stands for nobody else, ever.
    """
    identities = tuple(identities)
    entries = [each for each in protected if each.tenant_id is None]
    found = {entry_key(each): {one.tenant_id for one in identities if names(each, one)} for each in entries}
    return {key: tuple(sorted(tenants)) for key, tenants in found.items() if tenants}


def joined(*sources: StoodFor) -> dict[str, tuple[TenantId, ...]]:
    """All that several sources know, sorted."""
    found: dict[str, set[TenantId]] = {}
    for source in sources:
        for key, tenants in source.items():
            found.setdefault(key, set()).update(tenants)
    return {key: tuple(sorted(found[key])) for key in sorted(found)}


def unknown_to(known: StoodFor, learnt: StoodFor) -> dict[str, tuple[TenantId, ...]]:
    """What `learnt` holds beyond `known`."""
    beyond = {key: tuple(sorted(set(tenants) - set(known.get(key, ())))) for key, tenants in learnt.items()}
    return {key: tenants for key, tenants in beyond.items() if tenants}


def entry_key(entry: Protected) -> str:
    """What an entry is remembered by: it is another one as soon as it says something else."""
    if entry.labels:
        return f"labels:{json.dumps(entry.labels, sort_keys=True, separators=(',', ':'))}"
    return f"tenantId:{entry.tenant_id}" if entry.tenant_id is not None else f"name:{entry.name}"


def shown(entry: Protected) -> str:
    """An entry in a message."""
    if entry.tenant_id is not None:
        return f"tenant ID {entry.tenant_id}"
    return repr(entry.name or ", ".join(f"{key}: {value}" for key, value in sorted((entry.labels or {}).items())))


def names(entry: Protected, who: Identity) -> bool:
    """By name or glob, by all of some labels, or by tenant ID."""
    if entry.name is not None:
        return fnmatchcase(who.name, entry.name)
    if entry.tenant_id is not None:
        return entry.tenant_id == who.tenant_id
    return bool(entry.labels) and all(who.labels.get(key) == value for key, value in (entry.labels or {}).items())


def _identity(desired: DesiredCustomer) -> Identity:
    return Identity(desired.tenant_id, desired.name, desired.labels)


def identities_of(customers: Iterable[DesiredCustomer]) -> tuple[Identity, ...]:
    """What the manifests call these customers today."""
    return tuple(_identity(each) for each in customers)
