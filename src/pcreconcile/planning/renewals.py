"""The way back of a term: what our own suspension took of its future is sent again whole, or it is for a person.

Suspending a new-commerce subscription turns auto-renew off and drops what was scheduled; reactivating brings neither
back (API facts, section 10). The journal keeps the whole instruction, and the whole instruction is set again and read
back: product, promotion, seats, term and what was scheduled besides. What cannot be set again in full is not set in
part, because that may commit money for more seats than were wanted: the renewal stays off, and the blocker
`renewal-needs-decision` stands until a line says how the term goes on. Nothing is set where somebody has said so since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from pcreconcile.exits import Exit, Holding, Step, exit_of
from pcreconcile.exits.exit import blocked, nothing, warning
from pcreconcile.exits.terms import CANCEL_AT_END, term_ends
from pcreconcile.exits.traits import EXTENDED
from pcreconcile.model.desired import LineDesire
from pcreconcile.model.estate import Subscription
from pcreconcile.model.memory import UNPROVEN, Renewal
from pcreconcile.model.observed import TERM_END, Fields, observe_subscription
from pcreconcile.model.plan import ActionKind, ActionMoney, Effect, Notice, Reversibility
from pcreconcile.planning.setting import Setting
from pcreconcile.planning.ways import leave

RENEW_AT_END = "TermEnd/RenewToNewTerm"

_SAYS_SO = frozenset({ActionKind.SET_RENEWAL, ActionKind.CANCEL_AT_TERM_END})

# Which instruction for the end of a term comes back by which desire.
_BY_INSTRUCTION: Mapping[str, LineDesire] = {
    CANCEL_AT_END[0]: LineDesire.CANCEL_AT_TERM_END,
    EXTENDED: LineDesire.EXTEND,
    RENEW_AT_END: LineDesire.RENEW,
}


def with_renewal(holding: Holding, resumed: Exit, setting: Setting) -> Exit:
    """The reactivation of what we suspended (or nothing, when it is active again), and its renewal after that.

    What cannot be set again in full is the blocker `renewal-needs-decision`; where the journal does not show that the
    suspension was ours, the warning `renewal-unknown` is all that can be said.
    """
    row = holding.subject.subscription
    if row is None or not _concerned(row, resumed) or not _is_lossy(holding, setting):
        return resumed
    remembered = setting.memory.renewals.get(setting.desired.tenant_id, {}).get(row.id)
    if remembered is None:
        return joined(resumed, Exit(warnings=_unknown(holding))) if resumed.steps else resumed
    if _said_since(row):
        return joined(resumed, _disputed(holding, row, remembered, setting))
    return joined(resumed, _set_again(holding, row, remembered, setting))


def as_reactivated(holding: Holding) -> Holding:
    """The holding as it is after its reactivation: active, without auto-renew and without any instruction."""
    row = holding.subject.subscription
    if row is None:
        return holding
    back = replace(
        row, status="active", auto_renew=False, scheduled_actions=(), scheduled_next_term=False, next_term=None
    )
    return replace(holding, subject=replace(holding.subject, subscription=back))


def instructed(holding: Holding, setting: Setting, desire: LineDesire) -> Exit:
    """What its family answers to a line that says how the term ends."""
    if desire is LineDesire.CANCEL_AT_TERM_END:
        found = leave(holding, setting, desire)
        return replace(found, blockers=tuple(each for each in found.blockers if each.clears_at is None))
    return exit_of(holding.family).renew(holding, desire, setting.rules, setting.now)


def joined(resumed: Exit, said: Exit) -> Exit:
    """A reactivation, and after it what is said about the end of its term."""
    targets = tuple((step.target.type, step.target.id) for step in resumed.steps)
    after = tuple(replace(step, after=step.after + targets) for step in said.steps if step.kind in _SAYS_SO)
    return replace(
        resumed,
        steps=resumed.steps + after,
        blockers=resumed.blockers + said.blockers,
        warnings=resumed.warnings + said.warnings,
        deadlines=resumed.deadlines + said.deadlines,
    )


def unrepeatable(instructions: tuple[Fields, ...], next_term: Fields | None, now: datetime | None) -> Iterator[str]:
    """Why instructions cannot be sent again as they were: members nobody knows, and days that are over by `now`."""
    for told in (*(each.get("instructions") or {} for each in instructions), next_term or {}):
        for name in told.get("unread") or ():
            yield f"the instruction has a member that pcreconcile does not know ({name})"
    for each in instructions:
        at = each.get("effectiveDate")
        if at is not None and now is not None and datetime.fromisoformat(str(at)) <= now:
            yield f"the day of a scheduled change ({each.get('actionType')} on {str(at)[:10]}) is over"


def _set_again(holding: Holding, row: Subscription, remembered: Renewal, setting: Setting) -> Exit:
    """The step that sends all of it, nothing where there was nothing, else a person's decision."""
    if _had_nothing(remembered):
        return nothing()
    desire = _desire(remembered)
    asked = nothing() if desire is None else instructed(as_reactivated(holding), setting, desire)
    why_not = list(_hindrances(row, remembered, setting.now))
    if not asked.steps and not why_not:
        why_not.append("its family has no such instruction")
    if why_not:
        return _undecided(holding, row, remembered, why_not)
    steps = tuple(_whole(step, row, remembered) for step in asked.steps)
    return replace(asked, steps=steps, blockers=())


