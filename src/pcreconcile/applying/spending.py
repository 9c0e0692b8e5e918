"""What the writes of the last 24 hours count against the budgets of the day, from the journal.

Every request that was sent and not definitely refused counts, once per request ID however often it was sent again or
its run was resumed, at the instant of its last sending. What an older journal does not say stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.applying.history import TOO_MANY_REQUESTS
from pcreconcile.model.correlation import correlation_of
from pcreconcile.model.gravity import COMMITS_MONEY, ONE_WAY, PROTECTIVE, TAKES_SERVICE, sorts_of
from pcreconcile.model.ids import ActionId, TenantId
from pcreconcile.model.memory import Spent
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.run import Event, EventKind

Body = Mapping[str, Any]

REMOVAL = "remove_partner_customer_relationship"
"""The operation of the audit record of a removal."""


class Day(msgspec.Struct, frozen=True):
    """The last 24 hours: `spent` by writes, of which `actions` are what our own journal tells.

    `known_since` is the journal's first event, None without one; `traces` are the correlation IDs of all requests that
    the journal tells, as they were sent and as they were answered, in lower case.
    """

    spent: tuple[Spent, ...]
    actions: frozenset[ActionId] = frozenset()
    known_since: datetime | None = None
    traces: frozenset[str] = frozenset()


class _Sent(msgspec.Struct):
    action: ActionId
    customer: TenantId
    at: datetime
    body: Body
    unsure: bool = False  # an earlier sending under this request ID may have taken effect
    open: bool = True
    refused: bool = False


def spent_since(events: Iterable[Event], since: datetime) -> tuple[Spent, ...]:
    """Every write that was sent after `since` and not definitely refused, from all events of a journal in order."""
    return tuple(_weighed(each) for each in _sent_since(events, since))


def day_of(events: Iterable[Event], since: datetime) -> Day:
    """As `spent_since`, with what tells our own writes from those of others."""
    events = tuple(events)
    sent = _sent_since(events, since)
    return Day(
        spent=tuple(_weighed(each) for each in sent),
        actions=frozenset(each.action for each in sent),
        known_since=events[0].at if events else None,
        traces=frozenset(trace for event in events if (trace := _trace(event))),
    )


def _trace(event: Event) -> str:
    """Under which correlation ID an intent's request is sent, or was answered; "" for what is neither."""
    if event.kind is EventKind.INTENT and event.request_id:
        return correlation_of(event.request_id)
    return str(event.body.get("correlationId", "")).lower()


def _sent_since(events: Iterable[Event], since: datetime) -> list[_Sent]:
    sent: dict[tuple[str, str, str], _Sent] = {}
    for event in events:
        if event.action is None or event.customer is None:
            continue
        key = (event.plan, event.action, event.request_id or "")
        if event.kind is EventKind.INTENT:
            before = sent.get(key)
            unsure = before is not None and (before.unsure or before.open)
            sent[key] = _Sent(event.action, event.customer, event.at, event.body, unsure)
        elif (write := sent.get(key)) is not None:
            _answered(write, event)
    return [each for each in sent.values() if each.at > since and not each.refused]


def _answered(write: _Sent, event: Event) -> None:
    """A 429 says nothing about an earlier, unanswered request under the same ID; a read that shows the act says all."""
    write.open = False
    if event.kind is EventKind.NO_ANSWER:
        write.unsure = True
    elif event.kind is EventKind.REFUSED:
        write.refused = not (write.unsure and event.body.get("status") == TOO_MANY_REQUESTS)
    elif event.kind is EventKind.ANSWERED or (event.kind is EventKind.VERIFIED and event.body.get("written")):
        write.refused = False


def _weighed(write: _Sent) -> Spent:
    body = write.body
    reversibility = body.get("reversibility")
    sorts = sorts_of(str(body.get("kind")), reversibility, str(body.get("effect")))
    if PROTECTIVE in sorts:
        return Spent(write.at, write.customer, protective=True)
    committed = _committed(body) if COMMITS_MONEY in sorts else None
    return Spent(
        at=write.at,
        customer=write.customer,
        removal=body.get("kind") == ActionKind.REMOVE_RELATIONSHIP,
        one_way=True if ONE_WAY in sorts else None if reversibility is None else False,
        seats=_seats(body, sorts),
        committed=committed,
        unknown_money=COMMITS_MONEY in sorts and committed is None,
    )


def _seats(body: Body, sorts: frozenset[str]) -> int | None:
    """An older journal names none; only what takes service has any."""
    seats = body.get("seats")
    if isinstance(seats, int):
        return max(0, seats)
    return None if TAKES_SERVICE in sorts else 0


def _committed(body: Body) -> Money | None:
    said = (body.get("money") or {}).get("committed")
    return None if said is None else msgspec.convert(said, Money)
