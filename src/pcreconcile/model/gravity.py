"""How grave an action is, by what it is and not only by what a plan says about it.

A plan's ID covers its acts and not the words about them, so a plan can be made that calls a removal neutral. The kind
of an act sets a floor under those words: guards, budgets and approvals all go by it. Honest plans are not changed by
the floor, since each row says what `exits` and `planning` say of that kind when it is due.
"""

from __future__ import annotations

from collections.abc import Mapping

from pcreconcile.model.plan import Action, ActionKind, Effect, Reversibility

ONE_WAY = "one-way"  # what nobody, or only the counterparty, can undo
TAKES_SERVICE = Effect.TAKES_SERVICE.value
COMMITS_MONEY = Effect.COMMITS_MONEY.value
PROTECTIVE = Effect.PROTECTIVE.value
_NEUTRAL = Effect.NEUTRAL.value

_FINAL = frozenset({Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY})

FLOORS: Mapping[str, frozenset[str]] = {
    # Access ends at once, and the same subscription does not come back.
    ActionKind.CANCEL_SUBSCRIPTION: frozenset({ONE_WAY, TAKES_SERVICE}),
    ActionKind.CANCEL_ORDER_LINE: frozenset({ONE_WAY, TAKES_SERVICE}),
    # What was returned must be bought anew; the machines that it covered go on running.
    ActionKind.RETURN_RESERVATION: frozenset({ONE_WAY}),
    # Both can be reactivated, and nobody can use them meanwhile.
    ActionKind.SUSPEND_SUBSCRIPTION: frozenset({TAKES_SERVICE}),
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: frozenset({TAKES_SERVICE}),
    # Only the customer's administrator can give these back.
    ActionKind.REMOVE_RELATIONSHIP: frozenset({ONE_WAY}),
    ActionKind.REMOVE_DELEGATED_ADMIN: frozenset({ONE_WAY}),
    ActionKind.TERMINATE_DELEGATED_ACCESS: frozenset({ONE_WAY}),
    # Another term is bought.
    ActionKind.SET_RENEWAL: frozenset({COMMITS_MONEY}),
}


def gravity_of(action: Action) -> frozenset[str]:
    """The sorts of an action as a policy names them: `one-way` and effects, never less than its kind has."""
    return sorts_of(action.kind, action.reversibility, action.effect)


def sorts_of(kind: str, reversibility: str | None, effect: str) -> frozenset[str]:
    """As `gravity_of`, for an act that a journal tells; without a reversibility the kind alone says what is one-way."""
    floor = FLOORS.get(kind, frozenset())
    said = _NEUTRAL if floor and effect == PROTECTIVE else str(effect)
    final = frozenset({ONE_WAY}) if reversibility in _FINAL else frozenset[str]()
    if said == _NEUTRAL and floor - {ONE_WAY}:
        return floor | final
    return floor | final | {said}


def is_protective(action: Action) -> bool:
    """Exempt from freezes and from all budgets but its own."""
    return PROTECTIVE in gravity_of(action)
