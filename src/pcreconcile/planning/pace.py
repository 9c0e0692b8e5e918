"""When a leaving customer's steps are served, and what the manifest and the policy put in their way.

What saves money (an open window) or protects (an end-of-term instruction) is served at once. What only takes service
waits, under `together`, until nothing else blocks; the promise of `serviceUntil` is kept in either pace.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pcreconcile.exits import Serve, Step
from pcreconcile.model.desired import Pace
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import Blocker, Effect, Notice
from pcreconcile.planning.actions import (
    Draft,
    drafted,
    instants,
    is_manual,
    linked,
    requiring,
    takes_service,
    waiting_for,
)
from pcreconcile.planning.addons import bases_after_add_ons
from pcreconcile.planning.calendar import NEVER, after, utc_midnight
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.ways import Way


def blockers_of(ways: tuple[Way, ...]) -> tuple[Blocker, ...]:
    """What is in the way of the removal, holding by holding."""
    return tuple(blocker for way in ways for blocker in way.exit.blockers)


def clears(blocker: Blocker) -> datetime:
    """From when on it is no longer in the way."""
    return NEVER if blocker.clears_at is None else utc_midnight(blocker.clears_at)


def _pace_instant(ways: tuple[Way, ...], setting: Setting) -> datetime:
    """When service that saves no window is taken: after the promise, at once (asap), or when nothing else blocks."""
    promised = setting.service_promised
    if promised is not None:
        return setting.thawed(max(setting.start, promised))
    if setting.desired.pace is Pace.ASAP or setting.service_end is not None:
        return setting.thawed(setting.start)
    return setting.thawed(max([setting.start, *(clears(blocker) for blocker in blockers_of(ways))]))


def paced(ways: tuple[Way, ...], setting: Setting) -> tuple[Draft, ...]:
    """The steps of all ways, each with the instant at which it can be served, and what it requires."""
    pace = _pace_instant(ways, setting)
    tenant = setting.desired.tenant_id
    drafts = linked(
        [
            drafted(tenant, step, way.holding.family, _own_instant(step, pace, setting))
            for way in ways
            for step in way.exit.steps
        ]
    )
    drafts = bases_after_add_ons(ways, drafts)
    waits = setting.desired.pace is Pace.TOGETHER and setting.service_end is None
    return _after_what_hurries(drafts) if waits else drafts


def _own_instant(step: Step, pace: datetime, setting: Setting) -> datetime:
    earliest = max(setting.start, step.not_before or setting.start)
    match step.serve:
        case Serve.MANUAL:
            return NEVER
        case Serve.PACE:
            return max(setting.thawed(earliest), pace)
        case Serve.WINDOW:
            return setting.thawed(earliest)
        case Serve.AT_ONCE:
            return earliest if step.effect is Effect.PROTECTIVE else setting.thawed(earliest)


def _after_what_hurries(drafts: tuple[Draft, ...]) -> tuple[Draft, ...]:
    """Together: what only takes service waits for windows and people, except for those that wait for it."""
    paced = {draft.id for draft in drafts if draft.step.serve is Serve.PACE}
    hurried = {draft.id for draft in drafts if is_manual(draft) or draft.step.serve is Serve.WINDOW}
    first = hurried - waiting_for(paced, drafts)
    return tuple(requiring(draft, first) if draft.id in paced else draft for draft in drafts)


def settled(drafts: tuple[Draft, ...], setting: Setting) -> list[datetime]:
    """`settle` counts from the last service-taking action, one of this plan or one that the journal remembers."""
    if not setting.desired.settle:
        return []
    times = instants(drafts)
    taken = [times[draft.id] for draft in drafts if takes_service(draft) and times[draft.id] != NEVER]
    remembered = setting.memory.service_taken.get(setting.desired.tenant_id)
    return [after(at, setting.desired.settle) for at in [*taken, *([remembered] if remembered is not None else [])]]


def unproven_settle(drafts: tuple[Draft, ...], setting: Setting) -> tuple[Notice, ...]:
    """The warning that `settle` has nothing to count from."""
    if not setting.desired.settle or settled(drafts, setting) or any(takes_service(draft) for draft in drafts):
        return ()
    text = "the journal does not show when service was taken, so settle is not waited for"
    return (Notice("settle-unproven", text),)


def timing_blockers(drafts: tuple[Draft, ...], removal: datetime, setting: Setting) -> tuple[Blocker, ...]:
    """What the manifest and the policy themselves put in the way, each with its date.

    The promise of service is in the way only of what it delays: `refunds: require` may break it.
    """
    times = instants(drafts)
    found = []
    if setting.start > setting.now:
        how = f"the manifest says notBefore {setting.desired.not_before}"
        found.append(Blocker("not-before", None, setting.start.date(), how))
    promised = setting.service_promised
    delays = promised is not None and promised > setting.start
    if promised is not None and delays and any(_waits_until(draft, promised, times) for draft in drafts):
        how = f"the customer was promised service until {setting.desired.service_until}"
        found.append(Blocker("service-until", None, promised.date(), how))
    thaws = [at for at in (setting.thawed(setting.start), removal) if at > setting.start and setting.thaws_at(at)]
    if thaws:
        found.append(Blocker("freeze", None, max(thaws).date(), "a freeze of the policy: only protective actions run"))
    ahead = [at for at in settled(drafts, setting) if at > setting.now]
    if ahead:
        how = f"the manifest wants {setting.desired.settle} between the last loss of service and the removal"
        found.append(Blocker("settle", None, max(ahead).date(), how))
    return tuple(found)


def _waits_until(draft: Draft, promised: datetime, times: Mapping[ActionId, datetime]) -> bool:
    """What takes service, and what is paced with it: returning a reservation raises the price of what still runs."""
    return (takes_service(draft) or draft.step.serve is Serve.PACE) and times[draft.id] >= promised
