"""`schema KIND`: the JSON Schema of a document that we read or write, for editors and other programs."""

from __future__ import annotations

import click

from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command
from pcreconcile.model.errors import UsageError


@click.command("schema", cls=Command)
@click.argument("kind")
@click.pass_obj
def command(output: Output, kind: str) -> None:
    """Print the JSON Schema of KIND: Approval, Customer, Partner, Policy, Plan, Prices, Rules or Withdrawal."""
    from pcreconcile.manifests import SCHEMA_KINDS, schema_text
    from pcreconcile.model.machine_json import escaped_json

    try:
        text = schema_text(kind)
    except KeyError as error:
        raise UsageError(f"no schema for {kind}: expected one of {', '.join(SCHEMA_KINDS)}") from error
    text = escaped_json(text)
    output.document(text if text.endswith("\n") else f"{text}\n")
