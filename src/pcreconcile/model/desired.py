"""What the manifests say: one DesiredCustomer per `kind: Customer` document (design, sections 3 and 4)."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

import msgspec

from pcreconcile.model.family import Family, Trait
from pcreconcile.model.ids import TenantId


class Relationship(StrEnum):
    """What the partner wants a customer's relationship to be."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    UNMANAGED = "unmanaged"


class LineDesire(StrEnum):
    """What a `subscriptions` line wants of what it matches."""

    KEEP = "keep"
    RENEW = "renew"
    EXTEND = "extend"
    CANCEL = "cancel"
    CANCEL_AT_TERM_END = "cancel-at-term-end"
    SUSPEND = "suspend"
    REACTIVATE = "reactivate"
    TRANSFER = "transfer"
    RETURN = "return"
    IGNORE = "ignore"


class Pace(StrEnum):
    """Whether service is taken all at once or as soon as each part allows."""

    TOGETHER = "together"
    ASAP = "asap"


class Refunds(StrEnum):
    """How much an open refund window counts against the customer's service."""

    REQUIRE = "require"
    PREFER = "prefer"
    IGNORE = "ignore"


class OnBlocked(StrEnum):
    """Whether a blocked customer waits or is refused."""

    WAIT = "wait"
    FAIL = "fail"


class Match(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A selector: every given member must fit. `sku` is a glob over product, product:sku or the whole offer ID.

    `term` is P1M, P1Y, P3Y; `publisher` a glob over its name; `renews_before` fits what has a term that ends before
    that day in the partner's time zone.
    """

    family: Family | None = None
    sku: str | None = None
    id: str | None = None
    term: str | None = None
    publisher: str | None = None
    trait: Trait | None = None
    renews_before: date | None = None


class SubscriptionLine(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One line of `subscriptions`; the first line that matches wins.

    `by` and `otherwise` belong to `transfer`: what has not been transferred at the end of that day is ended so.
    """

    match: Match
    desired: LineDesire
    reason: str | None = None
    by: date | None = None
    otherwise: LineDesire | None = None


class DelegatedAccess(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What becomes of delegated administration: kept, or ended after the removal, or on a date (`at`)."""

    terminate: bool = False
    at: date | None = None


class Source(msgspec.Struct, frozen=True):
    """Where a document stands."""

    file: str
    line: int = 1


class DesiredCustomer(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One customer as wanted. Dates are days in the partner's time zone."""

    name: str
    tenant_id: TenantId
    domain: str
    relationship: Relationship
    labels: dict[str, str] = {}
    reason: str | None = None
    ticket: str | None = None
    not_before: date | None = None
    service_until: date | None = None
    deadline: date | None = None
    refunds: Refunds = Refunds.PREFER
    pace: Pace = Pace.TOGETHER
    settle: timedelta = timedelta(0)
    on_blocked: OnBlocked = OnBlocked.WAIT
    delegated_access: DelegatedAccess = DelegatedAccess()
    subscriptions: tuple[SubscriptionLine, ...] = ()

    @property
    def ends_delegated_access(self) -> bool:
        """Whether delegated access is to end; `terminate` without a date speaks of a customer that leaves."""
        access = self.delegated_access
        return access.at is not None or (access.terminate and self.relationship is Relationship.REMOVED)

    @property
    def asks_for_change(self) -> bool:
        """Whether anything may have to be written for it: one that cannot be read is then an incomplete run."""
        if self.relationship in {Relationship.SUSPENDED, Relationship.REMOVED} or self.ends_delegated_access:
            return True
        return any(line.desired not in {LineDesire.KEEP, LineDesire.IGNORE} for line in self.subscriptions)


class DesiredFleet(msgspec.Struct, frozen=True):
    """All customers of a partner folder, by name, with the place of each and a digest of what was read."""

    customers: tuple[DesiredCustomer, ...]
    sources: dict[str, Source] = {}
    digest: str = ""
