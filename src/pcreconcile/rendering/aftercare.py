"""Customers that have gone and are not over yet: what is open with each, and what finance should see come back."""

from __future__ import annotations

from collections.abc import Iterator

from pcreconcile.model.memory import Credit
from pcreconcile.model.plan import Aftercare, OpenEnd, Plan
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Tone
from pcreconcile.rendering.text import outside, prose

_TOLD_ONLY = frozenset({"credits-expected"})  # nothing is wrong about them


def lines(plan: Plan) -> Iterator[Line]:
    """Nothing for a plan in which nobody is followed up."""
    if not plan.aftercare:
        return
    yield BLANK
    count = words.counted(len(plan.aftercare), "customer that has gone", "customers that have gone")
    yield Line(f"Aftercare: {count}, and what is still open", tone=Tone.HEADING)
    for gone in plan.aftercare:
        yield from _customer(gone)


def _customer(gone: Aftercare) -> Iterator[Line]:
    tenant = "" if gone.name == gone.tenant_id else f", tenant {gone.tenant_id}"
    yield Line(f"{outside(gone.name)}{tenant}: removed {words.day_time(gone.removed_at)} by run {gone.run}", indent=2)
    for each in gone.open:
        yield Line(_open(each), indent=4, mark="- ", tone=Tone.PLAIN if each.code in _TOLD_ONLY else Tone.ATTENTION)
    for credit in gone.credits:
        yield Line(_credit(credit), indent=6, mark="- ")


def _open(end: OpenEnd) -> str:
    until = f" (until {end.deadline})" if end.deadline is not None else ""
    return f"{outside(end.code)}: {prose(end.text)}{until}"


def _credit(credit: Credit) -> str:
    amount = words.UNKNOWN if credit.amount is None else str(credit.amount)
    return f"{outside(credit.target)}, {credit.at:%Y-%m-%d}: {amount}"
