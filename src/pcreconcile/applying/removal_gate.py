"""The last look before a relationship is removed: the whole customer is read again, completely.

Removing turns every earlier step one-way and ends what can be seen and repaired, so it is sent only when each other
action of the plan for this customer is verified and nothing that the plan did not know has appeared or changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pcreconcile.applying.context import RunContext
from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.looks import Moment, keep_look
from pcreconcile.applying.progress import Progress
from pcreconcile.applying.staleness import differences, live_customer
from pcreconcile.model.errors import IncompleteRead, NoAnswer, RemoteError
from pcreconcile.model.estate import Customer, CustomerState
from pcreconcile.model.extras import Extra, extra_read, extras_seen
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
    live = live_customer(state, listed)
    found = differences(customer.observed, live, others, customer.desired.domain)
    return Closed(Happening.SHOWS_NEITHER, "; ".join(found)) if found else None


def unread(state: CustomerState, customer: CustomerPlan) -> str:
    """What the plan was made from and could not be read again, in words; "" when nothing is missing.

    Of a customer who is gone only delegated access can still be read; that the relationship has ended says more.
    """
    missing = set(customer.observed.extras) - set(extras_seen(state))
    if state.customer is None or state.customer.relationship == "none":
        missing -= {Extra.RESERVATIONS, Extra.TRANSFERS, Extra.RESELLERS}
    reads = {extra: extra_read(state, extra) for extra in sorted(missing)}
    told = [f"{extra}: {read.problem if read is not None else 'not read'}" for extra, read in reads.items()]
    return "; ".join([*state.problems, *told])


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
