"""Which action waits for which: the order that the service enforces, and the order that pace asks for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exits.estates import Words, customer_plan

NCE = {"kind": "new-commerce-license", "window": "2026-11-26"}
SUSPENDED = {"kind": "new-commerce-license", "status": "suspended", "ends": "2026-12-01"}
PLAN = {"kind": "azure-plan", "id": "P", "azure": [{"id": "S"}]}
CANCEL_AZURE = {"subscriptions": [{"match": {"family": "azure-plan"}, "desired": "cancel"}]}
RESERVATION = {"kind": "reservation", "id": "R"}
LEGACY = {"kind": "legacy-license", "id": "L"}

WAITS = [
    # held, wanted, what waits, for what
    ([PLAN], CANCEL_AZURE, "suspend-subscription P", ["cancel-azure-subscription S"]),
    ([PLAN, RESERVATION], CANCEL_AZURE | {"pace": "asap"}, "cancel-azure-subscription S", ["return-reservation R"]),
    ([NCE | {"id": "A"}, NCE | {"id": "Z", "parent": "A"}], {}, "cancel-subscription A", ["cancel-subscription Z"]),
    ([NCE | {"id": "A"}, LEGACY], {}, "suspend-subscription L", ["cancel-subscription A"]),
    ([NCE | {"id": "A"}, LEGACY], {"pace": "asap"}, "suspend-subscription L", []),
    ([NCE | {"id": "A"}, LEGACY], {"serviceUntil": "2026-11-20"}, "suspend-subscription L", []),
    ([RESERVATION, LEGACY], {}, "suspend-subscription L", ["return-reservation R"]),
    ([SUSPENDED | {"id": "A"}], {}, "cancel-at-term-end A", ["reactivate-subscription A"]),
    (
        [SUSPENDED | {"id": "A"}, SUSPENDED | {"id": "Z", "parent": "A"}],
        {},
        "reactivate-subscription Z",
        ["cancel-at-term-end A", "reactivate-subscription A"],
    ),
    (
        [NCE | {"id": "A"}, LEGACY],
        {},
        "remove-relationship",
        ["cancel-subscription A", "suspend-subscription L"],
    ),
]


def waits_for(case: Words, name: str) -> list[str]:
    """What the named action requires, in words."""
    actions = {action.id: action for action in customer_plan(case).actions}
    names = {key: words(action) for key, action in actions.items()}
    (waiting,) = (action for action in actions.values() if words(action) == name)
    return sorted(names[key] for key in waiting.requires)


def words(action: Any) -> str:
    where = [] if action.target.type == "customer" else [action.target.id.partition("/")[0]]
    return " ".join([action.kind, *where])


@pytest.mark.parametrize(("holds", "wants", "name", "required"), WAITS)
def test_an_action_waits_for_what_must_come_before(holds: Any, wants: Words, name: str, required: list[str]) -> None:
    assert waits_for({"holds": holds, "wants": wants}, name) == required
