"""What the journal tells of runs: one line per run, and the whole story of one, customer by customer.

Times are aware UTC. Everything here is read from events and kept documents; nothing is guessed: what a journal of an
older format does not say is None or empty.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from pcreconcile.model.ids import ActionId, PlanId, RunId, TenantId
from pcreconcile.model.notes import NoteKind
from pcreconcile.model.plan import ActionKind, Reversibility, Target
from pcreconcile.model.run import EventKind

FORMAT_VERSION = 1


class Told(msgspec.Struct, frozen=True, rename="camel"):
    """Base of what `history` writes: every member is written, also null ones."""


class RunLine(Told, frozen=True):
    """One run. `finished_at` is None for one that never said how it ended: killed, or still at work.

    `last_at` is its last event, `customers` how many it began, `writes` the requests that it sent, `verified` how many
    writes a read has shown; `interruption` is what cut it off, "" when nothing did.
    """

    run: RunId
    plan_id: PlanId
    started_at: datetime
    last_at: datetime
    finished_at: datetime | None
    customers: int
    writes: int
    verified: int
    exit_code: int | None
    interruption: str
    resumed: bool


class HoldLine(Told, frozen=True):
    """A hold, or the end of holds (`lifts` are the numbers of their notes); `number` is that of its own note.

    `counts` is False for an end that was written without the journal key where one is set: it ends nothing.
    """

    kind: NoteKind
    number: int
    at: datetime
    who: str
    why: str
    lifts: tuple[int, ...] = ()
    counts: bool = True


class Moment(Told, frozen=True):
    """One event of an action or a customer; `seq` is its number in the journal.

    `said` are the service's or our own words, `seen` what a read showed.
    """

    seq: int
    at: datetime
    kind: EventKind
    request_id: str | None = None
    correlation_id: str = ""
    status: int | None = None
    said: str = ""
    seen: dict[str, Any] = {}


class ActionStory(Told, frozen=True):
    """One action in one run. `target.name` is the plan's, or the ID where no plan document was kept."""

    id: ActionId
    kind: str
    target: Target
    moments: tuple[Moment, ...]


class CustomerStory(Told, frozen=True):
    """One customer in one run. `name` is the plan's, or the tenant ID; `outcome` is "" for one that was not finished.

    `notes` are events of the customer as a whole: looks, staleness, audit records.
    """

    tenant_id: TenantId
    name: str
    outcome: str
    message: str
    actions: tuple[ActionStory, ...]
    notes: tuple[Moment, ...]


class OpenEnd(Told, frozen=True):
    """An action of which the run did not learn the end. `resolved_by` is the later run of its plan that did."""

    customer: str
    tenant_id: TenantId
    action: ActionId
    what: str
    state: EventKind
    request_id: str | None
    resolved_by: RunId | None = None


class Story(Told, frozen=True):
    """All that the journal tells of one run, in its order; `holds` are those that stopped it."""

    line: RunLine
    user: str | None
    commit: str | None
    approved_by: tuple[str, ...]
    required: int | None
    customers: tuple[CustomerStory, ...]
    open_ends: tuple[OpenEnd, ...]
    holds: tuple[HoldLine, ...] = ()


class KeptAction(msgspec.Struct, frozen=True, rename="camel"):
    """Of an action in a kept plan document, what is told later; a document of another version may say more or less."""

    id: ActionId
    target: Target
    kind: str = ""
    reversibility: Reversibility | None = None
    reversible_until: date | None = None
    rule: str | None = None
    loses: tuple[str, ...] | None = None  # None: a document of before, which did not say


class KeptObserved(msgspec.Struct, frozen=True, rename="camel"):
    """The things that a kept plan was made from."""

    items: tuple[dict[str, Any], ...] = ()


class KeptWish(msgspec.Struct, frozen=True, rename="camel"):
    """Why a kept plan's customer was to be changed."""

    reason: str | None = None
    ticket: str | None = None


class KeptCustomer(msgspec.Struct, frozen=True, rename="camel"):
    """A customer of a kept plan document."""

    tenant_id: TenantId
    name: str
    actions: tuple[KeptAction, ...] = ()
    observed: KeptObserved = KeptObserved()
    desired: KeptWish = KeptWish()


class KeptPlan(msgspec.Struct, frozen=True, rename="camel"):
    """A kept plan document, as far as it is needed to tell a story; empty where none was kept."""

    customers: tuple[KeptCustomer, ...] = ()


class Written(msgspec.Struct, frozen=True, rename="camel"):
    """A write of a run that a read has shown.

    `before` are the target's fields as the plan saw them, empty where no plan document was kept; `reversibility`,
    `reversible_until` (a UTC date, included), `rule` and `loses` as the plan said, None where it did not. `again_by` is
    the run of a later verified write to the same thing, `again` its kind.
    """

    customer: str
    tenant_id: TenantId
    action: ActionId
    kind: ActionKind
    target: Target
    at: datetime
    postcondition: dict[str, Any]
    before: dict[str, Any] = {}
    reversibility: Reversibility | None = None
    reversible_until: date | None = None
    rule: str | None = None
    loses: tuple[str, ...] | None = None
    again: ActionKind | None = None
    again_by: RunId | None = None
