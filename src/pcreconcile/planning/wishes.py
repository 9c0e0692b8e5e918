"""What a customer that stays is asked for, holding by holding: dunning, the way back, and lines of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Serve, exit_of
from pcreconcile.exits.exit import nothing
from pcreconcile.model.desired import LineDesire
from pcreconcile.planning.renewals import as_reactivated, instructed, joined, with_renewal
from pcreconcile.planning.rescues import spared
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.transfers import in_the_way
from pcreconcile.planning.ways import Way, leave, transferred

Asked = Callable[[Holding, Setting, LineDesire | None], Exit]


def ways_paused(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """How each holding of a customer in dunning is paused; lines come first."""
    return tuple(Way(holding, _by_line(holding, setting, _BY_DESIRE, _pause)) for holding in holdings)


def ways_kept(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """What an active customer's lines ask for, and the way back of what we ourselves suspended."""
    return tuple(Way(holding, _by_line(holding, setting, _WHEN_ACTIVE, _resume_ours)) for holding in holdings)


def _pause(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    late = spared(holding, setting, desire)
    if late is not None:
        return late
    return exit_of(holding.family).pause(holding, setting.wish(holding, desire), setting.rules, setting.now)


def _resume(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).resume(holding, setting.wish(holding, desire), setting.rules, setting.now)


def _resume_ours(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    resumed = _resume(holding, setting, desire) if setting.is_ours(holding) else nothing()
    return with_renewal(holding, resumed, setting)


def _resume_named(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return with_renewal(holding, _resume(holding, setting, desire), setting)


def _by_line(holding: Holding, setting: Setting, by_desire: Mapping[LineDesire, Asked], default: Asked) -> Exit:
    """What is asked of a holding; an open transfer of it comes before every step (rule transfer.open)."""
    line = setting.line(holding)
    desire = None if line is None else line.desired
    found = (default if desire is None else by_desire[desire])(holding, setting, desire)
    if not found.steps or desire is LineDesire.TRANSFER:
        return found
    return in_the_way(holding, setting) or found


def _as_it_is(_holding: Holding, _setting: Setting, _desire: LineDesire | None) -> Exit:
    return nothing()


def _ended_alone(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """One holding ends and the relationship stays: a term that runs out by instruction is what was asked for."""
    found = leave(holding, setting, desire)
    if desire is LineDesire.CANCEL and not any(step.closes_at or step.serve is Serve.PACE for step in found.steps):
        return found
    undated = tuple(blocker for blocker in found.blockers if blocker.clears_at is None)
    return replace(found, blockers=undated)


def _renewal(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).renew(holding, desire or LineDesire.RENEW, setting.rules, setting.now)


def _once_back(asked: Asked, holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """What we suspended comes back first: a suspended subscription cannot be told how its term ends (800091)."""
    resumed = _resume(holding, setting, desire) if setting.is_ours(holding) else nothing()
    if not resumed.steps or desire is None:
        return asked(holding, setting, desire)
    return joined(resumed, instructed(as_reactivated(holding), setting, desire))


# What a line asks of a holding whose customer stays, in dunning.
_BY_DESIRE: Mapping[LineDesire, Asked] = {
    LineDesire.KEEP: _as_it_is,
    LineDesire.IGNORE: _as_it_is,
    LineDesire.SUSPEND: _pause,
    LineDesire.REACTIVATE: _resume_named,
    LineDesire.RENEW: _renewal,
    LineDesire.EXTEND: _renewal,
    LineDesire.TRANSFER: transferred,
    LineDesire.CANCEL: _ended_alone,
    LineDesire.CANCEL_AT_TERM_END: _ended_alone,
    LineDesire.RETURN: _ended_alone,
}

# The same of an active customer, whose service is given back.
_WHEN_ACTIVE: Mapping[LineDesire, Asked] = {
    **_BY_DESIRE,
    LineDesire.RENEW: partial(_once_back, _renewal),
    LineDesire.EXTEND: partial(_once_back, _renewal),
    LineDesire.CANCEL_AT_TERM_END: partial(_once_back, _ended_alone),
}
