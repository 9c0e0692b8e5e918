"""The table itself: no dead state, no way out of an end, nothing that the table does not name."""

import pytest
from tools import lifecycle_page

from pcreconcile.applying.lifecycle import TERMINAL, TRANSITIONS, Happening, IllegalTransition, after
from pcreconcile.model.run import ActionState as S

BEGINNINGS = {S.PLANNED, S.INDETERMINATE, S.ANSWERED, S.VERIFIED}


def reached(start: S) -> set[S]:
    found, left = {start}, [start]
    while left:
        new = set(TRANSITIONS[left.pop()].values()) - found
        found |= new
        left.extend(new)
    return found


def test_every_state_stands_in_the_table():
    assert set(TRANSITIONS) == set(S)


def test_the_ends_are_these():
    assert {S.VERIFIED, S.UNPROVEN, S.FAILED, S.STALE, S.SKIPPED} == TERMINAL


@pytest.mark.parametrize("state", S)
def test_every_state_is_reached_from_planned_and_leads_to_an_end(state: S):
    assert state in reached(S.PLANNED)
    assert reached(state) & TERMINAL


@pytest.mark.parametrize("state", S)
def test_a_request_leaves_only_through_an_intent(state: S):
    into_sent = {happening for happening, to in TRANSITIONS[state].items() if to is S.SENT}
    assert into_sent <= {Happening.INTENT_RECORDED}


@pytest.mark.parametrize("happening", Happening)
def test_everything_that_can_happen_happens_somewhere(happening: Happening):
    assert any(happening in ways for ways in TRANSITIONS.values())


@pytest.mark.parametrize(("state", "happening"), [(s, h) for s in S for h in Happening if h not in TRANSITIONS[s]])
def test_what_the_table_does_not_name_is_an_error(state: S, happening: Happening):
    with pytest.raises(IllegalTransition):
        after(state, happening)


def test_the_page_is_what_the_table_says():
    assert lifecycle_page.PAGE.read_text(encoding="utf-8") == lifecycle_page.page(), "run `make docs`"
