"""What the index page says before its details: whether it is proven, and where every customer stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from pcreconcile.model.evidence import ActionStory, Agreement, CustomerEnd, CustomerStory, Evidence, Proof, Standing
from pcreconcile.model.run import ActionState
from pcreconcile.rendering.words import counted


class Tone(StrEnum):
    """How something is told: also in words, never by its colour alone."""

    GOOD = "good"
    ATTENTION = "attention"
    DANGER = "danger"
    PLAIN = "plain"


class Said(msgspec.Struct, frozen=True):
    """A word with its tone."""

    text: str
    tone: Tone


class Bar(msgspec.Struct, frozen=True):
    """One stretch of a strip of time that is 100 wide."""

    start: float
    width: float
    tone: Tone


STANDINGS = {
    Standing.OK: Said("ok", Tone.GOOD),
    Standing.FAILED: Said("FAILED", Tone.DANGER),
    Standing.NOT_PROVEN: Said("not proven yet", Tone.ATTENTION),
    Standing.NOT_CHECKED: Said("not checked", Tone.PLAIN),
}

_OUTCOMES = {
    "done": Tone.GOOD,
    "waiting": Tone.ATTENTION,
    "partial": Tone.ATTENTION,
    "stopped": Tone.ATTENTION,
    "stale": Tone.ATTENTION,
}

_EXITS = {
    0: Said("done", Tone.GOOD),
    1: Said("ended with an error", Tone.DANGER),
    3: Said("stale", Tone.ATTENTION),
    4: Said("an approval was missing or void", Tone.DANGER),
    5: Said("refused by a guard or check", Tone.DANGER),
    6: Said("partly done", Tone.ATTENTION),
    7: Said("something is not proven", Tone.DANGER),
    9: Said("not everything could be read", Tone.DANGER),
    130: Said("interrupted", Tone.ATTENTION),
    143: Said("terminated", Tone.ATTENTION),
}

_DONE = "carried out and seen as planned"
_FATES = {
    ActionState.VERIFIED: "found done already",
    ActionState.ANSWERED: "accepted and not seen yet",
    ActionState.UNPROVEN: "accepted and not seen yet",
    ActionState.SENT: "sent with an unknown outcome",
    ActionState.INDETERMINATE: "sent with an unknown outcome",
    ActionState.FAILED: "refused by the service",
    ActionState.STALE: "left alone because things had changed",
    ActionState.SKIPPED: "left alone",
    ActionState.PLANNED: "not begun",
}
_NARROWEST = 1.5  # of a bar, so that the shortest run is still seen


def verdict(evidence: Evidence) -> Said:
    """Whether all this is proven, from what checking gave."""
    total = counted(len(evidence.findings), "check")
    failed, unproven, unchecked = (
        sum(each.standing is standing for each in evidence.findings)
        for standing in (Standing.FAILED, Standing.NOT_PROVEN, Standing.NOT_CHECKED)
    )
    if failed:
        return Said(f"Do not rely on this: {failed} of {total} failed", Tone.DANGER)
    if unproven:
        return Said(f"Not everything is proven yet: {unproven} of {total} wait for proof", Tone.ATTENTION)
    if unchecked == len(evidence.findings):
        return Said("Not checked: this page tells what was recorded, and nobody has checked it", Tone.ATTENTION)
    passed = len(evidence.findings) - unchecked
    told = (
        f"{passed} of {total} passed and {unchecked} could not be made here" if unchecked else f"all of {total} passed"
    )
    return Said(f"Proven: {told}", Tone.GOOD)


def ordered(findings: Iterable[Proof]) -> list[Proof]:
    """What needs eyes first."""
    rank = (Standing.FAILED, Standing.NOT_PROVEN, Standing.NOT_CHECKED, Standing.OK)
    return sorted(findings, key=lambda found: rank.index(found.standing))


def deeds(evidence: Evidence) -> list[tuple[str, int]]:
    """How many actions came to which end, over all customers; an action that several runs met counts once."""
    counts = Counter(fate for customer in evidence.customers for fate in _fates(customer.actions))
    return [(fate, counts[fate]) for fate in dict.fromkeys((_DONE, *_FATES.values())) if counts[fate]]


def proven(customer: CustomerStory) -> tuple[int, int]:
    """How many of a customer's actions a read has shown, and how many there are."""
    fates = _fates(customer.actions)
    return sum(fate in (_DONE, _FATES[ActionState.VERIFIED]) for fate in fates), len(fates)


def _fates(actions: Iterable[ActionStory]) -> list[str]:
    """The end of each action: ever carried out and seen, else what the last run left."""
    found: dict[str, str] = {}
    for action in actions:
        fate = _DONE if action.state is ActionState.VERIFIED and action.written else _FATES[action.state]
        if found.get(action.action) != _DONE:
            found[action.action] = fate
    return list(found.values())


def outcome(end: CustomerEnd | None) -> Said:
    """How a run ended for a customer."""
    if end is None or not end.outcome:
        return Said("cut off", Tone.DANGER)
    return Said(end.outcome, _OUTCOMES.get(end.outcome, Tone.DANGER))


def ending(exit_code: int | None) -> Said:
    """How a run ended."""
    if exit_code is None:
        return Said("cut off", Tone.DANGER)
    return _EXITS.get(exit_code, Said(f"exit code {exit_code}", Tone.DANGER))


def signature(agreement: Agreement) -> Said:
    """What checking an approval's signature gave."""
    if agreement.valid is None:
        return Said("not checked here", Tone.PLAIN)
    return Said("valid", Tone.GOOD) if agreement.valid else Said("NOT VALID", Tone.DANGER)


def span(evidence: Evidence) -> tuple[datetime, datetime] | None:
    """From the first start of a run to the last end; None without a run."""
    if not evidence.runs:
        return None
    ends = [run.finished_at or evidence.told_until for run in evidence.runs]
    return min(run.started_at for run in evidence.runs), max(ends)


def bars(customer: CustomerStory, evidence: Evidence) -> Iterator[Bar]:
    """When the runs were at work on a customer."""
    whole = span(evidence)
    if whole is None:
        return
    start, length = whole[0], max((whole[1] - whole[0]).total_seconds(), 1.0)
    for end in customer.ends:
        first = end.started_at or end.finished_at
        if first is None:
            continue
        width = max(((end.finished_at or first) - first).total_seconds() / length * 100, _NARROWEST)
        left = (first - start).total_seconds() / length * 100
        yield Bar(round(min(max(left, 0.0), 100 - _NARROWEST), 2), round(min(width, 100.0), 2), outcome(end).tone)


def open_ends(customers: Sequence[CustomerStory]) -> list[tuple[int, CustomerStory]]:
    """The customers with something open, with their numbers on the page."""
    return [(number, customer) for number, customer in enumerate(customers, 1) if customer.open]
