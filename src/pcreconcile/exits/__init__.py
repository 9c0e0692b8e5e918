"""The knowledge: how each product family ends. One module per family, each answering the same questions.

``recognise(subject) -> Evidence | None``, ``leave``, ``pause``, ``resume``, ``stay``, ``renew -> Exit``. Every module
of this package that has an `ASKED` is one; the first that recognises a subject (by `ASKED`) has it, and `unknown` takes
what is left. A family is added by its module, its rules in `rules.yaml` and its cases (docs/adding-a-family.md).
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from pcreconcile.exits import unknown
from pcreconcile.exits.allowance import Used, used_by
from pcreconcile.exits.exit import Charge, Evidence, Exit, Holding, Serve, Step, Wish
from pcreconcile.exits.family import FamilyExit, Precedence
from pcreconcile.exits.in_progress import AfterItsOrder
from pcreconcile.exits.subject import Subject, subjects_of
from pcreconcile.exits.traits import traits_of
from pcreconcile.model.estate import CustomerState
from pcreconcile.model.family import Family

__all__ = [
    "FAMILIES",
    "Charge",
    "Evidence",
    "Exit",
    "FamilyExit",
    "Holding",
    "Precedence",
    "Serve",
    "Step",
    "Subject",
    "Used",
    "Wish",
    "exit_of",
    "holdings_of",
    "used_by",
]


def _families() -> tuple[FamilyExit, ...]:
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    families = (cast(FamilyExit, module) for module in modules if hasattr(module, "ASKED"))
    return tuple(sorted(families, key=lambda family: family.ASKED))


FAMILIES: tuple[FamilyExit, ...] = _families()
_BY_FAMILY: dict[Family, FamilyExit] = {module.FAMILY: AfterItsOrder(module) for module in FAMILIES}
_UNKNOWN = AfterItsOrder(unknown)


def holdings_of(state: CustomerState, returned: Used | None = None) -> tuple[Holding, ...]:
    """Everything the customer holds, each with its family, its traits and the evidence, in the order of its ID.

    `returned` is what our journal knows of returned reservations (`allowance.used_by`).
    """
    return tuple(_recognise(subject) for subject in subjects_of(state, returned))


def exit_of(family: Family) -> FamilyExit:
    """What knows a family, unknown for those that no module speaks of yet; all wait for orders in progress."""
    return _BY_FAMILY.get(family, _UNKNOWN)


def _recognise(subject: Subject) -> Holding:
    for module in FAMILIES:
        evidence = module.recognise(subject)
        if evidence is not None:
            return Holding(subject=subject, family=module.FAMILY, evidence=evidence, traits=traits_of(subject))
    raise AssertionError("the last family recognises everything")
