"""`validate`: reads the manifests and says what is wrong with them; sends nothing, writes nothing."""

from __future__ import annotations

import click

from pcreconcile.cli.options import chosen_manifests, manifests_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.rendering.text import outside


@click.command("validate", cls=Command)
@click.argument("path", required=False)
@manifests_option
@click.pass_obj
def command(output: Output, path: str | None, manifests: str) -> None:
    """Check the manifests at PATH (default: manifests) without any request."""
    from pcreconcile.cli.wiring import read_manifests
    from pcreconcile.rendering.words import counted

    chosen = chosen_manifests(path, manifests)
    loaded = read_manifests(chosen)
    count = counted(len(loaded.fleet.customers), "customer")
    output.say(f"{outside(chosen)}: {count} of partner {outside(loaded.partner.name)}, nothing wrong\n")
