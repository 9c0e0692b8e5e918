"""Money on the index page, for finance: what the proven writes should bring back or cost. Unknown is never zero.

A plan's `committed` means three things, which are never added up: what a renewal newly promises, what is still billed
until the end of a term that was told to be the last, and what would have been owed had a cancellation not been made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pcreconcile.model.evidence import ActionStory, CustomerStory, Evidence
from pcreconcile.model.money import Money, totals
from pcreconcile.model.plan import ActionKind, Effect
from pcreconcile.model.run import ActionState
from pcreconcile.rendering.words import amounts

NONE = "none"


class Row(msgspec.Struct, frozen=True):
    """What one customer's proven writes (or all of them) come to, in words."""

    refund: str
    promised: str
    running: str


def rows(evidence: Evidence) -> list[tuple[int, CustomerStory, Row]]:
    """The customers with any money at all, known or not, with their numbers on the page."""
    told = ((number, customer, whole([customer])) for number, customer in enumerate(evidence.customers, 1))
    return [each for each in told if set(msgspec.structs.astuple(each[2])) != {NONE}]


def whole(customers: Sequence[CustomerStory]) -> Row:
    """All these customers together, one sum per currency."""
    done = [action for customer in customers for action in _done(customer)]
    unknown = sum(customer.money.unknown.get("refund", 0) for customer in customers)
    return Row(
        refund=_told(totals(amount for customer in customers for amount in customer.money.refund), unknown),
        promised=_committed(action for action in done if _promises(action)),
        running=_committed(action for action in done if _runs_out(action)),
    )


def of_action(action: ActionStory) -> str:
    """An action's own money in a few words; empty where nobody knows any, or where there is none."""
    refund, committed = action.money.refund, action.money.committed
    told = [f"{refund} expected back"] if refund is not None and refund.amount else []
    if committed is not None and committed.amount:
        told.append(_meaning(action).format(committed))
    return ", ".join(told)


def _meaning(action: ActionStory) -> str:
    if _promises(action):
        return "{} newly committed"
    return "{} still billed until the term ends" if _runs_out(action) else "without it {} owed until the term ends"


def _promises(action: ActionStory) -> bool:
    return action.effect == Effect.COMMITS_MONEY


def _runs_out(action: ActionStory) -> bool:
    return action.kind == ActionKind.CANCEL_AT_TERM_END and not _promises(action)


def _done(customer: CustomerStory) -> Iterable[ActionStory]:
    """Each action that was carried out and seen, once."""
    found = (each for each in customer.actions if each.state is ActionState.VERIFIED and each.written)
    return {action.action: action for action in found}.values()


def _committed(actions: Iterable[ActionStory]) -> str:
    money = [action.money.committed for action in actions]
    return _told(totals(money), money.count(None))


def _told(known: Sequence[Money], unknown: int) -> str:
    missing = f"{unknown} unknown" if unknown else ""
    return ", and ".join(each for each in (amounts(known), missing) if each) or NONE
