"""The plan's terms in words that a licensing desk uses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.money import Money
from pcreconcile.model.plan import (
    Action,
    ActionKind,
    Blocker,
    CustomerPlan,
    Effect,
    MoneySummary,
    Plan,
    Reversibility,
    Target,
    Verdict,
)
from pcreconcile.rendering.text import outside, prose

UNKNOWN = "unknown"

ACTIONS = {
    ActionKind.CANCEL_SUBSCRIPTION: "cancel subscription",
    ActionKind.CANCEL_AT_TERM_END: "let it end with its term",
    ActionKind.SET_RENEWAL: "set renewal",
    ActionKind.SUSPEND_SUBSCRIPTION: "suspend subscription",
    ActionKind.REACTIVATE_SUBSCRIPTION: "reactivate subscription",
    ActionKind.CANCEL_ORDER_LINE: "cancel purchase",
    ActionKind.RETURN_RESERVATION: "return reservation",
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: "cancel Azure subscription",
    ActionKind.REACTIVATE_AZURE_SUBSCRIPTION: "reactivate Azure subscription",
    ActionKind.REMOVE_RELATIONSHIP: "remove the reseller relationship",
    ActionKind.REQUEST_RELATIONSHIP: "request a reseller relationship",
    ActionKind.REMOVE_DELEGATED_ADMIN: "remove delegated administration (DAP)",
    ActionKind.TERMINATE_DELEGATED_ACCESS: "terminate delegated access (GDAP)",
    ActionKind.MANUAL: "by hand",
}

REVERSIBILITY = {
    Reversibility.REVERSIBLE: "reversible",
    Reversibility.LOSSY: "reversible, but settings are lost",
    Reversibility.ONE_WAY: "ONE-WAY: cannot be undone",
    Reversibility.NEEDS_COUNTERPARTY: "ONE-WAY without the customer's consent",
}

EFFECTS = {
    Effect.TAKES_SERVICE: "takes service",
    Effect.COMMITS_MONEY: "commits money",
    Effect.PROTECTIVE: "protects",
    Effect.NEUTRAL: "",
}

VERDICTS = {
    Verdict.REFUSED: "a check refused it",
    Verdict.UNKNOWN: "not everything could be read, so nothing is planned",
    Verdict.CONVERGED: "nothing to do",
    Verdict.BLOCKED: "something stands in the way and has no date",
    Verdict.WAITING: "something stands in the way until a date",
    Verdict.READY: "the whole path runs in this run",
}


def day_time(instant: datetime) -> str:
    """An instant to the minute, in UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def day_in(instant: datetime, zone: str) -> str:
    """The same instant as the partner's clocks show it; empty where those show UTC."""
    local = instant.astimezone(ZoneInfo(zone))
    return "" if local.utcoffset() == timedelta(0) else f"{local:%Y-%m-%d %H:%M} {outside(zone)}"


def days_left(days: int) -> str:
    """`today`, `1 day left`, `2 days left`."""
    return f"{counted(days, 'day')} left" if days else "less than a day left"


def amounts(money: Iterable[Money]) -> str:
    """Sums of several currencies."""
    return " + ".join(str(amount) for amount in money)


def summed(known: Iterable[Money], unknown: int) -> str:
    """Known amounts added up; what nobody knows is said, never counted as zero."""
    told = amounts(known)
    if not told:
        return UNKNOWN
    return f"{told} (and {unknown} {UNKNOWN})" if unknown else told


def money(found: MoneySummary) -> str:
    """What a customer's or a fleet's actions come to; empty where nothing has a price at all."""
    known = (found.refund, found.lost_per_day, found.committed)
    if not any(known):
        return "refund, cost of waiting and commitment are unknown" if found.unknown else ""
    members = ("refund", "lostPerDay", "committed")
    refund, lost, owed = (summed(sums, found.unknown.get(name, 0)) for sums, name in zip(known, members, strict=True))
    return f"refund if done now {refund}; each day of waiting {lost}; committed until term end {owed}"


def target_name(target: Target) -> str:
    """What people call it, else its ID."""
    return outside(target.name or target.id)


def what(action: Action) -> str:
    """What an action does, and to what; the customer itself goes without saying."""
    name = ACTIONS[action.kind]
    if action.kind is ActionKind.MANUAL:
        return target_name(action.target)
    return name if action.target.type == "customer" else f"{name}: {target_name(action.target)}"


def reversible(action: Action) -> str:
    """Whether an action can be undone, and until when."""
    until = f"reversible until {action.reversible_until}" if action.reversible_until else "reversible"
    return REVERSIBILITY[action.reversibility].replace("reversible", until, 1)


def action_names(plan: Plan) -> dict[str, str]:
    """Every action of a plan in words, by its ID."""
    return {action.id: what(action) for customer in plan.customers for action in customer.actions}


def wish(desired: DesiredCustomer) -> str:
    """The manifest's wish with its reason and ticket."""
    reason = f", because: {outside(desired.reason)}" if desired.reason else ""
    ticket = f" ({outside(desired.ticket)})" if desired.ticket else ""
    dates = (("not before", desired.not_before), ("service until", desired.service_until), ("due", desired.deadline))
    limits = "".join(f"; {label} {day}" for label, day in dates if day)
    return f"{desired.relationship}{reason}{ticket}{limits}"


def removal(customer: CustomerPlan) -> str:
    """When the relationship can be removed and what binds that date; empty when removal is not wanted."""
    if customer.desired.relationship is not Relationship.REMOVED or customer.verdict is Verdict.CONVERGED:
        return ""
    if customer.observed.relationship == "none" and customer.verdict is not Verdict.REFUSED:
        return ""  # it is gone already; what is left to do is something else
    binding = f", bound by {blocker(customer.binding_blocker)}" if customer.binding_blocker else ""
    if customer.earliest_removal is None:
        by_hand = any(action.instructions for action in customer.actions)
        return f"nobody can know when{binding or (', it waits for what is done by hand' if by_hand else '')}"
    doubt = f" ({customer.confidence} confidence)" if customer.confidence == "low" else ""
    return f"{customer.earliest_removal} at the earliest{doubt}{binding}"


def blocker(found: Blocker) -> str:
    """A blocker's code and the thing that it stands for."""
    return f"{outside(found.code)}: {target_name(found.target)}" if found.target else outside(found.code)


def until(found: Blocker) -> str:
    """How long a blocker stands."""
    return f"until {found.clears_at}" if found.clears_at else "no date known"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 customer`, `2 customers`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def rule(name: str | None) -> str:
    """The rule that something rests on, in short form."""
    return f"rule {outside(name)}" if name else ""


def how(found: Blocker) -> str:
    """How a blocker can be cleared."""
    return prose(found.how)
