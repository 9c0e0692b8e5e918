"""Dunning near the end of a term: what would have to be rescued at once is not suspended any more.

A suspended subscription cannot be told how its term ends, so its family brings it back some days before (`pause` of a
suspended one: reactivate, then say how it ends). From that day on dunning leaves it in service and has its end said;
otherwise one plan would suspend what the next one brings back.
"""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Step, exit_of
from pcreconcile.exits.exit import warning
from pcreconcile.exits.keeping import keeping
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.observed import observe_subscription
from pcreconcile.model.plan import ActionKind
from pcreconcile.planning.setting import Setting


def spared(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit | None:
    """How an active subscription ends whose rescue would be due already; None for what can be suspended."""
    row = holding.subject.subscription
    if row is None or row.status != "active" or _goes_with_its_base(holding):
        return None
    rescue = exit_of(holding.family).pause(
        _suspended(holding, row), setting.wish(holding, desire), setting.rules, setting.now
    )
    if not any(step.kind is ActionKind.REACTIVATE_SUBSCRIPTION for step in rescue.steps):
        return None
    last = "" if row.commitment_end is None else f" on {row.commitment_end:%Y-%m-%d}"
    text = (
        f"{holding.target.name}: its term ends{last}, and a suspended subscription cannot be told how; it stays in "
        "service until then and ends"
    )
    return replace(
        rescue,
        steps=tuple(step for step in map(partial(_of_an_active, row), rescue.steps) if _is_left(step, row)),
        warnings=(warning("too-late-to-suspend", holding, text),),
    )


def _goes_with_its_base(holding: Holding) -> bool:
    return holding.subject.base is not None and holding.subject.base.status == "active"


def _suspended(holding: Holding, row: Subscription) -> Holding:
    away = replace(
        row, status="suspended", auto_renew=False, scheduled_actions=(), scheduled_next_term=False, next_term=None
    )
    return replace(holding, subject=replace(holding.subject, subscription=away))


def _of_an_active(row: Subscription, step: Step) -> Step:
    """The step with nothing to wait for, and with what a suspension would have taken kept."""
    return keeping(replace(step, after=()), row) if step.kind is ActionKind.CANCEL_AT_TERM_END else step


def _is_left(step: Step, row: Subscription) -> bool:
    """What is not so already."""
    seen = observe_subscription(row)
    done = all(seen[name] == value for name, value in step.postcondition.items())
    return not done and step.kind is not ActionKind.REACTIVATE_SUBSCRIPTION
