"""Dates and choices together: every combination of them on one customer, its page, and what holds of all plans.

The customer is that of docs/dates.md: A a year inside its window, B a month that renews, C a year outside its window, L
a legacy licence, S perpetual software inside its window.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.dates_page import CHOICES, DEADLINE, PAGE, SETTLE, Choice, page, planned

from pcreconcile.model.plan import NOW, Action, ActionKind, CustomerPlan, Effect
from tests.exits.estates import customer_plan
from tests.exits.test_cases import action_words, blocker_words
from tests.planning.worlds import World, days, worlds

bounded = settings(max_examples=60, deadline=None)

EARLY, LATE, PROMISED = date(2026, 11, 25), date(2027, 1, 15), date(2026, 12, 31)
ANY_REFUND = ("require", "prefer", "ignore")
ANY_PACE = ("together", "asap")


class Row(NamedTuple):
    """What some combinations have in common; `blockers` without those of the terms, `settled` is their removal with
    `settle: 3d`."""

    promised: date | None
    refunds: tuple[str, ...]
    pace: tuple[str, ...]
    not_before: date | None
    actions: list[str]
    blockers: list[str]
    removal: str
    settled: str

    def says(self, choice: Choice) -> bool:
        return (
            choice.service_until == self.promised
            and choice.refunds in self.refunds
            and choice.pace in self.pace
            and choice.not_before == self.not_before
        )


def windows(when: str) -> list[str]:
    """Both windows used, and both terms told to end."""
    used = [f"cancel-subscription A {when}", f"cancel-order-line S/0 {when}"]
    return [*used, f"cancel-at-term-end B {when}", f"cancel-at-term-end C {when}"]


def terms(when: str, month: str | None = None) -> list[str]:
    """All three terms told to end; that of B in another month."""
    return [f"cancel-at-term-end {name} {month if month and name == 'B' else when}" for name in "ABC"]


RENEWED = ["cancel-subscription B 2027-01-15", "cancel-at-term-end A 2027-01-15", "cancel-at-term-end C 2027-01-15"]
HURRIED = ("require", "prefer")
CALM = ("prefer", "ignore")
LAST_OF_C, LAST_OF_A = ("2027-04-01", "2027-11-21")
NOT_YET, FIRST_DAY, IN_JANUARY = ["not-before 2026-11-25"], "2026-11-25", "2027-01-15"
NOT_YET_LATE, STILL_SERVED = ["not-before 2027-01-15"], ["service-until 2027-01-01"]


def row(
    where: tuple[Any, ...], actions: list[str], legacy: str, blockers: list[str], removal: str, settled: str
) -> Row:
    """`legacy` is when L is suspended; the removal comes last."""
    last = [f"suspend-subscription L {legacy}", f"remove-relationship {removal}"]
    return Row(*where, actions + last, blockers, removal, settled)


ROWS = [
    # No promise: windows at once, the legacy licence with the last term; without interest in refunds they close.
    row((None, HURRIED, ("together",), None), windows(NOW), LAST_OF_C, [], LAST_OF_C, "2027-04-04"),
    row((None, HURRIED, ("together",), EARLY), windows(FIRST_DAY), LAST_OF_C, NOT_YET, LAST_OF_C, "2027-04-04"),
    row((None, HURRIED, ("together",), LATE), RENEWED, LAST_OF_A, NOT_YET_LATE, LAST_OF_A, "2027-11-24"),
    row((None, ("ignore",), ("together",), None), terms(NOW), LAST_OF_A, [], LAST_OF_A, "2027-11-24"),
    row((None, ("ignore",), ("together",), EARLY), terms(FIRST_DAY), LAST_OF_A, NOT_YET, LAST_OF_A, "2027-11-24"),
    row((None, ("ignore",), ("together",), LATE), terms(IN_JANUARY), LAST_OF_A, NOT_YET_LATE, LAST_OF_A, "2027-11-24"),
    # As soon as possible: everything at once, and settling costs nothing while a term runs.
    row((None, ANY_REFUND, ("asap",), None), windows(NOW), NOW, [], LAST_OF_C, LAST_OF_C),
    row((None, ANY_REFUND, ("asap",), EARLY), windows(FIRST_DAY), FIRST_DAY, NOT_YET, LAST_OF_C, LAST_OF_C),
    row((None, ANY_REFUND, ("asap",), LATE), RENEWED, IN_JANUARY, NOT_YET_LATE, LAST_OF_A, LAST_OF_A),
    # A promise: the legacy licence after it in either pace; only `require` saves the windows.
    row((PROMISED, ("require",), ANY_PACE, None), windows(NOW), "2027-01-01", STILL_SERVED, LAST_OF_C, LAST_OF_C),
    row(
        (PROMISED, ("require",), ANY_PACE, EARLY),
        windows(FIRST_DAY),
        "2027-01-01",
        NOT_YET + STILL_SERVED,
        LAST_OF_C,
        LAST_OF_C,
    ),
    row((PROMISED, ("require",), ANY_PACE, LATE), RENEWED, IN_JANUARY, NOT_YET_LATE, LAST_OF_A, LAST_OF_A),
    row((PROMISED, CALM, ANY_PACE, None), terms(NOW, "2026-12-10"), "2027-01-01", STILL_SERVED, LAST_OF_A, LAST_OF_A),
    row(
        (PROMISED, CALM, ANY_PACE, EARLY),
        terms(FIRST_DAY, "2026-12-10"),
        "2027-01-01",
        NOT_YET + STILL_SERVED,
        LAST_OF_A,
        LAST_OF_A,
    ),
    row((PROMISED, CALM, ANY_PACE, LATE), RENEWED, IN_JANUARY, NOT_YET_LATE, LAST_OF_A, LAST_OF_A),
]


def name_of(value: Any) -> str:
    return (
        "-".join("none" if part is None else str(part) for part in value) if isinstance(value, Choice) else str(value)
    )


def due(found: CustomerPlan) -> list[Action]:
    return [each for each in found.actions if each.when == NOW]


def test_each_combination_has_its_row() -> None:
    assert [sum(row.says(choice) for row in ROWS) for choice in CHOICES] == [1] * len(CHOICES)


@pytest.mark.parametrize(("choice", "settle", "deadline"), list(product(CHOICES, SETTLE, DEADLINE)), ids=name_of)
def test_every_combination(choice: Choice, settle: str, deadline: date | None) -> None:
    expected = next(each for each in ROWS if each.says(choice))
    removal = expected.removal if settle == "0d" else expected.settled
    found = planned(choice, settle, deadline)
    assert found.earliest_removal == date.fromisoformat(removal)
    assert [action_words(each) for each in found.actions] == [*expected.actions[:-1], f"remove-relationship {removal}"]
    own = [blocker_words(each) for each in found.blockers if each.target is None and each.code != "settle"]
    assert sorted(own) == sorted(expected.blockers)
    late = deadline is not None and date.fromisoformat(removal) > deadline
    assert ("deadline" in {notice.code for notice in found.warnings}) is late


def test_the_page_says_what_the_planner_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make docs"


def no_later(one: date | None, other: date | None) -> bool:
    """Nobody knows is later than any date."""
    return other is None or (one is not None and one <= other)


def wanting(world: World, **wants: Any) -> World:
    return world | {"wants": world["wants"] | wants}


@given(world=worlds(relationship="removed"))
@bounded
def test_as_soon_as_possible_is_never_later_than_together(world: World) -> None:
    """`settle` is left out: it counts from the last loss of service, which `together` may do without."""
    soon, together = (customer_plan(wanting(world, pace=pace, settle="0d")) for pace in ("asap", "together"))
    assert no_later(soon.earliest_removal, together.earliest_removal)


@given(world=worlds(relationship="removed"), first=days(2, 20), length=st.integers(0, 12))
@bounded
def test_one_freeze_more_never_brings_the_removal_nearer(world: World, first: date, length: int) -> None:
    world = wanting(world, settle="0d")
    freeze = {"first": first, "last": first + timedelta(days=length), "reason": "one more"}
    more = world | {"policy": world["policy"] | {"freezes": [*world["policy"]["freezes"], freeze]}}
    assert no_later(customer_plan(world).earliest_removal, customer_plan(more).earliest_removal)


@given(world=st.one_of(worlds(relationship="suspended"), worlds(relationship="active")))
@bounded
def test_a_customer_that_stays_is_told_what_every_later_step_waits_for(world: World) -> None:
    found = customer_plan(world)
    dated = [each.when for each in found.actions if each.when not in {NOW, "manual"} and each.family is not None]
    cleared = [each.clears_at.isoformat() for each in found.blockers if each.clears_at is not None]
    if dated:
        assert max(dated) <= max(cleared)


LICENCES = ["new-commerce-license", "new-commerce-license", "legacy-license"]
SCHEDULED = [[], ["TermEnd/Cancel"], ["TermEnd/RenewToNewTerm"], ["TermEnd/RenewToExtendedServiceTerm"]]


@st.composite
def licences(draw: st.DrawFn) -> list[World]:
    """Two bases and an add-on, of which the first base is the add-on's, if it has one."""
    found = [
        {
            "kind": draw(st.sampled_from(LICENCES)),
            "id": name,
            "status": draw(st.sampled_from(["active", "active", "active", "suspended"])),
            "term": "P1Y",
            "ends": draw(days(-1, 60)),
            "autoRenew": draw(st.booleans()),
            "scheduled": draw(st.sampled_from(SCHEDULED)),
        }
        for name in "ABC"
    ]
    if draw(st.booleans()):
        found[2] |= {"parent": "A", "kind": found[0]["kind"]}
    return found


