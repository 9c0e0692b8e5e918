"""One customer of a plan, as lines: its head, what is done now, later and by hand, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pcreconcile.model.money import Money, totals
from pcreconcile.model.plan import MANUAL, NOW, Action, CustomerPlan, Notice, Reversibility, Verdict
from pcreconcile.rendering import words
from pcreconcile.rendering.page import Line, Tone, labelled
from pcreconcile.rendering.text import outside, prose

_TONES = {
    Verdict.REFUSED: Tone.DANGER,
    Verdict.UNKNOWN: Tone.DANGER,
    Verdict.CONVERGED: Tone.GOOD,
    Verdict.BLOCKED: Tone.ATTENTION,
    Verdict.WAITING: Tone.ATTENTION,
    Verdict.READY: Tone.GOOD,
}

_PROOF = "removal-proven"  # said of a converged customer; it reassures, everything else warns


def section(customer: CustomerPlan) -> Iterator[Line]:
    """Everything about one customer that is not where it should be."""
    yield from _head(customer)
    yield from _now([action for action in customer.actions if action.when == NOW])
    yield from _later([action for action in customer.actions if action.when not in (NOW, MANUAL)])
    manual = [action for action in customer.actions if action.when == MANUAL]
    yield from _by_hand([action for action in manual if action.instructions])
    yield from _afterwards([action for action in manual if not action.instructions])
    yield from _blockers(customer)
    yield from _waiting(customer)
    yield from warnings(customer.warnings)


def converged(customer: CustomerPlan) -> Iterator[Line]:
    """A customer with nothing to do: one line, and its warnings."""
    live = f" — {_live_name(customer)}" if customer.observed.company_name else ""
    yield Line(f"{outside(customer.name)}{live}: {customer.desired.relationship}", indent=2)
    for notice in customer.warnings:
        yield Line(f"{_kind(notice)}: {_notice(notice)}", indent=4, tone=_notice_tone(notice))


def warnings(notices: Iterable[Notice]) -> Iterator[Line]:
    """Warnings with the thing that each is about."""
    for notice in notices:
        yield labelled(_kind(notice), _notice(notice), tone=_notice_tone(notice))


def _kind(notice: Notice) -> str:
    return "proof" if notice.code == _PROOF else "warning"


def _notice_tone(notice: Notice) -> Tone:
    return Tone.QUIET if notice.code == _PROOF else Tone.ATTENTION


def _notice(notice: Notice) -> str:
    text = prose(notice.text)
    name = words.target_name(notice.target) if notice.target else ""
    return text if name in text else f"{text} [{name}]"


def _live_name(customer: CustomerPlan) -> str:
    return outside(customer.observed.company_name) or "not in the customers list"


def _head(customer: CustomerPlan) -> Iterator[Line]:
    verdict = customer.verdict
    yield Line(
        f"{outside(customer.name)}  {verdict.upper()}: {words.VERDICTS[verdict]}",
        tone=Tone.HEADING if verdict is Verdict.READY else _TONES[verdict],
    )
    seats = words.counted(customer.observed.seats, "seat")
    yield labelled("live", f"{_live_name(customer)}, {seats}")
    yield labelled("domain", outside(customer.observed.domain or customer.desired.domain))
    yield labelled("tenant", customer.tenant_id)
    yield labelled("wish", words.wish(customer.desired))
    if removal := words.removal(customer):
        yield labelled("removal", removal)
    if customer.next_deadline:
        yield labelled("act before", words.day_time(customer.next_deadline))


def _now(actions: Sequence[Action]) -> Iterator[Line]:
    if actions:
        yield Line("now", indent=2, tone=Tone.HEADING)
    for number, action in enumerate(actions, start=1):
        yield from _step(f"{number}. ", action)


def _later(actions: Sequence[Action]) -> Iterator[Line]:
    if actions:
        yield Line("later", indent=2, tone=Tone.HEADING)
    for action in sorted(actions, key=lambda action: action.when):
        yield from _step(f"{action.when}  ", action)


def _afterwards(actions: Sequence[Action]) -> Iterator[Line]:
    """What pcreconcile does itself, once a person or a decision has cleared the way."""
    if actions:
        yield Line("after that, on a date that nobody knows yet", indent=2, tone=Tone.HEADING)
    for action in actions:
        yield from _step("- ", action)


def _step(mark: str, action: Action) -> Iterator[Line]:
    yield Line(words.what(action), indent=4, mark=mark)
    one_way = action.reversibility in (Reversibility.ONE_WAY, Reversibility.NEEDS_COUNTERPARTY)
    yield Line("; ".join(_facts(action)), indent=7, tone=Tone.ATTENTION if one_way else Tone.PLAIN)
    if action.reason:
        yield Line(prose(action.reason), indent=7, tone=Tone.QUIET)


def _facts(action: Action) -> Iterator[str]:
    yield words.REVERSIBILITY[action.reversibility]
    if effect := _effect(action):
        yield effect
    if action.money.refund is not None:
        yield f"refund {action.money.refund}"
    if action.money.committed is not None:
        yield f"committed {action.money.committed}"
    if action.window_closes_at:
        yield f"window closes {words.day_time(action.window_closes_at)}"


def _effect(action: Action) -> str:
    effect = words.EFFECTS[action.effect]
    if action.impact is None or not action.impact.seats:
        return effect
    felt = f"{words.counted(action.impact.seats, 'seat')} of {outside(action.impact.service)}"
    return f"{effect}: {felt}" if effect else felt


def _by_hand(actions: Sequence[Action]) -> Iterator[Line]:
    if actions:
        yield Line("by hand", indent=2, tone=Tone.HEADING)
    for action in actions:
        yield from _manual_step(action)


def _manual_step(action: Action) -> Iterator[Line]:
    told = action.instructions
    yield Line(f"{outside(told.who)}: {words.what(action)}" if told else words.what(action), indent=4, mark="- ")
    if told:
        yield Line(prose(told.text), indent=7)
    if told and told.link:
        yield Line(prose(told.link), indent=7, whole=True)
    yield Line("; ".join(_facts(action)), indent=7)
    if action.reason:
        yield Line(prose(action.reason), indent=7, tone=Tone.QUIET)


def _blockers(customer: CustomerPlan) -> Iterator[Line]:
    if customer.blockers:
        yield Line("blocked by", indent=2, tone=Tone.HEADING)
    for found in customer.blockers:
        yield Line(f"{words.blocker(found)}, {words.until(found)}", indent=4, mark="- ")
        if found.how:
            yield Line(words.how(found), indent=7, tone=Tone.QUIET)


def _waiting(customer: CustomerPlan) -> Iterator[Line]:
    # Customer-level actions have no family and no price: only what was bought can cost something.
    bought = [action.money for action in customer.actions if action.family is not None]
    if not bought:
        return
    lost = _sum([money.lost_per_day for money in bought])
    refund = _sum([money.refund for money in bought])
    committed = _sum([money.committed for money in bought])
    yield labelled("to wait", f"costs {lost} a day; refund if done now {refund}; committed until term end {committed}")


def _sum(parts: Sequence[Money | None]) -> str:
    """Known amounts added up; what nobody knows is said, never counted as zero."""
    known = words.amounts(totals(parts))
    missing = sum(part is None for part in parts)
    if not known:
        return words.UNKNOWN
    return f"{known} (and {missing} {words.UNKNOWN})" if missing else known
