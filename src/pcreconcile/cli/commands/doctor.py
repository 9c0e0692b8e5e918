"""`doctor`: looks at everything between the manifests and Partner Center, and says what to do about what fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pcreconcile.cli.options import manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import ExitCode

if TYPE_CHECKING:
    from pcreconcile.partner_center.check import Check


@click.command("doctor", cls=Command)
@option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@manifests_option
@click.pass_obj
def command(output: Output, format_: str, manifests: str) -> int:
    """Check manifests, approvals, credentials, hosts, clock, tokens, rights, journal and state; changes nothing."""
    from pcreconcile.cli import checks

    found: list[Check] = []

    def tell(check: Check) -> None:
        found.append(check)
        if format_ == "terminal":
            output.say(_line(check))

    code = ExitCode.DONE if checks.run(manifests, tell) else ExitCode.ERROR
    if format_ == "json":
        output.document(_document(found, code))
    return code


def _line(check: Check) -> str:
    from pcreconcile.rendering.text import prose

    remedy = f" … {prose(check.remedy)}" if check.remedy else ""
    return f"{check.level.value:<4}  {check.name}: {prose(check.told)}{remedy}\n"


def _document(found: list[Check], code: int) -> str:
    import msgspec

    from pcreconcile.model.machine_json import escaped_json

    document = {"formatVersion": 1, "exitCode": code, "checks": found}
    return escaped_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode()) + "\n"
