"""Add-ons and the base that they hang on: cancelled before it (exit rules, section 2), and never kept without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from pcreconcile.exits import Holding
from pcreconcile.exits.keeping import lost_by_suspending
from pcreconcile.model.desired import LineDesire, SubscriptionLine
from pcreconcile.model.family import Family
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import Action, ActionKind, Blocker
from pcreconcile.planning.actions import Draft, requiring
from pcreconcile.planning.lines import words_of
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.ways import Way

_TAKES_AWAY = frozenset({ActionKind.CANCEL_SUBSCRIPTION, ActionKind.CANCEL_ORDER_LINE, ActionKind.SUSPEND_SUBSCRIPTION})
_GOES_ON = frozenset({LineDesire.RENEW, LineDesire.EXTEND})


def bases_after_add_ons(ways: Sequence[Way], drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """The drafts, with the cancellation of each base requiring those of its add-ons."""
    cancels = {d.step.target.id: d.id for d in drafts if d.step.kind is ActionKind.CANCEL_SUBSCRIPTION}
    children: dict[str, set[ActionId]] = {}
    for way in ways:
        base = way.holding.subject.base
        if base is not None and way.holding.subject.id in cancels:
            children.setdefault(base.id, set()).add(cancels[way.holding.subject.id])
    return tuple(
        requiring(draft, children.get(draft.step.target.id, set()))
        if draft.step.kind is ActionKind.CANCEL_SUBSCRIPTION
        else draft
        for draft in drafts
    )


def naming_what_add_ons_lose(ways: Sequence[Way]) -> tuple[Way, ...]:
    """The ways, with each suspension of a new-commerce base naming what its active add-ons lose with it.

    They are suspended through their base without a step of their own (rule add-on.suspend).
    """
    lost: dict[str, list[str]] = {}
    for way in ways:
        row = way.holding.subject.subscription
        if way.holding.family is Family.NEW_COMMERCE_LICENSE and row is not None and row.status == "active":
            named = [f"{each} of {way.holding.target.name}" for each in lost_by_suspending(row)]
            for base_id in _bases_above(way, ways):
                lost.setdefault(base_id, []).extend(named)
    return tuple(_losing(way, lost) for way in ways)


def _losing(way: Way, lost: Mapping[str, Sequence[str]]) -> Way:
    suspends = ActionKind.SUSPEND_SUBSCRIPTION
    steps = tuple(
        replace(step, loses=(*step.loses, *lost.get(step.target.id.lower(), ()))) if step.kind is suspends else step
        for step in way.exit.steps
    )
    return replace(way, exit=replace(way.exit, steps=steps))


def _bases_above(way: Way, ways: Sequence[Way]) -> Iterator[str]:
    """The IDs of its base, of the base of that, and so on, each once."""
    bases = {each.holding.subject.id.lower(): each.holding.subject.base for each in ways}
    base, passed = way.holding.subject.base, {way.holding.subject.id.lower()}
    while base is not None and base.id.lower() not in passed:
        passed.add(base.id.lower())
        yield base.id.lower()
        base = bases.get(base.id.lower())


def conflicting_lines(actions: Sequence[Action], holdings: Sequence[Holding], setting: Setting) -> tuple[Blocker, ...]:
    """Add-ons that a line keeps while the plan ends what they hang on: the wish contradicts itself, both lines named.

    A base that runs out with its term takes along what a line renews or extends; what a line merely keeps ends with it.
    """
    by_id = {holding.subject.id.lower(): holding for holding in holdings}
    found = []
    for holding in holdings:
        line = setting.line(holding)
        ended = _ended_base(holding, line, actions, by_id)
        if line is not None and ended is not None:
            found.append(_conflict(holding, line, ended, setting))
    return tuple(found)


def _ended_base(
    holding: Holding, line: SubscriptionLine | None, actions: Sequence[Action], by_id: Mapping[str, Holding]
) -> Holding | None:
    """The nearest base above a kept add-on that the plan ends."""
    desire = None if line is None else line.desired
    if desire is not LineDesire.KEEP and desire not in _GOES_ON:
        return None
    kinds = _TAKES_AWAY | ({ActionKind.CANCEL_AT_TERM_END} if desire in _GOES_ON else frozenset())
    ended = {action.target.id.lower() for action in actions if action.kind in kinds}
    base = holding.subject.base
    while base is not None:
        above = by_id.get(base.id.lower())
        if above is None or ended & {above.subject.id.lower(), (above.subject.line_id or "").lower()}:
            return above
        base = above.subject.base
    return None


def _conflict(holding: Holding, line: SubscriptionLine, base: Holding, setting: Setting) -> Blocker:
    of_base = setting.line(base)
    other = (
        f"the manifest says relationship: {setting.desired.relationship}"
        if of_base is None
        else f"the line {words_of(of_base.match)} says {of_base.desired}"
    )
    how = (
        f"the line {words_of(line.match)} says {line.desired} of an add-on, and of its base {base.target.name} "
        f"({base.target.id}) {other}: an add-on ends with its base; change one of them"
    )
    return Blocker("conflicting-lines", holding.target, None, how)
