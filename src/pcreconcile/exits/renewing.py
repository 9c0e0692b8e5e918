"""Of a customer that stays: what buys its next term by itself, where that is a commitment worth a date.

A month is no news; a year or three are money that nobody may have decided upon.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits.exit import Exit, Holding, deadline, nothing
from pcreconcile.exits.spans import months_of
from pcreconcile.model.rules import Rules

_A_YEAR = 12


def stay(holding: Holding, rules: Rules, now: datetime) -> Exit:
    """The deadline of a term of a year or longer that renews by itself."""
    row = holding.subject.subscription
    if row is None or row.status != "active" or not row.auto_renew:
        return nothing()
    if (months_of(row.term_duration) or 0) < _A_YEAR:
        return nothing()
    text = f"its term ends, and {row.term_duration} more are bought unless auto-renew is off by then"
    return Exit(deadlines=deadline("renews", holding, row.commitment_end, text))
