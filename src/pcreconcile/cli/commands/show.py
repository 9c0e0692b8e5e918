"""`show PLANFILE`: a kept plan, checked and rendered; asks nobody and writes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from pcreconcile.cli.options import DEFAULT_MANIFESTS, FILE, manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command


@click.command("show", cls=Command)
@click.argument("planfile", type=FILE)
@option("--format", "format_", type=click.Choice(["terminal", "json", "ics"]), default="terminal", show_default=True)
@manifests_option
@click.pass_obj
def command(output: Output, planfile: Path, format_: str, manifests: str) -> None:
    """Show the plan kept in PLANFILE."""
    from pcreconcile.cli import printing, wiring, withdrawals

    # An auditor may hold a plan without its manifests; where they are, the plan must belong to their partner.
    known = manifests != DEFAULT_MANIFESTS or Path(manifests).exists()
    session = wiring.open_session(manifests) if known else None
    plan = wiring.read_plan(planfile, session)
    printing.PLAN_FORMATS[format_](output, plan, "")
    if session is not None:
        withdrawals.tell_if_known(session, output, plan.plan_id)
