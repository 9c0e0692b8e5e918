"""A fleet that leaves, generated from a seed: every family that can end, inside and outside its windows.

What is generated can end by itself or by a line of the manifest; what only a person could decide (service promised
beyond the end of a yearly term, a running Azure subscription without a line) is left to the cases of tests/exits.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from tests.year.facts import (
    DAY,
    DECISION,
    MONTHS,
    ZONE,
    Customer,
    Leaving,
    Thing,
    Transfer,
    is_over,
    midnight,
    months_later,
    term_after,
)

WINDOWS = {"new-commerce-license": 7, "software-subscription": 7, "marketplace-saas": 3, "perpetual-software": 30}
TODAY = DECISION.astimezone(ZONE).date()

Dice = random.Random


def fleet(size: int, seed: int) -> tuple[Customer, ...]:
    """So many customers, the same for the same seed. Every sort of purchase comes first with some customer."""
    dice = Dice(seed)
    return tuple(_customer(dice, number) for number in range(size))


def _customer(dice: Dice, number: int) -> Customer:
    kinds = [SORTS[number % len(SORTS)], *dice.choices(SORTS, k=dice.choice((0, 0, 1, 1, 2, 3)))]
    things = [thing for place, make in enumerate(kinds) for thing in make(dice, f"{make.__name__[1:]}-{place}")]
    leaving = _wish(dice, things)
    tenant = _guid(dice)
    transfer = _transfer(dice, things, leaving) if number % 10 == 3 else None
    return Customer(tenant, f"customer-{number:03}", tuple(things), leaving, transfer, dice.random() < 0.3)


def _guid(dice: Dice) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def _ago(dice: Dice, first: int, last: int) -> datetime:
    """So many days before the decision, at any hour that leaves the last hour before a run alone."""
    return DECISION - DAY * dice.randint(first, last) - timedelta(hours=dice.randint(2, 20))


def _thing(dice: Dice, kind: str, name: str, starts: datetime, term: str = "", **more: object) -> Thing:
    ends = term_after(starts, term) if term else None
    window = starts + DAY * WINDOWS[kind] if kind in WINDOWS else None
    facts: dict[str, object] = {"term": term, "ends": ends, "window": window, "quantity": dice.randint(1, 40), **more}
    return Thing(kind, name, _guid(dice), starts, **facts)  # type: ignore[arg-type]


def _began(dice: Dice, term: str, window: int) -> datetime:
    """In the middle of a term, or (a third of them) inside the window of one just bought."""
    if dice.random() < 0.33:
        return _ago(dice, 0, window - 1)
    months = MONTHS[term]
    ends = midnight(DECISION) + DAY * dice.randint(3, min(380, months * 28))
    return max(months_later(ends, -months), months_later(midnight(DECISION), -months) + DAY)


def _licence(dice: Dice, name: str, term: str) -> list[Thing]:
    told = dice.random() < 0.15
    renews = not told and dice.random() < 0.8
    return [_thing(dice, "new-commerce-license", name, _began(dice, term, 7), term, told=told, renews=renews)]


def _monthly(dice: Dice, name: str) -> list[Thing]:
    return _licence(dice, name, "P1M")


def _yearly(dice: Dice, name: str) -> list[Thing]:
    return _licence(dice, name, "P1Y")


def _triennial(dice: Dice, name: str) -> list[Thing]:
    return _licence(dice, name, "P3Y")


def _addon(dice: Dice, name: str) -> list[Thing]:
    """A base with an add-on of the same term."""
    [base] = _licence(dice, name, dice.choice(("P1M", "P1Y")))
    return [base, replace(base, name=f"{name}-extra", id=_guid(dice), base=name)]


def _suspended(dice: Dice, name: str) -> list[Thing]:
    [licence] = _licence(dice, name, dice.choice(("P1M", "P1Y")))
    return [replace(licence, status="suspended", renews=False, told=False)]


def _over(dice: Dice, name: str) -> list[Thing]:
    """An expired or disabled licence that is still shown."""
    status, days = dice.choice((("expired", (2, 25)), ("disabled", (35, 100))))
    starts = months_later(midnight(DECISION) - DAY * dice.randint(*days), -12)
    licence = _thing(dice, "new-commerce-license", name, starts, "P1Y", status=status)
    return [replace(licence, window=None)]


def _trial(dice: Dice, name: str) -> list[Thing]:
    starts = _began(dice, "P1M", 7)
    return [_thing(dice, "new-commerce-license", name, starts, "P1M", trial=True, renews=dice.random() < 0.3)]


def _extended(dice: Dice, name: str) -> list[Thing]:
    starts = midnight(DECISION) - DAY * dice.randint(0, 25)
    licence = _thing(dice, "new-commerce-license", name, starts, "P1M", extended=True)
    assert licence.ends is not None
    return [replace(licence, window=midnight(licence.ends - DAY))]


def _legacy(dice: Dice, name: str) -> list[Thing]:
    starts = _ago(dice, 1, 360)
    status = dice.choice(("active", "active", "active", "suspended"))
    ends = months_later(starts, 12)
    return [_thing(dice, "legacy-license", name, starts, "P1Y", ends=ends, status=status, renews=dice.random() < 0.7)]


def _azure(dice: Dice, name: str) -> list[Thing]:
    azure = tuple(dice.choices(("active", "inactive"), (3, 1), k=dice.randint(0, 3)))
    line = "cancel" if "active" in azure else ""
    return [_thing(dice, "azure-plan", name, _ago(dice, 10, 300), azure=azure, line=line, quantity=1)]


def _oldazure(dice: Dice, name: str) -> list[Thing]:
    return [_thing(dice, "azure-legacy", name, _ago(dice, 10, 300), quantity=1)]


def _software(dice: Dice, name: str) -> list[Thing]:
    return [_thing(dice, "software-subscription", name, _began(dice, "P1Y", 7), "P1Y", renews=dice.random() < 0.7)]


def _perpetual(dice: Dice, name: str) -> list[Thing]:
    return [_thing(dice, "perpetual-software", name, _ago(dice, 0, 60))]


def _reservation(dice: Dice, name: str) -> list[Thing]:
    starts = midnight(_ago(dice, 20, 330))
    returnable = dice.random() < 0.5
    return [_thing(dice, "reservation", name, starts, "P1Y", returnable=returnable, quantity=1)]


def _savings(dice: Dice, name: str) -> list[Thing]:
    return [_thing(dice, "savings-plan", name, _ago(dice, 20, 360), "P1Y", quantity=1)]


def _saas(dice: Dice, name: str) -> list[Thing]:
    term = dice.choice(("P1M", "P1Y"))
    return [_thing(dice, "marketplace-saas", name, _began(dice, term, 3), term, renews=dice.random() < 0.7)]


SORTS: tuple[Callable[[Dice, str], list[Thing]], ...] = (
    *(_monthly, _yearly, _triennial, _addon, _suspended, _over, _trial, _extended, _legacy, _azure, _oldazure),
    *(_software, _perpetual, _reservation, _savings, _saas),
)


def _wish(dice: Dice, things: list[Thing]) -> Leaving:
    until = _promise(dice, things)
    waits = until is None and dice.random() < 0.25 and not any(thing.trial and thing.renews for thing in things)
    return Leaving(
        not_before=TODAY + DAY * dice.randint(2, 60) if waits else None,
        service_until=until,
        deadline=TODAY + DAY * dice.randint(80, 400) if dice.random() < 0.3 else None,
        pace=dice.choice(("together", "together", "asap")),
        refunds=dice.choice(("prefer", "prefer", "prefer", "require", "ignore")),
        settle=dice.choice((0, 0, 0, 3)),
        ends_access=dice.random() < 0.3,
    )


def _promise(dice: Dice, things: list[Thing]) -> date | None:
    """Service until a day ahead that no term cuts short unless a monthly licence can simply go on."""
    if dice.random() < 0.6:
        return None
    cut = [thing.ends for thing in things if thing.ends is not None and not _goes_on(thing)]
    day = TODAY + DAY * dice.randint(1, 75)
    return day if all(is_over(day) <= end for end in cut) else None


def _goes_on(thing: Thing) -> bool:
    monthly = thing.kind == "new-commerce-license" and thing.term == "P1M" and thing.renews and not thing.trial
    old = thing.kind == "legacy-license" and (thing.renews or thing.status == "suspended")
    return monthly or old or thing.extended or thing.status in {"expired", "disabled"}


def _transfer(dice: Dice, things: list[Thing], leaving: Leaving) -> Transfer | None:
    """Another partner is offered the yearly licences, and does nothing."""
    lapses = midnight(DECISION) + DAY * dice.randint(3, 28) + timedelta(hours=12)
    yearly = [t.name for t in things if t.kind == "new-commerce-license" and t.term == "P1Y" and not t.base]
    return Transfer(tuple(yearly), lapses) if yearly and leaving.service_until is None else None
