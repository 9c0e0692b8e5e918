"""Marketplace software as a service: cancelled for a full refund in its short window, else its term runs out.

Cancelling the Azure subscription beside it does not end it, so it comes first. Metered usage is billed in any case. It
is ended by its subscription row, never by its order (800077), and `autoRenewEnabled:false` alone ends its term.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import licenses, plain_terms, renewing, staying, terms
from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, blocked, nothing, warning
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.ruled import as_ruled
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.rules import Rules

FAMILY = Family.MARKETPLACE_SAAS
ASKED = 80
PLACE = 10
PRECEDES: tuple[Precedence, ...] = (
    Precedence(
        Family.AZURE_PLAN,
        "cancelling an Azure subscription does not cancel it, and it would go on being billed",
        "learn.microsoft.com: cancel-an-azure-subscription",
    ),
)
ENDS_BY_SUSPENDING = False
renew, stay = staying.renew, renewing.stay
PRODUCT_TYPES = frozenset({"saas", "azuremarketplacesaas"})
PRODUCT_PREFIX = "DZH318Z0"
MICROSOFT = "microsoft"
_WINDOW = f"{FAMILY}.cancel-window"
PLAIN = plain_terms.Plain(
    rule=f"{FAMILY}.term-end",
    what="outside its cancellation window: its term is owed, and metered usage is billed",
    why="auto-renew off, so that no new term is bought from the publisher",
    besides="; metered usage is billed in any case",
)
_BUSINESS_CENTRAL = f"{FAMILY}.business-central-window"


def recognise(subject: Subject) -> Evidence | None:
    """A licence-billed row of productType SaaS, or of another publisher in the marketplace (API facts, 5.3).

    What is billed by usage is a resource in an Azure subscription, and a product type that is none of these is not
    understood: neither is claimed here.
    """
    row = subject.subscription
    if row is None or (row.billing_type or "").lower() not in {"", "license"}:
        return None
    kind = _folded(row.product_type)
    if kind in PRODUCT_TYPES:
        return Evidence(f"productType {row.product_type}, publisher {row.publisher}, billingType {row.billing_type}")
    if kind or row.is_microsoft_product is not False or _is_microsoft(row.publisher):
        return None
    if not row.offer_id.upper().startswith(PRODUCT_PREFIX):
        return None
    return Evidence(f"isMicrosoftProduct false, publisher {row.publisher}, offer {row.offer_id}")


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Inside the window: cancel, for a full refund. Outside: auto-renew off, and its term runs out."""
    row = licenses.row_of(holding)
    decided = terms.decided_by_status(holding, row, f"{FAMILY}.expired", rules)
    return as_ruled(_end(holding, row, wish, rules, now), f"{FAMILY}.active", rules) if decided is None else decided


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """It is not part of dunning, and a partner cannot suspend it (API facts, 5.2)."""
    if licenses.row_of(holding).status != "active":
        return nothing()
    if wish.desire is LineDesire.SUSPEND:
        how = "a marketplace subscription cannot be suspended; say cancel or cancel-at-term-end"
        return blocked("not-possible", holding, how)
    text = f"{holding.target.name}: the marketplace subscription goes on and is billed"
    return Exit(warnings=(warning("not-suspended", holding, text),))


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing of ours to resume."""
    return nothing()


def window_of(row: Subscription, name: str, rules: Rules) -> tuple[datetime | None, str]:
    """The last instant at which it can be cancelled, None for never, and the rule that it falls under.

    The service's own words come first: the date field, then the refund options. Only where it says nothing, the window
    of the rule pack counts from the start that is known.
    """
    central = _is_microsoft(row.publisher) and "business central" in name.lower()
    rule = _BUSINESS_CENTRAL if central else _WINDOW
    if row.cancellation_allowed_until is not None:
        return row.cancellation_allowed_until, rule
    if row.refund_options:
        full = [each.expires for each in row.refund_options if each.type.lower() == "full" and each.expires]
        return max(full, default=None), rule
    started = row.effective_start or row.created
    return (None if started is None else started + rules.days(rule)), rule


def _end(holding: Holding, row: Subscription, wish: Wish, rules: Rules, now: datetime) -> Exit:
    closes, rule = window_of(row, holding.subject.name, rules)
    cancelling = plain_terms.Cancelling(
        kind=ActionKind.CANCEL_SUBSCRIPTION,
        target=holding.target,
        fields=({"status": row.status}, {"status": "deleted"}),
        closes=closes,
        rule=rule,
    )
    return plain_terms.leave(plain_terms.Leaving(holding, row, PLAIN, cancelling, wish, rules, now))


def _is_microsoft(publisher: str | None) -> bool:
    return (publisher or "").lower().startswith(MICROSOFT)


def _folded(product_type: str | None) -> str:
    return "".join(each for each in (product_type or "").lower() if each.isalnum())
