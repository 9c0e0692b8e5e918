"""Extended Service Terms: paid month to month with a surcharge, cancellable at any time, refunded by the day.

No window closes, so nothing hurries: such a licence ends at the common pace and keeps the promise of service. It has
no family of its own; the trait (`traits.py`) tells it.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import add_ons, extended_price, license_money
from pcreconcile.exits.exit import Exit, Holding, Serve, Step, Wish, warning
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Trait
from pcreconcile.model.plan import ActionKind, ActionMoney, Effect, Notice, Reversibility
from pcreconcile.model.rules import Rules

RULE = "extended-service-term.cancel"


def is_extended(holding: Holding) -> bool:
    """Whether it is in an Extended Service Term now."""
    return Trait.EXTENDED_SERVICE_TERM in holding.traits


def ends_at_any_time(holding: Holding, wish: Wish, rules: Rules) -> bool:
    """Whether it can be cancelled now, and no line wants it to run to the end of its month."""
    if not is_extended(holding) or wish.desire is LineDesire.CANCEL_AT_TERM_END:
        return False
    return rules.word(RULE) == "any-time"


def leave(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Cancel at the common pace; a line that says cancel hurries."""
    money = license_money.of_cancelling(holding, rules, now, row.effective_start, row.commitment_end)
    why = (
        f"in an Extended Service Term, billed month by month ({extended_price.told(rules)}): cancelled at any time, "
        "the rest of its month is refunded by the day; access is lost at once"
    )
    return Exit(steps=(_cancel(holding, row, wish, rules, why, money=money),))


def leave_later(holding: Holding, row: Subscription, at: datetime, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Where its term is going to be extended before the end is due: then it is cancelled like any other."""
    why = f"extended from its term end on, billed month by month ({extended_price.told(rules)}), and cancelled then"
    money = replace(license_money.of_running_out(holding, rules, now, row.commitment_end), refund=None)
    step = _cancel(holding, row, wish, rules, why, money)
    return Exit(steps=(replace(step, not_before=at),), warnings=(slides(holding, row, rules),))


def stay(holding: Holding, rules: Rules) -> Exit:
    """Of a customer that stays: the surcharge is told."""
    price = extended_price.told(rules)
    text = f"{holding.target.name}: in an Extended Service Term, billed month by month with a surcharge ({price})"
    return Exit(warnings=(warning("in-extended-service-term", holding, text),))


def slides(holding: Holding, row: Subscription, rules: Rules) -> Notice:
    """The warning about a term that is going to be extended because nothing else was said."""
    end = "" if row.commitment_end is None else f" on {row.commitment_end:%Y-%m-%d}"
    text = (
        f"{holding.target.name}: auto-renew is off without an explicit Cancel; at its term end{end} it slides into a "
        f"paid Extended Service Term ({extended_price.told(rules)})"
    )
    return warning("extended-service-term", holding, text)


def _cancel(holding: Holding, row: Subscription, wish: Wish, rules: Rules, why: str, money: ActionMoney) -> Step:
    return Step(
        kind=ActionKind.CANCEL_SUBSCRIPTION,
        target=holding.target,
        precondition={"status": row.status},
        postcondition={"status": "deleted"},
        reversibility=Reversibility.ONE_WAY,
        effect=Effect.TAKES_SERVICE,
        serve=Serve.WINDOW if wish.desire is LineDesire.CANCEL else Serve.PACE,
        why=f"{why}{add_ons.told_of_cancelling(holding, rules)}",
        seats=holding.subject.quantity,
        money=money,
        rule=RULE,
    )
