"""What became of our removals: which wish each one fulfilled, and which the service refused.

Journals of before do not say in an intent which wish it served; the plan document that they keep does (`with_wishes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pcreconcile.applying.kept_plans import kept_plan, plan_document_of
from pcreconcile.model.credential import WHO_ASKS
from pcreconcile.model.ids import ActionId, PlanId, RunId, TenantId
from pcreconcile.model.memory import Memory, PastRemoval, RefusedRemoval
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.plan_sources import wish_digest
from pcreconcile.model.run import Event, EventKind

Body = Mapping[str, Any]
Key = tuple[PlanId, ActionId, str]  # one request of one action

# "No" to the credential, or to the moment: neither speaks of the customer (API facts, 2 and 9).
_NOT_OF_THE_CUSTOMER = frozenset({401, 407, 408, 425, 429})
_SERVER_ERRORS = 500


@dataclass(slots=True)
class PastRemovals:
    """All customers of a journal, event by event; `fulfilled` and `refused` as Memory has them."""

    fulfilled: dict[TenantId, tuple[PastRemoval, ...]] = field(default_factory=dict)
    refused: dict[TenantId, RefusedRemoval] = field(default_factory=dict)
    _sent: dict[Key, Body] = field(default_factory=dict)
    _unsure: set[Key] = field(default_factory=set)
    _looks: dict[tuple[PlanId, TenantId], list[str]] = field(default_factory=dict)

    def enter(self, event: Event) -> None:
        """The next event of the journal, in order."""
        if event.customer is None:
            return
        if event.kind is EventKind.LOOKED:
            self._looked(event, event.customer)
        elif event.action is not None:
            self._of_an_action(event, event.customer, (event.plan, event.action, event.request_id or ""))

    def _looked(self, event: Event, customer: TenantId) -> None:
        """Looks until the refusal, and the one at the end of the run that met it."""
        seen = [str(digest) for digest in event.body.get("holds") or ()]
        self._looks.setdefault((event.plan, customer), []).extend(seen)
        refusal = self.refused.get(customer)
        if refusal is not None and refusal.run == event.run:
            looks = tuple(dict.fromkeys((*refusal.looks, *seen)))
            self.refused[customer] = msgspec.structs.replace(refusal, looks=looks)

    def _of_an_action(self, event: Event, customer: TenantId, key: Key) -> None:
        if event.kind is EventKind.INTENT:
            self._intended(event, customer, key)
        elif event.kind is EventKind.VERIFIED and event.body.get("kind") == ActionKind.REMOVE_RELATIONSHIP:
            self._verified(event, customer, key)
        elif key in self._sent and event.kind is EventKind.NO_ANSWER:
            self._unsure.add(key)
        elif key in self._sent and event.kind is EventKind.REFUSED:
            self._no(event, customer, key)

    def _intended(self, event: Event, customer: TenantId, key: Key) -> None:
        if event.body.get("kind") != ActionKind.REMOVE_RELATIONSHIP:
            return
        if key in self._sent:
            self._unsure.add(key)  # sent before, and nobody wrote down what became of it
        self._sent[key] = event.body
        self.refused.pop(customer, None)

    def _verified(self, event: Event, customer: TenantId, key: Key) -> None:
        self.refused.pop(customer, None)
        if event.body.get("written"):
            wish = str(self._sent.pop(key, {}).get("wish", ""))
            before = [each for each in self.fulfilled.get(customer, ()) if each.run != event.run]
            self.fulfilled[customer] = (*before, PastRemoval(event.run, event.at, wish))

    def _no(self, event: Event, customer: TenantId, key: Key) -> None:
        """A definite no about this customer; one after a lost answer may speak of what the lost request has done."""
        intent, unsure = self._sent.pop(key), key in self._unsure
        if unsure or not _is_about_the_customer(event.body):
            return
        looks = tuple(dict.fromkeys(self._looks.get((event.plan, customer), ())))
        manifest = str(intent.get("manifest", ""))
        self.refused[customer] = RefusedRemoval(event.run, event.at, _said(event.body), manifest, looks)


def _is_about_the_customer(body: Body) -> bool:
    status, code = int(body.get("status") or 0), str(body.get("code") or "")
    return status not in _NOT_OF_THE_CUSTOMER and status < _SERVER_ERRORS and code not in WHO_ASKS


def _said(body: Body) -> str:
    code = f"/{body['code']}" if body.get("code") else ""
    return f"HTTP {body.get('status', 0)}{code}: {body.get('message', '')}"


def with_wishes(
    memory: Memory,
    tenants: Iterable[TenantId],
    events: Callable[[], Iterable[Event]],
    documents: Callable[[str], bytes | None],
) -> Memory:
    """The memory, with the wishes of removals that only a kept plan document tells, for these customers.

    `events` are asked for, and documents read, only where a wish is missing. Raises StoreError for a damaged document.
    """
    silent = {tenant for tenant in tenants if any(not each.wish for each in memory.fulfilled.get(tenant, ()))}
    if not silent:
        return memory
    starts = {event.run: event for event in events() if event.kind is EventKind.RUN_STARTED}
    told = {tenant: _told(tenant, memory.fulfilled[tenant], starts, documents) for tenant in sorted(silent)}
    return msgspec.structs.replace(memory, fulfilled={**memory.fulfilled, **told})


def _told(
    tenant: TenantId,
    removals: Sequence[PastRemoval],
    starts: Mapping[RunId, Event],
    documents: Callable[[str], bytes | None],
) -> tuple[PastRemoval, ...]:
    return tuple(
        each
        if each.wish
        else msgspec.structs.replace(each, wish=_wish_in(tenant, starts.get(RunId(each.run)), documents))
        for each in removals
    )


def _wish_in(tenant: TenantId, start: Event | None, documents: Callable[[str], bytes | None]) -> str:
    """By the document of the run that proved it; "" where there is none, or it does not say."""
    kept = kept_plan(documents, plan_document_of([start])) if start is not None else None
    found = next((each for each in kept.customers if each.tenant_id == tenant), None) if kept is not None else None
    desired = found.desired if found is not None else None
    if desired is None or not (desired.reason or desired.ticket):
        return ""
    return wish_digest(desired.reason, desired.ticket)
