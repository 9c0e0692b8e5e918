"""Every action played again, event by event, through the one table of its lifecycle (`applying.lifecycle`).

The journal does not tell each step that the table has: what a refusal meant, and that an old answer lapsed, is seen by
what follows. So an action is in *one of* several states, and an event must have a way out of at least one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pcreconcile.applying.evidence.proofs import proof
from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.history import ActionHistory, after_event, histories_of
from pcreconcile.applying.lifecycle import TRANSITIONS, Happening
from pcreconcile.model.evidence import Proof
from pcreconcile.model.ids import ActionId, PlanId, RunId
from pcreconcile.model.run import ActionState, Event, EventKind

States = frozenset[ActionState]

# What can have happened when an event is written, and where it must lead. A refusal is written before a read says what
# it means; nothing is written when a read or the next intent shows that.
_HAPPENED: Mapping[EventKind, frozenset[Happening]] = {
    EventKind.INTENT: frozenset({Happening.INTENT_RECORDED}),
    EventKind.ANSWERED: frozenset({Happening.ANSWERED}),
    EventKind.REFUSED: frozenset({Happening.REFUSED, Happening.POSTPONED, Happening.NO_ANSWER}),
    EventKind.NO_ANSWER: frozenset({Happening.NO_ANSWER}),
    EventKind.VERIFIED: frozenset({Happening.SHOWS_DONE}),
    EventKind.UNPROVEN: frozenset({Happening.READ_TIMED_OUT}),
    EventKind.STALE: frozenset(
        {Happening.SHOWS_NEITHER, Happening.CHANGED, Happening.WINDOW_CLOSED, Happening.LEFT_ALONE}
    ),
    EventKind.SKIPPED: frozenset({Happening.LEFT_ALONE}),
}
_ANSWERS = frozenset({EventKind.ANSWERED, EventKind.REFUSED, EventKind.NO_ANSWER})
_LEADS_TO = {EventKind.STALE: ActionState.STALE, EventKind.SKIPPED: ActionState.SKIPPED}


@dataclass(slots=True)
class Replayed:
    """One action in one run: in which states it may be, what is known of its requests, whether a refusal is open."""

    states: States
    past: ActionHistory
    refused: bool = False


@dataclass(slots=True)
class RunReplay:
    """One run played again. `began` is how its plan's actions stood at its beginning, `problems` what cannot be."""

    began: Mapping[ActionId, ActionHistory]
    actions: dict[ActionId, Replayed] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def resumed(self) -> bool:
        """Whether an earlier run of the plan may have written."""
        return any(past.touched for past in self.began.values())

    def states_of(self, action: ActionId) -> States:
        """Where an action may stand at the end of the run."""
        if action in self.actions:
            return self.actions[action].states
        return _beginning(self.began.get(action))

    def enter(self, event: Event) -> None:
        """One event of an action."""
        assert event.action is not None
        step = self.actions.get(event.action)
        if step is None:
            past = replace(self.began.get(event.action) or ActionHistory())
            step = self.actions[event.action] = Replayed(_beginning(past), past)
        if wrong := _other_request(event, step.past):
            self.problems.append(f"event {event.seq} ({event.kind}): {wrong}")
        states = _after(event.kind, step)
        if not states:
            held = " or ".join(sorted(step.states))
            self.problems.append(f"event {event.seq}: {event.kind} cannot happen to an action that is {held}")
        step.states, step.refused = states or step.states, event.kind is EventKind.REFUSED
        step.past = after_event(step.past, event, True)


def replay(told: Told) -> dict[RunId, RunReplay]:
    """Every run that says how it began, with all earlier runs of its plan."""
    found: dict[RunId, RunReplay] = {}
    earlier: dict[PlanId, list[Event]] = {}
    for event in told.events():
        if event.kind is EventKind.RUN_STARTED and event.run not in found:
            digest = str(event.body.get("digest", ""))
            found[event.run] = RunReplay(histories_of(event.plan, digest, earlier.get(event.plan, ())))
        if event.action is not None and event.kind in _HAPPENED and event.run in found:
            found[event.run].enter(event)
        earlier.setdefault(event.plan, []).append(event)
    return found


def lifecycle_proofs(replays: Mapping[RunId, RunReplay]) -> Iterator[Proof]:
    """No event but those for which the lifecycle of an action has a way."""
    problems = [text for each in replays.values() for text in each.problems]
    actions = sum(len(each.actions) for each in replays.values())
    yield from proof("lifecycle", problems, f"{actions} actions went from state to state as their lifecycle allows")


def _beginning(past: ActionHistory | None) -> States:
    """Where a run begins with an action; what was answered before it may have lapsed without a word."""
    state = past.state if past is not None else ActionState.PLANNED
    lapsed = TRANSITIONS[state].get(Happening.LAPSED)
    return frozenset({state}) if lapsed is None else frozenset({state, lapsed})


def _after(kind: EventKind, step: Replayed) -> States:
    """The states in which an action may be after an event; none where it cannot have happened.

    What was sent has its answer written down before anything is read, so that only a refusal leaves it SENT.
    """
    answers = kind in _ANSWERS
    if answers and step.refused:  # there is one answer to one request
        return frozenset()
    begins = step.states if answers or step.refused else step.states - {ActionState.SENT}
    ways = (TRANSITIONS[state].get(happening) for state in begins for happening in _HAPPENED[kind])
    states = frozenset(state for state in ways if state is not None)
    if kind is EventKind.REFUSED:
        return states | {ActionState.SENT} if states else states
    return states & {_LEADS_TO[kind]} if kind in _LEADS_TO else states


def _other_request(event: Event, past: ActionHistory) -> str:
    """Whether it speaks of the request that it must be about; "" when it does."""
    if event.kind is EventKind.INTENT:
        return "" if event.request_id else "it names no request"
    if event.kind in _ANSWERS:
        return "" if event.request_id == past.request_id else "an answer to another request than the last one"
    if event.kind is not EventKind.VERIFIED:
        return ""
    ours = past.request_id if past.touched else None
    if event.request_id == ours and (event.body.get("written") is True) == (ours is not None):
        return ""
    return "it does not name the request of ours that took effect" if ours else "no request of ours can have made it so"
