"""Leaving: every holding's way out, served at its pace, then the removal of the relationship.

What saves money (an open window) or protects (an end-of-term instruction) is served at once. What only takes service
waits, under `together`, until nothing else blocks; the promise of `serviceUntil` is kept in either pace.
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.exits import Holding, Serve, Step
from pcreconcile.model.estate import Customer
from pcreconcile.model.plan import ActionKind, Deadline, Effect, Notice, Reversibility, Target
from pcreconcile.planning.actions import (
    Draft,
    drafted,
    instants,
    made,
    needed,
    requiring,
)
from pcreconcile.planning.calendar import NEVER
from pcreconcile.planning.lines import idle_lines
from pcreconcile.planning.pace import blockers_of, clears, paced, settled, timing_blockers, unproven_settle
from pcreconcile.planning.past_removals import refusal_blocker, standing_refusal, tried_again
from pcreconcile.planning.setting import Outcome, Setting
from pcreconcile.planning.ways import Way, ways_of_the_customer, ways_out
from pcreconcile.planning.windows import in_time


def plan_removal(customer: Customer, holdings: tuple[Holding, ...], setting: Setting) -> Outcome:
    """What it takes until the relationship is gone, with the date on which the removal can be sent."""
    ways = (*ways_out(holdings, setting), *ways_of_the_customer(holdings, setting))
    idle = idle_lines(holdings, setting.desired.subscriptions, setting.zone)
    if any(way.exit.closed for way in ways):
        return Outcome(blockers=blockers_of(ways), warnings=_warnings(ways, setting) + idle, closed=blockers_of(ways))
    ways = in_time(ways, lambda tried: paced(tried, setting))
    drafts = paced(ways, setting)
    refusal = standing_refusal(setting)
    again = None if refusal is None else tried_again(refusal, setting)
    removal = _removal(customer, drafts, ways, setting, again)
    drafts = (*drafts, removal)
    at = instants(drafts)[removal.id]
    return Outcome(
        actions=made(drafts, setting.now),
        blockers=(
            *blockers_of(ways),
            *timing_blockers(drafts, at, setting),
            *(() if refusal is None else (refusal_blocker(refusal, setting),)),
        ),
        warnings=(*_warnings(ways, setting), *idle, *unproven_settle(drafts, setting)),
        deadlines=_deadlines(ways),
        removal=None if at == NEVER else at,
        probe=any(way.exit.probe for way in ways),
        again=again,
    )


def _removal(
    customer: Customer, drafts: tuple[Draft, ...], ways: tuple[Way, ...], setting: Setting, again: datetime | None
) -> Draft:
    step = Step(
        kind=ActionKind.REMOVE_RELATIONSHIP,
        target=Target(type="customer", id=customer.tenant_id, name=customer.company_name),
        precondition={"relationship": "reseller"},
        postcondition={"relationship": "none"},
        reversibility=Reversibility.NEEDS_COUNTERPARTY,
        effect=Effect.NEUTRAL,
        serve=Serve.AT_ONCE,
        why=f"{setting.desired.reason or 'the manifest says removed'}; to undo it the customer's admin must accept a "
        "new invitation, and what was suspended before cannot be reactivated",
    )
    blocked_until = [clears(blocker) for blocker in blockers_of(ways)]
    own = setting.thawed(max([setting.start, again or setting.start, *blocked_until, *settled(drafts, setting)]))
    draft = drafted(setting.desired.tenant_id, step, None, own)
    return requiring(draft, {each.id for each in needed(drafts)})


def _deadlines(ways: tuple[Way, ...]) -> tuple[Deadline, ...]:
    return tuple(each for way in ways for each in way.exit.deadlines)


def _warnings(ways: tuple[Way, ...], setting: Setting) -> tuple[Notice, ...]:
    notices = [notice for way in ways for notice in way.exit.warnings]
    if any(way.exit.probe for way in ways):
        notices.append(
            Notice("probe", "whether what remains blocks the removal, nobody knows; the service is asked last")
        )
    if not setting.desired.delegated_access.terminate:
        notices.append(
            Notice("delegated-access-kept", "delegatedAccess is keep: we may stay administrators afterwards")
        )
    return tuple(notices)
