"""Steps become Actions: each gets its instant, what it requires, and its place in the queue (design, section 5)."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from pcreconcile.exits import Serve, Step, exit_of
from pcreconcile.model.family import Family
from pcreconcile.model.identity import action_id
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import Action, ActionKind, Effect, Impact
from pcreconcile.planning.calendar import NEVER, after, when_of
from pcreconcile.planning.order import LAST, families_before

_FIRST = datetime.min.replace(tzinfo=UTC)  # an offer to a person stands on top: it lapses when the rest begins


class Draft(msgspec.Struct, frozen=True):
    """A step on its way: when it can be served by itself, and which other drafts must be verified before it."""

    step: Step
    family: Family | None
    own: datetime
    requires: frozenset[ActionId]
    id: ActionId


def drafted(tenant: TenantId, step: Step, family: Family | None, own: datetime) -> Draft:
    """A draft without requirements yet."""
    return Draft(step, family, own, frozenset(), action_id(tenant, step.kind, step.target.type, step.target.id))


def linked(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """The requirements that the steps themselves name, and those between families."""
    by_target: dict[tuple[str, str], list[ActionId]] = {}
    for draft in needed(drafts):
        by_target.setdefault((draft.step.target.type, draft.step.target.id), []).append(draft.id)
    return tuple(requiring(draft, _named(draft, by_target) | _preceding(draft, needed(drafts))) for draft in drafts)


def needed(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Without what is only offered to a person: nothing waits for that."""
    return tuple(draft for draft in drafts if not draft.step.optional)


def requiring(draft: Draft, others: frozenset[ActionId] | set[ActionId]) -> Draft:
    """The draft with more requirements; never itself."""
    return msgspec.structs.replace(draft, requires=draft.requires | (frozenset(others) - {draft.id}))


def _named(draft: Draft, by_target: Mapping[tuple[str, str], list[ActionId]]) -> set[ActionId]:
    return {each for target in draft.step.after for each in by_target.get(target, ()) if each != draft.id}


def _preceding(draft: Draft, drafts: Sequence[Draft]) -> set[ActionId]:
    """What families that must come before (`PRECEDES`) are still to do."""
    if draft.family is None:
        return set()
    before = families_before(draft.family)
    return {each.id for each in drafts if each.family in before}


def waiting_for(names: set[ActionId], drafts: Sequence[Draft]) -> set[ActionId]:
    """Everything that requires one of the named drafts, directly or not."""
    found: set[ActionId] = set()
    ahead = names
    while ahead:
        ahead = {draft.id for draft in drafts if draft.requires & ahead} - found
        found |= ahead
    return found


def instants(drafts: Sequence[Draft]) -> dict[ActionId, datetime]:
    """When each can be served: the latest of its own instant and those of what it requires."""
    by_id = {draft.id: draft for draft in drafts}
    known: dict[ActionId, datetime] = {}

    def at(name: ActionId) -> datetime:
        if name not in known:
            draft = by_id[name]
            known[name] = max([draft.own, *(at(other) for other in draft.requires if other in by_id)])
        return known[name]

    return {draft.id: at(draft.id) for draft in drafts}


def queued(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """In the order of the graph; inside its freedom by deadline, then by family, then by target."""
    waiting = {draft.id: set(draft.requires) & {each.id for each in drafts} for draft in drafts}
    by_id = {draft.id: draft for draft in drafts}
    heap = [(_urgency(by_id[name]), name) for name, needs in waiting.items() if not needs]
    heapq.heapify(heap)
    ordered: list[Draft] = []
    while heap:
        _, name = heapq.heappop(heap)
        ordered.append(by_id[name])
        for other, needs in waiting.items():
            if name in needs:
                needs.remove(name)
                if not needs:
                    heapq.heappush(heap, (_urgency(by_id[other]), other))
    return tuple(ordered)


def _urgency(draft: Draft) -> tuple[datetime, int, str, str]:
    step = draft.step
    place = LAST if draft.family is None else exit_of(draft.family).PLACE
    comes_after = 1 if step.after else 0  # of one family, what names nothing that must come before goes first
    closes_at = _FIRST if step.optional else step.closes_at or NEVER
    return (closes_at, place * 2 + comes_after, step.target.name, step.target.id)


def made(drafts: Sequence[Draft], now: datetime) -> tuple[Action, ...]:
    """The plan's actions, in queue order."""
    times = instants(drafts)
    return tuple(_action(draft, max(times[draft.id], now), now) for draft in queued(drafts))


def _action(draft: Draft, at: datetime, now: datetime) -> Action:
    step = _dated(draft.step, at)
    return Action(
        id=draft.id,
        kind=step.kind,
        target=step.target,
        family=draft.family,
        when=when_of(at, now),
        requires=tuple(sorted(draft.requires)),
        reversibility=step.reversibility,
        effect=step.effect,
        impact=_impact(step),
        precondition=step.precondition,
        postcondition=step.postcondition,
        window_closes_at=step.closes_at,
        money=step.money,
        reason=step.why,
        instructions=step.instructions,
        rule=step.rule,
        reversible_until=step.reversible_until,
        loses=step.loses,
    )


def _dated(step: Step, at: datetime) -> Step:
    """What lasts for a while after a step lasts from the day on which it is served."""
    if step.kept_for is None or at == NEVER:
        return step
    last = after(at, step.kept_for).date()
    return msgspec.structs.replace(step, reversible_until=last, data_until=last)


def _impact(step: Step) -> Impact | None:
    if step.effect is not Effect.TAKES_SERVICE:
        return None
    return Impact(seats=step.seats, service=step.target.name, data_until=step.data_until)


def takes_service(draft: Draft) -> bool:
    """Whether the customer loses something by it."""
    return draft.step.effect is Effect.TAKES_SERVICE


def is_manual(draft: Draft) -> bool:
    """Whether a person must do it; what is only offered to a person need not be done."""
    by_hand = draft.step.serve is Serve.MANUAL or draft.step.kind is ActionKind.MANUAL
    return by_hand and not draft.step.optional
