"""What is said or done about one term of a new-commerce licence: its explicit end, its cancellation, running out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from msgspec.structs import replace

from pcreconcile.exits import add_ons, license_money, terms, trials
from pcreconcile.exits.course import INSTRUCTION
from pcreconcile.exits.exit import Exit, Holding, Step, Wish
from pcreconcile.exits.ruled import free_from
from pcreconcile.exits.spans import day_before
from pcreconcile.model.estate import Subscription
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.rules import Rules

WINDOW = "new-commerce-license.cancel-window"
TERM_END = "new-commerce-license.term-end"
DATA = "new-commerce-license.data-after-term-end"
ENDS: Fields = {"autoRenewEnabled": False, "scheduledActions": terms.CANCEL_AT_END}
WHY = "auto-renew off with an explicit Cancel: without it the term renews or becomes a paid Extended Service Term"


def instruction(holding: Holding, rules: Rules) -> Fields:
    """What stands where its term ends: a trial, and a pack that does not require it, need no explicit Cancel."""
    return trials.ENDS if trials.is_trial(holding) or rules.word(INSTRUCTION) != "required" else ENDS


def instruct(holding: Holding, rules: Rules, now: datetime, last: date | None, why: str) -> Step:
    """The step that ends it with the term whose last day is given."""
    money = license_money.of_running_out(holding, rules, now, last)
    return replace(
        terms.instruct_step(holding, instruction(holding, rules), f"{why}{_told_of_data(last, rules)}"),
        money=money,
        rule=trials.CONVERSION if trials.is_trial(holding) else INSTRUCTION,
        reversible_until=None if last is None or last <= now.date() else day_before(last),
        data_until=data_until(last, rules),
    )


def data_until(last: date | None, rules: Rules) -> date | None:
    """The last UTC date on which the data of a term that ended is known to live."""
    span = rules.days(DATA)
    return None if last is None else last + span if last <= date.max - span else date.max


def runs(holding: Holding, row: Subscription, rules: Rules, now: datetime, last: date | None, what: str) -> Exit:
    """The blocker of a term that has to run out."""
    end = None if last is None else midnight(last)
    blockers = terms.wait_for_term_end(holding, free_from(end, TERM_END, rules, now), what)
    return Exit(blockers=tuple(replace(each, rule=f"{holding.family}.{row.status}") for each in blockers))


def midnight(day: date) -> datetime:
    """The beginning of a UTC date."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def cancel(holding: Holding, row: Subscription, at: datetime, closes: datetime, wish: Wish, rules: Rules) -> Step:
    """Cancelled inside its window, without the money."""
    fields: tuple[Fields, Fields] = ({"status": row.status}, {"status": "deleted"})
    step = terms.cancel_step(holding, ActionKind.CANCEL_SUBSCRIPTION, holding.target, fields, at, closes, wish)
    missed = "the trial runs on" if trials.is_trial(holding) else "the whole term is owed"
    why = (
        f"cancelled inside its window, which closes {closes:%Y-%m-%d %H:%M} UTC; afterwards {missed}; access is lost "
        f"at once{add_ons.told_of_cancelling(holding, rules)}"
    )
    return replace(step, why=why, rule=WINDOW)


def _told_of_data(last: date | None, rules: Rules) -> str:
    known = data_until(last, rules)
    return "" if known is None else f"; access ends with {last}, the data is kept until {known} at least"
