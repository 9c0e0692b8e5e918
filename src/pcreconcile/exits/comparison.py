"""Dunning a licence that could still be cancelled: what either costs, so that a person can choose by a line."""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import license_money, trials
from pcreconcile.exits.exit import Holding, warning
from pcreconcile.model.estate import Subscription
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Notice
from pcreconcile.model.rules import Rules


def cancel_or_suspend(holding: Holding, row: Subscription, rules: Rules, now: datetime) -> tuple[Notice, ...]:
    """The comparison, while the cancellation window is open; a free trial has nothing to compare."""
    closes = row.cancellation_allowed_until
    if closes is None or now > closes or trials.is_free(holding, rules):
        return ()
    money = license_money.of_cancelling(holding, rules, now, row.effective_start, row.commitment_end)
    daily = license_money.per_day(holding, rules)
    text = (
        f"{holding.target.name}: cancelling until {closes:%Y-%m-%d %H:%M} UTC gives back {_said(money.refund)} and "
        f"ends the commitment of {_said(money.committed)}; suspending goes on being billed, {_said(daily)} per day"
    )
    return (warning("cancel-or-suspend", holding, text),)


def _said(amount: Money | None) -> str:
    return "an unknown amount" if amount is None else str(amount)
