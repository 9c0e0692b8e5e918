"""The lifecycle of an action, as one table.

An action begins a run as PLANNED, or, when the journal knows it, as INDETERMINATE (a request left and nobody knows
whether it took effect), ANSWERED (the service said yes and no read has shown it yet) or VERIFIED. What happens to it
afterwards stands here and nowhere else; anything that the table does not name is a mistake of ours and stops the run.

INDETERMINATE and ANSWERED are not terminal: a run may end in the first when no read resolves it, and the next run
begins there again. A write is sent only on the way into SENT, which an intent in the journal opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pcreconcile.model.run import ActionState


class Happening(StrEnum):
    """What can happen to an action."""

    INTENT_RECORDED = "intent-recorded"
    ANSWERED = "answered"
    REFUSED = "refused"  # a definite no
    POSTPONED = "postponed"  # a definite "not now": it may be sent again later
    CHANGED = "changed"  # the service's thing was no longer what was read just before
    NO_ANSWER = "no-answer"
    SHOWS_DONE = "shows-done"  # a read shows the postcondition
    SHOWS_NEITHER = "shows-neither"  # a read shows neither precondition nor postcondition
    READ_TIMED_OUT = "read-timed-out"
    LAPSED = "lapsed"  # an earlier run's answer is too old to be still under way, and nothing came of it
    WINDOW_CLOSED = "window-closed"
    LEFT_ALONE = "left-alone"  # its customer is not touched, or something it requires did not succeed


TRANSITIONS: Mapping[ActionState, Mapping[Happening, ActionState]] = MappingProxyType(
    {
        ActionState.PLANNED: {
            Happening.INTENT_RECORDED: ActionState.SENT,
            Happening.SHOWS_DONE: ActionState.VERIFIED,
            Happening.SHOWS_NEITHER: ActionState.STALE,
            Happening.WINDOW_CLOSED: ActionState.STALE,
            Happening.LEFT_ALONE: ActionState.SKIPPED,
        },
        ActionState.SENT: {
            Happening.ANSWERED: ActionState.ANSWERED,
            Happening.REFUSED: ActionState.FAILED,
            Happening.POSTPONED: ActionState.PLANNED,
            Happening.CHANGED: ActionState.STALE,
            Happening.NO_ANSWER: ActionState.INDETERMINATE,
            Happening.SHOWS_DONE: ActionState.VERIFIED,
        },
        ActionState.INDETERMINATE: {
            Happening.INTENT_RECORDED: ActionState.SENT,  # again, under the same MS-RequestId
            Happening.SHOWS_DONE: ActionState.VERIFIED,
            Happening.SHOWS_NEITHER: ActionState.STALE,
            Happening.WINDOW_CLOSED: ActionState.STALE,
            Happening.LEFT_ALONE: ActionState.STALE,
        },
        ActionState.ANSWERED: {
            Happening.SHOWS_DONE: ActionState.VERIFIED,
            Happening.READ_TIMED_OUT: ActionState.UNPROVEN,
            Happening.LAPSED: ActionState.PLANNED,
        },
        ActionState.VERIFIED: {},
        ActionState.UNPROVEN: {},
        ActionState.FAILED: {},
        ActionState.STALE: {},
        ActionState.SKIPPED: {},
    }
)

TERMINAL = frozenset(state for state, ways in TRANSITIONS.items() if not ways)


class IllegalTransition(RuntimeError):
    """A mistake of ours: the table does not allow this."""


def after(state: ActionState, happening: Happening) -> ActionState:
    """The state that follows; raises IllegalTransition for what the table does not name."""
    try:
        return TRANSITIONS[state][happening]
    except KeyError:
        raise IllegalTransition(f"{happening} cannot happen to an action that is {state}") from None
