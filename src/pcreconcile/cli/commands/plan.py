"""`plan`: reads the world and says what the manifests take; changes nothing there."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from pcreconcile.cli.days import DAY
from pcreconcile.cli.options import FILE, chosen_manifests, manifests_option, option, timeout_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.plan import Effect


@click.command("plan", cls=Command)
@click.argument("path", required=False)
@option("--out", type=FILE, help="Keep the plan in this file, for apply.")
@option("--format", "format_", type=click.Choice(["terminal", "json", "ics"]), default="terminal", show_default=True)
@option("--detailed-exitcode", is_flag=True, help="End with 2 when something is to do now or by hand.")
@option("--target", multiple=True, metavar="customer/NAME", help="Plan this customer only; may be repeated.")
@option(
    "--base", metavar="GITREF", help="Plan the customers new or changed since this commit; with --target, of those."
)
@option("--only", type=click.Choice([str(each) for each in Effect]), help="Keep only the actions of this effect.")
@option("--at", type=DAY, help="Plan as of that UTC day, as if nothing were done until then; never applied.")
@option("--snapshot", type=FILE, help="Keep what was read in this file; with --refresh=false plan from it.")
@option("--refresh", type=click.BOOL, default=True, show_default=True, help="Whether to read Partner Center.")
@timeout_option
@manifests_option
@click.pass_obj
def command(
    output: Output,
    path: str | None,
    out: Path | None,
    format_: str,
    detailed_exitcode: bool,
    target: tuple[str, ...],
    base: str | None,
    only: str | None,
    at: date | None,
    snapshot: Path | None,
    refresh: bool,
    timeout: timedelta | None,
    manifests: str,
) -> int:
    """Plan what the manifests at PATH (default: manifests) take."""
    from pcreconcile.cli import advice, exit_codes, files, printing, seeing, wiring, withdrawals
    from pcreconcile.cli.time_budget import TimeBudget
    from pcreconcile.rendering import plan_json

    chosen = chosen_manifests(path, manifests)
    session = wiring.open_session(chosen, TimeBudget(timeout))
    if out is not None:
        files.require_writable(out)
    wanted = seeing.Wanted(target, base, snapshot, refresh, Effect(only) if only else None, at)
    seen = seeing.see(session, output, wanted)
    if out is not None:
        files.write(out, plan_json.file_pieces(seen.plan))
    printing.PLAN_FORMATS[format_](output, seen.plan, advice.after_plan(seen.plan, chosen, wanted, out))
    withdrawals.tell_if_known(session, output, seen.plan.plan_id)
    decide = exit_codes.of_plan_detailed if detailed_exitcode else exit_codes.of_plan
    return decide(seen.plan, seen.listed)
