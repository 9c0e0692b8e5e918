"""Azure plans: cancel each Azure subscription under it, wait until the read shows it, then suspend the plan.

The service refuses to suspend a plan over running Azure subscriptions (900115), and an unsuspended plan blocks the
removal with a message that calls it a reservation. Azure subscriptions are cancelled only when a line says so; an Azure
plan with nothing running under it is suspended without asking.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import licenses, staying, terms
from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Serve,
    Step,
    Wish,
    by_rule,
    not_understood,
    nothing,
    warning,
)
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.ruled import as_ruled
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import AzureEntitlement
from pcreconcile.model.family import Family
from pcreconcile.model.observed import ENDED_AZURE_STATUSES
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Reversibility, Target
from pcreconcile.model.rules import Rules

FAMILY = Family.AZURE_PLAN
ASKED = 30
PLACE = 70
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = True
renew, stay = staying.renew, staying.stay
PRODUCT = "DZH318Z0BPS6"
_RUNNING, _BACK = f"{FAMILY}.running-subscriptions", f"{FAMILY}.reactivation-window"
_KNOWN_PLANS = frozenset({"active", "suspended", "deleted", "expired", "disabled"})
_KNOWN_STATUSES = ENDED_AZURE_STATUSES | {"active"}


def recognise(subject: Subject) -> Evidence | None:
    """The Azure plan's product, or usage billing of productType Azure (API facts, 5.3)."""
    row = subject.subscription
    if row is None:
        return None
    if row.offer_id.upper().split(":")[0] == PRODUCT:
        return Evidence(f"offer {row.offer_id}")
    if (row.billing_type or "").lower() == "usage" and (row.product_type or "").lower() == "azure":
        return Evidence("usage billing of productType Azure")
    return None


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Cancel what runs under the plan where a line decided so, then suspend the plan."""
    status = licenses.row_of(holding).status
    if status == "pending":
        return terms.pending(holding)
    if status not in _KNOWN_PLANS:
        return not_understood("unknown-status", holding, f"the subscription status '{status}'")
    if holding.subject.azure is None:
        return not_understood(
            "azure-not-read", holding, "what runs under this plan: its Azure subscriptions were not read"
        )
    unclear = [entry for entry in holding.subject.azure if entry.status not in _KNOWN_STATUSES]
    if unclear:
        return Exit(blockers=tuple(_unclear(entry) for entry in unclear), closed=True)
    return _end(holding, holding.subject.azure, wish, rules, now)


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Azure is not part of dunning; a plan can only be suspended when nothing runs under it."""
    if licenses.row_of(holding).status != "active":
        return nothing()
    if wish.desire is LineDesire.SUSPEND:
        return leave(holding, wish, rules, now)
    text = f"{holding.target.name}: Azure goes on running and being billed"
    return Exit(warnings=(warning("not-suspended", holding, text),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Reactivate the plan; its Azure subscriptions are named one by one."""
    found = licenses.reactivate(holding, wish)
    return replace(found, steps=tuple(replace(step, rule=_BACK) for step in found.steps))


def _end(holding: Holding, entries: tuple[AzureEntitlement, ...], wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Cancel what may be cancelled; with nothing left to run under it, the plan itself ends."""
    running = [entry for entry in entries if entry.status not in ENDED_AZURE_STATUSES]
    undecided = tuple(_undecided(entry) for entry in running if not _may_cancel(entry, wish))
    cancels = tuple(_cancel(entry, wish, rules, now) for entry in running if _may_cancel(entry, wish))
    if undecided:
        return as_ruled(Exit(steps=cancels, blockers=undecided), _RUNNING, rules)
    ended = _end_plan(holding, cancels, wish, rules, now)
    return replace(ended, steps=cancels + ended.steps)


def _may_cancel(entry: AzureEntitlement, wish: Wish) -> bool:
    line = wish.azure_lines.get(entry.id.lower())
    return line is LineDesire.CANCEL if line is not None else wish.azure_cancel


def _target(entry: AzureEntitlement) -> Target:
    return Target(type="azure-subscription", id=entry.id, name=entry.name or entry.id)


def _unclear(entry: AzureEntitlement) -> Blocker:
    how = f"pcreconcile does not know the Azure subscription status '{entry.status}'; nothing is written until it does"
    return Blocker(code="unknown-status", target=_target(entry), clears_at=None, how=how)


def _undecided(entry: AzureEntitlement) -> Blocker:
    how = "a running Azure subscription is cancelled only when a line says desired: cancel for azure-plan or for its ID"
    return Blocker(code="azure-needs-decision", target=_target(entry), clears_at=None, how=how, rule=_RUNNING)


def _cancel(entry: AzureEntitlement, wish: Wish, rules: Rules, now: datetime) -> Step:
    days = rules.days(_BACK)
    return Step(
        kind=ActionKind.CANCEL_AZURE_SUBSCRIPTION,
        target=_target(entry),
        precondition={"status": entry.status},
        postcondition={"running": False},
        reversibility=Reversibility.REVERSIBLE,
        effect=Effect.TAKES_SERVICE,
        serve=Serve.PACE,
        why=f"everything in it stops; it can be reactivated for {days.days} days, then it is deleted",
        rule=_BACK,
        kept_for=days,
    )


def _end_plan(holding: Holding, cancels: tuple[Step, ...], wish: Wish, rules: Rules, now: datetime) -> Exit:
    """An active plan is suspended; what remains of it otherwise, the rules say."""
    match licenses.row_of(holding).status:
        case "active" if rules.word(f"{FAMILY}.active") != "free" or wish.desire is not None:
            return Exit(steps=(_suspend_plan(holding, cancels, wish, rules, now),))
        case "suspended":
            return by_rule(f"{FAMILY}.suspended", holding, rules)
        case "expired" | "disabled":
            return by_rule(f"{FAMILY}.expired", holding, rules)
    return nothing()


def _suspend_plan(holding: Holding, cancels: tuple[Step, ...], wish: Wish, rules: Rules, now: datetime) -> Step:
    why = "nothing runs under the plan; the removal is refused while it is not suspended"
    step = licenses.suspend_step(holding, Reversibility.REVERSIBLE, why, seats=0)
    after = tuple((each.target.type, each.target.id) for each in cancels)
    return replace(step, after=after, rule=f"{FAMILY}.active", kept_for=rules.days(_BACK) if cancels else None)
