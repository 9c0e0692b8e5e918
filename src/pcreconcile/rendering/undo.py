"""What of a run can be reversed, for people: what can, with its last day; what cannot; what is so no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcreconcile.model.machine_json import machine_json
from pcreconcile.model.undo import Back, Reversal, Undo
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, Line, Style, Tone, labelled
from pcreconcile.rendering.setting import set_lines
from pcreconcile.rendering.text import outside, prose

_HEADINGS = (
    (Back.REVERSIBLE, "Can be reversed", Tone.GOOD),
    (Back.LOSSY, "Can be reversed, but not all of it comes back", Tone.ATTENTION),
    (Back.NEEDS_COUNTERPARTY, "Only with the customer's administrator", Tone.ATTENTION),
    (Back.IRREVERSIBLE, "Cannot be reversed", Tone.DANGER),
    (Back.UNDONE, "Is so no more", Tone.HEADING),
)


def render(found: Undo, *, style: Style) -> str:
    """The whole answer."""
    return set_lines(_lines(found), style)


def render_json(found: Undo) -> str:
    """Canonical JSON and a line end."""
    return machine_json(found) + "\n"


def _lines(found: Undo) -> Iterator[Line]:
    yield Line(f"Undo of run {found.run}: nothing is written here", tone=Tone.HEADING)
    yield labelled("as of", words.day_time(found.created_at))
    yield labelled("plan ID", found.plan_id)
    if not found.writes:
        yield labelled("writes", "none of this run was proven, so there is nothing to reverse")
    for back, heading, tone in _HEADINGS:
        yield from _group(heading, [each for each in found.writes if each.back is back], tone)
    yield from _told("Sent, and never proven: apply the same plan again, which resolves it by reading", found.unproven)
    yield from _told("Not read, so only the journal speaks", [f"{name}: {why}" for name, why in found.unread.items()])
    if any(each.manifest for each in found.possible):
        yield BLANK
        yield labelled("next", "write the lines into the manifests, then `pcreconcile plan`")


def _group(heading: str, writes: Sequence[Reversal], tone: Tone) -> Iterator[Line]:
    if writes:
        yield BLANK
        yield Line(heading, tone=tone)
    before = ""
    for each in writes:
        yield from _write(each, before)
        before = _why(each)


def _write(found: Reversal, told_before: str) -> Iterator[Line]:
    target = "" if found.target.type == "customer" else f": {words.target_name(found.target)}"
    until = f", until {found.until}" if found.until else ""
    by = f" → {words.ACTIONS[found.by]}{until}" if found.by else ""
    yield Line(f"{outside(found.customer)}  {words.ACTIONS[found.kind]}{target}{by}", indent=2, mark="- ")
    why = _why(found)
    yield Line("as above" if why == told_before else why, indent=6)
    for lost in found.lost:
        yield Line(f"does not come back: {prose(lost)}", indent=6, tone=Tone.ATTENTION)
    if found.manifest:
        yield Line(found.manifest, indent=6, mark="manifest  ", whole=True)


def _why(found: Reversal) -> str:
    now = f"; {prose(found.now)}" if found.now else ""
    rule = f" ({words.rule(found.rule)})" if found.rule else ""
    return f"{prose(found.text)}{now}{rule}"


def _told(heading: str, entries: Sequence[str]) -> Iterator[Line]:
    if entries:
        yield BLANK
        yield Line(heading, tone=Tone.ATTENTION)
    for each in entries:
        yield Line(prose(each), indent=2, mark="- ")
