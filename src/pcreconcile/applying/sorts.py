"""The sorts of actions that a policy wants approved and `allowed_signers` hands out: one-way, takes-service, ….

What an action weighs at least is said by its kind (`model.gravity`): a plan is a file that somebody hands over, and its
ID does not cover the words about its acts, so they can make an act weigh more and never less.
"""

from __future__ import annotations

from pcreconcile.model.gravity import COMMITS_MONEY, ONE_WAY, TAKES_SERVICE, gravity_of
from pcreconcile.model.plan import Action

SORTS = (ONE_WAY, TAKES_SERVICE, COMMITS_MONEY)  # those that a line of `allowed_signers` can reserve

_RENEWS = ("autoRenewEnabled", True)  # a postcondition that lets a term be followed by another paid one


def sorts_of(action: Action) -> frozenset[str]:
    """All sorts of an action: what its kind makes it, what it writes, and what the plan says of it besides."""
    name, renewing = _RENEWS
    renews = action.postcondition.get(name) == renewing
    return gravity_of(action) | (frozenset({COMMITS_MONEY}) if renews else frozenset())


def reserved_sorts_of(action: Action) -> frozenset[str]:
    """Those of them that a signer must have been given."""
    return sorts_of(action) & frozenset(SORTS)
