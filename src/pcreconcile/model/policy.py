"""The fleet's guards (design, section 10). Without a Policy document `Policy()` holds: the built-in defaults."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from pcreconcile.model.ids import TenantId
from pcreconcile.model.money import Money


class RunBudget(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What one run may do at most; None for money means no limit."""

    removals: int = 5
    one_way_actions: int = 50
    seats: int = 500
    protective: int = 500
    money: Money | None = None


class DayBudget(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What rolling 24 hours may do at most."""

    removals: int = 20


class Protected(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Customers nobody may change: by name or glob, by labels, or by tenant ID."""

    name: str | None = None
    labels: dict[str, str] | None = None
    tenant_id: TenantId | None = None


class ApprovalRule(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How many people must approve which actions, and how long that lasts."""

    required: int = 0
    actions: tuple[str, ...] = ("one-way", "takes-service", "commits-money")
    expire_after: timedelta = timedelta(hours=72)


class Freeze(msgspec.Struct, frozen=True, rename="camel"):
    """Days, both included, on which only protective actions run."""

    first: date
    last: date
    reason: str


class Exemption(msgspec.Struct, frozen=True, rename="camel"):
    """Another limit for one budget until a day (included), with an owner and a reason."""

    budget: str
    limit: int
    until: date
    owner: str
    reason: str


class ResellerExemption(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A reseller whose business with our customers may end with the relationship, until a day (included).

    `reseller` is the partnerId, MPN ID or tenant ID under which the service shows it; `customer` limits it to one.
    """

    reseller: str
    until: date
    owner: str
    reason: str
    customer: str | None = None


class Policy(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """All guards of a partner folder. `ticket` is a regular expression that every asked change must satisfy."""

    per_run: RunBudget = RunBudget()
    per_day: DayBudget = DayBudget()
    min_customers_left: int = 1
    protected: tuple[Protected, ...] = ()
    approvals: ApprovalRule = ApprovalRule()
    freezes: tuple[Freeze, ...] = ()
    ticket: str | None = None
    azure_cancel_allowed: bool = False
    exceptions: tuple[Exemption, ...] = ()
    resellers: tuple[ResellerExemption, ...] = ()
