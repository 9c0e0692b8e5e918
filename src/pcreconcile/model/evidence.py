"""What a run (or a customer's whole exit, over all its runs) has left behind, told for people: `evidence.json`.

Everything here is derived from the other files of the archive (the journal's events, the kept plans, approvals and
looks), so that `verify` makes it again and compares. It proves nothing by itself; it is what the index page shows.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from pcreconcile.model.approval import Scope
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId, TenantId
from pcreconcile.model.plan import ActionMoney, MoneySummary, Target
from pcreconcile.model.run import ActionState, Head

FORMAT_VERSION = 1


class Standing(StrEnum):
    """How one proof ended."""

    OK = "ok"
    FAILED = "failed"  # a violation, or something was changed afterwards
    NOT_PROVEN = "not-proven"  # nothing speaks against it, and something is still missing (a write without read-back)
    NOT_CHECKED = "not-checked"  # could not be asked here (no anchor given, an older journal does not say)


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """Base of what stands in `evidence.json`: every member is written, also null ones."""


class Proof(Part, frozen=True):
    """One thing that was checked. `code` is stable (`chain`, `plan-id`, `approved`, …), `text` one line for people."""

    code: str
    standing: Standing
    text: str


class EvidencePartner(Part, frozen=True):
    """Whose evidence it is. `name` is "" where no kept plan says it."""

    tenant_id: TenantId
    name: str = ""
    cloud: str = ""
    time_zone: str = "UTC"


class PlanSummary(Part, frozen=True):
    """One plan that was applied.

    `file` is its name in the archive, "" where the journal kept no document (format 1). `commit` is that of the
    manifests. The counts are of due actions, removals, and seats that lose service; `required` the approvals wanted.
    """

    plan_id: PlanId
    digest: str
    file: str = ""
    created_at: datetime | None = None
    tool_version: str = ""
    commit: str | None = None
    customers: int = 0
    actions: int = 0
    removals: int = 0
    seats: int = 0
    required: int = 0
    money: MoneySummary = MoneySummary()


class Agreement(Part, frozen=True):
    """One approval that a run was allowed by.

    `file` is the signed document in the archive, `file` + `.sig` its signature. `valid` is what checking the signature
    by the kept allowed_signers gave (None: not checked where this was made), `problem` why not.
    """

    principal: str
    key: str
    plan_id: PlanId
    scope: Scope
    approved_at: datetime
    expires_at: datetime
    comment: str
    file: str
    valid: bool | None = None
    problem: str = ""


class RunStory(Part, frozen=True):
    """One run of apply. `finished_at` and `exit_code` are None when it was cut off; `interruption` says by what.

    `user` is the UPN that applied (None: no user's token, or an older journal), `required` how many approvals were
    wanted (None: an older journal), `approvals` the principals of those it was allowed by.
    """

    run: RunId
    plan_id: PlanId
    digest: str
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    interruption: str = ""
    resumed: bool = False
    user: str | None = None
    commit: str | None = None
    tool_version: str = ""
    required: int | None = None
    approvals: tuple[str, ...] = ()


class RequestStory(Part, frozen=True):
    """One request as it was sent: its intent was journalled `intent_at`, before it left.

    `answer` is `answered`, `accepted` (the work goes on), `refused`, `no-answer`, or "" when the run was cut off before
    any. `status` is 0 without an answer. `message` is the service's own.
    """

    request_id: RequestId
    intent_at: datetime
    answer: str = ""
    answered_at: datetime | None = None
    status: int = 0
    correlation_id: str = ""
    code: str = ""
    message: str = ""


class ActionStory(Part, frozen=True):
    """One action in one run that tried it, or found it done.

    `state` is where that run left it. `seen` are the postcondition's fields as the proving read showed them (None: no
    read has, or an older journal does not say); `verified_at` when. `written` is False when it was so before we sent
    anything. `effect`, `reversibility` are "" and `seats` None where nobody says.
    """

    run: RunId
    action: ActionId
    kind: str
    target: Target
    state: ActionState
    effect: str = ""
    reversibility: str = ""
    seats: int | None = None
    money: ActionMoney = ActionMoney()
    precondition: dict[str, Any] = {}
    postcondition: dict[str, Any] = {}
    seen: dict[str, Any] | None = None
    requests: tuple[RequestStory, ...] = ()
    verified_at: datetime | None = None
    written: bool = False
    message: str = ""
    audit_record: str | None = None


class Change(Part, frozen=True):
    """How one thing differs between the first look before and the last look after.

    `how` is `changed`, `gone` or `appeared`; `fields` has [before, after] by field name (empty for gone, appeared).
    `explained` is whether the plans' own actions explain it.
    """

    target: Target
    how: str
    fields: dict[str, tuple[Any, Any]] = {}
    explained: bool = True


class LookStory(Part, frozen=True):
    """One look that was kept: `moment` is before, gate or after; `file` its name in the archive.

    `relationship` is None and `items` 0 where it could not be read: `problems` say why.
    """

    run: RunId
    moment: str
    at: datetime
    file: str
    relationship: str | None
    items: int
    problems: tuple[str, ...] = ()


class CustomerEnd(Part, frozen=True):
    """How one run ended for the customer; `outcome` is "" when the run was cut off in it."""

    run: RunId
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str = ""
    message: str = ""


class AuditEntry(Part, frozen=True):
    """An audit record of the service. `action` is ours when its correlation ID is that of one of our requests."""

    record: AuditRecord
    action: ActionId | None = None
    run: RunId | None = None


class CustomerStory(Part, frozen=True):
    """Everything about one customer, over all runs of this evidence, oldest first.

    `desired` and `verdict` are the last plan's words. `money` sums what the verified writes are expected to bring back
    or cost; `open` are the ends that are still open, in words.
    """

    name: str
    tenant_id: TenantId
    company_name: str | None = None
    desired: str = ""
    verdict: str = ""
    earliest_removal: date | None = None
    ends: tuple[CustomerEnd, ...] = ()
    actions: tuple[ActionStory, ...] = ()
    looks: tuple[LookStory, ...] = ()
    changes: tuple[Change, ...] = ()
    money: MoneySummary = MoneySummary()
    audit: tuple[AuditEntry, ...] = ()
    open: tuple[str, ...] = ()


class AuditSource(Part, frozen=True):
    """Where the audit records come from: `asked` is whether the service was asked, `note` what is missing and why."""

    asked: bool = False
    since: datetime | None = None
    note: str = ""


class Subject(Part, frozen=True):
    """What was asked for: a run (with the other runs of the same plan), or a customer and the days, both included."""

    text: str
    run: RunId | None = None
    customer: TenantId | None = None
    first: date | None = None
    last: date | None = None


class Evidence(Part, frozen=True):
    """All of it.

    `told_until` is the time of the journal's last event: evidence has no time of its own, so that the same journal
    gives the same bytes. `redacted`: names, domains, addresses and texts by people are placeholders. `findings` are
    what checking gave when this was made.
    """

    format_version: int
    tool_version: str
    partner: EvidencePartner
    subject: Subject
    redacted: bool
    told_until: datetime
    head: Head
    plans: tuple[PlanSummary, ...]
    runs: tuple[RunStory, ...]
    agreements: tuple[Agreement, ...]
    customers: tuple[CustomerStory, ...]
    audit: AuditSource = AuditSource()
    findings: tuple[Proof, ...] = ()
