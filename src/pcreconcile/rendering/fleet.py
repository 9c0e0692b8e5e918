"""What a plan says about the fleet: whom it leaves alone, what could not be read, guards, totals, identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pcreconcile.model.credential import credential_line
from pcreconcile.model.plan import Guard, LiveCustomer, Notice, Plan, Verdict
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Tone, labelled
from pcreconcile.rendering.text import outside, prose

LONGEST_LIST = 20  # entries of a list of customers about whom there is nothing to decide
_NARROWED = "only"  # the notice of a plan that `--only` made smaller
_PROJECTION = "projection"  # the notice of a plan made by `--at`
_SINCE_BASE = "since-base"  # what has changed since the base in what judges a plan
URGENT = frozenset(
    {"window-closing-unread", "credential-failed", "journal-incomplete"}
)  # what somebody must act upon at once
_RECORDS_UNREAD = "audit-records-unread"  # whether the journal is whole, and what the day's budgets count, is not known
_HEAD = frozenset({_NARROWED, _PROJECTION, _SINCE_BASE, _RECORDS_UNREAD}) | URGENT  # told above everything else


def title(plan: Plan) -> Iterator[Line]:
    """Whose plan it is, when it was made, and whether it is all of it."""
    partner = plan.partner
    if plan.projected_from is not None:
        yield Line(f"PROJECTION to {plan.created_at:%Y-%m-%d}: nothing of this can be applied", tone=Tone.DANGER)
    yield Line(f"Plan for {outside(partner.name)} ({partner.cloud})", tone=Tone.HEADING)
    yield labelled("tenant", partner.tenant_id)
    made = "made" if plan.projected_from is None else "made for"
    yield labelled(made, f"{words.day_time(plan.created_at)}, rules {_rules(plan)}")
    yield labelled("live as of", words.day_time(plan.sources.snapshot_at))
    for notice in plan.warnings:
        if notice.code in _HEAD:
            tone = Tone.DANGER if notice.code in URGENT else Tone.ATTENTION
            yield labelled(notice.code, prose(notice.text), tone=tone)


def _rules(plan: Plan) -> str:
    changed = len(plan.sources.overridden_rules)
    return outside(plan.sources.rules_version) + (f" ({changed} overridden)" if changed else "")


def left_alone(plan: Plan) -> Iterator[Line]:
    """Live customers without a manifest, and those that could not be read."""
    if plan.unmanaged:
        count = words.counted(len(plan.unmanaged), "live customer")
        yield BLANK
        yield Line(f"Unmanaged: {count} without a manifest, never touched", tone=Tone.HEADING)
        yield from _listed(plan.unmanaged)
    if plan.unread:
        yield BLANK
        count = words.counted(len(plan.unread), "customer")
        yield Line(f"Not read: {count}, for whom nothing is planned", tone=Tone.DANGER)
        yield from _listed(plan.unread)


def more(count: int) -> Iterator[Line]:
    """What stands below a list that was cut, and where the rest is; nothing when nothing was cut."""
    if count:
        yield Line(f"… and {count} more (--format json lists them all)", indent=2, tone=Tone.QUIET)


def warnings(plan: Plan) -> Iterator[Notice]:
    """Warnings about the plan as a whole that its title does not tell."""
    return (notice for notice in plan.warnings if notice.code not in _HEAD)


def _listed(customers: Sequence[LiveCustomer]) -> Iterator[Line]:
    yield from (_live(customer) for customer in customers[:LONGEST_LIST])
    yield from more(len(customers) - len(customers[:LONGEST_LIST]))


def _live(customer: LiveCustomer) -> Line:
    problem = f": {prose(customer.problem)}" if customer.problem else ""
    name = f"{outside(customer.company_name)}, {outside(customer.domain)}, tenant {customer.tenant_id}"
    return Line(f"{name}{problem}", indent=2, mark="- ")


def guards(plan: Plan) -> Iterator[Line]:
    """Which guards said no and what to do, then how many passed."""
    if not plan.guards:
        return
    failed = [guard for guard in plan.guards if not guard.passed]
    yield BLANK
    if failed:
        yield Line("REFUSED by a guard: apply will write nothing at all", tone=Tone.DANGER)
    yield from (_guard(guard) for guard in failed)
    passed = len(plan.guards) - len(failed)
    yield Line(f"Guards: {passed} of {len(plan.guards)} passed")


def _guard(guard: Guard) -> Line:
    measure = f" ({guard.value} of {guard.limit})" if guard.limit is not None and guard.value is not None else ""
    return Line(f"{outside(guard.code)}{measure}: {prose(guard.message)}", indent=2, mark="- ", tone=Tone.DANGER)


def totals(plan: Plan) -> Iterator[Line]:
    """The fleet in numbers, the approvals and credentials it takes, and the plan's ID."""
    sums = plan.totals
    yield BLANK
    yield Line("Totals", tone=Tone.HEADING)
    yield labelled("customers", f"{sums.customers}{_verdicts(sums.verdicts)}")
    removals = words.counted(sums.removals_now, "removal")
    seats = words.counted(sums.seats, "seat loses", "seats lose")
    yield labelled("now", f"{words.counted(sums.actions_now, 'action')} ({removals}; {seats} service)")
    by_hand = sum(action.instructions is not None for customer in plan.customers for action in customer.actions)
    undated = f", {sums.actions_manual - by_hand} without one" if sums.actions_manual > by_hand else ""
    yield labelled("later", f"{words.counted(sums.actions_later, 'action')} with a date{undated}")
    yield labelled("by hand", words.counted(by_hand, "action"))
    if sums.refunds:
        yield labelled("refunds", f"{words.amounts(sums.refunds)} of what is done now")
    if told := words.money(sums.money):
        yield labelled("money", told)
    if plan.approvals.required:
        yield labelled("approvals", f"{plan.approvals.required} needed{_because(plan.approvals.reasons)}")
    needed = credential_line(plan)
    if needed:
        yield labelled("needs", needed)
    yield labelled("plan ID", plan.plan_id)


def _verdicts(counts: dict[str, int]) -> str:
    told = [f"{counts[verdict]} {verdict}" for verdict in Verdict if counts.get(verdict)]
    return f": {', '.join(told)}" if told else ""


def _because(reasons: Iterable[str]) -> str:
    told = ", ".join(outside(reason) for reason in reasons)
    return f" because of {told}" if told else ""
