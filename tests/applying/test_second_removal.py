"""A customer that we removed came back and shall leave again: agreeing to the first removal says nothing of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pcreconcile.applying import memory_from, read_events
from pcreconcile.applying.consent import Consent
from pcreconcile.applying.resumption import foreign_events
from pcreconcile.model.approval import SignedApproval
from pcreconcile.model.errors import ApprovalMissing
from pcreconcile.model.plan import Plan
from pcreconcile.model.plan_sources import wish_digest
from pcreconcile.model.policy import ApprovalRule, Policy
from tests.applying.approvals import ANNA, BELA, TWO, WRITER, Keys, signed_by
from tests.applying.world import NOW, ONE, Desk, Died, Fault, Microsoft, cancel, plan_of, planned, remove, subscription

MONTH = timedelta(days=30)
LONG = {"expires_at": NOW + 12 * MONTH}


def agreed(*approvals: SignedApproval) -> Consent:
    return Consent(approvals, (), (Keys(),), lambda tenants: {who: frozenset({WRITER}) for who in tenants}, (b"",))


def leaving(microsoft: Microsoft, created: Any = NOW, required: int = 1) -> Plan:
    return plan_of(planned(microsoft, [remove()]), required=required, created=created)


@pytest.fixture
def first(desk: Desk, microsoft: Microsoft) -> Plan:
    """The first removal, which Anna has approved; what Bela signed for it lies unused."""
    desk.policy = Policy(approvals=ApprovalRule(required=1, expire_after=12 * MONTH))
    microsoft.add(ONE, subscription("s1", status="deleted"))
    plan = leaving(microsoft)
    desk.consent = agreed(signed_by(ANNA, plan, **LONG))
    assert desk.apply(plan).exit_code == 0
    desk.clock.at += 2 * MONTH
    microsoft.add(ONE, subscription("s1", status="deleted"))  # and it has come back
    return plan


def test_an_approval_of_the_first_removal_does_not_cover_a_second(desk: Desk, microsoft: Microsoft, first: Plan):
    again = leaving(microsoft, desk.clock.at)
    assert (again.plan_id, again.digest != first.digest) == (first.plan_id, True), "the same acts, in another document"
    desk.consent = agreed(signed_by(BELA, again, **LONG))
    with pytest.raises(ApprovalMissing, match="was removed at 2026-11-22T12:00Z, after it was approved"):
        desk.apply(again)
    assert len(microsoft.requests) == 1


def test_an_approval_of_after_the_removal_covers_the_second(desk: Desk, microsoft: Microsoft, first: Plan):
    again = leaving(microsoft, desk.clock.at)
    desk.consent = agreed(signed_by(BELA, again, approved_at=desk.clock.at, **LONG))
    assert desk.apply(again).exit_code == 0
    assert len(microsoft.requests) == 2


def test_one_document_is_brought_to_its_end_by_its_own_approval(desk: Desk, microsoft: Microsoft, first: Plan):
    """Its own proven removal is no earlier one."""
    desk.consent = agreed(signed_by(ANNA, first, **LONG))
    assert desk.apply(first).exit_code == 0
    assert len(microsoft.requests) == 1, "done by the earlier run of this document"


def test_a_removal_that_only_the_audit_record_proves_is_remembered(desk: Desk, microsoft: Microsoft):
    """Its run died, and nobody applied its plan again; the next run of anything looks for the service's own record."""
    microsoft.add(ONE)
    first = leaving(microsoft, required=0)
    microsoft.faults.append(Fault.DIES_AFTER)
    with pytest.raises(Died):
        desk.apply(first)
    assert memory_from(read_events(desk.journal), desk.clock.at).fulfilled == {}
    microsoft.add(TWO, subscription("s2"))
    desk.apply(plan_of(planned(microsoft, [cancel("s2", who=TWO)], TWO)))
    events = read_events(desk.journal)
    (removal,) = memory_from(events, desk.clock.at).fulfilled[ONE]
    assert (removal.at, removal.wish) == (NOW, wish_digest("moves", None))
    assert memory_from(foreign_events(first, events), desk.clock.at).fulfilled == {}, "its own document is resumed"
    assert desk.apply(first).exit_code == 0
    assert len(microsoft.requests) == 2


def test_a_removal_that_never_happened_is_not_remembered(desk: Desk, microsoft: Microsoft):
    microsoft.add(ONE)
    microsoft.faults.append(Fault.DIES_BEFORE)
    with pytest.raises(Died):
        desk.apply(leaving(microsoft, required=0))
    microsoft.add(TWO, subscription("s2"))
    desk.apply(plan_of(planned(microsoft, [cancel("s2", who=TWO)], TWO)))
    assert memory_from(read_events(desk.journal), desk.clock.at).fulfilled == {}
