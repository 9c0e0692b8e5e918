"""What a trial is beside its family: it costs nothing, and with auto-renew on it turns into a paid term.

It never slides into an Extended Service Term, which needs a paid one, so auto-renew off is all the end that it needs.
"""

from __future__ import annotations

from msgspec.structs import replace

from pcreconcile.exits.exit import Holding
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Trait
from pcreconcile.model.observed import Fields
from pcreconcile.model.rules import Rules

CONVERSION = "trial.conversion"
CHARGE = "trial.charge"
ENDS: Fields = {"autoRenewEnabled": False}
WHY = "auto-renew off, because the trial would turn into a paid term"


def is_trial(holding: Holding) -> bool:
    """Whether the service calls it a trial."""
    return Trait.TRIAL in holding.traits


def is_free(holding: Holding, rules: Rules) -> bool:
    """Whether nothing is charged for it (rule trial.charge)."""
    return is_trial(holding) and rules.word(CHARGE) == "none"


def as_paid(holding: Holding) -> Holding:
    """The holding after it has turned into a paid term of the same length."""
    traits = {trait: because for trait, because in holding.traits.items() if trait is not Trait.TRIAL}
    return replace(holding, traits=traits)


def converts(row: Subscription, rules: Rules) -> bool:
    """Whether it goes on as a paid term unless it is told to end (rule trial.conversion); unknown counts as yes."""
    return rules.word(CONVERSION) == "auto-renew" and row.auto_renew is not False
