"""When a thing is as an action wants it, and where an earlier run left an action."""

from __future__ import annotations

from typing import Any

import pytest

from pcreconcile.applying.conditions import judge
from pcreconcile.applying.history import ActionHistory
from pcreconcile.model.ids import RequestId
from pcreconcile.model.run import ActionState
from tests.applying.world import NOW, cancel

BEFORE = {"status": "active", "scheduledActions": None}
AFTER = {"status": "active", "scheduledActions": ["TermEnd/Cancel"]}


@pytest.mark.parametrize(
    ("fields", "shows"),
    [
        ({"status": "active"}, "not-done"),
        ({"status": "active", "scheduledActions": None, "quantity": 5}, "not-done"),
        ({"status": "active", "scheduledActions": ["TermEnd/Cancel"]}, "done"),
        ({"status": "active", "scheduledActions": ("TermEnd/Cancel",)}, "done"),
        ({"status": "active", "scheduledActions": ["TermEnd/Cancel", "TermEnd/Renew"]}, "neither"),
        ({"status": "active", "scheduledActions": []}, "neither"),
        ({"status": "Active"}, "neither"),
        ({}, "neither"),
        (None, "neither"),
    ],
)
def test_what_a_read_shows(fields: dict[str, Any] | None, shows: str):
    assert judge(cancel("s1", precondition=BEFORE, postcondition=AFTER), fields) == shows


def test_a_thing_that_is_not_there_is_never_as_wanted():
    assert judge(cancel("s1", precondition={}, postcondition={"status": None}), None) == "neither"


def told(*happenings: str) -> ActionHistory:
    past = ActionHistory()
    for happening in happenings:
        what, _, detail = happening.partition(" ")
        match what:
            case "intent":
                past.intent(RequestId(detail), NOW)
            case "answered":
                past.answered(NOW, "trace", accepted=False)
            case "refused":
                past.refused(int(detail))
            case "lost":
                past.no_answer("")
    return past


@pytest.mark.parametrize(
    ("happenings", "state", "touched"),
    [
        ([], "planned", False),
        (["intent 1", "intent 1", "refused 429"], "indeterminate", True),
        (["intent 1", "intent 2", "refused 429"], "planned", True),
        (["intent a"], "indeterminate", True),
        (["intent a", "answered"], "answered", True),
        (["intent a", "refused 400"], "planned", False),
        (["intent a", "lost"], "indeterminate", True),
        (["intent a", "lost", "intent a", "refused 400"], "planned", True),
        (["intent a", "lost", "intent a", "refused 429"], "indeterminate", True),
        (["intent a", "refused 429"], "planned", False),
        (["intent a", "lost", "intent b", "refused 429"], "planned", True),
        (["intent a", "answered", "intent b"], "indeterminate", True),
        (["intent a", "answered", "intent b", "refused 400"], "planned", True),
    ],
)
def test_where_the_journal_leaves_an_action(happenings: list[str], state: str, touched: bool):
    past = told(*happenings)
    assert (past.state, past.touched) == (ActionState(state), touched)
