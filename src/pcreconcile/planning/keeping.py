"""Staying: dunning (`suspended`), and `active` with its drift. Both without removing anything."""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import Holding, Serve, Step
from pcreconcile.model.desired import Relationship
from pcreconcile.model.estate import Subscription
from pcreconcile.model.family import Family
from pcreconcile.model.observed import observe_schedule
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Instructions, Notice, Reversibility, Target
from pcreconcile.planning.actions import Draft, drafted, linked, made
from pcreconcile.planning.addons import bases_after_add_ons
from pcreconcile.planning.calendar import NEVER
from pcreconcile.planning.lines import idle_lines
from pcreconcile.planning.setting import Outcome, Setting
from pcreconcile.planning.ways import Way, unclear
from pcreconcile.planning.windows import in_time
from pcreconcile.planning.wishes import ways_kept, ways_paused

INVITATION = "https://partner.microsoft.com/dashboard/commerce2/customers/requestreseller"


def plan_suspension(holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
    """Licences are suspended; everything else stays, with a warning, unless a line names it."""
    return _outcome(ways_paused(holdings, setting), holdings, setting, ())


def plan_activity(holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
    """What the lines ask for, what we suspended ourselves given back, and drift as warnings."""
    return _outcome(ways_kept(holdings, setting), holdings, setting, _drift(holdings, setting))


def plan_request(setting: Setting) -> Outcome:
    """The customer is not ours: their admin must accept an invitation, which no API can do for them."""
    step = Step(
        kind=ActionKind.REQUEST_RELATIONSHIP,
        target=Target(type="customer", id=setting.desired.tenant_id, name=setting.desired.name),
        precondition={"relationship": "none"},
        postcondition={"relationship": "reseller"},
        reversibility=Reversibility.NEEDS_COUNTERPARTY,
        effect=Effect.NEUTRAL,
        serve=Serve.MANUAL,
        why="the manifest says active, and the customer is not in the customers list",
        instructions=Instructions(
            who="the licensing desk, then a Global Administrator of the customer",
            text="Send the reseller invitation of Partner Center (Customers, Request a reseller relationship); the "
            "customer's administrator opens its link and accepts. What was cancelled before has to be bought again.",
            link=INVITATION,
        ),
    )
    return Outcome(actions=made([drafted(setting.desired.tenant_id, step, None, NEVER)], setting.now))


def _outcome(
    ways: tuple[Way, ...], holdings: tuple[Holding, ...], setting: Setting, drift: tuple[Notice, ...]
) -> Outcome:
    ways = in_time(ways, lambda tried: _drafts(tried, setting))
    notices = tuple(notice for way in ways for notice in way.exit.warnings)
    idle = idle_lines(holdings, setting.desired.subscriptions)
    blockers = tuple(blocker for way in ways for blocker in way.exit.blockers)
    closed = unclear(holdings, setting)
    if closed and (setting.desired.relationship is Relationship.SUSPENDED or any(way.exit.steps for way in ways)):
        others = tuple(blocker for blocker in blockers if blocker not in closed)
        return Outcome(blockers=closed + others, warnings=notices + idle + drift, closed=closed)
    drafts = _drafts(ways, setting)
    actions = made(drafts, setting.now)
    blockers += _dated(actions_dates=[draft.own for draft in drafts], setting=setting)
    return Outcome(
        actions=actions,
        blockers=blockers,
        warnings=notices + idle + drift,
        deadlines=tuple(each for way in ways for each in way.exit.deadlines),
        reached=not actions and not blockers,
        closed=closed,
    )


def _drafts(ways: tuple[Way, ...], setting: Setting) -> tuple[Draft, ...]:
    tenant = setting.desired.tenant_id
    steps = [(way.holding.family, step) for way in ways for step in way.exit.steps]
    drafts = linked([drafted(tenant, step, family, _instant(step, setting)) for family, step in steps])
    return bases_after_add_ons(ways, drafts)


def _instant(step: Step, setting: Setting) -> datetime:
    if step.serve is Serve.MANUAL:
        return NEVER
    at = max(setting.start, step.not_before or setting.start)
    if step.effect is Effect.TAKES_SERVICE and step.closes_at is None and setting.service_promised is not None:
        at = max(at, setting.service_promised)
    return at if step.effect is Effect.PROTECTIVE else setting.thawed(at)


def _dated(actions_dates: list[datetime], setting: Setting) -> tuple[Blocker, ...]:
    """What waits for a day of the manifest or for the end of a freeze."""
    later = [at for at in actions_dates if setting.now < at < NEVER]
    if not later:
        return ()
    how = "the manifest's dates (notBefore, serviceUntil) or a freeze of the policy come first"
    return (Blocker("not-before", None, max(later).date(), how),)


def _drift(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Notice, ...]:
    rows = [holding for holding in holdings if holding.family is Family.NEW_COMMERCE_LICENSE]
    return tuple(
        Notice(
            code="extended-service-term",
            text=f"{holding.target.name}: auto-renew is off without an explicit Cancel; at its term end"
            f"{_on(holding.subject.subscription)} it slides into a paid Extended Service Term",
            target=holding.target,
        )
        for holding in rows
        if _slides(holding.subject.subscription) and setting.line(holding) is None
    )


def _slides(row: Subscription | None) -> bool:
    if row is None or row.status != "active" or row.auto_renew is not False:
        return False
    return not observe_schedule(row.scheduled_actions)


def _on(row: Subscription | None) -> str:
    return f" on {row.commitment_end:%Y-%m-%d}" if row is not None and row.commitment_end is not None else ""
