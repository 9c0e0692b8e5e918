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
from pcreconcile.model.memory import Departure, Memory, PastRemoval, RefusedRemoval
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
    _sent: dict[Key, Event] = field(default_factory=dict)
    _unsure: set[Key] = field(default_factory=set)
    _looks: dict[tuple[PlanId, TenantId], list[str]] = field(default_factory=dict)

    def enter(self, event: Event) -> None:
        """The next event of the journal, in order."""
        if event.customer is None:
            return
        if event.kind is EventKind.LOOKED:
            self._looked(event, event.customer)
        elif event.kind is EventKind.AUDITED:
            self._audited(event, event.customer)
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
        self._sent[key] = event
        self.refused.pop(customer, None)

    def _verified(self, event: Event, customer: TenantId, key: Key) -> None:
        self.refused.pop(customer, None)
        if event.body.get("written"):
            looks = self._looks_of(event.plan, customer)
            self._fulfil(customer, PastRemoval(event.run, event.at, _wish_of(self._sent.get(key)), looks))
            for each, _ in self._open(customer):
                del self._sent[each]

    def _audited(self, event: Event, customer: TenantId) -> None:
        """The service's own record of a removal that no read of ours has seen through."""
        if event.body.get("auditRecord") is not None:
            for key, sent in self._open(customer):
                del self._sent[key]
                looks = self._looks_of(sent.plan, customer)
                self._fulfil(customer, PastRemoval(sent.run, sent.at, _wish_of(sent), looks))

    def _looks_of(self, plan: PlanId, customer: TenantId) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._looks.get((plan, customer), ())))

    def _fulfil(self, customer: TenantId, removal: PastRemoval) -> None:
        before = [each for each in self.fulfilled.get(customer, ()) if each.run != removal.run]
        self.fulfilled[customer] = (*before, removal)

    def _open(self, customer: TenantId) -> list[tuple[Key, Event]]:
        return [(key, sent) for key, sent in self._sent.items() if sent.customer == customer]

    def unseen(self) -> tuple[Departure, ...]:
        """The removals that may have taken effect and that no read has shown, each as it was sent last."""
        last = {sent.customer: sent for sent in self._sent.values() if sent.customer is not None}
        return tuple(Departure(customer, sent.run, sent.at, sent.at) for customer, sent in last.items())

    def _no(self, event: Event, customer: TenantId, key: Key) -> None:
        """A definite no about this customer; one after a lost answer may speak of what the lost request has done."""
        intent, unsure = self._sent.pop(key), key in self._unsure
        if unsure or not _is_about_the_customer(event.body):
            return
        looks = self._looks_of(event.plan, customer)
        manifest = str(intent.body.get("manifest", ""))
        self.refused[customer] = RefusedRemoval(event.run, event.at, _said(event.body), manifest, looks)


def _wish_of(sent: Event | None) -> str:
    return "" if sent is None else str(sent.body.get("wish", ""))


def _is_about_the_customer(body: Body) -> bool:
    status, code = int(body.get("status") or 0), str(body.get("code") or "")
    return status not in _NOT_OF_THE_CUSTOMER and status < _SERVER_ERRORS and code not in WHO_ASKS


def _said(body: Body) -> str:
    code = f"/{body['code']}" if body.get("code") else ""
    return f"HTTP {body.get('status', 0)}{code}: {body.get('message', '')}"


def past_removals(events: Iterable[Event]) -> PastRemovals:
    """Of all events of a journal, in order."""
    past = PastRemovals()
    for event in events:
        past.enter(event)
    return past


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
