"""Add-ons and the base that they hang on: cancelled before it (exit rules, section 2), and never kept without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pcreconcile.exits import Holding
from pcreconcile.model.desired import LineDesire, SubscriptionLine
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
