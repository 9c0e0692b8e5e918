"""`show PLANFILE`: a kept plan, checked and rendered; asks nobody and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pcreconcile.cli.options import DEFAULT_MANIFESTS, FILE, manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import ExitCode, PlanFileError

if TYPE_CHECKING:
    from pcreconcile.planning.derivation import Derived

_FEW = 3  # contradictions that an error names


@click.command("show", cls=Command)
@click.argument("planfile", type=FILE)
@option("--format", "format_", type=click.Choice(["terminal", "json", "ics"]), default="terminal", show_default=True)
@manifests_option
@click.pass_obj
def command(output: Output, planfile: Path, format_: str, manifests: str) -> int:
    """Show the plan kept in PLANFILE.

    Verdicts and totals are made from the acts; names, domains and reasons are compared with the manifests, where there
    are any. A file that contradicts its own acts ends with 1; as json or ics it is not shown at all.
    """
    from pcreconcile.cli import printing, wiring, withdrawals
    from pcreconcile.planning.derivation import derived, differences_from

    # An auditor may hold a plan without its manifests; where they are, the plan must belong to their partner.
    known = manifests != DEFAULT_MANIFESTS or Path(manifests).exists()
    session = wiring.open_session(manifests) if known else None
    plan = wiring.read_plan(planfile, session)
    made = derived(plan)
    differences = None if session is None else differences_from(plan, session.loaded.fleet.customers)
    if format_ != "terminal":
        _require_consistent(planfile, made.contradictions)
    if session is not None:
        withdrawals.tell_if_known(session, output, plan.plan_id)
    if format_ == "terminal":
        _to_people(output, made, differences)
        return ExitCode.ERROR if made.contradictions else ExitCode.DONE
    for text in differences or ():
        output.note(f"warning: {planfile}: not what the manifests here say: {text}")
    printing.PLAN_FORMATS[format_](output, plan, "")
    return ExitCode.DONE


def _to_people(output: Output, made: Derived, differences: Sequence[str] | None) -> None:
    from pcreconcile.rendering import claims, terminal

    above = claims.lines(made.contradictions, differences)
    output.say(terminal.render(made.plan, style=output.style, above=above))


def _require_consistent(planfile: Path, contradictions: Sequence[str]) -> None:
    if not contradictions:
        return
    more = f"; and {len(contradictions) - _FEW} more" if len(contradictions) > _FEW else ""
    raise PlanFileError(
        f"{planfile}: the plan contradicts its own acts: {'; '.join(contradictions[:_FEW])}{more}; make a new plan"
    )
