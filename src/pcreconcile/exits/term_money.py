"""Money at stake when something with a term ends: by a refund, or with its term. None is unknown, never zero.

What a refund gives back is the rule pack's word: `full` (the charge that runs), `prorated` (its unused days) or `none`.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import charges
from pcreconcile.exits.exit import Holding
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionMoney


def of_cancelling(
    holding: Holding, refund: str, now: datetime, started: datetime | None, end: datetime | None
) -> ActionMoney:
    """Cancelled today: what comes back, what each further day costs, and what is owed if the window is missed."""
    return ActionMoney(
        refund=_refund(holding, refund, now, started),
        lost_per_day=charges.per_day(holding) if refund == "prorated" else charges.none_of(holding),
        committed=charges.until(holding, now, end),
    )


def of_running_out(holding: Holding, now: datetime, end: datetime | None) -> ActionMoney:
    """Told to end: nothing comes back, waiting costs nothing, and the rest of the term is owed anyway."""
    nothing = charges.none_of(holding)
    return ActionMoney(refund=nothing, lost_per_day=nothing, committed=charges.until(holding, now, end))


def _refund(holding: Holding, refund: str, now: datetime, started: datetime | None) -> Money | None:
    match refund:
        case "full":
            return charges.whole(holding)
        case "prorated":
            return charges.unused(holding, now, started)
    return charges.none_of(holding)
