"""Windows that close: a step that cannot be sent in time gives way to what ends the thing without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import Step
from pcreconcile.exits.exit import warning
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import Notice
from pcreconcile.planning.actions import Draft, instants
from pcreconcile.planning.ways import Way

Drafting = Callable[[tuple[Way, ...]], tuple[Draft, ...]]
StepKey = tuple[str, str, str]


def in_time(ways: tuple[Way, ...], drafting: Drafting) -> tuple[Way, ...]:
    """The ways that can be gone: a fallback stands where a window closes before its step is due.

    Each fallback may delay or free others, so it is asked again until nothing is late any more. What is late because
    of something late that it requires is judged after that has given way. `drafting` dates the steps of all ways.
    """
    while True:
        late = _late(drafting(ways))
        served = tuple(_given_way(way, late) for way in ways)
        if served == ways:
            return ways
        ways = served


def _late(drafts: Sequence[Draft]) -> frozenset[StepKey]:
    times = instants(drafts)
    late = {draft.id for draft in drafts if _closed(draft, times)}
    return frozenset(_key(draft) for draft in drafts if draft.id in late and not draft.requires & late)


def _closed(draft: Draft, times: dict[ActionId, datetime]) -> bool:
    return draft.step.closes_at is not None and times[draft.id] > draft.step.closes_at


def _key(draft: Draft) -> StepKey:
    return (draft.step.kind, draft.step.target.type, draft.step.target.id)


def _given_way(way: Way, late: frozenset[StepKey]) -> Way:
    missed = [step for step in way.exit.steps if (step.kind, step.target.type, step.target.id) in late]
    if not missed or way.exit.fallback is None:
        return way
    told = tuple(_told(way, step) for step in missed)
    return Way(way.holding, replace(way.exit.fallback, warnings=(*way.exit.fallback.warnings, *told)))


def _told(way: Way, step: Step) -> Notice:
    """Money is lost by it, so that it is told: the manifest or the policy lets the window close."""
    text = (
        f"{way.holding.target.name}: its cancellation window closes {step.closes_at:%Y-%m-%d %H:%M} UTC, before it can "
        "be used: notBefore, a freeze, or refunds: ignore with pace: together come first"
    )
    return warning("window-missed", way.holding, text)
