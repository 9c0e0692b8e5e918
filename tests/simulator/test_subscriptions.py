"""PATCH of a subscription: the table of transitions, the full-resource trap, etags, 202, idempotency."""

import pytest

from .conftest import TENANT, one_customer_each, tenant

CUSTOMER = f"/v1/customers/{TENANT}01"
NCE = "new-commerce-license"
IN_WINDOW = {"kind": NCE, "bought": "-2d"}
MID_TERM = {"kind": NCE, "bought": "-100d"}


def rows(caller):
    return caller("GET", f"{CUSTOMER}/subscriptions").json()["items"]


def patch(caller, row, body, **headers):
    return caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", body, **headers)


def outcome(answer):
    return answer.json().get("status") if answer.status_code == 200 else (answer.status_code, answer.json()["code"])


TRANSITIONS = [
    ({"kind": "legacy-license"}, "suspended", "suspended"),
    ({"kind": "legacy-license", "status": "suspended"}, "active", "active"),
    ({"kind": "legacy-license"}, "deleted", (400, 800040)),
    ({"kind": "azure-legacy"}, "suspended", "suspended"),
    ({"kind": "azure-legacy"}, "deleted", (400, 800040)),
    (IN_WINDOW, "deleted", "deleted"),
    (IN_WINDOW | {"status": "suspended"}, "deleted", "deleted"),
    (MID_TERM, "deleted", (400, 900117)),
    (IN_WINDOW | {"windowUntil": None}, "deleted", (400, 900117)),
    (MID_TERM, "suspended", "suspended"),
    (MID_TERM | {"status": "suspended"}, "active", "active"),
    (MID_TERM | {"status": "suspended", "suspendedBecause": ["Fraud"]}, "active", (400, 800096)),
    (MID_TERM, "expired", (400, 800040)),
    (MID_TERM, "cancelled", (400, 800002)),
    (MID_TERM | {"status": "deleted"}, "active", (400, 2011)),
    ({"kind": NCE, "status": "expired"}, "active", (400, 900279)),
    ({"kind": NCE, "status": "disabled"}, "active", (400, 900279)),
    (MID_TERM | {"status": "pending"}, "suspended", (400, 800082)),
    (MID_TERM | {"status": "quarantined"}, "suspended", (400, 800096)),
    ({"kind": "software-subscription", "bought": "-2d"}, "deleted", "deleted"),
    ({"kind": "software-subscription"}, "deleted", (400, 900117)),
    ({"kind": "software-subscription"}, "suspended", (400, 800040)),
    ({"kind": "marketplace-saas", "bought": "-2d"}, "deleted", "deleted"),
    ({"kind": "marketplace-saas", "bought": "-4d"}, "deleted", (400, 900117)),
    ({"kind": "azure-plan"}, "suspended", "suspended"),
    ({"kind": "azure-plan"}, "deleted", (400, 800040)),
    ({"kind": "azure-plan", "azureSubscriptions": [{}]}, "suspended", (403, 900115)),
    ({"kind": "azure-plan", "azureSubscriptions": [{"status": "inactive"}]}, "suspended", "suspended"),
    ({"kind": "savings-plan"}, "deleted", (400, 800040)),
]


@pytest.fixture(scope="module")
def transitions(tmp_path_factory):
    with one_customer_each(tmp_path_factory.mktemp("transitions"), [item for item, _, _ in TRANSITIONS]) as caller:
        yield caller


@pytest.mark.parametrize("number", range(len(TRANSITIONS)), ids=lambda number: str(TRANSITIONS[number]))
def test_transitions(transitions, number):
    _, wanted, expected = TRANSITIONS[number]
    path = f"/v1/customers/{tenant(number)}/subscriptions"
    (row,) = transitions("GET", path).json()["items"]
    assert outcome(transitions("PATCH", f"{path}/{row['id']}", row | {"status": wanted})) == expected
    (after,) = transitions("GET", path).json()["items"]
    assert after["status"] == (expected if isinstance(expected, str) else row["status"])


@pytest.fixture(scope="module")
def mid_term(tmp_path_factory):
    """For what is refused: nothing that these tests send changes it."""
    with one_customer_each(tmp_path_factory.mktemp("refused"), [MID_TERM]) as caller:
        yield caller


def refused(caller, body):
    path = f"/v1/customers/{tenant(0)}/subscriptions"
    (row,) = caller("GET", path).json()["items"]
    answer = caller(
        "PATCH", f"{path}/{row['id']}", row | body if isinstance(body, dict) and "scheduledActions" in body else body
    )
    assert caller("GET", path).json()["items"] == [row]
    return outcome(answer)


