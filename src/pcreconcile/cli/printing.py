"""Plans, events and receipts to the reader: as text for people, or as records once a command has begun recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pcreconcile.cli.output import Output
from pcreconcile.model.agenda import Agenda
from pcreconcile.model.explanation import Explanation
from pcreconcile.model.plan import Plan
from pcreconcile.model.run import Event, Receipt


def plan_for_people(output: Output, plan: Plan, next_step: str) -> None:
    """The plan as text."""
    from pcreconcile.rendering import terminal

    output.record("plan", {"plan": plan})
    if not output.recording:
        output.say(terminal.render(plan, style=output.style, next_step=next_step))


def urgent(output: Output, plan: Plan) -> None:
    """What of a kept plan somebody must act upon at once, on top of its apply: it is shown nowhere else there."""
    from pcreconcile.rendering.fleet import URGENT
    from pcreconcile.rendering.text import prose

    for notice in plan.warnings:
        if notice.code in URGENT:
            output.note(f"{notice.code}: {prose(notice.text)}")


def plan_as_json(output: Output, plan: Plan, _next_step: str) -> None:
    """The plan as one canonical JSON document."""
    from pcreconcile.rendering import plan_json

    for piece in plan_json.pieces(plan):
        output.document(piece)


def plan_as_calendar(output: Output, plan: Plan, _next_step: str) -> None:
    """The plan's deadlines and removal dates as a calendar."""
    from pcreconcile.planning.agenda import agenda
    from pcreconcile.rendering import ics

    output.document(ics.render(agenda(plan)))


PLAN_FORMATS: Mapping[str, Callable[[Output, Plan, str], None]] = {
    "terminal": plan_for_people,
    "json": plan_as_json,
    "ics": plan_as_calendar,
}


def _agenda_for_people(output: Output, found: Agenda) -> None:
    from pcreconcile.rendering import deadlines

    output.say(deadlines.render(found, style=output.style))


def _agenda_as_json(output: Output, found: Agenda) -> None:
    from pcreconcile.rendering import deadlines

    output.document(deadlines.render_json(found))


def _agenda_as_calendar(output: Output, found: Agenda) -> None:
    from pcreconcile.rendering import ics

    output.document(ics.render(found))


AGENDA_FORMATS: Mapping[str, Callable[[Output, Agenda], None]] = {
    "terminal": _agenda_for_people,
    "json": _agenda_as_json,
    "ics": _agenda_as_calendar,
}


def _explanation_for_people(output: Output, found: Explanation) -> None:
    from pcreconcile.rendering import explanation

    output.say(explanation.render(found, style=output.style))


def _explanation_as_json(output: Output, found: Explanation) -> None:
    from pcreconcile.rendering import explanation

    output.document(explanation.render_json(found))


EXPLANATION_FORMATS: Mapping[str, Callable[[Output, Explanation], None]] = {
    "terminal": _explanation_for_people,
    "json": _explanation_as_json,
}


def event_printer(output: Output, plan: Plan) -> Callable[[Event], None]:
    """An observer of a run."""
    from pcreconcile.rendering.event import EventLines

    lines = EventLines(plan)

    def show(event: Event) -> None:
        output.writes.watch(event)
        output.record("event", {"event": event})
        output.say(lines.line(event))

    return show


def receipt(output: Output, plan: Plan, done: Receipt) -> None:
    """The closing summary."""
    from pcreconcile.rendering import receipt as rendering

    output.conclude(receipt=done)
    if not output.recording:
        output.say(rendering.render(done, plan=plan, style=output.style))
