"""What applying needs of the world: Service (Microsoft), Store (the journal), Clock. Nothing else is reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from pcreconcile.model.approval import Signer
from pcreconcile.model.estate import AuditTrail, CustomerList, CustomerState, RemovalRecord, Snapshot
from pcreconcile.model.extras import Extra
from pcreconcile.model.ids import PlanId, RequestId, TenantId
from pcreconcile.model.notes import Note, NoteDraft
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind, Plan
from pcreconcile.model.run import Event, EventDraft, Head, Holder


class WriteRequest(msgspec.Struct, frozen=True):
    """One write, in business terms.

    `target_type` and `target_id` as in `model.observed`; `parent_id` is the Azure plan's subscription ID for an Azure
    subscription, else None; `fields` are the target's fields as read just now; `wanted` the action's postcondition.
    """

    kind: ActionKind
    tenant_id: TenantId
    target_type: str
    target_id: str
    parent_id: str | None
    fields: Fields
    wanted: Fields
    request_id: RequestId


class Answer(msgspec.Struct, frozen=True):
    """The service said yes. `accepted` is True when the work goes on asynchronously (202)."""

    status: int
    correlation_id: str
    accepted: bool = False


class AuditRecords(Protocol):
    """The service's own word of what was done. May raise as `Service` does."""

    async def audit_trail(self, since: datetime) -> AuditTrail:
        """All audit records since then, of all customers; an unfinished read is in its proof, not raised."""
        ...

    async def removal_trail(self, since: datetime) -> AuditTrail:
        """Those of removed relationships alone, of all customers, likewise."""
        ...


class Service(AuditRecords, Protocol):
    """Microsoft, as applying sees it. Every method may raise RemoteError or AuthenticationError (a definite no)
    and NoAnswer (nobody knows); reads raise IncompleteRead when a collection did not end properly."""

    async def authorise(self, kinds: frozenset[ActionKind]) -> None:
        """Obtain every token that these kinds of actions need, before the first write."""
        ...

    async def service_time(self) -> datetime:
        """The service's own clock (its `Date` header), UTC."""
        ...

    async def user(self) -> str | None:
        """The user principal name for whom App+User tokens speak; None where there is no such token."""
        ...

    async def list_customers(self) -> CustomerList:
        """All pages of the customers list; an unfinished read is in its proof, not raised."""
        ...

    async def read_customer(self, tenant_id: TenantId, extras: frozenset[Extra]) -> CustomerState:
        """Everything one customer holds, and these extras; unfinished reads are in its proofs, not raised."""
        ...

    async def with_quotes(self, state: CustomerState) -> CustomerState:
        """The state with what returning each living reservation gives; requests only where there are reservations."""
        ...

    async def removal_record(self, tenant_id: TenantId, since: datetime) -> RemovalRecord | None:
        """The service's own record that the relationship was removed since then; None while there is none."""
        ...

    async def read_item(
        self, tenant_id: TenantId, item_type: str, item_id: str, parent_id: str | None
    ) -> Fields | None:
        """One thing as `model.observed` gives it; None when the service says that it does not exist."""
        ...

    async def write(self, request: WriteRequest) -> Answer:
        """Send one write, once, under `request.request_id`; never repeated by itself."""
        ...


class Store(Protocol):
    """The journal: append-only, hash-chained, durable when `append` returns. Raises StoreError."""

    def lock(self, partner_tenant: TenantId, timeout: float, holder: Holder) -> AbstractContextManager[None]:
        """Hold the tenant's only apply lock; raises Locked after `timeout` seconds. It dies with its holder.

        `holder` is what `lock show` tells others.
        """
        ...

    def holder(self, partner_tenant: TenantId) -> Holder | None:
        """Who holds the lock at this moment; None when nobody does. Changes nothing."""
        ...

    def append(self, draft: EventDraft) -> Event:
        """Number, chain and store one event; raises StoreError when the lock is not held."""
        ...

    def keep(self, content: bytes) -> str:
        """Store a document by its SHA-256 (hex), which is returned; durable at the latest with the next event, which
        names it. Raises StoreError when the lock is not held."""
        ...

    def document(self, digest: str) -> bytes | None:
        """A kept document; None when there is none. Raises StoreError when its content does not fit its digest."""
        ...

    def events(self, plan: PlanId | None = None) -> Iterable[Event]:
        """All events, or those of one plan, in order."""
        ...

    def is_begun(self) -> bool:
        """Whether there is a journal, be it without any event."""
        ...

    def head(self) -> Head | None:
        """The last event's number and hash; None for an empty journal."""
        ...

    def note(self, draft: NoteDraft) -> Note:
        """Number and store one note beside the chain, durable when this returns; needs no lock, and makes the journal
        when there is none. Raises StoreError."""
        ...

    def notes(self) -> tuple[Note, ...]:
        """All notes, in order; none without a journal. Raises StoreError."""
        ...


class Signatures(Protocol):
    """SSH signatures, as `ssh-keygen -Y verify` judges them by a partner's `allowed_signers`."""

    def require_listed(self, principal: str, signature: str) -> None:
        """What costs nothing: whether the key that the signature names is listed for that person.

        Raises BadSignature when it is not; a key that is listed proves nothing yet.
        """
        ...

    def verify(self, principal: str, signed: bytes, signature: str, at: datetime) -> Signer:
        """Whose signature it is. `at` is the instant for which keys must be valid.

        Raises BadSignature with the reason: unknown key, not this principal's, not valid then, other bytes.
        """
        ...


class Planner(Protocol):
    """Planning by the manifests, the policy, the rules and the prices of now: what a kept plan is compared with."""

    def reads(self, tenant_id: TenantId) -> frozenset[Extra]:
        """What beyond commerce is read of a customer for what the manifests want of it now."""
        ...

    def plan(self, snapshot: Snapshot, events: Sequence[Event], at: datetime) -> Plan:
        """The plan for those customers whose states the snapshot holds, made at `at` (aware UTC).

        `events` are what the journal remembers for it, in order.
        """
        ...


class Clock(Protocol):
    """Time, so that tests move it."""

    def now(self) -> datetime:
        """The instant that decisions use, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds for measuring a wait."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
