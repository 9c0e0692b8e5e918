"""What a purchase is besides its family, and by which fields."""

from __future__ import annotations

from typing import Any

import pytest

from pcreconcile.exits import holdings_of
from pcreconcile.model.family import Trait
from tests.exits.estates import customer_state

EXTEND = ["TermEnd/RenewToExtendedServiceTerm"]
MONTH: dict[str, Any] = {
    "kind": "new-commerce-license",
    "id": "A",
    "term": "P1M",
    "starts": "2026-11-10",
    "ends": "2026-12-09",
    "window": "2026-12-09",
    "autoRenew": False,
    "scheduled": EXTEND,
}

EXTENDED: list[tuple[str, dict[str, Any], bool]] = [
    ("a month that goes on", {}, True),
    ("its beginning is not shown", {"starts": None}, True),
    ("it is told to end", {"scheduled": ["TermEnd/Cancel"]}, True),
    ("the tenant shows no instructions", {"scheduled": None}, True),
    ("told to end, and its beginning is not shown", {"scheduled": ["TermEnd/Cancel"], "starts": None}, False),
    ("a window of eight days", {"scheduled": [], "starts": "2026-12-01"}, False),
    ("a window of eight days and a second", {"scheduled": [], "starts": "2026-11-30T23:59:59Z"}, True),
    ("it renews", {"autoRenew": True}, False),
    ("nobody shows whether it renews", {"autoRenew": None}, False),
    ("a year", {"term": "P1Y"}, False),
    ("its window closes a day before its end", {"window": "2026-12-08T23:59:59Z"}, False),
    ("its window closes after its end", {"window": "2026-12-10"}, True),
    ("no window", {"window": None}, False),
    ("no end", {"ends": None}, False),
    ("a trial", {"trial": True}, False),
]


@pytest.mark.parametrize(("changed", "expected"), [pytest.param(*each[1:], id=each[0]) for each in EXTENDED])
def test_an_extended_service_term_is_told_by_its_fields(changed: dict[str, Any], expected: bool) -> None:
    (holding,) = holdings_of(customer_state([{**MONTH, **changed}], None, {}))
    assert (Trait.EXTENDED_SERVICE_TERM in holding.traits) is expected


def test_each_trait_has_its_evidence() -> None:
    add_on = {"kind": "legacy-license", "id": "B", "trial": True, "parent": "A"}
    found = holdings_of(customer_state([MONTH, add_on, {"kind": "perpetual-software", "id": "C"}], None, {}))
    assert {each.subject.id: each.traits for each in found} == {
        "A": {
            Trait.EXTENDED_SERVICE_TERM: "a month without auto-renew, TermEnd/RenewToExtendedServiceTerm, cancellable "
            "until its end on 2026-12-09"
        },
        "B": {Trait.TRIAL: "isTrial", Trait.ADD_ON: "parentSubscriptionId A"},
        "C/0": {},
    }
