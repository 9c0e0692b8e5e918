"""What a kept plan's own words are worth: verdicts and totals made anew from its acts, names held against manifests.

Whoever writes a plan file can make its digest fit, so a verdict or a total in it proves nothing. What can be made from
the acts is made from them; what only planning could know (`refused`, `unknown`) stands for a customer of whom no act
would be done, and for no other. Pure; nothing is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from pcreconcile.model.desired import DesiredCustomer, LineDesire, Relationship
from pcreconcile.model.plan import MANUAL, NOW, Action, ActionKind, CustomerPlan, Plan, Totals, Verdict
from pcreconcile.planning.counting import counted, summed
from pcreconcile.planning.narrowing import ONLY

_NOTHING_DONE = frozenset({Verdict.REFUSED, Verdict.UNKNOWN})
_AT_LEAST: Mapping[Verdict, frozenset[Verdict]] = {
    Verdict.CONVERGED: frozenset({Verdict.CONVERGED, Verdict.READY, Verdict.WAITING, Verdict.BLOCKED}),
    Verdict.READY: frozenset({Verdict.READY, Verdict.WAITING, Verdict.BLOCKED}),
    Verdict.WAITING: frozenset({Verdict.WAITING, Verdict.BLOCKED}),
    Verdict.BLOCKED: frozenset({Verdict.BLOCKED}),
}
_TOLD = ("name", "domain", "relationship", "reason", "ticket")  # members whose values are told when they differ


class Derived(msgspec.Struct, frozen=True):
    """A plan with the verdicts, money and totals that its acts make, and where the file said otherwise, in words."""

    plan: Plan
    contradictions: tuple[str, ...]


def derived(plan: Plan) -> Derived:
    """The plan as its acts make it. Its ID and digest stay the file's."""
    verdict = verdict_of_narrowed if any(notice.code == ONLY for notice in plan.warnings) else verdict_of
    customers = tuple(replace(each, verdict=verdict(each), money=summed(each.actions)) for each in plan.customers)
    totals = counted(customers)
    pairs = zip(plan.customers, customers, strict=True)
    contradictions = [text for before, after in pairs for text in _about(before, after)]
    contradictions += _about_totals(plan.totals, totals)
    return Derived(replace(plan, customers=customers, totals=totals), tuple(contradictions))


def verdict_of(customer: CustomerPlan) -> Verdict:
    """The verdict that acts and blockers make, as `planning.customer` makes it from the same."""
    made = _made(customer)
    if not customer.actions and customer.verdict in _NOTHING_DONE:
        return customer.verdict
    if made is Verdict.BLOCKED or not any(_may_be_an_offer(each, customer) for each in customer.actions):
        return made
    return customer.verdict if customer.verdict in _AT_LEAST[made] else made  # an offer is no blocker, and may be none


def verdict_of_narrowed(customer: CustomerPlan) -> Verdict:
    """The same for a plan of `--only`, whose verdicts are those of the whole plan: they may be graver than its acts."""
    made = verdict_of(customer)
    return customer.verdict if customer.verdict in _AT_LEAST.get(made, frozenset()) else made


def _made(customer: CustomerPlan) -> Verdict:
    if any(blocker.clears_at is None for blocker in customer.blockers):
        return Verdict.BLOCKED
    if any(each.when == MANUAL and not _may_be_an_offer(each, customer) for each in customer.actions):
        return Verdict.BLOCKED
    if customer.blockers:
        return Verdict.WAITING
    return Verdict.READY if customer.actions else Verdict.CONVERGED


def _may_be_an_offer(action: Action, customer: CustomerPlan) -> bool:
    """A person's step for which nothing waits (`planning.handover.offered`), as far as the manifest's lines tell."""
    lines = customer.desired.subscriptions
    return action.kind is ActionKind.MANUAL and any(
        line.desired is LineDesire.TRANSFER and line.by is not None for line in lines
    )


def _leaves(desired: DesiredCustomer) -> bool:
    return desired.relationship is Relationship.REMOVED


