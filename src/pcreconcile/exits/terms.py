"""Windows and term ends of modern products (new-commerce licences, software subscriptions), in one place.

The API's own cancellationAllowedUntilDate is the authority; null means that it cannot be cancelled (API facts, 5.5).
"""

from __future__ import annotations

from datetime import date, datetime

from pcreconcile.exits.exit import (
    Evidence,
    Exit,
    Holding,
    Serve,
    Step,
    Wish,
    blocked,
    by_rule,
    deadline,
    not_understood,
    nothing,
)
from pcreconcile.exits.keeping import at_term_end, keeping
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire, Refunds
from pcreconcile.model.estate import Subscription
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, Blocker, Deadline, Effect, Reversibility, Target
from pcreconcile.model.rules import Rules

_OVER = frozenset({"suspended", "expired", "disabled"})
CANCEL_AT_END = ["TermEnd/Cancel"]
RENEWS: Fields = {"autoRenewEnabled": True, "scheduledActions": ["TermEnd/RenewToNewTerm"]}
EXTENDS: Fields = {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"]}


def recognised(subject: Subject, product_type: str, product_prefix: str) -> Evidence | None:
    """A subscription row by its productType (lower case), else by the product ID of its offer (API facts, 5.3)."""
    row = subject.subscription
    if row is None:
        return None
    if (row.product_type or "").lower() == product_type:
        return Evidence(f"productType {row.product_type}")
    if row.offer_id.upper().startswith(product_prefix):
        return Evidence(f"offer {row.offer_id} begins with {product_prefix}")
    return None


def decided_by_status(holding: Holding, row: Subscription, over: str, rules: Rules) -> Exit | None:
    """What the status alone decides; None for a subscription that is active or suspended. `over` is the rule for one
    whose term is over and that is still shown."""
    match row.status:
        case "active" | "suspended":
            return None
        case "deleted":
            return nothing()
        case "expired" | "disabled":
            return by_rule(over, holding, rules)
        case "pending":
            return pending(holding)
    return not_understood("unknown-status", holding, f"the subscription status '{row.status}'")


def decided_by_rule(holding: Holding, row: Subscription, rules: Rules) -> Exit | None:
    """What `<family>.<status>` decides of a legacy subscription; None for one that has to be ended first."""
    return by_rule(f"{holding.family}.{row.status}", holding, rules) if row.status in _OVER else None


def cancel_instant(closes: datetime | None, wish: Wish, now: datetime) -> datetime | None:
    """When the wish lets a cancellation inside the window be sent; None when that is too late or not wanted.

    `closes` is the window's last instant, None for something that cannot be cancelled.
    """
    if closes is None or wish.desire is LineDesire.CANCEL_AT_TERM_END:
        return None
    at = max(wish.start, now)
    hurries = wish.refunds is Refunds.REQUIRE or wish.desire is LineDesire.CANCEL
    if wish.service_end is not None and not hurries:
        at = max(at, wish.service_end)
    return at if at <= closes else None


def serve_window(wish: Wish) -> Serve:
    """An open window hurries, unless the manifest ignores refunds; then service is taken at the common pace."""
    explicit = wish.desire is LineDesire.CANCEL
    return Serve.PACE if wish.refunds is Refunds.IGNORE and not explicit else Serve.WINDOW


def cancel_step(
    holding: Holding,
    kind: ActionKind,
    target: Target,
    fields: tuple[Fields, Fields],
    at: datetime,
    closes: datetime,
    wish: Wish,
) -> Step:
    """Cancel inside the window: one-way, access is lost at once. `fields` are pre- and postcondition."""
    return Step(
        kind=kind,
        target=target,
        precondition=fields[0],
        postcondition=fields[1],
        reversibility=Reversibility.ONE_WAY,
        effect=Effect.TAKES_SERVICE,
        serve=serve_window(wish),
        why=f"cancelled inside its window, which closes {closes:%Y-%m-%d %H:%M} UTC; afterwards the whole term is owed",
        seats=holding.subject.quantity,
        closes_at=closes,
        not_before=at,
    )


def ends_by_itself(subscription: Subscription, wanted: Fields) -> bool:
    """Whether the end-of-term instruction that is wanted already stands; what has its own date is no part of it."""
    seen: Fields = {"autoRenewEnabled": subscription.auto_renew, "scheduledActions": at_term_end(subscription)}
    return all(seen[name] == value for name, value in wanted.items())


def instruct_step(holding: Holding, wanted: Fields, why: str, after: tuple[tuple[str, str], ...] = ()) -> Step:
    """Set the end-of-term instruction, read back like any other write; what else is scheduled stays."""
    step = Step(
        kind=ActionKind.CANCEL_AT_TERM_END,
        target=holding.target,
        precondition={"status": "active"},
        postcondition=wanted,
        reversibility=Reversibility.REVERSIBLE,
        effect=Effect.PROTECTIVE,
        serve=Serve.AT_ONCE,
        why=why,
        seats=holding.subject.quantity,
        after=after,
    )
    row = holding.subject.subscription
    return step if row is None else keeping(step, row)


def wait_for_term_end(holding: Holding, clears_at: date | None, what: str) -> tuple[Blocker, ...]:
    """The blocker of a term that has to run out."""
    how = f"{what} until its term has ended" if clears_at is not None else f"{what}; the service names no term end"
    return blocked("term-running", holding, how, clears_at).blockers


def pending(holding: Holding) -> Exit:
    """An order or change in progress: nobody says when it ends (800060, 800014)."""
    how = "an order or change is in progress; it must finish first"
    return blocked("order-in-progress", holding, how, rule="order.in-progress")


def window_closes(holding: Holding, at: datetime | None) -> tuple[Deadline, ...]:
    """The deadline of a cancellation window."""
    return deadline("window-closes", holding, at, "its cancellation window closes")


def term_ends(holding: Holding, at: datetime | None) -> tuple[Deadline, ...]:
    """The deadline of a term at whose end something must have been said."""
    return deadline("term-ends", holding, at, "its term ends")
