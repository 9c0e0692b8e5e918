"""The command line: joins the parts, decides nothing. Importing it loads click and nothing heavier."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` come without the program's name."""
    from pcreconcile.cli.program import run

    return run(arguments)
