"""What counts against which budget, and whether it still fits: the one definition for planning and for applying.

A budget is either per run (`perRun.seats`) or of rolling 24 hours (`perDay.seats`). Counted is what is due; protective
acts count in their own budget and in no other. Exactly at the limit passes; what asks nothing of a budget is not
stopped by it, however much others have used. What nobody knows (an amount, an older journal's seats) is never taken for
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from pcreconcile.model.gravity import COMMITS_MONEY, ONE_WAY, PROTECTIVE, gravity_of
from pcreconcile.model.memory import Spent
from pcreconcile.model.money import Money, totals
from pcreconcile.model.plan import Action, ActionKind
from pcreconcile.model.policy import Policy

DAY = timedelta(hours=24)

REMOVALS, ONE_WAY_ACTIONS, SEATS, PROTECTED_ACTIONS, MONEY = "removals", "oneWayActions", "seats", "protective", "money"
_MEMBERS = {
    REMOVALS: "removals",
    ONE_WAY_ACTIONS: "one_way_actions",
    SEATS: "seats",
    PROTECTED_ACTIONS: "protective",
    MONEY: "money",
}


class Spending(msgspec.Struct, frozen=True):
    """What acts come to. `committed` holds one sum per currency, `unpriced` how many commit what nobody knows."""

    removals: int = 0
    one_way_actions: int = 0
    seats: int = 0
    protective: int = 0
    committed: tuple[Money, ...] = ()
    unpriced: int = 0

    def __add__(self, other: Spending) -> Spending:
        """Both together."""
        return added((self, other))

    def asks(self, budget: str) -> bool:
        """Whether any of it counts in that budget."""
        if budget == MONEY:
            return self.unpriced > 0 or any(money.amount > 0 for money in self.committed)
        return self.count(budget) > 0

    def count(self, budget: str) -> int:
        """What of it counts in a budget that is no money."""
        value: int = getattr(self, _MEMBERS[budget])
        return value

    def sum(self, currency: str) -> Decimal:
        """What of it is committed in that currency."""
        return next((each.amount for each in self.committed if each.currency == currency), Decimal(0))

    def foreign(self, currency: str) -> bool:
        """Whether some of it is committed in other currencies; nothing is ever converted."""
        return any(each.currency != currency and each.amount for each in self.committed)


def spending_of(actions: Iterable[Action]) -> Spending:
    """What these actions come to, whoever they belong to. The caller chooses those that are due."""
    return added(_weight(action) for action in actions)


def spending_since(spent: Iterable[Spent]) -> Spending:
    """What these writes came to, as far as the journal says it."""
    return added(
        Spending(
            removals=int(each.removal),
            one_way_actions=int(bool(each.one_way)),
            seats=each.seats or 0,
            protective=int(each.protective),
            committed=() if each.committed is None else (each.committed,),
        )
        for each in spent
    )


def _weight(action: Action) -> Spending:
    """Amounts below zero, which no honest plan has, would buy room for others: they count as nothing."""
    sorts = gravity_of(action)
    if PROTECTIVE in sorts:
        return Spending(protective=1)
    priced = action.money.committed
    commits = COMMITS_MONEY in sorts
    return Spending(
        removals=int(action.kind is ActionKind.REMOVE_RELATIONSHIP),
        one_way_actions=int(ONE_WAY in sorts),
        seats=seats_of(action),
        committed=(priced,) if commits and priced is not None and priced.amount > 0 else (),
        unpriced=int(commits and priced is None),
    )


def seats_of(action: Action) -> int:
    """Seats that lose a service by it."""
    return 0 if action.impact is None else max(0, action.impact.seats)


def added(parts: Iterable[Spending]) -> Spending:
    """All of them together."""
    parts = tuple(parts)
    return Spending(
        sum(each.removals for each in parts),
        sum(each.one_way_actions for each in parts),
        sum(each.seats for each in parts),
        sum(each.protective for each in parts),
        totals(money for each in parts for money in each.committed),
        sum(each.unpriced for each in parts),
    )


class Limit(msgspec.Struct, frozen=True):
    """What a budget allows on some day; `path` as the policy has it (`perRun.removals`)."""

    path: str
    most: int | Money

    @property
    def budget(self) -> str:
        """What it counts."""
        return self.path.partition(".")[2]

    @property
    def is_daily(self) -> bool:
        """Whether it is one of rolling 24 hours."""
        return self.path.startswith("perDay.")


def limits_of(policy: Policy, today: date) -> tuple[Limit, ...]:
    """The budgets that limit anything, counts first; `today` is the day where the partner is.

    Of several exceptions for one budget the first that holds today counts. Its last day belongs to it.
    """
    found = [
        Limit(path, most)
        for scope, budgets in (("perRun", policy.per_run), ("perDay", policy.per_day))
        for budget, member in _MEMBERS.items()
        if (most := _exempted(policy, path := f"{scope}.{budget}", getattr(budgets, member), today)) is not None
    ]
    return tuple(sorted(found, key=lambda limit: limit.budget == MONEY))


def _exempted(policy: Policy, path: str, written: int | Money | None, today: date) -> int | Money | None:
    sort = Money if path.endswith(f".{MONEY}") else int
    granted = (each.limit for each in policy.exceptions if each.budget == path and today <= each.until)
    return next((limit for limit in granted if isinstance(limit, sort)), written)


class Unknown(msgspec.Struct, frozen=True):
    """Writes of the day that do not say what a budget counts: how many, and from when on that no longer matters."""

    writes: int
    until: datetime


def unknown_of(limit: Limit, spent: Iterable[Spent]) -> Unknown | None:
    """What the writes of the last 24 hours leave open about a budget of the day; None: nothing."""
    silent = [each.at for each in spent if not _says(each, limit)]
    return Unknown(len(silent), max(silent) + DAY) if silent else None


def _says(each: Spent, limit: Limit) -> bool:
    if limit.budget == ONE_WAY_ACTIONS:
        return each.one_way is not None
    if limit.budget == SEATS:
        return each.seats is not None
    if isinstance(limit.most, Money):
        foreign = each.committed is not None and each.committed.currency != limit.most.currency
        return not (each.unknown_money or foreign)
    # Somebody's write of which nothing at all is known may have been a protective one.
    return limit.budget == REMOVALS or not (each.one_way is None and each.seats is None and each.unknown_money)


class Room(msgspec.Struct, frozen=True):
    """One budget with what has been used of it."""

    limit: Limit
    before: Spending = Spending()
    unknown: Unknown | None = None

    def admits(self, asked: Spending) -> bool:
        """Whether the budget allows this much more."""
        budget, most = self.limit.budget, self.limit.most
        if not asked.asks(budget):
            return True
        if self.unknown is not None:
            return False
        if isinstance(most, int):
            return self.before.count(budget) + asked.count(budget) <= most
        return not (asked.unpriced or asked.foreign(most.currency)) and self.total(asked) <= most.amount

    def total(self, asked: Spending) -> Decimal:
        """What would be used of a budget of money, in its currency."""
        assert isinstance(self.limit.most, Money)
        currency = self.limit.most.currency
        return self.before.sum(currency) + asked.sum(currency)


def rooms_of(policy: Policy, today: date, run: Spending, spent: Sequence[Spent], now: datetime) -> tuple[Room, ...]:
    """Every budget with what was used of it: `run` by this run already, `spent` by the writes of the last 24 hours."""
    recent = tuple(each for each in spent if each.at > now - DAY)
    used = spending_since(recent)
    return tuple(
        Room(limit, used, unknown_of(limit, recent)) if limit.is_daily else Room(limit, run)
        for limit in limits_of(policy, today)
    )
