"""What an order line's `pricing` says that one unit costs (the order resource's Pricing, and API facts, 6.1).

Of its five members `price` is the one that is paid, in the currency of the order. Where the first charge was prorated,
`discountedPrice` is that of a whole one, and only comparable where no conversion lies between: the prorated price must
be the paid one. The list price is nobody's bill. What does not add up stays unknown.
"""

from __future__ import annotations

import re
from decimal import Decimal

from pcreconcile.model.money import Money
from pcreconcile.partner_center.wire import Members, UnexpectedShape

_CURRENCY = re.compile(r"[A-Za-z]{3}")
_MICRO = Decimal("0.000001")


def unit_price(line: Members, quantity: int, currency: str | None) -> Money | None:
    """The price of one unit for one whole charge; None where the order does not say it, or in no currency.

    A price in a shape of its own is one that nobody knows: it must not make the order itself unreadable.
    """
    try:
        pricing = line.optional_member("pricing")
        amount = None if pricing is None else _of_one(pricing, quantity)
    except UnexpectedShape:
        return None
    if amount is None or amount < 0 or currency is None or not _CURRENCY.fullmatch(currency):
        return None
    return Money(amount, currency.upper())


def _of_one(pricing: Members, quantity: int) -> Decimal | None:
    paid, whole, prorated = (pricing.decimal(name) for name in ("price", "discountedPrice", "proratedPrice"))
    if whole is not None and prorated is not None and whole != prorated:
        return whole if paid is None or paid == prorated else None
    if paid is not None:
        return paid
    return whole if whole is not None else _share(pricing.decimal("extendedPrice"), quantity)


def _share(extended: Decimal | None, quantity: int) -> Decimal | None:
    """One of so many; an amount that does not divide is kept to the millionth."""
    if extended is None or quantity <= 0:
        return None
    share = extended / quantity
    return share if share * quantity == extended else share.quantize(_MICRO)
