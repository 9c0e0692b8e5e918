"""`undo`: what of a run can be reversed."""

from __future__ import annotations

import click

from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("undo", cls=Command)
def command() -> None:
    """What of a run can be reversed."""
    raise UsageError("not in this version")
