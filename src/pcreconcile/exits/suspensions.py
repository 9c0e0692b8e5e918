"""Who suspended it: `suspensionReasons` alone do not tell, because the service may set one for our own suspension, too.

A 200 of our own PATCH comes back with `suspensionReasons` possibly set (API facts, 5.6), and Partner Center documents
no values for them. What Microsoft does document are the reasons for which it suspends a subscription itself; the same
words in `SubscriptionStatusReason` of its billing API. Its other words there (Cancelled, None, Other) say nothing about
who it was. Where the journal shows that we did it, it was ours unless the reason is one of these; where it does not,
any reason counts as Microsoft's. A line that names the subscription by its ID may always try: the service has the last
word.
"""

from __future__ import annotations

from pcreconcile.exits.exit import Claim, Wish
from pcreconcile.model.estate import Subscription

# learn.microsoft.com: Azure.ResourceManager.Billing SubscriptionStatusReason, read on 2026-12-01.
BY_MICROSOFT = (
    "Expired",
    "PastDue",
    "PolicyViolation",
    "SpendingLimitReached",
    "SuspiciousActivity",
    "Transferred",
)
_FOLDED = frozenset(reason.casefold() for reason in BY_MICROSOFT)


def only_microsoft_lifts_it(row: Subscription, wish: Wish) -> bool:
    """Whether it counts as suspended by Microsoft, so that nothing of ours brings it back."""
    if not row.suspension_reasons or wish.claim is Claim.NAMED:
        return False
    return wish.claim is Claim.NONE or any(_folded(reason) in _FOLDED for reason in row.suspension_reasons)


def _folded(reason: str) -> str:
    """`Past due`, `past_due` and `PastDue` are one word."""
    return "".join(each for each in reason.casefold() if each.isalnum())