def test_suspending_new_commerce_drops_renewal_and_reactivating_restores_nothing(estate):
    caller = estate([MID_TERM | {"autoRenew": True}])
    (row,) = rows(caller)
    assert row["autoRenewEnabled"]
    assert row["scheduledActions"][0]["actionType"] == "RenewToNewTerm"
    for status in ("suspended", "active"):
        after = patch(caller, row, row | {"status": status}).json()
        assert (after["status"], after["autoRenewEnabled"], after["scheduledActions"]) == (status, False, [])


def test_a_suspended_new_commerce_subscription_takes_no_edit(estate):
    caller = estate([MID_TERM | {"status": "suspended"}])
    (row,) = rows(caller)
    for edit in ({"autoRenewEnabled": True}, {"quantity": 3}, {}):
        assert outcome(patch(caller, row, row | edit)) == (400, 800091)


def test_quantity_while_suspended_and_out_of_range(estate):
    caller = estate([{"kind": "legacy-license", "status": "suspended"}, {"kind": NCE}])
    legacy, modern = rows(caller)
    assert outcome(patch(caller, legacy, legacy | {"quantity": 1})) == (400, 2001)
    assert outcome(patch(caller, modern, modern | {"quantity": 0})) == (400, 2002)


def test_what_a_patch_leaves_out_is_reset(estate):
    caller = estate([MID_TERM | {"autoRenew": True}])
    (row,) = rows(caller)
    after = patch(caller, row, {"friendlyName": "renamed"}).json()
    assert (after["friendlyName"], after["autoRenewEnabled"], after["scheduledActions"]) == ("renamed", False, [])


def test_the_trap_has_a_switch(estate):
    caller = estate([MID_TERM | {"autoRenew": True}], options={"resetOmitted": False})
    (row,) = rows(caller)
    after = patch(caller, row, {"friendlyName": "renamed"}).json()
    assert (after["autoRenewEnabled"], after["scheduledActions"]) == (True, row["scheduledActions"])


CANCEL = [{"scheduleType": "TermEnd", "actionType": "Cancel"}]


def test_the_instruction_to_end(estate):
    caller = estate([MID_TERM])
    (row,) = rows(caller)
    after = patch(caller, row, row | {"autoRenewEnabled": False, "scheduledActions": CANCEL}).json()
    assert (after["autoRenewEnabled"], after["scheduledActions"]) == (False, CANCEL)
    pascal = {
        "AutoRenewEnabled": False,
        "ScheduledActions": [{"ScheduleType": "termend", "ActionType": "cancel", "X": 1}],
    }
    assert patch(caller, row, pascal).json()["scheduledActions"] == CANCEL


@pytest.mark.parametrize(
    "actions",
    [
        "Cancel",
        [None],
        [{}],
        [{"scheduleType": "TermEnd"}],
        [{"scheduleType": "Now", "actionType": "Cancel"}],
        [{"scheduleType": "TermEnd", "actionType": "Stop"}],
        [{"scheduleType": "CustomDate", "actionType": "Cancel"}],
        [{"scheduleType": "TermEnd", "actionType": "Transition", "instructions": {"quantity": 0}}],
        [{"scheduleType": "TermEnd", "actionType": "Transition", "instructions": {"product": {"termDuration": "1Y"}}}],
    ],
    ids=str,
)
def test_the_shape_of_instructions_is_checked(mid_term, actions):
    assert refused(mid_term, {"autoRenewEnabled": False, "scheduledActions": actions}) == (400, 800002)


def test_cancel_at_term_end_needs_auto_renew_off_and_a_licence(estate):
    caller = estate([MID_TERM, {"kind": "software-subscription"}])
    licence, software = rows(caller)
    wish = {"autoRenewEnabled": True, "scheduledActions": CANCEL}
    assert outcome(patch(caller, licence, licence | wish)) == (400, 800002)
    assert outcome(patch(caller, software, software | {"autoRenewEnabled": False, "scheduledActions": CANCEL})) == (
        400,
        800002,
    )
    after = patch(caller, software, {"autoRenewEnabled": False, "status": "active"}).json()
    assert (after["autoRenewEnabled"], after["scheduledNextTermInstructions"]) == (False, None)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {"status": 1},
        {"autoRenewEnabled": "no"},
        {"quantity": "3"},
        {"quantity": True},
        {"friendlyName": 1},
        {"id": "another"},
    ],
    ids=str,
)
def test_bodies_of_another_shape(mid_term, body):
    assert refused(mid_term, body) == (400, 800002)


def test_only_legacy_subscriptions_have_etags_and_a_stale_one_is_2055(estate):
    caller = estate([{"kind": "legacy-license"}, MID_TERM])
    legacy, modern = rows(caller)
    assert "etag" not in modern["attributes"]
    first = legacy["attributes"]["etag"]
    after = patch(caller, legacy, legacy | {"status": "suspended"}, If_Match=f'"{first}"').json()
    assert after["attributes"]["etag"] != first
    again = legacy | {"status": "active"}
    assert outcome(patch(caller, legacy, again)) == (400, 2055)
    assert outcome(patch(caller, legacy, {"status": "active"}, If_Match=f'"{first}"')) == (400, 2055)
    assert outcome(patch(caller, legacy, {"status": "active", "autoRenewEnabled": True})) == "active"
    assert outcome(patch(caller, modern, modern, If_Match='"stale"')) == (400, 2055)


