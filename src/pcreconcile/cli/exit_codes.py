"""What `plan` ends with (design, section 7): 1 over 9 over 5 over 2 over 0; errors (1) are raised, not decided here."""

from __future__ import annotations

from pcreconcile.model.agenda import Agenda
from pcreconcile.model.errors import ExitCode
from pcreconcile.model.estate import ReadProof
from pcreconcile.model.explanation import Explanation
from pcreconcile.model.plan import MANUAL, NOW, CustomerPlan, Plan, Verdict


def of_plan(plan: Plan, listed: ReadProof) -> int:
    """Whether everything was read and nothing refused; `listed` is the proof of the customers list."""
    if not listed.complete or any(_unread(customer) for customer in plan.customers):
        return ExitCode.READ_INCOMPLETE
    if is_refused(plan) or any(customer.verdict is Verdict.REFUSED for customer in plan.customers):
        return ExitCode.REFUSED
    return ExitCode.DONE


def of_plan_detailed(plan: Plan, listed: ReadProof) -> int:
    """The same, and 2 where something is to do now or by hand; a customer that merely waits is 0."""
    code = of_plan(plan, listed)
    pending = any(action.when in (NOW, MANUAL) for customer in plan.customers for action in customer.actions)
    return code or (ExitCode.CHANGES_PENDING if pending else ExitCode.DONE)


def of_agenda(agenda: Agenda, plan: Plan, listed: ReadProof) -> int:
    """9 and 5 where deadlines are not known (guards concern runs and hide none), 2 where something closes soon."""
    if not listed.complete or any(_unread(customer) for customer in plan.customers):
        return ExitCode.READ_INCOMPLETE
    if any(customer.verdict is Verdict.REFUSED and customer.name in agenda.unseen for customer in plan.customers):
        return ExitCode.REFUSED
    soon = any(deadline.inside for deadline in agenda.deadlines)
    return ExitCode.CHANGES_PENDING if soon else ExitCode.DONE


def of_explanation(explanation: Explanation) -> int:
    """A customer that could not be read cannot be explained; everything else is an answer."""
    unread = explanation.customer.verdict is Verdict.UNKNOWN
    return ExitCode.READ_INCOMPLETE if unread else ExitCode.DONE


def is_refused(plan: Plan) -> bool:
    """Whether a guard refuses the whole run."""
    return not all(guard.passed for guard in plan.guards)


def _unread(customer: CustomerPlan) -> bool:
    return customer.verdict is Verdict.UNKNOWN and customer.desired.asks_for_change
