"""What the steps of a customer that stays wait for, each cause with its date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pcreconcile.exits import Serve, Step
from pcreconcile.model.plan import Blocker, Effect
from pcreconcile.planning.actions import Draft
from pcreconcile.planning.calendar import NEVER
from pcreconcile.planning.setting import Setting


def instant_of(step: Step, setting: Setting) -> datetime:
    """When a step can be served by itself: its own day, the manifest's dates, and after a freeze unless it protects."""
    if step.serve is Serve.MANUAL:
        return NEVER
    at = _wanted(step, setting)
    return at if step.effect is Effect.PROTECTIVE else setting.thawed(at)


def delays(drafts: Sequence[Draft], setting: Setting) -> tuple[Blocker, ...]:
    """The blockers of the steps that are not due yet; none where everything is, or is a person's."""
    later = [draft for draft in drafts if setting.now < draft.own < NEVER]
    if not later:
        return ()
    return (*_not_before(setting), *_promise(later, setting), *_freeze(later, setting), *_own_days(later, setting))


def _wanted(step: Step, setting: Setting) -> datetime:
    at = max(setting.start, step.not_before or setting.start)
    promised = setting.service_promised
    return max(at, promised) if promised is not None and _keeps_the_promise(step) else at


def _keeps_the_promise(step: Step) -> bool:
    return step.effect is Effect.TAKES_SERVICE and step.closes_at is None


def _not_before(setting: Setting) -> tuple[Blocker, ...]:
    if setting.start <= setting.now:
        return ()
    how = f"the manifest says notBefore {setting.desired.not_before}"
    return (Blocker("not-before", None, setting.start.date(), how),)


def _promise(later: Sequence[Draft], setting: Setting) -> tuple[Blocker, ...]:
    promised = setting.service_promised
    if promised is None or promised <= setting.start or not any(_keeps_the_promise(draft.step) for draft in later):
        return ()
    how = f"the customer was promised service until {setting.desired.service_until}"
    return (Blocker("service-until", None, promised.date(), how),)


def _freeze(later: Sequence[Draft], setting: Setting) -> tuple[Blocker, ...]:
    thaws = [draft.own for draft in later if draft.own > _wanted(draft.step, setting)]
    if not thaws:
        return ()
    return (Blocker("freeze", None, max(thaws).date(), "a freeze of the policy: only protective actions run"),)


def _own_days(later: Sequence[Draft], setting: Setting) -> tuple[Blocker, ...]:
    """Steps that have a day of their own, later than what the manifest asks for."""
    dated = [draft for draft in later if draft.step.not_before is not None and draft.step.not_before > setting.start]
    return tuple(
        Blocker("due-later", draft.step.target, draft.own.date(), f"it is due on that day: {draft.step.why}")
        for draft in dated
    )