def _hindrances(row: Subscription, remembered: Renewal, now: datetime) -> Iterator[str]:
    """Why it cannot be set again as it was before our suspension."""
    if not _is_known(remembered):
        yield "the journal does not hold the whole instruction"
    if remembered.tried:
        yield remembered.tried
    yield from unrepeatable(remembered.instructions, remembered.next_term, now)
    if _desire(remembered) is None and remembered != Renewal():
        yield "its settings do not say one thing"
    if remembered.quantity not in {None, row.quantity} and _seats(remembered) is None and _renews(remembered):
        yield f"it had {remembered.quantity} seats then and has {row.quantity} now"


def _is_known(remembered: Renewal) -> bool:
    """All of it was kept; of what an older journal kept, only what needs no instruction to say it."""
    actions = remembered.scheduled_actions or ()
    plain = set(actions) <= {CANCEL_AT_END[0]} and not remembered.changes and not remembered.scheduled_next_term
    return remembered.whole or (plain and remembered != Renewal() and not (remembered.auto_renew and actions))


def _whole(step: Step, row: Subscription, remembered: Renewal) -> Step:
    """The family's step with all that was told, and with the money of the seats that it will renew with."""
    told = remembered.changes or tuple(remembered.scheduled_actions or ())
    wanted: Fields = {**step.postcondition, **_told(step, remembered)}
    why = "set again in full, as it was before our suspension"
    why += f" ({', '.join(told)})" if remembered.changes else ""
    commits = step.effect is Effect.COMMITS_MONEY
    return replace(
        step,
        postcondition=wanted,
        why=f"{why}; that commits money" if commits else f"{why}: {step.why}",
        seats=_seats(remembered) or step.seats,
        money=_money(step, row, remembered),
    )


def _told(step: Step, remembered: Renewal) -> Fields:
    """The settings of then as a postcondition; an older tenant shows the older member alone."""
    if remembered.scheduled_actions is None and remembered.next_term is not None:
        return {"scheduledActions": None, "nextTermInstructions": remembered.next_term}
    if not any(set(each) - {"scheduleType", "actionType"} for each in remembered.instructions):
        told = remembered.next_term
        if told is None or not remembered.auto_renew:
            return {}
        renewal = {"scheduleType": TERM_END, "actionType": "RenewToNewTerm", "instructions": told}
        return {"scheduledInstructions": [renewal]}
    words = sorted(f"{each['scheduleType']}/{each['actionType']}" for each in remembered.instructions)
    missing = [each for each in step.postcondition.get("scheduledActions") or () if each not in words]
    added = [{"scheduleType": TERM_END, "actionType": each.rpartition("/")[2]} for each in missing]
    full = sorted([*remembered.instructions, *added], key=repr)
    return {"scheduledActions": sorted([*words, *missing]), "scheduledInstructions": full}


def _money(step: Step, row: Subscription, remembered: Renewal) -> ActionMoney:
    """What it commits is known for the product, the price and the seats of now alone."""
    told = [each.get("instructions") or {} for each in remembered.instructions] + [remembered.next_term or {}]
    other = any(set(each) - {"quantity"} and _differs(each, row) for each in told)
    seats = _seats(remembered)
    if other or (seats is not None and seats != row.quantity):
        return replace(step.money, committed=None)
    return step.money


def _differs(told: Mapping[str, Any], row: Subscription) -> bool:
    """Whether it names another product or a price of its own."""
    held = dict(zip(("productId", "skuId"), row.offer_id.split(":"), strict=False))
    held |= {"termDuration": row.term_duration or "", "billingCycle": row.billing_cycle or ""}
    others = any(name in told and str(told[name]).casefold() != value.casefold() for name, value in held.items())
    return others or "promotionId" in told or "customTermEndDate" in told


def _seats(remembered: Renewal) -> int | None:
    """How many seats it was told to renew with; None where it was not told."""
    ends = [each for each in remembered.instructions if each.get("scheduleType") == TERM_END]
    told = [(each.get("instructions") or {}).get("quantity") for each in ends]
    return next((each for each in [*told, (remembered.next_term or {}).get("quantity")] if each is not None), None)


