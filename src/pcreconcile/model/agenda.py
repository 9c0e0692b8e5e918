"""The fleet's dates: every deadline of every customer, and the days on which relationships can be removed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Document, PlanPartner, Target

FORMAT_VERSION = 1


class AgendaDeadline(Document, frozen=True):
    """A deadline of one customer. `days_left` are whole days; `inside` says that it closes within the asked span."""

    customer: str
    tenant_id: TenantId
    at: datetime
    days_left: int
    inside: bool
    code: str
    target: Target | None
    text: str


class AgendaRemoval(Document, frozen=True):
    """The first UTC date on which a customer's relationship can be removed."""

    customer: str
    tenant_id: TenantId
    on: date
    confidence: str


class Agenda(Document, frozen=True):
    """All of it, soonest first. `unseen` names the customers of whom no deadline is known, with the reason."""

    format_version: int
    created_at: datetime
    partner: PlanPartner
    within: timedelta
    deadlines: tuple[AgendaDeadline, ...]
    removals: tuple[AgendaRemoval, ...]
    unseen: dict[str, str]
    projected_from: datetime | None = None
