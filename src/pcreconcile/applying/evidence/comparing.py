"""Before and after: how the last look at a customer differs from the first, and what of it the plans explain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pcreconcile.applying.conditions import same
from pcreconcile.applying.evidence.told import Told
from pcreconcile.applying.looks import Moment
from pcreconcile.applying.staleness import NO_RELATIONSHIP, Live, differences
from pcreconcile.model.evidence import Change
from pcreconcile.model.ids import TenantId
from pcreconcile.model.plan import Action, Observed, Target
from pcreconcile.model.run import Event, EventKind

Look = Mapping[str, Any]


def changes(told: Told, tenant: TenantId, events: Sequence[Event]) -> Iterator[Change]:
    """Everything that differs. Nothing when there is no look before or no readable one after."""
    before, after = _ends(told, events)
    if before is None or after is None:
        return
    unexplained = _unexplained(before, after, _touched(told, tenant, events))
    yield from _of_the_customer(tenant, before, after, unexplained)
    old, new = _items(before), _items(after)
    for key in sorted(old.keys() | new.keys()):
        change = _change(old.get(key), new.get(key))
        if change is not None:
            how, fields, name = change
            strange = any(text.startswith(f"{key[0]} {key[1]} ") for text in unexplained)
            yield Change(Target(key[0], key[1], name), how, fields, not strange)


def _ends(told: Told, events: Sequence[Event]) -> tuple[Look | None, Look | None]:
    """The first look and the last; of who has gone nothing can be seen, so what it held is shown as at the gate."""
    looks = [event.body for event in events if event.kind is EventKind.LOOKED]
    before = next((told.look(str(body["document"])) for body in looks if body.get("moment") == Moment.BEFORE), None)
    after = [told.look(str(body["document"])) for body in looks if body.get("moment") == Moment.AFTER]
    readable = [look for look in after if "items" in look and not look.get("problems")]
    last = readable[-1] if readable else None
    gates = [told.look(str(body["document"])) for body in looks if body.get("moment") == Moment.GATE]
    if last is not None and gates and (last.get("relationship") or NO_RELATIONSHIP) == NO_RELATIONSHIP:
        last = {**last, "items": gates[-1].get("items", ())}
    return before, last


def _touched(told: Told, tenant: TenantId, events: Sequence[Event]) -> list[Action]:
    intents = {(event.run, event.action) for event in events if event.kind is EventKind.INTENT}
    found = []
    for run in dict.fromkeys(event.run for event in events):
        kept = told.plan_of(run)
        for customer in kept.plan.customers if kept is not None else ():
            if customer.tenant_id == tenant:
                found += [action for action in customer.actions if (run, action.id) in intents]
    return found


def _unexplained(before: Look, after: Look, touched: Sequence[Action]) -> list[str]:
    observed = Observed(before.get("relationship"), before.get("domain"), None, items=tuple(before.get("items", ())))
    live = Live(after.get("relationship"), after.get("domain"), frozenset(), tuple(after.get("items", ())))
    return differences(observed, live, touched)


def _of_the_customer(tenant: TenantId, before: Look, after: Look, unexplained: Sequence[str]) -> Iterator[Change]:
    gone = (after.get("relationship") or NO_RELATIONSHIP) == NO_RELATIONSHIP
    names = ("relationship",) if gone else ("relationship", "domain", "companyName", "customDomains")
    fields = {n: (before.get(n), after.get(n)) for n in names if not same(before.get(n), after.get(n))}
    if fields:
        strange = any(text.startswith(("relationship:", "domain:")) for text in unexplained)
        yield Change(Target("customer", tenant, ""), "changed", fields, not strange)


def _change(old: Look | None, new: Look | None) -> tuple[str, dict[str, tuple[Any, Any]], str] | None:
    if old is None or new is None:
        there = old or new or {}
        return ("gone" if new is None else "appeared"), {}, str(there.get("name", ""))
    names = sorted(old.keys() | new.keys())
    fields = {name: (old.get(name), new.get(name)) for name in names if not same(old.get(name), new.get(name))}
    return ("changed", fields, str(new.get("name", ""))) if fields else None


def _items(look: Look) -> dict[tuple[str, str], Look]:
    return {(str(item["type"]), str(item["id"])): item for item in look.get("items", ())}
