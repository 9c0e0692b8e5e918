"""What a run has to do: the customers with due actions, and where the journal says that each of those stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from pcreconcile.applying.ceilings import BY_HAND
from pcreconcile.applying.guards import Pending
from pcreconcile.applying.history import ActionHistory
from pcreconcile.applying.progress import Progress
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import Action, ActionKind, CustomerPlan, Plan
from pcreconcile.model.plan_comparison import due_actions
from pcreconcile.model.run import ActionState


@dataclass(slots=True)
class Work:
    """One customer that has due actions, as the kept plan has it, and where each of them stands."""

    customer: CustomerPlan
    steps: dict[ActionId, Progress]

    @property
    def over(self) -> bool:
        """Whether earlier runs have done everything."""
        return all(step.over for step in self.steps.values())

    @property
    def touched_actions(self) -> list[Action]:
        """The actions that may have taken effect already."""
        return [step.action for step in self.steps.values() if step.past.touched]

    @property
    def removal_touched(self) -> bool:
        """Whether its removal may have taken effect, so that nothing of the customer needs to be visible any more."""
        removals = (s for s in self.steps.values() if s.action.kind is ActionKind.REMOVE_RELATIONSHIP)
        return any(step.past.touched for step in removals)


def named_by(fleet: DesiredFleet, plan: Plan) -> tuple[CustomerPlan, ...]:
    """The plan's customers under the names of their manifests, since a file may call them anything.

    Who has no manifest goes by the tenant ID.
    """
    names = {customer.tenant_id: customer.name for customer in fleet.customers}
    return tuple(replace(each, name=names.get(each.tenant_id, each.tenant_id)) for each in plan.customers)


def work_of(customers: Iterable[CustomerPlan], past: Mapping[ActionId, ActionHistory]) -> dict[TenantId, Work]:
    """By tenant ID, in the plan's order."""
    work: dict[TenantId, Work] = {}
    for customer in customers:
        due = [action for action in due_actions(customer) if action.kind not in BY_HAND]
        if due:
            steps = {a.id: Progress.begin(a, past.get(a.id) or ActionHistory()) for a in due}
            work[customer.tenant_id] = Work(customer, steps)
    return work


def pending_of(work: Iterable[Work]) -> list[Pending]:
    """Every due action that is not proven yet, in the kept plan's words."""
    return [
        Pending(entry.customer, step.action, step.past.touched)
        for entry in work
        for step in entry.steps.values()
        if step.state is not ActionState.VERIFIED
    ]
