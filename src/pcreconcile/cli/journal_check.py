"""What the service's audit records add to a plan: removals that the journal does not know, and that it lacks some.

They are asked for only where something rests on them: where the plan holds what a budget of the day counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from pcreconcile.cli import interrupts, wiring
from pcreconcile.model.budgets import DAY
from pcreconcile.model.plan import NOW, Notice, Plan
from pcreconcile.model.policies_in_force import PoliciesInForce

if TYPE_CHECKING:
    from pcreconcile.applying.day_history import OnRecord
    from pcreconcile.applying.guards import Pending
    from pcreconcile.applying.spending import Day
    from pcreconcile.cli.output import Output


def checked(session: wiring.Session, place: wiring.World, plan: Plan, live: int) -> Plan:
    """The plan, judged by journal and audit records together; `live` is how many customers the partner has.

    What cannot be read is a warning of the plan: `apply` reads again, and refuses. Raises StoreError and
    ConfigurationError.
    """
    from pcreconcile.applying.spending import day_of
    from pcreconcile.planning.audited import audited

    day = day_of(wiring.read_journal(session).events(), plan.created_at - DAY)
    policies = PoliciesInForce(session.loaded.policy, session.base.at if session.base else None)
    if not _is_asked(plan, policies, day):
        return plan
    records = _read(place, plan, day)
    memory = msgspec.structs.replace(
        wiring.remember(session), stood_for=wiring.stood_for(session), spent=records.day.spent
    )
    return audited(plan, _notices(session, records), live=live, memory=memory, policies=policies)


def tell_if_empty(session: wiring.Session, output: Output) -> None:
    """One line about a journal that a run has left without any event. Raises StoreError."""
    store = wiring.read_journal(session)
    if store.is_begun() and store.head() is None and not store.notes():
        output.note(_EMPTY)


_EMPTY = (
    "the journal is empty: an earlier run ended before its first event was recorded, so it has written nothing; the "
    "next run begins the journal"
)


def _is_asked(plan: Plan, policies: PoliciesInForce, day: Day) -> bool:
    from pcreconcile.applying.day_history import is_asked

    pending, zone = list(_pending(plan)), plan.partner.time_zone
    return any(is_asked(judge.policy, zone, pending, day, plan.created_at) for judge in policies.judges)


def _pending(plan: Plan) -> Iterator[Pending]:
    from pcreconcile.applying.guards import Pending

    return (Pending(each, action) for each in plan.customers for action in each.actions if action.when == NOW)


def _read(place: wiring.World, plan: Plan, day: Day) -> OnRecord:
    from pcreconcile.applying.day_history import read_records

    async def read() -> OnRecord:
        async with place.connect() as partner_center:
            return await read_records(partner_center, day, plan.created_at)

    return interrupts.run(read())


def _notices(session: wiring.Session, records: OnRecord) -> Iterator[Notice]:
    """What the plan says on top: most of all that the journal is not whole."""
    from pcreconcile.applying.lost_journal import loss_in_words
    from pcreconcile.planning.audited import JOURNAL_INCOMPLETE, RECORDS_UNREAD

    if records.loss is not None:
        names = {customer.tenant_id: customer.name for customer in session.loaded.fleet.customers}
        yield Notice(JOURNAL_INCOMPLETE, loss_in_words(records.loss, names))
    if records.unread:
        yield Notice(RECORDS_UNREAD, _UNREAD.format(problem=records.unread))
    elif records.unread_past:
        yield Notice(RECORDS_UNREAD, _UNREAD_PAST.format(problem=records.unread_past))


_UNREAD = (
    "the service's audit records could not be read ({problem}): the budgets of the day count here only what the "
    "journal knows, and `apply` refuses this plan until the records can be read; if they are refused, give the "
    "application the right to read audit records"
)
_UNREAD_PAST = (
    "the service's records of removals could not be read ({problem}): whether the journal holds all removals of the "
    "last 89 days is not known"
)
