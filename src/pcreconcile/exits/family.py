"""What every family module answers, and how the families stand to each other."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish
from pcreconcile.exits.subject import Subject
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.rules import Rules


class Precedence(msgspec.Struct, frozen=True):
    """The steps of one family come before those of `family`: why, and who says so."""

    family: Family
    why: str
    source: str


class FamilyExit(Protocol):
    """A module of this package. None of its functions raises: what cannot end comes back as an Exit with a blocker."""

    @property
    def FAMILY(self) -> Family:
        """Which family the module speaks of."""
        ...

    @property
    def ASKED(self) -> int:
        """Its turn when a subject is recognised, lowest first: what is most certain comes first."""
        ...

    @property
    def PLACE(self) -> int:
        """Its place in the queue where nothing else decides, lowest first (design, section 5, "Order")."""
        ...

    @property
    def PRECEDES(self) -> tuple[Precedence, ...]:
        """The families whose steps require this family's steps to be verified."""
        ...

    @property
    def ENDS_BY_SUSPENDING(self) -> bool:
        """Whether `suspend` is an end for the removal."""
        ...

    def recognise(self, subject: Subject) -> Evidence | None:
        """Why the subject is of this family, or None."""
        ...

    def leave(self, holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
        """What ends it for good, and when."""
        ...

    def pause(self, holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
        """What takes the service away for a while (dunning)."""
        ...

    def resume(self, holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
        """What gives the service back."""
        ...

    def stay(self, holding: Holding, rules: Rules, now: datetime) -> Exit:
        """Of a customer that stays: drift as warnings, and the deadlines ahead. No steps."""
        ...

    def renew(self, holding: Holding, desire: LineDesire, rules: Rules, now: datetime) -> Exit:
        """What makes its term go on as a line says (`renew`, `extend`); blocked where that cannot be said."""
        ...
