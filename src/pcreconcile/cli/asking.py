"""A question before something that cannot be taken back. Only a person at a terminal can answer it."""

from __future__ import annotations

import sys

from pcreconcile.cli.output import Output
from pcreconcile.model.errors import UsageError


def require_somebody(output: Output, otherwise: str) -> None:
    """Raises UsageError, before anything is read, when nobody is there to answer; `otherwise` says what to do then."""
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    if output.recording or not at_terminal:
        raise UsageError(f"nobody is there to answer: {otherwise}")


def confirm(output: Output, question: str, undone: str) -> None:
    """Returns when the answer is `yes`, typed in full; raises UsageError for any other, the end of input included.

    `undone` says what has not happened then.
    """
    output.ask(f"{question} Only `yes` is taken for an answer:")
    if sys.stdin.readline().strip() != "yes":
        raise UsageError(f"{undone}: the answer was not yes")