def test_a_patch_that_changes_nothing_is_no_effect(estate):
    caller = estate([{"kind": "legacy-license"}])
    (row,) = rows(caller)
    assert patch(caller, row, row).json()["attributes"]["etag"] == row["attributes"]["etag"]
    assert [entry["applied"] for entry in caller.log() if entry["method"] == "PATCH"] == [False]


def test_add_ons_follow_their_base_down_and_not_up(estate):
    caller = estate([{"kind": "legacy-license", "name": "base", "addOns": [{"name": "child"}]}])
    base, child = rows(caller)
    assert child["parentSubscriptionId"] == base["id"]
    listed = caller("GET", f"{CUSTOMER}/subscriptions/{base['id'].upper()}/addons").json()["items"]
    assert [item["id"] for item in listed] == [child["id"]]
    patch(caller, base, {"status": "suspended"})
    assert [row["status"] for row in rows(caller)] == ["suspended", "suspended"]
    assert outcome(patch(caller, child, {"status": "active"})) == (409, 27009)
    patch(caller, base, {"status": "active"})
    assert [row["status"] for row in rows(caller)] == ["active", "suspended"]
    assert outcome(patch(caller, child, {"status": "active"})) == "active"


def test_unknown_subscription(estate):
    assert outcome(patch(estate([]), {"id": TENANT + "77"}, {})) == (404, 20003)


def test_accepted_updates_take_effect_after_two_reads(estate):
    caller = estate([{"kind": "legacy-license"}], options={"acceptedUpdates": True})
    (row,) = rows(caller)
    answer = patch(caller, row, row | {"status": "suspended"})
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["Location"] == f"/customers/{TENANT}01/subscriptions/{row['id']}"
    assert outcome(patch(caller, row, {"status": "active"})) == (409, 900278)
    seen = [caller("GET", "/v1" + answer.headers["Location"]).json()["status"] for _ in range(4)]
    assert seen == ["active", "active", "suspended", "suspended"]


ID = "0dd00000-0000-4000-8000-000000000001"


def test_a_repeated_request_is_replayed_without_a_second_effect(estate):
    caller = estate([{"kind": "legacy-license"}])
    (row,) = rows(caller)
    first = patch(caller, row, {"status": "suspended"}, MS_RequestId=ID, MS_CorrelationId=ID)
    assert (first.headers["MS-RequestId"], first.headers["MS-CorrelationId"]) == (ID, ID)
    patch(caller, row, {"status": "active"})
    again = patch(caller, row, {"status": "suspended"}, MS_RequestId=ID.upper())
    assert (again.status_code, again.json()) == (200, first.json())
    assert rows(caller)[0]["status"] == "active"
    writes = [(entry["applied"], entry["replayed"]) for entry in caller.log() if entry["method"] == "PATCH"]
    assert writes == [(True, False), (True, False), (False, True)]


def test_refusals_are_replayed_too_but_not_a_missing_token(estate):
    caller = estate([MID_TERM])
    (row,) = rows(caller)
    path = f"{CUSTOMER}/subscriptions/{row['id']}"
    assert caller.http.patch(path, json={}, headers={"MS-RequestId": ID}).status_code == 401
    refused = patch(caller, row, row | {"status": "deleted"}, MS_RequestId=ID)
    assert outcome(refused) == (400, 900117)
    again = patch(caller, row, row | {"status": "suspended"}, MS_RequestId=ID)
    assert outcome(again) == (400, 900117)
    assert caller.log()[-1]["replayed"]


def test_throttling_says_how_long_and_is_not_replayed(estate):
    caller = estate([], options={"throttlePerMinute": 2})
    answers = [caller("GET", f"{CUSTOMER}/orders") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    wait = int(answers[-1].headers["Retry-After"])
    assert answers[-1].json() == {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {wait} seconds."}
    assert caller("GET", f"{CUSTOMER}/entitlements").status_code == 200
    caller.control("options", {"throttlePerMinute": 0})
    assert caller("GET", f"{CUSTOMER}/orders").status_code == 200


def test_bodies_with_a_byte_order_mark_and_codes_as_text(estate):
    caller = estate([], options={"byteOrderMark": True, "errorCodeText": True})
    assert caller("GET", CUSTOMER).content.startswith(b"\xef\xbb\xbf{")
    assert caller("GET", f"{CUSTOMER}/orders/x").json()["code"] == "20000"
