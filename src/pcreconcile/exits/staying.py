"""The answers of a family about whose staying there is nothing to say: no drift, and no term that can be renewed."""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits.exit import Exit, Holding, blocked, nothing
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.rules import Rules


def stay(holding: Holding, rules: Rules, now: datetime) -> Exit:
    """Nothing drifts."""
    return nothing()


def renew(holding: Holding, desire: LineDesire, rules: Rules, now: datetime) -> Exit:
    """There is no end-of-term instruction of this kind."""
    how = "only active new-commerce licences have an end-of-term instruction of this kind"
    return blocked("not-possible", holding, how)
