"""What must precede what: the table that the families make, its page, and the plans that keep it."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.order_page import PAGE, page

from pcreconcile.exits import FAMILIES
from pcreconcile.model.family import Family
from pcreconcile.planning.order import AROUND, WITHIN, Row, between_families, families_before, families_in_order
from tests.exits.estates import customer_plan
from tests.planning.worlds import World, worlds

PLACES = {module.FAMILY: module.PLACE for module in FAMILIES}


def sorted_by(rows: list[Row] | tuple[Row, ...]) -> list[str]:
    """One order that keeps all rows; raises CycleError where there is none."""
    graph: dict[str, set[str]] = {}
    for row in rows:
        graph.setdefault(row.after, set()).add(row.before)
    return list(TopologicalSorter(graph).static_order())


def test_the_page_says_what_the_families_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make docs"


def test_every_row_says_why_and_who_says_so() -> None:
    assert all(row.why and row.source for row in (*between_families(), *WITHIN, *AROUND))


def test_the_whole_table_is_a_partial_order() -> None:
    assert sorted_by((*between_families(), *WITHIN, *AROUND))


@given(rows=st.lists(st.sampled_from([*between_families(), *WITHIN, *AROUND]), unique=True))
def test_any_part_of_the_table_is_one_too(rows: list[Row]) -> None:
    found = sorted_by(rows)
    assert all(found.index(row.before) < found.index(row.after) for row in rows)


def test_the_place_in_the_queue_contradicts_no_row() -> None:
    pairs = [(Family(row.before), Family(row.after)) for row in between_families()]
    assert all(PLACES[before] < PLACES[after] for before, after in pairs)


def test_every_family_has_a_place_of_its_own() -> None:
    assert len(set(PLACES.values())) == len(PLACES)
    assert [PLACES[family] for family in families_in_order()] == sorted(PLACES.values())


@pytest.mark.parametrize("family", [Family.RESERVATION, Family.MARKETPLACE_SAAS])
def test_what_hangs_on_the_azure_plan_goes_before_it(family: Family) -> None:
    assert family in families_before(Family.AZURE_PLAN)


@given(world=worlds(relationship="removed"))
@settings(max_examples=60, deadline=None)
def test_a_plan_serves_no_family_before_those_that_precede_it(world: World) -> None:
    actions = customer_plan(world).actions
    for place, action in enumerate(actions):
        before = set() if action.family is None else families_before(action.family)
        assert not before & {later.family for later in actions[place + 1 :]}
        needed = {other.id for other in actions if other.family in before}
        assert needed <= set(action.requires)
