"""Add-ons are cancelled before the base that they hang on (exit rules, section 2)."""

from __future__ import annotations

from collections.abc import Sequence

from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import ActionKind
from pcreconcile.planning.actions import Draft, requiring
from pcreconcile.planning.ways import Way


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
