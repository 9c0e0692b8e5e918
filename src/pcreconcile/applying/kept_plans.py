"""The plan documents that the journal keeps, and what they name.

Events hold no names, so that they can be shown to others; the kept document of the plan tells who and what was meant.
A document of another version is read as far as it is understood, and one that is missing names nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.plan import Target
from pcreconcile.model.run import Event, EventKind
from pcreconcile.model.story import KeptAction, KeptPlan


def plan_document_of(events: Iterable[Event]) -> str | None:
    """The digest of the plan document that a run's first event names; None in a journal of before."""
    bodies = (event.body for event in events if event.kind is EventKind.RUN_STARTED)
    found = next(bodies, {}).get("planDocument")
    return str(found) if found else None


def kept_plan(documents: Callable[[str], bytes | None], digest: str | None) -> KeptPlan:
    """The document by its digest. Raises StoreError when it is damaged."""
    content = documents(digest) if digest else None
    if content is None:
        return KeptPlan()
    try:
        return msgspec.json.decode(content, type=KeptPlan)
    except (msgspec.MsgspecError, RecursionError):
        return KeptPlan()


def names_of(
    tenants: Iterable[TenantId], events: Sequence[Event], documents: Callable[[str], bytes | None]
) -> dict[TenantId, str]:
    """What these customers were called in the last plan that was applied to each of them.

    For customers that no manifest names any more. Raises StoreError when a kept document is damaged.
    """
    wanted, found = set(tenants), dict[TenantId, str]()
    runs = {event.run: event for event in events if event.kind is EventKind.RUN_STARTED}
    for event in reversed(events):
        if not wanted:
            break
        if event.customer in wanted and event.run in runs:
            kept = kept_plan(documents, plan_document_of([runs[event.run]]))
            named = {each.tenant_id: each.name for each in kept.customers if each.tenant_id in wanted}
            found |= named
            wanted -= {*named, event.customer}
    return found


class Names:
    """Who and what a kept plan document speaks of."""

    def __init__(self, kept: KeptPlan) -> None:
        self._customers = {each.tenant_id: each.name for each in kept.customers}
        self._actions = {action.id: action for each in kept.customers for action in each.actions}
        self._items = {
            (each.tenant_id, str(item.get("type")), str(item.get("id"))): item
            for each in kept.customers
            for item in each.observed.items
        }

    def customer(self, tenant: TenantId) -> str:
        """Its name in the plan, else its tenant ID."""
        return self._customers.get(tenant, tenant)

    def action(self, action: ActionId) -> KeptAction | None:
        """The action as the plan had it."""
        return self._actions.get(action)

    def before(self, tenant: TenantId, target: Target) -> dict[str, Any]:
        """The fields of a thing as the plan saw them; empty where it did not."""
        return self._items.get((tenant, target.type, target.id), {})

    def act(self, action: ActionId, events: Iterable[Event]) -> tuple[str, Target]:
        """Kind and target of an action, from the events that say it; the name from the plan."""
        body = next((event.body for event in events if event.action == action and "kind" in event.body), {})
        kept = self._actions.get(action)
        if kept is not None:
            return kept.kind or str(body.get("kind", "")), kept.target
        target = body.get("target") or {}
        return str(body.get("kind", "")), Target(str(target.get("type", "")), str(target.get("id", action)), "")
