"""Customers that the policy protects: a second place that must be changed before one of them can go."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.gravity import is_protective
from pcreconcile.model.plan import MANUAL, CustomerPlan
from pcreconcile.model.policy import Policy, Protected

REMEDY = "is protected by the policy; take the change back, or lift the protection by a reviewed change"


def trespasses(customers: Iterable[CustomerPlan], policy: Policy) -> tuple[CustomerPlan, ...]:
    """The protected customers that are asked to change."""
    return tuple(each for each in customers if is_protected(each.desired, policy) and asks_to_change(each))


def is_protected(desired: DesiredCustomer, policy: Policy) -> bool:
    """By name or glob, by all of some labels, or by tenant ID."""
    return any(_names(entry, desired) for entry in policy.protected)


def unmatched(customers: Iterable[DesiredCustomer], policy: Policy) -> tuple[str, ...]:
    """Names, globs and labels of the policy that protect nobody: a mistyped one protects nobody either.

    A tenant ID may be that of a customer without a manifest, so it is never told.
    """
    customers = tuple(customers)
    idle = [each for each in policy.protected if not any(_names(each, customer) for customer in customers)]
    return tuple(each.name or _labels(each) for each in idle if each.tenant_id is None)


def _labels(entry: Protected) -> str:
    return ", ".join(f"{key}: {value}" for key, value in sorted((entry.labels or {}).items()))


def asks_to_change(customer: CustomerPlan) -> bool:
    """Told to leave or pause, or more than protection would be written (a person's step is theirs)."""
    asked = customer.desired.relationship in {Relationship.REMOVED, Relationship.SUSPENDED}
    return asked or any(not is_protective(each) and each.when != MANUAL for each in customer.actions)


def _names(entry: Protected, desired: DesiredCustomer) -> bool:
    if entry.name is not None:
        return fnmatchcase(desired.name, entry.name)
    if entry.tenant_id is not None:
        return entry.tenant_id == desired.tenant_id
    return bool(entry.labels) and all(desired.labels.get(key) == value for key, value in (entry.labels or {}).items())
