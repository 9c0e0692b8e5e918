"""The knowledge: how each product family ends. One module per family, each answering the same questions.

``recognise(subject) -> Evidence | None``, and ``leave``, ``pause``, ``resume -> Exit``. `FAMILIES` is the order in
which they are asked; the first that recognises a subject has it, and `unknown` takes what is left. A family is added by
its module, its rules in `rules.yaml` and a line here.
"""

from __future__ import annotations

from pcreconcile.exits import (
    azure_legacy,
    azure_plan,
    legacy_license,
    new_commerce_license,
    perpetual_software,
    reservation,
    software_subscription,
    unknown,
)
from pcreconcile.exits.exit import Evidence, Exit, Holding, Serve, Step, Wish
from pcreconcile.exits.family import FamilyExit
from pcreconcile.exits.subject import Subject, subjects_of
from pcreconcile.model.estate import CustomerState
from pcreconcile.model.family import Family

__all__ = ["FAMILIES", "Evidence", "Exit", "Holding", "Serve", "Step", "Subject", "Wish", "exit_of", "holdings_of"]

FAMILIES: tuple[FamilyExit, ...] = (
    reservation,
    azure_legacy,
    azure_plan,
    legacy_license,
    new_commerce_license,
    software_subscription,
    perpetual_software,
    unknown,
)
_BY_FAMILY = {module.FAMILY: module for module in FAMILIES}


def holdings_of(state: CustomerState) -> tuple[Holding, ...]:
    """Everything the customer holds, each with its family and the evidence for it, in the order of its ID."""
    return tuple(_recognise(subject) for subject in subjects_of(state))


def exit_of(family: Family) -> FamilyExit:
    """The module that knows a family; unknown for those that no module speaks of yet."""
    return _BY_FAMILY.get(family, unknown)


def _recognise(subject: Subject) -> Holding:
    for module in FAMILIES:
        evidence = module.recognise(subject)
        if evidence is not None:
            return Holding(subject=subject, family=module.FAMILY, evidence=evidence)
    raise AssertionError("the last family recognises everything")
