"""One journal event as one line for people who watch a run."""

from __future__ import annotations

from pcreconcile.model.plan import CustomerPlan, Plan
from pcreconcile.model.run import Event, EventKind
from pcreconcile.rendering import words
from pcreconcile.rendering.text import harmless, outside, prose

_STATES = {
    EventKind.CUSTOMER_STARTED: "started",
    EventKind.INTENT: "sending",
    EventKind.ANSWERED: "accepted, reading it back",
    EventKind.REFUSED: "REFUSED by the service",
    EventKind.NO_ANSWER: "no answer, reading whether it took effect",
    EventKind.VERIFIED: "verified",
    EventKind.UNPROVEN: "accepted, but no read shows it yet",
    EventKind.STALE: "STALE, left alone",
    EventKind.SKIPPED: "left alone",
    EventKind.CUSTOMER_FINISHED: "finished",
}


_HOLDS = {EventKind.HELD: "HELD: no further write is begun", EventKind.HOLD_LIFTED: "a hold was lifted"}


class EventLines:
    """Lines for the events of one plan's run, with the plan's names for customers and actions."""

    def __init__(self, plan: Plan) -> None:
        self._customers: dict[str, CustomerPlan] = {customer.tenant_id: customer for customer in plan.customers}
        self._actions = words.action_names(plan)

    def line(self, event: Event) -> str:
        """Customer, action and state with a line end; empty for an event that says nothing to people."""
        state = _STATES.get(event.kind)
        if event.kind in _HOLDS:
            told = ", ".join(str(event.body.get(member, "")) for member in ("who", "since", "why"))
            return harmless(f"{_HOLDS[event.kind]} ({prose(told)})") + "\n"
        if state is None or event.customer is None:
            return ""
        customer = self._customers.get(event.customer)
        name = outside(customer.name if customer else event.customer)
        return harmless(f"{name}  {self._action(event)}{state}{_message(event)}") + "\n"

    def _action(self, event: Event) -> str:
        name = self._actions.get(event.action or "")
        return f"{name}: " if name else ""


def _message(event: Event) -> str:
    told = [str(event.body[member]) for member in ("outcome", "message") if event.body.get(member)]
    return f" ({prose(', '.join(told))})" if told else ""
