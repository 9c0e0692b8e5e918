"""Add-ons and the base that they hang on: suspended with it, back after it, cancelled before it (rules add-on.*)."""

from __future__ import annotations

from pcreconcile.exits.exit import Holding
from pcreconcile.model.rules import Rules

SUSPEND = "add-on.suspend"
REACTIVATE = "add-on.reactivate"
CANCEL = "add-on.cancel"


def follows_its_base(holding: Holding, rules: Rules) -> bool:
    """Whether suspending the base suspends it too: an add-on of a base that is active."""
    base = holding.subject.base
    return base is not None and base.status == "active" and rules.word(SUSPEND) == "with-base"


def after_its_base(holding: Holding, rules: Rules) -> tuple[tuple[str, str], ...]:
    """The base that must have come back before the add-on can (error 27009)."""
    base = holding.subject.base
    return () if base is None or rules.word(REACTIVATE) != "after-base" else (("subscription", base.id),)


def told_of_cancelling(holding: Holding, rules: Rules) -> str:
    """The words for the order in which add-on and base are cancelled; planning keeps it."""
    if holding.subject.base is None or rules.word(CANCEL) != "before-base":
        return ""
    return f"; an add-on goes before its base {holding.subject.base.name}"
