"""The whole fleet: every managed customer planned, the others listed, the guards asked, the plan sealed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pcreconcile.model.desired import DesiredFleet, Relationship
from pcreconcile.model.estate import Customer, CustomerState, Snapshot
from pcreconcile.model.identity import seal
from pcreconcile.model.ids import PlanId
from pcreconcile.model.memory import Memory
from pcreconcile.model.partner import Partner
from pcreconcile.model.plan import (
    FORMAT_VERSION,
    CustomerPlan,
    LiveCustomer,
    Notice,
    Plan,
    PlanPartner,
    Sources,
    Verdict,
)
from pcreconcile.model.plan_sources import memory_digests, partner_digest
from pcreconcile.model.policies_in_force import PoliciesInForce, PolicyAtBase
from pcreconcile.model.policy import Policy
from pcreconcile.model.prices import NO_PRICES, Prices
from pcreconcile.model.protection import Protection, asks_to_change, unmatched
from pcreconcile.model.rules import Rules
from pcreconcile.planning.counting import counted
from pcreconcile.planning.customer import plan_customer
from pcreconcile.planning.guards import check_under_all, needed_approvals
from pcreconcile.planning.rule_warnings import rule_warnings
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.unread import unread_warnings


def plan(
    desired: DesiredFleet,
    snapshot: Snapshot,
    memory: Memory,
    rules: Rules,
    policy: Policy,
    now: datetime,
    *,
    partner: Partner,
    tool_version: str,
    policy_digest: str = "",
    commit: str | None = None,
    known: DesiredFleet | None = None,
    prices: Prices = NO_PRICES,
    base: PolicyAtBase | None = None,
) -> Plan:
    """What it takes to get from what is to what is wanted. Pure: the same values give the same plan.

    `now` is aware UTC. `desired` holds the customers to plan; `known`, when only some of the fleet is planned, all
    customers that have a manifest, so that the others are not called unmanaged. `prices` are the partner's own. With
    a `base` both policies judge, and what has changed since it in what judges stands first among the warnings.
    """
    policies = PoliciesInForce(policy, base)
    zone = ZoneInfo(partner.time_zone)
    wanted = sorted(desired.customers, key=lambda customer: customer.name)
    customers = tuple(
        plan_customer(snapshot, Setting(customer, memory, rules, policies.strictest, partner, zone, now, prices))
        for customer in wanted
        if customer.relationship is not Relationship.UNMANAGED
    )
    return seal(
        Plan(
            format_version=FORMAT_VERSION,
            plan_id=PlanId(""),
            digest="",
            created_at=now,
            tool_version=tool_version,
            partner=PlanPartner(partner.tenant_id, partner.name, partner.cloud, partner.time_zone),
            sources=Sources(
                manifests=desired.digest,
                policy=policy_digest,
                rules=rules.digest,
                rules_version=rules.version,
                snapshot_at=snapshot.taken_at,
                commit=commit,
                overridden_rules=rules.overridden,
                prices=prices.digest,
                partner_document=partner_digest(partner),
                memory=memory_digests(memory, (customer.tenant_id for customer in customers)),
            ),
            customers=customers,
            unmanaged=_unmanaged(known or desired, snapshot),
            unread=tuple(_unread(customer) for customer in customers if customer.verdict is Verdict.UNKNOWN),
            guards=check_under_all(customers, len(snapshot.listed.customers), memory, policies, now, zone),
            approvals=needed_approvals(customers, policies.strictest),
            totals=counted(customers),
            warnings=(
                *policies.notices,
                *unread_warnings(snapshot, customers, partner),
                *_idle_protection(known or desired, policy, memory),
                *_lifted(customers, Protection(policy, now.astimezone(zone).date(), memory.stood_for)),
                *rule_warnings(rules, _states(customers, snapshot), now),
            ),
        )
    )


def _unmanaged(known: DesiredFleet, snapshot: Snapshot) -> tuple[LiveCustomer, ...]:
    """Live customers that nobody's manifest manages; absence is never intent, so they are only listed."""
    managed = {each.tenant_id for each in known.customers if each.relationship is not Relationship.UNMANAGED}
    live = [customer for tenant, customer in snapshot.listed.customers.items() if tenant not in managed]
    return tuple(_live(customer) for customer in sorted(live, key=lambda each: (each.company_name, each.tenant_id)))


def _live(customer: Customer) -> LiveCustomer:
    return LiveCustomer(customer.tenant_id, customer.company_name, customer.domain)


def _unread(customer: CustomerPlan) -> LiveCustomer:
    problem = "; ".join(blocker.how for blocker in customer.blockers)
    name = customer.observed.company_name or customer.name
    return LiveCustomer(customer.tenant_id, name, customer.observed.domain or customer.desired.domain, problem)


def _states(customers: tuple[CustomerPlan, ...], snapshot: Snapshot) -> list[CustomerState]:
    """What was read of the customers that are planned."""
    return [snapshot.states[each.tenant_id] for each in customers if each.tenant_id in snapshot.states]


def _idle_protection(known: DesiredFleet, policy: Policy, memory: Memory) -> list[Notice]:
    return [Notice("protects-nobody", text) for text in unmatched(known.customers, policy, memory.stood_for)]


def _lifted(customers: tuple[CustomerPlan, ...], protection: Protection) -> list[Notice]:
    """Protected customers that an exception lets go."""
    found = (protection.exception(each.desired) for each in customers if asks_to_change(each))
    return [Notice("protection-lifted", text) for text in found if text]
