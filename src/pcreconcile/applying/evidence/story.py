"""What happened, told for people: `Evidence`, made from an archive's files and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pcreconcile.applying.evidence.actions import action_stories
from pcreconcile.applying.evidence.comparing import changes
from pcreconcile.applying.evidence.told import AuditFile, Told, ToldApproval, ToldPlan
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.evidence import (
    FORMAT_VERSION,
    ActionStory,
    Agreement,
    AuditEntry,
    AuditSource,
    CustomerEnd,
    CustomerStory,
    Evidence,
    EvidencePartner,
    LookStory,
    PlanSummary,
    RunStory,
    Subject,
)
from pcreconcile.model.ids import ActionId, RunId, TenantId
from pcreconcile.model.money import totals
from pcreconcile.model.plan import NOW, Action, ActionKind, CustomerPlan, Effect, MoneySummary
from pcreconcile.model.run import ActionState, Event, EventKind, Head

_BRINGS_MONEY = frozenset({ActionKind.CANCEL_SUBSCRIPTION, ActionKind.CANCEL_ORDER_LINE, ActionKind.RETURN_RESERVATION})


@dataclass(frozen=True, slots=True)
class Frame:
    """What the files do not say of themselves: what was asked for, whose it is, by which version, with names or not."""

    partner: EvidencePartner
    subject: Subject
    redacted: bool
    tool_version: str


def tell(told: Told, frame: Frame) -> Evidence:
    """The story without findings; agreements are not yet checked."""
    events = list(told.events())
    last = told.entries[-1]
    return Evidence(
        format_version=FORMAT_VERSION,
        tool_version=frame.tool_version,
        partner=frame.partner,
        subject=frame.subject,
        redacted=frame.redacted,
        told_until=events[-1].at,
        head=Head(last.seq, last.hash),
        plans=tuple(_plans(told, events)),
        runs=tuple(_run(start, [e for e in events if e.run == start.run]) for start in told.starts.values()),
        agreements=tuple(_agreement(approval, told) for approval in told.approvals),
        customers=tuple(_customer(told, tenant, events) for tenant in _tenants(events)),
        audit=_audit_source(told.audit),
    )


def _audit_source(audit: AuditFile) -> AuditSource:
    return AuditSource(audit.asked, audit.since, audit.note)


def _tenants(events: Iterable[Event]) -> list[TenantId]:
    return list(dict.fromkeys(event.customer for event in events if event.customer is not None))


def _plans(told: Told, events: Sequence[Event]) -> Iterator[PlanSummary]:
    seen: set[str] = set()
    for start in (event for event in events if event.kind is EventKind.RUN_STARTED):
        digest = str(start.body.get("digest", ""))
        if digest not in seen:
            seen.add(digest)
            yield _plan(start, told.plans.get(digest))


def _plan(start: Event, kept: ToldPlan | None) -> PlanSummary:
    required = int(start.body.get("required") or 0)
    if kept is None:
        return PlanSummary(start.plan, str(start.body.get("digest", "")), required=required)
    plan = kept.plan
    due = [action for customer in plan.customers for action in customer.actions if action.when == NOW]
    return PlanSummary(
        plan_id=plan.plan_id,
        digest=plan.digest,
        file=kept.file,
        created_at=plan.created_at,
        tool_version=plan.tool_version,
        commit=plan.sources.commit,
        customers=sum(any(a.when == NOW for a in customer.actions) for customer in plan.customers),
        actions=len(due),
        removals=sum(action.kind is ActionKind.REMOVE_RELATIONSHIP for action in due),
        seats=sum(a.impact.seats for a in due if a.impact is not None and a.effect is Effect.TAKES_SERVICE),
        required=required,
        money=_money_of(due),
    )


def _run(start: Event, events: Sequence[Event]) -> RunStory:
    body = start.body
    end = next((event for event in events if event.kind is EventKind.RUN_FINISHED), None)
    last: dict[str, Any] = end.body if end is not None else {}
    return RunStory(
        run=start.run,
        plan_id=start.plan,
        digest=str(body.get("digest", "")),
        started_at=start.at,
        finished_at=end.at if end is not None else None,
        exit_code=last.get("exitCode"),
        interruption=str(last.get("interruption") or ""),
        resumed=bool(body.get("resumed")),
        user=body.get("user"),
        commit=body.get("commit"),
        tool_version=str(body.get("planMadeBy", "")),
        required=body.get("required"),
        approvals=tuple(str(grant["principal"]) for grant in body.get("approvals", ())),
    )


def _agreement(told: ToldApproval, archive: Told) -> Agreement:
    approval = told.approval
    grants = (grant for start in archive.starts.values() for grant in start.body.get("approvals", ()))
    key = next((str(g["key"]) for g in grants if told.kept == g["document"]), "")
    return Agreement(
        principal=approval.principal,
        key=key,
        plan_id=approval.plan_id,
        scope=approval.scope,
        approved_at=approval.approved_at,
        expires_at=approval.expires_at,
        comment=approval.comment,
        file=told.file,
    )


def _customer(told: Told, tenant: TenantId, events: Sequence[Event]) -> CustomerStory:
    theirs = [event for event in events if event.customer == tenant]
    last = _last_plan(told, tenant, theirs)
    actions = tuple(action_stories(told, tenant, theirs))
    looks = tuple(_look(told, event) for event in theirs if event.kind is EventKind.LOOKED)
    audit = tuple(_audit_entry(record, actions) for record in told.audit.records if record.tenant_id == tenant)
    return CustomerStory(
        name=last.name if last is not None else tenant,
        tenant_id=tenant,
        company_name=last.observed.company_name if last is not None else None,
        desired=last.desired.relationship.value if last is not None else "",
        verdict=last.verdict.value if last is not None else "",
        earliest_removal=last.earliest_removal if last is not None else None,
        ends=tuple(_ends(theirs)),
        actions=actions,
        looks=looks,
        changes=tuple(changes(told, tenant, theirs)),
        money=_money_of([each for each in actions if each.written and each.state is ActionState.VERIFIED]),
        audit=audit,
        open=tuple(_open(actions, audit)),
    )


def _last_plan(told: Told, tenant: TenantId, events: Iterable[Event]) -> CustomerPlan | None:
    found = None
    for run in dict.fromkeys(event.run for event in events):
        kept = told.plan_of(run)
        for customer in kept.plan.customers if kept is not None else ():
            found = customer if customer.tenant_id == tenant else found
    return found


def _ends(events: Sequence[Event]) -> Iterator[CustomerEnd]:
    for run in dict.fromkeys(event.run for event in events):
        there = [event for event in events if event.run == run]
        start = next((event for event in there if event.kind is EventKind.CUSTOMER_STARTED), None)
        end = next((event for event in there if event.kind is EventKind.CUSTOMER_FINISHED), None)
        said: dict[str, Any] = end.body if end is not None else {}
        yield CustomerEnd(
            run,
            start.at if start is not None else None,
            end.at if end is not None else None,
            str(said.get("outcome", "")),
            str(said.get("message", "")),
        )


def _look(told: Told, event: Event) -> LookStory:
    digest = str(event.body.get("document", ""))
    look = told.look(digest)
    return LookStory(
        run=event.run,
        moment=str(event.body.get("moment", "")),
        at=event.at,
        file=f"looks/{digest}.json",
        relationship=look.get("relationship"),
        items=len(look.get("items", ())),
        problems=tuple(look.get("problems", ())),
    )


def _audit_entry(record: AuditRecord, actions: Sequence[ActionStory]) -> AuditEntry:
    ours: tuple[ActionId, RunId] | None = None
    for action in actions:
        if any(record.correlation_id and r.correlation_id == record.correlation_id for r in action.requests):
            ours = (action.action, action.run)
    return AuditEntry(record, *(ours or (None, None)))


def _money_of(actions: Sequence[Action] | Sequence[ActionStory]) -> MoneySummary:
    """Sums per currency; a refund that is not known counts only where the act can bring one.

    Committed is what was newly committed: of other acts it says what is owed anyhow, or is no longer.
    """
    unknown = sum(each.kind in _BRINGS_MONEY and each.money.refund is None for each in actions)
    return MoneySummary(
        refund=totals(each.money.refund for each in actions),
        lost_per_day=totals(each.money.lost_per_day for each in actions),
        committed=totals(each.money.committed for each in actions if each.effect == Effect.COMMITS_MONEY),
        unknown={"refund": unknown} if unknown else {},
    )


def _open(actions: Sequence[ActionStory], audit: Sequence[AuditEntry]) -> Iterator[str]:
    for story in {action.action: action for action in actions}.values():
        name = f"{story.kind} {story.target.type} {story.target.id}"
        if story.state is not ActionState.VERIFIED:
            yield f"{name}: {story.state}" + (f" ({story.message})" if story.message else "")
        elif story.kind == ActionKind.REMOVE_RELATIONSHIP and story.written and not _recorded(story, audit):
            yield f"{name}: the service's own audit record was not found yet; it keeps records for 90 days"


def _recorded(story: ActionStory, audit: Sequence[AuditEntry]) -> bool:
    return story.audit_record is not None or any(entry.action == story.action for entry in audit)
