"""Money in plans of random worlds: never without a currency, never a guess, and sums that are those of the actions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcreconcile.model.money import Money
from pcreconcile.model.plan import Action, CustomerPlan
from tests.exits.estates import customer_plan
from tests.planning.worlds import World, worlds

bounded = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
AMOUNTS = ["0.01", "12.00", "12.50 EUR", "144.99 EUR", "9999.99 JPY"]


@st.composite
def priced(draw: st.DrawFn) -> World:
    """A world in which some things have a price, in one currency or another."""
    world = draw(worlds())
    for thing in world["holds"]:
        if draw(st.booleans()):
            thing["price"] = draw(st.sampled_from(AMOUNTS))
            thing["cycle"] = draw(st.sampled_from(["monthly", "annual", "one_time", None]))
            thing.setdefault("order", f"O-{thing['id']}/1")
        thing["starts"] = draw(st.sampled_from([None, "2026-01-01", "2026-11-20"]))
        thing["term"] = draw(st.sampled_from([None, "P1M", "P1Y", "P3Y"]))
    world["prices"] = draw(
        st.lists(
            st.fixed_dictionaries(
                {"amount": st.sampled_from(AMOUNTS), "per": st.sampled_from(["month", "year", "three-years", "once"])},
                optional={"sku": st.sampled_from(["*", "CFQ7TTC0*"])},
            ),
            max_size=2,
        )
    )
    return world


def amounts(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in a document that looks like an amount."""
    if isinstance(value, dict):
        if "amount" in value:
            yield value
        for member in value.values():
            yield from amounts(member)
    elif isinstance(value, list):
        for member in value:
            yield from amounts(member)


def known(actions: tuple[Action, ...], member: str) -> dict[str, Decimal]:
    """The sums of one member by currency, counted here once more."""
    sums: dict[str, Decimal] = {}
    for action in actions:
        amount: Money | None = getattr(action.money, member)
        if amount is not None:
            sums[amount.currency] = sums.get(amount.currency, Decimal(0)) + amount.amount
    return sums


@given(world=priced())
@bounded
def test_money_never_appears_without_its_currency_or_as_a_float(world: World) -> None:
    found = customer_plan(world)
    for each in amounts(msgspec.json.decode(msgspec.json.encode(found))):
        assert isinstance(each["amount"], str), each
        assert len(each["currency"]) == 3, each
        assert each["currency"].isupper(), each


@given(world=priced())
@bounded
def test_money_is_in_whole_cents_and_never_negative(world: World) -> None:
    for each in amounts(msgspec.json.decode(msgspec.json.encode(customer_plan(world)))):
        amount = Decimal(each["amount"])
        assert amount >= 0
        assert amount == amount.quantize(Decimal("0.01"))


@given(world=priced())
@bounded
def test_the_sums_are_those_of_the_actions(world: World) -> None:
    found: CustomerPlan = customer_plan(world)
    for member in ("refund", "lost_per_day", "committed"):
        told = {each.currency: each.amount for each in getattr(found.money, member)}
        assert told == known(found.actions, member)


@given(world=worlds())
@bounded
def test_where_nobody_names_a_price_only_reservations_have_an_amount(world: World) -> None:
    for action in customer_plan(world).actions:
        if action.target.type not in {"reservation", "entitlement"}:
            assert action.money.refund is None
            assert action.money.lost_per_day is None
            assert action.money.committed is None
