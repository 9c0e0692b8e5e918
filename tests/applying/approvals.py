"""A plan that needs approvals, people with keys, and a desk that judges them; signatures without any cryptography."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from pcreconcile.applying.approving import Asked, Consent, Grant, granted
from pcreconcile.applying.ceilings import due, scope_of
from pcreconcile.applying.consent import Withdrawals
from pcreconcile.applying.lost_journal import Loss
from pcreconcile.model.approval import (
    Approval,
    SignedApproval,
    Signer,
    consequences,
    document,
    kept_bytes,
    signed_bytes,
)
from pcreconcile.model.errors import ApprovalMissing, BadSignature
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.identity import seal, sha256_hex
from pcreconcile.model.ids import ActionId, RunId, TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import (
    Action,
    ActionKind,
    ActionMoney,
    Approvals,
    CustomerPlan,
    Effect,
    Impact,
    Observed,
    Plan,
    Reversibility,
    Verdict,
)
from pcreconcile.model.policy import ApprovalRule, Policy
from pcreconcile.model.run import Event, EventKind
from tests.applying.world import NOW, ONE, act, plan_of, remove, suspend, tenant, wanted

TWO = tenant(2)
HOUR = timedelta(hours=1)


def customer(who: TenantId, *actions: Action) -> CustomerPlan:
    desired = wanted(who)
    observed = Observed("reseller", desired.domain, desired.name)
    return CustomerPlan(
        desired.name, who, desired, observed, Verdict.READY, None, "high", None, None, tuple(actions), (), ()
    )


def seats(count: int) -> Impact:
    return Impact(count, "Microsoft 365 E3")


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


SUSPENDS = suspend("s1", reversibility=Reversibility.LOSSY, impact=seats(10))
REMOVES = remove(SUSPENDS, reversibility=Reversibility.NEEDS_COUNTERPARTY, effect=Effect.NEUTRAL)
RENEWS = act(
    ActionKind.SET_RENEWAL,
    "s2",
    who=TWO,
    reversibility=Reversibility.REVERSIBLE,
    effect=Effect.COMMITS_MONEY,
    money=ActionMoney(committed=euros("120.00")),
)
RULE = ApprovalRule(required=2)
PLAN = replace(
    plan_of(customer(ONE, SUSPENDS, REMOVES), customer(TWO, RENEWS)),
    approvals=Approvals(2, ("commits-money", "one-way", "takes-service")),
)
PLAN = seal(PLAN)

ANNA = Signer(("anna@example.com",), "SHA256:anna")
BELA = Signer(("bela@example.com",), "SHA256:bela")
CARL = Signer(("carl@example.com", "c.carlson@example.com"), "SHA256:carl")
WRITER = "dora@example.com"


@dataclass
class Keys:
    """Good is the signature that `signed` has made, for whom `people` says."""

    people: tuple[Signer, ...] = (ANNA, BELA, CARL)
    verified: int = 0

    def require_listed(self, principal: str, signature: str) -> None:
        self._person(principal, signature.partition(" ")[0])

    def verify(self, principal: str, signed: bytes, signature: str, at: datetime) -> Signer:
        self.verified += 1
        key, _, content = signature.partition(" ")
        if content != sha256_hex(signed.decode()):
            raise BadSignature("incorrect signature")
        return self._person(principal, key)

    def _person(self, principal: str, key: str) -> Signer:
        for person in self.people:
            if person.key == key and principal in person.principals:
                return person
        raise BadSignature(f"its key {key} is not listed")


def signed_by(who: Signer, plan: Plan = PLAN, *, source: str = "", key: str = "", **members: Any) -> SignedApproval:
    """A good approval of the whole plan, but for `members`, of it or of its scope."""
    name = who.principals[0]
    given = {member: members.pop(member) for member in list(members) if member in SCOPE}
    values: dict[str, Any] = {
        "principal": name,
        "plan_id": plan.plan_id,
        "partner": plan.partner.tenant_id,
        "consequences": consequences(plan),
        "scope": replace(scope_of(due(plan)), **given),
        "approved_at": NOW - HOUR,
        "expires_at": NOW + 24 * HOUR,
    }
    approval = Approval(**(values | members))
    return SignedApproval(approval, signature(key or who.key, approval), source or f"{name}.yaml")


SCOPE = ("customers", "kinds", "one_way", "seats", "money")


def signature(key: str, approval: Approval) -> str:
    return f"{key} {sha256_hex(signed_bytes(approval).decode())}"


def edited(signed: SignedApproval, **members: Any) -> SignedApproval:
    """Changed after it was signed."""
    given = {member: members.pop(member) for member in list(members) if member in SCOPE}
    approval = replace(signed.approval, scope=replace(signed.approval.scope, **given), **members)
    return replace(signed, approval=approval)


@dataclass
class Hearing:
    """Everything that approvals of a plan are judged by; the first person's approval is the one that varies."""

    plan: Plan = PLAN
    rule: ApprovalRule = RULE
    now: datetime = NOW
    approvals: tuple[SignedApproval, ...] = (signed_by(ANNA), signed_by(BELA))
    problems: tuple[str, ...] = ()
    keys: Keys = field(default_factory=Keys)
    authors: Mapping[TenantId, Iterable[str]] = field(default_factory=lambda: {ONE: [WRITER], TWO: [WRITER]})
    events: tuple[Event, ...] = ()
    resumed: bool = False
    done: tuple[ActionId, ...] = ()
    withdrawals: Withdrawals = field(default_factory=Withdrawals)
    documents: Mapping[str, bytes] = field(default_factory=dict)
    left_alone: frozenset[TenantId] = frozenset()
    loss: Loss | None = None
    asked_authors: list[list[TenantId]] = field(default_factory=list)

    @property
    def asked(self) -> Asked:
        pending = [entry for entry in due(self.plan) if entry.action.id not in self.done]
        policy = Policy(approvals=self.rule)
        documents, events = self.documents.get, self.events
        return Asked(
            self.plan, policy, pending, events, self.resumed, documents, self.left_alone, self.withdrawals, self.loss
        )

    @property
    def consent(self) -> Consent:
        return Consent(self.approvals, self.problems, (self.keys,), self._authors, (b"",))

    def _authors(self, tenants: Iterable[TenantId]) -> Mapping[TenantId, frozenset[str]]:
        self.asked_authors.append(list(tenants))
        return {who: frozenset(self.authors[who]) for who in self.asked_authors[-1] if who in self.authors}

    def grants(self) -> tuple[Grant, ...]:
        return granted(self.asked, self.consent, self.now)

    def outcome(self) -> str:
        """Who granted it, or the refusal."""
        try:
            return " + ".join(sorted(grant.approval.approval.principal for grant in self.grants()))
        except ApprovalMissing as error:
            return str(error)


