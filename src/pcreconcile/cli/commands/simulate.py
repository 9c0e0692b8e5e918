"""`simulate`: a Partner Center to practise on, in the foreground."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pcreconcile.cli.options import FILE, INSTANT, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import ConfigurationError, UsageError


@click.command("simulate", cls=Command)
@option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes a free one.")
@option("--estate", type=FILE, help="Estate to simulate (YAML); without it the shipped example.")
@option("--customers", type=click.IntRange(0, 1_000_000), help="Generate so many customers instead.")
@option("--seed", type=int, default=0, show_default=True, help="Seed for --customers.")
@option("--faults", type=FILE, help="Faults to inject (YAML).")
@option("--clock", type=INSTANT, help="Instant at which the service's time stands still.")
@option("--state", type=FILE, help="File that keeps the world between processes.")
@option("--bom", is_flag=True, help="Begin every 2xx body with a byte order mark, as the service does.")
@click.pass_obj
def command(
    output: Output,
    host: str,
    port: int,
    estate: Path | None,
    customers: int | None,
    seed: int,
    faults: Path | None,
    clock: datetime | None,
    state: Path | None,
    bom: bool,
) -> None:
    """Run a simulated Partner Center until SIGTERM."""
    from pcreconcile import simulator
    from pcreconcile.cli import files, readiness

    if estate is not None and customers is not None:
        raise UsageError("--estate and --customers go not together: give one of them")
    if state is not None:
        files.require_unlinked(state)
    wanted = simulator.SimulatorSettings(
        estate=estate,
        customers=customers,
        seed=seed,
        clock=clock,
        state=state,
        faults=faults,
        host=host,
        port=port,
    )
    try:
        simulator.serve(wanted, readiness.announcer(output, {"byteOrderMark": True} if bom else {}))
    except simulator.SimulatorError as error:
        raise ConfigurationError(str(error)) from error
