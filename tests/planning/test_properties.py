"""What holds of every plan: random estates with every kind and status, wishes and clocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pcreconcile.applying import check_plan
from pcreconcile.exits import holdings_of
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.family import Family
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import MANUAL, NOW, Action, ActionKind, Blocker, CustomerPlan, Effect, Verdict
from pcreconcile.model.policies_in_force import PoliciesInForce
from pcreconcile.model.policy import Policy
from pcreconcile.planning.narrowing import narrowed
from tests.exits.estates import case_now, customer_plan, customer_state, plan_of
from tests.planning.worlds import IDS, World, any_worlds, worlds

bounded = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
leaving = worlds(relationship="removed")

TIED_BASES: World = {  # each base hurries by a line, each add-on has a line of its own and no hurry
    "holds": [
        {"kind": "new-commerce-license", "id": "A", "window": "2026-11-26"},
        {"kind": "new-commerce-license", "id": "B", "window": "2026-11-26", "parent": "A"},
        {"kind": "new-commerce-license", "id": "C", "window": "2026-11-26"},
        {"kind": "new-commerce-license", "id": "D", "window": "2026-11-26", "parent": "C"},
    ],
    "wants": {
        "refunds": "ignore",
        "subscriptions": [
            *({"match": {"id": name}, "desired": "cancel"} for name in "AC"),
            *({"match": {"id": name}, "desired": "return"} for name in "BD"),
        ],
    },
}
FOR_EVER: World = {
    "zone": "Pacific/Kiritimati",
    "holds": [{"kind": "new-commerce-license", "id": "A", "ends": "9999-12-31T23:59:59", "status": "suspended"}],
    "wants": {"notBefore": "0001-01-01", "serviceUntil": "9999-12-31", "deadline": "9999-12-31", "settle": "99999d"},
    "policy": {"freezes": [{"first": "0001-01-01", "last": "9999-12-31", "reason": "for ever"}]},
}


def when_rank(action: Action) -> tuple[int, str]:
    return ({NOW: 0, MANUAL: 2}.get(action.when, 1), action.when)


def due(found: CustomerPlan) -> list[Action]:
    return [action for action in found.actions if action.when == NOW]


ACCESS = frozenset({ActionKind.TERMINATE_DELEGATED_ACCESS, ActionKind.REMOVE_DELEGATED_ADMIN})


def in_its_way(found: CustomerPlan) -> list[Blocker]:
    """The blockers of the removal: those of delegated access are in the way of that alone."""
    return [each for each in found.blockers if "delegated-access" not in each.code]


def removal_of(found: CustomerPlan) -> Action | None:
    return next((each for each in found.actions if each.kind is ActionKind.REMOVE_RELATIONSHIP), None)


def begins(day: Any, zone: str) -> datetime:
    """The first instant of a day of the manifest."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@given(world=any_worlds())
@example(world=TIED_BASES)
@example(world=FOR_EVER)
@settings(bounded, max_examples=150)
def test_planning_never_raises(world: World) -> None:
    assert customer_plan(world).verdict in set(Verdict)


@given(world=any_worlds(), data=st.data())
@bounded
def test_the_same_world_gives_the_same_plan_in_whatever_order_it_is_read(world: World, data: st.DataObject) -> None:
    first, again = plan_of(world), plan_of(world)
    assert canonical_json(first) == canonical_json(again)
    shuffled = world | {"holds": data.draw(st.permutations(world["holds"]))}
    assert plan_of(shuffled).plan_id == first.plan_id


NOT_UNDERSTOOD = [
    {"kind": "mystery", "id": "X"},
    {"kind": "marketplace-saas", "id": "X", "status": "hibernating"},
    {"kind": "marketplace-saas", "id": "X", "billing": "usage"},
    {"kind": "legacy-license", "id": "X", "order": "O-X/0", "orderStatus": "contested"},
    {"kind": "savings-plan", "id": "X", "status": "suspended"},
    {"kind": "new-commerce-license", "id": "X", "status": "hibernating"},
    {"kind": "legacy-license", "id": "X", "status": "none", "parent": "A"},
    {"kind": "software-subscription", "id": "X", "status": "hibernating", "partnerId": "4847383"},
    {"kind": "azure-legacy", "id": "X", "status": "hibernating"},
    {"kind": "azure-plan", "id": "X", "status": "hibernating"},
    {"kind": "azure-plan", "id": "X", "azure": "not read"},
    {"kind": "azure-plan", "id": "X", "azure": [{"id": "S", "status": "hibernating"}]},
    {"kind": "perpetual-software", "id": "X", "orderStatus": "contested", "bought": "2026-11-20"},
]
SPOKEN_FOR = [each for each in LineDesire if each not in {LineDesire.KEEP, LineDesire.IGNORE}]


