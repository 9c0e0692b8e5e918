"""`deadlines`: what closes soon, for the whole fleet; changes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from pcreconcile.cli.options import DURATION, FILE, manifests_option, option, timeout_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command


@click.command("deadlines", cls=Command)
@option("--within", type=DURATION, default="30d", show_default=True, help="End with 2 when something closes in it.")
@option("--format", "format_", type=click.Choice(["terminal", "json", "ics"]), default="terminal", show_default=True)
@option("--target", multiple=True, metavar="customer/NAME", help="Look at this customer only; may be repeated.")
@option("--snapshot", type=FILE, help="Keep what was read in this file; with --refresh=false look at that.")
@option("--refresh", type=click.BOOL, default=True, show_default=True, help="Whether to read Partner Center.")
@timeout_option
@manifests_option
@click.pass_obj
def command(
    output: Output,
    within: timedelta,
    format_: str,
    target: tuple[str, ...],
    snapshot: Path | None,
    refresh: bool,
    timeout: timedelta | None,
    manifests: str,
) -> int:
    """List the deadlines of all customers, and the days on which relationships can be removed."""
    from pcreconcile.cli import exit_codes, printing, seeing, wiring
    from pcreconcile.cli.time_budget import TimeBudget
    from pcreconcile.planning.agenda import agenda

    wanted = seeing.Wanted(targets=target, snapshot=snapshot, refresh=refresh, judged=False)
    seen = seeing.see(wiring.open_session(manifests, TimeBudget(timeout)), output, wanted)
    found = agenda(seen.plan, within)
    printing.AGENDA_FORMATS[format_](output, found)
    return exit_codes.of_agenda(found, seen.plan, seen.listed)
