"""What plans say of transfers, other resellers and contradicting lines, in words that a person can act upon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pcreconcile.model.desired import DesiredFleet
from pcreconcile.model.estate import CustomerState
from pcreconcile.model.extras import Extra
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import MANUAL, Action, CustomerPlan
from pcreconcile.model.policy import Policy
from pcreconcile.planning import plan
from tests.exits import estates
from tests.exits.estates import Words, customer_plan
from tests.planning.worlds import IDS, World, worlds

NCE = {"kind": "new-commerce-license", "id": "A", "ends": "2027-03-31"}
OFFER = {"match": {"id": "A"}, "desired": "transfer", "by": "2026-12-15", "otherwise": "cancel-at-term-end"}


def by_hand(case: Words) -> Action:
    (found,) = (each for each in customer_plan(case).actions if each.kind == "manual")
    return found


def blocker_text(case: Words, code: str) -> str:
    return next(each.how for each in customer_plan(case).blockers if each.code == code)


def test_the_step_names_the_open_transfer() -> None:
    wants = {"subscriptions": [{"match": {"id": "A"}, "desired": "transfer"}]}
    step = by_hand({"holds": [NCE], "wants": wants, "transfers": [{"id": "T", "moves": ["A"]}]})
    assert step.instructions is not None
    assert step.instructions.text == (
        "Accept the open transfer T to Northwind Cloud in Partner Center; a transfer lapses after 30 days without an "
        "answer."
    )


def test_how_long_a_transfer_lasts_is_a_rule() -> None:
    wants = {"subscriptions": [{"match": {"id": "A"}, "desired": "transfer"}]}
    step = by_hand({"holds": [NCE], "wants": wants, "rules": {"transfer.lapses-after": 60}})
    assert step.instructions is not None
    assert "after 60 days" in step.instructions.text
    open_one = {"holds": [NCE], "transfers": [{"id": "T", "moves": ["A"]}], "rules": {"transfer.lapses-after": 60}}
    assert "lapses 60 days after it was created" in blocker_text(open_one, "transfer-open")


def test_an_offer_says_until_when_and_what_comes_otherwise() -> None:
    step = by_hand({"holds": [NCE], "wants": {"subscriptions": [OFFER]}})
    assert step.when == MANUAL
    assert step.reason.startswith("offered until 2026-12-15, afterwards cancel-at-term-end: ")


def test_nothing_requires_an_offer() -> None:
    legacy = {"kind": "legacy-license", "id": "L"}
    found = customer_plan({"holds": [NCE, legacy], "wants": {"pace": "together", "subscriptions": [OFFER]}})
    offer = next(each.id for each in found.actions if each.kind == "manual")
    assert all(offer not in each.requires for each in found.actions)


def test_a_transfer_without_a_last_day_is_required_by_the_removal() -> None:
    wants = {"subscriptions": [{"match": {"id": "A"}, "desired": "transfer"}]}
    found = customer_plan({"holds": [NCE], "wants": wants})
    assert found.actions[-1].requires == (found.actions[0].id,)


LINES = [
    # what a transfer names, which thing is then left alone
    ("A", {"kind": "new-commerce-license", "id": "A", "window": "2026-11-26"}),
    ("O1", {"kind": "software-subscription", "id": "A", "order": "O1/2", "window": "2026-11-26"}),
    ("O", {"kind": "perpetual-software", "id": "O", "bought": "2026-11-20"}),
    ("R", {"kind": "reservation", "id": "R", "expires": "2028-01-31"}),
    ("azure-R", {"kind": "reservation", "id": "R", "expires": "2028-01-31"}),
    ("P", {"kind": "azure-plan", "id": "P", "azure": []}),
]


@pytest.mark.parametrize(("named", "thing"), LINES)
@pytest.mark.parametrize("fold", [str.lower, str.upper, str])
def test_what_an_open_transfer_names_gets_no_step(named: str, thing: Words, fold: Any) -> None:
    moves = [{"id": "T", "moves": [fold(named)], "expires": "2026-12-10"}]
    found = customer_plan({"holds": [thing], "transfers": moves})
    assert [each.kind for each in found.actions] == ["remove-relationship"]


def test_both_lines_of_a_contradiction_are_named() -> None:
    holds = [NCE | {"window": "2026-11-26"}, NCE | {"id": "Z", "parent": "A"}]
    lines = [{"match": {"id": "Z"}, "desired": "renew"}, {"match": {"family": NCE["kind"]}, "desired": "cancel"}]
    how = blocker_text({"holds": holds, "wants": {"subscriptions": lines}}, "conflicting-lines")
    assert "the line id: Z says renew" in how
    assert "the line family: new-commerce-license says cancel" in how


def test_without_a_line_of_the_base_the_wish_itself_is_named() -> None:
    holds = [NCE | {"window": "2026-11-26"}, NCE | {"id": "Z", "parent": "A"}]
    lines = [{"match": {"id": "Z"}, "desired": "keep"}]
    how = blocker_text({"holds": holds, "wants": {"subscriptions": lines}}, "conflicting-lines")
    assert "the manifest says relationship: removed" in how


def without_proofs(case: Words) -> CustomerPlan:
    """The plan of a snapshot of an older kind, in which nobody had asked for transfers and resellers."""
    snapshot = estates.snapshot(case)
    states = {tenant: _older(state) for tenant, state in snapshot.states.items()}
    wanted = DesiredFleet((estates.desired(case.get("wants", {})),))
    return plan(
        wanted,
        replace(snapshot, states=states),
        Memory(),
        estates.shipped_rules(),
        Policy(),
        estates.NOW,
        partner=estates.partner(),
        tool_version="test",
    ).customers[0]


def _older(state: CustomerState) -> CustomerState:
    commerce = tuple(read for read in state.reads if read.resource not in set(Extra))
    return replace(state, transfers=None, resellers=None, reads=commerce)


def test_what_was_never_asked_for_was_not_read() -> None:
    found = without_proofs({"holds": [{"kind": "legacy-license", "id": "L"}]})
    assert (found.verdict, found.actions) == ("unknown", ())
    assert "transfers: it was not read" in found.blockers[0].how
    assert "resellers: it was not read" in found.blockers[0].how


def test_an_exception_of_the_policy_is_named_with_its_owner() -> None:
    exempt = {"reseller": "r1", "until": "2026-11-30", "owner": "licensing desk", "reason": "merged"}
    found = customer_plan({"resellers": [{"id": "r1"}], "policy": {"resellers": [exempt]}})
    text = next(each.text for each in found.warnings if each.code == "other-reseller")
    assert "until 2026-11-30 (licensing desk: merged)" in text


def transfers(world: World) -> st.SearchStrategy[list[Words]]:
    """Open and closed transfers of what is held."""
    held = [each["id"] for each in world["holds"]] or ["nothing"]
    entry = st.fixed_dictionaries(
        {
            "id": st.sampled_from("TUV"),
            "status": st.sampled_from(["pending", "completed", "hibernating"]),
            "moves": st.one_of(st.lists(st.sampled_from(held), min_size=1, max_size=2), st.just("not said")),
            "expires": st.sampled_from([None, "2026-12-01T10:00:00Z", "2027-02-01"]),
        }
    )
    return st.lists(entry, max_size=2, unique_by=lambda each: each["id"])


@given(data=st.data(), world=worlds())
@settings(max_examples=100, deadline=None)
def test_nothing_that_is_written_is_under_an_open_transfer(data: st.DataObject, world: World) -> None:
    moving = data.draw(transfers(world))
    found = customer_plan(world | {"transfers": moving})
    open_ones = [each for each in moving if each["status"] != "completed"]
    written = {each.target.id for each in found.actions if each.when != MANUAL and each.target.type != "customer"}
    if found.desired.relationship == "removed":
        assert not written & {name for each in open_ones for name in each["moves"] if each["moves"] != "not said"}
    if any(each["moves"] == "not said" for each in open_ones) and found.desired.relationship != "active":
        assert found.actions == ()


@given(
    data=st.data(), world=worlds(relationship="removed"), otherwise=st.sampled_from(["cancel", "cancel-at-term-end"])
)
@settings(max_examples=100, deadline=None)
def test_an_offer_never_brings_anything_forward(data: st.DataObject, world: World, otherwise: str) -> None:
    """Nothing of what is offered is written before its day, and no Cancel is set."""
    name = data.draw(st.sampled_from(IDS))
    line = {"match": {"id": name}, "desired": "transfer", "by": "2027-06-30", "otherwise": otherwise}
    found = customer_plan(world | {"wants": world["wants"] | {"subscriptions": [line]}})
    day = datetime(2027, 6, 30, tzinfo=UTC).date().isoformat()
    mine = [each for each in found.actions if each.target.id == name]
    assert all(each.when == MANUAL or each.when >= day for each in mine)
