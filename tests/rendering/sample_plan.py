"""A plan with one customer of every verdict, small enough to be read beside its golden text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.family import Family
from pcreconcile.model.identity import action_id, seal
from pcreconcile.model.ids import PlanId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import (
    Action,
    ActionKind,
    ActionMoney,
    Approvals,
    Blocker,
    CustomerPlan,
    Deadline,
    Effect,
    Guard,
    Impact,
    Instructions,
    LiveCustomer,
    Notice,
    Observed,
    Plan,
    PlanPartner,
    Reversibility,
    Sources,
    Target,
    Verdict,
)
from pcreconcile.model.rules import Override
from pcreconcile.planning.counting import counted, summed

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


def tenant(number: int) -> TenantId:
    return TenantId(f"6b2e0b0c-0000-4000-8000-0000000000{number:02}")


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def action(kind: ActionKind, target: Target, when: str = "now", **members: Any) -> Action:
    given: dict[str, Any] = {
        "id": action_id(tenant(22), kind, target.type, target.id),
        "kind": kind,
        "target": target,
        "family": Family.NEW_COMMERCE_LICENSE,
        "when": when,
        "requires": (),
        "reversibility": Reversibility.ONE_WAY,
        "effect": Effect.TAKES_SERVICE,
        "impact": None,
        "precondition": {},
        "postcondition": {},
        "window_closes_at": None,
        "money": ActionMoney(),
        "reason": "",
    }
    return Action(**(given | members))


def customer(name: str, number: int, verdict: Verdict, **members: Any) -> CustomerPlan:
    wish = Relationship.ACTIVE if verdict is Verdict.CONVERGED else Relationship.REMOVED
    domain = f"{name.replace('-', '')}.onmicrosoft.com"
    given: dict[str, Any] = {
        "name": name,
        "tenant_id": tenant(number),
        "desired": DesiredCustomer(name, tenant(number), domain, wish, reason="leaves", ticket=f"CHG-48{number}"),
        "observed": Observed("reseller", domain, name.title().replace("-", " "), seats=25),
        "verdict": verdict,
        "earliest_removal": None,
        "confidence": "high",
        "binding_blocker": None,
        "next_deadline": None,
        "actions": (),
        "blockers": (),
        "warnings": (),
    }
    return CustomerPlan(**({"money": summed(members.get("actions", ()))} | given | members))


def ready() -> CustomerPlan:
    licence = Target("subscription", "5c9f0001-0000-4000-8000-000000000001", "Microsoft 365 Business Premium")
    removal = Target("customer", tenant(22), "birch-clinic")
    return customer(
        "birch-clinic",
        22,
        Verdict.READY,
        earliest_removal=date(2026, 11, 22),
        next_deadline=datetime(2026, 11, 25, 10, 0, tzinfo=UTC),
        deadlines=(
            Deadline(
                datetime(2026, 11, 25, 10, 0, tzinfo=UTC), "window-closes", licence, "its cancellation window closes"
            ),
            Deadline(datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "deadline", None, "the manifest's deadline"),
        ),
        actions=(
            action(
                ActionKind.CANCEL_SUBSCRIPTION,
                licence,
                impact=Impact(25, "Microsoft 365 Business Premium"),
                window_closes_at=datetime(2026, 11, 25, 10, 0, tzinfo=UTC),
                money=ActionMoney(refund=euros("412.50"), lost_per_day=euros("13.75")),
                reason="inside the cancellation window",
            ),
            action(
                ActionKind.REMOVE_RELATIONSHIP,
                removal,
                family=None,
                effect=Effect.NEUTRAL,
                reversibility=Reversibility.NEEDS_COUNTERPARTY,
                reason="nothing active is left",
            ),
        ),
    )


def waiting() -> CustomerPlan:
    term = Target("subscription", "5c9f0001-0000-4000-8000-000000000002", "Microsoft 365 E3")
    blocker = Blocker(
        "term-running", term, date(2027, 1, 15), "it ends with its term", rule="new-commerce-license.active"
    )
    mail = Target("subscription", "5c9f0001-0000-4000-8000-000000000003", "Exchange Online (Plan 1)")
    return customer(
        "cedar-logistics",
        23,
        Verdict.WAITING,
        earliest_removal=date(2027, 1, 15),
        confidence="low",
        binding_blocker=blocker,
        blockers=(blocker,),
        actions=(
            action(
                ActionKind.CANCEL_AT_TERM_END,
                term,
                effect=Effect.PROTECTIVE,
                reversibility=Reversibility.REVERSIBLE,
                reversible_until=date(2027, 1, 14),
                money=ActionMoney(refund=euros("0.00"), committed=euros("742.50")),
            ),
            action(
                ActionKind.SUSPEND_SUBSCRIPTION,
                mail,
                when="2027-01-15",
                reversibility=Reversibility.LOSSY,
                reversible_until=date(2027, 2, 14),
                impact=Impact(5, "Exchange Online (Plan 1)", date(2027, 2, 14)),
            ),
            action(
                ActionKind.REMOVE_RELATIONSHIP,
                Target("customer", tenant(23), "cedar-logistics"),
                when="2027-01-15",
                family=None,
                effect=Effect.NEUTRAL,
            ),
        ),
    )


def blocked() -> CustomerPlan:
    order = Target("entitlement", "b5f0/1/reservedinstance", "Reserved VM Instance, Standard_D2s_v3")
    blocker = Blocker("manual-step-pending", order, None, "return it by hand, the next plan sees it")
    licence = Target("subscription", "5c9f0001-0000-4000-8000-000000000004", "Power BI Pro")
    portal = "https://portal.azure.com/#view/Microsoft_Azure_Reservations/ReservationsBrowseBlade"
    returned = action(
        ActionKind.MANUAL,
        order,
        when="manual",
        family=Family.RESERVATION,
        instructions=Instructions(
            "an owner of the reservation order",
            "Open the reservation in the Azure portal and choose Return.",
            portal,
        ),
    )
    return customer(
        "fjord-energy",
        26,
        Verdict.BLOCKED,
        binding_blocker=blocker,
        blockers=(blocker,),
        actions=(
            returned,
            action(
                ActionKind.MANUAL,
                licence,
                when="manual",
                reversibility=Reversibility.NEEDS_COUNTERPARTY,
                effect=Effect.NEUTRAL,
                instructions=Instructions("the licensing desk", "Accept the transfer in Partner Center."),
            ),
            action(
                ActionKind.REMOVE_RELATIONSHIP,
                Target("customer", tenant(26), "fjord-energy"),
                when="manual",
                requires=(returned.id,),
                family=None,
                effect=Effect.NEUTRAL,
                reversibility=Reversibility.NEEDS_COUNTERPARTY,
            ),
        ),
        warnings=(Notice("delegated-access", "`keep` leaves us administrators of a customer that has gone"),),
    )


def sample(**members: Any) -> Plan:
    customers = (ready(), waiting(), blocked(), customer("juniper-foods", 30, Verdict.CONVERGED))
    plan = Plan(
        format_version=2,
        plan_id=PlanId(""),
        digest="",
        created_at=NOW,
        tool_version="0.1.0",
        partner=PlanPartner(TenantId("9f10aa00-0000-4000-8000-0000000000aa"), "contoso-csp", "simulator"),
        sources=Sources("m", "p", "r", "2026-11", NOW, overridden_rules=(Override("a.b", "free", "probe", "tried"),)),
        customers=customers,
        unmanaged=(LiveCustomer(tenant(35), "Olive Bank", "olivebank.onmicrosoft.com"),),
        unread=(),
        guards=(Guard("budget:perRun.removals", True, "1 of at most 10", 10, 1),),
        approvals=Approvals(0),
        totals=counted(customers),
    )
    return seal(msgspec.structs.replace(plan, **members))
