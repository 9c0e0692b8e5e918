"""`explain CUSTOMER`: one customer on a page; changes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from pcreconcile.cli.options import FILE, manifests_option, option, timeout_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command


@click.command("explain", cls=Command)
@click.argument("customer")
@option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@option("--snapshot", type=FILE, help="Keep what was read in this file; with --refresh=false look at that.")
@option("--refresh", type=click.BOOL, default=True, show_default=True, help="Whether to read Partner Center.")
@timeout_option
@manifests_option
@click.pass_obj
def command(
    output: Output,
    customer: str,
    format_: str,
    snapshot: Path | None,
    refresh: bool,
    timeout: timedelta | None,
    manifests: str,
) -> int:
    """Explain CUSTOMER, a manifest's name or a tenant ID: where it stands, what would happen, and the ways out."""
    from pcreconcile.cli import exit_codes, explaining, printing, seeing, wiring
    from pcreconcile.cli.time_budget import TimeBudget

    wanted = seeing.Wanted(snapshot=snapshot, refresh=refresh)
    found = explaining.explained(wiring.open_session(manifests, TimeBudget(timeout)), output, customer, wanted)
    printing.EXPLANATION_FORMATS[format_](output, found)
    return exit_codes.of_explanation(found)
