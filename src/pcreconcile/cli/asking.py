"""The one question: shall this plan be applied. Only a person at a terminal can answer it."""

from __future__ import annotations

import sys

from pcreconcile.cli.output import Output
from pcreconcile.model.errors import UsageError


def require_somebody(output: Output) -> None:
    """Raises UsageError, before anything is read, when nobody is there to answer."""
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    if output.recording or not at_terminal:
        raise UsageError(
            "nobody is there to answer: keep a plan (`pcreconcile plan --out FILE`) and apply that file,"
            " or say yes beforehand with --auto-approve"
        )


def confirm(output: Output) -> None:
    """Returns when the answer is `yes`, typed in full; raises UsageError for any other, the end of input included."""
    output.ask("Apply this plan? Only `yes` is taken for an answer:")
    if sys.stdin.readline().strip() != "yes":
        raise UsageError("nothing was applied: the answer was not yes")
