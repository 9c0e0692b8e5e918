"""`apply`: does what a kept plan says, or plans, shows and asks first."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import click

from pcreconcile.cli.options import DURATION, FILE, manifests_option, option, timeout_option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command


@click.command("apply", cls=Command)
@click.argument("planfile", type=FILE, required=False)
@option("--auto-approve", is_flag=True, help="Do not ask; never replaces an approval that the policy wants.")
@option("--json", is_flag=True, help="Records, one JSON object a line, on stdout.")
@option("--wait", type=DURATION, default="15m", show_default=True, help="How long to wait for asynchronous results.")
@option("--lock-timeout", type=DURATION, default="0", show_default=True, help="How long to wait for another apply.")
@timeout_option
@option(
    "--approvals", type=FILE, metavar="DIR", help="Folder of approvals; without one, approvals/ beside the manifests."
)
@option(
    "--base", metavar="GITREF", help="Judge by Policy and allowed_signers of this commit too: that before the merge."
)
@manifests_option
@click.pass_obj
def command(
    output: Output,
    planfile: Path | None,
    auto_approve: bool,
    json: bool,  # noqa: ARG001 - recording has begun before the options were read
    wait: timedelta,
    lock_timeout: timedelta,
    timeout: timedelta | None,
    approvals: Path | None,
    base: str | None,
    manifests: str,
) -> int:
    """Apply the plan kept in PLANFILE; without one, plan, show and ask."""
    from pcreconcile.applying.plan_file import naming
    from pcreconcile.cli import holding, journal_check, printing, running, wiring

    holding.require_no_setting(os.environ)
    waits = running.Waits(wait, lock_timeout, timeout)
    if planfile is not None:
        session = wiring.judged_at(wiring.open_session(manifests, waits.budget()), base)
        running.tell_changes(session, output)
        journal_check.tell_if_empty(session, output)
        plan = wiring.read_plan(planfile, session)
        printing.urgent(output, plan)
        with naming(str(planfile)):
            return running.run_plan(session, output, plan, waits, approvals)
    question = running.ASSUME_YES if auto_approve else running.ASK
    return running.plan_and_run(manifests, output, question, waits, approvals, base)
