"""The simulator's own book: from when to when each thing was billed, however the clock was moved in between."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from pcreconcile.simulator import SimulatorSettings

from .conftest import TENANT, calling

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BOUGHT, HERE = "2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z"
ONE = TENANT + "01"
CUSTOMER = f"/v1/customers/{ONE}"
NCE = {"kind": "new-commerce-license", "bought": "-2d"}


def simulated(folder: Path, items: list[dict[str, Any]], **more: Any) -> Any:
    document = {"customers": [{"tenantId": ONE, "name": "test-customer", "items": items}], **more}
    path = folder / "estate.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return calling(SimulatorSettings(estate=path, clock=NOW))


def book(caller, query=""):
    answer = caller.http.get(f"/_simulator/billing{query}")
    assert answer.status_code == 200
    return answer.json()["customers"][ONE]


def pages(caller):
    return [(page["kind"], page["billed"], page["ended"]) for page in book(caller)["subscriptions"]]


def patch(caller, changes, number=0):
    row = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"][number]
    answer = caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | changes)
    assert answer.status_code in (200, 202), answer.text


AT_FIRST = {
    "active": (NCE, [[BOUGHT, None]], None),
    "suspended new commerce is billed on": (NCE | {"status": "suspended"}, [[BOUGHT, None]], None),
    "suspended legacy is not": ({"kind": "legacy-license", "bought": "-2d", "status": "suspended"}, [], None),
    "a trial is free": ({"kind": "trial", "bought": "-2d"}, [], None),
    "expired": (
        NCE | {"status": "expired", "bought": "-40d", "term": "P1M", "ends": "-10d"},
        [["2026-10-13T12:00:00Z", "2026-11-13T00:00:00Z"]],
        "2026-11-13T00:00:00Z",
    ),
    "a plan costs nothing by itself": ({"kind": "azure-plan", "bought": "-2d"}, [], None),
}


@pytest.mark.parametrize(("item", "billed", "ended"), AT_FIRST.values(), ids=AT_FIRST)
def test_the_book_of_an_estate(tmp_path, item, billed, ended):
    with simulated(tmp_path, [item]) as caller:
        assert pages(caller) == [(item["kind"] if item["kind"] != "trial" else NCE["kind"], billed, ended)]


# An item, what is done on the second day, and what the book says of it two years later.
ENDS: dict[str, tuple[dict[str, Any], dict[str, Any], list[Any], str | None]] = {
    "renews for ever": (NCE | {"term": "P1M"}, {}, [[BOUGHT, None]], None),
    "ends with its term": (
        NCE | {"term": "P1M", "endOfTerm": "cancel"},
        {},
        [[BOUGHT, "2026-12-20T00:00:00Z"]],
        "2026-12-20T00:00:00Z",
    ),
    "slides on into an extended service term": (NCE | {"endOfTerm": "none"}, {}, [[BOUGHT, None]], None),
    "cancelled in its window": (NCE, {"status": "deleted"}, [[BOUGHT, HERE]], HERE),
    "suspended, billed until its term ends": (
        NCE,
        {"status": "suspended"},
        [[BOUGHT, "2027-11-20T00:00:00Z"]],
        "2027-11-20T00:00:00Z",
    ),
    "legacy suspended": ({"kind": "legacy-license", "bought": "-2d"}, {"status": "suspended"}, [[BOUGHT, HERE]], None),
    "software in its window": (
        {"kind": "software-subscription", "bought": "-2d"},
        {"status": "deleted"},
        [[BOUGHT, HERE]],
        HERE,
    ),
    "marketplace in its window is refunded in full": (
        {"kind": "marketplace-saas", "bought": "-2d"},
        {"status": "deleted"},
        [],
        HERE,
    ),
    "marketplace refunds the running term alone": (
        {"kind": "marketplace-saas", "bought": "-367d", "starts": "-2d"},
        {"status": "deleted"},
        [["2025-11-20T12:00:00Z", BOUGHT]],
        HERE,
    ),
    "a trial becomes paid": (
        {"kind": "trial", "bought": "-2d", "autoRenew": True},
        {},
        [["2026-12-20T00:00:00Z", None]],
        None,
    ),
    "a trial lapses": ({"kind": "trial", "bought": "-2d"}, {}, [], "2026-12-20T00:00:00Z"),
}


@pytest.mark.parametrize(("item", "changes", "billed", "ended"), ENDS.values(), ids=ENDS)
def test_the_book_two_years_later(tmp_path, item, changes, billed, ended):
    with simulated(tmp_path, [item], options={"acceptedUpdates": bool(changes), "asyncReads": 0}) as caller:
        if changes:
            patch(caller, changes)
        caller.control("clock", {"advance": "730d"})
        assert [page[1:] for page in pages(caller)] == [(billed, ended)]


def test_many_small_steps_and_one_long_one_write_the_same_book(tmp_path):
    items = [NCE | {"term": "P1M", "endOfTerm": told} for told in ("renew", "cancel", "extend", "none")]
    books = []
    for number, steps in enumerate((["100d"], ["1d"] * 100)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with simulated(folder, items) as caller:
            for step in steps:
                caller.control("clock", {"advance": step})
                caller("GET", f"{CUSTOMER}/subscriptions")
            books.append(pages(caller))
    assert books[0] == books[1]


def test_a_pause_of_a_legacy_licence_is_a_gap(tmp_path):
    with simulated(tmp_path, [{"kind": "legacy-license", "bought": "-2d"}]) as caller:
        patch(caller, {"status": "suspended"})
        caller.control("clock", {"advance": "5d"})
        patch(caller, {"status": "active"})
        assert pages(caller)[0][1] == [[BOUGHT, HERE], ["2026-11-27T12:00:00Z", None]]


def test_azure_is_billed_by_its_subscriptions_until_the_cancellation(tmp_path):
    item = {"kind": "azure-plan", "bought": "-2d", "azureSubscriptions": [{"name": "one"}, {"name": "two"}]}
    with simulated(tmp_path, [item]) as caller:
        (plan,) = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"]
        base = f"{CUSTOMER}/subscriptions/{plan['id']}/azureEntitlements"
        one, _ = caller("GET", base).json()["items"]
        caller("POST", f"{base}/{one['id']}/cancel", {"cancellationReason": "compromise"})
        caller.control("clock", {"advance": "1d"})
        found = {page["name"]: (page["kind"], page["billed"]) for page in book(caller)["subscriptions"]}
        assert found["Azure plan"] == ("azure-plan", [])
        assert found["one"] == ("azure-subscription", [[BOUGHT, HERE]])
        assert found["two"] == ("azure-subscription", [[BOUGHT, None]])


def test_a_reservation_is_billed_until_it_is_returned_or_expires(tmp_path):
    item = {"kind": "reservation", "bought": "-2d", "ends": "+30d"}
    with simulated(tmp_path, [item]) as caller:
        assert pages(caller) == [("reservation", [[BOUGHT, None]], None)]
        caller.control("clock", {"advance": "31d"})
        ended = "2026-12-22T12:00:00Z"
        assert pages(caller) in ([("reservation", [[BOUGHT, each]], each)] for each in (ended, "2026-12-22T00:00:00Z"))


def test_the_removal_is_in_the_book_of_the_customer_asked_for(tmp_path):
    with simulated(tmp_path, []) as caller:
        assert book(caller)["removed"] is None
        caller("PATCH", CUSTOMER, {"relationshipToPartner": "none"})
        assert book(caller, f"?customer={ONE.upper()}")["removed"] == HERE
        assert caller.http.get(f"/_simulator/billing?customer={TENANT}99").status_code == 404


def test_a_refused_change_is_not_in_the_book(tmp_path):
    with simulated(tmp_path, [NCE | {"bought": "-20d"}]) as caller:
        row = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"][0]
        assert caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | {"status": "deleted"}).status_code == 400
        assert pages(caller)[0][1][0][1] is None
