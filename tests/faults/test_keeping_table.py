"""Every write of a subscription × everything that may be set on one: kept, asked for, or named as a loss beforehand.

One customer per thing that is set, one run per write, against the simulator; what stands afterwards is its own
world. A new kind of write, a new member of a subscription or a new word of a schedule has no row, and fails here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import httpx
import pytest

from pcreconcile.model.estate import Subscription
from pcreconcile.partner_center.end_of_term import _KNOWN_WORDS
from pcreconcile.partner_center.writer import _EDITS
from tests.faults.law import Desk

Begin = Callable[..., Desk]
DAY = f"{datetime.now(UTC) + timedelta(days=62):%Y-%m-%dT00:00:00Z}"
OTHER = {"productId": "CFQ7TTC0LFLZ", "skuId": "0001", "availabilityId": "CFQ7TTC0JNQP"}
SEVEN = {"product": {"promotionId": "39NFJQT1Q5KQ:0001:39NFJQT1PJPD"}, "quantity": 7}


def scheduled(schedule: str, action: str) -> dict[str, Any]:
    told = {"Transition": {"product": OTHER}, "RenewToNewTerm": SEVEN}.get(action)
    one = {"scheduleType": schedule, "actionType": action}
    one |= {"effectiveDate": DAY} if schedule == "CustomDate" else {}
    one |= {"instructions": told} if told else {}
    renews = action in {"RenewToNewTerm", "Transition"} and schedule == "TermEnd"
    return {"autoRenewEnabled": renews, "scheduledActions": [one]}


SCHEDULES, ACTIONS = ("TermEnd", "CustomDate"), ("Cancel", "RenewToNewTerm", "RenewToExtendedServiceTerm", "Transition")
QUIET: dict[str, Any] = {"autoRenewEnabled": False, "scheduledActions": []}

# What may be set, as members of the wire; each stands on a licence of its own.
SET: dict[str, dict[str, Any]] = {
    "auto renew": {"autoRenewEnabled": True, "scheduledActions": []},
    **{f"{schedule}/{action}": scheduled(schedule, action) for schedule, action in product(SCHEDULES, ACTIONS)},
    "next term instructions": {
        "autoRenewEnabled": True,
        "scheduledNextTermInstructions": SEVEN,
        "scheduledActions": [],
    },
    "quantity": {**QUIET, "quantity": 25},
    "promotion": {**QUIET, "promotionId": "39NFJQT1Q5KQ:0001:39NFJQT1PJPD"},
    "nickname": {**QUIET, "friendlyName": "for the night shift"},
    "partner on record": {**QUIET, "partnerId": "7654321"},
    "term": {**QUIET, "termDuration": "P3Y"},
    "billing cycle": {**QUIET, "billingCycle": "monthly"},
    "next charge instructions": {**QUIET, "nextChargeInstructions": {"billingPlan": "monthly"}},
}

# Members of a subscription by what is set above, and those that the service alone sets.
BY_MEMBER: dict[str, tuple[str, ...]] = {
    "auto_renew": ("auto renew",),
    "scheduled_actions": tuple(f"{schedule}/{action}" for schedule, action in product(SCHEDULES, ACTIONS)),
    "scheduled_next_term": ("next term instructions",),
    "next_term": ("next term instructions",),
    "next_charge": ("next charge instructions",),
    "quantity": ("quantity",),
    "promotion_id": ("promotion",),
    "name": ("nickname",),
    "partner_id": ("partner on record",),
    "term_duration": ("term",),
    "billing_cycle": ("billing cycle",),
}
OF_THE_SERVICE = {
    *("id", "offer_id", "status", "order_id", "parent_subscription_id", "product_type", "billing_type", "unit_type"),
    *("is_trial", "publisher", "created", "is_microsoft_product", "effective_start", "commitment_end"),
    *("cancellation_allowed_until", "suspension_reasons", "refund_options"),
}

KEPT, ASKED, LOST, NO_WRITE = "kept", "asked for", "named as a loss", "nothing is written"
_BESIDES = (
    "quantity",
    "promotion",
    "nickname",
    "partner on record",
    "term",
    "billing cycle",
    "next charge instructions",
)
_DATED = tuple(f"CustomDate/{action}" for action in ACTIONS)
_STAYS = dict.fromkeys((*_BESIDES, *_DATED), KEPT)
_ALL_LOST = dict.fromkeys(("auto renew", *BY_MEMBER["scheduled_actions"], "next term instructions"), LOST)

# By write: what its manifest says, in which state it finds the licence, its kind, an outcome per thing that is set.
WRITES: dict[str, tuple[dict[str, Any], str, str, dict[str, str]]] = {
    "let it end": (
        {"desired": "cancel-at-term-end"},
        "active",
        "cancel-at-term-end",
        {
            **_STAYS,
            "auto renew": ASKED,
            "TermEnd/Cancel": NO_WRITE,
            "TermEnd/RenewToNewTerm": LOST,
            "TermEnd/RenewToExtendedServiceTerm": ASKED,
            "TermEnd/Transition": LOST,
            "next term instructions": LOST,
        },
    ),
    "renew": (
        {"desired": "renew"},
        "active",
        "set-renewal",
        {
            **_STAYS,
            "auto renew": NO_WRITE,
            "TermEnd/Cancel": ASKED,
            "TermEnd/RenewToNewTerm": NO_WRITE,
            "TermEnd/RenewToExtendedServiceTerm": ASKED,
            "TermEnd/Transition": LOST,
            "next term instructions": ASKED,
        },
    ),
    "extend": (
        {"desired": "extend"},
        "active",
        "set-renewal",
        {
            **_STAYS,
            "auto renew": ASKED,
            "TermEnd/Cancel": ASKED,
            "TermEnd/RenewToNewTerm": LOST,
            "TermEnd/RenewToExtendedServiceTerm": NO_WRITE,
            "TermEnd/Transition": LOST,
            "next term instructions": LOST,
        },
    ),
    "suspend": (
        {"desired": "suspend"},
        "active",
        "suspend-subscription",
        {**dict.fromkeys(_BESIDES, KEPT), **_ALL_LOST},
    ),
    "reactivate": (
        {"desired": "reactivate"},
        "suspended",
        "reactivate-subscription",
        {**dict.fromkeys(_BESIDES, KEPT), **dict.fromkeys(_ALL_LOST, KEPT)},
    ),
    "cancel": (
        {"desired": "cancel"},
        "in its window",
        "cancel-subscription",
        dict.fromkeys(SET, ASKED),  # it ends at once, one-way, with all that is set on it
    ),
}
_NAMED = {"auto renew": "auto-renew", "next term instructions": "7 seats", "TermEnd/RenewToNewTerm": "7 seats"}
_NAMED |= {"TermEnd/Transition": "transition to another product"}


def test_every_write_and_everything_that_may_be_set_has_a_row() -> None:
    assert {row[2] for row in WRITES.values()} == set(_EDITS)
    assert all(set(row[3]) == set(SET) for row in WRITES.values())
    assert set(BY_MEMBER) | OF_THE_SERVICE == set(Subscription.__struct_fields__)
    assert {name for names in BY_MEMBER.values() for name in names} == set(SET)
    assert set(_KNOWN_WORDS) == {*SCHEDULES, *ACTIONS}


def tenant(number: int) -> str:
    return f"6b2e0b0c-0000-4000-8000-{number:012d}"


def begin(own_desk: Begin, write: str) -> Desk:
    spec, state, _, _ = WRITES[write]
    bought = "-1d" if state == "in its window" else "-60d"
    status = {"status": "suspended"} if state == "suspended" else {}
    customers = [
        {
            "tenantId": tenant(number),
            "name": f"c{number}",
            "items": [{"kind": "new-commerce-license", "name": "E3", "bought": bought, **status, "wire": SET[name]}],
        }
        for number, name in enumerate(SET)
    ]
    desk = own_desk({"customers": customers})
    desk.partner(timeZone="UTC", reservations="manual")
    line = {"match": {"family": "new-commerce-license"}, "reason": "as the table says", **spec}
    for number in range(len(SET)):
        desk.customer(f"c{number}", tenant(number), "active", subscriptions=[line])
    return desk


def worlds(desk: Desk) -> list[dict[str, Any]]:
    found = httpx.get(f"{desk.url}/_simulator/world").json()["customers"]
    return [found[tenant(number)]["subscriptions"][0] for number in range(len(SET))]


def differing(name: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The members of the wire that are set and do not stand any more; of schedules, each that is gone."""
    gone = [member for member, value in SET[name].items() if member != "scheduledActions" and after[member] != value]
    return gone + [each["actionType"] for each in before["scheduledActions"] if each not in after["scheduledActions"]]


