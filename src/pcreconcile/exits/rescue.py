"""A suspended new-commerce licence near its term end: brought back, so that its end can be said (800091).

Nobody knows what its term end makes of a suspended one (exit rules, open question 7). Once the term is over there is
nothing left to say, what Microsoft suspended never comes back by us, and a trial without auto-renew just ends.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import add_ons, instructions, license_money, licenses, terms, trials
from pcreconcile.exits.exit import Exit, Holding, Step, Wish, day_after, deadline
from pcreconcile.exits.suspensions import only_microsoft_lifts_it
from pcreconcile.model.estate import Subscription
from pcreconcile.model.rules import Rules

MARGIN = "new-commerce-license.reactivate-before-term-end"
_WHY = "reactivated before its term ends, because a suspended subscription cannot be told how to end"


def steps(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> tuple[Step, ...]:
    """Reactivate, then the explicit end; an add-on comes back after its base (27009)."""
    end = row.commitment_end
    over = end is None or day_after(end) <= max(now, wish.start).date()
    if end is None or over or only_microsoft_lifts_it(row, wish) or trials.is_trial(holding):
        return ()
    back = replace(
        licenses.reactivate_step(holding, _WHY, end - rules.days(MARGIN)),
        after=add_ons.after_its_base(holding, rules),
        money=license_money.nothing(holding),
        rule=MARGIN,
    )
    why = "auto-renew off with an explicit Cancel, so that no Extended Service Term begins"
    told = instructions.instruct(holding, rules, now, end.date(), why)
    return (back, replace(told, after=((holding.target.type, holding.target.id),)))


def leave(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Suspended outside its window: it blocks, and is billed, until its term end, before which it is rescued."""
    last = None if row.commitment_end is None else row.commitment_end.date()
    found = instructions.runs(
        holding, row, rules, now, last, "suspended, still billed, and not to be edited or cancelled"
    )
    return replace(
        found, steps=steps(holding, row, wish, rules, now), deadlines=terms.term_ends(holding, row.commitment_end)
    )


def pause(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """In dunning it is suspended already, as wanted: what is left is its rescue, once its term end comes near."""
    found = steps(holding, row, wish, rules, now)
    due = _due(holding, row, rules)
    if not found or due is None or row.commitment_end is None or due > row.commitment_end:
        return Exit()
    if due > max(now, wish.start):
        return Exit(
            deadlines=deadline("rescue", holding, due, "it is brought back, so that its term can be told to end")
        )
    return Exit(steps=found, deadlines=terms.term_ends(holding, row.commitment_end))


def _due(holding: Holding, row: Subscription, rules: Rules) -> datetime | None:
    """When it comes near enough; an add-on cannot come back before its base (27009). None: nobody can say."""
    rows = [row, *_suspended_bases(holding)]
    ends = [each.commitment_end for each in rows if each.commitment_end is not None]
    return None if len(ends) < len(rows) else max(ends) - rules.days(MARGIN)


def _suspended_bases(holding: Holding) -> tuple[Subscription, ...]:
    base = holding.subject.base
    return () if base is None or base.status == "active" else (base,)
