"""`lock`: who holds the apply lock."""

from __future__ import annotations

import click

from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("lock", cls=Command)
def command() -> None:
    """Who holds the apply lock."""
    raise UsageError("not in this version")
