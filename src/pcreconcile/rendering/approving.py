"""What somebody is about to approve, for their eyes: whom it touches, how much of it cannot be undone, up to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from pcreconcile.model.approval import Approval, Scope
from pcreconcile.model.plan import Action, CustomerPlan, Plan
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Style, Tone, labelled
from pcreconcile.rendering.setting import set_lines
from pcreconcile.rendering.text import outside


class Touched(msgspec.Struct, frozen=True):
    """A customer with what the plan would do to it now; `amount` is what that comes to."""

    customer: CustomerPlan
    actions: Sequence[Action]
    amount: Scope


class Shown(msgspec.Struct, frozen=True):
    """What is shown: the partner's name, what is due by customer, and why parts of it are the plan file's word alone.

    `unproven` is "" where a plan made afresh says the same.
    """

    partner: str
    touched: Sequence[Touched]
    unproven: str = ""


def render(plan: Plan, approval: Approval, shown: Shown, *, style: Style) -> str:
    """All that is due, then the ceiling that is signed."""
    return set_lines(_lines(plan, approval, shown), style)


def _lines(plan: Plan, approval: Approval, shown: Shown) -> Iterator[Line]:
    touched = shown.touched
    yield Line(f"Approval of a plan for {outside(shown.partner)}", tone=Tone.HEADING)
    yield labelled("plan", plan.plan_id)
    yield labelled("made", f"{words.day_time(plan.created_at)}, as the plan file says")
    text, tone = _checked(shown)
    yield labelled("checked", text, tone=tone)
    for each in touched:
        yield BLANK
        yield from _customer(each, approval.scope)
    yield BLANK
    yield from _ceiling(approval, touched)


def _checked(shown: Shown) -> tuple[str, Tone]:
    """Whose word it is what follows."""
    if not shown.unproven:
        return "planned again just now, with the same result", Tone.PLAIN
    text = (
        "names, domains and reasons are the manifests'. The COMPANY NAMES, PRODUCTS, SEATS and MONEY below are THE"
        f" PLAN FILE'S WORD: {outside(shown.unproven)}"
    )
    return text, Tone.DANGER


def _customer(touched: Touched, scope: Scope) -> Iterator[Line]:
    customer, amount = touched.customer, touched.amount
    outside_scope = "" if customer.tenant_id in scope.customers else ": not part of this approval"
    yield Line(
        f"{outside(customer.name)} ({outside(customer.observed.company_name)}){outside_scope}", tone=Tone.HEADING
    )
    yield labelled("tenant", customer.tenant_id)
    yield labelled("wanted", words.wish(customer.desired))
    danger = Tone.DANGER if amount.one_way else Tone.PLAIN
    yield labelled("does", f"{_sum(amount, len(touched.actions))}", tone=danger)
    for name, count in Counter(words.what(action) for action in touched.actions).items():
        yield Line(name if count == 1 else f"{name} ({count} times)", indent=4, mark="- ")


def _sum(amount: Scope, actions: int) -> str:
    committed = words.amounts(amount.money) or "no money"
    one_way = f"{amount.one_way} of them ONE-WAY" if amount.one_way else "none of them one-way"
    return f"{words.counted(actions, 'action')}, {one_way}; {words.counted(amount.seats, 'seat')}; commits {committed}"


def _ceiling(approval: Approval, touched: Iterable[Touched]) -> Iterator[Line]:
    scope = approval.scope
    names = {each.customer.tenant_id: outside(each.customer.name) for each in touched}
    yield Line("What is signed: an agreement to this, and to no more", tone=Tone.HEADING)
    yield labelled("by", outside(approval.principal))
    yield labelled("customers", ", ".join(names.get(tenant, tenant) for tenant in scope.customers))
    yield labelled("kinds", ", ".join(scope.kinds))
    yield labelled("one-way", f"at most {words.counted(scope.one_way, 'action')}")
    yield labelled("seats", f"at most {scope.seats}")
    yield labelled("money", f"at most {words.amounts(scope.money) or 'none'}")
    yield labelled("until", words.day_time(approval.expires_at))
    if approval.comment:
        yield labelled("comment", outside(approval.comment))
