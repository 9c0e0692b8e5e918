"""What of a run's writes can be reversed. Pure; plans no action: it says which line of a manifest makes `plan` plan it.

Each kind of write has one way back, or none (`planning.reversals`). Around it the same questions are asked of all: is
it so no more, is the customer still ours, is its time over. Dates are those of the kept plan, made by the rules of its
day; where none was kept, today's rules are asked, and where these say nothing, no date is known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pcreconcile.model.estate import Snapshot
from pcreconcile.model.ids import TenantId
from pcreconcile.model.observed import Fields, observe_items
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.rules import Rules
from pcreconcile.model.story import Written
from pcreconcile.model.undo import POSSIBLE, Back, Reversal
from pcreconcile.planning.reversals import WAYS_BACK, bare

# What goes on, or can be had again, without the reseller relationship.
_WITHOUT_RELATIONSHIP = frozenset(
    {ActionKind.REMOVE_RELATIONSHIP, ActionKind.REMOVE_DELEGATED_ADMIN, ActionKind.TERMINATE_DELEGATED_ACCESS}
)


def reversals(
    writes: Sequence[Written], snapshot: Snapshot | None, gone: Collection[TenantId], rules: Rules, now: datetime
) -> tuple[Reversal, ...]:
    """One answer per write, in their order.

    `snapshot` is None when nothing could be read; `gone` are the customers whom, by the journal, we removed.
    """
    return tuple(_reversal(write, _live(write, snapshot, gone), rules, now) for write in writes)


def unread(writes: Sequence[Written], snapshot: Snapshot) -> dict[str, str]:
    """The customers of these writes whose live state is not known, with the reason."""
    listed = snapshot.listed.read
    found = {}
    for write in writes:
        state = snapshot.states.get(write.tenant_id)
        problems = ["it was not read"] if state is None else list(state.problems)
        if not listed.complete and write.tenant_id not in snapshot.listed.customers:
            problems.insert(0, f"the customers list could not be read to its end: {listed.problem}")
        if problems:
            found[write.customer] = "; ".join(problems)
    return found


class _Seen(msgspec.Struct, frozen=True):
    """What a read shows of a write's target. `ours`: whether the relationship stands, None where that is not known;
    `fields` of the target, None where it does not show; `known` says whether what does not show is not there."""

    ours: bool | None = None
    fields: Fields | None = None
    known: bool = False


def _live(write: Written, snapshot: Snapshot | None, gone: Collection[TenantId]) -> _Seen:
    unknown = False if write.tenant_id in gone else None
    if snapshot is None:
        return _Seen(unknown)
    listed, state = snapshot.listed, snapshot.states.get(write.tenant_id)
    ours = write.tenant_id in listed.customers or (False if listed.read.complete else unknown)
    if write.target.type == "customer":
        return _Seen(ours, _customer(write, snapshot), known=ours is not None)
    if state is None or state.problems:
        return _Seen(ours)
    wanted = (write.target.type, write.target.id)
    fields = next((item for item in observe_items(state) if (item["type"], item["id"]) == wanted), None)
    return _Seen(ours, fields, known=write.target.type != "delegated-admin" or state.delegated_admin is not None)


def _customer(write: Written, snapshot: Snapshot) -> Fields | None:
    customer = snapshot.listed.customers.get(write.tenant_id)
    state = snapshot.states.get(write.tenant_id)
    if customer is None:
        return {"relationship": "none"} if snapshot.listed.read.complete else None
    seen = (state.customer if state else None) or customer
    return {"relationship": seen.relationship or "reseller", "allowDelegatedAccess": seen.allow_delegated_access}


def _reversal(write: Written, seen: _Seen, rules: Rules, now: datetime) -> Reversal:
    found = WAYS_BACK[write.kind](write, rules)
    if write.again is not None:
        return _undone(found, f"a later write of ours, {write.again} by run {write.again_by}, came after it")
    changed = _changed(write, seen)
    if changed and found.back is not Back.IRREVERSIBLE:
        return _undone(found, changed)
    found = msgspec.structs.replace(found, now=_shown(write, seen))
    if found.until is not None and found.until < now.date() and found.back in POSSIBLE:
        return _final(found, f"it could be reversed until {found.until}, which is over")
    if seen.ours is False and write.kind not in _WITHOUT_RELATIONSHIP and found.back in POSSIBLE:
        return _final(
            found,
            "the reseller relationship has been removed since: nothing of this customer can be changed without a new "
            "one, and what was suspended or cancelled before does not come back with it",
        )
    return found


def _undone(found: Reversal, why: str) -> Reversal:
    return bare(found, Back.UNDONE, why)


def _final(found: Reversal, why: str) -> Reversal:
    return bare(found, Back.IRREVERSIBLE, why)


def _changed(write: Written, seen: _Seen) -> str:
    """What the live state shows instead of what the write left; "" while it stands, or nobody knows."""
    if seen.fields is None:
        gone = seen.known and seen.ours and write.target.type != "customer"
        return "it no longer shows in what the customer holds" if gone else ""
    fields = seen.fields
    differing = [name for name, value in sorted(write.postcondition.items()) if not _same(fields.get(name), value)]
    if not differing:
        return ""
    if all(name in write.before and _same(fields.get(name), write.before[name]) for name in differing):
        return "it is as it was before the run: undone already"
    if write.kind is ActionKind.REMOVE_RELATIONSHIP:
        return "the customer is ours again"
    told = ", ".join(f"{name} is {fields.get(name)}" for name in differing)
    return f"it was changed since: {told}"


def _shown(write: Written, seen: _Seen) -> str:
    return "" if seen.fields is None or not write.postcondition else "it still is as the run left it"


def _same(one: Any, other: Any) -> bool:
    """Lists compare in order, whatever sequence they came as."""
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
