"""What one unit of each holding costs: the price of its order, else the partner's own price list, else nobody knows.

A price alone is no charge: it takes the time that it pays for. Where the service does not say that (an order without a
billing cycle, for a term of a year), the amount stays unknown, because half of a guess is money in a plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from msgspec.structs import replace

from pcreconcile.exits import Charge, Holding
from pcreconcile.exits.spans import months_of
from pcreconcile.model.family import Trait
from pcreconcile.model.prices import Per, Price, Prices
from pcreconcile.model.rules import Rules
from pcreconcile.planning.offers import fits_offer

PRICE_LIST = "price list"

# The wire's billing cycles with a length of their own (API facts, 5.3); none and one_time pay for the whole term.
_CYCLES = {"monthly": 1, "annual": 12, "biennial": 24, "triennial": 36}
_AT_ONCE = frozenset({"none", "onetime"})
_MONTHS: dict[Per, int | None] = {Per.MONTH: 1, Per.YEAR: 12, Per.THREE_YEARS: 36, Per.ONCE: None}


def with_charges(holdings: Iterable[Holding], prices: Prices, rules: Rules, now: datetime) -> tuple[Holding, ...]:
    """The holdings, each with its charge; None where no price is known, and for what is billed by usage.

    The price of an order comes first, except where it need not be what is paid: a trial costs what a list says of its
    very product, and an Extended Service Term is dearer than what was once ordered.
    """
    return tuple(replace(holding, charge=_charge(holding, prices, rules, now.date())) for holding in holdings)


def _charge(holding: Holding, prices: Prices, rules: Rules, day: date) -> Charge | None:
    row = holding.subject.subscription
    if row is not None and row.billing_type == "usage":
        return None
    listed = _listed(holding, prices, day)
    if Trait.TRIAL in holding.traits:
        return listed
    ordered = _ordered(holding, rules)
    if Trait.EXTENDED_SERVICE_TERM in holding.traits:
        return listed or ordered
    return ordered or listed


def _listed(holding: Holding, prices: Prices, day: date) -> Charge | None:
    entry = next((entry for entry in prices.entries if _fits(entry, holding, day)), None)
    if entry is None:
        return None
    return Charge(entry.amount, _MONTHS[entry.per], f"{PRICE_LIST}, per {entry.per}")


def _fits(entry: Price, holding: Holding, day: date) -> bool:
    """Every given member fits. A trial is priced by what names its product: a family's price is that of paid terms."""
    by_product = entry.sku is not None and fits_offer(holding.subject.offer_id, entry.sku)
    return (
        (by_product or (entry.sku is None and Trait.TRIAL not in holding.traits))
        and (entry.family is None or entry.family is holding.family)
        and (entry.term is None or entry.term == _term(holding))
        and (entry.billing is None or _folded(entry.billing) == _cycle(holding))
        and (entry.valid_from is None or entry.valid_from <= day)
        and (entry.valid_until is None or day <= entry.valid_until)
    )


def _ordered(holding: Holding, rules: Rules) -> Charge | None:
    line, order = holding.subject.line, holding.subject.order
    if line is None or order is None or line.unit_price is None:
        return None
    pays_for = rules.word("money.order-price")
    months = _months(holding, pays_for)
    if months is None and not _is_bought_for_good(holding):
        return None
    return Charge(line.unit_price, months, f"order {order.id}, per {pays_for} (rule money.order-price)")


def _months(holding: Holding, pays_for: str) -> int | None:
    """What one price of an order pays for; None where nobody says."""
    term, cycle = months_of(_term(holding)), _cycle(holding)
    if pays_for == "term" or cycle in _AT_ONCE or term == 1:  # nothing is billed at longer intervals than its term
        return term
    return _CYCLES.get(cycle)


def _is_bought_for_good(holding: Holding) -> bool:
    """Without a subscription there is nothing that would be charged again; a term would say that it ends."""
    return holding.subject.subscription is None and not _term(holding)


def _term(holding: Holding) -> str:
    row, line = holding.subject.subscription, holding.subject.line
    return (
        (row.term_duration if row is not None else None) or (line.term_duration if line is not None else None) or ""
    ).upper()


def _cycle(holding: Holding) -> str:
    row, order = holding.subject.subscription, holding.subject.order
    return _folded(
        (row.billing_cycle if row is not None else None) or (order.billing_cycle if order is not None else None) or ""
    )


def _folded(cycle: str) -> str:
    return cycle.replace("_", "").lower()
