"""What a line asks that says `transfer`: another partner takes it over, which only people can bring about.

With `by` and `otherwise` the transfer is an offer until the end of that day in the partner's time zone: nothing waits
for it, no Cancel is set before, and what is to happen otherwise stands with its date.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Serve, Step
from pcreconcile.exits.exit import blocked, deadline, nothing, warning
from pcreconcile.model.desired import LineDesire, Relationship, SubscriptionLine
from pcreconcile.model.identity import action_id
from pcreconcile.model.ids import ActionId
from pcreconcile.model.observed import observe_schedule
from pcreconcile.model.plan import ActionKind, Blocker, Effect, Instructions, Notice, Reversibility
from pcreconcile.planning.calendar import NEVER, end_of
from pcreconcile.planning.leaving import leave, leave_from
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.transfers import ends_by, in_the_way, moving_transfers

PORTAL = "https://partner.microsoft.com/dashboard/commerce2/customers"
_LAPSES = "transfer.lapses-after"


def transferred(holding: Holding, setting: Setting, _desire: LineDesire | None) -> Exit:
    """The person's step, and until `by` what happens otherwise."""
    row = holding.subject.subscription
    if row is not None and row.status == "deleted":
        return nothing()
    line = setting.line(holding)
    open_ones = in_the_way(holding, setting) or nothing()
    warnings = (*_cancel_stands(holding), *open_ones.warnings)
    if line is None or line.by is None or line.otherwise is None:
        return replace(open_ones, steps=(_accept(holding, setting, None),), warnings=warnings)
    found = _otherwise(holding, line, line.by, line.otherwise, setting)
    if found.closed or not (found.steps or found.blockers):
        return found
    return _joined(replace(open_ones, steps=(_accept(holding, setting, line),), warnings=warnings), found)


def _joined(offer: Exit, found: Exit) -> Exit:
    """The offer, and what happens otherwise; it stands as well where a window gives way."""
    return replace(
        found,
        steps=(*offer.steps, *found.steps),
        blockers=(*offer.blockers, *found.blockers),
        warnings=(*offer.warnings, *found.warnings),
        probe=offer.probe or found.probe,
        fallback=None if found.fallback is None else _joined(offer, found.fallback),
    )


def offered(holdings: tuple[Holding, ...], setting: Setting) -> frozenset[ActionId]:
    """The actions that are only offered to a person: nothing waits for them, and no verdict counts them."""
    lines = [(holding, setting.line(holding)) for holding in holdings]
    tenant = setting.desired.tenant_id
    return frozenset(
        action_id(tenant, ActionKind.MANUAL, holding.target.type, holding.target.id)
        for holding, line in lines
        if line is not None and line.desired is LineDesire.TRANSFER and line.by is not None
    )


def _accept(holding: Holding, setting: Setting, line: SubscriptionLine | None) -> Step:
    days = setting.rules.days(_LAPSES).days
    offer = "" if line is None else f"offered until {line.by}, afterwards {line.otherwise}: "
    moving = [f"{each.id} to {each.target_partner or 'another partner'}" for each in moving_transfers(holding, setting)]
    which = f"the open transfer {' and '.join(moving)}" if moving else "the transfer that the other partner creates"
    return Step(
        kind=ActionKind.MANUAL,
        target=holding.target,
        precondition={},
        postcondition={},
        reversibility=Reversibility.NEEDS_COUNTERPARTY,
        effect=Effect.NEUTRAL,
        serve=Serve.MANUAL,
        why=f"{offer}a line says that another partner takes it over",
        seats=holding.subject.quantity,
        instructions=Instructions(
            who="the licensing desk, with the partner who takes over",
            text=f"Accept {which} in Partner Center; a transfer lapses after {days} days without an answer.",
            link=PORTAL,
        ),
        rule=_LAPSES,
        optional=line is not None,
    )


def _otherwise(holding: Holding, line: SubscriptionLine, by: date, desire: LineDesire, setting: Setting) -> Exit:
    """What ends it when nobody has taken it over, no earlier than the end of `by` and of every open transfer of it."""
    over = end_of(by, setting.zone)
    free = max([over, *(ends_by(each) for each in moving_transfers(holding, setting))])
    if desire is LineDesire.KEEP:
        return _kept(holding, over, setting)
    if free == NEVER:
        return Exit(blockers=_offer_stands(holding, over))
    then = _as_if_over(setting, line)
    found = _from(leave_from(holding, then, desire, free), free)
    if found.closed or not (found.steps or found.blockers):
        return found
    late = _by_is_late(holding, line, over, leave(holding, then, desire))
    return _dated(holding, replace(found, warnings=(*found.warnings, *late)), (over, free), setting)


