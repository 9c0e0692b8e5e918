"""`approve`: sign an approval of a kept plan."""

from __future__ import annotations

import click

from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("approve", cls=Command)
def command() -> None:
    """Sign an approval of a kept plan."""
    raise UsageError("not in this version")