def documents_of(*approvals: SignedApproval) -> dict[str, bytes]:
    """What a journal keeps of approvals, by digest."""
    return {hashlib.sha256(kept_bytes(signed)).hexdigest(): kept_bytes(signed) for signed in approvals}


def kept(signed: SignedApproval, person: Signer, **members: str) -> dict[str, str]:
    """As a run's first event records an approval."""
    content = {"document": document(signed.approval), "signature": signed.signature}
    entry = {"principal": signed.approval.principal, "key": person.key, "document": sha256_hex(content)}
    return entry | members


def lost(*ago: timedelta, who: TenantId = ONE) -> Loss:
    """Removals of ours, so long ago, that the journal lacks."""
    gone = "remove_partner_customer_relationship"
    return Loss(tuple(AuditRecord(f"r{n}", who, gone, True, NOW - each) for n, each in enumerate(ago)))


def run_of(
    plan: Plan,
    *what: tuple[EventKind, Action],
    approvals: Iterable[Mapping[str, str]] = (),
    at: datetime = NOW - HOUR / 2,
    name: str = "run-1",
    **body: Any,
) -> tuple[Event, ...]:
    """The events of an earlier run."""
    begun = {"digest": plan.digest, "approvals": [dict(entry) for entry in approvals]} | body
    drafts: list[tuple[EventKind, ActionId | None, dict[str, Any]]] = [(EventKind.RUN_STARTED, None, begun)]
    drafts += [(kind, action.id, {}) for kind, action in what]
    return tuple(
        Event(seq, RunId(name), plan.plan_id, at, kind, None, action, None, members, "", "")
        for seq, (kind, action, members) in enumerate(drafts, 1)
    )
