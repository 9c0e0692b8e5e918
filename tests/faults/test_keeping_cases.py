"""Stories of writes that took more than they were asked to, as others met them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.faults.law import Desk
from tests.faults.test_reading_cases import customer, load

Begin = Callable[..., Desk]
STAY, PROMO = "6b2e0b0c-0000-4000-8000-000000000095", "6b2e0b0c-0000-4000-8000-000000000057"
ENDS = {"match": {"family": "new-commerce-license"}, "desired": "cancel-at-term-end", "reason": "project ends"}


def first_wire(world: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = world["customers"][0]["items"][0]["wire"]
    return found


def live(desk: Desk, tenant: str) -> dict[str, Any]:
    """The customer's only subscription, as the service keeps it."""
    found: dict[str, Any]
    (found,) = httpx.get(f"{desk.url}/_simulator/world").json()["customers"][tenant]["subscriptions"]
    return found


def applied(desk: Desk) -> str:
    """Applies what is planned; the run."""
    code, out, errors = desk("apply", "--auto-approve", "--json")
    assert code == 0, errors
    run: str = json.loads(out.splitlines()[-1])["receipt"]["run"]
    return run


def undone(desk: Desk, run: str) -> dict[str, Any]:
    _, out, _ = desk("undo", run, "--format", "json")
    (found,) = json.loads(out)["writes"]
    assert isinstance(found, dict)
    return found


def begin_stay(own_desk: Begin, **options: Any) -> Desk:
    """An active customer with a product change that is scheduled for a day in the middle of the term."""
    world = load("scheduled-change-dropped", "world")
    (change,) = first_wire(world)["scheduledActions"]
    change["effectiveDate"] = f"{datetime.now(UTC) + timedelta(days=62):%Y-%m-%dT00:00:00Z}"
    desk = own_desk({**world, "options": options})
    desk.partner(timeZone="UTC", reservations="manual")
    desk.customer("stay", STAY, "active", subscriptions=[ENDS])
    return desk


def test_scheduled_change_dropped(own_desk: Begin) -> None:
    """The change of another day is sent along with the Cancel, proven with it, and told before and after."""
    desk = begin_stay(own_desk)
    (change,) = live(desk, STAY)["scheduledActions"]
    _, plan = desk.plan()
    (action,) = customer(plan, "stay")["actions"]
    assert (action["reversibility"], action["loses"]) == ("reversible", [])
    assert f"it keeps the scheduled change Transition on {change['effectiveDate'][:10]}" in action["reason"]
    assert action["postcondition"]["scheduledActions"] == ["CustomDate/Transition", "TermEnd/Cancel"]
    run = applied(desk)
    after = live(desk, STAY)
    assert (after["autoRenewEnabled"], len(after["scheduledActions"])) == (False, 2)
    assert change in after["scheduledActions"]
    assert undone(desk, run)["lost"] == []
    code, plan = desk.plan("--detailed-exitcode")
    assert (code, customer(plan, "stay")["verdict"]) == (0, "converged")


def test_scheduled_change_dropped_by_the_service_is_not_proven(own_desk: Begin) -> None:
    """A service that keeps schedules with auto-renew alone says yes and drops it: the run does not call that done."""
    desk = begin_stay(own_desk, schedulesNeedAutoRenew=True)
    code, out, _ = desk("apply", "--auto-approve", "--wait", "0s")
    assert (code, len(desk.writes(STAY))) == (7, 1)
    assert "CustomDate/Transition" in " ".join(out.split())


def begin_promo(own_desk: Begin, **options: Any) -> Desk:
    """Ten seats that are told to renew with seven and a promotion, suspended by us."""
    desk = own_desk({**load("dunning-back-renews-more-seats", "world"), "options": options})
    desk.partner(timeZone="UTC", reservations="manual")
    desk.customer("promo", PROMO, "suspended")
    return desk


