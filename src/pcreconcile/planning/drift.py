"""Drift of a customer that stays: what its families say about holdings that nobody has decided about."""

from __future__ import annotations

from collections.abc import Sequence

from pcreconcile.exits import Exit, exit_of
from pcreconcile.exits.exit import warning
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.plan import Notice
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.ways import Way


def drift(ways: Sequence[Way], setting: Setting) -> Exit:
    """Warnings and deadlines, no steps. A holding that a line decides about (other than `keep`) does not drift, and
    neither does one that this plan changes."""
    staying = [way for way in ways if not way.exit.steps and not way.exit.blockers and _undecided(way, setting)]
    said = [exit_of(way.holding.family).stay(way.holding, setting.rules, setting.now) for way in staying]
    left = [notice for way in staying if setting.line(way.holding) is None for notice in _left_suspended(way)]
    return Exit(
        warnings=(*(notice for each in said for notice in each.warnings), *left),
        deadlines=tuple(each for found in said for each in found.deadlines),
    )


def _undecided(way: Way, setting: Setting) -> bool:
    line = setting.line(way.holding)
    return line is None or line.desired is LineDesire.KEEP


def _left_suspended(way: Way) -> tuple[Notice, ...]:
    """Left over: suspended, and nothing of ours brings it back."""
    row = way.holding.subject.subscription
    if row is None or row.status != "suspended":
        return ()
    text = (
        f"{way.holding.target.name} is suspended, and the journal does not show that pcreconcile did it: it stays so, "
        "unless a line reactivates it by its ID, keeps it or ends it"
    )
    return (warning("left-suspended", way.holding, text),)
