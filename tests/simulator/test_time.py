"""The clock, and what it does to terms."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from pcreconcile.simulator import SimulatorSettings
from pcreconcile.simulator.clock import add_term, moment, parse_instant, parse_span, wire_time

from .conftest import TENANT, calling, one_customer_each, tenant

CUSTOMER = f"/v1/customers/{TENANT}01"


def rows(caller):
    return caller("GET", f"{CUSTOMER}/subscriptions").json()["items"]


def row_after(caller, span):
    assert caller.control("clock", {"advance": span}).status_code == 200
    return rows(caller)[0]


def test_the_clock_stands_still_moves_on_and_never_back():
    with calling(SimulatorSettings(clock=datetime(2027, 3, 1, tzinfo=UTC))) as caller:
        assert caller.http.get("/_simulator/clock").json() == {"now": "2027-03-01T00:00:00Z"}
        assert caller.control("clock", {"advance": "3d12h"}).json() == {"now": "2027-03-04T12:00:00Z"}
        assert caller.control("clock", {"now": "2027-04-01T00:00:00Z"}).status_code == 200
        assert caller.control("clock", {"clock": "2027-04-02"}).status_code == 200
        assert caller.control("clock", "2027-04-03T00:00:00+02:00").json() == {"now": "2027-04-02T22:00:00Z"}
        assert caller.http.post("/_simulator/clock", content=b"2027-04-03").json() == {"now": "2027-04-03T00:00:00Z"}
        for bad in (
            {"now": "2027-04-01"},
            {"advance": "-1d"},
            {"advance": "9999999w"},
            {"now": "soon"},
            {},
            None,
            "",
            5,
        ):
            assert caller.control("clock", bad).status_code == 400
        answer = caller("GET", "/v1/customers")
        assert parsedate_to_datetime(answer.headers["Date"]) == datetime(2027, 4, 3, tzinfo=UTC)


NCE = {"kind": "new-commerce-license", "ends": "+10d"}


def test_the_last_day_of_a_new_commerce_term_is_still_in_it(estate):
    caller = estate([NCE | {"endOfTerm": "cancel"}])
    last = rows(caller)[0]["commitmentEndDate"][:10]
    caller.control("clock", {"now": f"{last}T23:59:59Z"})
    assert rows(caller)[0]["status"] == "active"
    assert row_after(caller, "1s")["status"] == "expired"


def test_an_instructed_end_expires_is_disabled_is_deleted(estate):
    caller = estate([NCE | {"endOfTerm": "cancel"}])
    assert [row_after(caller, span)["status"] for span in ("11d", "29d", "1d", "89d", "2d")] == [
        "expired",
        "expired",
        "disabled",
        "disabled",
        "deleted",
    ]


def test_renewal_opens_a_new_window(estate):
    caller = estate([NCE | {"endOfTerm": "renew", "term": "P1M"}])
    before = rows(caller)[0]
    after = row_after(caller, "11d")
    assert after["status"] == "active"
    assert parse_instant(after["commitmentEndDate"]) > parse_instant(before["commitmentEndDate"])
    start = parse_instant(after["effectiveStartDate"])
    assert (parse_instant(after["cancellationAllowedUntilDate"]) - start).days == 7
    much_later = row_after(caller, "400d")
    assert parse_instant(much_later["effectiveStartDate"]) > start
    now = parse_instant(caller.http.get("/_simulator/clock").json()["now"])
    assert (parse_instant(much_later["commitmentEndDate"]) - now).days <= 31


def test_no_instruction_slides_into_an_extended_service_term(estate):
    caller = estate([NCE | {"endOfTerm": "none"}])
    after = row_after(caller, "11d")
    assert (after["status"], after["termDuration"], after["autoRenewEnabled"]) == ("active", "P1M", False)
    assert after["scheduledActions"] == [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}]
    assert after["offerId"].split(":")[2] == "CFQ7TTC0EST1"
    assert after["cancellationAllowedUntilDate"] == after["commitmentEndDate"]
    later = row_after(caller, "100d")
    assert later["status"] == "active"
    answer = caller("PATCH", f"{CUSTOMER}/subscriptions/{later['id']}", later | {"status": "deleted"})
    assert answer.json()["status"] == "deleted"


PRODUCT = {"productId": "CFQ7TTC0LCHC", "skuId": "0002", "availabilityId": "CFQ7TTC0AAAA"}
SCHEDULED = [
    ({"actionType": "Cancel"}, {"status": "deleted", "scheduledActions": []}, False),
    (
        {"actionType": "RenewToNewTerm", "instructions": {"product": {"termDuration": "P3Y"}, "quantity": 3}},
        {"status": "active", "termDuration": "P3Y", "quantity": 3, "scheduledActions": []},
        True,
    ),
    ({"actionType": "RenewToExtendedServiceTerm"}, {"status": "active", "termDuration": "P1M"}, True),
    (
        {"actionType": "Transition", "instructions": {"product": PRODUCT}},
        {"status": "active", "offerId": "CFQ7TTC0LCHC:0002:CFQ7TTC0AAAA", "termDuration": "P1Y"},
        False,
    ),
]


@pytest.mark.parametrize(("action", "after", "anew"), SCHEDULED, ids=[row[0]["actionType"] for row in SCHEDULED])
def test_a_change_with_a_date_of_its_own_happens_then(estate, action, after, anew):
    caller = estate([NCE | {"ends": "+200d"}])
    row = rows(caller)[0]
    at = parse_instant(caller.http.get("/_simulator/clock").json()["now"]) + timedelta(days=5)
    scheduled = [action | {"scheduleType": "CustomDate", "effectiveDate": wire_time(at)}]
    body = row | {"scheduledActions": scheduled, "quantity": 2}
    assert caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", body).status_code == 200
    early = row_after(caller, "4d23h")
    assert (early["status"], early["offerId"], early["scheduledActions"]) == ("active", row["offerId"], scheduled)
    late = row_after(caller, "2h")
    assert {name: late[name] for name in after} == after
    assert late["effectiveStartDate"] == (wire_time(at) if anew else row["effectiveStartDate"])


def test_a_term_that_ends_first_comes_first(estate):
    caller = estate([NCE | {"endOfTerm": "cancel"}])
    row = rows(caller)[0]
    at = wire_time(parse_instant(caller.http.get("/_simulator/clock").json()["now"]) + timedelta(days=20))
    dated = {"scheduleType": "CustomDate", "actionType": "Cancel", "effectiveDate": at}
    caller(
        "PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | {"scheduledActions": [*row["scheduledActions"], dated]}
    )
    assert row_after(caller, "21d")["status"] == "expired"


@pytest.mark.parametrize("actions", [3, "x", [3], [{"scheduleType": "CustomDate", "effectiveDate": 1}], {}], ids=str)
def test_odd_schedules_of_an_estate_do_no_harm(estate, actions):
    caller = estate([NCE | {"autoRenew": False, "wire": {"scheduledActions": actions}}])
    assert row_after(caller, "12d")["termDuration"] == "P1M"


ENDS = [
    (NCE | {"status": "suspended"}, "expired"),
    (NCE | {"trial": True}, "expired"),
    ({"kind": "software-subscription", "ends": "+10d", "autoRenew": False}, "expired"),
    ({"kind": "software-subscription", "ends": "+10d"}, "active"),
    ({"kind": "marketplace-saas", "ends": "+10d", "autoRenew": False}, "expired"),
    ({"kind": "legacy-license", "ends": "+10d"}, "active"),
    ({"kind": "legacy-license", "ends": "+10d", "autoRenew": False}, "expired"),
    ({"kind": "legacy-license", "ends": "+10d", "status": "suspended"}, "suspended"),
    ({"kind": "azure-legacy"}, "active"),
    ({"kind": "savings-plan", "ends": "+10d"}, "expired"),
    (NCE | {"status": "quarantined"}, "quarantined"),
    (NCE | {"wire": {"termDuration": "P2W"}}, "active"),
    (NCE | {"wire": {"commitmentEndDate": "never"}}, "active"),
    (NCE | {"wire": {"status": None}}, None),
]


@pytest.fixture(scope="module")
def twelve_days_later(tmp_path_factory):
    with one_customer_each(tmp_path_factory.mktemp("ends"), [item for item, _ in ENDS]) as caller:
        caller.control("clock", {"advance": "12d"})
        yield caller


@pytest.mark.parametrize("number", range(len(ENDS)), ids=lambda number: str(ENDS[number]))
def test_the_end_of_a_term(twelve_days_later, number):
    (row,) = twelve_days_later("GET", f"/v1/customers/{tenant(number)}/subscriptions").json()["items"]
    assert row["status"] == ENDS[number][1]


def test_a_reservation_expires_and_blocks_no_longer(estate):
    caller = estate([{"kind": "reservation", "ends": "+10d"}])
    removal = {"relationshipToPartner": "none"}
    assert caller("PATCH", CUSTOMER, removal).status_code == 400
    caller.control("clock", {"advance": "11d"})
    assert caller("PATCH", CUSTOMER, removal).status_code == 200


def test_the_window_closes_by_the_clock(estate):
    caller = estate([{"kind": "new-commerce-license", "bought": "-2d"}])
    row = row_after(caller, "6d")
    answer = caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | {"status": "deleted"})
    assert answer.json()["code"] == 900117


NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+3d", "2026-02-03T12:30:00Z"),
        ("-1d12h", "2026-01-30T00:30:00Z"),
        ("2026-05-01", "2026-05-01T00:00:00Z"),
        ("2026-05-01T10:00:00.1234567+02:00", "2026-05-01T08:00:00.1234560Z"),
    ],
)
def test_moments(text, expected):
    assert wire_time(moment(text, NOW)) == expected


@pytest.mark.parametrize(
    "text", ["", "3d", "+3", "+3x", "soon", "+99999999d", "-9999999w", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_moment(text):
    with pytest.raises(ValueError, match=r"expected|range"):
        moment(text, NOW)


def test_terms_are_clamped_and_spans_add_up():
    assert add_term(NOW, "P1M").day == 28
    assert add_term(NOW, "P1Y", -1) == NOW.replace(year=2025)
    assert parse_span("1w2d3h").total_seconds() == 9 * 86400 + 3 * 3600


def test_an_extended_service_term_goes_on_month_after_month_until_it_is_told_to_end(estate):
    caller = estate([NCE | {"endOfTerm": "none"}])
    offers = {row_after(caller, "31d")["offerId"] for _ in range(5)}
    assert len(offers) == 1
    row = rows(caller)[0]
    told = {"autoRenewEnabled": False, "scheduledActions": [{"scheduleType": "TermEnd", "actionType": "Cancel"}]}
    assert caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | told).status_code == 200
    assert row_after(caller, "32d")["status"] == "expired"


def test_a_trial_that_renews_is_a_trial_no_longer(estate):
    caller = estate([{"kind": "trial", "ends": "+10d", "autoRenew": True}])
    assert rows(caller)[0]["isTrial"] is True
    after = row_after(caller, "12d")
    assert (after["status"], after["isTrial"]) == ("active", False)
    assert after["cancellationAllowedUntilDate"] is not None


ADD_ON = {"kind": "add-on", "name": "Extra"}


@pytest.mark.parametrize(
    ("base", "addon", "expected"),
    [
        ({"endOfTerm": "renew"}, {"ends": "+10d", "endOfTerm": "renew"}, ["active", "active"]),
        ({"endOfTerm": "cancel"}, {"ends": "+10d", "endOfTerm": "renew"}, ["expired", "expired"]),
        ({"endOfTerm": "cancel"}, {"ends": "+10d", "endOfTerm": "none"}, ["expired", "expired"]),
        ({"endOfTerm": "cancel"}, {"ends": "+15d", "endOfTerm": "renew"}, ["expired", "active"]),
        ({"endOfTerm": "cancel"}, {"ends": "+5d", "endOfTerm": "renew", "term": "P1M"}, ["expired", "active"]),
    ],
)
def test_an_add_on_renews_with_its_base(estate, base, addon, expected):
    caller = estate([NCE | base | {"addOns": [ADD_ON | addon]}])
    row_after(caller, "12d")
    assert [row["status"] for row in rows(caller)] == expected


def test_a_savings_plan_renews_where_somebody_told_it_to(estate):
    caller = estate([{"kind": "savings-plan", "ends": "+10d", "autoRenew": True}])
    row = rows(caller)[0]
    assert row_after(caller, "12d")["commitmentEndDate"] > row["commitmentEndDate"]


def test_what_was_asked_for_before_the_end_of_a_term_decides_it_even_unseen(estate):
    caller = estate([NCE | {"endOfTerm": "renew"}], options={"acceptedUpdates": True, "asyncReads": 9})
    row = rows(caller)[0]
    told = {"autoRenewEnabled": False, "scheduledActions": [{"scheduleType": "TermEnd", "actionType": "Cancel"}]}
    assert caller("PATCH", f"{CUSTOMER}/subscriptions/{row['id']}", row | told).status_code == 202
    assert row_after(caller, "12d")["status"] == "expired"


WINDOWS = [
    ({}, 3),
    ({"name": "Dynamics 365 Business Central Essentials", "publisher": "Microsoft"}, 7),
    ({"name": "Business Central backup"}, 3),
    ({"publisher": "Microsoft"}, 3),
]


@pytest.mark.parametrize(("product", "days"), WINDOWS, ids=str)
def test_the_window_of_a_marketplace_product_and_its_full_refund(estate, product, days):
    caller = estate([{"kind": "marketplace-saas", "term": "P1M", "bought": "-1d", **product}])
    for row in (rows(caller)[0], row_after(caller, "31d")):  # bought, and renewed
        until = row["cancellationAllowedUntilDate"]
        assert (parse_instant(until) - parse_instant(row["effectiveStartDate"])).days == days
        assert row["refundOptions"] == [{"type": "Full", "expiresAt": until}]
