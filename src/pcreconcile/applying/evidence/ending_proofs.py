"""Proofs about how customers and runs ended: what is said of them follows from what happened to their actions.

Which of several ways a refusal went, and what could not be read, stands in no event. So an end is held against the
gravest thing that is certain and against what it needs to have happened at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pcreconcile.applying.ceilings import BY_HAND
from pcreconcile.applying.evidence.proofs import proof
from pcreconcile.applying.evidence.replaying import RunReplay, States
from pcreconcile.applying.evidence.start_proofs import says_all
from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.outcome import EXIT_CODES, Outcome, gravest, of_states, of_verdict
from pcreconcile.model.errors import ExitCode
from pcreconcile.model.evidence import Proof
from pcreconcile.model.ids import RunId, TenantId
from pcreconcile.model.plan import Action, CustomerPlan
from pcreconcile.model.plan_comparison import due_actions
from pcreconcile.model.run import ActionState, Event, EventKind

_NEEDS: Mapping[Outcome, States] = {
    Outcome.INDETERMINATE: frozenset({ActionState.INDETERMINATE, ActionState.SENT}),
    Outcome.UNPROVEN: frozenset({ActionState.UNPROVEN}),
    Outcome.WAITING: frozenset({ActionState.ANSWERED}),
    Outcome.PARTIAL: frozenset({ActionState.FAILED, ActionState.SKIPPED}),
    Outcome.UNREAD: frozenset({ActionState.FAILED, ActionState.SKIPPED}),
    Outcome.REFUSED: frozenset({ActionState.SKIPPED}),
    Outcome.STOPPED: frozenset(),  # who was stopped was never begun
}
_BEFORE_ANY_WRITE = frozenset({Outcome.UNREAD, Outcome.REFUSED})  # what a check of the whole customer can come to
_GRAVITY = list(Outcome)
_OF_CUSTOMERS = frozenset(EventKind) - {
    EventKind.RUN_STARTED,
    EventKind.RUN_FINISHED,
    EventKind.AUDITED,
    EventKind.HELD,
    EventKind.HOLD_LIFTED,
    EventKind.SEALED,
}


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: its events, how its actions went, and its plan's customers."""

    events: tuple[Event, ...]
    replay: RunReplay
    customers: Mapping[TenantId, CustomerPlan]

    def of(self, customer: TenantId, kind: EventKind) -> list[Event]:
        """The events of a customer of that kind, in order."""
        return [event for event in self.events if event.customer == customer and event.kind is kind]

    def states(self, customer: TenantId) -> list[States]:
        """Where each due action of a customer may stand at the end."""
        return [self.replay.states_of(action.id) for action in self.due(customer)]

    def due(self, customer: TenantId) -> list[Action]:
        """What the run had to do for a customer."""
        planned = self.customers.get(customer)
        return [a for a in due_actions(planned) if a.kind not in BY_HAND] if planned is not None else []


def ending_proofs(told: Told, replays: Mapping[RunId, RunReplay]) -> Iterator[Proof]:
    """Of every run of today's format whose plan was kept: its customers' ends, its own, and whether it went on one."""
    problems: list[str] = []
    ended = 0
    for run, start in told.starts.items():
        kept = told.plan_of(run)
        if kept is None or not says_all(start):
            continue
        entries = [entry for entry in told.entries if entry.event is not None and entry.event.run == run]
        events = tuple(entry.event for entry in entries if entry.event is not None)
        this = _Run(events, replays[run], {each.tenant_id: each for each in kept.plan.customers})
        cut = any(e.cut for e in entries if e.event is not None and e.event.kind is EventKind.RUN_FINISHED)
        problems += [*_frames(this), *_customers(this), *_run(this, cut)]
        ended += any(event.kind is EventKind.RUN_FINISHED for event in events)
    yield from proof("ended", problems, f"{ended} runs ended as what happened to their actions says")


def _frames(run: _Run) -> Iterator[str]:
    """What happens to a customer stands between its one beginning and its one end."""
    begun: set[TenantId] = set()
    ended: set[TenantId] = set()
    for event in run.events:
        if event.customer is None or event.kind not in _OF_CUSTOMERS:
            continue
        if (event.kind is EventKind.CUSTOMER_STARTED) == (event.customer in begun):
            yield f"event {event.seq}: customer {event.customer} does not begin with one event that says so"
        if event.customer in ended:
            yield f"event {event.seq}: customer {event.customer} had ended"
        begun.add(event.customer)
        if event.kind is EventKind.CUSTOMER_FINISHED:
            ended.add(event.customer)


def _customers(run: _Run) -> Iterator[str]:
    for event in run.events:
        if event.kind is EventKind.CUSTOMER_FINISHED and event.customer is not None:
            said = _outcome(event.body.get("outcome"))
            if said is not None and (why := _misfit(run, event.customer, said)):
                yield f"event {event.seq}: customer {event.customer} is said to have ended as {said}, and {why}"