TOOK_AWAY = {"status": "suspended", "autoRenew": False, "scheduled": []}


def suspended_with(name: str, holds: list[World]) -> list[World]:
    """The subscription and the active add-ons of it."""
    return [each for each in holds if each["status"] == "active" and name in {each["id"], each.get("parent")}]


def effect(action: Action, holds: list[World]) -> None:
    """What the service makes of a write (API facts, section 10)."""
    held = next(each for each in holds if each["id"] == action.target.id)
    match action.kind:
        case ActionKind.SUSPEND_SUBSCRIPTION:
            for each in suspended_with(held["id"], holds):
                each.update({"status": "suspended"} if each["kind"] == "legacy-license" else TOOK_AWAY)
        case ActionKind.REACTIVATE_SUBSCRIPTION:
            held["status"] = "active"
        case ActionKind.CANCEL_AT_TERM_END | ActionKind.SET_RENEWAL:
            assert held["status"] == "active", "a suspended subscription cannot be edited (800091)"
            wanted = action.postcondition
            held |= {"autoRenew": wanted["autoRenewEnabled"], "scheduled": wanted.get("scheduledActions", [])}


def remembered(holds: list[World], found: CustomerPlan) -> World:
    """What the journal remembers of the suspensions that are due."""
    gone = [each.target.id for each in due(found) if each.kind is ActionKind.SUSPEND_SUBSCRIPTION]
    went = {held["id"]: held for name in gone for held in suspended_with(name, holds)}
    settings_of = {
        name: {"autoRenew": held["autoRenew"], "scheduledActions": held["scheduled"], "whole": True}
        for name, held in went.items()
    }
    return {"suspended": sorted(went), "renewals": settings_of}


