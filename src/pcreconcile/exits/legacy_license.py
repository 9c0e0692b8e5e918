"""Legacy licences: suspending ends them for the removal; the partner is not billed from then on.

Add-ons are suspended through their base. Cancelling is not offered by the service (800040), and pcreconcile never asks.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import licenses, staying, terms
from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, by_rule, not_past
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.ids import is_guid
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import Reversibility
from pcreconcile.model.rules import Rules

FAMILY = Family.LEGACY_LICENSE
ASKED = 40
PLACE = 60
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = True
renew, stay = staying.renew, staying.stay
ENDS: Fields = {"autoRenewEnabled": False}


def recognise(subject: Subject) -> Evidence | None:
    """An offer ID that is a GUID (API facts, 5.3)."""
    row = subject.subscription
    if row is not None and is_guid(row.offer_id):
        return Evidence(f"offer {row.offer_id} is a GUID")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend what is active; what has expired is not presumed to block (rule legacy-license.expired).

    A line that says cancel-at-term-end lets the term run out instead; a legacy term end is exclusive.
    """
    row = licenses.row_of(holding)
    status = row.status
    if status == "active" and wish.desire is LineDesire.CANCEL_AT_TERM_END and row.commitment_end is not None:
        return _run_out(holding, row, row.commitment_end, now)
    if status in {"expired", "disabled"}:
        return by_rule(f"{FAMILY}.{status}", holding, rules)
    return pause(holding, wish, rules, now)


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend; data is kept for a while, the shortest published time is used to warn."""
    kept = rules.days("legacy-license.data-kept").days
    return licenses.suspend(holding, Reversibility.REVERSIBLE, f"no longer billed; data is safe for {kept} days")


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Reactivate."""
    return licenses.reactivate(holding)


def _run_out(holding: Holding, row: Subscription, end: datetime, now: datetime) -> Exit:
    clears_at = not_past(end.date(), now)
    blockers = terms.wait_for_term_end(holding, clears_at, "a line lets it run")
    if terms.ends_by_itself(row, ENDS):
        return Exit(blockers=blockers)
    step = terms.instruct_step(holding, ENDS, "auto-renew off, so that no new term begins")
    return Exit(steps=(step,), blockers=blockers, deadlines=terms.term_ends(holding, end))