@given(world=worlds(desires=SPOKEN_FOR), strange=st.sampled_from(NOT_UNDERSTOOD))
@settings(bounded, max_examples=100)
def test_nothing_is_written_for_a_customer_with_something_not_understood(world: World, strange: World) -> None:
    found = customer_plan(world | {"holds": [*world["holds"], strange]})
    assert found.actions == ()
    if found.desired.relationship != "active":
        assert found.verdict in {Verdict.BLOCKED, Verdict.REFUSED, Verdict.UNKNOWN}  # some worlds are unread besides


@given(world=any_worlds())
@bounded
def test_what_is_unknown_or_refused_gets_no_action(world: World) -> None:
    found = customer_plan(world)
    if found.verdict in {Verdict.UNKNOWN, Verdict.REFUSED, Verdict.CONVERGED}:
        assert found.actions == ()
    if found.verdict in {Verdict.UNKNOWN, Verdict.REFUSED}:
        assert found.blockers or "on-blocked-fail" in {each.code for each in found.warnings}


@given(world=leaving)
@bounded
def test_a_leaving_new_commerce_licence_is_never_suspended(world: World) -> None:
    found = customer_plan(world)
    suspended = {each.target.id for each in found.actions if each.kind is ActionKind.SUSPEND_SUBSCRIPTION}
    held = holdings_of(customer_state(world["holds"], None, {}))
    assert not suspended & {each.subject.id for each in held if each.family is Family.NEW_COMMERCE_LICENSE}


@given(world=any_worlds())
@example(world=TIED_BASES)
@settings(bounded, max_examples=100)
def test_requirements_are_actions_of_the_customer_that_come_before(world: World) -> None:
    before: dict[str, Action] = {}
    for action in customer_plan(world).actions:
        assert action.id not in before
        assert set(action.requires) <= set(before)
        assert all(when_rank(before[name]) <= when_rank(action) for name in action.requires)
        before[action.id] = action


@given(world=any_worlds(), effect=st.sampled_from([None, *Effect]))
@example(world=TIED_BASES, effect=None)
@settings(bounded, max_examples=100)
def test_no_plan_that_is_made_is_refused_for_what_its_actions_require(world: World, effect: Effect | None) -> None:
    made = plan_of(world)
    if effect is not None:
        made = narrowed(made, effect, live=1, memory=Memory(), policies=PoliciesInForce(Policy()))
    check_plan(made, made.partner.tenant_id)


@given(world=leaving)
@settings(bounded, max_examples=100)
def test_the_removal_comes_last_and_only_when_nothing_is_in_the_way(world: World) -> None:
    found = customer_plan(world)
    removal = removal_of(found)
    if removal is None:
        assert found.actions == ()
        return
    others = [each for each in found.actions if each is not removal and each.kind not in ACCESS]
    assert set(removal.requires) == {each.id for each in others}
    if removal.when == NOW:
        today = case_now(world).date()
        assert all(each.clears_at is not None and each.clears_at <= today for each in in_its_way(found))
        assert found.verdict is Verdict.READY or found.blockers


@given(world=leaving, ends=st.sampled_from(["keep", "terminate", {"at": "2026-11-20"}, {"at": "2026-12-24"}]))
@settings(bounded, max_examples=100)
def test_delegated_access_never_changes_what_the_removal_takes(world: World, ends: Any) -> None:
    """It is ended or kept; the relationship goes in the same way on the same day, DAP included or not."""
    kept, asked = (customer_plan(world | {"wants": world["wants"] | {"delegatedAccess": e}}) for e in ("keep", ends))
    if {Verdict.REFUSED, Verdict.UNKNOWN} & {kept.verdict, asked.verdict}:
        return  # onBlocked: fail counts what hinders delegated access too, and Graph is read where it is to end alone
    assert asked.earliest_removal == kept.earliest_removal
    assert [each for each in asked.actions if each.kind not in ACCESS] == list(kept.actions)
    assert in_its_way(asked) == list(kept.blockers)
    if ends == "terminate":
        removal = removal_of(asked)
        ended = [each for each in asked.actions if each.kind in ACCESS]
        assert all(removal is not None and each.requires == (removal.id,) for each in ended)


@given(world=leaving)
@settings(bounded, max_examples=100)
def test_the_earliest_removal_is_the_date_of_the_blocker_that_binds(world: World) -> None:
    found = customer_plan(world)
    removal = removal_of(found)
    if removal is None:
        return
    if found.earliest_removal is None:
        assert removal.when == MANUAL
        return
    today = case_now(world).date()
    dates = [each.clears_at for each in in_its_way(found) if each.clears_at is not None]
    assert found.earliest_removal == max([today, *dates])
    assert removal.when in {NOW, found.earliest_removal.isoformat()}
    if found.verdict is Verdict.READY:
        assert found.earliest_removal == today
    if found.binding_blocker is not None:
        assert found.binding_blocker in in_its_way(found)


@given(world=worlds())
@bounded
def test_nothing_is_due_before_its_first_day(world: World) -> None:
    first = world["wants"].get("notBefore")
    if first is not None and case_now(world) < begins(first, world["zone"]):
        assert due(customer_plan(world)) == []