def _ends_things(desired: DesiredCustomer) -> bool:
    return _leaves(desired) or bool(desired.subscriptions)


def _pauses(desired: DesiredCustomer) -> bool:
    return desired.relationship is Relationship.SUSPENDED or _ends_things(desired)


def _ends_access(desired: DesiredCustomer) -> bool:
    return _leaves(desired) or desired.delegated_access.at is not None


def _stays(desired: DesiredCustomer) -> bool:
    return desired.relationship is Relationship.ACTIVE


def _always(_desired: DesiredCustomer) -> bool:
    return True


# What a manifest must say so that planning comes to an act at all.
ASKED_BY: Mapping[ActionKind, Callable[[DesiredCustomer], bool]] = {
    ActionKind.CANCEL_SUBSCRIPTION: _ends_things,
    ActionKind.CANCEL_AT_TERM_END: _ends_things,
    ActionKind.SET_RENEWAL: _always,
    ActionKind.SUSPEND_SUBSCRIPTION: _pauses,
    ActionKind.REACTIVATE_SUBSCRIPTION: _always,
    ActionKind.CANCEL_ORDER_LINE: _ends_things,
    ActionKind.RETURN_RESERVATION: _ends_things,
    ActionKind.CANCEL_AZURE_SUBSCRIPTION: _ends_things,
    ActionKind.REACTIVATE_AZURE_SUBSCRIPTION: _always,
    ActionKind.REMOVE_RELATIONSHIP: _leaves,
    ActionKind.REQUEST_RELATIONSHIP: _stays,
    ActionKind.REMOVE_DELEGATED_ADMIN: _ends_access,
    ActionKind.TERMINATE_DELEGATED_ACCESS: _ends_access,
    ActionKind.MANUAL: _always,
}


def _about(before: CustomerPlan, after: CustomerPlan) -> Iterator[str]:
    if before.verdict is not after.verdict:
        now = sum(action.when == NOW for action in after.actions)
        made = f"{len(after.actions)} acts ({now} now) and {len(after.blockers)} blockers make it {after.verdict}"
        yield f"{before.name}: the file says {before.verdict}; {made}"
    if before.money != after.money:
        yield f"{before.name}: the file's sums of money are not those of its actions"
    for kind in dict.fromkeys(action.kind for action in after.actions):
        if not ASKED_BY[kind](after.desired):
            yield (
                f"{before.name}: the file holds {kind} for a customer that is wanted {after.desired.relationship}, "
                "and no such manifest comes to that"
            )


def _about_totals(said: Totals, made: Totals) -> Iterator[str]:
    names = zip(Totals.__struct_fields__, Totals.__struct_encode_fields__, strict=True)
    for attribute, name in names:
        if getattr(said, attribute) != getattr(made, attribute):
            yield f"totals: the file says {_shown(said, attribute)} {name}, and its acts make {_shown(made, attribute)}"


def _shown(totals: Totals, attribute: str) -> str:
    value = getattr(totals, attribute)
    return str(value) if isinstance(value, int) else str(msgspec.to_builtins(value))


def differences_from(plan: Plan, manifests: Iterable[DesiredCustomer]) -> tuple[str, ...]:
    """Where the file's customers are not what the manifests say, by tenant ID, in words."""
    known = {each.tenant_id: each for each in manifests}
    return tuple(text for each in plan.customers for text in _against(each, known.get(each.tenant_id)))


def _against(customer: CustomerPlan, manifest: DesiredCustomer | None) -> Iterator[str]:
    if manifest is None:
        yield f"{customer.name}: no manifest here names tenant {customer.tenant_id}"
        return
    if customer.name != customer.desired.name:
        yield f"{customer.name}: the file calls the same customer {customer.desired.name} elsewhere"
    said = msgspec.structs.asdict(customer.desired)
    wanted = msgspec.structs.asdict(manifest)
    for name in said:
        if said[name] != wanted[name]:
            told = f" ({said[name] or 'none'} in the file, {wanted[name] or 'none'} in the manifest)"
            yield f"{customer.name}: its {name.replace('_', ' ')} is another{told if name in _TOLD else ''}"