def test_dunning_back_renews_as_many_seats(own_desk: Begin) -> None:
    """The whole instruction comes back: seats, product and promotion, read back; and what goes is told before."""
    desk = begin_promo(own_desk)
    before = live(desk, PROMO)
    _, plan = desk.plan()
    (action,) = customer(plan, "promo")["actions"]
    assert action["reversibility"] == "lossy"
    assert action["loses"] == [
        "auto-renew",
        "the renewal with 7 seats instead of 10, promotion 39NFJQT1Q5KQ:0001:39NFJQT1PJPD",
    ]
    run = applied(desk)
    assert live(desk, PROMO)["scheduledActions"] == []
    assert undone(desk, run)["lost"] == []
    desk.customer("promo", PROMO, "active")
    _, plan = desk.plan()
    again = customer(plan, "promo")["actions"][-1]
    assert "as it was before our suspension" in again["reason"]
    assert (again["kind"], again["money"]["committed"]) == ("set-renewal", None)
    applied(desk)
    after = live(desk, PROMO)
    for name in ("status", "autoRenewEnabled", "scheduledActions", "quantity", "promotionId"):
        assert after[name] == before[name], name
    code, plan = desk.plan("--detailed-exitcode")
    assert (code, customer(plan, "promo")["verdict"]) == (0, "converged")


def test_dunning_back_that_is_refused_is_a_decision(own_desk: Begin) -> None:
    """A promotion that is over: nothing is set in its place, and `active` is not reached until a line says more."""
    desk = begin_promo(own_desk)
    applied(desk)
    desk.customer("promo", PROMO, "active")
    body = json.dumps({"code": 800002, "description": "The promotion is not available."})
    refusal = {"fault": "status-before", "status": 400, "body": body, "method": "PATCH", "path": "/subscriptions/"}
    desk.fault({**refusal, "content": "RenewToNewTerm", "count": 0})
    code, _, _ = desk("apply", "--auto-approve")
    assert code == 6
    wire = live(desk, PROMO)
    assert (wire["status"], wire["autoRenewEnabled"], wire["scheduledActions"]) == ("active", False, [])
    code, plan = desk.plan("--detailed-exitcode")
    promo = customer(plan, "promo")
    assert (promo["verdict"], promo["actions"], promo["bindingBlocker"]["code"]) == (
        "blocked",
        [],
        "renewal-needs-decision",
    )
    for part in ("7 seats instead of 10", "39NFJQT1Q5KQ", "The promotion is not available.", "renew (with the 10"):
        assert part in promo["bindingBlocker"]["how"]
    desk.fault()
    code, _, _ = desk("apply", "--auto-approve")
    assert (code, live(desk, PROMO)["autoRenewEnabled"]) == (0, False)
    decided = {"match": {"id": wire["id"]}, "desired": "renew", "reason": "decided"}
    desk.customer("promo", PROMO, "active", subscriptions=[decided])
    applied(desk)
    desk.customer("promo", PROMO, "active")
    assert customer(desk.plan()[1], "promo")["verdict"] == "converged"


def test_our_own_suspension_comes_back_though_the_service_says_why(own_desk: Begin) -> None:
    """The service may set a reason for what we did; what Microsoft documents for itself stays with Microsoft."""
    desk = begin_promo(own_desk, saysWhySuspended=True)
    applied(desk)
    wire = live(desk, PROMO)
    assert wire["suspensionReasons"] != []
    desk.customer("promo", PROMO, "active")
    httpx.post(f"{desk.url}/_simulator/subscriptions/{wire['id']}", json={"suspensionReasons": ["PastDue"]})
    assert customer(desk.plan()[1], "promo")["bindingBlocker"]["code"] == "suspended-by-microsoft"
    reasons = {"suspensionReasons": wire["suspensionReasons"]}
    httpx.post(f"{desk.url}/_simulator/subscriptions/{wire['id']}", json=reasons)
    applied(desk)
    assert live(desk, PROMO)["status"] == "active"
