"""Evidence to render: an ordinary run, a long exit with everything that can go wrong, a fleet, and next to nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from pcreconcile.model.approval import Scope
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.evidence import (
    ActionStory,
    Agreement,
    AuditEntry,
    AuditSource,
    Change,
    CustomerEnd,
    CustomerStory,
    Evidence,
    EvidencePartner,
    LookStory,
    PlanSummary,
    Proof,
    RequestStory,
    RunStory,
    Standing,
    Subject,
)
from pcreconcile.model.ids import ActionId, PlanId, RequestId, RunId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind, ActionMoney, MoneySummary, Target
from pcreconcile.model.run import ActionState, Head
from tests.rendering.sample_plan import euros, tenant

START = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
PARTNER = TenantId("9f10aa00-0000-4000-8000-0000000000aa")
PLAN = PlanId("7b1c55ad0e" + "0" * 54)
RUN = RunId("5f0c2f6e-1111-4000-8000-000000000001")
AGAIN = RunId("5f0c2f6e-1111-4000-8000-000000000002")
HOSTILE = "<script>alert(1)</script>\"'&\u202egnp.exe\u2066\x1b[2J {{ 7*7 }} שלום עולם"
STATES = tuple(ActionState)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def request(number: int = 1, seconds: float = 10, **members: Any) -> RequestStory:
    given: dict[str, Any] = {
        "request_id": RequestId(f"a11d0000-0000-4000-8000-{number:012}"),
        "intent_at": at(seconds),
        "answer": "answered",
        "answered_at": at(seconds + 1),
        "status": 200,
        "correlation_id": f"c0de0000-0000-4000-8000-{number:012}",
    }
    return RequestStory(**(given | members))


def cancelled(number: int = 1, **members: Any) -> ActionStory:
    given: dict[str, Any] = {
        "run": RUN,
        "action": ActionId(f"{number:012x}"),
        "kind": ActionKind.CANCEL_SUBSCRIPTION.value,
        "target": Target("subscription", f"5c9f0001-0000-4000-8000-{number:012}", "Microsoft 365 Business Premium"),
        "state": ActionState.VERIFIED,
        "effect": "takes-service",
        "reversibility": "one-way",
        "seats": 25,
        "money": ActionMoney(refund=euros("412.50")),
        "precondition": {"status": "active", "quantity": 25},
        "postcondition": {"status": "deleted"},
        "seen": {"status": "deleted"},
        "requests": (request(number),),
        "verified_at": at(14),
        "written": True,
    }
    return ActionStory(**(given | members))


def removed(number: int = 99, **members: Any) -> ActionStory:
    given: dict[str, Any] = {
        "kind": ActionKind.REMOVE_RELATIONSHIP.value,
        "target": Target("customer", tenant(22), "birch-clinic"),
        "effect": "neutral",
        "reversibility": "needs-counterparty",
        "seats": 0,
        "money": ActionMoney(),
        "precondition": {"relationship": "reseller"},
        "postcondition": {"relationship": "none"},
        "seen": {"relationship": "none"},
        "requests": (request(number, 20, answer="accepted", status=202),),
        "verified_at": at(41),
        "audit_record": "f00d-audit-1",
    }
    return cancelled(number, **(given | members))


def look(moment: str, seconds: float, **members: Any) -> LookStory:
    given: dict[str, Any] = {"relationship": "reseller", "items": 3, "file": f"looks/{'ab' * 32}.json"}
    return LookStory(run=RUN, moment=moment, at=at(seconds), **(given | members))


def customer(name: str = "birch-clinic", number: int = 22, **members: Any) -> CustomerStory:
    premium = Target("subscription", "5c9f0001-0000-4000-8000-000000000001", "Microsoft 365 Business Premium")
    record = AuditRecord(
        "f00d-audit-1",
        tenant(number),
        "remove_partner_customer_relationship",
        True,
        at(40),
        "c0de0000-0000-4000-8000-000000000099",
        "desk@contoso.example",
    )
    given: dict[str, Any] = {
        "company_name": "Birch Clinic",
        "desired": "removed",
        "verdict": "ready",
        "earliest_removal": date(2026, 11, 22),
        "ends": (CustomerEnd(RUN, at(5), at(45), "done"),),
        "actions": (cancelled(), removed()),
        "looks": (look("before", 6), look("gate", 18), look("after", 44, relationship="none", items=0)),
        "changes": (
            Change(premium, "changed", {"status": ("active", "deleted"), "autoRenewEnabled": (True, False)}),
            Change(Target("customer", tenant(number), name), "changed", {"relationship": ("reseller", "none")}),
        ),
        "money": MoneySummary(refund=(euros("412.50"),)),
        "audit": (AuditEntry(record, ActionId("000000000063"), RUN),),
    }
    return CustomerStory(name=name, tenant_id=tenant(number), **(given | members))


def run(run_id: RunId = RUN, seconds: float = 0, **members: Any) -> RunStory:
    given: dict[str, Any] = {
        "plan_id": PLAN,
        "digest": "d1" * 32,
        "started_at": at(seconds),
        "finished_at": at(seconds + 60),
        "exit_code": 0,
        "user": "desk@contoso.example",
        "commit": "4f2a" * 10,
        "tool_version": "0.5.0",
        "required": 2,
        "approvals": ("anna@contoso.example", "ben@contoso.example"),
    }
    return RunStory(run=run_id, **(given | members))


def agreement(principal: str = "anna@contoso.example", **members: Any) -> Agreement:
    scope = Scope((tenant(22),), (ActionKind.CANCEL_SUBSCRIPTION, ActionKind.REMOVE_RELATIONSHIP), 2, 25)
    given: dict[str, Any] = {
        "key": "SHA256:Gy0m2Zx1dW2mC1b1p6mZ0uHq8bC4mN9pQ2rS5tU7vW8",
        "plan_id": PLAN,
        "scope": scope,
        "approved_at": at(-3600),
        "expires_at": at(72 * 3600),
        "comment": "as agreed with the customer",
        "file": f"approvals/{PLAN}/{principal.partition('@')[0]}.json",
        "valid": True,
    }
    return Agreement(principal=principal, **(given | members))


def findings(*others: Proof) -> tuple[Proof, ...]:
    fine = (
        ("digests", "every file has the digest that digests.txt gives"),
        ("chain", "the journal's chain is whole from event 1 to 57"),
        ("plan-id", "the plan's ID is that of what it would do"),
        ("planned", "every action that was sent stands in the plan"),
        ("approved", "2 approvals by different people cover every action"),
        ("order", "no action was sent before what it requires was seen"),
        ("seen", "every write was read back as planned"),
    )
    anchor = Proof("anchor", Standing.NOT_CHECKED, "no anchor was given: the chain proves order and wholeness alone")
    return (*(Proof(code, Standing.OK, text) for code, text in fine), anchor, *others)


def evidence(**members: Any) -> Evidence:
    """One customer that left in one run."""
    summary = PlanSummary(
        PLAN, "d1" * 32, f"plans/{'d1' * 32}.json", at(-7200), "0.5.0", "4f2a" * 10, 1, 2, 1, 25, required=2
    )
    given: dict[str, Any] = {
        "format_version": 1,
        "tool_version": "0.5.0",
        "partner": EvidencePartner(PARTNER, "contoso-csp", "commercial", "Europe/Berlin"),
        "subject": Subject(f"run {RUN}", run=RUN),
        "redacted": True,
        "told_until": at(60),
        "head": Head(57, "ec" * 32),
        "plans": (summary,),
        "runs": (run(),),
        "agreements": (agreement(), agreement("ben@contoso.example", comment="")),
        "customers": (customer(),),
        "audit": AuditSource(True, at(0)),
        "findings": findings(),
    }
    return Evidence(**(given | members))


def nothing() -> Evidence:
    """What an old and empty journal leaves."""
    return evidence(
        partner=EvidencePartner(PARTNER),
        plans=(),
        runs=(),
        agreements=(),
        customers=(),
        audit=AuditSource(note="Records older than 89 days cannot be asked for."),
        findings=(),
    )


def unknowing() -> Evidence:
    """What format 1 of the journal can tell of one customer."""
    bare = cancelled(
        effect="", reversibility="", seats=None, money=ActionMoney(), precondition={}, seen=None, audit_record=None
    )
    story = customer(
        company_name=None,
        desired="",
        verdict="",
        earliest_removal=None,
        actions=(bare,),
        looks=(),
        changes=(),
        audit=(),
    )
    cut = run(finished_at=None, exit_code=None, user=None, commit=None, tool_version="", required=None, approvals=())
    return evidence(
        plans=(PlanSummary(PLAN, "d1" * 32),),
        runs=(cut,),
        agreements=(),
        customers=(msgspec.structs.replace(story, ends=(CustomerEnd(RUN, at(5), None),), money=MoneySummary()),),
    )


def big(customers: int = 30, actions: int = 200) -> Evidence:
    """A fleet in two runs, four months apart, with every state, hostile and endless names, and unknown money."""
    share = [actions // customers + (number < actions % customers) for number in range(customers)]
    worse = (
        Proof("planned", Standing.FAILED, "event 41 sends an action that the plan does not have: 000000000999"),
        Proof("seen", Standing.NOT_PROVEN, "3 writes were answered, and no read has shown them yet"),
    )
    return evidence(
        subject=Subject(f"customer {HOSTILE}, from 2026-11-22 to 2027-03-22", customer=tenant(0)),
        redacted=False,
        told_until=at(120 * 86400),
        runs=(
            run(exit_code=7, finished_at=at(3 * 86400)),
            run(AGAIN, 119 * 86400, resumed=True, exit_code=None, finished_at=None, interruption="SIGTERM"),
        ),
        agreements=(
            agreement(valid=False, problem=f"the key is not one of {HOSTILE}"),
            agreement(f"{'long.' * 20}name@contoso.example; rm -rf $HOME", valid=None, comment=HOSTILE),
        ),
        customers=tuple(_crowded(number, share[number]) for number in range(customers)),
        audit=AuditSource(True, at(0), "Records older than 89 days cannot be asked for."),
        findings=findings(*worse),
    )


def _crowded(number: int, actions: int) -> CustomerStory:
    names = (f"customer-{number:03}", f"{'Unbroken' * 20}-{number}", f"{HOSTILE}-{number}", f"شركة-{number} (מס)")
    name = names[number % 4] if number % 5 == 0 else names[0]
    acts = tuple(_one_of_many(number * 1000 + each, each) for each in range(actions))
    outcomes = ("done", "partial", "waiting", "stale", "unproven", "")
    day = 86400.0 * (number % 3)
    ends = (
        CustomerEnd(RUN, at(day), at(day + 7200), outcomes[number % 6], "" if number % 2 else "two things wait"),
        *([CustomerEnd(AGAIN, at(119 * 86400), at(119 * 86400 + 600), "done")] if number % 3 == 0 else []),
    )
    gone = Change(Target("subscription", "S-1", HOSTILE), "gone", explained=number % 2 == 0)
    return customer(
        name,
        number,
        company_name=HOSTILE if number % 5 == 0 else f"Company {number}",
        ends=ends,
        actions=acts,
        changes=(*customer().changes, gone),
        money=MoneySummary(
            refund=(euros("1234567.89"), Money(euros("10").amount, "USD")),
            committed=(euros("5.00"),) if number % 2 else (),
            unknown={"refund": number % 4, "committed": number % 3},
        ),
        open=("a subscription is still active in the last read", f"credit of {HOSTILE} is expected")[: number % 3],
    )


def _one_of_many(number: int, each: int) -> ActionStory:
    state = STATES[number % len(STATES)] if number % 3 == 0 else ActionState.VERIFIED
    lost = request(number, 30, answer="no-answer", status=503, answered_at=at(60), message=f"Busy: {HOSTILE}")
    refused = request(number, 90, answer="refused", status=400, code="800091", message="It cannot be edited.")
    wanted = {"status": "deleted", "scheduledActions": ["cancelAtTermEnd", "W" * 90]}
    sent = {ActionState.FAILED: (refused,), ActionState.INDETERMINATE: (lost,), ActionState.SENT: (lost,)}
    return cancelled(
        number,
        run=AGAIN if each % 4 == 3 else RUN,
        state=state,
        target=Target("subscription", f"S-{number}", HOSTILE if each % 5 == 0 else f"Microsoft 365 E{each}"),
        requests=sent.get(state, (lost, request(number, 70))),
        seen=wanted if state is ActionState.VERIFIED else {"status": "active"},
        postcondition=wanted,
        verified_at=at(100) if state is ActionState.VERIFIED else None,
        message="" if state is ActionState.VERIFIED else "It was not as the plan had seen it.",
        money=ActionMoney(refund=euros("12.50") if each % 2 else None),
    )
