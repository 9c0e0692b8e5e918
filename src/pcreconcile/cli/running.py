"""Applying a plan from the command line: a kept one as it is, a fresh one only after it was shown and agreed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pcreconcile.cli import asking, exit_codes, printing, seeing, wiring
from pcreconcile.cli.output import Output
from pcreconcile.model.errors import Refused
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import NOW, Plan
from pcreconcile.planning.guards import check_guards


@dataclass(frozen=True, slots=True)
class Waits:
    """How long to wait for results, and for another apply to end."""

    results: timedelta
    lock: timedelta


@dataclass(frozen=True, slots=True)
class Question:
    """How agreement is obtained: whether anybody can be asked, and the asking itself; both raise UsageError."""

    prepare: Callable[[Output], None]
    ask: Callable[[Output], None]


def _assume_yes(_output: Output) -> None:
    return


ASK = Question(asking.require_somebody, asking.confirm)
ASSUME_YES = Question(_assume_yes, _assume_yes)


def run_plan(session: wiring.Session, output: Output, plan: Plan, waits: Waits) -> int:
    """Apply the plan, tell every event and the receipt; returns the receipt's exit code.

    Raises Refused when the policy has changed since the plan was made and its guards now say no.
    """
    _ask_todays_guards(session, plan)
    with wiring.world(session) as place:
        receipt = wiring.execute(
            session,
            place,
            plan,
            wait=waits.results,
            lock_timeout=waits.lock,
            observer=printing.event_printer(output, plan),
        )
    printing.receipt(output, plan, receipt)
    return receipt.exit_code


def _ask_todays_guards(session: wiring.Session, plan: Plan) -> None:
    """A kept plan carries the guards of its day. What moves by itself (removals of the last day, how many customers are
    left) is asked again by apply; here it is the policy that may have changed."""
    if plan.sources.policy == session.loaded.policy_digest:
        return
    live = len(plan.unmanaged) + len(plan.customers)
    guards = check_guards(plan.customers, live, Memory(), session.loaded.policy, session.clock.now())
    failed = [guard.message for guard in guards if not guard.passed]
    if failed:
        raise Refused("the policy has changed since the plan was made: " + "; ".join(failed))


def plan_and_run(manifests: str, output: Output, question: Question, waits: Waits) -> int:
    """Plan, show, ask, apply. What the plan could not do keeps its exit code when everything else went well."""
    question.prepare(output)
    session = wiring.open_session(manifests)
    seen = seeing.see(session, output, seeing.Wanted())
    printing.plan_for_people(output, seen.plan, "")
    code = exit_codes.of_plan(seen.plan, seen.listed)
    if exit_codes.is_refused(seen.plan) or not _is_due(seen.plan):
        return code
    question.ask(output)
    return run_plan(session, output, seen.plan, waits) or code


def _is_due(plan: Plan) -> bool:
    return any(action.when == NOW for customer in plan.customers for action in customer.actions)
