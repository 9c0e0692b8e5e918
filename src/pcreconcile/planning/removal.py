"""Leaving: every holding's way out, served at its pace, then the removal of the relationship.

What saves money (an open window) or protects (an end-of-term instruction) is served at once. What only takes service
waits, under `together`, until nothing else blocks; the promise of `serviceUntil` is kept in either pace.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import Holding, Serve, Step
from pcreconcile.model.desired import Pace
from pcreconcile.model.estate import Customer
from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Notice, Reversibility, Target
from pcreconcile.planning.actions import Draft, drafted, instants, is_manual, linked, made, requiring, takes_service
from pcreconcile.planning.calendar import NEVER, utc_midnight
from pcreconcile.planning.lines import idle_lines
from pcreconcile.planning.setting import Outcome, Setting
from pcreconcile.planning.ways import Way, ways_out


def plan_removal(customer: Customer, holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
    """What it takes until the relationship is gone, with the date on which the removal can be sent."""
    ways = ways_out(holdings, setting)
    warnings = _warnings(ways, setting) + idle_lines(holdings, setting.desired.subscriptions)
    if any(way.exit.closed for way in ways):
        return Outcome(blockers=_blockers(ways), warnings=warnings)
    ways = _served(ways, setting)
    drafts = _paced(ways, setting)
    removal = _removal(customer, drafts, ways, setting)
    drafts = (*drafts, removal)
    at = instants(drafts)[removal.id]
    return Outcome(
        actions=made(drafts, setting.now),
        blockers=(*_blockers(ways), *_timing_blockers(drafts, setting)),
        warnings=(*warnings, *_unproven_settle(drafts, setting)),
        deadlines=_deadlines(ways, setting),
        removal=None if at == NEVER else at,
        probe=any(way.exit.probe for way in ways),
    )


def _served(ways: tuple[Way, ...], setting: Setting) -> tuple[Way, ...]:
    """Where the window has closed before a step can be served, the fallback takes its place."""
    served = tuple(_in_time(way, setting, _hurried(way, setting)) for way in ways)
    pace = _pace_instant(served, setting)
    return tuple(_in_time(way, setting, pace) if _unhurried(way) else way for way in served)


def _unhurried(way: Way) -> bool:
    return any(step.serve is Serve.PACE for step in way.exit.steps)


def _hurried(way: Way, setting: Setting) -> datetime:
    """The earliest a window step of this way could be sent; a step at the common pace is judged later."""
    starts = [each.not_before or setting.start for each in way.exit.steps if each.serve is Serve.WINDOW]
    return setting.thawed(max(starts, default=setting.start))


def _in_time(way: Way, setting: Setting, at: datetime) -> Way:
    late = any(step.closes_at is not None and max(at, setting.now) > step.closes_at for step in way.exit.steps)
    return Way(way.holding, way.exit.fallback) if late and way.exit.fallback is not None else way


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
    drafts = _bases_after_add_ons(ways, drafts)
    if setting.desired.pace is Pace.ASAP or setting.service_end is not None:
        return drafts
    first = {draft.id for draft in drafts if is_manual(draft) or draft.step.serve is Serve.WINDOW}
    return tuple(requiring(draft, first) if draft.step.serve is Serve.PACE else draft for draft in drafts)


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


def _bases_after_add_ons(ways: tuple[Way, ...], drafts: tuple[Draft, ...]) -> tuple[Draft, ...]:
    """Cancelled add-ons go before their base."""
    cancels = {d.step.target.id: d.id for d in drafts if d.step.kind is ActionKind.CANCEL_SUBSCRIPTION}
    children: dict[str, set[ActionId]] = {}
    for way in ways:
        base = way.holding.subject.base
        if base is not None and way.holding.subject.id in cancels:
            children.setdefault(base.id, set()).add(cancels[way.holding.subject.id])
    return tuple(
        requiring(draft, children.get(draft.step.target.id, set()))
        if draft.step.kind is ActionKind.CANCEL_SUBSCRIPTION
        else draft
        for draft in drafts
    )


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
    return [at + setting.desired.settle for at in [*taken, *([remembered] if remembered is not None else [])]]


def _unproven_settle(drafts: tuple[Draft, ...], setting: Setting) -> tuple[Notice, ...]:
    if not setting.desired.settle or _settled(drafts, setting) or any(takes_service(draft) for draft in drafts):
        return ()
    text = "the journal does not show when service was taken, so settle is not waited for"
    return (Notice("settle-unproven", text),)


def _blockers(ways: tuple[Way, ...]) -> tuple[Blocker, ...]:
    return tuple(blocker for way in ways for blocker in way.exit.blockers)


def _timing_blockers(drafts: tuple[Draft, ...], setting: Setting) -> tuple[Blocker, ...]:
    """What the manifest and the policy themselves put in the way, each with its date."""
    found = []
    if setting.start > setting.now:
        how = f"the manifest says notBefore {setting.desired.not_before}"
        found.append(Blocker("not-before", None, setting.start.date(), how))
    promised = setting.service_promised
    if promised is not None and any(takes_service(draft) for draft in drafts):
        how = f"the customer was promised service until {setting.desired.service_until}"
        found.append(Blocker("service-until", None, promised.date(), how))
    thawed = setting.thawed(setting.start)
    if thawed > setting.start:
        found.append(Blocker("freeze", None, thawed.date(), "a freeze of the policy: only protective actions run"))
    settled = [at for at in _settled(drafts, setting) if at > setting.now]
    if settled:
        how = f"the manifest wants {setting.desired.settle} between the last loss of service and the removal"
        found.append(Blocker("settle", None, max(settled).date(), how))
    return tuple(found)


def _deadlines(ways: tuple[Way, ...], setting: Setting) -> tuple[datetime, ...]:
    found = [way.exit.deadline for way in ways if way.exit.deadline is not None]
    return tuple(sorted(at for at in found if at > setting.now))


def _warnings(ways: tuple[Way, ...], setting: Setting) -> tuple[Notice, ...]:
    notices = [notice for way in ways for notice in way.exit.warnings]
    if any(way.exit.probe for way in ways):
        notices.append(
            Notice("probe", "whether what remains blocks the removal, nobody knows; the service is asked last")
        )
    access = setting.desired.delegated_access
    if access.terminate:
        text = "delegated access (GDAP) is not ended by pcreconcile yet: end it in Partner Center after the removal"
        notices.append(Notice("delegated-access-by-hand", text))
    else:
        notices.append(
            Notice("delegated-access-kept", "delegatedAccess is keep: we may stay administrators afterwards")
        )
    return tuple(notices)
