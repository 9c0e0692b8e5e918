"""`history`: what the journal tells of runs."""

from __future__ import annotations

import click

from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("history", cls=Command)
def command() -> None:
    """What the journal tells of runs."""
    raise UsageError("not in this version")
