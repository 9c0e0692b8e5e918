"""What legacy and new-commerce licences have in common: add-ons hang on their base, suspending and reactivating."""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import terms
from pcreconcile.exits.exit import Exit, Holding, Serve, Step, Wish, blocked, not_understood, nothing, warning
from pcreconcile.exits.suspensions import only_microsoft_lifts_it
from pcreconcile.model.estate import Subscription
from pcreconcile.model.plan import ActionKind, Effect, Reversibility


def row_of(holding: Holding) -> Subscription:
    """The subscription row; families that have one are recognised by it."""
    row = holding.subject.subscription
    if row is None:
        raise AssertionError("a holding of this family has a subscription row")
    return row


def follows_its_base(holding: Holding) -> bool:
    """An add-on of an active base is suspended through the base (exit rules, 1.2)."""
    base = holding.subject.base
    return base is not None and base.status == "active"


def suspend(holding: Holding, reversibility: Reversibility, consequence: str) -> Exit:
    """Suspend an active subscription; an add-on of an active base follows it without a step of its own."""
    found = suspend_alone(holding, reversibility, consequence)
    return nothing() if found.steps and follows_its_base(holding) else found


def suspend_alone(holding: Holding, reversibility: Reversibility, consequence: str) -> Exit:
    """Suspend an active subscription, whatever it hangs on."""
    row = row_of(holding)
    if row.status in {"suspended", "deleted", "expired", "disabled"}:
        return nothing()
    if row.status == "pending":
        return terms.pending(holding)
    if row.status != "active":
        return not_understood("unknown-status", holding, f"the subscription status '{row.status}'")
    return Exit(
        steps=(suspend_step(holding, reversibility, f"suspended: {consequence}", row.quantity),),
        warnings=(warning("suspension", holding, f"{holding.target.name}: {consequence}"),)
        if reversibility is Reversibility.LOSSY
        else (),
    )


def suspend_step(holding: Holding, reversibility: Reversibility, why: str, seats: int) -> Step:
    """Users lose access at once."""
    return Step(
        kind=ActionKind.SUSPEND_SUBSCRIPTION,
        target=holding.target,
        precondition={"status": "active"},
        postcondition={"status": "suspended"},
        reversibility=reversibility,
        effect=Effect.TAKES_SERVICE,
        serve=Serve.PACE,
        why=why,
        seats=seats,
    )


def reactivate(holding: Holding, wish: Wish) -> Exit:
    """Give the service back, the base before its add-ons (27009); never what Microsoft suspended."""
    row = row_of(holding)
    if row.status != "suspended":
        return nothing()
    if only_microsoft_lifts_it(row, wish):
        reasons = ", ".join(row.suspension_reasons)
        return blocked(
            "suspended-by-microsoft",
            holding,
            f"suspended for: {reasons}; only Microsoft lifts that; a line by its ID ({row.id}) tries all the same",
        )
    return Exit(steps=(reactivate_step(holding, "reactivated: the manifest wants it active"),))


def reactivate_step(holding: Holding, why: str, not_before: datetime | None = None) -> Step:
    """Users regain access; an add-on comes back after its base (27009)."""
    base = holding.subject.base
    return Step(
        kind=ActionKind.REACTIVATE_SUBSCRIPTION,
        target=holding.target,
        precondition={"status": "suspended"},
        postcondition={"status": "active"},
        reversibility=Reversibility.REVERSIBLE,
        effect=Effect.PROTECTIVE,
        serve=Serve.AT_ONCE,
        why=why,
        seats=holding.subject.quantity,
        not_before=not_before,
        after=() if base is None else (("subscription", base.id),),
    )
