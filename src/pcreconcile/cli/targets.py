"""`--target customer/NAME`: exact names, no globs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pcreconcile.cli.suggestion import did_you_mean
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import UsageError

_PREFIX = "customer/"


def of_fleet(targets: Iterable[str], fleet: DesiredFleet) -> DesiredFleet:
    """The part of the fleet that the targets name, all of it without any.

    Raises UsageError for a target of a wrong form or with a name that no manifest has.
    """
    known = {customer.name for customer in fleet.customers}
    names = {_name(target, known) for target in targets}
    if not names:
        return fleet
    return msgspec.structs.replace(fleet, customers=tuple(each for each in fleet.customers if each.name in names))


def _name(target: str, known: set[str]) -> str:
    name = target.removeprefix(_PREFIX)
    if name == target:
        raise UsageError(f"--target {target}: expected customer/NAME")
    if name not in known:
        raise UsageError(f"--target {target}: no manifest has that name{did_you_mean(name, known)}")
    return name
