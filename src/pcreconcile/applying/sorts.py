"""The sorts of actions that a policy wants approved and `allowed_signers` hands out: one-way, takes-service, ….

A plan says of each action how far it can be undone and what it does to the customer. A plan is a file that somebody
hands over, and its ID does not cover these words, so they can make an action weigh more and never less than its kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from pcreconcile.model.plan import Action, ActionKind, Effect, Reversibility

ONE_WAY = "one-way"
TAKES_SERVICE = Effect.TAKES_SERVICE.value
COMMITS_MONEY = Effect.COMMITS_MONEY.value
SORTS = (ONE_WAY, TAKES_SERVICE, COMMITS_MONEY)

# What only the counterparty can undo is out of our hands, and counts as one-way.
_FINAL = frozenset({Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY})

# At least this much an action of that kind is, whatever a plan says. Everything that planning makes is at least that
# much by itself; where it depends on the product (a savings plan is cancelled without anybody losing service), the kind
# alone says nothing.
FLOOR: Mapping[ActionKind, frozenset[str]] = {
    ActionKind.REMOVE_RELATIONSHIP: frozenset({ONE_WAY}),  # only the customer's admin can accept a new invitation
    ActionKind.CANCEL_SUBSCRIPTION: frozenset({ONE_WAY}),  # bought again, it is another subscription at today's price
    ActionKind.CANCEL_ORDER_LINE: frozenset({ONE_WAY, TAKES_SERVICE}),  # licence keys are revoked
    ActionKind.RETURN_RESERVATION: frozenset({ONE_WAY}),  # the refund counts against a yearly allowance
    ActionKind.REMOVE_DELEGATED_ADMIN: frozenset({ONE_WAY}),  # the customer's admin has to grant it again
    ActionKind.TERMINATE_DELEGATED_ACCESS: frozenset({ONE_WAY}),  # as above
    ActionKind.SUSPEND_SUBSCRIPTION: frozenset({TAKES_SERVICE}),  # users lose access at once
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: frozenset({TAKES_SERVICE}),  # everything in it stops
    ActionKind.SET_RENEWAL: frozenset({COMMITS_MONEY}),  # another term, or an extended one by the month
}

_RENEWS = ("autoRenewEnabled", True)  # a postcondition that lets a term be followed by another paid one


def sorts_of(action: Action) -> frozenset[str]:
    """All sorts of an action: what its kind makes it, what it writes, and what the plan says of it besides."""
    said = {action.effect.value} & set(SORTS)
    if action.reversibility in _FINAL:
        said.add(ONE_WAY)
    name, renewing = _RENEWS
    if action.postcondition.get(name) == renewing:
        said.add(COMMITS_MONEY)
    return FLOOR.get(action.kind, frozenset()) | said
