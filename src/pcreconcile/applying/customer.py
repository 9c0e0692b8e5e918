"""One customer's part of a run: first every check, then the actions.

A customer that does not pass all of its checks is left alone: nothing is written for it, and what an earlier run left
open is resolved by reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pcreconcile.applying.conditions import Shows, judge, unmet
from pcreconcile.applying.context import RunContext
from pcreconcile.applying.execute import READ_ERRORS, Execution
from pcreconcile.applying.lifecycle import Happening
from pcreconcile.applying.looks import Moment, keep_look, look_after
from pcreconcile.applying.outcome import Outcome, gravest, of_steps
from pcreconcile.applying.progress import Progress
from pcreconcile.applying.removal_gate import unread
from pcreconcile.applying.staleness import Live, differences, live_customer
from pcreconcile.applying.texts import clean
from pcreconcile.applying.withholding import unseen_without_user, why_withheld
from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.estate import Customer
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import ActionKind, CustomerPlan
from pcreconcile.model.run import ActionState, CustomerResult


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a customer is left alone."""

    outcome: Outcome
    message: str


class CustomerRun:
    """`wanted` is what the manifests say now, `listed` the customer as the list of this run shows it."""

    def __init__(
        self,
        run: RunContext,
        customer: CustomerPlan,
        steps: Mapping[ActionId, Progress],
        wanted: DesiredCustomer | None,
        listed: Customer | None,
    ) -> None:
        self._run = run
        self._customer = customer
        self._steps = steps
        self._wanted = wanted
        self._execution = Execution(run, customer, listed, steps)
        self._listed = listed
        self._unseen: tuple[str, ...] = ()

    async def to_the_end(self) -> CustomerResult:
        """Checks, then writes, then says how it ended."""
        if all(step.over for step in self._steps.values()):
            return self._result(Outcome.DONE, "done by an earlier run of this plan")
        tenant = self._customer.tenant_id
        self._run.journal.customer_started(tenant)
        problem = await self._check()
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
        return self._result(outcome, message)

    async def _check(self) -> Problem | None:
        if self._wanted != self._customer.desired:
            return Problem(Outcome.STALE, "its manifest has changed since the plan was made")
        if self._removal_touched():
            return None  # nothing of the customer needs to be visible any more; each write has its own checks
        try:
            extras = frozenset((*self._customer.observed.extras, *self._customer.observed.unseen))
            state = await self._run.service.read_customer(self._customer.tenant_id, extras)
        except READ_ERRORS as error:
            return Problem(Outcome.UNREAD, f"could not be read: {error}")
        keep_look(self._run, Moment.BEFORE, state, self._listed)
        if unseen := unread(state, self._customer):
            return Problem(Outcome.UNREAD, f"could not be read: {unseen}")
        self._unseen = unseen_without_user(state)
        live = live_customer(state, self._listed)
        touched = [step.action for step in self._steps.values() if step.past.touched]
        found = differences(self._customer.observed, live, touched, self._customer.desired.domain)
        return Problem(Outcome.STALE, "; ".join(found)) if found else self._check_actions(live)

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

    def _removal_touched(self) -> bool:
        removals = (s for s in self._steps.values() if s.action.kind is ActionKind.REMOVE_RELATIONSHIP)
        return any(step.past.touched for step in removals)

    def _messages(self) -> str:
        told = [step.message for step in self._steps.values() if step.state is not ActionState.VERIFIED]
        return "; ".join(dict.fromkeys(message for message in told if message))

    def _result(self, outcome: Outcome, message: str) -> CustomerResult:
        actions = tuple(step.result() for step in self._steps.values())
        return CustomerResult(self._customer.name, self._customer.tenant_id, outcome, clean(message), actions)
