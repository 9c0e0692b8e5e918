"""The corpus: bodies as the service writes them, each with its anomaly, and what becomes of them when they are hurt."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from pcreconcile.model.observed import instant
from pcreconcile.partner_center.paging import Collected, Listing, collect
from pcreconcile.partner_center.reader import _CUSTOMERS, ENTITLEMENTS, ORDERS, SUBSCRIPTIONS, _azure_entitlements_of
from pcreconcile.partner_center.refusals import Trace, refusal
from tests.partner_center.bench import BASE, Bench, reply

BODIES = Path(__file__).parent / "bodies"
LISTINGS: dict[str, Listing[Any]] = {
    "customers": _CUSTOMERS,
    "subscriptions": SUBSCRIPTIONS,
    "orders": ORDERS,
    "entitlements": ENTITLEMENTS,
    "azure_entitlements": _azure_entitlements_of("plan"),  # type: ignore[arg-type]
}
BOM = "\ufeff"


def cases(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((BODIES / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


ALL = [pytest.param(name, case, id=f"{name}: {case['anomaly']}") for name in LISTINGS for case in cases(name)]
GOOD = [(name, case) for name in LISTINGS for case in cases(name) if case.get("rows")]


def read(name: str, body: str) -> Collected[Any]:
    async def run() -> Collected[Any]:
        bench = Bench(lambda _request: reply(body))
        return await collect(bench.session.read, BASE, LISTINGS[name])

    return asyncio.run(run())


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return (
        {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        if isinstance(value, msgspec.Struct)
        else value
    )


def shows(actual: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return all(shows(actual[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(actual) == len(expected) and all(map(shows, actual, expected))
    return bool(actual == expected)


@pytest.mark.parametrize(("name", "case"), ALL)
@pytest.mark.parametrize("mark", ["", BOM], ids=["plain", "bom"])
def test_a_body_is_read_or_the_read_says_why_not(name: str, case: dict[str, Any], mark: str) -> None:
    found = read(name, mark + case["body"])
    if "problem" in case:
        assert not found.proof.complete or found.odd
        assert case["problem"] in (found.proof.problem or str(found.odd[0]))
    else:
        assert found.proof.problem == ""
        assert shows(plain(found.rows), case["rows"]), plain(found.rows)


@pytest.mark.parametrize("case", cases("refusals"), ids=lambda case: case["anomaly"])
def test_every_form_of_refusal_is_told(case: dict[str, Any]) -> None:
    error = refusal(case["status"], {}, case["body"].encode(), Trace("c", "r"))
    assert (error.status, error.code, error.message) == (case["status"], case["code"], case["message"])
    assert error.retry_after == case.get("retry_after")


@pytest.mark.parametrize(("name", "case"), GOOD)
def test_a_cut_body_is_never_an_answer(name: str, case: dict[str, Any]) -> None:
    body = case["body"].rstrip()
    for length in range(0, len(body), max(1, len(body) // 12)):
        found = read(name, body[:length])
        assert not found.proof.complete
        assert found.rows == ()


NEEDED = {
    "customers": ["id", "companyProfile", "companyProfile.domain", "companyProfile.companyName"],
    "subscriptions": ["id", "offerId", "status", "quantity"],
    "orders": [
        "id",
        "status",
        "lineItems",
        "lineItems.0.lineItemNumber",
        "lineItems.0.offerId",
        "lineItems.0.quantity",
    ],
    "entitlements": ["referenceOrder", "referenceOrder.id", "referenceOrder.lineItemId", "entitlementType", "quantity"],
    "azure_entitlements": ["id", "status"],
}


def hurt(item: Any, path: str) -> Iterator[Any]:
    """The item without a member, with it renamed, null and of another type."""
    *way, last = path.split(".")
    for change in ("drop", "rename", "null", "retype"):
        broken = copy.deepcopy(item)
        place = broken
        for step in way:
            place = place[int(step)] if step.isdigit() else place[step]
        value = place.pop(last)
        if change == "rename":
            place[f"{last}V2"] = value
        if change == "null":
            place[last] = None
        if change == "retype":
            place[last] = {"unexpected": value} if not isinstance(value, dict | list) else "text"
        yield broken


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in NEEDED.items() for path in paths])
def test_a_needed_member_that_is_hurt_makes_the_read_incomplete(name: str, path: str) -> None:
    body = json.loads(cases(name)[0]["body"])
    for broken in hurt(body["items"][0], path):
        found = read(name, json.dumps({**body, "items": [broken, *body["items"][1:]]}))
        assert not found.proof.complete or found.odd, broken


@pytest.mark.parametrize(("name", "case"), GOOD)
def test_any_member_of_another_type_is_an_error_or_nothing_that_is_read(name: str, case: dict[str, Any]) -> None:
    body = json.loads(case["body"])
    whole = read(name, case["body"])
    items = next(value for member, value in body.items() if member.lower() == "items")
    for member, value in items[0].items():
        for other in ({"x": 1}, [7], 3.5, "\u2603", True):
            if type(other) is type(value) or value is None:
                continue
            found = read(name, json.dumps({"items": [{**items[0], member: other}, *items[1:]]}))
            assert not found.proof.complete or found.odd or len(found.rows) == len(whole.rows)
