"""What the rule pack decides of an answer: whether it blocks, from when on it no longer does.

A rule of the form `<family>.<status>` says `blocks`, `free` or `probe` (rules.yaml). Where it does not block, what
saves money is done all the same; only the removal no longer waits for the rest.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from pcreconcile.exits.exit import Exit, day_after, not_past
from pcreconcile.model.rules import Rules


def as_ruled(found: Exit, rule: str, rules: Rules) -> Exit:
    """The answer with the blockers that the rule leaves, its fallback alike."""
    word = rules.word(rule)
    if word not in {"free", "probe"}:
        return found
    fallback = None if found.fallback is None else as_ruled(found.fallback, rule, rules)
    return replace(found, blockers=(), fallback=fallback, probe=found.probe or word == "probe")


def free_from(end: datetime | None, rule: str, rules: Rules, now: datetime) -> date | None:
    """The first UTC date on which a term no longer blocks; its last day counts where the rule says `inclusive`.

    None when the service names no end.
    """
    if end is None:
        return None
    return not_past(end.date() if rules.word(rule) == "exclusive" else day_after(end), now)
