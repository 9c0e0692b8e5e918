"""Proofs about plan and deed: the plan is the one that was named, and nothing but it was done, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pcreconcile.applying.conditions import same
from pcreconcile.applying.evidence.proofs import proof, unchecked
from pcreconcile.applying.evidence.told import Told, ToldPlan
from pcreconcile.applying.looks import Moment
from pcreconcile.model import identity
from pcreconcile.model.evidence import Evidence, Proof
from pcreconcile.model.ids import ActionId, PlanId, TenantId
from pcreconcile.model.plan import NOW, Action, ActionKind
from pcreconcile.model.run import Event, EventKind

_ACTS = frozenset({EventKind.INTENT, EventKind.VERIFIED})
_SAID = ("kind", "effect", "precondition", "postcondition", "reversibility", "money")
_CLAIMABLE = frozenset({"effect", "reversibility", "seats", "money"})


class Planned:
    """The plans of an archive, by what their runs' events speak of."""

    def __init__(self, told: Told) -> None:
        kept = {run: told.plan_of(run) for run in told.starts}
        self._actions = {
            (run, customer.tenant_id, action.id): action
            for run, plan in kept.items()
            for customer in (plan.plan.customers if plan is not None else ())
            for action in customer.actions
        }

    def action(self, event: Event) -> Action | None:
        """The action of which an event speaks, in the plan of its run."""
        if event.customer is None or event.action is None:
            return None
        return self._actions.get((event.run, event.customer, event.action))


def identity_proofs(told: Told, evidence: Evidence) -> Iterator[Proof]:
    """Each plan is the one that its run names."""
    for plan in told.plans.values():
        cut = evidence.subject.customer is not None
        if _recomputed(plan) == plan.plan.plan_id:
            yield from proof("plan-id", (), f"plan ID {plan.plan.plan_id[:12]} is made again from what the plan does")
        elif cut:
            yield unchecked("plan-id", f"plan {plan.plan.plan_id[:12]} is told without its other customers")
        else:
            yield from proof("plan-id", [f"{plan.file}: its plan ID does not fit what it says is to be done"], "")
        if not cut and not evidence.redacted:
            wrong = [] if _digest(plan) == plan.plan.digest else [f"{plan.file}: its digest does not fit"]
            yield from proof("plan-digest", wrong, f"plan {plan.plan.plan_id[:12]} is what its digest says")
    yield from proof("plan", _foreign(told, evidence), "each run applied the plan that it names")
    missing = [start.run for start in told.starts.values() if told.plan_of(start.run) is None]
    if missing:
        yield unchecked("plan", f"the journal kept no plan for {len(missing)} runs (an older format)")


def execution_proofs(told: Told) -> Iterator[Proof]:
    """What the runs did against what their plans say."""
    events = [event for event in told.events() if told.plan_of(event.run) is not None]
    planned = Planned(told)
    acts = [event for event in events if event.kind in _ACTS]
    written = len({event.request_id for event in acts if event.kind is EventKind.INTENT})
    yield from proof("planned", _unplanned(acts, planned), f"{written} writes, each of them planned as it was done")
    yield from proof("order", _disordered(events, planned), "each write came after everything that it requires")
    yield from proof("looked", _unseen(events, planned), "every customer was looked at before its first write")


def _recomputed(plan: ToldPlan) -> PlanId:
    value = plan.plan
    return identity.plan_id(value.format_version, value.partner.tenant_id, value.customers)


def _digest(plan: ToldPlan) -> str:
    """From the document as it was written, which may be an older version's, with fewer members."""
    return identity.sha256_hex({name: value for name, value in plan.raw.items() if name != "digest"})


def _foreign(told: Told, evidence: Evidence) -> Iterator[str]:
    plans = {start.run: start.plan for start in told.starts.values()}
    for event in told.events():
        if event.plan != plans.get(event.run, event.plan):
            yield f"event {event.seq}: of another plan than its run"
    for run, plan in plans.items():
        kept = told.plan_of(run)
        if kept is not None and kept.plan.plan_id != plan:
            yield f"run {run}: its plan document is that of plan {kept.plan.plan_id[:12]}, not {plan[:12]}"
        if kept is not None:
            yield from (f"run {run}: {why}" for why in _other_origin(told.starts[run], kept))
    for digest, plan_ in told.plans.items():
        if plan_.plan.digest != digest:
            yield f"{plan_.file}: named after another digest than its own"
        if plan_.plan.partner.tenant_id != evidence.partner.tenant_id:
            yield f"{plan_.file}: of partner tenant {plan_.plan.partner.tenant_id}"


def _other_origin(start: Event, kept: ToldPlan) -> Iterator[str]:
    """What the first event says of its plan, and the plan does not."""
    said = {"planMadeBy": kept.plan.tool_version, "commit": kept.plan.sources.commit}
    for name, expected in said.items():
        if name in start.body and start.body[name] != expected:
            yield f"its {name} is {start.body[name]!r}, and its plan document says {expected!r}"


def _unplanned(events: list[Event], planned: Planned) -> Iterator[str]:
    for event in events:
        action = planned.action(event)
        name = f"event {event.seq}: {event.body.get('kind')} for {event.customer}"
        if action is None:
            yield f"{name} is not in the plan"
        elif action.when != NOW:
            yield f"{name} was not due ({action.when})"
        elif wrong := _other_than(_as_kept(event.body), action):
            yield f"{name} is not as planned: {', '.join(wrong)}"


def _as_kept(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """In the words of the kept plan, where these say something else of the act's weight; never of what it does."""
    claimed = body.get("claimed")
    return {**body, **{name: claimed[name] for name in _CLAIMABLE & claimed.keys()}} if claimed else body


def _other_than(body: Mapping[str, Any], action: Action) -> list[str]:
    said = msgspec.to_builtins(action)
    wrong = [name for name in _SAID if name in body and not same(body[name], said[name])]
    target = {"type": action.target.type, "id": action.target.id}
    seats = action.impact.seats if action.impact is not None else 0
    return [
        *wrong,
        *(["target"] if body.get("target") != target else []),
        *(["seats"] if body.get("seats", seats) != seats else []),
    ]


def _disordered(events: list[Event], planned: Planned) -> Iterator[str]:
    shown: set[tuple[PlanId, TenantId | None, ActionId | None]] = set()
    for event in events:
        if event.kind is EventKind.VERIFIED:
            shown.add((event.plan, event.customer, event.action))
        action = planned.action(event) if event.kind is EventKind.INTENT else None
        for required in action.requires if action is not None else ():
            if (event.plan, event.customer, required) not in shown:
                yield f"event {event.seq}: written before {required}, which it requires, was verified"


def _unseen(events: list[Event], planned: Planned) -> Iterator[str]:
    """A look before anything, and one at the gate before a removal, in this run or an earlier one of the plan."""
    looked: set[tuple[PlanId, TenantId | None, str]] = set()
    for event in events:
        if event.kind is EventKind.LOOKED:
            looked.add((event.plan, event.customer, str(event.body.get("moment"))))
        if event.kind is not EventKind.INTENT:
            continue
        if (event.plan, event.customer, Moment.BEFORE.value) not in looked:
            yield f"event {event.seq}: written before the customer had been looked at"
        action = planned.action(event)
        removes = action is not None and action.kind is ActionKind.REMOVE_RELATIONSHIP
        if removes and (event.plan, event.customer, Moment.GATE.value) not in looked:
            yield f"event {event.seq}: removed without the last look at the whole customer"