def _dated(holding: Holding, found: Exit, dates: tuple[datetime, datetime], setting: Setting) -> Exit:
    """The exit with what blocks it and with the last instant of the offer, its fallback too."""
    return replace(
        found,
        blockers=_in_the_way_then(holding, found, dates, setting),
        deadlines=(*found.deadlines, *deadline("transfer-by", holding, dates[0], "another partner may take it over")),
        fallback=None if found.fallback is None else _dated(holding, found.fallback, dates, setting),
    )


def _as_if_over(setting: Setting, line: SubscriptionLine) -> Setting:
    """The setting in which the line says already what it says otherwise."""
    over = replace(line, desired=line.otherwise, by=None, otherwise=None)
    lines = tuple(over if each == line else each for each in setting.desired.subscriptions)
    return replace(setting, desired=replace(setting.desired, subscriptions=lines))


def _from(found: Exit, free: datetime) -> Exit:
    """The exit with none of its steps before that instant."""
    steps = tuple(replace(step, not_before=max(step.not_before or free, free)) for step in found.steps)
    return replace(found, steps=steps, fallback=None if found.fallback is None else _from(found.fallback, free))


def _kept(holding: Holding, over: datetime, setting: Setting) -> Exit:
    if setting.desired.relationship is Relationship.REMOVED:
        how = "a line keeps it unless another partner takes it over; the relationship stays as long as it does"
        return blocked("kept-by-line", holding, how)
    return Exit(blockers=_offer_stands(holding, over))


def _offer_stands(holding: Holding, over: datetime) -> tuple[Blocker, ...]:
    how = "until then another partner may take it over, and nothing is done to it"
    return blocked("transfer-offered", holding, how, over.date()).blockers


def _in_the_way_then(
    holding: Holding, found: Exit, dates: tuple[datetime, datetime], setting: Setting
) -> tuple[Blocker, ...]:
    """What blocks until `by` and after it; `dates` are the end of `by` and when its steps are free.

    For a customer that stays, a term that runs out is what was asked for, and its steps say themselves when they come.
    """
    over, free = dates
    if setting.desired.relationship is not Relationship.REMOVED:
        return tuple(each for each in found.blockers if each.clears_at is None)
    stands = _offer_stands(holding, over)
    return (*stands, *_new_term(holding)) if _ends_before(found, free) else (*stands, *found.blockers)


def _ends_before(found: Exit, free: datetime) -> bool:
    """Whether an instruction for the end of a term can only come after that end."""
    instructs = any(step.kind is ActionKind.CANCEL_AT_TERM_END for step in found.steps)
    return instructs and any(each.at < free for each in found.deadlines)


def _new_term(holding: Holding) -> tuple[Blocker, ...]:
    how = "its term ends before it may be told to end, so that a new term begins; nobody knows when that one ends"
    return blocked("term-running", holding, how).blockers


def _by_is_late(holding: Holding, line: SubscriptionLine, over: datetime, now: Exit) -> tuple[Notice, ...]:
    """Whether the day is later than the last moment at which what is wanted otherwise could still be done."""
    moments = [each.at for each in now.deadlines] + [each.closes_at for each in now.steps if each.closes_at is not None]
    last = min(moments, default=over)
    if last >= over:
        return ()
    text = f"{holding.target.name}: {line.otherwise} is possible until {last:%Y-%m-%d %H:%M} UTC, and by is {line.by}"
    return (warning("transfer-by-late", holding, text),)


def _cancel_stands(holding: Holding) -> tuple[Notice, ...]:
    """A Cancel that was set before would end what another partner is to have."""
    row = holding.subject.subscription
    if row is None or "TermEnd/Cancel" not in (observe_schedule(row.scheduled_actions) or ()):
        return ()
    text = (
        f"{holding.target.name}: it is told to end with its term, and a line means it for another partner; take it back"
    )
    return (warning("cancel-before-transfer", holding, text),)
