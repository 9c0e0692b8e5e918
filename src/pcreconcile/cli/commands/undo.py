"""`undo RUN`: what of a run can be reversed, and until when; plans and writes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from pcreconcile.cli.options import FILE, manifests_option, option, timeout_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command


@click.command("undo", cls=Command)
@click.argument("run")
@option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@option("--snapshot", type=FILE, help="Keep what was read in this file; with --refresh=false look at that.")
@option("--refresh", type=click.BOOL, default=True, show_default=True, help="Whether to read Partner Center.")
@timeout_option
@manifests_option
@click.pass_obj
def command(
    output: Output,
    run: str,
    format_: str,
    snapshot: Path | None,
    refresh: bool,
    timeout: timedelta | None,
    manifests: str,
) -> int:
    """Tell what of RUN (an ID, the beginning of one, or last) can be reversed, until when, and which line plans it."""
    from pcreconcile.cli import seeing, undoing, wiring
    from pcreconcile.cli.time_budget import TimeBudget
    from pcreconcile.rendering import undo

    session = wiring.open_session(manifests, TimeBudget(timeout))
    found = undoing.undone(session, output, run, seeing.Wanted(snapshot=snapshot, refresh=refresh))
    if format_ == "json":
        output.document(undo.render_json(found))
    else:
        output.say(undo.render(found, style=output.style))
    return undoing.exit_code(found)
