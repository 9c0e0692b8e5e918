"""What the archive tells people, and which runs belong to what was asked for."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from pcreconcile.applying.evidence import AuditFile, find_customer, of_customer, of_run
from pcreconcile.model.errors import UsageError
from pcreconcile.model.estate import AuditRecord
from tests.applying.evidence.making import archive_of, journalled, two_customers
from tests.applying.world import NOW, ONE, Desk, Died, Fault, cancel, plan_of, planned, subscription, tenant


def told(files: dict[str, bytes]) -> Any:
    return json.loads(files["evidence.json"])


def test_a_customer_with_all_that_was_done_to_it(desk: Desk) -> None:
    desk.service.faults.append(Fault.LOST_AFTER)
    desk.apply(two_customers(desk))
    story = told(archive_of(desk))
    one = story["customers"][0]
    first, removal = one["actions"]
    assert (first["kind"], first["state"], first["seen"]) == ("cancel-subscription", "verified", {"status": "deleted"})
    assert [(r["answer"], r["status"]) for r in first["requests"]] == [("no-answer", 0)]
    assert [(r["answer"], r["correlationId"]) for r in removal["requests"]] == [("answered", "trace")]
    assert removal["auditRecord"] == "record"
    assert [look["moment"] for look in one["looks"]] == ["before", "gate", "after"]
    assert [(c["target"]["id"], c["fields"], c["explained"]) for c in one["changes"]] == [
        (ONE, {"relationship": ["reseller", "none"]}, True),
        ("sub-1", {"status": ["active", "deleted"]}, True),
    ]
    assert one["open"] == []
    assert one["ends"][0]["outcome"] == "done"
    assert [(run["exitCode"], run["resumed"]) for run in story["runs"]] == [(0, False)]
    assert story["toldUntil"].startswith("2026-11-22T12:00")


def test_what_is_open_is_said(desk: Desk) -> None:
    desk.service.records.extend([None] * 8)
    desk.apply(two_customers(desk))
    one = told(archive_of(desk))["customers"][0]
    assert one["open"] == [
        f"remove-relationship customer {ONE}: the service's own audit record was not found yet; "
        "it keeps records for 90 days"
    ]


def test_audit_records_are_tied_to_requests_by_their_correlation_id(desk: Desk) -> None:
    desk.apply(two_customers(desk))
    records = (
        AuditRecord("ours", ONE, "remove_partner_customer_relationship", True, NOW, "trace"),
        AuditRecord("another's", ONE, "update_subscription", True, NOW, "somebody"),
    )
    one = told(archive_of(desk, audit=AuditFile(records, True, NOW)))["customers"][0]
    assert [(e["record"]["id"], e["action"] is not None) for e in one["audit"]] == [
        ("ours", True),
        ("another's", False),
    ]


def test_something_else_that_changed_is_told_as_not_ours(desk: Desk) -> None:
    desk.service.add(ONE, subscription("sub-1"), subscription("other"))
    plan = plan_of(planned(desk.service, [cancel("sub-1")]))
    desk.service.before_write = lambda _: desk.service.change(ONE, "other", quantity=11)
    desk.apply(plan)
    changes = told(archive_of(desk))["customers"][0]["changes"]
    assert [(c["target"]["id"], c["explained"]) for c in changes] == [("other", False), ("sub-1", True)]


def test_a_run_that_died_comes_with_the_one_that_finished_it(desk: Desk) -> None:
    plan = two_customers(desk)
    desk.service.faults.append(Fault.DIES_AFTER)
    with pytest.raises(Died):
        desk.apply(plan)
    desk.apply(plan)
    story = told(archive_of(desk))
    assert [(run["exitCode"], run["resumed"], run["interruption"]) for run in story["runs"]] == [
        (None, False, "Died"),
        (0, True, ""),
    ]
    states = [(a["action"], a["state"]) for a in story["customers"][0]["actions"]]
    assert [state for _, state in states] == ["indeterminate", "verified", "verified"]


def two_runs(desk: Desk) -> list[str]:
    """One customer in two runs, three days apart; returns the runs."""
    desk.service.add(ONE, subscription("sub-1"), subscription("sub-2"))
    desk.service.add(tenant(2), subscription("sub-3"))
    for number in (1, 2):
        first = planned(desk.service, [cancel(f"sub-{number}")])
        second = planned(desk.service, [cancel("sub-3", who=tenant(2))], tenant(2)) if number == 2 else None
        desk.apply(plan_of(*filter(None, [first, second])))
        desk.clock.at += timedelta(days=3)
    return list(dict.fromkeys(event.run for event in desk.seen))


def test_a_customers_evidence_goes_over_all_of_its_runs(desk: Desk) -> None:
    runs = two_runs(desk)
    story = told(archive_of(desk, customer=ONE))
    assert [run["run"] for run in story["runs"]] == runs
    assert [customer["tenantId"] for customer in story["customers"]] == [ONE]
    assert [action["target"]["id"] for action in story["customers"][0]["actions"]] == ["sub-1", "sub-2"]


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (None, None, 2),
        (date(2026, 11, 22), date(2026, 11, 22), 1),
        (date(2026, 11, 23), None, 1),
        (None, date(2026, 11, 24), 1),
        (date(2026, 11, 25), date(2026, 11, 25), 1),
        (date(2026, 11, 23), date(2026, 11, 24), 0),
    ],
)
def test_days_are_the_partners_and_both_included(desk: Desk, first: Any, last: Any, count: int) -> None:
    two_runs(desk)
    events = journalled(desk).events
    if not count:
        with pytest.raises(UsageError, match="from 2026-11-23 to 2026-11-24"):
            of_customer(events, ONE, "it", (first, last), "Europe/Berlin")
        return
    assert len(of_customer(events, ONE, "it", (first, last), "Europe/Berlin").runs) == count


def test_a_day_begins_at_the_partners_midnight(desk: Desk) -> None:
    desk.clock.at = NOW.replace(hour=23, minute=30)  # the next day in Berlin
    desk.apply(two_customers(desk))
    events = journalled(desk).events
    day = (date(2026, 11, 23), date(2026, 11, 23))
    assert of_customer(events, ONE, "it", day, "Europe/Berlin").runs
    with pytest.raises(UsageError):
        of_customer(events, ONE, "it", day, "UTC")


def test_runs_are_found_by_a_unique_beginning(desk: Desk) -> None:
    runs = two_runs(desk)
    events = journalled(desk).events
    assert of_run(events, runs[0]).subject.run == runs[0]
    assert of_run(events, "last").subject.run == runs[1]
    assert of_run(events, runs[1].upper()).subject.run == runs[1]
    for text, words in [("ffff", "knows no run"), (runs[0][:8], "2 runs begin so"), ("0", "knows no run")]:
        with pytest.raises(UsageError, match=words):
            of_run(events, text)


def test_customers_are_found_by_any_name_that_they_had(desk: Desk) -> None:
    plan = two_customers(desk)
    assert find_customer("customer-1", [plan], {}) == ONE
    assert find_customer("new", [plan], {"new": ONE}) == ONE
    assert find_customer(ONE.upper(), [], {}) == ONE
    with pytest.raises(UsageError, match="neither"):
        find_customer("nobody", [plan], {})
    with pytest.raises(UsageError, match="more than one"):
        find_customer("customer-1", [plan], {"customer-1": tenant(2)})
