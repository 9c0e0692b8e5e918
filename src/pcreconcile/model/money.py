"""Money is a decimal with a currency, never a float; amounts of two currencies are never added."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec


class Money(msgspec.Struct, frozen=True):
    """An amount in one ISO 4217 currency; on paper `{"amount": "12.50", "currency": "EUR"}`."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        """Raises ValueError for two currencies."""
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"


def totals(amounts: Iterable[Money | None]) -> tuple[Money, ...]:
    """One sum per currency, by currency code; unknown amounts (None) are not zero and do not appear."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        if amount is not None:
            known = sums.get(amount.currency)
            sums[amount.currency] = amount if known is None else known + amount
    return tuple(sums[currency] for currency in sorted(sums))
