"""The three ways out of one holding (cancel now, wait, transfer), asked of its family by wishes of our own.

Nothing of this is planned: the manifest's dates, lines and promises are left out, so that a reader sees what exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import add

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Serve, Step, charges
from pcreconcile.exits.transferring import TRANSFERABLE
from pcreconcile.model.desired import LineDesire, Refunds
from pcreconcile.model.explanation import Possible, Way, WayOut
from pcreconcile.model.family import Trait
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionMoney, Blocker, Effect
from pcreconcile.model.rules import Rules
from pcreconcile.planning.leaving import leave
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.transfers import in_the_way

_PROBE = "nobody knows whether it is in the way: the removal is tried last, and the service's answer decides"
_LAPSES = "transfer.lapses-after"
_NEVER_ENDS = 9000  # the year from which on an end date means that there is none


def ways_of(holding: Holding, setting: Setting) -> tuple[WayOut, ...]:
    """Cancel, wait and transfer, each with its price; empty for what is not in the way of a removal."""
    free = _freed(setting)
    plain = leave(holding, free, None)
    if plain.closed:
        how = _told(plain.blockers)
        return tuple(WayOut(way, Possible.UNKNOWN, how, rule=_rule(plain.blockers)) for way in Way)
    if not plain.steps and not plain.blockers:
        return (WayOut(Way.WAIT, Possible.UNKNOWN, _PROBE),) if plain.probe else ()
    wait = _wait(holding, leave(holding, free, LineDesire.CANCEL_AT_TERM_END), setting.now)
    moving = in_the_way(holding, setting)
    if moving is not None and moving.blockers:
        return (_locked(Way.CANCEL, moving), _locked(Way.WAIT, moving), _moving(wait))
    return (_cancel(leave(holding, free, LineDesire.CANCEL), setting.now), wait, _transfer(holding, wait))


def end_of(holding: Holding) -> datetime | None:
    """The end of its term or entitlement, as the service shows it; None for what names none or never ends."""
    row = holding.subject.subscription
    if row is None:
        return max((each.expires for each in holding.subject.entitlements if each.expires), default=None)
    end = row.commitment_end
    return end if end is not None and end.year < _NEVER_ENDS and not is_metered(holding) else None


def is_metered(holding: Holding) -> bool:
    """Whether it is billed by usage: it has no term, no seats and no price of its own."""
    row = holding.subject.subscription
    return row is not None and row.billing_type == "usage"


def _freed(setting: Setting) -> Setting:
    """As if the manifest said `removed` and nothing else, and Azure might be cancelled."""
    desired = replace(setting.desired, subscriptions=(), service_until=None, not_before=None, refunds=Refunds.REQUIRE)
    return replace(setting, desired=desired, policy=replace(setting.policy, azure_cancel_allowed=True))


def _cancel(found: Exit, now: datetime) -> WayOut:
    steps = [step for step in found.steps if not step.optional]
    if found.blockers:
        return WayOut(Way.CANCEL, Possible.NO, _told(found.blockers), rule=_rule(found.blockers))
    by_hand = [step.instructions.text for step in steps if step.serve is Serve.MANUAL and step.instructions]
    return WayOut(
        Way.CANCEL,
        Possible.BY_HAND if by_hand else Possible.YES,
        " ".join(by_hand).rstrip(".") or "; ".join(dict.fromkeys(step.why for step in steps)),
        until=min((step.closes_at for step in steps if step.closes_at), default=None),
        free_on=None if by_hand else now.date(),
        money=_summed(steps),
        rule=next((step.rule for step in steps if step.rule), None),
    )


def _wait(holding: Holding, found: Exit, now: datetime) -> WayOut:
    """What its family says of an end at term end: a day for each thing that stands in the way, or none at all."""
    dates = [blocker.clears_at for blocker in found.blockers]
    known = [each for each in dates if each is not None]
    if len(known) < len(dates):
        return WayOut(Way.WAIT, Possible.NO, _told(found.blockers), rule=_rule(found.blockers))
    if not known:
        return WayOut(Way.WAIT, Possible.NO, "it does not end by itself: somebody has to end it")
    if found.probe:
        told = f"{_told(found.blockers)}; afterwards {_PROBE}"
        return WayOut(Way.WAIT, Possible.UNKNOWN, told, free_on=max(known), rule=_rule(found.blockers))
    told = "told to end with its term, it is paid until then" if found.steps else "it ends by itself, paid until then"
    money = _owed(holding, [step for step in found.steps if step.effect is Effect.PROTECTIVE], now)
    return WayOut(Way.WAIT, Possible.YES, told, free_on=max(known), money=money, rule=_rule(found.blockers))


def _owed(holding: Holding, steps: Sequence[Step], now: datetime) -> ActionMoney:
    """As the family says, else from the holding's own price."""
    said = _summed(steps)
    return ActionMoney(
        refund=said.refund,
        lost_per_day=said.lost_per_day or charges.per_day(holding),
        committed=said.committed or charges.until(holding, now, end_of(holding)),
    )


def _transfer(holding: Holding, wait: WayOut) -> WayOut:
    """Whether a transfer can move it, and what the partner then no longer owes."""
    known = TRANSFERABLE.get(holding.family)
    if known is None or Trait.TRIAL in holding.traits:
        return WayOut(Way.TRANSFER, Possible.UNKNOWN, "nobody says whether a transfer can move it")
    if not known.possible:
        return WayOut(Way.TRANSFER, Possible.NO, f"a transfer cannot move it: {known.because}")
    return WayOut(Way.TRANSFER, Possible.BY_HAND, known.because, saves=wait.money.committed, rule=_LAPSES)


def handing_over(rules: Rules) -> str:
    """Who must act for a transfer (exit rules, 1.3)."""
    return (
        "the partner who takes over creates the transfer and we accept it, neither is obliged to; the customer needs a "
        f"relationship with that partner first; a transfer lapses after {rules.days(_LAPSES).days} days"
    )


def _locked(way: Way, moving: Exit) -> WayOut:
    dates = [blocker.clears_at for blocker in moving.blockers]
    text = f"not before the transfer is over: {_told(moving.blockers)}"
    possible = Possible.NO if None in dates or way is Way.CANCEL else Possible.UNKNOWN
    return WayOut(way, possible, text, rule=_rule(moving.blockers))


def _moving(wait: WayOut) -> WayOut:
    text = "an open transfer moves it already: accept it, or have it withdrawn"
    return WayOut(Way.TRANSFER, Possible.BY_HAND, text, saves=wait.money.committed, rule=_LAPSES)


def _told(blockers: Iterable[Blocker]) -> str:
    return "; ".join(dict.fromkeys(blocker.how for blocker in blockers))


def _rule(blockers: Iterable[Blocker]) -> str | None:
    return next((blocker.rule for blocker in blockers if blocker.rule), None)


def _summed(steps: Sequence[Step]) -> ActionMoney:
    return ActionMoney(
        refund=_sum(steps, lambda money: money.refund),
        lost_per_day=_sum(steps, lambda money: money.lost_per_day),
        committed=_sum(steps, lambda money: money.committed),
    )


def _sum(steps: Sequence[Step], member: Callable[[ActionMoney], Money | None]) -> Money | None:
    """The amount of all steps; unknown where one is unknown, and for amounts of two currencies."""
    parts = [member(step.money) for step in steps]
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts) or len({part.currency for part in known}) > 1:
        return None
    return reduce(add, known)
