"""`history`: what the journal tells of runs; asks nobody and creates nothing."""

from __future__ import annotations

import click

from pcreconcile.cli.options import manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("history", cls=Command)
@click.argument("run", required=False)
@option("--json", is_flag=True, help="Records, one JSON object a line, on stdout.")
@option("--head", is_flag=True, help="Only the journal's head, as a line to be anchored outside it.")
@manifests_option
@click.pass_obj
def command(
    output: Output,
    run: str | None,
    json: bool,  # noqa: ARG001 - recording has begun before the options were read
    head: bool,
    manifests: str,
) -> None:
    """List all runs, the newest last; with RUN (an ID, the beginning of one, or last) tell its story."""
    from pcreconcile.cli import telling, wiring

    if head and run is not None:
        raise UsageError("--head is about the whole journal: leave RUN out")
    session = wiring.open_session(manifests)
    if head:
        telling.head(session, output)
    elif run is None:
        telling.runs(session, output)
    else:
        telling.story(session, output, run)
