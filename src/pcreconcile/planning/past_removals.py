"""What became of earlier removals decides about the next one (design, section 12, "Memory is a guard").

A wish that we have fulfilled says nothing about a relationship that began afterwards: the manifest must speak anew. A
removal that the service refused is not sent again while nothing has changed: what blocks it may be nothing that a read
shows, and clears by itself, so that it is tried again after a week (rule removal.try-again-after).
"""

from __future__ import annotations

from datetime import datetime

from pcreconcile.model.desired import Relationship
from pcreconcile.model.estate import CustomerState
from pcreconcile.model.memory import ANSWER_STANDS, PastRemoval, RefusedRemoval
from pcreconcile.model.observed import observe_items
from pcreconcile.model.plan import Blocker
from pcreconcile.model.plan_sources import holdings_digest, manifest_digest, wish_digest
from pcreconcile.planning.calendar import start_of
from pcreconcile.planning.setting import Outcome, Setting

CAME_BACK = "came-back"
REFUSED_BEFORE = "removal-refused"
TRY_AGAIN = "removal.try-again-after"


def came_back(setting: Setting) -> Outcome | None:
    """What is said of a listed customer whose removal, as its manifest wants it, we have carried out already.

    None where the manifest speaks anew: another relationship, reason or ticket. So soon after the removal that the
    list may be late, nobody can tell, and the customer is unknown; but not where it holds what it never held then.
    """
    removals = setting.memory.fulfilled.get(setting.desired.tenant_id, ())
    wanted = setting.desired.relationship is Relationship.REMOVED
    if not wanted or not any(_may_be_the_same(each, setting) for each in removals):
        return None
    last = max(removals, key=lambda each: each.at)
    if setting.now < last.at + ANSWER_STANDS and not _holds_anything_new(last, setting.state):
        return Outcome(unread=True, blockers=(_too_soon(last),), again=last.at + ANSWER_STANDS)
    return Outcome(refused=True, blockers=(_returned(last, setting),))


def _holds_anything_new(removal: PastRemoval, state: CustomerState | None) -> bool:
    """Whether the customer was never seen like this while it was removed: no late answer shows what never was."""
    return state is not None and bool(removal.looks) and holdings_digest(observe_items(state)) not in removal.looks


def _may_be_the_same(removal: PastRemoval, setting: Setting) -> bool:
    """Whether the manifest may be the one that this removal fulfilled.

    Where the journal does not say what was wanted, only a `notBefore` after the removal can be no wish of then.
    """
    desired = setting.desired
    if removal.wish:
        return removal.wish == wish_digest(desired.reason, desired.ticket)
    return desired.not_before is None or start_of(desired.not_before, setting.zone) <= removal.at


def _too_soon(last: PastRemoval) -> Blocker:
    how = (
        f"run {last.run} removed it at {_minute(last.at)}, and the customers list shows it: the list may be late, or "
        f"the customer has come back; plan again after {_minute(last.at + ANSWER_STANDS)}"
    )
    return Blocker(CAME_BACK, None, None, how)


def _returned(last: PastRemoval, setting: Setting) -> Blocker:
    seen = setting.memory.seen_again.get(setting.desired.tenant_id, setting.now)
    bought = _bought_since(last.at, setting.state)
    how = (
        f"we removed this customer on {last.at:%Y-%m-%d} (run {last.run}), and it is in the customers list again: "
        f"first seen again on {seen:%Y-%m-%d}{bought}. The removal that the manifest asks "
        "for has been carried out, and says nothing about the relationship that began afterwards, so that nothing is "
        f"done. Write into the manifest what is wanted now: `relationship: active` to keep it, or {_line(setting)}"
    )
    return Blocker(CAME_BACK, None, None, how)


def _line(setting: Setting) -> str:
    """What makes the manifest speak of another removal."""
    if all(each.wish for each in setting.memory.fulfilled[setting.desired.tenant_id]):
        return "`relationship: removed` with another `reason` or another `ticket`"
    return (
        f"`notBefore: {setting.now.astimezone(setting.zone).date()}` beside `relationship: removed` (the journal, of "
        "an older version, does not say with which reason and ticket it was removed)"
    )


def _bought_since(at: datetime, state: CustomerState | None) -> str:
    """What else is known of the return: since when it has bought anything."""
    rows = () if state is None else state.subscriptions
    days = [day for row in rows if (day := row.created or row.effective_start) is not None and day > at]
    return f", with subscriptions bought since {min(days):%Y-%m-%d}" if days else ""


def standing_refusal(setting: Setting) -> RefusedRemoval | None:
    """The service's refusal of the removal, while nothing has changed since and the week is not over."""
    refusal = setting.memory.refused.get(setting.desired.tenant_id)
    if refusal is None or setting.state is None or setting.now >= tried_again(refusal, setting):
        return None
    same_wish = refusal.manifest == manifest_digest(setting.desired)
    return refusal if same_wish and holdings_digest(observe_items(setting.state)) in refusal.looks else None


def tried_again(refusal: RefusedRemoval, setting: Setting) -> datetime:
    """When the removal is sent again although nothing has changed."""
    return refusal.at + setting.rules.days(TRY_AGAIN)


def refusal_blocker(refusal: RefusedRemoval, setting: Setting) -> Blocker:
    """The service's own words, and when it is asked again."""
    how = (
        f"the service refused the removal on {refusal.at:%Y-%m-%d} (run {refusal.run}): {refusal.said}; it is sent "
        "again once what the customer holds or its manifest has changed (another ticket is enough), and in any case "
        f"after {_minute(tried_again(refusal, setting))}"
    )
    return Blocker(REFUSED_BEFORE, None, None, how, TRY_AGAIN)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
