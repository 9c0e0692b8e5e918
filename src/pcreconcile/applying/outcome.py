"""How a customer ended, and with what exit code the run does (design, section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from pcreconcile.applying.progress import Progress
from pcreconcile.model.errors import ExitCode
from pcreconcile.model.plan import CustomerPlan, Verdict
from pcreconcile.model.run import ActionState, CustomerResult


class Outcome(StrEnum):
    """The end of one customer, the gravest first."""

    INDETERMINATE = "indeterminate"
    UNPROVEN = "unproven"
    STALE = "stale"
    UNREAD = "unread"
    REFUSED = "refused"
    PARTIAL = "partial"
    STOPPED = "stopped"  # not begun, because of how customers before it ended
    WAITING = "waiting"
    DONE = "done"


EXIT_CODES = {
    Outcome.INDETERMINATE: ExitCode.INDETERMINATE,
    Outcome.UNPROVEN: ExitCode.INDETERMINATE,
    Outcome.STALE: ExitCode.STALE,
    Outcome.UNREAD: ExitCode.READ_INCOMPLETE,
    Outcome.REFUSED: ExitCode.REFUSED,
    Outcome.PARTIAL: ExitCode.PARTIAL,
    Outcome.STOPPED: ExitCode.PARTIAL,
    Outcome.WAITING: ExitCode.PARTIAL,
    Outcome.DONE: ExitCode.DONE,
}

_CAUSES = (
    (ActionState.INDETERMINATE, Outcome.INDETERMINATE),
    (ActionState.SENT, Outcome.INDETERMINATE),
    (ActionState.STALE, Outcome.STALE),
    (ActionState.FAILED, Outcome.PARTIAL),
    (ActionState.UNPROVEN, Outcome.UNPROVEN),
    (ActionState.ANSWERED, Outcome.WAITING),
    (ActionState.SKIPPED, Outcome.PARTIAL),
)

_GRAVITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def gravest(outcomes: Iterable[Outcome]) -> Outcome:
    """7 over 3 over 9 over 5 over 6 over 0; DONE when there is none."""
    return min(outcomes, key=_GRAVITY.__getitem__, default=Outcome.DONE)


def of_steps(steps: Iterable[Progress]) -> Outcome:
    """A customer is done when each of its due actions is verified; what was skipped has its cause elsewhere."""
    steps = list(steps)
    unread = {Outcome.UNREAD} if any(step.unread for step in steps) else set()
    return of_states((step.state for step in steps), unread)


def of_states(states: Iterable[ActionState], besides: Iterable[Outcome] = ()) -> Outcome:
    """The same by how the actions stand alone, and what is known `besides`."""
    states = set(states)
    found = {outcome for state, outcome in _CAUSES if state in states} | set(besides)
    if ActionState.SKIPPED in states and Outcome.WAITING in found and ActionState.FAILED not in states:
        found.discard(Outcome.PARTIAL)
    return gravest(found)


def of_results(results: Sequence[CustomerResult]) -> int:
    """The exit code of a run that got as far as its customers."""
    return EXIT_CODES[gravest(Outcome(result.outcome) for result in results)]


def of_verdict(customer: CustomerPlan) -> Outcome | None:
    """What the plan already says of a customer that it leaves alone; None when it says nothing grave."""
    if customer.verdict is Verdict.REFUSED:
        return Outcome.REFUSED
    if customer.verdict is Verdict.UNKNOWN and customer.desired.asks_for_change:
        return Outcome.UNREAD
    return None
