"""What nothing else recognises: it blocks, its raw values are shown, and nothing is written for its customer."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from pcreconcile.exits import staying
from pcreconcile.exits.exit import Evidence, Exit, Holding, Wish, not_understood, nothing
from pcreconcile.exits.family import Precedence
from pcreconcile.exits.subject import Subject
from pcreconcile.model.family import Family
from pcreconcile.model.rules import Rules

FAMILY = Family.UNKNOWN
ASKED = 1000
PLACE = 1000
PRECEDES: tuple[Precedence, ...] = ()
ENDS_BY_SUSPENDING = False
renew, stay = staying.renew, staying.stay
_PRODUCT = "unknown.product"


def recognise(subject: Subject) -> Evidence | None:
    """Always: the evidence is what there was to go by."""
    row = subject.subscription
    if row is not None:
        return Evidence(f"offer {row.offer_id}, productType {row.product_type}, billingType {row.billing_type}")
    return Evidence(f"offer {subject.offer_id}, no subscription, {len(subject.entitlements)} entitlements")


def leave(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing is known of how it ends; what the service calls deleted, or shows with quantity 0, has ended.

    The rule has one word only: no partner may say that something unknown is harmless.
    """
    row = holding.subject.subscription
    if row is not None and row.status == "deleted":
        return nothing()
    if row is None and holding.subject.quantity == 0:
        return nothing()
    found = not_understood("unknown-product", holding, f"this product ({holding.evidence.because})")
    rule = rules.rules[_PRODUCT].id
    return replace(found, blockers=tuple(replace(each, rule=rule) for each in found.blockers))


def pause(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Dunning leaves alone what it does not understand, and writes nothing for the customer."""
    return leave(holding, wish, rules, now)


def resume(holding: Holding, wish: Wish, rules: Rules, now: datetime) -> Exit:
    """Nothing of ours to resume."""
    return nothing()
