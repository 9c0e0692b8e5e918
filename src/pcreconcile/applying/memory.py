"""What the journal remembers for planning and for the guards.

A request that may have taken effect counts where counting it is the careful side (removals, service taken, settings
that a suspension may have lost); what gives a right (that **we** suspended something, that we removed somebody) needs
the service's yes or a read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pcreconcile.applying.departures import departures_of
from pcreconcile.applying.history import TOO_MANY_REQUESTS
from pcreconcile.applying.past_removals import PastRemovals
from pcreconcile.applying.recollections import SETS_RENEWAL, Kept, kept_by, outcome_of, recent, remembered, returned_by
from pcreconcile.applying.spending import spent_since
from pcreconcile.model.budgets import DAY
from pcreconcile.model.ids import ActionId, PlanId, TenantId
from pcreconcile.model.memory import Memory, Returned
from pcreconcile.model.plan import ActionKind, Effect
from pcreconcile.model.run import Event, EventKind


@dataclass(slots=True)
class _Write:
    """One planned write across the runs of its plan; `sent` holds the requests that were not definitely refused.

    `bodies` are what the intents said, by request: the same plan may come back when its world comes back.
    """

    kind: str
    target: str
    effect: str
    sent: dict[str, datetime] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)

    def refused(self, request_id: str, status: int) -> None:
        if request_id not in self.unsure or status != TOO_MANY_REQUESTS:
            self.sent.pop(request_id, None)


@dataclass(slots=True)
class _Recall:
    writes: dict[tuple[PlanId, ActionId], _Write] = field(default_factory=dict)
    customers: dict[tuple[PlanId, ActionId], TenantId] = field(default_factory=dict)
    removed: dict[TenantId, str] = field(default_factory=dict)
    suspended: dict[TenantId, dict[str, None]] = field(default_factory=dict)
    said_again: dict[tuple[TenantId, str], datetime] = field(default_factory=dict)
    tried: dict[tuple[TenantId, str], tuple[datetime, str]] = field(default_factory=dict)
    returned: dict[TenantId, dict[str, Returned]] = field(default_factory=dict)
    past: PastRemovals = field(default_factory=PastRemovals)

    def enter(self, event: Event) -> None:
        self.past.enter(event)
        if event.action is None or event.customer is None:
            return
        key, request = (event.plan, event.action), event.request_id or ""
        if event.kind is EventKind.INTENT:
            self._intent(key, event, event.customer)
        elif (write := self.writes.get(key)) is None:
            return
        elif event.kind is EventKind.REFUSED:
            write.refused(request, int(event.body.get("status", 0)))
            self._tried(write, event, event.customer)
        elif event.kind is EventKind.NO_ANSWER:
            write.unsure.add(request)
        elif event.kind is EventKind.ANSWERED or (event.kind is EventKind.VERIFIED and event.body.get("written")):
            write.sent.setdefault(request, event.at)
            self._tried(write, event, event.customer)
            self._proven(write, event, event.customer)

    def _intent(self, key: tuple[PlanId, ActionId], event: Event, customer: TenantId) -> None:
        target = event.body.get("target", {})
        new = _Write(str(event.body.get("kind")), str(target.get("id")), str(event.body.get("effect")))
        write = self.writes.setdefault(key, new)
        if (request := event.request_id or "") in write.sent:
            write.unsure.add(request)  # sent before, and nobody wrote down what became of it
        write.sent.setdefault(request, event.at)
        write.bodies[event.request_id or ""] = event.body
        self.customers[key] = customer

    def _proven(self, write: _Write, event: Event, customer: TenantId) -> None:
        if write.kind == ActionKind.SUSPEND_SUBSCRIPTION:
            went_along = kept_by(write.bodies.get(event.request_id or "", {}))
            self.suspended.setdefault(customer, {}).update(dict.fromkeys([write.target, *went_along]))
        elif write.kind == ActionKind.REACTIVATE_SUBSCRIPTION:
            self.suspended.get(customer, {}).pop(write.target, None)
        elif event.kind is EventKind.VERIFIED:
            self._verified(write, event, customer)

    def _tried(self, write: _Write, event: Event, customer: TenantId) -> None:
        """What became of setting a renewal, as long as no read has proven it."""
        if write.kind in SETS_RENEWAL and (told := outcome_of(event)):
            self.tried[customer, write.target] = (event.at, told)

    def _verified(self, write: _Write, event: Event, customer: TenantId) -> None:
        if write.kind == ActionKind.REMOVE_RELATIONSHIP:
            self.removed[customer] = event.run
        elif write.kind in SETS_RENEWAL:
            self.said_again[customer, write.target] = event.at
        elif write.kind == ActionKind.RETURN_RESERVATION:
            request = event.request_id or ""
            found = returned_by(write.bodies.get(request, {}), write.sent[request])
            self.returned.setdefault(customer, {})[request] = found


def memory_from(events: Iterable[Event], now: datetime) -> Memory:
    """The memory of all events of a journal, in order, as of `now` (aware UTC). Raises nothing."""
    recall, events = _Recall(), tuple(events)
    for event in events:
        recall.enter(event)
    return Memory(
        removals=tuple(sorted(at for at in _removals(recall) if at > now - DAY)),
        removed=dict(recall.removed),
        service_taken=_service_taken(recall),
        suspended={tenant: tuple(ids) for tenant, ids in recall.suspended.items() if ids},
        renewals=remembered(_kept(recall), recall.said_again, recall.tried),
        returned=recent(recall.returned, now),
        spent=spent_since(events, now - DAY),
        known_since=events[0].at if events else None,
        departures=departures_of(events),
        fulfilled=recall.past.fulfilled,
        refused=recall.past.refused,
    )


def _kept(recall: _Recall) -> Iterable[Kept]:
    """What suspensions that were not definitely refused may have taken, in the order in which they were sent."""
    found = [
        Kept(recall.customers[key], at, kept_by(write.bodies.get(request, {})))
        for key, write in recall.writes.items()
        if write.kind == ActionKind.SUSPEND_SUBSCRIPTION
        for request, at in write.sent.items()
    ]
    return sorted(found, key=lambda kept: kept.at)


def _removals(recall: _Recall) -> Iterable[datetime]:
    removals = (write for write in recall.writes.values() if write.kind == ActionKind.REMOVE_RELATIONSHIP)
    return (max(write.sent.values()) for write in removals if write.sent)


def _service_taken(recall: _Recall) -> dict[TenantId, datetime]:
    taken: dict[TenantId, datetime] = {}
    for key, write in recall.writes.items():
        if write.effect == Effect.TAKES_SERVICE and write.kind != ActionKind.REMOVE_RELATIONSHIP and write.sent:
            customer, at = recall.customers[key], max(write.sent.values())
            taken[customer] = max(at, taken.get(customer, at))
    return taken
