"""What a run did: the summary and the lines that are shown while it runs."""

import msgspec
import pytest

from pcreconcile.model.ids import ActionId, PlanId, RunId
from pcreconcile.model.run import ActionResult, ActionState, CustomerResult, Event, EventKind, Receipt
from pcreconcile.rendering import receipt
from pcreconcile.rendering.event import EventLines
from pcreconcile.rendering.page import Style
from tests.rendering import sample_plan

_REMOVAL = sample_plan.ready().actions[1]
_PARTLY = Receipt(
    run=RunId("run-1"),
    plan_id=PlanId("plan-1"),
    started_at=sample_plan.NOW,
    finished_at=sample_plan.NOW,
    exit_code=6,
    customers=(
        CustomerResult(
            "birch-clinic",
            sample_plan.tenant(22),
            "partial",
            "one action failed",
            (
                ActionResult(ActionId("1"), "cancel-subscription", "Business Premium", ActionState.VERIFIED),
                ActionResult(
                    _REMOVAL.id, "remove-relationship", "customer 6b2e", ActionState.FAILED, "HTTP 400/3000: no"
                ),
                ActionResult(ActionId("3"), "manual", "order-line 7/1", ActionState.SKIPPED, "one action failed"),
            ),
        ),
        CustomerResult("dune-studio", sample_plan.tenant(24), "done", ""),
    ),
)

_GOLDEN = """
Receipt
  birch-clinic  partial: one action failed
    - remove the reseller relationship: failed (HTTP 400/3000: no)
    - manual order-line 7/1: skipped
  dune-studio  done
  actions     1 verified, 1 failed, 1 skipped
  finished    2026-11-22 15:30 UTC
  run         run-1
  plan ID     plan-1
  result      partly done: plan again to see what is left
"""


def test_a_receipt():
    assert receipt.render(_PARTLY, plan=sample_plan.sample(), style=Style(width=100)) == _GOLDEN


def test_a_resumed_receipt_says_so():
    resumed = msgspec.structs.replace(_PARTLY, resumed=True, exit_code=0)
    text = receipt.render(resumed, plan=sample_plan.sample(), style=Style(width=100))
    assert "Receipt (resumed)" in text
    assert "result      done" in text


def _event(kind, **body):
    action = sample_plan.ready().actions[0].id
    return Event(1, RunId("r"), PlanId("p"), sample_plan.NOW, kind, sample_plan.tenant(22), action, None, body, "", "")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            _event(EventKind.INTENT),
            "birch-clinic  cancel subscription: Microsoft 365 Business Premium: sending\n",
        ),
        (
            _event(EventKind.REFUSED, message="HTTP 400/3000: \x1b no"),
            "birch-clinic  cancel subscription: Microsoft 365 Business Premium: REFUSED by the service"
            " (HTTP 400/3000: \\x1b no)\n",
        ),
        (
            msgspec.structs.replace(_event(EventKind.CUSTOMER_FINISHED, outcome="done"), action=None),
            "birch-clinic  finished (done)\n",
        ),
        (_event(EventKind.RUN_STARTED), ""),
    ],
)
def test_a_line_per_event(event, line):
    assert EventLines(sample_plan.sample()).line(event) == line
