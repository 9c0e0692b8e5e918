"""What a run did, for people: per customer the outcome, and every action that did not simply succeed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pcreconcile.model.plan import Plan
from pcreconcile.model.run import ActionResult, ActionState, CustomerResult, Receipt
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Style, Tone, labelled
from pcreconcile.rendering.setting import set_lines
from pcreconcile.rendering.text import outside, prose

_ENDINGS = {
    0: "done",
    3: "stale: the world or the manifests changed since the plan; plan again",
    4: "an approval is missing or void",
    5: "refused by a guard or check",
    6: "partly done: plan again to see what is left",
    7: "indeterminate or unproven: apply the same plan again, which resolves it by reading",
    9: "not everything could be read: apply again",
    130: "interrupted: apply the same plan again to go on",
    143: "terminated: apply the same plan again to go on",
}


def render(receipt: Receipt, *, plan: Plan, style: Style) -> str:
    """The closing summary of `apply`, with the plan's names for what was acted upon."""
    return set_lines(_lines(receipt, words.action_names(plan)), style)


def _lines(receipt: Receipt, names: Mapping[str, str]) -> Iterator[Line]:
    yield BLANK
    yield Line("Receipt" + (" (resumed)" if receipt.resumed else ""), tone=Tone.HEADING)
    for customer in receipt.customers:
        yield from _customer(customer, names)
    counts = Counter(action.state for customer in receipt.customers for action in customer.actions)
    told = ", ".join(f"{counts[state]} {state}" for state in ActionState if counts[state])
    yield labelled("actions", told or "none")
    yield labelled("finished", words.day_time(receipt.finished_at))
    yield labelled("run", receipt.run)
    yield labelled("plan ID", receipt.plan_id)
    tone = Tone.GOOD if receipt.exit_code == 0 else Tone.DANGER
    yield labelled("result", _ENDINGS.get(receipt.exit_code, f"exit code {receipt.exit_code}"), tone=tone)


def _customer(customer: CustomerResult, names: Mapping[str, str]) -> Iterator[Line]:
    message = f": {prose(customer.message)}" if customer.message else ""
    tone = Tone.PLAIN if customer.outcome == "done" else Tone.ATTENTION
    yield Line(f"{outside(customer.name)}  {outside(customer.outcome)}{message}", indent=2, tone=tone)
    for action in customer.actions:
        if action.state not in (ActionState.VERIFIED, ActionState.PLANNED):
            yield _action(action, names, customer.message)


def _action(action: ActionResult, names: Mapping[str, str], told: str) -> Line:
    name = names.get(action.id) or f"{outside(action.kind)} {outside(action.target)}"
    message = f" ({prose(action.message)})" if action.message and action.message != told else ""
    return Line(f"{name}: {action.state}{message}", indent=4, mark="- ", tone=Tone.ATTENTION)
