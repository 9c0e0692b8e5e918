"""`verify`: prove what a run did."""

from __future__ import annotations

import click

from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("verify", cls=Command)
def command() -> None:
    """Prove what a run did."""
    raise UsageError("not in this version")
