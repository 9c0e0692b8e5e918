"""The Plan: a value with a canonical JSON form (design, sections 5 and 8; `schemas/plan.schema.json`).

`when` of an action is ``"now"``, an ISO date (UTC) or ``"manual"``; `now < date < manual`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from pcreconcile.model.desired import DesiredCustomer
from pcreconcile.model.extras import Extra
from pcreconcile.model.family import Family
from pcreconcile.model.ids import ActionId, PlanId, RunId, TenantId
from pcreconcile.model.memory import Credit
from pcreconcile.model.money import Money
from pcreconcile.model.rules import Override

FORMAT_VERSION = 2
LARGEST_PART = 64 * 2**20  # characters of one customer (or another element) in a plan file; the fleet has no bound
NOW = "now"
MANUAL = "manual"


class ActionKind(StrEnum):
    """Everything that apply can do, or ask a person to do."""

    CANCEL_SUBSCRIPTION = "cancel-subscription"
    CANCEL_AT_TERM_END = "cancel-at-term-end"
    SET_RENEWAL = "set-renewal"
    SUSPEND_SUBSCRIPTION = "suspend-subscription"
    REACTIVATE_SUBSCRIPTION = "reactivate-subscription"
    CANCEL_ORDER_LINE = "cancel-order-line"
    RETURN_RESERVATION = "return-reservation"
    CANCEL_AZURE_SUBSCRIPTION = "cancel-azure-subscription"
    REACTIVATE_AZURE_SUBSCRIPTION = "reactivate-azure-subscription"
    REMOVE_RELATIONSHIP = "remove-relationship"
    REQUEST_RELATIONSHIP = "request-relationship"
    REMOVE_DELEGATED_ADMIN = "remove-delegated-admin"
    TERMINATE_DELEGATED_ACCESS = "terminate-delegated-access"
    MANUAL = "manual"


class Reversibility(StrEnum):
    """What it takes to undo an action."""

    REVERSIBLE = "reversible"
    LOSSY = "lossy"
    ONE_WAY = "one-way"
    NEEDS_COUNTERPARTY = "needs-counterparty"


class Effect(StrEnum):
    """What an action does to the customer and to the bill."""

    TAKES_SERVICE = "takes-service"
    COMMITS_MONEY = "commits-money"
    PROTECTIVE = "protective"
    NEUTRAL = "neutral"


class Verdict(StrEnum):
    """When the wish is reached; the first that fits."""

    REFUSED = "refused"
    UNKNOWN = "unknown"
    CONVERGED = "converged"
    BLOCKED = "blocked"
    WAITING = "waiting"
    READY = "ready"


class Document(msgspec.Struct, frozen=True, rename="camel"):
    """Base of what stands in the plan's JSON: every member is written, also null ones."""


class Target(Document, frozen=True):
    """What is acted upon: `type` and `id` as in `model.observed`, `name` for people."""

    type: str
    id: str
    name: str


class ActionMoney(Document, frozen=True):
    """Money at stake; null is unknown, never zero."""

    refund: Money | None = None
    lost_per_day: Money | None = None
    committed: Money | None = None


class Impact(Document, frozen=True):
    """Who feels it: seats that lose (or regain) a service."""

    seats: int
    service: str
    data_until: date | None = None  # the last UTC date on which the data is known to live; None: nobody says


class Instructions(Document, frozen=True):
    """What a person must do for a manual action, and where."""

    who: str
    text: str
    link: str | None = None


class Action(Document, frozen=True):
    """One step. `precondition` and `postcondition` are fields of the target as `model.observed` gives them.

    `loses` names, in words, what it was not asked to change and cannot keep; what loses something is never reversible
    without more.
    """

    id: ActionId
    kind: ActionKind
    target: Target
    family: Family | None
    when: str
    requires: tuple[ActionId, ...]
    reversibility: Reversibility
    effect: Effect
    impact: Impact | None
    precondition: dict[str, Any]
    postcondition: dict[str, Any]
    window_closes_at: datetime | None
    money: ActionMoney
    reason: str
    instructions: Instructions | None = None
    rule: str | None = None
    reversible_until: date | None = None
    loses: tuple[str, ...] = ()


class Blocker(Document, frozen=True):
    """What stands in the way. `clears_at` is the first UTC date on which it no longer does; null: nobody knows.

    `rule` is the rule of the pack that says so, where one does.
    """

    code: str
    target: Target | None
    clears_at: date | None
    how: str
    rule: str | None = None


class Notice(Document, frozen=True):
    """A warning."""

    code: str
    text: str
    target: Target | None = None


class Deadline(Document, frozen=True):
    """An instant after which something costs more or can no longer be done."""

    at: datetime
    code: str
    target: Target | None
    text: str


