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
    """What rolling 24 hours may do at most; None means no limit."""

    removals: int = 20
    one_way_actions: int | None = None
    seats: int | None = None
    protective: int | None = None
    money: Money | None = None


class Protected(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Customers nobody may change: by name or glob, by labels, or by tenant ID."""

    name: str | None = None
    labels: dict[str, str] | None = None
    tenant_id: TenantId | None = None


class ApprovalRule(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How many people must approve which actions, and how long that lasts.

    `allowed_signers` is a file beside the Partner document (or below it) that lists who may approve what.
    """

    required: int = 0
    actions: tuple[str, ...] = ("one-way", "takes-service", "commits-money")
    expire_after: timedelta = timedelta(hours=72)
    allowed_signers: str = "allowed_signers"


class Rollout(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How carefully a run goes through its customers.

    With more than `canary_above` customers to change, the first is taken to its verified end before any other.
    `stop_on_failure_rate`: when more than this percentage of the customers to change have failed, the rest is left
    alone; None: never.
    """

    canary_above: int = 10
    stop_on_failure_rate: int | None = 50


class Freeze(msgspec.Struct, frozen=True, rename="camel"):
    """Days, both included, on which only protective actions run."""

    first: date
    last: date
    reason: str


class Exemption(msgspec.Struct, frozen=True, rename="camel"):
    """Another limit for one budget until a day (included), with an owner and a reason.

    `budget` is its path (`perRun.seats`, `perDay.money`); `limit` is money for the budgets of money.
    """

    budget: str
    limit: int | Money
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


class LiftedProtection(msgspec.Struct, frozen=True, rename="camel"):
    """One tenant that `protected` does not protect until a day (included), with an owner and a reason."""

    protected: TenantId
    until: date
    owner: str
    reason: str


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
    rollout: Rollout = Rollout()
    lifted: tuple[LiftedProtection, ...] = ()
