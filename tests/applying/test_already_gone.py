"""The service says that there is nothing to write to: what is told is what a read shows, whatever the action."""

from __future__ import annotations

from typing import Any

import pytest

from pcreconcile.applying.ceilings import BY_HAND
from pcreconcile.model.errors import RemoteError
from pcreconcile.model.observed import Fields
from pcreconcile.model.plan import ActionKind
from tests.applying.world import ONE, Desk, Microsoft, act, plan_of, planned, subscription, unread

KINDS = [kind for kind in ActionKind if kind not in BY_HAND]
BEFORE, AFTER = {"status": "active"}, {"status": "over"}
NO_RELATIONSHIP = "The relationship between the partner and customer does not exist."

GONE = [
    RemoteError("Not found.", status=404, code="1000"),
    RemoteError("Gone.", status=410),
    RemoteError(NO_RELATIONSHIP, status=400, code="3000", remedy="there is no relationship any more"),
    RemoteError("No such customer.", status=404, code="60003"),
    RemoteError("The subscription is deleted.", status=400, code="2011"),
    RemoteError("No commerce relationship.", status=403, code="20002"),
    RemoteError("No such subscription.", status=404, code="20003"),
    RemoteError("No such Azure subscription.", status=400, code="800111"),
]
OTHERS = [
    RemoteError("Invalid property.", status=400, code="3000"),
    RemoteError("You have passed your window.", status=400, code="900117"),
]

# By what a read shows after the answer: exit code, state of the action, and what must be told.
READS: dict[str, tuple[Any, int, str, str]] = {
    "as it was wanted": (AFTER, 0, "verified", ""),
    "as it was": (BEFORE, 6, "failed", "but a read shows it as it was"),
    "otherwise": ({"status": "strange"}, 3, "stale", "a read shows: status is strange"),
    "nothing": (None, 3, "stale", "a read shows: it does not exist"),
    "unreadable": (unread("cut off"), 9, "failed", "whether that is so could not be read: cut off"),
}


def apply(desk: Desk, microsoft: Microsoft, kind: ActionKind, answer: RemoteError, then: Any) -> Any:
    """One write that is answered so, and read so afterwards."""
    microsoft.add(ONE, subscription("s1"))

    async def read_item(*_: Any) -> Fields | None:
        shown = then if microsoft.requests else BEFORE
        if isinstance(shown, Exception):
            raise shown
        return None if shown is None else dict(shown)

    microsoft.read_item = read_item  # type: ignore[method-assign]
    microsoft.faults.append(answer)
    plan = plan_of(planned(microsoft, [act(kind, "s1", precondition=BEFORE, postcondition=AFTER)]))
    return desk.apply(plan)


@pytest.mark.parametrize("answer", GONE, ids=lambda each: f"{each.status}/{each.code}")
@pytest.mark.parametrize("shown", READS)
@pytest.mark.parametrize("kind", KINDS)
def test_already_gone_is_read_before_it_is_said(
    desk: Desk, microsoft: Microsoft, kind: ActionKind, shown: str, answer: RemoteError
):
    then, code, state, said = READS[shown]
    receipt = apply(desk, microsoft, kind, answer, then)
    (action,) = receipt.customers[0].actions
    assert (receipt.exit_code, action.state) == (code, state)
    assert said in action.message
    assert len(microsoft.requests) == 1
    if state != "verified":
        assert answer.message in action.message
        assert "there is no relationship any more" not in action.message, "nobody has seen that"
    proofs = [event.body["written"] for event in desk.seen if event.kind == "verified"]
    assert proofs == ([False] if state == "verified" else []), "whatever was done, it was not by this request"


@pytest.mark.parametrize("answer", OTHERS, ids=lambda each: f"{each.status}/{each.code}")
@pytest.mark.parametrize("shown", ["as it was", "unreadable"])
@pytest.mark.parametrize("kind", KINDS)
def test_another_refusal_is_told_in_the_services_words_as_before(
    desk: Desk, microsoft: Microsoft, kind: ActionKind, shown: str, answer: RemoteError
):
    receipt = apply(desk, microsoft, kind, answer, READS[shown][0])
    assert (receipt.exit_code, receipt.customers[0].actions[0].message) == (6, str(answer))