class MoneySummary(Document, frozen=True):
    """Sums per currency; `unknown` counts the actions of which an amount is not known, by the member's name."""

    refund: tuple[Money, ...] = ()
    lost_per_day: tuple[Money, ...] = ()
    committed: tuple[Money, ...] = ()
    unknown: dict[str, int] = {}


class Observed(Document, frozen=True):
    """The live customer as planning saw it; items are `model.observed` fields.

    A converged customer has no items: nothing is done with it, so nothing of it is compared later. `extras` is what
    beyond commerce was read (`model.extras`), so that the same is compared later; `unseen` what only a user may read
    and the Partner document names no user for: without it, nothing one-way is sent.
    """

    relationship: str | None
    domain: str | None
    company_name: str | None
    custom_domains: tuple[str, ...] = ()
    seats: int = 0
    items: tuple[dict[str, Any], ...] = ()
    extras: tuple[Extra, ...] = ()
    unseen: tuple[Extra, ...] = ()


class CustomerPlan(Document, frozen=True):
    """All that the plan says about one customer.

    `try_again_at` is when to plan an unknown customer again, early enough for the windows that are known to close, or
    when a removal that the service refused is sent again although nothing has changed.
    """

    name: str
    tenant_id: TenantId
    desired: DesiredCustomer
    observed: Observed
    verdict: Verdict
    earliest_removal: date | None
    confidence: str
    binding_blocker: Blocker | None
    next_deadline: datetime | None
    actions: tuple[Action, ...]
    blockers: tuple[Blocker, ...]
    warnings: tuple[Notice, ...]
    money: MoneySummary = MoneySummary()
    deadlines: tuple[Deadline, ...] = ()
    try_again_at: datetime | None = None


class LiveCustomer(Document, frozen=True):
    """A live customer that no manifest speaks of, or that could not be read (`problem`)."""

    tenant_id: TenantId
    company_name: str
    domain: str
    problem: str = ""


class Guard(Document, frozen=True):
    """One guard and what it found; the run goes on only when all have passed."""

    code: str
    passed: bool
    message: str
    limit: int | None = None
    value: int | None = None


class Approvals(Document, frozen=True):
    """How many approvals apply will want for this plan."""

    required: int
    reasons: tuple[str, ...] = ()


class PlanPartner(Document, frozen=True):
    """Whose plan it is."""

    tenant_id: TenantId
    name: str
    cloud: str
    time_zone: str = "UTC"


class Sources(Document, frozen=True):
    """What the plan was made from; no part of its identity.

    `partner_document` is a digest of the Partner document; `memory` has, by tenant ID, a digest of what the journal
    knew of each planned customer, and no entry for those of whom it knew nothing.
    """

    manifests: str
    policy: str
    rules: str
    rules_version: str
    snapshot_at: datetime
    commit: str | None = None
    overridden_rules: tuple[Override, ...] = ()
    prices: str = ""
    partner_document: str = ""
    memory: dict[TenantId, str] = {}


class Totals(Document, frozen=True):
    """The fleet in numbers; `seats` counts those that lose service now."""

    customers: int
    verdicts: dict[str, int]
    actions_now: int
    actions_later: int
    actions_manual: int
    removals_now: int
    seats: int
    refunds: tuple[Money, ...] = ()
    money: MoneySummary = MoneySummary()


class OpenEnd(Document, frozen=True):
    """What is not over yet with a customer that has gone, since when, and the last UTC date on which it matters."""

    code: str
    text: str
    since: datetime
    deadline: date | None = None


class Aftercare(Document, frozen=True):
    """A customer whose relationship we removed and of which something is still open.

    `name` is the manifest's, else that of the plan that removed it, else the tenant ID; `run` the run that removed it.
    `credits` is what finance should see come back, amount null where nobody knows it.
    """

    name: str
    tenant_id: TenantId
    removed_at: datetime
    run: RunId
    open: tuple[OpenEnd, ...]
    credits: tuple[Credit, ...] = ()


class Plan(Document, frozen=True):
    """What it takes. `plan_id` and `digest` are made by `model.identity`.

    `projected_from` marks a projection: made for another day than that on which the world was read, so never applied.
    """

    format_version: int
    plan_id: PlanId
    digest: str
    created_at: datetime
    tool_version: str
    partner: PlanPartner
    sources: Sources
    customers: tuple[CustomerPlan, ...]
    unmanaged: tuple[LiveCustomer, ...]
    unread: tuple[LiveCustomer, ...]
    guards: tuple[Guard, ...]
    approvals: Approvals
    totals: Totals
    warnings: tuple[Notice, ...] = ()
    projected_from: datetime | None = None
    aftercare: tuple[Aftercare, ...] = ()


def later(one: str, other: str) -> str:
    """The later of two `when` values: now < date < manual."""
    return max(one, other, key=_rank)


def _rank(when: str) -> tuple[int, str]:
    return ({NOW: 0, MANUAL: 2}.get(when, 1), when)
