"""Windows and term ends that fall into a freeze of the policy: told while there is still time to act before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pcreconcile.model.plan import Deadline, Notice
from pcreconcile.model.policy import Freeze
from pcreconcile.planning.calendar import after, end_of, start_of
from pcreconcile.planning.setting import Setting

WARN_AHEAD = "freeze.warn-ahead"

_CLOSING = frozenset({"window-closes", "term-ends"})


def frozen_deadlines(deadlines: Sequence[Deadline], setting: Setting) -> tuple[Notice, ...]:
    """The warning `deadline-in-freeze` of each, for freezes that run or begin soon (rule freeze.warn-ahead)."""
    closing = [each for each in deadlines if each.code in _CLOSING and each.at > setting.now]
    if not closing or not setting.policy.freezes:
        return ()
    near = _near(setting, setting.rules.days(WARN_AHEAD))
    return tuple(
        _notice(each, freeze, setting) for freeze in near for each in closing if _covers(freeze, each, setting)
    )


def _near(setting: Setting, ahead: timedelta) -> list[Freeze]:
    """Running, or beginning within that time."""
    latest = after(setting.now, ahead)
    found = (freeze for freeze in setting.policy.freezes if start_of(freeze.first, setting.zone) <= latest)
    return sorted(found, key=lambda freeze: freeze.first)


def _covers(freeze: Freeze, deadline: Deadline, setting: Setting) -> bool:
    return start_of(freeze.first, setting.zone) <= deadline.at < end_of(freeze.last, setting.zone)


def _notice(deadline: Deadline, freeze: Freeze, setting: Setting) -> Notice:
    name = "" if deadline.target is None else f"{deadline.target.name}: "
    ahead = start_of(freeze.first, setting.zone) > setting.now
    remedy = (
        "what else has to be done must be done before" if ahead else "only a change of the policy lets more through"
    )
    text = (
        f"{name}{deadline.text} on {deadline.at:%Y-%m-%d}, inside the freeze from {freeze.first} to {freeze.last} "
        f"({freeze.reason}), in which only protective actions run: {remedy}"
    )
    return Notice("deadline-in-freeze", text, deadline.target)
