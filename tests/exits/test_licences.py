"""What stands beside the dates of a licence's exit: its rules, its words, until when it can be undone, and the data."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pcreconcile.exits import Charge, Exit, Holding, Step, Wish, exit_of, holdings_of
from pcreconcile.model.desired import LineDesire, Refunds
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionMoney
from tests.exits.estates import NOW, customer_state, shipped_rules

WISH = Wish(desire=None, refunds=Refunds.PREFER, start=NOW, service_end=None)


def holding(words: dict[str, Any]) -> Holding:
    (found,) = holdings_of(customer_state([{"id": "A", **words}], None, {}))
    return found


def left(words: dict[str, Any]) -> Exit:
    held = holding(words)
    return exit_of(held.family).leave(held, WISH, shipped_rules(), NOW)


def paused(words: dict[str, Any]) -> Exit:
    held = holding(words)
    return exit_of(held.family).pause(held, WISH, shipped_rules(), NOW)


def renewed(words: dict[str, Any], desire: LineDesire) -> Exit:
    held = holding(words)
    return exit_of(held.family).renew(held, desire, shipped_rules(), NOW)


NCE: dict[str, Any] = {"kind": "new-commerce-license", "term": "P1Y", "ends": "2027-03-31"}
EXTENDED = NCE | {
    "term": "P1M",
    "ends": "2026-12-09",
    "window": "2026-12-09",
    "autoRenew": False,
    "scheduled": ["TermEnd/RenewToExtendedServiceTerm"],
}
OPEN = NCE | {"window": "2026-11-26T12:00:00Z"}
SUSPENDED = NCE | {"status": "suspended", "autoRenew": False}
TRIAL = NCE | {"trial": True}
LEGACY: dict[str, Any] = {"kind": "legacy-license"}

STEPS: list[tuple[Exit, list[tuple[str, date | None, date | None]]]] = [
    (left(OPEN), [("new-commerce-license.cancel-window", None, None)]),
    (left(NCE), [("new-commerce-license.end-of-term-instruction", date(2027, 3, 30), date(2027, 5, 30))]),
    (left(NCE | {"ends": None}), [("new-commerce-license.end-of-term-instruction", None, None)]),
    (
        left(NCE | {"ends": "2026-11-22"}),
        [("new-commerce-license.end-of-term-instruction", None, date(2027, 1, 21))],
    ),
    (
        left(NCE | {"ends": "2026-11-23"}),
        [("new-commerce-license.end-of-term-instruction", date(2026, 11, 22), date(2027, 1, 22))],
    ),
    (
        left(NCE | {"ends": "9999-12-31"}),
        [("new-commerce-license.end-of-term-instruction", date(9999, 12, 30), date.max)],
    ),
    (left(TRIAL), [("trial.conversion", date(2027, 3, 30), date(2027, 5, 30))]),
    (left(EXTENDED), [("extended-service-term.cancel", None, None)]),
    (
        left(SUSPENDED),
        [
            ("new-commerce-license.reactivate-before-term-end", None, None),
            ("new-commerce-license.end-of-term-instruction", date(2027, 3, 30), date(2027, 5, 30)),
        ],
    ),
    (paused(NCE), [("new-commerce-license.suspended", date(2027, 3, 31), date(2027, 5, 30))]),
    (left(LEGACY), [("legacy-license.active", None, None)]),
    (
        renewed(NCE | {"autoRenew": False}, LineDesire.RENEW),
        [("new-commerce-license.end-of-term-instruction", date(2027, 3, 30), None)],
    ),
    (renewed(NCE, LineDesire.EXTEND), [("extended-service-term.surcharge", date(2027, 3, 30), None)]),
    (renewed(NCE | {"ends": "2026-11-22"}, LineDesire.EXTEND), [("extended-service-term.surcharge", None, None)]),
    (
        renewed(NCE | {"ends": "2026-11-23"}, LineDesire.EXTEND),
        [("extended-service-term.surcharge", date(2026, 11, 22), None)],
    ),
    (renewed(NCE | {"ends": None}, LineDesire.EXTEND), [("extended-service-term.surcharge", None, None)]),
]


@pytest.mark.parametrize(("found", "expected"), STEPS)
def test_each_step_says_its_rule_and_until_when_it_can_be_undone(
    found: Exit, expected: list[tuple[str, date | None, date | None]]
) -> None:
    assert [(step.rule, step.reversible_until, step.data_until) for step in found.steps] == expected


def test_how_long_a_suspended_legacy_licence_lives_is_a_span() -> None:
    """Planning knows the day on which it is suspended."""
    assert [step.kept_for for step in left(LEGACY).steps] == [timedelta(days=30)]


@pytest.mark.parametrize(
    ("words", "code", "rule"),
    [
        (NCE, "term-running", "new-commerce-license.active"),
        (SUSPENDED, "term-running", "new-commerce-license.suspended"),
        (NCE | {"status": "pending"}, "order-in-progress", "order.in-progress"),
        (NCE | {"status": "hibernating"}, "unknown-status", None),
        (LEGACY | {"status": "pending"}, "order-in-progress", "order.in-progress"),
        (
            LEGACY | {"ends": "2026-12-01", "autoRenew": False, "status": "hibernating"},
            "unknown-status",
            None,
        ),
    ],
)
def test_each_blocker_says_its_rule(words: dict[str, Any], code: str, rule: str | None) -> None:
    assert [(each.code, each.rule) for each in left(words).blockers] == [(code, rule)]


def only_step(found: Exit) -> Step:
    (step,) = found.steps
    return step


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            left(OPEN),
            "cancelled inside its window, which closes 2026-11-26 12:00 UTC; afterwards the whole term is owed",
        ),
        (left(OPEN), "access is lost at once"),
        (left(OPEN | {"trial": True}), "afterwards the trial runs on"),
        (left(NCE), "access ends with 2027-03-31, the data is kept until 2027-05-30 at least"),
        (left(TRIAL), "the trial would turn into a paid term"),
        (left(EXTENDED), "3 percent over the monthly price, 23 where the product has no monthly plan"),
        (left(LEGACY), "active it blocks the removal"),
    ],
)
def test_a_step_says_why(found: Exit, words: str) -> None:
    assert words in only_step(found).why


def test_a_step_without_a_term_end_promises_no_data() -> None:
    assert "data" not in only_step(left(NCE | {"ends": None})).why


def test_an_add_on_is_told_to_go_first_only_while_the_rules_say_so() -> None:
    state = customer_state([OPEN | {"id": "A"}, OPEN | {"id": "Z", "parent": "A"}], None, {})
    base, add_on = holdings_of(state)
    whys = [only_step(exit_of(held.family).leave(held, WISH, shipped_rules(), NOW)).why for held in (base, add_on)]
    assert ["before its base" in why for why in whys] == [False, True]


def test_dunning_compares_what_is_unknown_as_unknown() -> None:
    texts = {each.code: each.text for each in paused(OPEN).warnings}
    assert texts["cancel-or-suspend"] == (
        "product A: cancelling until 2026-11-26 12:00 UTC gives back an unknown amount and ends the commitment of "
        "an unknown amount; suspending goes on being billed, an unknown amount per day"
    )


def test_a_trial_that_cannot_serve_longer_is_told_apart() -> None:
    held = holding(TRIAL | {"term": "P1M", "ends": "2026-12-10"})
    wish = Wish(desire=None, refunds=Refunds.PREFER, start=NOW, service_end=NOW + timedelta(days=60))
    (blocker,) = exit_of(held.family).leave(held, wish, shipped_rules(), NOW).blockers
    assert "buy what follows the trial" in blocker.how


@pytest.mark.parametrize(
    ("desire", "refunds", "who"),
    [(LineDesire.CANCEL, Refunds.REQUIRE, "a line"), (None, Refunds.REQUIRE, "refunds: require")],
)
def test_a_broken_promise_says_who_broke_it(desire: LineDesire | None, refunds: Refunds, who: str) -> None:
    held = holding(NCE | {"term": "P1M", "ends": "2026-12-10"})
    wish = Wish(desire=desire, refunds=refunds, start=NOW, service_end=NOW + timedelta(days=60))
    (notice,) = exit_of(held.family).leave(held, wish, shipped_rules(), NOW).warnings
    assert notice.text == f"product A: {who} ends it with its term on 2026-12-10, before serviceUntil"


def ended(words: dict[str, Any], desire: LineDesire) -> Exit:
    held = holding(words)
    wish = Wish(desire=desire, refunds=Refunds.PREFER, start=NOW, service_end=None)
    return exit_of(held.family).leave(held, wish, shipped_rules(), NOW)


RUNS_OUT = LineDesire.CANCEL_AT_TERM_END


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (left(OPEN), [("window-closes", 26)]),
        (left(SUSPENDED | {"ends": "2026-12-05"}), [("term-ends", 5)]),
        (renewed(NCE | {"ends": "2026-12-05"}, LineDesire.EXTEND), [("term-ends", 5)]),
        (ended(LEGACY | {"ends": "2026-12-05"}, RUNS_OUT), [("term-ends", 5)]),
        (ended(LEGACY | {"ends": "2026-12-05", "autoRenew": False}, RUNS_OUT), []),
    ],
)
def test_each_deadline_is_the_last_day_of_something(found: Exit, expected: list[tuple[str, int]]) -> None:
    assert [(each.code, each.at.day) for each in found.deadlines] == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [("2026-12-05", date(2026, 12, 4)), ("2026-11-23", date(2026, 11, 22)), ("2026-11-22T23:00:00Z", None)],
)
def test_a_legacy_licence_that_runs_out_can_be_kept_until_the_day_before(ends: str, expected: date | None) -> None:
    assert only_step(ended(LEGACY | {"ends": ends}, RUNS_OUT)).reversible_until == expected


def test_a_legacy_term_that_is_over_this_very_instant_does_not_run_out_any_more() -> None:
    assert only_step(left(LEGACY | {"ends": NOW, "autoRenew": False})).kind == "suspend-subscription"


@pytest.mark.parametrize("words", [NCE, LEGACY])
def test_coming_back_costs_nothing_by_itself(words: dict[str, Any]) -> None:
    held = holding(words | {"status": "suspended"})
    held = msgspec.structs.replace(held, charge=Charge(Money(Decimal("12.00"), "EUR"), 1, "test"))
    nothing = Money(Decimal("0.00"), "EUR")
    step = only_step(exit_of(held.family).resume(held, WISH, shipped_rules(), NOW))
    assert step.money == ActionMoney(nothing, nothing, nothing)
