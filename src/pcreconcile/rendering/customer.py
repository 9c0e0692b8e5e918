"""One customer of a plan, as lines: its head, what is done now, later and by hand, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pcreconcile.model.ids import ActionId
from pcreconcile.model.plan import MANUAL, NOW, ActionKind, CustomerPlan, Notice, Verdict
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

_MOST_DEADLINES = 5  # of one customer, in a plan
_PROOF = "removal-proven"  # said of a converged customer; it reassures, everything else warns


def section(customer: CustomerPlan, notes: Notes) -> Iterator[Line]:
    """Everything about one customer that is not where it should be."""
    yield from _head(customer)
    yield from path(customer, notes)
    yield from money(customer)
    yield from warnings(customer.warnings)


def money(customer: CustomerPlan) -> Iterator[Line]:
    """What is at stake, over all of its actions."""
    if told := words.money(customer.money):
        yield labelled("money", told)


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
    if customer.try_again_at is not None:
        yield labelled("try again", f"at {words.day_time(customer.try_again_at)}")
    yield from deadlines(customer)


def deadlines(customer: CustomerPlan) -> Iterator[Line]:
    """What closes, soonest first; the first ones alone, because `deadlines` lists them all."""
    label = "act before"
    for found in customer.deadlines[:_MOST_DEADLINES]:
        what = f" ({words.target_name(found.target)})" if found.target else ""
        yield labelled(label, f"{words.day_time(found.at)}: {prose(found.text)}{what}")
        label = ""
    if customer.next_deadline and not customer.deadlines:
        yield labelled(label, words.day_time(customer.next_deadline))
    if len(customer.deadlines) > _MOST_DEADLINES:
        yield labelled("", f"… and {len(customer.deadlines) - _MOST_DEADLINES} more (pcreconcile deadlines)")


def blockers(customer: CustomerPlan) -> Iterator[Line]:
    """What stands in the way, until when, how it clears and which rule says so."""
    if customer.blockers:
        yield Line("blocked by", indent=2, tone=Tone.HEADING)
    for found in customer.blockers:
        yield Line(f"{words.blocker(found)}, {words.until(found)}", indent=4, mark="- ")
        told = "; ".join(filter(None, (words.how(found), words.rule(found.rule))))
        if told:
            yield Line(told, indent=7, tone=Tone.QUIET)


def path(customer: CustomerPlan, notes: Notes) -> Iterator[Line]:
    """Everything there is to do, by when and by whom, with what stands in the way between."""
    done = [Step.of(action, customer, notes) for action in customer.actions]
    yield from steps.now([step for step in done if step.action.when == NOW])
    manual = [step for step in done if step.action.when == MANUAL]
    told = [step for step in manual if step.action.instructions]
    offered = _offered(customer)
    yield from steps.by_hand([step for step in told if step.action.id not in offered])
    yield from steps.offers([step for step in told if step.action.id in offered])
    yield from blockers(customer)
    yield from steps.later([step for step in done if step.action.when not in (NOW, MANUAL)])
    yield from steps.afterwards([step for step in manual if not step.action.instructions])


def _offered(customer: CustomerPlan) -> frozenset[ActionId]:
    """Steps that a removal neither waits for nor precedes: nothing goes wrong when nobody takes them."""
    removal = next((each for each in customer.actions if each.kind is ActionKind.REMOVE_RELATIONSHIP), None)
    if removal is None:
        return frozenset()
    tied = {removal.id, *removal.requires}
    return frozenset(each.id for each in customer.actions if each.id not in tied and removal.id not in each.requires)
