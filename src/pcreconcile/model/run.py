"""What happened: the journal's events and the receipt of a run."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from pcreconcile.model.ids import ActionId, PlanId, RunId, TenantId

NO_RUN = RunId("")
"""The run of events that belong to the journal itself and to none."""


class EventKind(StrEnum):
    """Kinds of journal events, in the order in which a run writes them."""

    RUN_STARTED = "run-started"
    CUSTOMER_STARTED = "customer-started"
    INTENT = "intent"  # before a request leaves
    ANSWERED = "answered"  # the service said yes
    REFUSED = "refused"  # the service said no: no effect
    NO_ANSWER = "no-answer"  # indeterminate until a read shows it
    VERIFIED = "verified"  # a read shows the postcondition
    UNPROVEN = "unproven"  # answered, and no read has shown it in time
    STALE = "stale"  # neither precondition nor postcondition holds
    SKIPPED = "skipped"  # left alone: its customer is, or something it requires did not verify
    LOOKED = "looked"  # a customer's state was kept as a document: before the first write, at the gate, at the end
    AUDITED = "audited"  # the service's own record of a write of ours was found and kept
    CUSTOMER_FINISHED = "customer-finished"
    RUN_FINISHED = "run-finished"
    HELD = "held"  # a hold stands; of no run ("") where a run found it before it began
    HOLD_LIFTED = "hold-lifted"
    SEALED = "sealed"  # of no run: from here on every event carries a MAC of the journal key


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One row of `events(seq, run, plan, at, kind, customer, action, request_id, body, prev, hash)`.

    `hash` is SHA-256 over the canonical form of all other fields, `prev` the hash of the event before ("" at first).
    """

    seq: int
    run: RunId
    plan: PlanId
    at: datetime
    kind: EventKind
    customer: TenantId | None
    action: ActionId | None
    request_id: str | None
    body: dict[str, Any]
    prev: str
    hash: str


class EventDraft(msgspec.Struct, frozen=True):
    """An event before the store numbers and chains it."""

    run: RunId
    plan: PlanId
    at: datetime
    kind: EventKind
    customer: TenantId | None = None
    action: ActionId | None = None
    request_id: str | None = None
    body: dict[str, Any] = {}


class Holder(msgspec.Struct, frozen=True, rename="camel"):
    """Who holds a partner tenant's lock: a hint for people, never what the lock rests upon."""

    process: int
    host: str
    user: str
    since: datetime
    run: RunId | None = None


class Head(msgspec.Struct, frozen=True, rename="camel"):
    """The journal's last event: what is anchored outside the store."""

    seq: int
    hash: str


class ActionState(StrEnum):
    """Where an action stands in a run."""

    PLANNED = "planned"  # not due, or not reached
    SENT = "sent"
    ANSWERED = "answered"
    INDETERMINATE = "indeterminate"
    VERIFIED = "verified"
    UNPROVEN = "unproven"
    FAILED = "failed"
    STALE = "stale"
    SKIPPED = "skipped"  # something it requires did not succeed


class ActionResult(msgspec.Struct, frozen=True, rename="camel"):
    """The end of one action."""

    id: ActionId
    kind: str
    target: str
    state: ActionState
    message: str = ""


class CustomerResult(msgspec.Struct, frozen=True, rename="camel"):
    """The end of one customer: done, stale, partial, waiting, unproven, indeterminate, unread, refused or stopped."""

    name: str
    tenant_id: TenantId
    outcome: str
    message: str
    actions: tuple[ActionResult, ...] = ()


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    """What a run did; `exit_code` as in design section 7."""

    run: RunId
    plan_id: PlanId
    started_at: datetime
    finished_at: datetime
    exit_code: int
    customers: tuple[CustomerResult, ...]
    resumed: bool = False
