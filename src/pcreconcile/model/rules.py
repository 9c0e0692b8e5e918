"""The rule pack: every window, cap, percentage and delay as dated, sourced data.

The shipped pack is `exits/rules.yaml`; `manifests` reads it, and a `kind: Rules` document of the partner folder may
override single rules with a reason. `Rules` holds what is valid on one day.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import msgspec

from pcreconcile.model.money import Money


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """One fact about how things end. `value` is a number of `unit`, or a word such as blocks, free or probe.

    Valid from `valid_from` until `valid_until` (both included; None: still). `checked` is when somebody last looked.
    """

    id: str
    value: int | str
    unit: str
    source: str
    valid_from: date
    confidence: str
    checked: date
    valid_until: date | None = None
    note: str = ""


class Override(msgspec.Struct, frozen=True, rename="camel"):
    """A rule whose shipped value the partner replaced, and why."""

    id: str
    value: int | str
    shipped: int | str
    reason: str


class Rules(msgspec.Struct, frozen=True, rename="camel"):
    """A pack with its version; asking for a rule that it does not have is a mistake of ours, so it raises KeyError.

    `stale_after_months`: a rule checked longer ago is warned about.
    """

    version: str
    rules: dict[str, Rule]
    digest: str = ""
    overridden: tuple[Override, ...] = ()
    stale_after_months: int = 12

    def word(self, rule: str) -> str:
        """A rule whose value is a word."""
        return str(self.rules[rule].value)

    def days(self, rule: str) -> timedelta:
        """A rule whose value is a number of days or hours, as a duration."""
        found = self.rules[rule]
        unit = {"days": timedelta(days=1), "hours": timedelta(hours=1)}[found.unit]
        return unit * int(found.value)

    def months(self, rule: str) -> int:
        """A rule whose value is a number of months."""
        return int(self.rules[rule].value)

    def percent(self, rule: str) -> Decimal:
        """A rule whose value is a percentage, as a fraction: 12 percent is 0.12."""
        return Decimal(self.rules[rule].value) / 100

    def amount(self, rule: str) -> Money:
        """A rule whose value is an amount in whole US dollars."""
        return Money(Decimal(self.rules[rule].value), self.rules[rule].unit.upper())
