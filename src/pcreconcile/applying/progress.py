"""One action of one run: its state, what is known of its requests, and when it is looked at next."""

from __future__ import annotations

from dataclasses import dataclass, field

from pcreconcile.applying.history import ActionHistory
from pcreconcile.applying.lifecycle import TERMINAL, Happening, after
from pcreconcile.applying.texts import clean
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import Action
from pcreconcile.model.run import ActionResult, ActionState

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0


@dataclass(slots=True)
class Progress:
    """`action` is what is carried out, in the fresh plan's words; `kept` the same action as the plan file has it.

    `due` and `deadline` are readings of `Clock.monotonic`; `deadline` is None until something is waited for.

    `unread` marks an action that was skipped because its thing could not be read, `given_up` one that stays
    indeterminate for this run. `before` is what its thing looked like when this run sent its request.
    """

    action: Action
    past: ActionHistory = field(default_factory=ActionHistory)
    state: ActionState = ActionState.PLANNED
    message: str = ""
    due: float = 0.0
    deadline: float | None = None
    delay: float = FIRST_DELAY
    sends: int = 0
    unread: bool = False
    given_up: bool = False
    before: Fields | None = None
    kept: Action = field(init=False)

    def __post_init__(self) -> None:
        self.kept = self.action

    @classmethod
    def begin(cls, action: Action, past: ActionHistory) -> Progress:
        """Where the journal says that it stands."""
        return cls(action, past, past.state)

    @property
    def over(self) -> bool:
        """Nothing more happens to it in this run."""
        return self.given_up or self.state in TERMINAL

    def advance(self, happening: Happening, message: str = "") -> None:
        """The next state; raises IllegalTransition."""
        self.state = after(self.state, happening)
        self.message = message or self.message

    def wait_until(self, now: float, wait: float, at_least: float = 0.0) -> None:
        """Look again after a growing delay; for a proof not after the deadline, which the first wait sets."""
        if self.deadline is None:
            self.deadline = now + wait
        self.due = now + max(self.delay, at_least)
        if self.state is ActionState.ANSWERED:
            self.due = min(self.due, self.deadline)
        self.delay = min(self.delay * 2, LONGEST_DELAY)

    def too_long(self, now: float, wait: float, pause: float) -> bool:
        """Whether the next pause, at least as long as the service asks for, ends after the deadline."""
        return now + max(pause, self.delay) > (now + wait if self.deadline is None else self.deadline)

    def timed_out(self, now: float) -> bool:
        """Whether the wait is over."""
        return self.deadline is not None and now >= self.deadline

    def result(self) -> ActionResult:
        """For the receipt."""
        target = self.action.target
        name = f"{target.type} {target.id}"
        return ActionResult(self.action.id, self.action.kind, name, self.state, clean(self.message))
