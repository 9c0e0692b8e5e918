"""Runs as a list, and one run as a story, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pcreconcile.model.notes import NoteKind
from pcreconcile.model.plan import ActionKind
from pcreconcile.model.run import EventKind
from pcreconcile.model.story import ActionStory, CustomerStory, HoldLine, Moment, OpenEnd, RunLine, Story
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Style, Tone, labelled
from pcreconcile.rendering.setting import set_lines
from pcreconcile.rendering.text import outside, prose

_SHORT = 12  # characters of a plan ID in the list

_TOLD = {
    EventKind.INTENT: "sent",
    EventKind.ANSWERED: "the service said yes",
    EventKind.REFUSED: "REFUSED by the service",
    EventKind.NO_ANSWER: "no answer",
    EventKind.VERIFIED: "verified by a read",
    EventKind.UNPROVEN: "UNPROVEN: no read has shown it",
    EventKind.STALE: "STALE, left alone",
    EventKind.SKIPPED: "left alone",
    EventKind.LOOKED: "looked at, and kept",
    EventKind.AUDITED: "audit record found",
}
_GRAVE = frozenset({EventKind.REFUSED, EventKind.NO_ANSWER, EventKind.UNPROVEN, EventKind.STALE})


def render_runs(runs: Sequence[RunLine], holds: Sequence[HoldLine] = (), *, style: Style) -> str:
    """One line per run, the newest last, where a reader of a terminal looks first; then the holds and their ends."""
    return set_lines((*_runs(runs), *_holds(holds)), style)


def render_story(story: Story, *, style: Style) -> str:
    """One run in its order, customer by customer, and what it left open at the end."""
    return set_lines(_story(story), style)


def _runs(runs: Sequence[RunLine]) -> Iterator[Line]:
    if not runs:
        yield Line("The journal knows no run yet; one that ended before its first event has written nothing.")
    for each in runs:
        tone = Tone.PLAIN if each.exit_code == 0 else Tone.ATTENTION
        yield Line(_run(each), tone=tone, whole=True)


def _holds(holds: Sequence[HoldLine]) -> Iterator[Line]:
    if holds:
        yield BLANK
        yield Line("Holds", tone=Tone.HEADING)
    for each in holds:
        yield Line(_hold(each), indent=2, mark=f"{_clock(each.at)}  ", tone=Tone.ATTENTION)


def _hold(line: HoldLine) -> str:
    why = f": {prose(line.why)}" if line.why else ""
    if line.kind is NoteKind.HOLD:
        return f"hold {line.number} by {outside(line.who)}{why}"
    ended = ", ".join(str(number) for number in line.lifts) or "nothing"
    unproven = "" if line.counts else "; it carries no MAC of the journal key, so it ends nothing"
    return f"lifted {ended} by {outside(line.who)}{why}{unproven}"


def _run(line: RunLine) -> str:
    customers = words.counted(line.customers, "customer")
    writes = words.counted(line.writes, "write")
    plan = outside(line.plan_id)[:_SHORT]
    when = f"{line.run}  {words.day_time(line.started_at)}  {_lasted(line):>8}"
    return f"{when}  {customers}, {writes}  {_ended(line)}  plan {plan}{'  resumed' if line.resumed else ''}"


def _lasted(line: RunLine) -> str:
    return ("" if line.finished_at else "≥ ") + _span((line.finished_at or line.last_at) - line.started_at)


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds % 60:02}s" if minutes else f"{seconds}s"


def _ended(line: RunLine) -> str:
    if line.finished_at is None:
        return "no end: killed, or still at work"
    if line.interruption:
        return f"cut off: {outside(line.interruption)}"
    return f"exit {line.exit_code}"


def _story(story: Story) -> Iterator[Line]:
    line = story.line
    yield Line(f"Run {line.run}{' (resumed)' if line.resumed else ''}", tone=Tone.HEADING)
    yield labelled("plan ID", line.plan_id)
    yield labelled("started", f"{words.day_time(line.started_at)}, {_lasted(line)}")
    yield labelled("ended", _ended(line), tone=Tone.PLAIN if line.exit_code == 0 else Tone.ATTENTION)
    yield labelled("writes", f"{line.writes} sent, {line.verified} verified")
    if story.user:
        yield labelled("applied as", outside(story.user))
    if story.required or story.approved_by:
        names = ", ".join(outside(each) for each in story.approved_by) or "nobody"
        yield labelled("approved by", f"{names} ({story.required} needed)")
    if story.commit:
        yield labelled("commit", outside(story.commit))
    for hold in story.holds:
        yield labelled("held", f"{_clock(hold.at)}  {_hold(hold)}", tone=Tone.ATTENTION)
    for customer in story.customers:
        yield from _customer(customer)
    yield from _open_ends(story.open_ends)


def _customer(customer: CustomerStory) -> Iterator[Line]:
    yield BLANK
    tenant = "" if customer.name == customer.tenant_id else f" (tenant {customer.tenant_id})"
    yield Line(f"{outside(customer.name)}{tenant}  {outside(customer.outcome) or 'not finished'}", tone=Tone.HEADING)
    if customer.message:
        yield Line(prose(customer.message), indent=2, tone=Tone.ATTENTION)
    begins = min((action.moments[0].seq for action in customer.actions), default=0)
    yield from (_moment(note, indent=2) for note in customer.notes if note.seq < begins)
    for action in customer.actions:
        yield from _action(action)
    yield from (_moment(note, indent=2) for note in customer.notes if note.seq >= begins)


def _action(action: ActionStory) -> Iterator[Line]:
    yield Line(_what(action), indent=2, mark="- ")
    for moment in action.moments:
        yield _moment(moment, indent=6)


def _what(action: ActionStory) -> str:
    known = {kind.value: told for kind, told in words.ACTIONS.items() if kind is not ActionKind.MANUAL}
    name = known.get(action.kind, outside(action.kind))
    return name if action.target.type == "customer" else f"{name}: {words.target_name(action.target)}"


def _moment(moment: Moment, indent: int) -> Line:
    status = f" ({moment.status})" if moment.status else ""
    said = f": {prose(moment.said)}" if moment.said else ""
    seen = ", ".join(f"{outside(name)} {outside(str(value))}" for name, value in sorted(moment.seen.items()))
    traces = (("request", moment.request_id), ("correlation", moment.correlation_id))
    traced = "".join(f"; {label} {outside(value)}" for label, value in traces if value)
    text = f"{_TOLD.get(moment.kind, moment.kind)}{status}{said}{f': {seen}' if seen else ''}{traced}"
    tone = Tone.ATTENTION if moment.kind in _GRAVE else Tone.QUIET
    return Line(text, indent=indent, mark=f"{_clock(moment.at)}  ", tone=tone)


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _open_ends(ends: Sequence[OpenEnd]) -> Iterator[Line]:
    if ends:
        yield BLANK
        yield Line("Open ends", tone=Tone.DANGER if any(each.resolved_by is None for each in ends) else Tone.HEADING)
    for each in ends:
        yield Line(f"{outside(each.customer)}  {outside(each.what)}: {_resolved(each)}", indent=2, mark="- ")


def _resolved(end: OpenEnd) -> str:
    if end.resolved_by is not None:
        return f"resolved by run {end.resolved_by}"
    trace = f" (request {outside(end.request_id)})" if end.request_id else ""
    return f"{_TOLD.get(end.state, end.state)}, and nothing since{trace}; apply the same plan, which resolves it"
