"""Staying: dunning (`suspended`), and `active` with its drift. Both without removing anything."""

from __future__ import annotations

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Serve, Step
from pcreconcile.exits.exit import nothing
from pcreconcile.model.desired import Relationship
from pcreconcile.model.plan import ActionKind, Effect, Instructions, Reversibility, Target
from pcreconcile.planning.actions import Draft, drafted, linked, made
from pcreconcile.planning.addons import bases_after_add_ons, naming_what_add_ons_lose
from pcreconcile.planning.calendar import NEVER
from pcreconcile.planning.delays import delays, instant_of
from pcreconcile.planning.drift import drift
from pcreconcile.planning.lines import idle_lines
from pcreconcile.planning.setting import Outcome, Setting
from pcreconcile.planning.ways import Way, unclear
from pcreconcile.planning.windows import in_time
from pcreconcile.planning.wishes import ways_kept, ways_paused

INVITATION = "https://partner.microsoft.com/dashboard/commerce2/customers/requestreseller"


def plan_suspension(holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
    """Licences are suspended; everything else stays, with a warning, unless a line names it."""
    return _outcome(naming_what_add_ons_lose(ways_paused(holdings, setting)), holdings, setting, nothing())


def plan_activity(holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
    """What the lines ask for, what we suspended ourselves given back, and drift as warnings."""
    ways = naming_what_add_ons_lose(ways_kept(holdings, setting))
    return _outcome(ways, holdings, setting, drift(ways, setting))


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


def _outcome(ways: tuple[Way, ...], holdings: tuple[Holding, ...], setting: Setting, drifting: Exit) -> Outcome:
    ways = in_time(ways, lambda tried: _drafts(tried, setting))
    notices = (
        *(notice for way in ways for notice in way.exit.warnings),
        *idle_lines(holdings, setting.desired.subscriptions, setting.zone),
        *drifting.warnings,
    )
    blockers = tuple(blocker for way in ways for blocker in way.exit.blockers)
    closed = unclear(holdings, setting)
    if closed and (setting.desired.relationship is Relationship.SUSPENDED or any(way.exit.steps for way in ways)):
        others = tuple(blocker for blocker in blockers if blocker not in closed)
        return Outcome(blockers=closed + others, warnings=notices, closed=closed)
    drafts = _drafts(ways, setting)
    actions = made(drafts, setting.now)
    blockers += delays(drafts, setting)
    return Outcome(
        actions=actions,
        blockers=blockers,
        warnings=notices,
        deadlines=(*(each for way in ways for each in way.exit.deadlines), *drifting.deadlines),
        reached=not actions and not blockers,
        closed=closed,
    )


def _drafts(ways: tuple[Way, ...], setting: Setting) -> tuple[Draft, ...]:
    tenant = setting.desired.tenant_id
    steps = [(way.holding.family, step) for way in ways for step in way.exit.steps]
    drafts = linked([drafted(tenant, step, family, instant_of(step, setting)) for family, step in steps])
    return _back_after_their_base(bases_after_add_ons(ways, drafts))


def _back_after_their_base(drafts: tuple[Draft, ...]) -> tuple[Draft, ...]:
    """An add-on comes back once its base is back; what is said about the base's next term does not keep it waiting."""
    back = {draft.id for draft in drafts if draft.step.kind is ActionKind.REACTIVATE_SUBSCRIPTION}
    return tuple(replace(draft, requires=draft.requires & back) if draft.id in back else draft for draft in drafts)