@pytest.mark.parametrize("write", WRITES)
def test_what_a_write_leaves_of_what_was_set(own_desk: Begin, write: str) -> None:
    _, _, kind, outcomes = WRITES[write]
    desk = begin(own_desk, write)
    before = worlds(desk)
    _, plan = desk.plan()
    planned = {each["name"]: each["actions"] for each in plan["customers"]}
    code, _, errors = desk("apply", "--auto-approve")
    assert code == 0, errors
    after = worlds(desk)
    for number, (name, outcome) in enumerate((name, outcomes[name]) for name in SET):
        actions = [action for action in planned[f"c{number}"] if action["kind"] == kind]
        lost = differing(name, before[number], after[number])
        if outcome == NO_WRITE:
            assert (actions, lost) == ([], []), name
            continue
        (action,) = actions
        said = "; ".join(action["loses"])
        assert bool(said) <= (action["reversibility"] != "reversible"), name
        if outcome == KEPT:
            kept = [each for each in lost if not (name in _DATED and each == "autoRenewEnabled")]
            quiet = [each for each in kept if not (name in _BESIDES and each == "autoRenewEnabled")]
            assert (quiet, said) == ([], ""), name
        elif outcome == LOST:
            assert lost, name
            schedule, _, what = name.partition("/")
            expected = _NAMED.get(name, what if schedule == "CustomDate" else f"TermEnd/{what}")
            assert expected in said, (name, said)
        else:
            assert said == "", name
