"""What a month of an Extended Service Term costs, where anybody can know.

The surcharge is on the monthly price where the product has a monthly plan, and another one where it has none (rules
extended-service-term.surcharge and surcharge-without-monthly-plan). Which it is shows only where a monthly price is
known; and of what is extended already, the price of its old order is not what is charged any more.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from pcreconcile.exits.exit import Holding
from pcreconcile.model.family import Trait
from pcreconcile.model.money import Money
from pcreconcile.model.rules import Rules

SURCHARGE = "extended-service-term.surcharge"
WITHOUT_MONTHLY_PLAN = "extended-service-term.surcharge-without-monthly-plan"
_OF_THE_PARTNER = "price list"


def told(rules: Rules) -> str:
    """The two surcharges in words."""
    monthly, others = rules.percent(SURCHARGE) * 100, rules.percent(WITHOUT_MONTHLY_PLAN) * 100
    return f"{monthly:.0f} percent over the monthly price, {others:.0f} where the product has no monthly plan"


def priced(holding: Holding, rules: Rules) -> Holding:
    """The holding with the charge that it pays: of an Extended Service Term only what the partner's list tells."""
    if Trait.EXTENDED_SERVICE_TERM not in holding.traits or holding.charge is None:
        return holding
    if not holding.charge.source.startswith(_OF_THE_PARTNER):
        return replace(holding, charge=None)
    return surcharged(holding, rules)


def surcharged(holding: Holding, rules: Rules) -> Holding:
    """The holding as if it were extended; without a charge where no monthly price is known."""
    charge, row = holding.charge, holding.subject.subscription
    if charge is None or row is None or charge.months != 1 or row.term_duration != "P1M":
        return replace(holding, charge=None)
    unit = Money(charge.unit.amount * (Decimal(1) + rules.percent(SURCHARGE)), charge.unit.currency)
    return replace(holding, charge=replace(charge, unit=unit, source=f"{charge.source}, with the surcharge"))
