"""One customer's part of a run: first every check of what the preflight read, then the actions.

A customer that does not pass all of its checks is left alone: nothing is written for it, and what an earlier run left
open is resolved by reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pcreconcile.applying.conditions import Shows, judge, unmet
from pcreconcile.applying.context import RunContext
from pcreconcile.applying.execute import Execution
from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.looks import Moment, keep_look, look_after
from pcreconcile.applying.outcome import Outcome, gravest, of_steps
from pcreconcile.applying.preflight import Prepared, Problem
from pcreconcile.applying.progress import Progress
from pcreconcile.applying.staleness import Live, live_customer
from pcreconcile.applying.texts import clean
from pcreconcile.applying.withholding import unseen_without_user, why_withheld
from pcreconcile.applying.work import Work
from pcreconcile.model.estate import Customer
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import CustomerPlan
from pcreconcile.model.run import ActionState, CustomerResult


class CustomerRun:
    """`prepared` is what the preflight found; `listed` the customer as the list of this run shows it."""

    def __init__(self, run: RunContext, entry: Work, prepared: Prepared, listed: Customer | None) -> None:
        self._run = run
        self._steps = entry.steps
        self._prepared = prepared
        self._customer = prepared.customer
        self._listed = listed
        for name in self._steps.keys() & prepared.actions.keys():
            self._steps[name].action = prepared.actions[name]
        self._execution = Execution(run, self._customer, listed, entry.steps)
        self._unseen: tuple[str, ...] = ()

    async def to_the_end(self) -> CustomerResult:
        """Checks, then writes, then says how it ended."""
        tenant = self._customer.tenant_id
        self._run.journal.customer_started(tenant)
        problem = self._check()
        withheld = problem is None and self._withhold()
        if problem is None:
            await self._execution.to_the_end()
        else:
            await self._leave_alone(problem)
        if any(step.sends for step in self._steps.values()):
            await look_after(self._run, self._customer)
        refused = Outcome.REFUSED if withheld else Outcome.DONE
        outcome = gravest((of_steps(self._steps.values()), problem.outcome if problem else refused))
        message = problem.message if problem else self._messages()
        self._run.journal.customer_finished(tenant, outcome, message)
        return result_of(self._customer, self._steps.values(), outcome, message)

    def _check(self) -> Problem | None:
        """What the preflight found, kept as the look before the first write; then every action by that look."""
        prepared = self._prepared
        if prepared.state is None:
            return prepared.problem
        keep_look(self._run, Moment.BEFORE, prepared.state, self._listed, prepared.planned_from)
        self._unseen = unseen_without_user(prepared.state)
        return prepared.problem or self._check_actions(live_customer(prepared.state, self._listed))

    def _check_actions(self, live: Live) -> Problem | None:
        """Before the first write: every action still fits what was read, and no window has closed."""
        now = self._run.clock.now()
        found = {step.action.id: why for step in self._pending() if (why := self._misfit(step, live, now))}
        for action, why in found.items():
            self._run.journal.stale(self._customer.tenant_id, self._steps[action].action, why)
            self._steps[action].advance(Happening.SHOWS_NEITHER, why)
        return Problem(Outcome.STALE, "; ".join(found.values())) if found else None

    def _misfit(self, step: Progress, live: Live, now: datetime) -> str:
        action = step.action
        items = {(item["type"], item["id"]): item for item in live.items}
        fields = items.get((action.target.type, action.target.id))
        shows = judge(action, fields)
        if shows is Shows.DONE:
            return ""
        closes = action.window_closes_at
        if closes is not None and closes <= now:
            return f"{action.target.type} {action.target.id}: its window closed at {closes}"
        if fields is None or shows is Shows.NOT_DONE or self._follows_another(step):
            return ""  # what is no item (the customer itself) is read by itself before its write
        return f"{action.target.type} {action.target.id}: {unmet(action.precondition, fields)}"

    def _follows_another(self, step: Progress) -> bool:
        """Whether an earlier action of this plan may make its precondition true."""
        seen: set[ActionId] = set()
        left = list(step.action.requires)
        while left:
            other = self._steps.get(action := left.pop())
            if other is None or action in seen:
                continue
            if other.action.target == step.action.target:
                return True
            seen.add(action)
            left.extend(other.action.requires)
        return False

    def _withhold(self) -> bool:
        """Skip what cannot be taken back while something could not be seen for want of a user."""
        withheld = {step.action.id: why for step in self._pending() if (why := why_withheld(step.action, self._unseen))}
        for action, why in withheld.items():
            self._execution.skip(self._steps[action], why)
        return bool(withheld)

    def _pending(self) -> list[Progress]:
        return [step for step in self._steps.values() if step.state is ActionState.PLANNED]

    async def _leave_alone(self, problem: Problem) -> None:
        if problem.outcome is Outcome.STALE:
            self._run.journal.customer_stale(self._customer.tenant_id, problem.message)
        await self._execution.leave_alone(problem.message)

    def _messages(self) -> str:
        told = [step.message for step in self._steps.values() if step.state is not ActionState.VERIFIED]
        return "; ".join(dict.fromkeys(message for message in told if message))


def result_of(customer: CustomerPlan, steps: Iterable[Progress], outcome: Outcome, message: str) -> CustomerResult:
    """For the receipt."""
    actions = tuple(step.result() for step in steps)
    return CustomerResult(customer.name, customer.tenant_id, outcome, clean(message), actions)
