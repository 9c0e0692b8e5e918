"""Sums of a plan: by currency, by member, and what is not known counted beside them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pcreconcile.model.money import Money
from pcreconcile.model.plan import MoneySummary
from pcreconcile.planning.counting import counted, summed
from tests.planning.fleets import REMOVAL, RENEW, action, customer


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def dollars(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


NO_REFUND = {"refund": euros("0.00"), "lost_per_day": euros("0.00")}

SUMS = [
    # the money of each action with a family, what it comes to
    ([], MoneySummary()),
    ([{}], MoneySummary(unknown={"refund": 1, "lostPerDay": 1, "committed": 1})),
    (
        [{"refund": euros("0.10")}, {"refund": euros("0.20")}],
        MoneySummary(refund=(euros("0.30"),), unknown={"lostPerDay": 2, "committed": 2}),
    ),
    (
        [{**NO_REFUND, "committed": euros("5.00")}, {**NO_REFUND, "committed": dollars("7.00")}],
        MoneySummary((euros("0.00"),), (euros("0.00"),), (euros("5.00"), dollars("7.00"))),
    ),
    (
        [{**NO_REFUND, "committed": euros("5.00")}, NO_REFUND],
        MoneySummary((euros("0.00"),), (euros("0.00"),), (euros("5.00"),), {"committed": 1}),
    ),
]


@pytest.mark.parametrize(("money", "expected"), SUMS)
def test_one_sum_per_currency_and_member(money: list[dict[str, Any]], expected: MoneySummary) -> None:
    assert summed([action(number, RENEW, **each) for number, each in enumerate(money)]) == expected


def test_only_what_was_bought_can_have_a_price() -> None:
    assert summed([action(1, REMOVAL), action(2, REMOVAL, committed=euros("1.00"))]) == MoneySummary()


def test_the_fleet_comes_to_what_its_customers_come_to() -> None:
    later = action(2, RENEW, "2026-12-01", **NO_REFUND, committed=euros("6.00"))
    plans = [customer(action(1, RENEW, refund=euros("4.00"))), customer(later, name="quay")]
    assert counted(plans).money == summed([each for plan in plans for each in plan.actions])
    assert counted(plans).refunds == (euros("4.00"),)
