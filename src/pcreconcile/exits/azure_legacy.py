"""Legacy Azure (MS-AZR-0145P and its sandbox and government twins): suspend; usage until then is billed."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import licenses, staying
from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, by_rule, nothing, warning
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
_DATA = f"{FAMILY}.data-kept"


def recognise(subject: Subject) -> Evidence | None:
    """An offer ID that begins with MS-AZR- (API facts, 5.3)."""
    row = subject.subscription
    if row is not None and row.offer_id.upper().startswith(OFFER_PREFIX):
        return Evidence(f"offer {row.offer_id}")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend: resources stop; storage may go on costing until it is deleted."""
    status = licenses.row_of(holding).status
    if status in {"suspended", "expired", "disabled"}:
        return by_rule(f"{FAMILY}.{'suspended' if status == 'suspended' else 'expired'}", holding, rules)
    if status == "active" and rules.word(f"{FAMILY}.active") == "free" and wish.desire is None:
        return nothing()
    return _suspended(holding, wish, rules, now)


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Azure is not part of dunning unless a line says suspend."""
    if wish.desire is LineDesire.SUSPEND:
        return _suspended(holding, wish, rules, now)
    text = f"{holding.target.name}: Azure goes on running; name it in a line to suspend it"
    return Exit(warnings=(warning("not-suspended", holding, text),)) if _runs(holding) else nothing()


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Reactivate."""
    found = licenses.reactivate(holding, wish)
    return replace(found, steps=tuple(replace(step, rule=_DATA) for step in found.steps))


def _suspended(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    kept = rules.days(_DATA)
    found = licenses.suspend(
        holding,
        Reversibility.REVERSIBLE,
        f"resources stop, usage up to that moment is billed, data lives for {kept.days} days, and storage may go on "
        "costing until it is deleted",
    )
    steps = tuple(replace(step, rule=_DATA, kept_for=kept) for step in found.steps)
    return replace(found, steps=steps)


def _runs(holding: Holding) -> bool:
    return licenses.row_of(holding).status == "active"
