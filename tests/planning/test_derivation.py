"""What a kept plan says of itself is made anew from its acts, and comes out as planning made it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from pcreconcile.model.desired import DelegatedAccess, Relationship
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import ActionKind, Blocker, CustomerPlan, Effect, Notice, Plan, Verdict
from pcreconcile.model.policies_in_force import PoliciesInForce
from pcreconcile.model.policy import Policy
from pcreconcile.planning.derivation import ASKED_BY, derived, differences_from
from pcreconcile.planning.narrowing import ONLY, narrowed
from tests.exits.estates import plan_of
from tests.planning.test_properties import bounded
from tests.planning.worlds import World, any_worlds

PLAN = plan_of(
    {"holds": [{"kind": "legacy-license", "id": "A"}], "wants": {"delegatedAccess": "keep"}, "now": "2026-11-22"}
)
REMOVED = PLAN.customers[0]
(REMOVAL,) = (each for each in REMOVED.actions if each.kind is ActionKind.REMOVE_RELATIONSHIP)
LATER = replace(REMOVAL, when="2026-12-01")
BY_HAND = replace(REMOVAL, when="manual", kind=ActionKind.MANUAL)
DATED = Blocker("term", None, date(2026, 12, 1), "")
UNDATED = Blocker("other-reseller", None, None, "")


def with_customer(customer: CustomerPlan, *notices: Notice) -> Plan:
    return replace(PLAN, customers=(customer,), warnings=notices)


def case(claim: str, *parts: Any) -> CustomerPlan:
    actions = tuple(part for part in parts if not isinstance(part, Blocker))
    blockers = tuple(part for part in parts if isinstance(part, Blocker))
    return replace(REMOVED, verdict=Verdict(claim), actions=actions, blockers=blockers)


ACTS: dict[str, tuple[tuple[Any, ...], dict[str, str]]] = {  # what stands in the file → each claim, and what comes out
    "nothing": (
        (),
        {
            "converged": "",
            "refused": "",
            "unknown": "",
            "blocked": "converged",
            "waiting": "converged",
            "ready": "converged",
        },
    ),
    "a dated blocker": (
        (DATED,),
        {"converged": "waiting", "refused": "", "unknown": "", "blocked": "waiting", "waiting": "", "ready": "waiting"},
    ),
    "an undated blocker": (
        (UNDATED,),
        {"converged": "blocked", "refused": "", "unknown": "", "blocked": "", "waiting": "blocked", "ready": "blocked"},
    ),
    "an act now": (
        (REMOVAL,),
        dict.fromkeys(["converged", "refused", "unknown", "blocked", "waiting"], "ready") | {"ready": ""},
    ),
    "an act later, and why": (
        (LATER, DATED),
        dict.fromkeys(["converged", "refused", "unknown", "blocked", "ready"], "waiting") | {"waiting": ""},
    ),
    "an act by hand": (
        (BY_HAND,),
        dict.fromkeys(["converged", "refused", "unknown", "waiting", "ready"], "blocked") | {"blocked": ""},
    ),
    "an act now and no date": (
        (REMOVAL, UNDATED),
        dict.fromkeys(["converged", "refused", "unknown", "waiting", "ready"], "blocked") | {"blocked": ""},
    ),
}


@pytest.mark.parametrize("claim", Verdict)
@pytest.mark.parametrize("acts", ACTS)
def test_the_verdict_is_made_from_the_acts(acts: str, claim: Verdict) -> None:
    parts, outcome = ACTS[acts]
    made = derived(with_customer(case(claim, *parts)))
    assert made.plan.customers[0].verdict == (outcome[claim] or claim)
    told = [text for text in made.contradictions if "the file says" in text and not text.startswith("totals")]
    assert bool(told) is bool(outcome[claim])


@pytest.mark.parametrize("claim", ["ready", "waiting", "blocked"])
def test_a_narrowed_plan_may_be_graver_than_its_acts(claim: str) -> None:
    notice = Notice(ONLY, "")
    for parts in ((), (REMOVAL,)):
        assert derived(with_customer(case(claim, *parts), notice)).plan.customers[0].verdict == claim
    assert derived(with_customer(case("converged", REMOVAL), notice)).plan.customers[0].verdict is Verdict.READY


@bounded
@given(world=any_worlds())
def test_what_planning_makes_contradicts_nothing(world: World) -> None:
    plan = plan_of(world)
    assert derived(plan).contradictions == ()
    assert derived(plan).plan == plan
    for effect in Effect:
        part = narrowed(plan, effect, live=3, memory=Memory(), policies=PoliciesInForce(Policy()))
        assert derived(part).contradictions == ()
        assert derived(part).plan == part


def test_a_removal_under_a_customer_that_stays_is_told() -> None:
    stays = replace(REMOVED.desired, relationship=Relationship.ACTIVE, reason=None)
    made = derived(with_customer(replace(REMOVED, desired=stays, verdict=Verdict.CONVERGED)))
    assert made.plan.customers[0].verdict is Verdict.READY
    assert any("remove-relationship for a customer that is wanted active" in text for text in made.contradictions)


def test_every_kind_of_act_has_what_asks_for_it() -> None:
    assert set(ASKED_BY) == set(ActionKind)


@pytest.mark.parametrize(
    "member", ["customers", "actions_now", "actions_later", "actions_manual", "removals_now", "seats"]
)
def test_a_total_that_is_not_the_acts_is_told(member: str) -> None:
    said = getattr(PLAN.totals, member) + 1
    made = derived(replace(PLAN, totals=replace(PLAN.totals, **{member: said})))
    assert made.plan.totals == PLAN.totals
    (told,) = made.contradictions
    assert told.startswith(f"totals: the file says {said} ")


MANIFESTS: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"name": "other"}, "its name is another (harbor-dental in the file, other in the manifest)"),
    "domain": ({"domain": "other.example"}, "its domain is another (harbordental.onmicrosoft.com in the file"),
    "reason": ({"reason": "so"}, "its reason is another"),
    "relationship": ({"relationship": Relationship.ACTIVE}, "(removed in the file, active in the manifest)"),
    "a date": ({"not_before": date(2027, 1, 1)}, "its not before is another"),
    "access": ({"delegated_access": DelegatedAccess(at=date(2027, 1, 1))}, "its delegated access is another"),
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_what_the_manifests_say_otherwise_is_told(what: str) -> None:
    changed, told = MANIFESTS[what]
    assert differences_from(PLAN, [REMOVED.desired]) == ()
    (difference,) = differences_from(PLAN, [replace(REMOVED.desired, **changed)])
    assert told in difference


def test_a_tenant_without_a_manifest_is_told() -> None:
    (told,) = differences_from(PLAN, [])
    assert told == f"{REMOVED.name}: no manifest here names tenant {REMOVED.tenant_id}"