def carried_out(world: World, memory: World | None = None) -> tuple[World, CustomerPlan]:
    """The world after what is due was done, and the plan that did it."""
    found = customer_plan(world)
    after = [dict(each) for each in world["holds"]]
    for action in due(found):
        effect(action, after)
    return world | {
        "holds": after,
        "memory": memory if memory is not None else remembered(world["holds"], found),
    }, found


@given(holds=licences())
@settings(bounded, max_examples=150)
def test_dunning_comes_to_rest_after_one_run(holds: list[World]) -> None:
    """What one plan suspends the next one does not bring back, and the other way round."""
    after, _ = carried_out({"holds": holds, "wants": {"relationship": "suspended"}})
    assert due(customer_plan(after)) == []


@given(holds=licences())
@settings(bounded, max_examples=150)
def test_the_way_back_gives_back_what_dunning_took(holds: list[World]) -> None:
    """Service, auto-renew and plain instructions; what was not ours stays, and nothing is left to do."""
    away, _ = carried_out({"holds": holds, "wants": {"relationship": "suspended"}})
    ours = set(away["memory"]["suspended"])
    back, found = carried_out(away | {"wants": {"relationship": "active"}}, away["memory"])
    assert all(each.effect is not Effect.TAKES_SERVICE for each in found.actions)
    for before, after in zip(holds, back["holds"], strict=True):
        if before["id"] in ours:
            assert after["status"] == "active"
            assert after["autoRenew"] == before["autoRenew"] or contradictory(before)
            assert after["scheduled"] == before["scheduled"] or made_explicit(before, after) or contradictory(before)
    settled = back | {"memory": {"renewals": away["memory"]["renewals"]}}
    assert due(customer_plan(settled)) == []


def made_explicit(before: World, after: World) -> bool:
    """Auto-renew alone comes back together with the instruction that says the same."""
    return before["scheduled"] == [] and after["scheduled"] == ["TermEnd/RenewToNewTerm"]


def contradictory(held: World) -> bool:
    """Settings that the service would not apply: an instruction against auto-renew."""
    return held["autoRenew"] != (held["scheduled"] == ["TermEnd/RenewToNewTerm"]) and held["scheduled"] != []
