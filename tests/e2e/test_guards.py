"""Guards with real processes: refused means exit 5 and no request that writes, and the line that is offered works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import ESTATES, Desk, Service, simulating

TENANT = "6b2e0b0c-0000-4000-8000-0000000000"
NAMES = {"alder-law": "71", "birch-dental": "72", "cedar-bakery": "73"}
NO_AUDIT = ESTATES / "no-audit.faults.yaml"


@pytest.fixture
def service(desk: Desk) -> Iterator[Service]:
    with simulating(desk.folder, "--estate", str(ESTATES / "guarded.yaml")) as running:
        desk.partner(running.url)
        leaving(desk)
        yield running


def leaving(desk: Desk) -> None:
    for name, number in NAMES.items():
        desk.customer(name, f"{TENANT}{number}", f"{name.replace('-', '')}.onmicrosoft.com")


def budgets(desk: Desk, per_run: Any = None, per_day: Any = None, **spec: Any) -> None:
    desk.policy(budgets={"perRun": per_run or {}, "perDay": per_day or {}}, **spec)


def offered(text: str) -> list[str]:
    """The command that a refusal offers, as somebody would paste it."""
    (line,) = set(re.findall(r"pcreconcile (plan(?: --target customer/[a-z0-9-]+)+)", text))
    return shlex.split(line)


def refused(desk: Desk, service: Service, *arguments: str) -> str:
    """What apply says; nothing that would change a customer was even asked for."""
    last = service.last()
    told = desk("apply", *arguments, expect=5).stderr
    assert {entry["method"] for entry in service.log(last) if "/token" not in entry["path"]} <= {"GET"}
    return told


OVER = [
    # budgets per run and of the day, the code of the one that is over
    ({"removals": 2}, {}, "perRun.removals"),
    ({"removals": 0}, {}, "perRun.removals"),
    ({"seats": 29}, {}, "perRun.seats"),
    ({}, {"oneWayActions": 2}, "perDay.oneWayActions"),
]


@pytest.mark.parametrize(("per_run", "per_day", "code"), OVER)
def test_a_budget_that_was_lowered_after_the_plan(
    desk: Desk, service: Service, per_run: Any, per_day: Any, code: str
) -> None:
    budgets(desk)
    desk("plan", "--out", "kept.plan.json", expect=0)
    budgets(desk, per_run, per_day)
    told = refused(desk, service, "kept.plan.json")
    assert "over budget, nothing was written: " in told
    assert f"{code}: " in told
    assert service.writes() == []
    if per_run == {"removals": 0}:
        assert "no customer of this plan fits by itself" in told
        return
    desk(*offered(told), "--out", "less.plan.json", expect=0)
    desk("apply", "less.plan.json", expect=0)
    assert {entry["customer"] for entry in service.writes()} == {f"{TENANT}71", f"{TENANT}72"}


def test_a_plan_over_budget_offers_what_fits(desk: Desk, service: Service) -> None:
    budgets(desk, {"removals": 1})
    shown = desk("plan", "--out", "kept.plan.json", expect=5).stdout
    assert offered(refused(desk, service, "kept.plan.json")) == ["plan", "--target", "customer/alder-law"]
    assert offered(shown) == ["plan", "--target", "customer/alder-law"]
    desk(*offered(shown), "--out", "less.plan.json", expect=0)
    desk("apply", "less.plan.json", expect=0)


def test_exactly_at_every_limit(desk: Desk, service: Service) -> None:
    limits = {"removals": 3, "oneWayActions": 3, "seats": 30, "protective": 0}
    budgets(desk, limits, dict(limits))
    desk("plan", "--out", "kept.plan.json", expect=0)
    desk("apply", "kept.plan.json", expect=0)


def test_the_day_goes_on_from_run_to_run_and_from_runner_to_runner(desk: Desk, service: Service) -> None:
    budgets(desk, {"removals": 1}, {"removals": 1})
    desk("plan", "--target", "customer/alder-law", "--out", "first.plan.json", expect=0)
    budgets(desk, {"removals": 1}, {"removals": 2})
    desk("plan", "--target", "customer/birch-dental", "--out", "second.plan.json", expect=0)
    budgets(desk, {"removals": 1}, {"removals": 1})
    desk("apply", "first.plan.json", expect=0)
    here = refused(desk, service, "second.plan.json")
    assert "perDay.removals: 2 of at most 1, 1 over (1 of it in the last 24 hours)" in here
    elsewhere = {"PCRECONCILE_HOME": str(desk.folder / "another-runner")}
    before = len(service.writes())
    there = desk("apply", "second.plan.json", expect=5, **elsewhere).stderr
    assert "perDay.removals: 2 of at most 1, 1 over (1 of it in the last 24 hours)" in there
    assert len(service.writes()) == before
    budgets(desk, {"removals": 1}, {"removals": 2, "seats": 100})
    unknown = desk("apply", "second.plan.json", expect=5, **elsewhere).stderr
    assert "perDay.seats" in unknown
    assert "cannot be known before" in unknown
    assert len(service.writes()) == before
    desk("apply", "second.plan.json", expect=0)  # the journal knows


def test_a_runner_that_can_know_nothing_writes_nothing(desk: Desk) -> None:
    with simulating(desk.folder, "--estate", str(ESTATES / "guarded.yaml"), "--faults", str(NO_AUDIT)) as service:
        desk.partner(service.url)
        leaving(desk)
        budgets(desk)
        desk("plan", "--out", "kept.plan.json", expect=0)
        told = refused(desk, service, "kept.plan.json")
        assert "what was done in the last 24 hours cannot be known" in told
        assert "give the application the right to read audit records" in told


def test_a_customer_that_is_protected_since_the_plan(desk: Desk, service: Service) -> None:
    budgets(desk)
    desk("plan", "--out", "kept.plan.json", expect=0)
    budgets(desk, protected=["cedar-*"])
    assert "cedar-bakery is protected by the policy" in refused(desk, service, "kept.plan.json")
    assert service.writes() == []
