"""Transfers to another partner: what they lock while they are open, and what is gone once they are completed."""

from __future__ import annotations

import pytest

from .conftest import TENANT

CUSTOMER = f"/v1/customers/{TENANT}01"
BASE = {"kind": "new-commerce-license", "name": "Base", "bought": "-2d", "addOns": [{"name": "Extra", "bought": "-2d"}]}
OTHER = {"kind": "new-commerce-license", "name": "Other", "bought": "-2d"}
MOVING = [{"items": ["Base"], "target": "Northwind Cloud"}]


def transfer(caller):
    (found,) = caller("GET", f"{CUSTOMER}/transfers").json()["items"]
    return found


def decide(caller, status):
    return caller.control(f"transfers/{transfer(caller)['id']}", {"status": status})


def suspend(caller, name):
    row = caller.subscription(TENANT + "01", name)
    answer = caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | {"status": "suspended"})
    return answer.status_code, answer.json().get("code")


def test_a_transfer_names_its_lines_with_their_add_ons(estate):
    caller = estate([BASE, OTHER], transfers=MOVING)
    found = transfer(caller)
    (line,) = found["lineItems"]
    assert (found["status"], found["targetPartnerName"]) == ("Active", "Northwind Cloud")
    assert line["subscriptionId"] == caller.subscription(TENANT + "01", "Base")["id"]
    assert [each["friendlyName"] for each in line["addonItems"]] == ["Extra"]
    assert caller("GET", f"{CUSTOMER}/transfers/{found['id'].upper()}").json() == found


@pytest.mark.parametrize(
    ("name", "expected"), [("Base", (409, 900101)), ("Extra", (409, 900101)), ("Other", (200, None))]
)
def test_an_open_transfer_locks_what_it_moves(estate, name, expected):
    assert suspend(estate([BASE, OTHER], transfers=MOVING), name) == expected


def test_a_subscription_that_is_sent_back_as_it_is_is_no_change(estate):
    caller = estate([BASE], transfers=MOVING)
    row = caller.subscription(TENANT + "01", "Base")
    assert caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row).status_code == 200


@pytest.mark.parametrize("status", ["Cancelled", "Rejected", "Expired"])
def test_a_transfer_that_comes_to_nothing_locks_nothing(estate, status):
    caller = estate([BASE], transfers=MOVING)
    assert decide(caller, status).json()["status"] == status
    assert suspend(caller, "Base") == (200, None)
    assert decide(caller, "Completed").status_code == 409


def test_an_open_transfer_lapses_after_its_time(estate):
    caller = estate([BASE], transfers=[{"items": ["Base"], "expires": "+5d"}])
    caller.control("clock", {"advance": "6d"})
    assert transfer(caller)["status"] == "Expired"
    assert suspend(caller, "Base")[0] == 200


def test_what_a_completed_transfer_moved_is_gone(estate):
    caller = estate([BASE, OTHER], transfers=MOVING)
    assert decide(caller, "Completed").status_code == 200
    rows = caller("GET", f"{CUSTOMER}/subscriptions").json()["items"]
    assert {row["friendlyName"]: row["status"] for row in rows} == {
        "Base": "deleted",
        "Extra": "deleted",
        "Other": "active",
    }
    assert transfer(caller)["completedTime"]


@pytest.mark.parametrize("item", ["reservation", "azure-plan", "savings-plan", "marketplace-saas"])
def test_a_transfer_is_the_way_out_for_what_cannot_be_cancelled(estate, item):
    held = {"kind": item, "name": "Moved", "bought": "-200d", "azureSubscriptions": [{"name": "one"}]}
    if item != "azure-plan":
        del held["azureSubscriptions"]
    caller = estate([held], transfers=[{"items": ["Moved"]}])
    removal = {"relationshipToPartner": "none"}
    assert caller("PATCH", CUSTOMER, removal).status_code == 400
    assert decide(caller, "Completed").status_code == 200
    if item == "azure-plan":
        plan = caller.subscription(TENANT + "01", "Moved")
        assert caller("PATCH", f"{CUSTOMER}/subscriptions/{plan['id']}", plan | {"status": "suspended"}).is_success
    assert caller("PATCH", CUSTOMER, removal).status_code == 200


def test_what_was_moved_in_its_window_stays_on_the_bill_until_then(estate):
    caller = estate([{"kind": "marketplace-saas", "name": "Moved", "bought": "-1d"}], transfers=[{"items": ["Moved"]}])
    decide(caller, "Completed")
    (page,) = caller.http.get("/_simulator/billing").json()["customers"][TENANT + "01"]["subscriptions"]
    assert page["billed"] == [[page["billed"][0][0], page["ended"]]]


@pytest.mark.parametrize("body", [{}, {"status": ""}, {"status": 5}, None, "x"], ids=str)
def test_a_decision_names_a_status(estate, body):
    caller = estate([BASE], transfers=MOVING)
    assert caller.control(f"transfers/{transfer(caller)['id']}", body).status_code == 400


def test_there_is_no_transfer_of_another_name(estate):
    caller = estate([BASE], transfers=MOVING)
    nowhere = "00000000-0000-4000-8000-000000000000"
    assert caller.control(f"transfers/{nowhere}", {"status": "Completed"}).status_code == 404
    assert caller("GET", f"{CUSTOMER}/transfers/{nowhere}").status_code == 404


def test_a_software_order_under_transfer_is_not_cancelled(estate):
    caller = estate(
        [{"kind": "perpetual-software", "name": "Moved", "bought": "-2d"}], transfers=[{"items": ["Moved"]}]
    )
    (order,) = caller("GET", f"{CUSTOMER}/orders").json()["items"]
    answer = caller("PATCH", f"{CUSTOMER}/orders/{order['id']}", {"id": order["id"], "status": "cancelled"})
    assert (answer.status_code, answer.json()["code"]) == (409, 900101)
