"""What orders say about prices: which of five amounts one unit costs, and what a service that refuses them changes."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from pcreconcile.model.estate import CustomerState, Order
from pcreconcile.model.money import Money
from tests.partner_center.bench import OTHER, TENANT, Bench, by_path, customer, page, reply

LINE = {"lineItemNumber": 0, "offerId": "CFQ7TTC0LF8R:0001:CFQ7TTC0JNQP", "quantity": 3}
ORDER = {"id": "2y6dF", "status": "completed", "currencyCode": "EUR"}


def body(pricing: str | None, quantity: int = 3, currency: str | None = '"EUR"') -> bytes:
    """An order as bytes, so that amounts go out digit by digit."""
    priced = "" if pricing is None else f', "pricing": {pricing}'
    code = "" if currency is None else f', "currencyCode": {currency}'
    line = f'{{"lineItemNumber": 0, "offerId": "CFQ7:0001:X", "quantity": {quantity}{priced}}}'
    return f'{{"items": [{{"id": "2y6dF", "status": "completed"{code}, "lineItems": [{line}]}}]}}'.encode()


def orders(answer: Any) -> tuple[tuple[Order, ...], CustomerState]:
    state = asyncio.run(Bench(by_path(customer=customer(), orders=answer)).partner_center.read_customer(TENANT))
    return state.orders, state


AMOUNTS: dict[str, tuple[str | None, str | None]] = {
    "none": (None, None),
    "null": ("null", None),
    "nothing in it": ("{}", None),
    "the one that is paid": (
        '{"listPrice": 30, "discountedPrice": 19.95, "proratedPrice": 19.95, "price": 19.95}',
        "19.95",
    ),
    "paid in another currency than listed": (
        '{"listPrice": 30, "discountedPrice": 20, "proratedPrice": 20, "price": 18.50}',
        "18.50",
    ),
    "a first charge for part of the time": (
        '{"discountedPrice": 20.00, "proratedPrice": 7.31, "price": 7.31}',
        "20.00",
    ),
    "part of the time, in another currency": ('{"discountedPrice": 20, "proratedPrice": 7, "price": 6.4}', None),
    "part of the time, and nothing paid": ('{"discountedPrice": 20, "proratedPrice": 7}', "20"),
    "the discounted one alone": ('{"listPrice": 30, "discountedPrice": 19.95}', "19.95"),
    "the whole line alone": ('{"extendedPrice": 59.85}', "19.95"),
    "a whole line that does not divide": ('{"extendedPrice": 10}', "3.333333"),
    "the list price is no bill": ('{"listPrice": 30}', None),
    "nothing": ('{"price": 0.0}', "0.0"),
    "every digit": ('{"price": 0.1234567890123456789}', "0.1234567890123456789"),
    "whole": ('{"price": 20}', "20"),
    "a text": ('{"price": "19.95"}', "19.95"),
    "PascalCase": ('{"Price": 19.95}', "19.95"),
    "less than nothing": ('{"price": -1}', None),
    "a word": ('{"price": "free"}', None),
    "an object": ('{"price": {"amount": 5}}', None),
    "a list": ("[19.95]", None),
    "true": ('{"price": true}', None),
}


@pytest.mark.parametrize(("pricing", "expected"), AMOUNTS.values(), ids=AMOUNTS)
def test_the_price_of_one_unit(pricing: str | None, expected: str | None) -> None:
    found, state = orders(reply(body(pricing)))
    assert state.problems == ()
    money = found[0].line_items[0].unit_price
    assert money == (None if expected is None else Money(Decimal(expected), "EUR"))
    assert expected is None or str(money and money.amount) == expected


@pytest.mark.parametrize(("quantity", "expected"), [(3, "19.95"), (0, None)])
def test_a_cancelled_line_has_no_share_of_its_whole(quantity: int, expected: str | None) -> None:
    found, _ = orders(reply(body('{"extendedPrice": 59.85}', quantity)))
    assert found[0].line_items[0].unit_price == (None if expected is None else Money(Decimal(expected), "EUR"))


@pytest.mark.parametrize(
    ("currency", "expected"), [('"usd"', "USD"), ("null", None), (None, None), ('""', None), ('"€"', None)]
)
def test_an_amount_without_a_currency_is_no_money(currency: str | None, expected: str | None) -> None:
    found, state = orders(reply(body('{"price": 5}', currency=currency)))
    money = found[0].line_items[0].unit_price
    assert state.problems == ()
    assert money == (None if expected is None else Money(Decimal(5), expected))


def refusing(status: int, *, plain: Any) -> Bench:
    """A service that answers so when it is asked for prices."""

    def script(request: httpx.Request) -> Any:
        if request.url.path.endswith("/orders"):
            asked = b"include_price=true" in request.url.query
            return reply({"code": 800002, "description": "include_price"}, status) if asked else plain
        if request.url.path.endswith((TENANT, OTHER)):
            return reply(customer(request.url.path[-36:]))
        return reply(page())

    return Bench(script)


def asked(bench: Bench) -> list[str]:
    return [path.partition("/orders")[2] for path in bench.paths if "/orders" in path]


PLAIN = reply(page({**ORDER, "lineItems": [LINE]}))


def both(bench: Bench) -> list[CustomerState]:
    async def run() -> list[CustomerState]:
        return [await bench.partner_center.read_customer(tenant) for tenant in (TENANT, OTHER)]

    return asyncio.run(run())


def test_a_service_that_refuses_prices_shows_its_orders_and_is_not_asked_again() -> None:
    bench = refusing(400, plain=PLAIN)
    states = both(bench)
    assert [(state.problems, len(state.orders)) for state in states] == [((), 1), ((), 1)]
    assert asked(bench) == ["?include_price=true", "", ""]


def test_orders_that_cannot_be_read_either_way_say_nothing_about_prices() -> None:
    bench = refusing(400, plain=reply({"code": 20002}, 403))
    assert ["20002" in state.problems[0] for state in both(bench)] == [True, True]
    assert asked(bench) == ["?include_price=true", "", "?include_price=true", ""]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_another_refusal_is_one_of_the_orders(status: int) -> None:
    bench = refusing(status, plain=PLAIN)
    assert all(state.problems for state in both(bench))
    assert set(asked(bench)) == {"?include_price=true"}
