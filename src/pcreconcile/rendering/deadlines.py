"""The fleet's dates for people: what closes soon, what later, and when relationships can be removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcreconcile.model.agenda import Agenda, AgendaDeadline
from pcreconcile.model.machine_json import machine_json
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Style, Tone, labelled
from pcreconcile.rendering.setting import set_lines
from pcreconcile.rendering.text import outside, prose


def render(agenda: Agenda, *, style: Style) -> str:
    """All dates, soonest first, in UTC and in the partner's time zone."""
    return set_lines(_lines(agenda), style)


def render_json(agenda: Agenda) -> str:
    """Canonical JSON and a line end; `within` is an ISO 8601 duration."""
    return machine_json(agenda) + "\n"


def _lines(agenda: Agenda) -> Iterator[Line]:
    partner = agenda.partner
    if agenda.projected_from is not None:
        yield Line(f"PROJECTION to {agenda.created_at:%Y-%m-%d}", tone=Tone.DANGER)
    yield Line(f"Deadlines of {outside(partner.name)} ({partner.cloud})", tone=Tone.HEADING)
    yield labelled("as of", words.day_time(agenda.created_at))
    soon = [each for each in agenda.deadlines if each.inside]
    span = words.counted(agenda.within.days, "day") if agenda.within.days else str(agenda.within)
    yield from _group(f"Closing within {span}", soon, agenda, Tone.ATTENTION)
    yield from _group("Later", [each for each in agenda.deadlines if not each.inside], agenda, Tone.HEADING)
    if not agenda.deadlines:
        yield BLANK
        yield Line("No deadline ahead", tone=Tone.GOOD)
    yield from _removals(agenda)
    yield from _unseen(agenda)


def _group(heading: str, found: Sequence[AgendaDeadline], agenda: Agenda, tone: Tone) -> Iterator[Line]:
    if found:
        yield BLANK
        yield Line(heading, tone=tone)
    for each in found:
        left = words.days_left(each.days_left)
        yield Line(f"{outside(each.customer)}, {left}", indent=2, mark=f"{words.day_time(each.at)}  ")
        what = f": {words.target_name(each.target)}" if each.target else ""
        local = words.day_in(each.at, agenda.partner.time_zone)
        yield Line(f"{prose(each.text)}{what}{f' ({local})' if local else ''}", indent=6)


def _removals(agenda: Agenda) -> Iterator[Line]:
    if agenda.removals:
        yield BLANK
        yield Line("Relationships that can be removed, at the earliest", tone=Tone.HEADING)
    for each in agenda.removals:
        doubt = f" ({each.confidence} confidence)" if each.confidence == "low" else ""
        yield Line(f"{outside(each.customer)}{doubt}", indent=2, mark=f"{each.on}  ")


def _unseen(agenda: Agenda) -> Iterator[Line]:
    if agenda.unseen:
        yield BLANK
        yield Line("Not planned, so no deadline of them is known", tone=Tone.DANGER)
    for name, why in agenda.unseen.items():
        yield Line(f"{outside(name)}: {prose(why)}", indent=2, mark="- ")
