"""One customer of a plan, as lines: its head, what is done now, later and by hand, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pcreconcile.model.money import Money, totals
from pcreconcile.model.plan import MANUAL, NOW, CustomerPlan, Notice, Verdict
from pcreconcile.rendering import steps, words
from pcreconcile.rendering.notes import Notes
from pcreconcile.rendering.page import Line, Tone, labelled
from pcreconcile.rendering.steps import Step
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


def section(customer: CustomerPlan, notes: Notes) -> Iterator[Line]:
    """Everything about one customer that is not where it should be."""
    yield from _head(customer)
    path = [Step.of(action, customer, notes) for action in customer.actions]
    yield from steps.now([step for step in path if step.action.when == NOW])
    manual = [step for step in path if step.action.when == MANUAL]
    yield from steps.by_hand([step for step in manual if step.action.instructions])
    yield from _blockers(customer)
    yield from steps.later([step for step in path if step.action.when not in (NOW, MANUAL)])
    yield from steps.afterwards([step for step in manual if not step.action.instructions])
    yield from _waiting(customer)
    yield from warnings(customer.warnings)


def warns(customer: CustomerPlan) -> bool:
    """Whether more is said of a converged customer than that all is well."""
    return any(notice.code != _PROOF for notice in customer.warnings)


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
    seats = f", {words.counted(customer.observed.seats, 'seat')}" if customer.observed.company_name else ""
    yield labelled("live", f"{_live_name(customer)}{seats}")
    yield labelled("domain", outside(customer.observed.domain or customer.desired.domain))
    yield labelled("tenant", customer.tenant_id)
    yield labelled("wish", words.wish(customer.desired))
    if removal := words.removal(customer):
        yield labelled("removal", removal)
    if customer.next_deadline:
        yield labelled("act before", words.day_time(customer.next_deadline))


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
    if all(part is None for money in bought for part in (money.refund, money.lost_per_day, money.committed)):
        yield labelled("money", "refund, cost of waiting and commitment are unknown")
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
