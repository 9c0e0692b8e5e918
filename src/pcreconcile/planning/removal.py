"""Leaving: every holding's way out, served at its pace, then the removal of the relationship.

What saves money (an open window) or protects (an end-of-term instruction) is served at once. What only takes service
waits, under `together`, until nothing else blocks; the promise of `serviceUntil` is kept in either pace.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import Holding, Serve, Step
from pcreconcile.model.desired import Pace
from pcreconcile.model.estate import Customer
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Notice, Reversibility, Target
from pcreconcile.planning.actions import (
    Draft,
    drafted,
    instants,
    is_manual,
    linked,
    made,
    requiring,
    takes_service,
    waiting_for,
)
from pcreconcile.planning.addons import bases_after_add_ons
from pcreconcile.planning.calendar import NEVER, after, utc_midnight
from pcreconcile.planning.lines import idle_lines
from pcreconcile.planning.setting import Outcome, Setting
from pcreconcile.planning.ways import Way, ways_out
from pcreconcile.planning.windows import in_time


def plan_removal(customer: Customer, holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
    """What it takes until the relationship is gone, with the date on which the removal can be sent."""
    ways = ways_out(holdings, setting)
    warnings = _warnings(ways, setting) + idle_lines(holdings, setting.desired.subscriptions)
    if any(way.exit.closed for way in ways):
        return Outcome(blockers=_blockers(ways), warnings=warnings, closed=_blockers(ways))
    ways = in_time(ways, lambda tried: _paced(tried, setting))
    drafts = _paced(ways, setting)
    removal = _removal(customer, drafts, ways, setting)
    drafts = (*drafts, removal)
    at = instants(drafts)[removal.id]
    return Outcome(
        actions=made(drafts, setting.now),
        blockers=(*_blockers(ways), *_timing_blockers(drafts, at, setting)),
        warnings=(*warnings, *_unproven_settle(drafts, setting)),
        deadlines=_deadlines(ways, setting),
        removal=None if at == NEVER else at,
        probe=any(way.exit.probe for way in ways),
    )


def _pace_instant(ways: tuple[Way, ...], setting: Setting) -> datetime:
    """When service that saves no window is taken: after the promise, at once (asap), or when nothing else blocks."""
    promised = setting.service_promised
    if promised is not None:
        return setting.thawed(max(setting.start, promised))
    if setting.desired.pace is Pace.ASAP or setting.service_end is not None:
        return setting.thawed(setting.start)
    return max([setting.thawed(setting.start), *(_clears(blocker) for blocker in _blockers(ways))])


def _clears(blocker: Blocker) -> datetime:
    return NEVER if blocker.clears_at is None else utc_midnight(blocker.clears_at)


def _paced(ways: tuple[Way, ...], setting: Setting) -> tuple[Draft, ...]:
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


def _removal(customer: Customer, drafts: tuple[Draft, ...], ways: tuple[Way, ...], setting: Setting) -> Draft:
    step = Step(
        kind=ActionKind.REMOVE_RELATIONSHIP,
        target=Target(type="customer", id=customer.tenant_id, name=customer.company_name),
        precondition={"relationship": "reseller"},
        postcondition={"relationship": "none"},
        reversibility=Reversibility.NEEDS_COUNTERPARTY,
        effect=Effect.NEUTRAL,
        serve=Serve.AT_ONCE,
        why=f"{setting.desired.reason or 'the manifest says removed'}; to undo it the customer's admin must accept a "
        "new invitation, and what was suspended before cannot be reactivated",
    )
    blocked_until = [_clears(blocker) for blocker in _blockers(ways)]
    own = setting.thawed(max([setting.start, *blocked_until, *_settled(drafts, setting)]))
    draft = drafted(setting.desired.tenant_id, step, None, own)
    return requiring(draft, {each.id for each in drafts})


def _settled(drafts: tuple[Draft, ...], setting: Setting) -> list[datetime]:
    """`settle` counts from the last service-taking action, one of this plan or one that the journal remembers."""
    if not setting.desired.settle:
        return []
    times = instants(drafts)
    taken = [times[draft.id] for draft in drafts if takes_service(draft) and times[draft.id] != NEVER]
    remembered = setting.memory.service_taken.get(setting.desired.tenant_id)
    return [after(at, setting.desired.settle) for at in [*taken, *([remembered] if remembered is not None else [])]]


def _unproven_settle(drafts: tuple[Draft, ...], setting: Setting) -> tuple[Notice, ...]:
    if not setting.desired.settle or _settled(drafts, setting) or any(takes_service(draft) for draft in drafts):
        return ()
    text = "the journal does not show when service was taken, so settle is not waited for"
    return (Notice("settle-unproven", text),)


def _blockers(ways: tuple[Way, ...]) -> tuple[Blocker, ...]:
    return tuple(blocker for way in ways for blocker in way.exit.blockers)


def _timing_blockers(drafts: tuple[Draft, ...], removal: datetime, setting: Setting) -> tuple[Blocker, ...]:
    """What the manifest and the policy themselves put in the way, each with its date.

    The promise of service is in the way only of what it delays: `refunds: require` may break it.
    """
    times = instants(drafts)
    found = []
    if setting.start > setting.now:
        how = f"the manifest says notBefore {setting.desired.not_before}"
        found.append(Blocker("not-before", None, setting.start.date(), how))
    promised = setting.service_promised
    if promised is not None and any(_keeps_the_promise(draft) and times[draft.id] >= promised for draft in drafts):
        how = f"the customer was promised service until {setting.desired.service_until}"
        found.append(Blocker("service-until", None, promised.date(), how))
    thaws = [at for at in (setting.thawed(setting.start), removal) if at > setting.start and setting.thaws_at(at)]
    if thaws:
        found.append(Blocker("freeze", None, max(thaws).date(), "a freeze of the policy: only protective actions run"))
    settled = [at for at in _settled(drafts, setting) if at > setting.now]
    if settled:
        how = f"the manifest wants {setting.desired.settle} between the last loss of service and the removal"
        found.append(Blocker("settle", None, max(settled).date(), how))
    return tuple(found)


def _keeps_the_promise(draft: Draft) -> bool:
    """What takes service, and what is paced with it: returning a reservation raises the price of what still runs."""
    return takes_service(draft) or draft.step.serve is Serve.PACE


def _deadlines(ways: tuple[Way, ...], setting: Setting) -> tuple[datetime, ...]:
    found = [way.exit.deadline for way in ways if way.exit.deadline is not None]
    return tuple(sorted(at for at in found if at > setting.now))


def _warnings(ways: tuple[Way, ...], setting: Setting) -> tuple[Notice, ...]:
    notices = [notice for way in ways for notice in way.exit.warnings]
    if any(way.exit.probe for way in ways):
        notices.append(
            Notice("probe", "whether what remains blocks the removal, nobody knows; the service is asked last")
        )
    if not setting.desired.delegated_access.terminate:
        notices.append(
            Notice("delegated-access-kept", "delegatedAccess is keep: we may stay administrators afterwards")
        )
    return tuple(notices)
