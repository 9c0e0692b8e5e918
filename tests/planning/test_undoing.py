"""What of a run's writes can be reversed: by what, until when, and what cannot."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.model.estate import (
    AzureEntitlement,
    Customer,
    CustomerList,
    CustomerState,
    DelegatedAdminRelationship,
    ReadProof,
    ScheduledAction,
    Snapshot,
    Subscription,
)
from pcreconcile.model.ids import ActionId, RunId, SubscriptionId, TenantId
from pcreconcile.model.plan import ActionKind, Reversibility, Target
from pcreconcile.model.story import Written
from pcreconcile.model.undo import POSSIBLE, Back, Reversal
from pcreconcile.planning.reversals import WAYS_BACK
from pcreconcile.planning.undoing import reversals, unread
from tests.exits.estates import NOW, PARTNER_TENANT, shipped_rules

ONE = TenantId("6b2e0b0c-0000-4000-8000-000000000001")
SUSPEND, REACTIVATE = ActionKind.SUSPEND_SUBSCRIPTION, ActionKind.REACTIVATE_SUBSCRIPTION
AT_END, RENEW = ActionKind.CANCEL_AT_TERM_END, ActionKind.SET_RENEWAL
CANCEL, REMOVE = ActionKind.CANCEL_SUBSCRIPTION, ActionKind.REMOVE_RELATIONSHIP
AZURE, ACCESS = ActionKind.CANCEL_AZURE_SUBSCRIPTION, ActionKind.TERMINATE_DELEGATED_ACCESS
TODAY = NOW.date()
ENDS = {"autoRenewEnabled": False, "scheduledActions": ["TermEnd/Cancel"]}
EXTENDS = {"autoRenewEnabled": True, "scheduledActions": ["TermEnd/RenewToExtendedServiceTerm"]}
TYPES = {REMOVE: "customer", AZURE: "azure-subscription", ACCESS: "delegated-admin"}


def write(kind: ActionKind, **members: Any) -> Written:
    kind_of = TYPES.get(kind, "subscription")
    target = Target(kind_of, ONE if kind_of == "customer" else "s1", "mail")
    values = {"postcondition": {"status": "suspended"}, "before": {"status": "active"}} | members
    return Written("aspen", ONE, ActionId("a"), kind, target, NOW - timedelta(days=1), **values)


def live(*rows: Any, listed: bool = True, complete: bool = True, **members: Any) -> Snapshot:
    customer = Customer(ONE, "Aspen", "aspen.example", relationship="reseller", allow_delegated_access=False)
    proof = ReadProof("customers", complete, problem="" if complete else "cut")
    held = {
        "subscriptions": tuple(row for row in rows if isinstance(row, Subscription)),
        "azure_entitlements": tuple(row for row in rows if isinstance(row, AzureEntitlement)),
    }
    state = CustomerState(ONE, customer if listed else None, **(held | members))
    return Snapshot(PARTNER_TENANT, NOW, CustomerList({ONE: customer} if listed else {}, proof), {ONE: state})


def row(status: str, **members: Any) -> Subscription:
    return Subscription(SubscriptionId("s1"), "offer", "mail", status, 1, **members)


def one(found: Written, seen: Snapshot | None = None, gone: frozenset[TenantId] = frozenset()) -> Reversal:
    (answer,) = reversals([found], seen, gone, shipped_rules(), NOW)
    return answer


def test_every_kind_of_write_has_an_answer():
    assert set(WAYS_BACK) == set(ActionKind)


@pytest.mark.parametrize(
    ("found", "back", "by", "manifest"),
    [
        (write(SUSPEND), "reversible", REACTIVATE, "relationship: active"),
        (write(SUSPEND, reversibility=Reversibility.LOSSY), "lossy", REACTIVATE, "relationship: active"),
        (write(REACTIVATE), "reversible", SUSPEND, "desired: suspend,"),
        (write(AT_END, before={"autoRenewEnabled": True}), "reversible", RENEW, "desired: renew,"),
        (
            write(AT_END, before=EXTENDS),
            "reversible",
            RENEW,
            "desired: extend,",
        ),
        (write(AT_END, before={"autoRenewEnabled": False}), "lossy", RENEW, "desired: renew,"),
        (write(AT_END, before={}), "lossy", RENEW, "desired: renew,"),
        (write(RENEW, before=ENDS), "reversible", AT_END, "desired: cancel-at-term-end,"),
        (write(RENEW, before={"autoRenewEnabled": True}), "reversible", RENEW, "desired: renew,"),
        (write(RENEW, before={"autoRenewEnabled": False}), "lossy", AT_END, "desired: cancel-at-term-end,"),
        (write(AZURE), "reversible", ActionKind.REACTIVATE_AZURE_SUBSCRIPTION, ""),
        (write(REMOVE), "needs-counterparty", ActionKind.REQUEST_RELATIONSHIP, "relationship: active"),
        (write(ACCESS), "needs-counterparty", None, ""),
        (write(ActionKind.REMOVE_DELEGATED_ADMIN), "needs-counterparty", None, ""),
        (write(CANCEL), "irreversible", None, ""),
        (write(ActionKind.CANCEL_ORDER_LINE), "irreversible", None, ""),
        (write(ActionKind.RETURN_RESERVATION), "irreversible", None, ""),
    ],
)
def test_the_way_back_by_the_journal_alone(found: Written, back: str, by: ActionKind | None, manifest: str):
    answer = one(found)
    assert (answer.back, answer.by, answer.now) == (back, by, "")
    assert manifest in answer.manifest
    assert bool(answer.manifest) is bool(manifest)
    assert (answer.kind, answer.target, answer.customer) == (found.kind, found.target, "aspen")


@pytest.mark.parametrize(
    ("until", "back", "shown"),
    [
        (None, "reversible", None),
        (TODAY, "reversible", TODAY),
        (TODAY + timedelta(days=1), "reversible", TODAY + timedelta(days=1)),
        (TODAY - timedelta(days=1), "irreversible", None),
    ],
)
def test_until_the_last_day_that_the_plan_gave(until: date | None, back: str, shown: date | None):
    answer = one(write(SUSPEND, reversible_until=until))
    assert (answer.back, answer.until) == (back, shown)


def test_without_a_kept_plan_the_pack_says_how_long_azure_can_come_back():
    window = shipped_rules().days("azure-plan.reactivation-window")
    answer = one(write(AZURE))
    assert (answer.until, answer.rule) == ((NOW - timedelta(days=1) + window).date(), "azure-plan.reactivation-window")
    assert one(write(AZURE, reversible_until=TODAY)).until == TODAY, "the kept plan's day comes first"
    old = replace(write(AZURE), at=NOW - window - timedelta(days=1))
    assert one(old).back is Back.IRREVERSIBLE


def test_what_does_not_come_back_is_named():
    changes = {"before": {"status": "active", "scheduledChanges": ["to 5 seats"]}}
    assert one(write(SUSPEND, **changes)).lost == ("scheduled change: to 5 seats",)
    assert one(write(SUSPEND, **changes)).back is Back.LOSSY
    (unknown,) = one(write(SUSPEND, before={}, reversibility=Reversibility.LOSSY)).lost
    assert "kept nothing" in unknown


RENEWED = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}
OLDER = {"status": "active", "scheduledActions": ["TermEnd/RenewToNewTerm"], "scheduledChanges": ["7 seats"]}
WHOLE = {**OLDER, "scheduledInstructions": [{**RENEWED, "instructions": {"quantity": 7}}]}
STRANGE = {**OLDER, "scheduledInstructions": [{**RENEWED, "instructions": {"unread": ["coterm"]}}]}


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        (write(SUSPEND, before=WHOLE), ()),
        (write(SUSPEND, before=OLDER), ("scheduled change: 7 seats", "of which the journal kept nothing")),
        (write(SUSPEND, before=STRANGE), ("does not know (coterm)",)),
        (write(AT_END, before=WHOLE, loses=()), ()),
        (write(AT_END, before=WHOLE, loses=("the renewal with 7 seats",)), ("the renewal with 7 seats",)),
        (write(AT_END, before=OLDER), ("scheduled change: 7 seats",)),
        (write(RENEW, before=ENDS, loses=("the scheduled transition",)), ("the scheduled transition",)),
    ],
)
def test_what_is_lost_is_what_the_plan_said_or_an_older_one_did_not_keep(found: Written, lost: tuple[str, ...]):
    answer = one(found)
    assert len(answer.lost) == len(lost)
    assert all(part in said for part, said in zip(lost, answer.lost, strict=True))
    assert (answer.back is Back.LOSSY) is bool(lost)


def test_what_was_told_to_end_before_has_nothing_to_take_back():
    assert one(write(AT_END, before=ENDS)).back is Back.UNDONE


SCHEDULED = (ScheduledAction("TermEnd", "Cancel"),)


@pytest.mark.parametrize(
    ("found", "seen", "back", "told"),
    [
        (write(SUSPEND), live(row("suspended")), "reversible", ""),
        (write(SUSPEND), live(row("active")), "undone", "undone already"),
        (write(SUSPEND), live(row("deleted")), "undone", "changed since: status is deleted"),
        (write(SUSPEND), live(), "undone", "no longer shows"),
        (write(SUSPEND, before={}), live(row("active")), "undone", "changed since: status is active"),
        (
            write(AT_END, postcondition=ENDS, before={"autoRenewEnabled": True}),
            live(row("active", auto_renew=False, scheduled_actions=SCHEDULED)),
            "reversible",
            "",
        ),
        (
            write(AT_END, postcondition=ENDS, before={"autoRenewEnabled": True, "scheduledActions": None}),
            live(row("active", auto_renew=True)),
            "undone",
            "undone already",
        ),
        (write(CANCEL, postcondition={"status": "deleted"}), live(row("active")), "irreversible", "buy it anew"),
        (write(SUSPEND), live(listed=False), "irreversible", "relationship has been removed"),
        (write(AZURE), live(listed=False), "irreversible", "relationship has been removed"),
        (write(REMOVE, postcondition={"relationship": "none"}), live(listed=False), "needs-counterparty", ""),
        (
            write(REMOVE, postcondition={"relationship": "none"}, before={}),
            live(),
            "undone",
            "the customer is ours again",
        ),
        (write(ACCESS, postcondition={"ended": True}), live(listed=False), "needs-counterparty", ""),
        (
            write(ACCESS, postcondition={"ended": True}),
            live(delegated_admin=(DelegatedAdminRelationship("s1", "g", "terminated"),)),
            "needs-counterparty",
            "",
        ),
        (write(SUSPEND), live(listed=False, complete=False), "reversible", ""),
        (write(SUSPEND), live(reads=(ReadProof("subscriptions", False, problem="cut"),)), "reversible", ""),
    ],
)
def test_what_the_live_state_says_of_it(found: Written, seen: Snapshot, back: str, told: str):
    answer = one(found, seen)
    assert answer.back == back
    assert told in answer.text
    if answer.back not in POSSIBLE:
        assert (answer.by, answer.until, answer.manifest) == (None, None, "")


def test_it_still_stands_is_said_where_a_read_shows_it():
    assert one(write(SUSPEND), live(row("suspended"))).now == "it still is as the run left it"
    assert one(write(SUSPEND), live(reads=(ReadProof("subscriptions", False, problem="cut"),))).now == ""


@pytest.mark.parametrize("seen", [None, live(listed=False, complete=False)])
def test_whom_the_journal_knows_to_have_gone_needs_no_read(seen: Snapshot | None):
    assert one(write(SUSPEND), seen, frozenset({ONE})).back is Back.IRREVERSIBLE


def test_a_customer_who_came_back_is_ours_whatever_the_journal_says():
    assert one(write(SUSPEND), live(row("suspended")), frozenset({ONE})).back is Back.REVERSIBLE


def test_a_later_write_of_ours_came_after_it():
    answer = one(write(SUSPEND, again=REACTIVATE, again_by=RunId("r2")))
    assert (answer.back, "reactivate-subscription by run r2" in answer.text) == (Back.UNDONE, True)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (live(), None),
        (live(listed=False, complete=False), "the customers list could not be read to its end: cut"),
        (live(complete=False), None),
        (live(reads=(ReadProof("orders", False, problem="cut"),)), "orders: cut"),
        (replace(live(), states={}), "it was not read"),
    ],
)
def test_whose_live_state_is_not_known(seen: Snapshot, told: str | None):
    assert unread([write(SUSPEND), write(CANCEL)], seen) == ({} if told is None else {"aspen": told})
