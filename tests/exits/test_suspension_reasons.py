"""Whose suspension it was: every documented reason and others × what the journal knows × how a line names it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from pcreconcile.exits.suspensions import BY_MICROSOFT
from pcreconcile.model.plan import ActionKind
from tests.exits.estates import customer_plan

FAMILIES = ("new-commerce-license", "legacy-license", "azure-plan", "azure-legacy")
DOCUMENTED, OTHER, NONE = "documented", "other", "none"
BACK, BLOCKED, LEFT = "comes back", "only Microsoft lifts it", "stays suspended"

# (reason, journal knows that it was ours, the line that reactivates it: by what)
TABLE = {
    (NONE, True, "id"): BACK,
    (NONE, True, "family"): BACK,
    (NONE, True, None): BACK,
    (NONE, False, "id"): BACK,
    (NONE, False, "family"): BACK,
    (NONE, False, None): LEFT,
    (OTHER, True, "id"): BACK,
    (OTHER, True, "family"): BACK,
    (OTHER, True, None): BACK,
    (OTHER, False, "id"): BACK,
    (OTHER, False, "family"): BLOCKED,
    (OTHER, False, None): LEFT,
    (DOCUMENTED, True, "id"): BACK,
    (DOCUMENTED, True, "family"): BLOCKED,
    (DOCUMENTED, True, None): BLOCKED,
    (DOCUMENTED, False, "id"): BACK,
    (DOCUMENTED, False, "family"): BLOCKED,
    (DOCUMENTED, False, None): LEFT,
}
REASONS = {
    NONE: [[]],
    OTHER: [["NonPayment"], ["fraud"], ["Cancelled"], ["Other"], ["None"], ["a reason of tomorrow"]],
    DOCUMENTED: [*([each] for each in BY_MICROSOFT), ["past due"], ["POLICY_VIOLATION"], ["NonPayment", "PastDue"]],
}
ROWS = [(*row, reasons) for row in TABLE for reasons in REASONS[row[0]]]


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(product((NONE, OTHER, DOCUMENTED), (True, False), ("id", "family", None)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("kind", "ours", "line", "reasons"), ROWS)
def test_whose_suspension_it_was(kind: str, ours: bool, line: str | None, reasons: list[str], family: str) -> None:
    match = {"id": "A"} if line == "id" else {"family": family}
    lines = [] if line is None else [{"match": match, "desired": "reactivate"}]
    held: dict[str, Any] = {"kind": family, "id": "A", "status": "suspended", "autoRenew": False, "ends": "2027-06-30"}
    plan = customer_plan(
        {
            "holds": [held | {"suspensionReasons": reasons}],
            "wants": {"relationship": "active", "subscriptions": lines},
            "memory": {"suspended": ["A"]} if ours else {},
        }
    )
    kinds = [action.kind for action in plan.actions]
    codes = [blocker.code for blocker in plan.blockers]
    found = BACK if ActionKind.REACTIVATE_SUBSCRIPTION in kinds else BLOCKED if codes else LEFT
    assert found == TABLE[kind, ours, line]
    assert codes == (["suspended-by-microsoft"] if found == BLOCKED else [])
