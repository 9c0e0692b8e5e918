"""A step that a person must take blocks, so it stands among the blockers: nobody is blocked without being told by what.

Another partner's transfer (`manual`) may be asked for of any family; every other kind is one family's.
"""

from __future__ import annotations

import json

import pytest

from pcreconcile.model.family import Family
from pcreconcile.model.plan import MANUAL, Action, ActionKind, CustomerPlan, Verdict
from pcreconcile.rendering import explanation
from pcreconcile.rendering.page import Style
from tests.exits.estates import Words, customer_plan
from tests.exits.test_cases import ALL
from tests.planning.explaining import explained as explained_case

Row = tuple[ActionKind, Family | None]

# Every kind of step that people are asked for, by the family of what it is about: a new one needs a row.
BY_HAND: frozenset[Row] = frozenset(
    {
        (ActionKind.RETURN_RESERVATION, Family.RESERVATION),
        (ActionKind.CANCEL_AT_TERM_END, Family.SAVINGS_PLAN),
        (ActionKind.CANCEL_SUBSCRIPTION, Family.SAVINGS_PLAN),
        (ActionKind.REQUEST_RELATIONSHIP, None),
        (ActionKind.MANUAL, None),
    }
)
PLANS = [customer_plan(param.values[0]) for param in ALL]


def by_hand(found: CustomerPlan) -> list[Action]:
    """The steps of people, without what is only offered to them."""
    offers = any(line.by is not None for line in found.desired.subscriptions)
    steps = [each for each in found.actions if each.when == MANUAL and each.instructions is not None]
    return [each for each in steps if each.kind is not ActionKind.MANUAL or not offers]


def row_of(step: Action) -> Row:
    return step.kind, None if step.kind is ActionKind.MANUAL else step.family


def test_every_kind_of_manual_step_has_a_row_and_a_case() -> None:
    assert {row_of(step) for found in PLANS for step in by_hand(found)} == BY_HAND


@pytest.mark.parametrize("row", sorted(BY_HAND, key=str), ids=str)
def test_a_manual_step_is_one_blocker_without_a_date_and_binds(row: Row) -> None:
    """What another blocker without a date says of the same thing already is not said twice."""
    concerned = [(found, step) for found in PLANS for step in by_hand(found) if row_of(step) == row]
    assert concerned
    for found, step in concerned:
        assert len([each for each in found.blockers if each.target == step.target and each.clears_at is None]) == 1
        assert found.binding_blocker is not None
        assert (found.verdict, found.binding_blocker.clears_at) == (Verdict.BLOCKED, None)


@pytest.mark.parametrize("case", ALL)
def test_who_is_blocked_is_told_by_what(case: Words) -> None:
    """Twin: an offer, which nothing waits for, is no blocker of its own and blocks nobody."""
    found = customer_plan(case)
    assert found.blockers or found.verdict is not Verdict.BLOCKED
    tied = {step.target for step in by_hand(found)}
    assert {each.target for each in found.blockers if each.code == "manual-step"} <= tied


def test_text_json_and_explain_say_the_same() -> None:
    case = next(param.values[0] for param in ALL if "by a person, and the customer stays" in str(param.id))
    explained, planned = explained_case(case), customer_plan(case)
    assert explained.customer.blockers == planned.blockers
    assert explained.customer.binding_blocker == planned.binding_blocker
    text = " ".join(explanation.render(explained, style=Style(width=200)).split())
    assert "manual-step: Reserved_VM_Instance_Standard_D2, no date known" in text
    (blocker,) = json.loads(explanation.render_json(explained))["customer"]["blockers"]
    assert (blocker["code"], blocker["clearsAt"]) == ("manual-step", None)
