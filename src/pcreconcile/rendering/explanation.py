"""One customer on a page that a salesperson can read: where it stands, what it holds, what would happen, the exits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcreconcile.model.explanation import Explanation, RuleFact
from pcreconcile.model.machine_json import machine_json
from pcreconcile.model.plan import CustomerPlan, Verdict
from pcreconcile.rendering import customer as customers
from pcreconcile.rendering import holdings, words
from pcreconcile.rendering.notes import Notes
from pcreconcile.rendering.page import BLANK, Line, Style, Tone, labelled
from pcreconcile.rendering.setting import set_lines
from pcreconcile.rendering.text import outside, prose
from pcreconcile.rendering.undoing import undoing


def render(explanation: Explanation, *, style: Style) -> str:
    """The whole page."""
    return set_lines(_lines(explanation), style)


def render_json(explanation: Explanation) -> str:
    """Canonical JSON and a line end."""
    return machine_json(explanation) + "\n"


def _lines(found: Explanation) -> Iterator[Line]:
    customer = found.customer
    yield from _standing(found)
    yield from holdings.held(found)
    yield from _path(found)
    yield from holdings.ways(found)
    yield from undoing(customer)
    yield from _money(customer)
    yield from _warnings(customer)
    yield from _rules(found.rules)


def _standing(found: Explanation) -> Iterator[Line]:
    customer = found.customer
    live = customer.observed
    name = outside(live.company_name) or "not in the customers list"
    yield Line(f"{name} ({outside(customer.name)})", tone=Tone.HEADING)
    if found.hypothetical:
        yield Line(
            "No manifest manages this customer. Read-only: this is what would happen if it were removed.",
            tone=Tone.ATTENTION,
        )
    yield labelled("domain", outside(live.domain or customer.desired.domain))
    yield labelled("tenant", customer.tenant_id)
    yield labelled("relation", outside(live.relationship) or words.UNKNOWN)
    yield labelled("seats", f"{live.seats} active")
    yield labelled("wish", "none" if found.hypothetical else words.wish(customer.desired))
    yield labelled("verdict", f"{customer.verdict.upper()}: {words.VERDICTS[customer.verdict]}")
    if removal := words.removal(customer):
        yield labelled("removal", removal)
    if found.leaving is not None and found.leaving.verdict is not Verdict.UNKNOWN:
        yield labelled("if it left", words.removal(found.leaving) or words.VERDICTS[found.leaving.verdict])
    yield from customers.deadlines(customer)
    yield labelled("live as of", f"{words.day_time(found.snapshot_at)}, rules {outside(found.rules_version)}")


def _path(found: Explanation) -> Iterator[Line]:
    told = list(customers.path(found.customer, Notes(())))
    if told:
        yield BLANK
        yield Line("What would happen, and what stands in the way", tone=Tone.HEADING)
    yield from told


def _money(customer: CustomerPlan) -> Iterator[Line]:
    if told := words.money(customer.money):
        yield BLANK
        yield Line("Money, of all these steps", tone=Tone.HEADING)
        yield Line(told, indent=2)


def _warnings(customer: CustomerPlan) -> Iterator[Line]:
    if customer.warnings:
        yield BLANK
        yield Line("Mind", tone=Tone.HEADING)
    yield from customers.warnings(customer.warnings)


def _rules(facts: Sequence[RuleFact]) -> Iterator[Line]:
    if facts:
        yield BLANK
        yield Line("The rules that this rests on", tone=Tone.HEADING)
    for fact in facts:
        unit = "" if fact.unit in {"word", "names"} else f" {outside(fact.unit)}"
        yield Line(f"{outside(fact.id)}: {outside(fact.value)}{unit}", indent=2, mark="- ")
        yield Line(
            f"{outside(fact.confidence)}, checked {fact.checked}; {prose(fact.source)}", indent=4, tone=Tone.QUIET
        )
        if fact.note:
            yield Line(prose(fact.note), indent=4, tone=Tone.QUIET)
        if fact.because:
            yield Line(f"overridden by the partner: {prose(fact.because)}", indent=4, tone=Tone.ATTENTION)
