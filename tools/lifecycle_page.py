"""Makes docs/lifecycle.md out of the transition table of an action (`make docs`); a test compares the two."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pcreconcile.applying.lifecycle import TERMINAL, TRANSITIONS, Happening
from pcreconcile.applying.outcome import EXIT_CODES, Outcome
from pcreconcile.model.run import ActionState

PAGE = Path(__file__).parents[1] / "docs" / "lifecycle.md"

INTRO = """# What happens to an action

Made by `make docs` from `pcreconcile.applying.lifecycle`; a test fails when this page is older than the table.

A run begins with an action as *planned*, or, when the journal knows it, as *indeterminate* (a request left and nobody
knows whether it took effect), *answered* (the service said yes and no read has shown it yet) or *verified*. Only a
recorded intent opens the way into *sent*, and every way out of *sent* but an answer goes through a read.
"""

MEANINGS = {
    ActionState.PLANNED: "nothing was sent, or what was sent was definitely refused and may be sent again",
    ActionState.SENT: "the intent is durable, the request may have left",
    ActionState.ANSWERED: "the service said yes; a read has to show it, if need be in the next run",
    ActionState.INDETERMINATE: "no answer came; reading resolves it, and only reading",
    ActionState.VERIFIED: "a read shows what the plan wanted",
    ActionState.UNPROVEN: "the service said yes to something that does not go on by itself, and no read ever showed it",
    ActionState.FAILED: "the service refused it for good",
    ActionState.STALE: "a read shows neither what the plan started from nor what it wanted",
    ActionState.SKIPPED: "left alone: its customer is, or something that it requires was not verified",
}
HAPPENINGS = {
    Happening.INTENT_RECORDED: "an intent is durable in the journal",
    Happening.ANSWERED: "the service says yes",
    Happening.REFUSED: "the service says no, and a read agrees",
    Happening.POSTPONED: "the service says not now (429), or that the thing was just changed",
    Happening.CHANGED: "the thing is no longer what was read just before",
    Happening.NO_ANSWER: "no usable answer: connection lost, time-out, 5xx",
    Happening.SHOWS_DONE: "a read shows the postcondition",
    Happening.SHOWS_NEITHER: "a read shows neither precondition nor postcondition",
    Happening.READ_TIMED_OUT: "`--wait` is over and no read has shown it",
    Happening.LAPSED: "the yes of an earlier run is too old to be still under way",
    Happening.WINDOW_CLOSED: "the window that the plan counted on has closed",
    Happening.LEFT_ALONE: "its customer is left alone, or what it requires did not succeed",
}


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            INTRO,
            *_diagram(),
            "\n## States\n",
            *_table(("state", "meaning", "an end"), (_state_row(state) for state in ActionState)),
            "\n## What can happen\n",
            *_table(("event", "meaning", "from → to"), (_happening_row(one) for one in Happening)),
            "\n## How a customer ends, the gravest first\n",
            *_table(("outcome", "exit code"), ((f"`{outcome}`", str(EXIT_CODES[outcome])) for outcome in Outcome)),
            "",
        ]
    )


def _diagram() -> Iterable[str]:
    yield "```mermaid\nstateDiagram-v2"
    yield f"    [*] --> {ActionState.PLANNED}"
    for state, ways in TRANSITIONS.items():
        yield from (f"    {state} --> {to}: {happening}" for happening, to in ways.items())
    yield from (f"    {state} --> [*]" for state in ActionState if state in TERMINAL)
    yield "```"


def _state_row(state: ActionState) -> tuple[str, ...]:
    return f"`{state}`", MEANINGS[state], "yes" if state in TERMINAL else ""


def _happening_row(happening: Happening) -> tuple[str, ...]:
    ways = [f"{state} → {found[happening]}" for state, found in TRANSITIONS.items() if happening in found]
    return f"`{happening}`", HAPPENINGS[happening], "; ".join(ways)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
