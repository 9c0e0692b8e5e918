"""The last look before a relationship is removed: the whole customer is read again, completely.

Removing turns every earlier step one-way and ends what can be seen and repaired, so it is sent only when each other
action of the plan for this customer is verified and nothing that the plan did not know has appeared or changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pcreconcile.applying.context import RunContext
from pcreconcile.applying.drift import drift, unread
from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.looks import Moment, keep_look
from pcreconcile.applying.progress import Progress
from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import Customer
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import Action, ActionKind, CustomerPlan
from pcreconcile.model.run import ActionState

# Ended for themselves: neither does a removal wait for them, nor they for it unless they require it.
_ACCESS = frozenset({ActionKind.TERMINATE_DELEGATED_ACCESS, ActionKind.REMOVE_DELEGATED_ADMIN})


@dataclass(frozen=True, slots=True)
class Closed:
    """Why the removal is not sent. `happening` is None when the customer could not be read."""

    happening: Happening | None
    message: str


async def removal_gate(
    run: RunContext,
    customer: CustomerPlan,
    listed: Customer | None,
    steps: Mapping[ActionId, Progress],
    removal: Action,
) -> Closed | None:
    """None when the removal may be sent."""
    others = _others(customer.actions, removal)
    waiting = [action for action in others if action.kind not in _ACCESS and not _verified(steps, action)]
    if waiting:
        names = ", ".join(f"{action.kind} {action.target.id}" for action in waiting)
        return Closed(Happening.LEFT_ALONE, f"not everything else is done: {names}")
    try:
        state = await run.service.read_customer(customer.tenant_id, frozenset(customer.observed.extras))
    except (RemoteError, NoAnswer, IncompleteRead) as error:
        return Closed(None, str(error))
    keep_look(run, Moment.GATE, state, listed)
    if unseen := unread(state, customer):
        return Closed(None, unseen)
    different = drift(customer, state, listed, others)
    return Closed(Happening.SHOWS_NEITHER, different) if different else None


def _others(actions: Sequence[Action], removal: Action) -> list[Action]:
    """All actions but the removal and what comes after it."""
    after = {removal.id}
    grown = True
    while grown:
        found = {action.id for action in actions if action.id not in after and not after.isdisjoint(action.requires)}
        after |= found
        grown = bool(found)
    return [action for action in actions if action.id not in after]


def _verified(steps: Mapping[ActionId, Progress], action: Action) -> bool:
    step = steps.get(action.id)
    return step is not None and step.state is ActionState.VERIFIED