def _misfit(run: _Run, customer: TenantId, said: Outcome) -> str:
    """Why a customer for which a run did something cannot have ended so; "" when it can."""
    states = [_at_the_end(each) for each in run.states(customer)]
    if not states:
        return "nothing was due for it"
    if any(each == {ActionState.PLANNED} for each in states):
        return "an action that was due was neither sent nor left alone"
    certain = of_states(_lightest(each) for each in states)
    if _GRAVITY.index(said) > _GRAVITY.index(certain):
        return f"what happened to its actions makes it {certain}"
    return "" if said is certain else _groundless(run, customer, said, states)


def _groundless(run: _Run, customer: TenantId, said: Outcome, states: list[States]) -> str:
    """Why there is nothing that can have made a customer's end graver than what is certain; "" when there is."""
    wrote = bool(run.of(customer, EventKind.INTENT))
    if wrote and all(each == {ActionState.VERIFIED} for each in states):
        return "every action that was due was verified"
    if said is Outcome.STALE:
        return "" if run.of(customer, EventKind.STALE) else "no event says that anything was stale"
    if said in _BEFORE_ANY_WRITE and not wrote:
        return ""
    return "" if any(each & _NEEDS[said] for each in states) else "no action ended so"


def _at_the_end(states: States) -> States:
    """Without what is over when a customer has ended: by then every refusal has been read as what it is."""
    return states - {ActionState.PLANNED, ActionState.SENT} or states


def _lightest(states: States) -> ActionState:
    return max(states, key=lambda state: _GRAVITY.index(of_states([state])))


def _run(run: _Run, cut: bool) -> Iterator[str]:
    for event in run.events:
        if event.kind is EventKind.RUN_FINISHED:
            yield from (f"event {event.seq}: {why}" for why in _end(run, event, cut))


def _end(run: _Run, event: Event, cut: bool) -> Iterator[str]:
    """`cut`: other customers were left out of the event, so that the exit code cannot be made again."""
    body = event.body
    code, said, interruption = body.get("exitCode"), body.get("customers") or {}, body.get("interruption")
    if code is None:
        if not interruption or said:
            yield "its exitCode is null, and it does not say what cut the run off"
        return
    if interruption:
        yield f"its exitCode is {code}, and it says that the run was cut off ({interruption})"
    outcomes = {TenantId(tenant): _outcome(word) for tenant, word in said.items()}
    yield from (
        f"customer {who} has no outcome that there is ({said[who]!r})" for who, how in outcomes.items() if not how
    )
    yield from _other_ends(run, {who: how for who, how in outcomes.items() if how is not None}, cut)
    if cut or None in outcomes.values():
        return
    expected = EXIT_CODES[gravest(how for how in outcomes.values() if how is not None)]
    held = expected is ExitCode.PARTIAL and not any(each.kind is EventKind.INTENT for each in run.events)
    if code != expected and not (held and code == ExitCode.REFUSED):
        yield f"its exitCode is {code}; what its customers ended as makes it {int(expected)}"


def _other_ends(run: _Run, outcomes: Mapping[TenantId, Outcome], cut: bool) -> Iterator[str]:
    """Where the run's end and its customers' own say different things."""
    expected = {who for who, each in run.customers.items() if run.due(who) or of_verdict(each) is not None}
    for who in sorted(expected - outcomes.keys()) if not cut else ():
        yield f"it does not say how customer {who} ended"
    for who, said in outcomes.items():
        ends = [_outcome(event.body.get("outcome")) for event in run.of(who, EventKind.CUSTOMER_FINISHED)]
        if ends and ends[-1] is not said:
            yield f"it says that customer {who} ended as {said}, which its own end does not"
        elif not ends and (why := _misfit_unbegun(run, who, said)):
            yield f"it says that customer {who} ended as {said}, and {why}"


def _misfit_unbegun(run: _Run, customer: TenantId, said: Outcome) -> str:
    """Why a customer that has no end of its own in the run cannot have ended so; "" when it can."""
    if run.of(customer, EventKind.CUSTOMER_STARTED):
        return "the customer's own end is missing"
    planned = run.customers.get(customer)
    if planned is None:
        return "the plan has no such customer"
    if not run.due(customer):
        return "" if said is of_verdict(planned) else "that is not what the plan says of it"
    if said is Outcome.DONE:
        done = all(ActionState.VERIFIED in each for each in run.states(customer))
        return "" if done else "not everything that was due was verified before"
    return "" if said is Outcome.STOPPED else "nothing was begun for it"


def _outcome(word: object) -> Outcome | None:
    return Outcome(str(word)) if word in list(Outcome) else None
