"""What the writes of the last 24 hours count against the budgets of the day, from the journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pcreconcile.model.memory import Spent
from pcreconcile.model.run import Event


def spent_since(events: Iterable[Event], since: datetime) -> tuple[Spent, ...]:
    """Every write that was sent after `since` and not definitely refused, from all events of a journal in order."""
    return ()
