"""The last look before a relationship is removed: the whole customer is read again, completely.

Removing turns every earlier step one-way and ends what can be seen and repaired, so it is sent only when each other
action of the plan for this customer is verified and nothing that the plan did not know has appeared or changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.ports import Service
from pcreconcile.applying.progress import Progress
from pcreconcile.applying.staleness import differences, live_customer
from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import Customer
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import Action, CustomerPlan
from pcreconcile.model.run import ActionState


@dataclass(frozen=True, slots=True)
class Closed:
    """Why the removal is not sent. `happening` is None when the customer could not be read."""

    happening: Happening | None
    message: str


async def removal_gate(
    service: Service,
    customer: CustomerPlan,
    listed: Customer | None,
    steps: Mapping[ActionId, Progress],
    removal: Action,
) -> Closed | None:
    """None when the removal may be sent."""
    others = _others(customer.actions, removal)
    waiting = [action for action in others if not _verified(steps, action)]
    if waiting:
        names = ", ".join(f"{action.kind} {action.target.id}" for action in waiting)
        return Closed(Happening.LEFT_ALONE, f"not everything else is done: {names}")
    try:
        state = await service.read_customer(customer.tenant_id)
    except (RemoteError, NoAnswer, IncompleteRead) as error:
        return Closed(None, str(error))
    if state.problems:
        return Closed(None, "; ".join(state.problems))
    live = live_customer(state, listed)
    found = differences(customer.observed, live, others, customer.desired.domain)
    return Closed(Happening.SHOWS_NEITHER, "; ".join(found)) if found else None


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
