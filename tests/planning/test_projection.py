"""What time alone does to an estate: a table of (what is held, the day) -> what it would be."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.model.estate import DelegatedAdminRelationship
from pcreconcile.model.identity import digest, plan_id
from pcreconcile.model.plan import Notice
from pcreconcile.planning.projection import marked, projected
from tests.exits.estates import NOW, TENANT, plan_of, rules_with, snapshot

LICENCE = {"kind": "new-commerce-license", "id": "A", "starts": "2025-12-16", "ends": "2026-12-15"}
EXTENDS = "TermEnd/RenewToExtendedServiceTerm"


def midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.min, tzinfo=UTC)


def state_at(day: str, rules: dict[str, Any] | None = None, **case: Any) -> Any:
    """The customer of a case as it would stand at the beginning of a UTC day."""
    world = projected(snapshot(case), midnight(day), rules_with(rules or {}))
    return world.states[TENANT]


def row_at(day: str, rules: dict[str, Any] | None = None, **members: Any) -> list[Any]:
    """Status, term, end, window, auto-renew and instructions of one new-commerce licence that ends on 2026-12-15."""
    row = state_at(day, rules, holds=[{**LICENCE, **members}]).subscriptions[0]
    seen = [f"{each.schedule_type}/{each.action_type}" for each in row.scheduled_actions or ()]
    end, window = row.commitment_end, row.cancellation_allowed_until
    return [row.status, row.term_duration, end and f"{end:%Y-%m-%d}", window and f"{window:%Y-%m-%d}", *seen]


YEAR, MONTH = {"term": "P1Y"}, {"term": "P1M"}
OFF = {"autoRenew": False}


@pytest.mark.parametrize(
    ("held", "day", "then"),
    [
        pytest.param(YEAR, "2026-12-15", ["active", "P1Y", "2026-12-15", None], id="on its last day it still runs"),
        pytest.param(YEAR, "2026-12-16", ["active", "P1Y", "2027-12-15", "2026-12-23"], id="renewed, window open"),
        pytest.param(YEAR, "2026-12-22", ["active", "P1Y", "2027-12-15", "2026-12-23"], id="its window's last day"),
        pytest.param(YEAR, "2026-12-23", ["active", "P1Y", "2027-12-15", None], id="renewed, window closed"),
        pytest.param(YEAR, "2029-01-01", ["active", "P1Y", "2029-12-15", None], id="renewed three times"),
        pytest.param(MONTH, "2027-03-01", ["active", "P1M", "2027-03-15", None], id="a month, renewed every month"),
        pytest.param(
            {**MONTH, "ends": "2027-01-30"}, "2027-03-30", ["active", "P1M", "2027-04-27", "2027-04-04"], id="31st, cut"
        ),
        pytest.param(
            {**MONTH, "ends": "2027-01-30"}, "2027-03-01", ["active", "P1M", "2027-03-27", "2027-03-07"], id="28 days"
        ),
        pytest.param(
            {**YEAR, **OFF, "scheduled": ["TermEnd/Cancel"]},
            "2027-03-01",
            ["expired", "P1Y", "2026-12-15", None, "TermEnd/Cancel"],
            id="told to end",
        ),
        pytest.param(
            {**YEAR, **OFF}, "2026-12-16", ["active", "P1M", "2027-01-15", "2027-01-15", EXTENDS], id="slides into EST"
        ),
        pytest.param(
            {**YEAR, **OFF, "scheduled": None},
            "2027-02-20",
            ["active", "P1M", "2027-03-15", "2027-03-15", EXTENDS],
            id="EST goes on from month to month",
        ),
        pytest.param(
            {**YEAR, **OFF, "scheduled": ["TermEnd/RenewToNewTerm"]},
            "2026-12-16",
            ["active", "P1M", "2027-01-15", "2027-01-15", EXTENDS],
            id="a renewal without auto-renew is never applied",
        ),
        pytest.param(
            {**YEAR, "status": "suspended", **OFF}, "2026-12-16", ["expired", "P1Y", "2026-12-15", None], id="suspended"
        ),
        pytest.param(
            {**YEAR, "status": "expired"}, "2028-01-01", ["expired", "P1Y", "2026-12-15", None], id="over stays over"
        ),
        pytest.param({**YEAR, "autoRenew": None}, "2026-12-16", ["active", "P1Y", None, None], id="settings unknown"),
        pytest.param({"term": "P5Y"}, "2027-01-01", ["active", "P5Y", None, None], id="a term that nobody knows"),
        pytest.param({}, "2026-12-16", ["active", None, "2027-12-15", "2026-12-23"], id="as long as its present term"),
        pytest.param(
            {"starts": "2026-11-16"},
            "2026-12-16",
            ["active", None, "2027-01-15", "2026-12-23"],
            id="as long as a month",
        ),
        pytest.param({"starts": "2026-12-16"}, "2026-12-16", ["active", None, None, None], id="no day long"),
        pytest.param(
            {**YEAR, "autoRenew": None, "window": "2026-12-20"},
            "2026-12-16",
            ["active", "P1Y", None, None],
            id="settings unknown, and so is its window",
        ),
        pytest.param(
            {"term": "P5Y", "window": "2026-12-20"},
            "2027-01-01",
            ["active", "P5Y", None, None],
            id="unknown, no window",
        ),
        pytest.param(
            {**YEAR, "status": "suspended", **OFF, "window": "2026-12-20"},
            "2026-12-16",
            ["expired", "P1Y", "2026-12-15", None],
            id="over, no window",
        ),
        pytest.param(
            {**YEAR, "status": "suspended", "ends": "9999-12-29"},
            "9999-12-30",
            ["expired", "P1Y", "9999-12-29", None],
            id="the last day that can be over",
        ),
        pytest.param(
            {**YEAR, "status": "suspended", "ends": "9999-12-30"},
            "9999-12-31",
            ["suspended", "P1Y", "9999-12-30", None],
            id="the calendar ends first",
        ),
        pytest.param({"starts": "2025-12-20"}, "2026-12-16", ["active", None, None, None], id="no whole months"),
        pytest.param({**YEAR, "trial": True}, "2026-12-16", ["active", "P1Y", "2027-12-15", "2026-12-23"], id="trial"),
        pytest.param(
            {**YEAR, **OFF, "trial": True}, "2026-12-16", ["expired", "P1Y", "2026-12-15", None], id="a trial that ends"
        ),
    ],
)
def test_a_new_commerce_licence_at_a_later_day(held: dict[str, Any], day: str, then: list[Any]) -> None:
    assert row_at(day, **held) == then


@pytest.mark.parametrize("held", [YEAR, {**YEAR, **OFF}])
def test_a_new_term_begins_afresh(held: dict[str, Any]) -> None:
    """What belonged to the old term is gone: a trial, its refunds, what was scheduled for its end."""
    trial = {"trial": "autoRenew" not in held, "nextTerm": True, "refundOptions": {"Full": "2027-12-31"}}
    row = state_at("2026-12-20", holds=[{**LICENCE, **held, **trial}]).subscriptions[0]
    assert (row.is_trial, row.scheduled_next_term, row.refund_options) == (False, False, ())
    assert row.effective_start == midnight("2026-12-16")


@pytest.mark.parametrize(("scheduled", "then"), [(["TermEnd/Cancel"], ()), ([], ()), (None, None)])
def test_what_was_scheduled_is_gone_with_its_term_or_unknown_as_before(scheduled: Any, then: Any) -> None:
    row = state_at("2026-12-20", holds=[{**LICENCE, **YEAR, "scheduled": scheduled}]).subscriptions[0]
    assert row.scheduled_actions == then


def test_what_is_over_renews_no_more_and_an_extension_is_billed_by_the_month() -> None:
    over = state_at("2026-12-20", holds=[{**LICENCE, **YEAR, "status": "suspended"}]).subscriptions[0]
    extended = state_at("2026-12-20", holds=[{**LICENCE, **YEAR, **OFF, "cycle": "annual"}]).subscriptions[0]
    assert (over.auto_renew, extended.billing_cycle) == (False, "monthly")


@pytest.mark.parametrize(
    ("rules", "held", "then"),
    [
        ({"new-commerce-license.cancel-window": 3}, YEAR, ["active", "P1Y", "2027-12-15", "2026-12-19"]),
        ({"new-commerce-license.term-end": "exclusive"}, YEAR, ["active", "P1Y", "2027-12-15", "2026-12-22"]),
        (
            {"new-commerce-license.end-of-term-instruction": "none"},
            {**YEAR, **OFF},
            ["expired", "P1Y", "2026-12-15", None],
        ),
        (
            {"new-commerce-license.suspended": "free"},
            {**YEAR, "status": "suspended"},
            ["suspended", "P1Y", "2026-12-15", None],
        ),
        ({"trial.conversion": "none"}, {**YEAR, "trial": True}, ["expired", "P1Y", "2026-12-15", None]),
    ],
)
def test_the_rules_decide_what_a_term_turns_into(rules: dict[str, Any], held: dict[str, Any], then: list[Any]) -> None:
    assert row_at("2026-12-16", rules, **held) == then


@pytest.mark.parametrize(
    ("held", "day", "then"),
    [
        ({"kind": "legacy-license", "term": "P1Y"}, "2026-12-15", ("active", "2027-12-15")),  # exclusive: over that day
        ({"kind": "legacy-license", "term": "P1Y"}, "2026-12-14", ("active", "2026-12-15")),
        ({"kind": "legacy-license", "autoRenew": False}, "2026-12-15", ("expired", "2026-12-15")),
        ({"kind": "legacy-license", "status": "suspended"}, "2027-12-15", ("suspended", "2026-12-15")),
        ({"kind": "software-subscription", "term": "P3Y"}, "2026-12-16", ("active", "2029-12-15")),
        ({"kind": "software-subscription", "autoRenew": False}, "2026-12-16", ("expired", "2026-12-15")),
        ({"kind": "azure-plan", "ends": "9999-12-31"}, "2027-12-15", ("active", "9999-12-31")),
        ({"kind": "azure-plan", "term": "P1M", "autoRenew": False}, "2027-12-15", ("active", "2026-12-15")),
        ({"kind": "mystery", "autoRenew": False}, "2027-12-15", ("active", "2026-12-15")),
    ],
)
def test_other_families_at_a_later_day(held: dict[str, Any], day: str, then: tuple[str, str]) -> None:
    row = state_at(day, holds=[{"id": "A", "ends": "2026-12-15", **held}]).subscriptions[0]
    assert (row.status, f"{row.commitment_end:%Y-%m-%d}") == then


@pytest.mark.parametrize(
    ("day", "state", "status"), [("2026-12-14", "succeeded", "pending"), ("2026-12-15", "expired", "expired")]
)
def test_what_has_an_expiry_is_over_on_that_day(day: str, state: str, status: str) -> None:
    found = state_at(
        day,
        holds=[{"kind": "reservation", "id": "R", "expires": "2026-12-15", "azure": [{"refund": "10.00"}]}],
        transfers=[{"id": "T", "moves": ["A"], "expires": "2026-12-15"}],
    )
    assert (found.reservations[0].state, found.transfers[0].status) == (state, status)


def test_what_was_over_before_keeps_its_word() -> None:
    found = state_at(
        "2028-01-01",
        holds=[{"kind": "reservation", "id": "R", "azure": [{"state": "cancelled", "expires": "2026-12-15"}]}],
        transfers=[{"id": "T", "status": "rejected", "expires": "2026-12-15"}],
    )
    ended = DelegatedAdminRelationship("G", "helpdesk", "terminated", midnight("2026-12-15"))
    active = replace(ended, status="active")
    world = snapshot({})
    state = replace(world.states[TENANT], delegated_admin=(ended, active))
    later = projected(replace(world, states={TENANT: state}), midnight("2027-01-01"), rules_with({})).states[TENANT]
    assert (found.reservations[0].state, found.transfers[0].status) == ("cancelled", "rejected")
    assert [each.status for each in later.delegated_admin or ()] == ["terminated", "expired"]


def test_nothing_moves_before_its_time() -> None:
    case = {"holds": [{**LICENCE, **YEAR}], "gdap": [{"id": "G"}], "transfers": "not read"}
    world = snapshot(case)
    assert projected(world, NOW, rules_with({})) == world


def test_a_marked_plan_says_what_it_is_and_is_sealed_again() -> None:
    drawn = plan_of({"holds": [{**LICENCE, **YEAR}]})
    read_at = midnight("2026-11-20")
    plan = marked(drawn, read_at)
    assert plan.projected_from == read_at
    assert plan.warnings[0] == Notice(
        "projection",
        "this is how it would look on 2026-11-22, as if nothing were done from 2026-11-20 on: terms end, renew or "
        "become Extended Service Terms as their settings say; prices, quotes and the journal are those of the day of "
        "reading; apply refuses this plan",
    )
    assert plan.plan_id == plan_id(plan.format_version, plan.partner.tenant_id, plan.customers) == drawn.plan_id
    assert plan.digest == digest(plan) != drawn.digest
