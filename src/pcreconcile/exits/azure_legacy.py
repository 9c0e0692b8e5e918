"""Legacy Azure (MS-AZR-0145P and its sandbox and government twins): suspend; usage until then is billed."""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import licenses, staying
from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, nothing, warning
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.plan import Reversibility
from pcreconcile.model.rules import Rules

FAMILY = Family.AZURE_LEGACY
ASKED = 20
PLACE = 80
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = True
renew, stay = staying.renew, staying.stay
OFFER_PREFIX = "MS-AZR-"


def recognise(subject: Subject) -> Evidence | None:
    """An offer ID that begins with MS-AZR- (API facts, 5.3)."""
    row = subject.subscription
    if row is not None and row.offer_id.upper().startswith(OFFER_PREFIX):
        return Evidence(f"offer {row.offer_id}")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend: resources stop; storage may go on costing until it is deleted."""
    return licenses.suspend(holding, Reversibility.REVERSIBLE, "resources stop; usage up to that moment is billed")


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Azure is not part of dunning unless a line says suspend."""
    if wish.desire is LineDesire.SUSPEND:
        return leave(holding, wish, rules, now)
    text = f"{holding.target.name}: Azure goes on running; name it in a line to suspend it"
    return Exit(warnings=(warning("not-suspended", holding, text),)) if _runs(holding) else nothing()


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Reactivate."""
    return licenses.reactivate(holding)


def _runs(holding: Holding) -> bool:
    return licenses.row_of(holding).status == "active"
