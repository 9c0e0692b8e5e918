"""A plan whose guards count what audit records show, and which says on top what they tell about the journal.

Only the finished plan says what is due, and so whether anything rests on these records. Nothing is planned anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pcreconcile.model.identity import seal
from pcreconcile.model.memory import Memory
from pcreconcile.model.plan import Notice, Plan
from pcreconcile.model.policies_in_force import PoliciesInForce
from pcreconcile.planning.guards import check_under_all

JOURNAL_INCOMPLETE = "journal-incomplete"
RECORDS_UNREAD = "audit-records-unread"


def audited(plan: Plan, notices: Iterable[Notice], *, live: int, memory: Memory, policies: PoliciesInForce) -> Plan:
    """The plan with its guards asked again and these notices before its own; its ID stays.

    `live` (how many customers the partner has) and `policies` are those that the plan was made with, `memory` that of
    the plan with what the records add to the last 24 hours. Pure, and it raises nothing.
    """
    zone = ZoneInfo(plan.partner.time_zone)
    guards = check_under_all(plan.customers, live, memory, policies, plan.created_at, zone)
    return seal(replace(plan, guards=guards, warnings=(*notices, *plan.warnings)))
