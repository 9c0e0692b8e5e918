"""A plan for people: complete without colour, at any width from 40 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pcreconcile.model.plan import CustomerPlan, Plan, Verdict
from pcreconcile.rendering import aftercare, customer, fleet
from pcreconcile.rendering.notes import Notes
from pcreconcile.rendering.page import BLANK, Line, Style, Tone, labelled
from pcreconcile.rendering.setting import set_lines
from pcreconcile.rendering.text import prose


def render(plan: Plan, *, style: Style, next_step: str = "", above: Iterable[Line] = ()) -> str:
    """The whole plan; `next_step` is the command to type next, shown last; `above` what is told before everything."""
    return set_lines((*above, *_lines(plan, next_step)), style)


def _lines(plan: Plan, next_step: str) -> Iterator[Line]:
    notes = Notes(plan.customers)
    yield from fleet.title(plan)
    for entry in plan.customers:
        if entry.verdict is not Verdict.CONVERGED:
            yield BLANK
            yield from customer.section(entry, notes)
    yield from notes.lines()
    yield from _converged(plan)
    yield from aftercare.lines(plan)
    yield from fleet.left_alone(plan)
    yield from customer.warnings(fleet.warnings(plan))
    yield from fleet.guards(plan)
    yield from fleet.totals(plan)
    if next_step:
        yield BLANK
        yield labelled("next", prose(next_step))


def _converged(plan: Plan) -> Iterator[Line]:
    done = [entry for entry in plan.customers if entry.verdict is Verdict.CONVERGED]
    if done:
        yield BLANK
        yield Line("Converged: nothing to do", tone=Tone.GOOD)
    shown = _shown(done)
    for entry in shown:
        yield from customer.converged(entry)
    yield from fleet.more(len(done) - len(shown))


def _shown(done: Sequence[CustomerPlan]) -> list[CustomerPlan]:
    """The first ones, and every one with a warning: a list may be cut, what it warns of may not."""
    return [entry for place, entry in enumerate(done) if place < fleet.LONGEST_LIST or customer.warns(entry)]
