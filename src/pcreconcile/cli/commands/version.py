"""`version`: loads nothing but click, so that it answers at once."""

from __future__ import annotations

import click

from pcreconcile import __version__
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command


@click.command("version", cls=Command)
@click.pass_obj
def command(output: Output) -> None:
    """Show the version."""
    output.say(f"pcreconcile {__version__}\n")
