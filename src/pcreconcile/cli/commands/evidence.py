"""`evidence`: one archive of what a run did, or of all that was done to a customer; changes nothing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from pcreconcile.cli.days import DAY
from pcreconcile.cli.options import FILE, manifests_option, option, timeout_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("evidence", cls=Command)
@click.argument("run", required=False)
@option("--customer", metavar="NAME", help="All runs that touched this customer, the other customers left out.")
@option("--from", "first", type=DAY, help="With --customer: the first day, in the partner's time zone.")
@option("--to", "last", type=DAY, help="With --customer: the last day, included.")
@option("--out", type=FILE, help="Where the archive goes; evidence-RUN.zip or evidence-NAME.zip by default.")
@option("--full", is_flag=True, help="With all names, domains and texts; otherwise placeholders stand for them.")
@option("--offline", is_flag=True, help="Do not ask the service for its audit records.")
@option("--json", is_flag=True, help="Records, one JSON object a line, on stdout.")
@timeout_option
@manifests_option
@click.pass_obj
def command(
    output: Output,
    run: str | None,
    customer: str | None,
    first: date | None,
    last: date | None,
    out: Path | None,
    full: bool,
    offline: bool,
    json: bool,  # noqa: ARG001 - recording has begun before the options were read
    timeout: timedelta | None,
    manifests: str,
) -> None:
    """Write an archive that proves what RUN did (its ID, the beginning of it, or last), from the journal alone."""
    from pcreconcile.cli import audit_look, evidencing, wiring
    from pcreconcile.cli.time_budget import TimeBudget

    if (run is None) == (customer is None):
        raise UsageError("give a RUN (see `history`) or --customer NAME, one of them")
    if customer is None and (first or last):
        raise UsageError("--from and --to go with --customer")
    if first and last and last < first:
        raise UsageError(f"--to {last} is before --from {first}")
    names = evidencing.Names.TOLD if full else evidencing.Names.LEFT_OUT
    parts = evidencing.Parts(names, audit_look.ask_nobody if offline else audit_look.ask_the_service)
    asked = evidencing.Asked(run, customer, first, last)
    evidencing.write(wiring.open_session(manifests, TimeBudget(timeout)), output, asked, out, parts)