def _renews(remembered: Renewal) -> bool:
    return _desire(remembered) is LineDesire.RENEW


def _undecided(holding: Holding, row: Subscription, remembered: Renewal, why_not: list[str]) -> Exit:
    """The renewal stays off, and a line has to say how its term goes on."""
    before = ", ".join(_in_words(remembered))
    stands = "keep (as it is now), " if row.status == "active" else ""
    until = "" if row.commitment_end is None else f" before {row.commitment_end:%Y-%m-%d}"
    how = (
        f"before our suspension it had {before}; that cannot be set again as it was: {'; '.join(why_not)}. Nothing is "
        f"set in its place, so it does not renew. Decide{until} by a line for {row.id}: {stands}renew (with "
        f"the {row.quantity} seats of now), extend or cancel-at-term-end; or set it in Partner Center"
    )
    found = blocked("renewal-needs-decision", holding, how)
    return replace(found, deadlines=term_ends(holding, row.commitment_end))


def _disputed(holding: Holding, row: Subscription, remembered: Renewal, setting: Setting) -> Exit:
    """Somebody has said since how its term ends, unless it is what the service made of our own attempt."""
    if remembered.tried != UNPROVEN:
        return nothing()
    seen, again = observe_subscription(row), _set_again(holding, row, replace(remembered, tried=""), setting)
    if any(seen[name] != value for step in again.steps for name, value in step.postcondition.items()):
        shown = ", ".join(seen["scheduledActions"] or ()) or "no instruction"
        how = (
            f"before our suspension it had {', '.join(_in_words(remembered))}. That was sent again; {UNPROVEN}: it "
            f"shows auto-renew {'on' if row.auto_renew else 'off'} and {shown}. Look at its renewal in Partner Center, "
            f"then write a line for {row.id}: keep (as it is), renew, extend or cancel-at-term-end"
        )
        return blocked("renewal-needs-decision", holding, how)
    return nothing()


def _concerned(row: Subscription, resumed: Exit) -> bool:
    """Coming back now, or back already; what Microsoft suspended has no step."""
    return bool(resumed.steps) or row.status == "active"


def _said_since(row: Subscription) -> bool:
    return bool(row.auto_renew or row.scheduled_actions or row.scheduled_next_term)


def _is_lossy(holding: Holding, setting: Setting) -> bool:
    """Whether its family says that suspending it takes more than the service; an add-on is asked as if alone."""
    alone = as_reactivated(replace(holding, subject=replace(holding.subject, base=None)))
    paused = exit_of(holding.family).pause(alone, setting.wish(alone, None), setting.rules, setting.now)
    return any(step.reversibility is Reversibility.LOSSY for step in paused.steps)


def _had_nothing(remembered: Renewal) -> bool:
    """It is known that nothing was set, so that nothing was lost."""
    said = remembered.scheduled_actions or remembered.scheduled_next_term or remembered.changes
    return not said and (remembered.whole or remembered != Renewal()) and not remembered.auto_renew


def _desire(remembered: Renewal) -> LineDesire | None:
    """The desire that sets the end of the term as it was; None where its settings contradict each other."""
    ends = [each for each in remembered.scheduled_actions or () if each in _BY_INSTRUCTION]
    others = [each for each in remembered.scheduled_actions or () if each.startswith(TERM_END) and each not in ends]
    if others or len(ends) > 1:
        return None
    if not ends:
        return LineDesire.RENEW if remembered.auto_renew else None
    renews = ends[0] == RENEW_AT_END
    return _BY_INSTRUCTION[ends[0]] if renews is bool(remembered.auto_renew) else None


def _in_words(remembered: Renewal) -> Iterator[str]:
    """What was there, in words."""
    if remembered == Renewal():
        yield "a renewal that nobody wrote down"
        return
    yield "auto-renew on" if remembered.auto_renew else "auto-renew off"
    yield from remembered.scheduled_actions or ()
    yield from remembered.changes
    for told in [each.get("instructions") or {} for each in remembered.instructions] + [remembered.next_term or {}]:
        if told.get("promotionId"):
            yield f"promotion {told['promotionId']}"
    if remembered.scheduled_next_term:
        yield "instructions for the next term"


def _unknown(holding: Holding) -> tuple[Notice, ...]:
    text = (
        f"{holding.target.name}: how its term would have gone on before the suspension is not in the journal; it comes "
        "back without auto-renew and without an instruction, so say renew, extend or cancel-at-term-end in a line"
    )
    return (warning("renewal-unknown", holding, text),)
