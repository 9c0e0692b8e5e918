"""How one holding ends, asked of its family."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, exit_of
from pcreconcile.model.desired import LineDesire
from pcreconcile.planning.setting import Setting


def leave(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """How its family ends it; `desire` is what a line says of it, None where the relationship alone does."""
    return exit_of(holding.family).leave(holding, setting.wish(holding, desire), setting.rules, setting.now)


def leave_from(holding: Holding, setting: Setting, desire: LineDesire | None, start: datetime) -> Exit:
    """The same, for something that must not be touched before that instant."""
    wish = setting.wish(holding, desire)
    later = replace(wish, start=max(wish.start, start))
    return exit_of(holding.family).leave(holding, later, setting.rules, setting.now)
