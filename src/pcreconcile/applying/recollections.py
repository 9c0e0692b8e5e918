"""What intents say that their acts take away (`applying.intents`), read back from the journal as Memory has it.

Journals of before have no such members, and what they do not say is not remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec.structs import replace

from pcreconcile.model.ids import TenantId
from pcreconcile.model.memory import UNPROVEN, Renewal, Returned
from pcreconcile.model.money import Money
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.run import Event, EventKind

Body = Mapping[str, Any]

_PASSING = frozenset({"2055", "800082"})  # somebody wrote in between; not ready yet (API facts, 9.2)

# Writes after which the end of a term has been said again, so that what was before no longer matters.
SETS_RENEWAL = frozenset({ActionKind.SET_RENEWAL, ActionKind.CANCEL_AT_TERM_END})


class Kept(msgspec.Struct, frozen=True):
    """The settings that one request may have taken, by subscription ID, and when it was sent."""

    tenant: TenantId
    at: datetime
    settings: dict[str, Renewal]


def kept_by(body: Body) -> dict[str, Renewal]:
    """The settings that a suspension keeps, by subscription ID.

    The intent of a journal of before may keep nothing: what it suspended is known, and not what that had.
    """
    keeps = body.get("keeps")
    if keeps is None and (target := (body.get("target") or {}).get("id")):
        return {str(target): Renewal()}
    return {name: _renewal(settings) for name, settings in (keeps or {}).items()}


def remembered(
    kept: Iterable[Kept],
    said_again: Mapping[tuple[TenantId, str], datetime],
    tried: Mapping[tuple[TenantId, str], tuple[datetime, str]],
) -> dict[TenantId, dict[str, Renewal]]:
    """The last settings of each subscription, as long as nothing was said about its term end since.

    `tried` has what became of the last attempt to say it that no read has proven, and when that was.

    `kept` in the order of sending. A second suspension finds only what the first one left, which is nothing: what the
    first one took is then still what there is to restore.
    """
    found: dict[TenantId, dict[str, Renewal]] = {}
    for each in kept:
        settings = found.setdefault(each.tenant, {})
        for name, renewal in each.settings.items():
            stands = said_again.get((each.tenant, name), each.at) <= each.at
            if stands and (name not in settings or _says_something(renewal)):
                settings[name] = renewal
            if name in settings:
                settings[name] = replace(settings[name], tried=_since(each.at, tried.get((each.tenant, name))))
    return {tenant: settings for tenant, settings in found.items() if settings}


def outcome_of(event: Event) -> str:
    """What became of an attempt to set a renewal, in words; "" for what may go better the next time.

    Only a request that the service understood and did not want (400) is an answer that stays; a conflict, a lack of
    rights and a thing that has changed pass.
    """
    if event.kind is EventKind.ANSWERED:
        return UNPROVEN
    lasting = event.kind is EventKind.REFUSED and event.body.get("status") == HTTPStatus.BAD_REQUEST
    if not lasting or str(event.body.get("code")) in _PASSING:
        return ""
    return f"the service refused it: {event.body.get('code')} {event.body.get('message')}"


def _since(suspended: datetime, tried: tuple[datetime, str] | None) -> str:
    return "" if tried is None or tried[0] <= suspended else tried[1]


def returned_by(body: Body, at: datetime) -> Returned:
    """A returned reservation, with what of its refund counts against the allowance where the intent says it."""
    counts = body.get("counts")
    return Returned(at, None if counts is None else msgspec.convert(counts, Money))


def recent(returned: Mapping[TenantId, Mapping[str, Returned]], now: datetime) -> dict[TenantId, tuple[Returned, ...]]:
    """The returns of the last 12 months, oldest first."""
    since = _a_year_before(now)
    found = {
        tenant: tuple(sorted((each for each in ours.values() if each.at > since), key=lambda each: each.at))
        for tenant, ours in returned.items()
    }
    return {tenant: ours for tenant, ours in found.items() if ours}


def _a_year_before(now: datetime) -> datetime:
    leap_day = (now.month, now.day) == (2, 29)
    return now.replace(year=now.year - 1, day=28 if leap_day else now.day)


def _renewal(settings: Body) -> Renewal:
    actions = settings.get("scheduledActions")
    return Renewal(
        auto_renew=settings.get("autoRenewEnabled"),
        scheduled_actions=None if actions is None else tuple(str(each) for each in actions),
        scheduled_next_term=bool(settings.get("scheduledNextTerm")),
        changes=tuple(str(each) for each in settings.get("scheduledChanges") or ()),
        instructions=tuple(each for each in settings.get("scheduledInstructions") or () if isinstance(each, dict)),
        next_term=settings.get("nextTermInstructions"),
        quantity=settings.get("quantity"),
        whole="scheduledInstructions" in settings,
    )


def _says_something(renewal: Renewal) -> bool:
    return bool(renewal.auto_renew or renewal.scheduled_actions or renewal.scheduled_next_term or renewal.changes)
