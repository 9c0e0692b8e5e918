"""Budgets in words: what is over by how much, and which customers would fit.

The customers are taken in their order, and each that still fits goes in; the best packing is nobody's wish, a line that
can be pasted is. A part of what fits fits too, so a long list may be cut anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from pcreconcile.model.budgets import REMOVALS, Limit, Room, Spending, added, spending_of
from pcreconcile.model.gravity import COMMITS_MONEY, gravity_of
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Action

MOST_NAMED = 10  # customers in a line to paste
_FEW = 3  # actions that a message names before it counts
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # a plan file may hold any text where a shell would read it
_SPLIT = "split the change (--target), or raise the budget in the policy by an exception"


class Share(msgspec.Struct, frozen=True):
    """What one customer asks for."""

    name: str
    actions: tuple[Action, ...]
    spending: Spending


class Found(msgspec.Struct, frozen=True):
    """What one budget says; `value` is None for money."""

    limit: Limit
    passed: bool
    message: str
    value: int | None = None


def share_of(name: str, actions: Iterable[Action]) -> Share:
    """A customer's share, of the actions that count."""
    actions = tuple(actions)
    return Share(name, actions, spending_of(actions))


def together(shares: Iterable[Share]) -> Spending:
    """What all of them ask for."""
    return added(share.spending for share in shares)


def found(room: Room, shares: Sequence[Share]) -> Found:
    """What a budget says to what these customers ask for together."""
    asked = together(shares)
    passed = room.admits(asked)
    if isinstance(room.limit.most, Money):
        return Found(room.limit, passed, _about_money(room, shares, asked, room.limit.most))
    used = room.before.count(room.limit.budget)
    value = used + asked.count(room.limit.budget)
    if room.limit.is_daily and not asked.asks(room.limit.budget):
        value = 0  # nothing is asked of the day
    parts = [f"{room.limit.path}: {value} of at most {room.limit.most}"]
    if value > room.limit.most and not passed:
        parts = [
            f"{parts[0]}, {value - room.limit.most} over{_of_them(room, str(used) if used else '')}",
            _remedy(room),
        ]
    return Found(room.limit, passed, "; ".join([*parts, *_unknown(room, passed)]), value)


def _about_money(room: Room, shares: Sequence[Share], asked: Spending, limit: Money) -> str:
    total, used = Money(room.total(asked), limit.currency), room.before.sum(limit.currency)
    told = f"{room.limit.path}: {total} of at most {limit}"
    if room.admits(asked):
        return told
    commits = [(share, each) for share in shares for each in share.actions if COMMITS_MONEY in gravity_of(each)]
    unpriced = [_of(share, each) for share, each in commits if each.money.committed is None]
    amounts = [(share, each, each.money.committed) for share, each in commits if each.money.committed is not None]
    foreign = [f"{_of(share, each)} ({money})" for share, each, money in amounts if money.currency != limit.currency]
    over = Money(total.amount - limit.amount, limit.currency)
    if over.amount > 0:
        told = f"{told}, {over} over{_of_them(room, str(Money(used, limit.currency)) if used else '')}"
    return "; ".join(
        [
            told,
            *([f"nobody knows what these commit: {_some(unpriced)}"] if unpriced else []),
            *([f"these are in another currency: {_some(foreign)}"] if foreign else []),
            *([_remedy(room)] if over.amount > 0 else []),
            *_unknown(room, passed=False),
        ]
    )


def _of_them(room: Room, used: str) -> str:
    if not used:
        return ""
    return f" ({used} of it in the last 24 hours)" if room.limit.is_daily else f" ({used} of it done already)"


def _remedy(room: Room) -> str:
    return f"wait, {_SPLIT}" if room.limit.is_daily else _SPLIT


def _unknown(room: Room, passed: bool) -> list[str]:
    if room.unknown is None or passed:
        return []
    writes = "a write" if room.unknown.writes == 1 else f"{room.unknown.writes} writes"
    return [
        f"what the last 24 hours took of it cannot be known before {room.unknown.until:%Y-%m-%d %H:%M} UTC: {writes}, "
        "by an older version or by somebody else, cannot be weighed; wait until then"
    ]


def fitting(shares: Iterable[Share], rooms: Sequence[Room]) -> tuple[str, ...]:
    """The customers that fit all budgets together, in their order; those that ask for nothing are left out."""
    taken, asked = [], Spending()
    for share in shares:
        more = asked + share.spending
        if share.actions and all(room.admits(more) for room in rooms):
            taken.append(share.name)
            asked = more
    return tuple(taken)


def customers_left(live: int, at_least: int) -> Room:
    """How many may leave before fewer than `at_least` of `live` customers stay, as a budget like the others."""
    return Room(Limit(f"minCustomersLeft.{REMOVALS}", max(0, live - at_least)))


def would_fit(shares: Sequence[Share], rooms: Sequence[Room]) -> str:
    """What would fit, as a command; or that nothing would."""
    asking = [share for share in shares if share.actions and _NAME.fullmatch(share.name)]
    fits = fitting(asking, rooms)
    if not fits:
        return "no customer of this plan fits by itself"
    shown = fits[:MOST_NAMED]
    command = " ".join(["pcreconcile plan", *(f"--target customer/{name}" for name in shown)])
    rest = f", the first {len(shown)} of them:" if len(shown) < len(fits) else ":"
    return f"{len(fits)} of {len(asking)} customers would fit{rest} {command}"


def _of(share: Share, action: Action) -> str:
    return f"{action.target.name} of {share.name}"


def _some(names: Sequence[str]) -> str:
    """The first few by name, the rest by number."""
    rest = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {rest} more" if rest > 0 else "")
