"""A write that took more than it was asked to is not called done, whatever it was and whatever went with it."""

from __future__ import annotations

from typing import Any

import pytest

from pcreconcile.model.observed import BESIDES
from pcreconcile.model.plan import ActionKind
from tests.applying.world import ONE, Desk, Fault, Microsoft, act, plan_of, planned, subscription

# What the service makes of each field that no write of ours may touch: a new one needs a row.
OTHERS: dict[str, dict[str, Any]] = {
    "name": {"name": "another name"},
    "quantity": {"quantity": 1},
    "partnerId": {"partner_id": "another"},
    "promotionId": {"promotion_id": "another"},
    "termDuration": {"term_duration": "P1M"},
    "billingCycle": {"billing_cycle": "monthly"},
    "nextChargeInstructions": {"next_charge": "{}"},
}
KINDS = (ActionKind.SUSPEND_SUBSCRIPTION, ActionKind.CANCEL_AT_TERM_END)


def test_every_field_has_a_row() -> None:
    assert set(OTHERS) == set(BESIDES)


@pytest.mark.parametrize("fault", [None, Fault.LOST_AFTER], ids=["answered", "answer lost"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OTHERS)
def test_what_went_along_is_told_and_the_run_is_not_done(
    desk: Desk, microsoft: Microsoft, name: str, kind: ActionKind, fault: Fault | None
) -> None:
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [act(kind, "s1")]))
    microsoft.before_write = lambda _request: microsoft.change(ONE, "s1", **OTHERS[name])
    microsoft.faults.append(fault)
    receipt = desk.apply(plan)
    assert (receipt.exit_code, len(microsoft.requests)) == (7, 1)
    assert f"changed what it was not asked to: {name} was" in str(receipt)


@pytest.mark.parametrize("kind", [*KINDS, ActionKind.CANCEL_SUBSCRIPTION])
def test_what_nothing_went_along_with_is_done(desk: Desk, microsoft: Microsoft, kind: ActionKind) -> None:
    """Twin: the daily case; what was cancelled keeps nothing, and may show anything."""
    microsoft.add(ONE, subscription("s1"))
    plan = plan_of(planned(microsoft, [act(kind, "s1")]))
    if kind is ActionKind.CANCEL_SUBSCRIPTION:
        microsoft.before_write = lambda _request: microsoft.change(ONE, "s1", quantity=0)
    assert desk.apply(plan).exit_code == 0
