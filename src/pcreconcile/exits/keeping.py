"""What a write leaves as it is, and what it cannot keep: told before it is sent, never found out afterwards.

A PATCH of a subscription replaces the whole list of scheduled actions (API facts, 5.6 and 10). A step that says how the
term ends is asked about `TermEnd` alone: what has a date of its own is sent along and proven with it. The renewal that
it replaces is gone with what that was told (seats, promotion, product), and so is everything when a new-commerce
subscription is suspended (exit rules, section 3); such a step is lossy and names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from pcreconcile.exits.exit import Step
from pcreconcile.model.estate import Instruction, ScheduledAction, Subscription
from pcreconcile.model.observed import (
    TERM_END,
    Fields,
    observe_instruction,
    observe_instructions,
    observe_schedule,
    schedule_word,
)
from pcreconcile.model.plan import Reversibility

_RENEW = f"{TERM_END}/RenewToNewTerm"


def at_term_end(row: Subscription) -> list[str] | None:
    """What is said about the end of the term, as `TermEnd/Cancel`; None when the member never came."""
    if row.scheduled_actions is None:
        return None
    return observe_schedule(tuple(each for each in row.scheduled_actions if not _has_a_date(each)))


def keeping(step: Step, row: Subscription) -> Step:
    """A step that says how the term ends, which keeps all that has a date of its own; what is replaced is its loss."""
    lost = tuple(_replaced(row, step.postcondition.get("scheduledActions")))
    kept = [_in_words(each, row) for each in row.scheduled_actions or () if _has_a_date(each)]
    return replace(
        step,
        why=f"{step.why}; it keeps {', '.join(kept)}" if kept else step.why,
        postcondition=_with_the_rest(step.postcondition, row),
        loses=lost,
        reversibility=Reversibility.LOSSY if lost else step.reversibility,
    )


def lost_by_suspending(row: Subscription) -> tuple[str, ...]:
    """Auto-renew and all that is scheduled: reactivating brings none of it back by itself (API facts, section 10)."""
    renews = ["auto-renew"] if row.auto_renew else []
    actions = [_in_words(each, row) or _plainly(each) for each in row.scheduled_actions or ()]
    return (*renews, *filter(None, actions), *_next_term(row))


def _with_the_rest(wanted: Fields, row: Subscription) -> Fields:
    """What is wanted, and everything scheduled for another day, in words and in full."""
    rest = tuple(each for each in row.scheduled_actions or () if _has_a_date(each))
    if not rest:
        return wanted
    said = wanted.get("scheduledActions")
    ends = at_term_end(row) or [] if said is None else said
    full = [*(observe_instructions(rest) or ()), *(_end(word, row) for word in ends)]
    words = sorted([*ends, *(observe_schedule(rest) or ())])
    return {**wanted, "scheduledActions": words, "scheduledInstructions": sorted(full, key=repr)}


def _end(word: str, row: Subscription) -> Fields:
    """An instruction for the end of the term as it stands after the write: what it is told already goes along."""
    for action in row.scheduled_actions or ():
        if observe_schedule((action,)) == [word]:
            return (observe_instructions((action,)) or [])[0]
    schedule, _, kind = word.rpartition("/")
    told = observe_instruction(row.next_term) if word == _RENEW else None
    return {"scheduleType": schedule, "actionType": kind} | ({} if told is None else {"instructions": told})


def _replaced(row: Subscription, wanted: Sequence[str] | None) -> Iterator[str]:
    """What was said about the end of the term and is not any more, as far as setting it again would not bring it back.

    Where nothing is wanted of `scheduledActions` they are left alone; the older member goes in any case.
    """
    gone = () if wanted is None else (each for each in row.scheduled_actions or () if not _has_a_date(each))
    for action in gone:
        if observe_schedule((action,)) != [*(wanted or ())] and (told := _in_words(action, row)):
            yield told
    if not row.scheduled_actions and _RENEW not in (wanted or ()):
        yield from _next_term(row)


def _next_term(row: Subscription) -> Iterable[str]:
    """The older member counts where the newer one says nothing (API facts, section 10)."""
    if row.scheduled_actions or row.next_term is None:
        return ()
    told = _told(row.next_term, row)
    return (f"the renewal with {told}",) if told else ()


def _in_words(action: ScheduledAction, row: Subscription) -> str:
    """`Transition on 2027-02-01`, `the renewal with 7 seats, promotion …`; "" for what only says how the term ends."""
    told = ", ".join(filter(None, [action.changes, _beyond(action.instruction, row)]))
    if not told or _has_a_date(action):
        return f"the scheduled change {told or _plainly(action)}" if _has_a_date(action) else ""
    return f"the scheduled {told}" if told.startswith("transition") else f"the renewal with {told}"


def _plainly(action: ScheduledAction) -> str:
    """What auto-renew alone does not say already."""
    words = (observe_schedule((action,)) or [""])[0]
    return "" if words == _RENEW else f"the end-of-term instruction {words}"


def _told(instruction: Instruction, row: Subscription) -> str:
    """All that an instruction changes, in words."""
    held, seats = row.offer_id.split(":"), instruction.quantity
    named = (instruction.product_id, instruction.sku_id)
    other = any(name and name.casefold() != part.casefold() for name, part in zip(named, held, strict=False))
    product = f"product {':'.join(filter(None, named))}" if other else ""
    quantity = f"{seats} seats instead of {row.quantity}" if seats not in {None, row.quantity} else ""
    length, present = instruction.term_duration or "", row.term_duration or ""
    term = f"term {length}" if length.casefold() not in {"", present.casefold()} else ""
    return ", ".join(filter(None, [product, quantity, term, _beyond(instruction, row)]))


def _beyond(instruction: Instruction | None, row: Subscription) -> str:
    """What it says beside product, seats and term."""
    if instruction is None:
        return ""
    cycle, present = instruction.billing_cycle or "", row.billing_cycle or ""
    billing = f"billing {cycle}" if present and cycle.casefold() not in {"", present.casefold()} else ""
    promotion = f"promotion {instruction.promotion_id}" if instruction.promotion_id else ""
    others = f"members that pcreconcile does not know ({', '.join(instruction.unread)})" if instruction.unread else ""
    return ", ".join(filter(None, [billing, promotion, others]))


def _has_a_date(action: ScheduledAction) -> bool:
    return schedule_word(action.schedule_type) != TERM_END
