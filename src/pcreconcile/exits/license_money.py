"""Money at stake in the steps of licences. A trial is free by rule; an Extended Service Term has a price of its own."""

from __future__ import annotations

from datetime import date, datetime

from pcreconcile.exits import charges, extended_price, term_money, trials
from pcreconcile.exits.exit import Holding
from pcreconcile.exits.spans import months_of
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionMoney
from pcreconcile.model.rules import Rules

REFUND = "new-commerce-license.refund"


def nothing(holding: Holding) -> ActionMoney:
    """It neither costs nor saves: known as soon as a currency is."""
    none = charges.none_of(holding)
    return ActionMoney(refund=none, lost_per_day=none, committed=none)


def of_cancelling(
    holding: Holding, rules: Rules, at: datetime, started: datetime | None, end: datetime | None
) -> ActionMoney:
    """Cancelled at that instant: what comes back, what a further day costs, and what is owed without it."""
    if trials.is_free(holding, rules):
        return nothing(holding)
    return term_money.of_cancelling(extended_price.priced(holding, rules), rules.word(REFUND), at, started, end)


def of_running_out(holding: Holding, rules: Rules, now: datetime, end: datetime | date | None) -> ActionMoney:
    """It goes on being billed until its term has ended, whatever is done now."""
    if trials.is_free(holding, rules):
        return nothing(holding)
    owed = charges.until(extended_price.priced(holding, rules), now, end)
    return ActionMoney(refund=charges.none_of(holding), lost_per_day=charges.none_of(holding), committed=owed)


def per_day(holding: Holding, rules: Rules) -> Money | None:
    """What a day of it is billed; nothing of a free trial."""
    free = trials.is_free(holding, rules)
    return charges.none_of(holding) if free else charges.per_day(extended_price.priced(holding, rules))


def of_suspending(holding: Holding, rules: Rules) -> ActionMoney:
    """A legacy licence: each day before it is billed, none after; no source says what comes back of a started cycle."""
    if trials.is_free(holding, rules):
        return nothing(holding)
    return ActionMoney(lost_per_day=per_day(holding, rules), committed=charges.none_of(holding))


def of_renewing(holding: Holding) -> ActionMoney:
    """What its next term commits, at the price of the present one; its length is known or the amount is not."""
    none, months = charges.none_of(holding), months_of(_term(holding))
    cost = None if months is None else charges.term(holding, months)
    return ActionMoney(refund=none, lost_per_day=none, committed=cost)


def of_extending(holding: Holding, rules: Rules) -> ActionMoney:
    """What the first month of the Extended Service Term commits."""
    none = charges.none_of(holding)
    cost = charges.term(extended_price.surcharged(holding, rules), 1)
    return ActionMoney(refund=none, lost_per_day=none, committed=cost)


def _term(holding: Holding) -> str | None:
    row = holding.subject.subscription
    return None if row is None else row.term_duration
