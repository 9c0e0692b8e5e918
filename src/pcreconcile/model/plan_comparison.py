"""A kept plan is a claim: what of it a plan made afresh holds too, what not, and whether anything explains that.

Two actions are the same when kind, target, precondition and postcondition are equal and both are due now. Where the
fresh plan lacks an action of the kept one, either something has *moved* since (the live state, the manifest, the
policy, the Partner document, the journal's memory, the rules, the prices, the version; or a date has passed), or the
action never followed from them. Pure: reading and planning are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import NOW, Action, ActionMoney, CustomerPlan, Impact, Plan
from pcreconcile.model.plan_sources import moved_sources

Key = tuple[str, str, str]
"""Kind, target type and target ID of an action."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A due action of the kept plan that the fresh one does not hold, and how the two differ."""

    action: Action
    why: str

    def __str__(self) -> str:
        target = self.action.target
        return f"{self.action.kind} {target.type} {target.id}: {self.why}"


@dataclass(frozen=True, slots=True)
class Shared:
    """An action that both plans hold, each in its own words."""

    kept: Action
    fresh: Action


@dataclass(frozen=True, slots=True)
class CustomerComparison:
    """One customer of a kept plan beside the same customer planned afresh (`fresh` None: it is planned no longer).

    `shared` and `missing` are the kept plan's due actions, in its order. `moved` says in words what differs between
    the two plans' sources and live states; `dated` are the missing actions that only the passing of a date explains.
    """

    kept: CustomerPlan
    fresh: CustomerPlan | None
    shared: tuple[Shared, ...]
    missing: tuple[Missing, ...]
    moved: tuple[str, ...]
    dated: tuple[Missing, ...] = ()

    @property
    def unexplained(self) -> tuple[Missing, ...]:
        """The actions that never followed from what the plan names as its sources."""
        return () if self.moved else tuple(each for each in self.missing if each not in self.dated)

    @property
    def why_stale(self) -> str:
        """Why the kept actions no longer hold, in words; "" when all of them do."""
        if not self.missing:
            return ""
        told = "; ".join(str(each) for each in self.missing)
        since = ", ".join(self.moved) or "a window, a freeze or a date"
        verb = "has changed" if self.moved else "has passed"
        return f"planned again it lacks {told} (since the plan was made, {since} {verb}){self._what_binds()}"

    def _what_binds(self) -> str:
        """What the new plan has to say instead, where something is in the way."""
        blocker = self.fresh.binding_blocker if self.fresh is not None else None
        return f"; the new plan says {blocker.code}: {blocker.how}" if blocker is not None else ""


def compare_plans(kept: Plan, fresh: Plan, tenants: Iterable[TenantId]) -> dict[TenantId, CustomerComparison]:
    """These customers of the kept plan against the fresh plan. Raises KeyError for one whom the kept plan lacks."""
    before, after = _customers(kept), _customers(fresh)
    return {tenant: _compare(kept, fresh, before[tenant], after.get(tenant)) for tenant in tenants}


def compare_customer(kept: Plan, fresh: Plan, tenant: TenantId) -> CustomerComparison:
    """One customer of the kept plan against the fresh plan. Raises KeyError when the kept plan does not hold it."""
    return compare_plans(kept, fresh, [tenant])[tenant]


def _compare(kept: Plan, fresh: Plan, before: CustomerPlan, after: CustomerPlan | None) -> CustomerComparison:
    planned = _by_key(after)
    shared: list[Shared] = []
    missing: list[Missing] = []
    for action in due_actions(before):
        other = planned.get(key_of(action))
        if why := _difference(action, other):
            missing.append(Missing(action, why))
        elif other is not None:
            shared.append(Shared(action, other))
    return CustomerComparison(before, after, tuple(shared), tuple(missing), _moved(kept, fresh, before, after))


def explained_by_dates(comparison: CustomerComparison, then: CustomerPlan | None) -> CustomerComparison:
    """The comparison with the missing actions that `then` holds marked as `dated`.

    `then` is the customer planned afresh from everything of now, but for the instant at which the kept plan was made.
    """
    planned = _by_key(then)
    dated = (each for each in comparison.missing if not _difference(each.action, planned.get(key_of(each.action))))
    return replace(comparison, dated=tuple(dated))


def due_actions(customer: CustomerPlan) -> tuple[Action, ...]:
    """The actions that are due now."""
    return tuple(action for action in customer.actions if action.when == NOW)


def key_of(action: Action) -> Key:
    """What an action is called across plans."""
    return action.kind, action.target.type, action.target.id


def weight_of(action: Action) -> tuple[object, ...]:
    """What guards, budgets and approvals count of an action."""
    seats = 0 if action.impact is None else action.impact.seats
    return action.effect, action.reversibility, seats, action.money.committed


def heavier(kept: Action, fresh: Action) -> Action:
    """The action as the fresh plan has it, and nothing of it less than the kept plan says.

    Its requirements are those of both, its window closes at the earlier of the two; seats and newly committed money
    are the larger. Effect and reversibility are the fresh plan's: a plan file's word about them weighs nothing here
    (guards ask both plans).
    """
    return msgspec.structs.replace(
        fresh,
        requires=tuple(sorted({*kept.requires, *fresh.requires})),
        window_closes_at=_earlier(kept.window_closes_at, fresh.window_closes_at),
        impact=_larger_impact(kept.impact, fresh.impact),
        money=_larger_money(kept.money, fresh.money),
    )


def _difference(kept: Action, fresh: Action | None) -> str:
    """Why two actions of the same kind and target are not the same due action; "" when they are."""
    if fresh is None:
        return "not in the new plan"
    if kept.id != fresh.id:
        return "under another ID"
    if fresh.when != NOW:
        return f"due {fresh.when}" if fresh.when[:1].isdigit() else f"not due now ({fresh.when})"
    for name, before, after in (
        ("precondition", kept.precondition, fresh.precondition),
        ("postcondition", kept.postcondition, fresh.postcondition),
    ):
        if canonical_json(before) != canonical_json(after):
            return f"with another {name}"
    return ""


def _moved(kept: Plan, fresh: Plan, before: CustomerPlan, after: CustomerPlan | None) -> tuple[str, ...]:
    own = []
    if kept.sources.manifests != fresh.sources.manifests and (after is None or before.desired != after.desired):
        own.append("its manifest")
    if after is not None and canonical_json(before.observed) != canonical_json(after.observed):
        own.append("the live state, or what could be read of it,")
    return (*own, *moved_sources(kept, fresh, before.tenant_id))


def _customers(plan: Plan) -> Mapping[TenantId, CustomerPlan]:
    return {customer.tenant_id: customer for customer in plan.customers}


def _by_key(customer: CustomerPlan | None) -> dict[Key, Action]:
    return {} if customer is None else {key_of(action): action for action in customer.actions}


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [each for each in (one, other) if each is not None]
    return min(known, default=None)


def _larger_impact(kept: Impact | None, fresh: Impact | None) -> Impact | None:
    if kept is None or fresh is None:
        return kept or fresh
    return msgspec.structs.replace(fresh, seats=max(kept.seats, fresh.seats))


def _larger_money(kept: ActionMoney, fresh: ActionMoney) -> ActionMoney:
    """An amount that the fresh plan does not know stays unknown, which every limit of money refuses."""
    return msgspec.structs.replace(fresh, committed=_larger(kept.committed, fresh.committed))


def _larger(kept: Money | None, fresh: Money | None) -> Money | None:
    if kept is None or fresh is None or kept.currency != fresh.currency:
        return fresh
    return max(kept, fresh, key=lambda each: each.amount)
