"""Applying a plan from the command line: a kept one as it is, a fresh one only after it was shown and agreed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from pcreconcile.cli import asking, exit_codes, printing, seeing, time_budget, wiring, withdrawals
from pcreconcile.cli.consent import consent_for
from pcreconcile.cli.output import Output
from pcreconcile.cli.time_budget import TimeBudget
from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.errors import Refused
from pcreconcile.model.plan import NOW, CustomerPlan, Plan
from pcreconcile.partner_center.trust import READ_ONLY


@dataclass(frozen=True, slots=True)
class Waits:
    """How long to wait for results, for another apply to end, and for all the rest (None: as long as it needs)."""

    results: timedelta
    lock: timedelta
    timeout: timedelta | None = None

    def budget(self) -> TimeBudget:
        """The command's time, counted from now: these waits come on top, because they were asked for."""
        return TimeBudget(self.timeout, self.results + self.lock)


@dataclass(frozen=True, slots=True)
class Question:
    """How agreement is obtained: whether anybody can be asked, and the asking itself; both raise UsageError."""

    prepare: Callable[[Output], None]
    ask: Callable[[Output], None]


def _assume_yes(_output: Output) -> None:
    return


def _require_somebody(output: Output) -> None:
    asking.require_somebody(
        output,
        "keep a plan (`pcreconcile plan --out FILE`) and apply that file, or say yes beforehand with --auto-approve",
    )


def _confirm(output: Output) -> None:
    asking.confirm(output, "Apply this plan?", "nothing was applied")


ASK = Question(_require_somebody, _confirm)
ASSUME_YES = Question(_assume_yes, _assume_yes)


def run_plan(session: wiring.Session, output: Output, plan: Plan, waits: Waits, approvals: Path | None = None) -> int:
    """Apply the plan, tell every event and the receipt; returns the receipt's exit code.

    `approvals` is the folder of approvals; None: the one beside the state folder. Raises Refused where the operator
    lets nothing be written and something is due.
    """
    _require_writes(session, plan)
    output.writes.expected = _is_due(plan)
    withdrawals.tell(session, output, plan.plan_id, approvals)
    if told := session.budget.allow_for(wiring.reads(session, _due_of(session, plan)), time_budget.APPLIED):
        output.note(told)
    with wiring.world(session) as place:
        receipt = wiring.execute(
            session,
            place,
            plan,
            wait=waits.results,
            lock_timeout=waits.lock,
            observer=printing.event_printer(output, plan),
            consent=consent_for(session, plan, approvals),
        )
    printing.receipt(output, plan, receipt)
    return receipt.exit_code


def tell_changes(session: wiring.Session, output: Output) -> None:
    """What has changed since the base in what judges a kept plan; nothing without a base."""
    for notice in session.base.at.notices if session.base else ():
        output.note(notice.text)


def plan_and_run(
    manifests: str,
    output: Output,
    question: Question,
    waits: Waits,
    approvals: Path | None = None,
    base: str | None = None,
) -> int:
    """Plan, show, ask, apply. What the plan could not do keeps its exit code when everything else went well.

    With a `base` the customers new or changed since are planned, as `plan --base` does, and both policies judge.
    """
    question.prepare(output)
    session = wiring.judged_at(wiring.open_session(manifests, waits.budget()), base)
    seen = seeing.see(session, output, seeing.Wanted(base=base))
    printing.plan_for_people(output, seen.plan, "")
    code = exit_codes.of_plan(seen.plan, seen.listed)
    if exit_codes.is_refused(seen.plan) or not _is_due(seen.plan):
        return code
    _require_writes(session, seen.plan)
    with session.budget.standing_still():
        question.ask(output)
    return run_plan(session, output, seen.plan, waits, approvals) or code


def _require_writes(session: wiring.Session, plan: Plan) -> None:
    """The transport would refuse the first write; who applies is told before there is a run."""
    if session.operator.trust.read_only and _is_due(plan):
        raise Refused(f"{READ_ONLY} is set: nothing was written; `apply` writes when the operator unsets it")


def _is_due(plan: Plan) -> bool:
    return any(map(_has_due_actions, plan.customers))


def _has_due_actions(customer: CustomerPlan) -> bool:
    return any(action.when == NOW for action in customer.actions)


def _due_of(session: wiring.Session, plan: Plan) -> DesiredFleet:
    """The customers of the manifests that the plan writes to."""
    due = {customer.tenant_id for customer in plan.customers if _has_due_actions(customer)}
    fleet = session.loaded.fleet
    return replace(fleet, customers=tuple(each for each in fleet.customers if each.tenant_id in due))
