"""What of a kept plan is not believed: told above everything else that `show` says about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcreconcile.rendering.page import BLANK, Line, Tone
from pcreconcile.rendering.text import prose

LONGEST_LIST = 20
_OWN_WORD = "Verdicts and totals are made from the acts; {}guards, seats, dates and amounts are the file's word"


def lines(contradictions: Sequence[str], differences: Sequence[str] | None) -> Iterator[Line]:
    """`contradictions` of the file with itself, and `differences` from the manifests; None: there were no manifests."""
    if contradictions:
        yield Line("THE FILE CONTRADICTS ITS OWN ACTS; below stands what the acts do", tone=Tone.DANGER)
        yield from _listed(contradictions)
        yield BLANK
    if differences:
        yield Line("THE FILE IS NOT WHAT THE MANIFESTS HERE SAY: make a new plan", tone=Tone.DANGER)
        yield from _listed(differences)
        yield BLANK
    names = "company names, " if differences is not None else "names, domains, reasons (no manifests here), "
    yield Line(_OWN_WORD.format(names), tone=Tone.QUIET)
    yield BLANK


def _listed(texts: Sequence[str]) -> Iterator[Line]:
    yield from (Line(prose(text), indent=2, mark="- ", tone=Tone.DANGER) for text in texts[:LONGEST_LIST])
    if len(texts) > LONGEST_LIST:
        yield Line(f"… and {len(texts) - LONGEST_LIST} more", indent=2, tone=Tone.DANGER)
