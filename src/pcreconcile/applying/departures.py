"""The customers that we removed, from the journal: whose open ends are followed up (`model.memory.Departure`).

Whether a customer has come back, the customers list knows; the journal knows it only from later writes of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.model.ids import ActionId, PlanId, TenantId
from pcreconcile.model.memory import Credit, Departure
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.run import Event, EventKind

# Writes that give money back; of what else is written, only a refund that the plan names is expected.
_GIVES_BACK = frozenset(
    {ActionKind.CANCEL_SUBSCRIPTION, ActionKind.CANCEL_ORDER_LINE, ActionKind.RETURN_RESERVATION},
)
# Writes to a customer who has gone.
_AFTERWARDS = frozenset({ActionKind.TERMINATE_DELEGATED_ACCESS, ActionKind.REMOVE_DELEGATED_ADMIN})

Key = tuple[PlanId, ActionId]


@dataclass(slots=True)
class _Sent:
    """One write across the runs of its plan, since it was last proven."""

    first: datetime
    body: Mapping[str, Any]
    traces: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Leaving:
    """All customers of a journal, event by event."""

    sent: dict[Key, _Sent] = field(default_factory=dict)
    credits: dict[TenantId, list[Credit]] = field(default_factory=dict)
    gone: dict[TenantId, Departure] = field(default_factory=dict)

    def enter(self, event: Event) -> None:
        if event.customer is None:
            return
        if event.kind is EventKind.AUDITED:
            self._audited(event, event.customer)
        elif event.action is not None:
            self._of_an_action(event, event.customer, (event.plan, event.action))

    def _audited(self, event: Event, customer: TenantId) -> None:
        record = event.body.get("auditRecord")
        if record and customer in self.gone:
            self.gone[customer] = msgspec.structs.replace(self.gone[customer], audit_record=str(record))

    def _of_an_action(self, event: Event, customer: TenantId, key: Key) -> None:
        if event.kind is EventKind.INTENT:
            before = self.sent.get(key)
            self.sent[key] = _Sent(before.first if before else event.at, event.body, before.traces if before else set())
        elif key in self.sent and event.kind in {EventKind.ANSWERED, EventKind.NO_ANSWER}:
            self.sent[key].traces.add(str(event.body.get("correlationId") or "").lower())
        elif event.kind is EventKind.VERIFIED and event.body.get("written"):
            self._verified(event, customer, self.sent.pop(key, _Sent(event.at, event.body)))

    def _verified(self, event: Event, customer: TenantId, sent: _Sent) -> None:
        kind = event.body.get("kind")
        if kind == ActionKind.REMOVE_RELATIONSHIP:
            self.gone[customer] = _departure(event, customer, sent, self.credits.pop(customer, []))
        elif kind not in _AFTERWARDS:
            self.gone.pop(customer, None)  # it was ours again
            self.credits.setdefault(customer, []).extend(_credits(event, sent))


def departures_of(events: Iterable[Event]) -> dict[TenantId, Departure]:
    """By tenant ID, from all events of a journal in order."""
    leaving = _Leaving()
    for event in events:
        leaving.enter(event)
    return leaving.gone


def _departure(event: Event, customer: TenantId, sent: _Sent, credits: Iterable[Credit]) -> Departure:
    record = event.body.get("auditRecord")
    return Departure(
        customer=customer,
        run=event.run,
        sent_at=sent.first,
        removed_at=event.at,
        audit_record=str(record) if record else None,
        traces=tuple(sorted(filter(None, sent.traces))),
        credits=tuple(credits),
    )


def _credits(event: Event, sent: _Sent) -> Iterable[Credit]:
    """What this write should bring back; an amount of nothing is no credit, an unknown one is."""
    amount = _refund(sent.body)
    if amount is None and event.body.get("kind") not in _GIVES_BACK:
        return ()
    if amount is not None and not amount.amount:
        return ()
    target = event.body.get("target") or {}
    return (Credit(f"{target.get('type', '')} {target.get('id', '')}".strip(), event.at, amount),)


def _refund(body: Mapping[str, Any]) -> Money | None:
    told = (body.get("money") or {}).get("refund")
    return None if told is None else msgspec.convert(told, Money)
