"""Azure savings plans: a commitment that nobody can cancel or give back; it is transferred or it runs out.

The page about removing a relationship says to cancel them, the policy of Azure says that all purchases are final (API
facts, C11): the second is believed. What can be done is to switch off auto-renew, and no API is known for that.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import licenses, renewing, staying, term_money, terms
from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Serve,
    Step,
    Wish,
    blocked,
    by_rule,
    day_after,
    not_past,
    not_understood,
    nothing,
    warning,
)
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.ruled import as_ruled
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Instructions, Reversibility
from pcreconcile.model.rules import Rules

FAMILY = Family.SAVINGS_PLAN
ASKED = 15
PLACE = 25
PRECEDES: tuple[Precedence, ...] = (
    Precedence(
        Family.AZURE_PLAN,
        "it was bought through the plan and is managed there",
        "learn.microsoft.com: azure-purchase-savings-plan",
    ),
)
ENDS_BY_SUSPENDING = False
renew, stay = staying.renew, renewing.stay
BENEFIT = "benefit"
PRODUCT_TYPE = "savingsplan"
PORTAL = "https://portal.azure.com/"
ENDS: Fields = {"autoRenewEnabled": False}
_CANCEL, _AUTO_RENEW = f"{FAMILY}.cancel", f"{FAMILY}.auto-renew"


def recognise(subject: Subject) -> Evidence | None:
    """Billed as a benefit, or counted in benefits, or of a product type that says savings plan (API facts, 5.3)."""
    row = subject.subscription
    if row is None:
        return None
    if (row.billing_type or "").lower() == BENEFIT:
        return Evidence(f"billingType {row.billing_type}")
    if (row.unit_type or "").lower() == BENEFIT:
        return Evidence(f"unitType {row.unit_type}")
    if PRODUCT_TYPE in "".join(each for each in (row.product_type or "").lower() if each.isalnum()):
        return Evidence(f"productType {row.product_type}")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Its term runs out; where it would renew, auto-renew is switched off before."""
    row = licenses.row_of(holding)
    match row.status:
        case "active":
            return as_ruled(_end(holding, row, rules, now), f"{FAMILY}.active", rules)
        case "deleted":
            return nothing()
        case "expired" | "disabled":
            return by_rule(f"{FAMILY}.expired", holding, rules)
        case "pending":
            return terms.pending(holding)
    return not_understood("unknown-status", holding, f"the status '{row.status}' of a savings plan")


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """A commitment cannot be paused."""
    if licenses.row_of(holding).status != "active":
        return nothing()
    if wish.desire is LineDesire.SUSPEND:
        return blocked("not-possible", holding, "a savings plan cannot be suspended; it is transferred, or it runs out")
    text = f"{holding.target.name}: the savings plan stays and is billed, used or not"
    return Exit(warnings=(warning("not-suspended", holding, text),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing of ours to resume."""
    return nothing()


def _end(holding: Holding, row: Subscription, rules: Rules, now: datetime) -> Exit:
    if rules.word(_CANCEL) == "by-hand":
        return Exit(steps=(_cancelled_by_hand(holding, rules, now),))
    blockers = (_running(holding, row, now),)
    if terms.ends_by_itself(row, ENDS):
        return Exit(blockers=blockers)
    step = _no_renewal(holding, row, rules, now)
    return Exit(steps=(step,), blockers=blockers, deadlines=terms.term_ends(holding, row.commitment_end))


def _running(holding: Holding, row: Subscription, now: datetime) -> Blocker:
    what = "a savings plan cannot be cancelled or returned; it is transferred to another partner, or billed"
    end = row.commitment_end
    how = f"{what} until its term has ended" if end is not None else f"{what}; the service names no term end"
    clears_at = None if end is None else not_past(day_after(end), now)
    return Blocker("term-running", holding.target, clears_at, how, rule=_CANCEL)


def _no_renewal(holding: Holding, row: Subscription, rules: Rules, now: datetime) -> Step:
    step = terms.instruct_step(holding, ENDS, "auto-renew off, so that no new commitment is bought")
    money = term_money.of_running_out(holding, now, row.commitment_end)
    step = replace(step, money=money, rule=_AUTO_RENEW)
    if rules.word(_AUTO_RENEW) == "api":
        return step
    ends = "" if row.commitment_end is None else f" before {row.commitment_end:%Y-%m-%d}"
    text = f"Switch off auto-renew of {holding.target.name}{ends}: Azure portal, Savings plans, Renewal."
    who = "an owner of the savings plan order, with access to the customer's Azure"
    return replace(step, serve=Serve.MANUAL, instructions=Instructions(who=who, text=text, link=PORTAL))


def _cancelled_by_hand(holding: Holding, rules: Rules, now: datetime) -> Step:
    """Only where the partner's own rules say that somebody can: it was agreed with Microsoft."""
    return Step(
        kind=ActionKind.CANCEL_SUBSCRIPTION,
        target=holding.target,
        precondition={"status": "active"},
        postcondition={"status": "deleted"},
        reversibility=Reversibility.ONE_WAY,
        effect=Effect.NEUTRAL,
        serve=Serve.MANUAL,
        why="a live savings plan blocks the removal, and no API cancels it",
        rule=_CANCEL,
        instructions=Instructions(
            who="the licensing desk, with Microsoft support",
            text=f"Have Microsoft cancel the savings plan {holding.target.name}.",
            link=PORTAL,
        ),
    )
