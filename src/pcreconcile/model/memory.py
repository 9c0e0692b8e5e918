"""What no read can show and the journal remembers. Empty is legal: what needs it is then refused or warned about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from pcreconcile.model.ids import TenantId
from pcreconcile.model.money import Money

ANSWER_STANDS = timedelta(minutes=15)
"""At least so long a "yes" of the service is believed to be under way: a list may still show what was removed."""
UNPROVEN = "the service said yes, and no read has shown it"  # of an attempt to set a renewal again


class Renewal(msgspec.Struct, frozen=True, rename="camel"):
    """How a subscription's term would have gone on before we suspended it, which takes these settings away.

    `scheduled_actions` in the words of `model.observed`; `changes` are scheduled changes in words.
    `instructions` and `next_term` are the same in full, as `model.observed` shows them, and `quantity` the seats of
    then. `whole` says that the journal kept all of it: an older one did not, so that nothing can be said of the rest.
    `tried` is what became of our last attempt to set it again, "" when there was none or a read has proven it.
    """

    auto_renew: bool | None = None
    scheduled_actions: tuple[str, ...] | None = None
    scheduled_next_term: bool = False
    changes: tuple[str, ...] = ()
    instructions: tuple[dict[str, Any], ...] = ()
    next_term: dict[str, Any] | None = None
    quantity: int | None = None
    whole: bool = False
    tried: str = ""


class Returned(msgspec.Struct, frozen=True, rename="camel"):
    """A reservation that we returned; `counts` is what of its refund counts against the allowance, None unknown."""

    at: datetime
    counts: Money | None = None


class Spent(msgspec.Struct, frozen=True, rename="camel"):
    """What one write of the last 24 hours counts against the budgets of the day.

    Written when its request was sent and not definitely refused. `seats` and `one_way` are None where an older journal
    does not say. `committed` is None both for nothing and for an unknown amount; `unknown_money` tells them apart.
    """

    at: datetime
    customer: TenantId
    removal: bool = False
    one_way: bool | None = False
    seats: int | None = 0
    protective: bool = False
    committed: Money | None = None
    unknown_money: bool = False


class Departure(msgspec.Struct, frozen=True, rename="camel"):
    """A customer whose relationship we removed: what is needed to follow up its open ends.

    `sent_at` is when the removal was first sent, `audit_record` the service's own record of it where one was found,
    `traces` the correlation IDs of our request; `credits` what the plan expected to come back, per line.
    """

    customer: TenantId
    run: str
    sent_at: datetime
    removed_at: datetime
    audit_record: str | None = None
    traces: tuple[str, ...] = ()
    credits: tuple[Credit, ...] = ()


class PastRemoval(msgspec.Struct, frozen=True, rename="camel"):
    """A removal of ours that a read has proven: the run, when it was proven, and the wish that it fulfilled.

    `wish` is `plan_sources.wish_digest` of the manifest of then, "" where the journal (of an older version) is silent;
    `looks` are the digests of what the customer held while its plan was applied (`plan_sources.holdings_digest`).
    """

    run: str
    at: datetime
    wish: str = ""
    looks: tuple[str, ...] = ()


class RefusedRemoval(msgspec.Struct, frozen=True, rename="camel"):
    """The last removal that the service refused, as long as none has been sent since.

    `said` is the service's answer, cleaned as the journal keeps it; `manifest` the digest of the whole wish of then;
    `looks` the digests of what the customer held in that run (`plan_sources.manifest_digest`, `holdings_digest`).
    """

    run: str
    at: datetime
    said: str
    manifest: str = ""
    looks: tuple[str, ...] = ()


class Credit(msgspec.Struct, frozen=True, rename="camel"):
    """Money that a verified write should bring back; `amount` None: nobody knows how much."""

    target: str
    at: datetime
    amount: Money | None = None


class Memory(msgspec.Struct, frozen=True, rename="camel"):
    """Derived from the journal.

    `removals`: when each removal of the last 24 hours was sent. `removed`: the run that removed a customer, as proof.
    `service_taken`: when we last took service from a customer, which is where `settle` counts from.
    `suspended`: subscriptions that we suspended and did not reactivate since, by tenant ID.
    `renewals`: by tenant ID and subscription ID, the settings that our suspensions took, of add-ons that went with
    their base too; kept after the reactivation until a `set-renewal` has been verified.
    `returned`: reservations that we returned in the last 12 months, by tenant ID.
    `spent`: what counts against the budgets of the day. `known_since`: the journal's first event; None without one.
    `departures`: the customers that we removed and that were not ours again since, by tenant ID.
    `stood_for`: the tenants that each entry of the policy's `protected` ever stood for, by `protection.entry_key`;
    from the notes beside the journal, from the manifests of now and from those that git keeps.
    `fulfilled`: every removal of ours that was proven, oldest first, by tenant ID, for ever.
    `refused`: the removals that the service refused last, by tenant ID.
    `seen_again`: when a plan first saw a customer again that we had removed, by tenant ID; from the notes.
    """

    removals: tuple[datetime, ...] = ()
    removed: dict[TenantId, str] = {}
    service_taken: dict[TenantId, datetime] = {}
    suspended: dict[TenantId, tuple[str, ...]] = {}
    renewals: dict[TenantId, dict[str, Renewal]] = {}
    returned: dict[TenantId, tuple[Returned, ...]] = {}
    spent: tuple[Spent, ...] = ()
    known_since: datetime | None = None
    departures: dict[TenantId, Departure] = {}
    stood_for: dict[str, tuple[TenantId, ...]] = {}
    fulfilled: dict[TenantId, tuple[PastRemoval, ...]] = {}
    refused: dict[TenantId, RefusedRemoval] = {}
    seen_again: dict[TenantId, datetime] = {}
