"""One byte form; a plan ID of what would be done and of nothing else; a digest that sees every edit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcreconcile.model.identity import action_id, canonical_json, canonical_parts, digest, plan_id, seal, sha256_hex
from pcreconcile.model.ids import TenantId
from pcreconcile.model.money import Money
from pcreconcile.model.plan import Plan
from tests.applying.large_plans import large_plan
from tests.exits.estates import NOW, TENANT, plan_of
from tests.planning.test_properties import bounded
from tests.planning.worlds import World, any_worlds

CASE: dict[str, Any] = {
    "holds": [
        {"kind": "new-commerce-license", "id": "A", "ends": "2027-03-31"},
        {"kind": "legacy-license", "id": "B"},
        {"kind": "perpetual-software", "id": "O", "bought": "2026-11-20"},
    ],
    "wants": {"pace": "asap", "subscriptions": [{"match": {"id": "nowhere"}, "desired": "keep"}]},
    "others": [{"tenantId": "6b2e0b0c-0000-4000-8000-000000000099", "domain": "other.example"}],
}

CANONICAL = [
    ({"b": 1, "a": {"d": None, "c": True}}, b'{"a":{"c":true,"d":null},"b":1}'),
    (Money(Decimal("10.10"), "EUR"), b'{"amount":"10.10","currency":"EUR"}'),
    ([date(2026, 11, 22), datetime(2026, 11, 22, 12, tzinfo=UTC)], b'["2026-11-22","2026-11-22T12:00:00Z"]'),
    ("Zahnärzte", '"Zahnärzte"'.encode()),
    ((1, "x"), b'[1,"x"]'),
]


@pytest.mark.parametrize(("value", "form"), CANONICAL)
def test_a_value_has_one_byte_form(value: Any, form: bytes) -> None:
    assert canonical_json(value) == form


def test_the_order_of_members_does_not_count() -> None:
    assert sha256_hex({"a": 1, "b": 2}) == sha256_hex({"b": 2, "a": 1})


def test_an_action_is_called_by_tenant_kind_and_target() -> None:
    first = action_id(TENANT, "cancel-subscription", "subscription", "A")
    assert len(first) == 12
    assert set(first) <= set("0123456789abcdef")
    others = {
        action_id(TenantId("6b2e0b0c-0000-4000-8000-000000000012"), "cancel-subscription", "subscription", "A"),
        action_id(TENANT, "suspend-subscription", "subscription", "A"),
        action_id(TENANT, "cancel-subscription", "order-line", "A"),
        action_id(TENANT, "cancel-subscription", "subscription", "B"),
    }
    assert len(others) == 4
    assert first not in others


SAME_ACTS = [
    ("an hour later", {"now": NOW + timedelta(hours=1)}),
    ("another reason", {"wants": CASE["wants"] | {"reason": "goes elsewhere"}}),
    ("another name of the manifest", {"wants": CASE["wants"] | {"name": "harbor"}}),
    ("another name of the company", {"customer": {"name": "Harbor Dental Ltd"}}),
    ("another customer that nobody manages", {"others": []}),
    ("another policy that changes no act", {"policy": {"minCustomersLeft": 0}}),
    ("a deadline", {"wants": CASE["wants"] | {"deadline": "2027-01-01"}}),
]


@pytest.mark.parametrize(("what", "change"), SAME_ACTS)
def test_the_plan_id_survives_what_changes_no_act(what: str, change: dict[str, Any]) -> None:
    before, after = plan_of(CASE), plan_of(CASE | change)
    assert before.plan_id == after.plan_id
    assert before.digest != after.digest


OTHER_ACTS = [
    ("one thing more", {"holds": [*CASE["holds"], {"kind": "legacy-license", "id": "C"}]}),
    ("one thing less", {"holds": CASE["holds"][:-1]}),
    ("another day", {"wants": CASE["wants"] | {"notBefore": "2026-12-01"}}),
    ("another state seen before", {"holds": [*CASE["holds"][:1], {"kind": "legacy-license", "id": "C"}]}),
]


@pytest.mark.parametrize(("what", "change"), OTHER_ACTS)
def test_another_act_is_another_plan(what: str, change: dict[str, Any]) -> None:
    assert plan_of(CASE).plan_id != plan_of(CASE | change).plan_id


ACT_MEMBERS = [
    ("kind", "set-renewal"),
    ("target", {"type": "subscription", "id": "Z", "name": ""}),
    ("when", "2027-01-01"),
    ("requires", ["000000000000"]),
    ("precondition", {"status": "suspended"}),
    ("postcondition", {"status": "gone"}),
]
WORDING = [
    ("reason", "in other words"),
    ("windowClosesAt", "2027-01-01T00:00:00Z"),
    ("money", {"refund": {"amount": "1.00", "currency": "EUR"}, "lostPerDay": None, "committed": None}),
    ("impact", {"seats": 99, "service": "all"}),
]


def id_with(member: str, value: Any) -> str:
    """The plan ID when one member of the first action is another."""
    document = msgspec.to_builtins(plan_of(CASE))
    document["customers"][0]["actions"][0][member] = value
    changed = msgspec.convert(document, Plan)
    return plan_id(changed.format_version, changed.partner.tenant_id, changed.customers)


@pytest.mark.parametrize(("member", "value"), ACT_MEMBERS)
def test_every_member_of_an_act_counts(member: str, value: Any) -> None:
    assert id_with(member, value) != plan_of(CASE).plan_id


@pytest.mark.parametrize(("member", "value"), WORDING)
def test_wording_and_estimates_do_not_count(member: str, value: Any) -> None:
    assert id_with(member, value) == plan_of(CASE).plan_id


def test_partner_tenant_and_format_count() -> None:
    plan = plan_of(CASE)
    assert plan_id(plan.format_version + 1, plan.partner.tenant_id, plan.customers) != plan.plan_id
    assert plan_id(plan.format_version, TENANT, plan.customers) != plan.plan_id


def test_a_sealed_plan_survives_paper() -> None:
    plan = plan_of(CASE)
    again = msgspec.json.decode(canonical_json(plan), type=Plan)
    assert again == plan
    assert digest(again) == plan.digest
    assert seal(again) == plan


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all members that are no containers, and of empty containers."""
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from leaves(member, (*path, key))
    elif isinstance(value, list) and value:
        for index, member in enumerate(value):
            yield from leaves(member, (*path, index))
    else:
        yield path


