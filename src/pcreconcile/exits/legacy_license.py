"""Legacy licences: suspending ends them for the removal; the partner is not billed from then on.

Add-ons are suspended through their base. Cancelling is not offered by the service (800040), and pcreconcile never asks.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import add_ons, license_money, licenses, staying, terms
from pcreconcile.exits.exit import Evidence, Exit, Holding, Step, Wish, nothing, warning
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.ruled import as_ruled, free_from
from pcreconcile.exits.spans import day_before
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
_ACTIVE, _DATA, _TERM_END = f"{FAMILY}.active", f"{FAMILY}.data-kept", f"{FAMILY}.term-end"


def recognise(subject: Subject) -> Evidence | None:
    """An offer ID that is a GUID (API facts, 5.3)."""
    row = subject.subscription
    if row is not None and is_guid(row.offer_id):
        return Evidence(f"offer {row.offer_id} is a GUID")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend what is active; what is suspended or over is in the way as the rules say (`legacy-license.<status>`).

    A line that says cancel-at-term-end lets the term run out instead; a legacy term end is exclusive. What does not
    renew, and ends before it could be suspended, runs out by itself.
    """
    row = licenses.row_of(holding)
    if _runs_out_first(row, wish, now):
        return as_ruled(_run_out_alone(holding, row, wish, rules, now), _ACTIVE, rules)
    if row.status == "active" and wish.desire is LineDesire.CANCEL_AT_TERM_END and row.commitment_end is not None:
        return as_ruled(_run_out(holding, row, row.commitment_end, rules, now), _ACTIVE, rules)
    decided = terms.decided_by_rule(holding, row, rules)
    return pause(holding, wish, rules, now) if decided is None else decided


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspend; data is kept for a while, the shortest published time is used to warn."""
    kept = rules.days(_DATA)
    told = f"no longer billed; data is safe for {kept.days} days"
    found = licenses.suspend_alone(holding, Reversibility.REVERSIBLE, told)
    if found.steps and add_ons.follows_its_base(holding, rules):
        return nothing()
    steps = (_worded(step, holding, rules) for step in found.steps)
    return replace(found, steps=tuple(replace(step, kept_for=kept) for step in steps))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Reactivate, an add-on after its base."""
    found = licenses.reactivate(holding, wish)
    after, money = add_ons.after_its_base(holding, rules), license_money.nothing(holding)
    return replace(found, steps=tuple(replace(step, after=after, money=money, rule=_DATA) for step in found.steps))


def _worded(step: Step, holding: Holding, rules: Rules) -> Step:
    money = license_money.of_suspending(holding, rules)
    blocks = "; active it blocks the removal" if rules.word(_ACTIVE) == "blocks" else ""
    why = f"{step.why}{blocks}"
    return replace(step, why=why, money=money, rule=_ACTIVE)


def _runs_out_first(row: Subscription, wish: Wish, now: datetime) -> bool:
    """Whether its term ends for good before it may be suspended, or before service is no longer promised."""
    end = row.commitment_end
    if row.status != "active" or row.auto_renew is not False or end is None:
        return False
    return now < end <= max(wish.start, wish.service_end or wish.start)


def _run_out_alone(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing to do but wait; a promise that it does not keep is told, with the day until which it can be renewed."""
    end = row.commitment_end
    blockers = terms.wait_for_term_end(holding, free_from(end, _TERM_END, rules, now), "auto-renew is off: it runs out")
    found = Exit(blockers=tuple(replace(each, rule=_ACTIVE) for each in blockers))
    if end is None or wish.service_end is None or end >= wish.service_end:
        return found
    text = f"{holding.target.name}: its term ends on {end:%Y-%m-%d}, before serviceUntil, and does not renew"
    return replace(
        found, warnings=(warning("service-until-broken", holding, text),), deadlines=terms.term_ends(holding, end)
    )


def _run_out(holding: Holding, row: Subscription, end: datetime, rules: Rules, now: datetime) -> Exit:
    clears_at = free_from(end, _TERM_END, rules, now)
    blockers = terms.wait_for_term_end(holding, clears_at, "a line lets it run")
    blockers = tuple(replace(each, rule=_ACTIVE) for each in blockers)
    if terms.ends_by_itself(row, ENDS):
        return Exit(blockers=blockers)
    last = day_before(end.date())
    step = replace(
        terms.instruct_step(holding, ENDS, "auto-renew off, so that no new term begins"),
        money=license_money.of_running_out(holding, rules, now, last),
        rule=_TERM_END,
        reversible_until=last if last >= now.date() else None,
    )
    return Exit(steps=(step,), blockers=blockers, deadlines=terms.term_ends(holding, end))
