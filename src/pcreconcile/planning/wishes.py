"""What a customer that stays is asked for, holding by holding: dunning, the way back, and lines of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from pcreconcile.exits import Exit, Holding, Serve, exit_of
from pcreconcile.exits.exit import nothing
from pcreconcile.model.desired import LineDesire
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.ways import Way, leave, transferred

Asked = Callable[[Holding, Setting, LineDesire | None], Exit]


def ways_paused(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """How each holding of a customer in dunning is paused; lines come first."""
    return tuple(Way(holding, _by_line(holding, setting, _pause)) for holding in holdings)


def ways_kept(holdings: tuple[Holding, ...], setting: Setting) -> tuple[Way, ...]:
    """What an active customer's lines ask for, and the way back of what we ourselves suspended."""
    return tuple(Way(holding, _by_line(holding, setting, _resume_ours)) for holding in holdings)


def _pause(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).pause(holding, setting.wish(holding, desire), setting.rules, setting.now)


def _resume(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).resume(holding, setting.wish(holding, desire), setting.rules, setting.now)


def _resume_ours(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """What we suspended, and the add-ons that were suspended through it."""
    ours = setting.memory.suspended.get(setting.desired.tenant_id, ())
    base = holding.subject.base
    is_ours = holding.subject.id in ours or (base is not None and base.id in ours)
    return _resume(holding, setting, desire) if is_ours else nothing()


def _by_line(holding: Holding, setting: Setting, default: Asked) -> Exit:
    line = setting.line(holding)
    if line is None:
        return default(holding, setting, None)
    return _BY_DESIRE[line.desired](holding, setting, line.desired)


def _as_it_is(_holding: Holding, _setting: Setting, _desire: LineDesire | None) -> Exit:
    return nothing()


def _ended_alone(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    """One holding ends and the relationship stays: a term that runs out by instruction is what was asked for."""
    found = leave(holding, setting, desire)
    if desire is LineDesire.CANCEL and not any(step.closes_at or step.serve is Serve.PACE for step in found.steps):
        return found
    undated = tuple(blocker for blocker in found.blockers if blocker.clears_at is None)
    return msgspec.structs.replace(found, blockers=undated)


def _renewal(holding: Holding, setting: Setting, desire: LineDesire | None) -> Exit:
    return exit_of(holding.family).renew(holding, desire or LineDesire.RENEW, setting.rules, setting.now)


# What a line asks of a holding whose customer stays.
_BY_DESIRE: Mapping[LineDesire, Asked] = {
    LineDesire.KEEP: _as_it_is,
    LineDesire.IGNORE: _as_it_is,
    LineDesire.SUSPEND: _pause,
    LineDesire.REACTIVATE: _resume,
    LineDesire.RENEW: _renewal,
    LineDesire.EXTEND: _renewal,
    LineDesire.TRANSFER: transferred,
    LineDesire.CANCEL: _ended_alone,
    LineDesire.CANCEL_AT_TERM_END: _ended_alone,
    LineDesire.RETURN: _ended_alone,
}
