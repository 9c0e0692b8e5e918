"""What is explained of a customer: a table of (what is held) -> the ways out, and what the page rests on."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pcreconcile.model.desired import DesiredCustomer, Relationship
from pcreconcile.model.explanation import Explanation, Held, WayOut
from pcreconcile.model.policy import Policy
from pcreconcile.model.rules import Override, Rules
from pcreconcile.planning.explanation import explain
from tests.exits.estates import (
    NOW,
    TENANT,
    case_now,
    customer_plan,
    desired,
    memory,
    partner,
    policy,
    prices,
    rules_with,
    snapshot,
)

LICENCE = {"kind": "new-commerce-license", "id": "A", "term": "P1Y", "starts": "2026-01-16", "ends": "2027-01-15"}
OPEN = {"starts": "2026-11-20", "ends": "2027-11-19", "window": "2026-11-27", "order": "O/0"}
MONTHLY = {"price": "12.00 EUR", "cycle": "monthly", "order": "O/0"}


def explained(rules: Rules | None = None, **case: Any) -> Explanation:
    """The page of a case, in the words of the case files."""
    return explain(
        desired(case.get("wants", {})),
        snapshot(case),
        memory(case.get("memory", {})),
        rules or rules_with(case.get("rules", {})),
        policy(case.get("policy", {})),
        case_now(case),
        partner=partner(case.get("zone", "UTC")),
        prices=prices(case.get("prices", ())),
    )


def held(**members: Any) -> Held:
    """The one thing of an estate."""
    return explained(holds=[{"id": "A", **members}]).holdings[0]


def way_words(way: WayOut) -> str:
    """`cancel yes until 2026-11-27 free 2026-11-22 rule …`."""
    parts = [str(way.way), str(way.possible)]
    parts += ["until", f"{way.until:%Y-%m-%d}"] if way.until else []
    parts += ["free", str(way.free_on)] if way.free_on else []
    return " ".join(parts)


@pytest.mark.parametrize(
    ("thing", "ways"),
    [
        pytest.param(
            {**LICENCE, **OPEN},
            ["cancel yes until 2026-11-27 free 2026-11-22", "wait yes free 2027-11-20", "transfer by-hand"],
            id="a licence in its window",
        ),
        pytest.param(LICENCE, ["cancel no", "wait yes free 2027-01-16", "transfer by-hand"], id="a licence outside"),
        pytest.param(
            {**LICENCE, "autoRenew": False, "scheduled": ["TermEnd/Cancel"]},
            ["cancel no", "wait yes free 2027-01-16", "transfer by-hand"],
            id="a licence that ends by instruction",
        ),
        pytest.param(
            {**LICENCE, "status": "suspended"},
            ["cancel no", "wait yes free 2027-01-16", "transfer by-hand"],
            id="a suspended licence",
        ),
        pytest.param({**LICENCE, "ends": None}, ["cancel no", "wait no", "transfer by-hand"], id="no term end named"),
        pytest.param({**LICENCE, "status": "expired"}, ["wait unknown"], id="over, and perhaps in the way"),
        pytest.param(
            {**LICENCE, "status": "quarantined"},
            ["cancel unknown", "wait unknown", "transfer unknown"],
            id="a status that nobody knows",
        ),
        pytest.param(
            {"kind": "mystery"}, ["cancel unknown", "wait unknown", "transfer unknown"], id="a product of tomorrow"
        ),
        pytest.param(
            {**LICENCE, **OPEN, "trial": True},
            ["cancel yes until 2026-11-27 free 2026-11-22", "wait yes free 2027-11-20", "transfer unknown"],
            id="a trial",
        ),
        pytest.param(
            {"kind": "legacy-license"}, ["cancel yes free 2026-11-22", "wait no", "transfer no"], id="a legacy licence"
        ),
        pytest.param({"kind": "legacy-license", "status": "suspended"}, [], id="suspended, out of the way"),
        pytest.param(
            {"kind": "azure-plan", "azure": [{"id": "Z"}]},
            ["cancel yes free 2026-11-22", "wait no", "transfer by-hand"],
            id="an Azure plan",
        ),
        pytest.param(
            {"kind": "reservation", "expires": "2027-06-30"},
            ["cancel by-hand", "wait yes free 2027-06-30", "transfer by-hand"],
            id="a reservation",
        ),
        pytest.param(
            {"kind": "reservation", "expires": "2027-06-30T12:00:00"},
            ["cancel by-hand", "wait yes free 2027-07-01", "transfer by-hand"],
            id="one that expires at noon",
        ),
        pytest.param(
            {"kind": "reservation"}, ["cancel by-hand", "wait no", "transfer by-hand"], id="one without an expiry"
        ),
        pytest.param(
            {"kind": "perpetual-software", "bought": "2026-11-20", "price": "900.00"},
            ["cancel yes until 2026-12-20 free 2026-11-22", "wait unknown free 2026-12-20", "transfer no"],
            id="perpetual software in its window",
        ),
    ],
)
def test_the_ways_out_of_one_thing(thing: dict[str, Any], ways: list[str]) -> None:
    assert [way_words(way) for way in held(**thing).ways] == ways


def test_what_ends_no_more_is_not_on_the_page() -> None:
    holds = [{**LICENCE, "status": "deleted"}, {"kind": "reservation", "id": "R", "seats": 0}]
    assert [each.target.id for each in explained(holds=holds).holdings if each.target.type == "subscription"] == []


def test_the_manifest_s_promises_and_lines_do_not_hide_a_way() -> None:
    wants = {
        "serviceUntil": "2027-05-01",
        "notBefore": "2027-04-01",
        "refunds": "ignore",
        "subscriptions": [{"match": {"id": "A"}, "desired": "keep"}],
    }
    page = explained(holds=[{**LICENCE, **OPEN}], wants=wants)
    assert way_words(page.holdings[0].ways[0]) == "cancel yes until 2026-11-27 free 2026-11-22"
    assert page.customer == customer_plan({"holds": [{**LICENCE, **OPEN}], "wants": wants})


def test_a_line_that_keeps_azure_does_not_hide_that_it_could_be_cancelled() -> None:
    lines = [{"match": {"family": "azure-plan"}, "desired": "keep"}]
    plan = {"kind": "azure-plan", "id": "A", "azure": [{"id": "Z"}], "ends": "9999-12-31"}
    thing = explained(holds=[plan], wants={"subscriptions": lines}).holdings[0]
    assert [way_words(way) for way in thing.ways] == ["cancel yes free 2026-11-22", "wait no", "transfer by-hand"]
    assert (thing.term_end, thing.quantity) == (None, None)


def test_an_end_in_the_year_9999_is_none() -> None:
    assert held(kind="legacy-license", ends="9999-12-31").term_end is None


def test_what_is_owed_until_an_end_that_is_already_told() -> None:
    ends = {"autoRenew": False, "scheduled": ["TermEnd/Cancel"]}
    told, untold = (held(**{**LICENCE, **MONTHLY, **each}).ways for each in (ends, {}))
    assert told[1].money.committed == untold[1].money.committed == told[2].saves
    assert told[1].money.committed is not None
    assert told[1].money.lost_per_day is not None


@pytest.mark.parametrize(("second", "refund"), [("5.00", "15.00 USD"), ("5.00 EUR", "None")])
def test_what_several_returns_bring_is_added_in_one_currency_alone(second: str, refund: str) -> None:
    quotes = [
        {"id": each, "refund": amount, "consumed": "0.00", "allowance": "50000.00"}
        for each, amount in (("first", "10.00"), ("second", second))
    ]
    cancel = held(kind="reservation", expires="2027-06-30", azure=quotes).ways[0]
    assert (cancel.possible, str(cancel.money.refund)) == ("yes", refund)


def test_what_we_returned_before_counts() -> None:
    """The allowance of a reservation is used up by our own returns, whatever Azure says that is used."""
    azure = [{"refund": "5000.00", "consumed": "0.00", "allowance": "50000.00"}]
    holds = [{"kind": "reservation", "id": "R", "expires": "2027-06-30", "azure": azure}]
    used = {"returned": [{"at": "2026-10-01", "counts": "49000.00"}]}
    assert [way_words(explained(holds=holds, memory=past).holdings[0].ways[0]) for past in ({}, used)] == [
        "cancel yes free 2026-11-22",
        "cancel no",
    ]


def test_an_open_transfer_locks_the_other_ways() -> None:
    transfers = [{"id": "T", "moves": ["A"], "expires": "2026-12-05"}]
    ways = explained(holds=[{**LICENCE, **OPEN, **MONTHLY}], transfers=transfers).holdings[0].ways
    assert [(way.way, way.possible) for way in ways] == [
        ("cancel", "no"),
        ("wait", "unknown"),
        ("transfer", "by-hand"),
    ]
    assert "open transfer" in ways[2].text
    assert ways[2].saves is not None
    assert ways[2].saves == held(**{**LICENCE, **OPEN, **MONTHLY}).ways[2].saves


def test_the_customer_in_sum() -> None:
    holds = [{**LICENCE, **OPEN, **MONTHLY}, {**LICENCE, "id": "B"}, {"kind": "legacy-license", "id": "C"}]
    page = explained(holds=holds)
    cancel, wait, transfer = page.ways
    assert cancel.answers == {"yes": 2, "no": 1}
    assert (cancel.until, cancel.free_on) == (page.holdings[0].ways[0].until, None)
    assert len(cancel.money.refund) == 1
    assert (wait.answers, wait.free_on) == ({"yes": 2, "no": 1}, None)
    assert wait.money.unknown["committed"] == 1
    assert transfer.answers == {"by-hand": 2, "no": 1}
    assert transfer.saves == wait.money.committed
    assert "lapses after 30 days" in transfer.text
    assert explained(holds=holds[:2]).ways[1].free_on == date(2027, 11, 20)


def test_nothing_known_is_nothing_added() -> None:
    page = explained(holds=[LICENCE])
    assert page.ways[1].money.committed == ()
    assert page.ways[1].money.unknown == {"refund": 1, "lostPerDay": 1, "committed": 1}
    assert page.holdings[0].price == ""


@pytest.mark.parametrize(
    ("thing", "price"),
    [
        ({**LICENCE, **MONTHLY}, "12.00 EUR a unit a month"),
        ({**LICENCE, **MONTHLY, "cycle": "annual"}, "12.00 EUR a unit every 12 months"),
        ({"kind": "perpetual-software", "price": "900.00"}, "900.00 USD a unit once"),
        ({"kind": "azure-plan"}, "by usage"),
    ],
)
def test_a_price_in_words(thing: dict[str, Any], price: str) -> None:
    assert held(**thing).price.startswith(price)


def test_a_customer_that_stays_is_told_how_it_could_leave() -> None:
    page = explained(holds=[LICENCE], wants={"relationship": "active"})
    assert (page.hypothetical, page.customer.desired.relationship) == (False, "active")
    assert page.leaving is not None
    assert page.leaving.earliest_removal == date(2027, 1, 16)
    wanted = page.customer.desired
    assert page.leaving.desired == DesiredCustomer(
        wanted.name, wanted.tenant_id, wanted.domain, Relationship.REMOVED, reason="if it were removed"
    )


def test_a_customer_that_leaves_is_told_once() -> None:
    assert explained(holds=[LICENCE]).leaving is None


def test_days_are_those_of_the_partner_s_zone() -> None:
    case: dict[str, Any] = {"zone": "Pacific/Auckland", "holds": [LICENCE], "wants": {"notBefore": "2026-11-30"}}
    assert explained(**case).customer == customer_plan(case)


@pytest.mark.parametrize(("scheduled", "told"), [(None, None), ([], ()), (["TermEnd/Cancel"], ("TermEnd/Cancel",))])
def test_what_is_told_to_happen_at_term_end(scheduled: Any, told: Any) -> None:
    assert held(**{**LICENCE, "scheduled": scheduled}).end_of_term == told


@pytest.mark.parametrize(
    ("state", "ordered", "status"),
    [
        ("failed", True, "failed"),
        ("", True, "order completed"),
        ("failed", False, "failed"),
        ("", False, "entitled"),
    ],
)
def test_the_status_of_what_is_no_subscription(state: str, ordered: bool, status: str) -> None:
    world = snapshot({"holds": [{"kind": "perpetual-software", "id": "A"}]})
    found = world.states[TENANT]
    rows = tuple(replace(each, fulfillment_state=state) for each in found.entitlements)
    found = replace(found, entitlements=rows, orders=found.orders if ordered else ())
    page = explain(
        desired({}),
        replace(world, states={TENANT: found}),
        memory({}),
        rules_with({}),
        Policy(),
        NOW,
        partner=partner(),
    )
    assert [each.status for each in page.holdings] == [status]


def test_a_customer_that_nobody_manages_is_told_as_if_it_left() -> None:
    page = explained(holds=[LICENCE], wants={"relationship": "unmanaged"})
    assert (page.hypothetical, page.leaving) == (True, None)
    assert page.customer.earliest_removal == date(2027, 1, 16)
    assert page.customer.desired.relationship == "removed"


def test_what_was_not_read_is_not_explained() -> None:
    page = explained(holds=[LICENCE], customer={"read": False})
    assert (page.customer.verdict, page.holdings, page.ways) == ("unknown", (), ())


def test_every_rule_that_is_named_stands_below_with_the_partner_s_reason() -> None:
    shipped = rules_with({})
    name = "new-commerce-license.active"
    changed = Override(name, "free", "blocks", "tried on 2026-11-01")
    page = explained(msgspec.structs.replace(shipped, overridden=(changed,)), holds=[LICENCE])
    named = {each.rule for each in page.customer.blockers} | {each.rule for each in page.customer.actions}
    named |= {way.rule for thing in page.holdings for way in thing.ways}
    facts = {fact.id: fact for fact in page.rules}
    assert set(facts) == named - {None}
    assert {each: fact.because for each, fact in facts.items() if fact.because != ""} == {name: "tried on 2026-11-01"}
    assert (facts[name].source, facts[name].checked) == (shipped.rules[name].source, shipped.rules[name].checked)


def test_the_policy_of_azure_is_left_out_and_stays_as_it_is() -> None:
    page = explained(holds=[{"kind": "azure-plan", "id": "A", "azure": [{"id": "Z"}]}])
    assert [blocker.code for blocker in page.customer.blockers] == ["azure-needs-decision"]
    assert Policy().azure_cancel_allowed is False
    assert page.created_at == NOW
