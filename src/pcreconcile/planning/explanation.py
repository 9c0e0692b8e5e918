"""One customer, explained: its plan, what it holds with the evidence, and the three ways out with their price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pcreconcile.exits import Holding
from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.estate import Snapshot
from pcreconcile.model.explanation import (
    FORMAT_VERSION,
    Explanation,
    Held,
    Possible,
    RuleFact,
    Way,
    WayInSum,
    WayOut,
)
from pcreconcile.model.memory import Memory
from pcreconcile.model.money import totals
from pcreconcile.model.observed import observe_schedule
from pcreconcile.model.partner import Partner
from pcreconcile.model.plan import CustomerPlan, MoneySummary, PlanPartner
from pcreconcile.model.policy import Policy
from pcreconcile.model.prices import NO_PRICES, Prices
from pcreconcile.model.rules import Rules
from pcreconcile.planning.alternatives import end_of, handing_over, is_metered, ways_of
from pcreconcile.planning.customer import plan_customer, priced_holdings
from pcreconcile.planning.setting import Setting


def explain(
    desired: DesiredCustomer,
    snapshot: Snapshot,
    memory: Memory,
    rules: Rules,
    policy: Policy,
    now: datetime,
    *,
    partner: Partner,
    prices: Prices = NO_PRICES,
) -> Explanation:
    """Everything there is to say about one customer as of `now` (aware UTC). Pure, and it raises nothing.

    A customer that is wanted `unmanaged` (or that no manifest speaks of) is explained as if it were to be removed.
    """
    setting = Setting(desired, memory, rules, policy, partner, ZoneInfo(partner.time_zone), now, prices)
    removal = _as_removed(setting)
    hypothetical = desired.relationship is Relationship.UNMANAGED
    leaving = None if desired.relationship is Relationship.REMOVED else plan_customer(snapshot, removal)
    customer = leaving if hypothetical and leaving is not None else plan_customer(snapshot, setting)
    holdings = tuple(_holdings(snapshot, removal))
    return Explanation(
        format_version=FORMAT_VERSION,
        created_at=now,
        snapshot_at=snapshot.taken_at,
        partner=PlanPartner(partner.tenant_id, partner.name, partner.cloud, partner.time_zone),
        rules_version=rules.version,
        hypothetical=hypothetical,
        customer=customer,
        leaving=None if hypothetical else leaving,
        holdings=holdings,
        ways=tuple(_in_sum(way, holdings, rules) for way in Way if any(held.ways for held in holdings)),
        rules=tuple(_facts(rules, [customer, *([leaving] if leaving else [])], holdings)),
    )


def _as_removed(setting: Setting) -> Setting:
    """With the wish for its removal: the manifest's own, or a bare one, which no earlier removal can have fulfilled."""
    desired = setting.desired
    if desired.relationship is Relationship.REMOVED:
        return setting
    why = "if it were removed"
    bare = DesiredCustomer(desired.name, desired.tenant_id, desired.domain, Relationship.REMOVED, reason=why)
    return replace(setting, desired=bare, memory=replace(setting.memory, fulfilled={}))


def _holdings(snapshot: Snapshot, setting: Setting) -> Iterator[Held]:
    state = snapshot.states.get(setting.desired.tenant_id)
    if state is None:
        return
    setting = replace(setting, state=state)
    for holding in priced_holdings(state, setting):
        if not _has_ended(holding):
            yield _held(holding, setting)


def _has_ended(holding: Holding) -> bool:
    row = holding.subject.subscription
    return row.status == "deleted" if row is not None else holding.subject.quantity == 0


def _held(holding: Holding, setting: Setting) -> Held:
    row = holding.subject.subscription
    return Held(
        target=holding.target,
        family=holding.family,
        evidence=holding.evidence.because,
        traits=holding.traits,
        status=_status(holding),
        quantity=None if is_metered(holding) else holding.subject.quantity,
        term=row.term_duration if row is not None and not is_metered(holding) else None,
        term_end=end_of(holding),
        window_closes_at=row.cancellation_allowed_until if row is not None else None,
        auto_renew=row.auto_renew if row is not None else None,
        end_of_term=None if row is None else _schedule(holding),
        price=_price(holding),
        ways=ways_of(holding, setting),
    )


def _status(holding: Holding) -> str:
    """The raw word of the row that shows it."""
    subject = holding.subject
    if subject.subscription is not None:
        return subject.subscription.status
    states = [each.fulfillment_state for each in subject.entitlements if each.fulfillment_state]
    return states[0] if states else f"order {subject.order.status}" if subject.order is not None else "entitled"


def _schedule(holding: Holding) -> tuple[str, ...] | None:
    row = holding.subject.subscription
    seen = None if row is None else observe_schedule(row.scheduled_actions)
    return None if seen is None else tuple(seen)


def _price(holding: Holding) -> str:
    charge = holding.charge
    if is_metered(holding):
        return "by usage"
    if charge is None:
        return ""
    every = "once" if charge.months is None else "a month" if charge.months == 1 else f"every {charge.months} months"
    return f"{charge.unit} a unit {every} ({charge.source})"


def _in_sum(way: Way, holdings: Sequence[Held], rules: Rules) -> WayInSum:
    found = [each for held in holdings for each in held.ways if each.way is way]
    free = [each.free_on for each in found]
    days = [day for day in free if day is not None]
    return WayInSum(
        way=way,
        answers=dict(Counter(each.possible for each in found)),
        text=handing_over(rules)
        if way is Way.TRANSFER and any(each.possible is Possible.BY_HAND for each in found)
        else "",
        until=min((each.until for each in found if each.until), default=None),
        free_on=max(days) if days and len(days) == len(free) else None,
        money=_money([each for each in found if each.possible in {Possible.YES, Possible.BY_HAND}]),
        saves=totals(each.saves for each in found),
    )


def _money(found: Sequence[WayOut]) -> MoneySummary:
    members = {
        "refund": [each.money.refund for each in found],
        "lostPerDay": [each.money.lost_per_day for each in found],
        "committed": [each.money.committed for each in found],
    }
    return MoneySummary(
        refund=totals(members["refund"]),
        lost_per_day=totals(members["lostPerDay"]),
        committed=totals(members["committed"]),
        unknown={name: parts.count(None) for name, parts in members.items() if None in parts},
    )


def _facts(rules: Rules, plans: Iterable[CustomerPlan], holdings: Iterable[Held]) -> Iterator[RuleFact]:
    """Every rule that something on the page rests on, by ID."""
    named = {each.rule for held in holdings for each in held.ways}
    for plan in plans:
        named |= {blocker.rule for blocker in plan.blockers} | {action.rule for action in plan.actions}
    reasons = {each.id: each.reason for each in rules.overridden}
    for name in sorted(each for each in named if each is not None and each in rules.rules):
        rule = rules.rules[name]
        yield RuleFact(
            id=rule.id,
            value=str(rule.value),
            unit=rule.unit,
            source=rule.source,
            confidence=rule.confidence,
            checked=rule.checked,
            note=rule.note,
            because=reasons.get(name, ""),
        )
