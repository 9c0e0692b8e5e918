"""What every family module answers."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish
from pcreconcile.exits.subject import Subject
from pcreconcile.model.family import Family
from pcreconcile.model.rules import Rules


class FamilyExit(Protocol):
    """A module of this package. None of its functions raises: what cannot end comes back as an Exit with a blocker."""

    @property
    def FAMILY(self) -> Family:
        """Which family the module speaks of."""
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
