"""The fleet's dates out of a plan: in order, with what is inside the asked span, and who is not known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pcreconcile.model.agenda import FORMAT_VERSION, Agenda, AgendaDeadline, AgendaRemoval
from pcreconcile.model.plan import Blocker, CustomerPlan, Deadline, Notice, Plan, Target, Verdict
from pcreconcile.planning.agenda import agenda
from tests.exits.estates import NOW, plan_of
from tests.planning.fleets import customer


def plan_with(*customers: CustomerPlan) -> Plan:
    """A plan of these customers, made at NOW."""
    return msgspec.structs.replace(plan_of({}), customers=customers)


def dated(name: str, *deadlines: Deadline, **members: Any) -> CustomerPlan:
    return msgspec.structs.replace(customer(name=name), deadlines=deadlines, **members)


def deadline(after: timedelta, code: str = "term-ends", target: Target | None = None) -> Deadline:
    return Deadline(NOW + after, code, target, "its term ends")


def test_soonest_first_over_all_customers() -> None:
    a, b = Target("subscription", "A", "a"), Target("subscription", "B", "b")
    day = timedelta(days=1)
    plan = plan_with(
        dated("elm", deadline(day, target=b), deadline(day, target=a), deadline(day), deadline(day, "renews")),
        dated("ash", deadline(2 * day), deadline(day)),
    )
    seen = [(each.customer, each.code, each.target and each.target.id) for each in agenda(plan).deadlines]
    assert seen == [
        ("ash", "term-ends", None),
        ("elm", "renews", None),
        ("elm", "term-ends", None),
        ("elm", "term-ends", "A"),
        ("elm", "term-ends", "B"),
        ("ash", "term-ends", None),
    ]


def test_all_that_it_says_of_a_customer() -> None:
    target, day, span = Target("subscription", "A", "a"), date(2026, 12, 1), timedelta(days=3)
    leaving = dated("ash", deadline(timedelta(days=1), target=target), earliest_removal=day)
    plan = plan_with(leaving)
    at = NOW + timedelta(days=1)
    assert agenda(plan, span) == Agenda(
        FORMAT_VERSION,
        NOW,
        plan.partner,
        span,
        (AgendaDeadline("ash", leaving.tenant_id, at, 1, True, "term-ends", target, "its term ends"),),
        (AgendaRemoval("ash", leaving.tenant_id, day, "high"),),
        {},
    )


@pytest.mark.parametrize(
    ("after", "inside", "left"),
    [
        (timedelta(days=14), True, 14),
        (timedelta(days=14, microseconds=1), False, 14),
        (timedelta(days=13, hours=23), True, 13),
        (timedelta(hours=1), True, 0),
    ],
)
def test_inside_is_up_to_the_last_instant_of_the_span(after: timedelta, inside: bool, left: int) -> None:
    found = agenda(plan_with(dated("ash", deadline(after))), timedelta(days=14)).deadlines[0]
    assert (found.inside, found.days_left) == (inside, left)


def test_removals_by_date_of_those_that_leave() -> None:
    found = agenda(
        plan_with(
            dated("elm", earliest_removal=date(2027, 1, 1)),
            dated("ash", earliest_removal=date(2026, 12, 1), confidence="low"),
            dated("oak"),
        )
    )
    assert [(each.customer, str(each.on), each.confidence) for each in found.removals] == [
        ("ash", "2026-12-01", "low"),
        ("elm", "2027-01-01", "high"),
    ]


@pytest.mark.parametrize(
    ("verdict", "warnings", "unseen"),
    [
        (Verdict.UNKNOWN, (), {"ash": "HTTP 503"}),
        (Verdict.REFUSED, (), {"ash": "HTTP 503"}),
        (Verdict.REFUSED, (Notice("on-blocked-fail", "it is blocked"),), {}),  # it was planned before it was refused
        (Verdict.BLOCKED, (), {}),
    ],
)
def test_whose_dates_nobody_knows(verdict: Verdict, warnings: tuple[Notice, ...], unseen: dict[str, str]) -> None:
    blocker = Blocker("read-incomplete", None, None, "HTTP 503")
    found = agenda(plan_with(dated("ash", verdict=verdict, warnings=warnings, blockers=(blocker,))))
    assert found.unseen == unseen


@pytest.mark.parametrize(
    ("problems", "why"), [((), "refused"), (("no right", "cut off at page 2"), "no right; cut off at page 2")]
)
def test_why_nobody_knows_them(problems: tuple[str, ...], why: str) -> None:
    blockers = tuple(Blocker("read-incomplete", None, None, problem) for problem in problems)
    found = agenda(plan_with(dated("ash", verdict=Verdict.REFUSED, blockers=blockers)))
    assert found.unseen == {"ash": why}


def test_a_projection_stays_one() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert agenda(msgspec.structs.replace(plan_with(), projected_from=at)).projected_from == at