NO_CANCEL = [each for each in LineDesire if each is not LineDesire.CANCEL]


@given(world=worlds(desires=NO_CANCEL), refunds=st.sampled_from(["prefer", "ignore"]), days=st.integers(0, 20))
@settings(bounded, max_examples=100)
def test_a_promise_of_service_is_kept(world: World, refunds: str, days: int) -> None:
    """Unless refunds are required, or a line says cancel."""
    last = case_now(world).astimezone(ZoneInfo(world["zone"])).date() + timedelta(days=days)
    promise = {"refunds": refunds, "serviceUntil": last}
    found = customer_plan(world | {"wants": world["wants"] | promise})
    assert all(each.effect is not Effect.TAKES_SERVICE for each in due(found))


@given(world=worlds())
@bounded
def test_a_freeze_lets_protection_through_and_nothing_else(world: World) -> None:
    now, zone = case_now(world), world["zone"]
    frozen = any(
        begins(each["first"], zone) <= now < begins(each["last"] + timedelta(days=1), zone)
        for each in world["policy"]["freezes"]
    )
    if frozen:
        assert all(each.effect is Effect.PROTECTIVE for each in due(customer_plan(world)))


@given(world=worlds())
@settings(bounded, max_examples=100)
def test_no_action_is_planned_for_after_its_window(world: World) -> None:
    for action in customer_plan(world).actions:
        if action.window_closes_at is None:
            continue
        assert action.when != MANUAL
        at = case_now(world).date() if action.when == NOW else date.fromisoformat(action.when)
        assert at <= action.window_closes_at.date()


@given(world=any_worlds())
@settings(bounded, max_examples=100)
def test_ready_means_that_the_whole_path_runs_now(world: World) -> None:
    found = customer_plan(world)
    whole = bool(found.actions) and not found.blockers and all(each.when == NOW for each in found.actions)
    assert (found.verdict is Verdict.READY) is whole
    if found.verdict is Verdict.WAITING:
        assert found.blockers
        assert all(each.clears_at is not None for each in found.blockers)


@given(world=any_worlds())
@bounded
def test_an_unmanaged_customer_is_listed_and_not_planned(world: World) -> None:
    wants = {key: world["wants"][key] for key in ("settle",)} | {"relationship": "unmanaged"}
    found = plan_of(world | {"wants": wants})
    assert found.customers == ()
    listed = world.get("customer", {}).get("listed", True)
    assert len(found.unmanaged) == (1 if listed else 0)


def without(world: World, name: str) -> World:
    """The world without one thing and the add-ons that hang on it."""
    gone = {name}
    while True:
        more = {each["id"] for each in world["holds"] if each.get("parent") in gone} | gone
        if more == gone:
            return world | {"holds": [each for each in world["holds"] if each["id"] not in gone]}
        gone = more


def no_later(one: date | None, other: date | None) -> bool:
    """Nobody knows is later than any date."""
    return other is None or (one is not None and one <= other)


@given(world=leaving, name=st.sampled_from(IDS))
@settings(bounded, max_examples=100)
def test_one_thing_less_never_delays_the_removal(world: World, name: str) -> None:
    more, less = customer_plan(world), customer_plan(without(world, name))
    assert no_later(less.earliest_removal, more.earliest_removal)


@given(world=leaving, hours=st.integers(1, 24 * 30))
@settings(bounded, max_examples=100)
def test_waiting_never_brings_a_known_removal_date_nearer(world: World, hours: int) -> None:
    """In an unchanged world, a date that was known is not beaten by a plan made later.

    Where nobody knew the date, time may tell (a reservation expires). `settle` is left out: it counts from the last
    loss of service, and when a window has closed there is one loss less to count from.
    """
    world = world | {"wants": world["wants"] | {"settle": "0d"}}
    early = customer_plan(world).earliest_removal
    late = customer_plan(world | {"now": case_now(world) + timedelta(hours=hours)}).earliest_removal
    if early is not None:
        assert late is None or late >= early


SCHEMA = jsonschema.Draft202012Validator(
    json.loads((files("pcreconcile") / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
)


@given(world=any_worlds())
@settings(bounded, max_examples=60)
def test_the_plan_on_paper_keeps_its_schema(world: World) -> None:
    found = plan_of(world)
    document = json.loads(canonical_json(found), parse_float=_no_float)
    SCHEMA.validate(document)
    assert all(set(each) == {"amount", "currency"} for each in _moneys(document))
    assert msgspec.convert(document, type(found)) == found


def _no_float(text: str) -> float:
    raise AssertionError(f"a float in a plan: {text}")


def _moneys(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "amount" in value or "currency" in value:
            yield value
        for member in value.values():
            yield from _moneys(member)
    elif isinstance(value, list):
        for member in value:
            yield from _moneys(member)
