"""How much a set of actions does, as an approval bounds it, and whether it stays below such a bound.

An approval is a ceiling: what goes beyond any part of it makes it void as a whole, because nobody has said which part
of the rest they would have agreed to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_CEILING, Decimal

from pcreconcile.applying.guards import Pending
from pcreconcile.applying.sorts import sorts_of
from pcreconcile.model.approval import Scope
from pcreconcile.model.gravity import COMMITS_MONEY, ONE_WAY
from pcreconcile.model.money import Money, totals
from pcreconcile.model.plan import NOW, ActionKind, Plan

BY_HAND = frozenset({ActionKind.MANUAL, ActionKind.REQUEST_RELATIONSHIP})

_PLACES = 4  # decimal places of an amount in an approval


def due(plan: Plan) -> tuple[Pending, ...]:
    """What the plan would do now, as far as it is not a person's step."""
    return tuple(
        Pending(customer, action)
        for customer in plan.customers
        for action in customer.actions
        if action.when == NOW and action.kind not in BY_HAND
    )


def scope_of(entries: Iterable[Pending]) -> Scope:
    """The narrowest scope that covers these actions, amounts rounded up; unknown amounts cannot be covered."""
    entries = tuple(entries)
    return Scope(
        customers=tuple(sorted({entry.customer.tenant_id for entry in entries})),
        kinds=tuple(sorted({entry.action.kind for entry in entries})),
        one_way=sum(ONE_WAY in sorts_of(entry.action) for entry in entries),
        seats=sum(_seats(entry) for entry in entries),
        money=tuple(_rounded(money) for money in _committed(entries)),
    )


def within(scope: Scope, entries: Iterable[Pending]) -> tuple[Pending, ...]:
    """Those of the actions whose customer and kind the scope names."""
    return tuple(e for e in entries if e.customer.tenant_id in scope.customers and e.action.kind in scope.kinds)


def excess(scope: Scope, entries: Iterable[Pending]) -> str:
    """What of the named actions together is more than the scope allows, in words; "" when all of it fits."""
    named = within(scope, entries)
    does = scope_of(named)
    return "; ".join(
        [
            *_more("one-way actions", does.one_way, scope.one_way),
            *_more("seats", does.seats, scope.seats),
            *_more_money(_committed(named), scope.money),
            *_unknown_money(named),
        ]
    )


def _more(what: str, value: int, ceiling: int) -> Iterator[str]:
    if value > ceiling:
        yield f"{value} {what} are planned and it allows {ceiling}"


def _more_money(committed: Sequence[Money], ceilings: Sequence[Money]) -> Iterator[str]:
    for money in committed:
        allowed = [ceiling.amount for ceiling in ceilings if ceiling.currency == money.currency]
        if money.amount > min(allowed, default=Decimal(0)):
            yield f"{money} would be committed and it allows {min(allowed, default=Decimal(0)):.2f} {money.currency}"


def _unknown_money(entries: Sequence[Pending]) -> Iterator[str]:
    unknown = [entry for entry in entries if _commits(entry) and entry.action.money.committed is None]
    if unknown:
        names = ", ".join(sorted({f"{e.action.kind} for {e.customer.name}" for e in unknown})[:3])
        yield f"nobody knows how much money is committed by {names}: a Prices document can say it"


def _committed(entries: Sequence[Pending]) -> tuple[Money, ...]:
    return totals(entry.action.money.committed for entry in entries if _commits(entry))


def _commits(entry: Pending) -> bool:
    return COMMITS_MONEY in sorts_of(entry.action)


def _seats(entry: Pending) -> int:
    return entry.action.impact.seats if entry.action.impact is not None else 0


def _rounded(money: Money) -> Money:
    """An amount that can be written in an approval; never less than it was."""
    exponent = money.amount.as_tuple().exponent
    places = min(max(-exponent, 0), _PLACES) if isinstance(exponent, int) else 0
    return Money(money.amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_CEILING), money.currency)
