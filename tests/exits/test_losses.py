"""What a suspension takes of the add-ons that go with their base is named with the base's step."""

from __future__ import annotations

import pytest

from pcreconcile.model.plan import ActionKind
from tests.exits.estates import customer_plan

HELD = [
    {"kind": "new-commerce-license", "id": "A", "autoRenew": True},
    {"kind": "new-commerce-license", "id": "B", "parent": "A", "autoRenew": True},
    {"kind": "new-commerce-license", "id": "C", "parent": "B", "autoRenew": True},
    {"kind": "new-commerce-license", "id": "D", "parent": "A", "autoRenew": True, "status": "suspended"},
    {"kind": "new-commerce-license", "id": "E", "parent": "A", "autoRenew": False},
    {"kind": "legacy-license", "id": "F", "parent": "A", "autoRenew": True},
]
LINE = {"match": {"id": "A"}, "desired": "suspend"}


@pytest.mark.parametrize(
    "wants", [{"relationship": "suspended"}, {"relationship": "active", "subscriptions": [LINE]}], ids=str
)
def test_what_add_ons_lose_is_named_with_their_base(wants: dict[str, object]) -> None:
    found = customer_plan({"holds": HELD, "wants": wants})
    (step,) = [each for each in found.actions if each.kind is ActionKind.SUSPEND_SUBSCRIPTION and each.target.id == "A"]
    assert step.loses == ("auto-renew", "auto-renew of product B", "auto-renew of product C")


def test_add_ons_that_name_each_other_as_their_base_end_the_question() -> None:
    circle = [
        {"kind": "new-commerce-license", "id": "A", "parent": "B", "autoRenew": True, "status": "suspended"},
        {"kind": "new-commerce-license", "id": "B", "parent": "A", "autoRenew": True},
    ]
    found = customer_plan({"holds": circle, "wants": {"relationship": "suspended"}})
    assert [each.target.id for each in found.actions] == ["B"]