def flipped(value: Any) -> Any:
    """Another value of the same sort."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if value.startswith("20"):
            return "21" + value[2:]  # a date stays one
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1")
        case None:
            return "2027-01-01"
    return "something"


DOCUMENT = json.loads(canonical_json(plan_of(CASE)))
PATHS = [path for path in leaves(DOCUMENT) if path != ("digest",)]


def edited(*paths: tuple[Any, ...]) -> Any:
    """The plan on paper with members flipped."""
    document = json.loads(canonical_json(plan_of(CASE)))
    for path in paths:
        place = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = flipped(place[path[-1]])
    return document


def is_seen(document: Any) -> bool:
    """Whether the edit is seen: it is no plan any more, or its digest is another."""
    try:
        plan = msgspec.convert(document, Plan)
    except msgspec.ValidationError:
        return True
    return digest(plan) != plan.digest


def test_the_digest_sees_every_member() -> None:
    assert [path for path in PATHS if not is_seen(edited(path))] == []


def test_most_edits_leave_a_plan_so_that_the_digest_is_what_sees_them() -> None:
    plans = [path for path in PATHS if _is_plan(edited(path))]
    assert len(plans) > len(PATHS) * 2 // 3
    assert ("createdAt",) in plans


def _is_plan(document: Any) -> bool:
    try:
        return msgspec.convert(document, Plan) is not None
    except msgspec.ValidationError:
        return False


@given(paths=st.lists(st.sampled_from(PATHS), min_size=2, max_size=4, unique=True))
@settings(max_examples=100, deadline=None)
def test_the_digest_sees_several_edits_at_once(paths: list[tuple[Any, ...]]) -> None:
    assert is_seen(edited(*paths))


@given(path=st.sampled_from([path for path in PATHS if len(path) > 1]))
@settings(max_examples=100, deadline=None)
def test_the_digest_sees_a_member_that_is_gone(path: tuple[Any, ...]) -> None:
    document = json.loads(canonical_json(plan_of(CASE)))
    place = document
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    del document["digest"]
    assert sha256_hex(document) != DOCUMENT["digest"]


@bounded
@given(world=any_worlds())
def test_what_is_made_in_pieces_is_what_the_whole_makes(world: World) -> None:
    plan = plan_of(world)
    assert b"".join(canonical_parts(plan)) == canonical_json(plan) == canonical_json(msgspec.to_builtins(plan))
    document = msgspec.to_builtins(plan)
    del document["digest"]
    assert digest(plan) == hashlib.sha256(canonical_json(document)).hexdigest()


def test_the_plan_id_is_that_of_all_acts_together() -> None:
    plan = large_plan(5, 2, 3)
    names = ("kind", "requires", "precondition", "postcondition", "when")
    acts = {
        customer.tenant_id: sorted(
            (
                {name: getattr(action, name) for name in names}
                | {"target": [action.target.type, action.target.id], "requires": sorted(action.requires)}
                for action in customer.actions
            ),
            key=canonical_json,
        )
        for customer in plan.customers
        if customer.actions
    }
    whole = {"formatVersion": plan.format_version, "partner": plan.partner.tenant_id, "customers": acts}
    assert plan.plan_id == hashlib.sha256(canonical_json(whole)).hexdigest()
