"""What audit records say about a journal, and what `apply` makes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying import read_events
from pcreconcile.applying.approving import Consent
from pcreconcile.applying.lost_journal import Loss, loss_in, loss_in_words
from pcreconcile.applying.spending import Day
from pcreconcile.model.correlation import correlation_of
from pcreconcile.model.errors import ApprovalMissing, Refused
from pcreconcile.model.estate import AuditRecord
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Plan
from pcreconcile.model.policy import ApprovalRule, DayBudget, Policy
from tests.applying.approvals import ANNA, Keys, signed_by
from tests.applying.test_budgets import exit_of
from tests.applying.world import NOW, Desk, Fault, Microsoft, cancel, plan_of, planned, subscription, tenant

GONE = "remove_partner_customer_relationship"
FIRST, SECOND = (correlation_of(f"7d1f9f0e-0000-4000-8000-00000000000{number}") for number in (1, 2))
COLLEAGUE = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"


def gone(trace: str, hours: float = 1, who: TenantId | None = None, **members: Any) -> AuditRecord:
    record = AuditRecord("r", who or tenant(7), GONE, True, NOW - timedelta(hours=hours), trace)
    return replace(record, **members)


LOSSES = [
    # what the journal tells, the records, the customers of whom it lacks a removal
    ([], [gone(FIRST)], [tenant(7)]),
    ([], [gone(FIRST.upper())], [tenant(7)]),
    ([], [gone(FIRST, 1), gone(SECOND, 2, tenant(8))], [tenant(8), tenant(7)]),
    ([FIRST], [gone(FIRST, 1), gone(SECOND, 2, tenant(8))], [tenant(8)]),
    ([FIRST], [gone(FIRST), gone(SECOND, 24 * 80)], [tenant(7)]),  # it came back and was removed again
    ([], [gone(FIRST, 1), gone(FIRST, 2)], [tenant(7)]),  # the same removal, twice on record
    ([], [gone(FIRST, tenant_id=None)], [None]),
    # the twins: nothing is lost
    ([], [], []),
    ([], [gone(COLLEAGUE)], []),  # in the portal
    ([], [gone("")], []),
    ([FIRST], [gone(FIRST)], []),
    ([], [gone(FIRST, succeeded=False)], []),
    ([], [gone(FIRST, operation="update_subscription")], []),
]


@pytest.mark.parametrize(("told", "records", "lacking"), LOSSES)
def test_which_removals_of_ours_the_journal_lacks(
    told: list[str], records: list[AuditRecord], lacking: list[TenantId]
) -> None:
    loss = loss_in(records, Day((), traces=frozenset(told)))
    assert [record.tenant_id for record in (loss.removals if loss else ())] == lacking


def test_what_is_said_about_it() -> None:
    loss = loss_in([gone(FIRST, 5), gone(SECOND, 3, tenant(8))], Day(()))
    assert loss is not None
    said = loss_in_words(loss, {tenant(8): "pine"})
    assert f"(pine on 2026-11-22 09:00 UTC, tenant {tenant(7)} on 2026-11-22 07:00 UTC)" in said
    assert "approvals given before the last of them, on 2026-11-22 09:00 UTC, are invalid" in said
    many = Loss(tuple(gone(FIRST, hours) for hours in (9, 8, 7, 6, 5)))
    assert "and 2 more)" in loss_in_words(many, {})


# Through apply: one removal is done, and the journal of it is what the rows say.

ONE_APPROVAL = Policy(approvals=ApprovalRule(required=1))


def on_record(desk: Desk, service: Microsoft, trace: str = "") -> None:
    """The service shows the last removal that was sent."""
    request = service.requests[-1]
    trace = trace or correlation_of(request.request_id)
    service.trail.append(AuditRecord(f"r{len(service.trail)}", request.tenant_id, GONE, True, desk.clock.now(), trace))


def approved(desk: Desk, plan: Plan, at: timedelta) -> None:
    signed = signed_by(ANNA, plan, approved_at=desk.clock.now() + at, expires_at=desk.clock.now() + timedelta(hours=24))
    authors = {customer.tenant_id: frozenset({"dora@example.com"}) for customer in plan.customers}
    desk.consent = Consent((signed,), (), (Keys(),), lambda _: authors, (b"",))


def loses(desk: Desk) -> None:
    desk.journal.unlink()


def keeps(_desk: Desk) -> None:
    return


@pytest.mark.parametrize(
    ("happens", "trace", "approved_at", "told"),
    [
        (loses, "", -timedelta(minutes=10), "which the journal lacks"),
        (loses, "", timedelta(), ""),  # approved anew, after the removal
        (loses, COLLEAGUE, -timedelta(minutes=10), ""),  # what a colleague removed is no sign of a loss
        (keeps, "", -timedelta(minutes=10), ""),
    ],
)
def test_an_approval_that_was_given_before_what_the_journal_lacks_is_void(
    desk: Desk,
    microsoft: Microsoft,
    happens: Callable[[Desk], None],
    trace: str,
    approved_at: timedelta,
    told: str,
) -> None:
    assert desk.apply(exit_of(1, service=microsoft)).exit_code == 0
    on_record(desk, microsoft, trace)
    desk.clock.at += timedelta(minutes=5)
    happens(desk)
    desk.policy = ONE_APPROVAL
    plan = exit_of(2, service=microsoft)
    approved(desk, plan, approved_at)
    before = len(microsoft.requests)
    if not told:
        assert desk.apply(plan).exit_code == 0
        return
    with pytest.raises(ApprovalMissing, match=told):
        desk.apply(plan)
    assert len(microsoft.requests) == before


def test_a_removal_whose_answer_never_came_is_the_journal_s_own(desk: Desk, microsoft: Microsoft) -> None:
    """Its correlation ID is known from the intent, so it is counted once and nothing is lost."""
    microsoft.faults.extend([None, Fault.LOST_AFTER])
    assert desk.apply(exit_of(1, service=microsoft)).exit_code == 0
    assert not any(event.body.get("correlationId") for event in read_events(desk.journal) if event.kind == "no-answer")
    on_record(desk, microsoft)
    desk.policy = Policy(per_day=DayBudget(removals=2), approvals=ApprovalRule(required=1))
    plan = exit_of(2, service=microsoft)
    approved(desk, plan, -timedelta(minutes=10))
    assert desk.apply(plan).exit_code == 0


def test_a_journal_restored_from_a_backup_gives_no_room(desk: Desk, microsoft: Microsoft) -> None:
    desk.policy = Policy(per_day=DayBudget(removals=2))
    assert desk.apply(exit_of(1, service=microsoft)).exit_code == 0
    on_record(desk, microsoft)
    backup = desk.journal.read_bytes()
    assert desk.apply(exit_of(2, service=microsoft)).exit_code == 0
    on_record(desk, microsoft)
    desk.journal.write_bytes(backup)
    with pytest.raises(Refused, match=r"perDay\.removals: 3 of at most 2"):
        desk.apply(exit_of(3, service=microsoft))


def test_the_records_are_asked_for_only_where_something_rests_on_them(desk: Desk, microsoft: Microsoft) -> None:
    microsoft.add(tenant(1), subscription("s1"))
    assert desk.apply(plan_of(planned(microsoft, [cancel("s1")]))).exit_code == 0
    assert microsoft.trail_reads == 0, "no budget of the day limits it"
    assert desk.apply(exit_of(2, service=microsoft)).exit_code == 0
    assert microsoft.trail_reads == 1


def test_a_past_that_cannot_be_read_refuses_nothing(desk: Desk, microsoft: Microsoft) -> None:
    """The budgets rest on the records of the day; the older ones only tell of a loss."""
    microsoft.past_problem = "HTTP 400: The filter is invalid."
    assert desk.apply(exit_of(1, service=microsoft)).exit_code == 0
