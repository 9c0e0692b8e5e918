"""`lock show`: who holds the apply lock of the partner tenant; asks nobody and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import TYPE_CHECKING

import click

from pcreconcile.cli import words
from pcreconcile.cli.options import manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command

if TYPE_CHECKING:
    from pcreconcile.model.partner import Partner
    from pcreconcile.model.run import Holder


class Group(click.Group):
    """A group whose own words may have one dash."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, after the rewriting."""
        return super().parse_args(ctx, words.leading(args))


@click.group("lock", cls=Group, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Who holds the apply lock."""


@command.command("show", cls=Command)
@option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@manifests_option
@click.pass_obj
def show(output: Output, format_: str, manifests: str) -> None:
    """Show who holds the apply lock of the partner tenant, if anybody does."""
    from pcreconcile.applying.stores import read_holder
    from pcreconcile.cli import wiring

    session = wiring.open_session(manifests)
    partner = session.loaded.partner
    _FORMATS[format_](output, partner, read_holder(session.journal, partner.tenant_id))


def _for_people(output: Output, partner: Partner, holder: Holder | None) -> None:
    output.say("".join(f"{line}\n" for line in _lines(partner, holder)))


def _lines(partner: Partner, holder: Holder | None) -> Iterator[str]:
    from pcreconcile.rendering.text import outside

    lock = f"the apply lock of {outside(partner.name)} ({partner.tenant_id})"
    if holder is None:
        yield f"{lock} is not held"
        return
    yield f"{lock} is held"
    known = (
        ("host", holder.host),
        ("process", str(holder.process) if holder.process else "unknown"),
        ("user", holder.user),
        ("since", holder.since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("run", holder.run or "not begun"),
    )
    yield from (f"  {label:<9}{outside(value)}" for label, value in known)


def _as_json(output: Output, partner: Partner, holder: Holder | None) -> None:
    from pcreconcile.model.machine_json import machine_json

    document = {"partner": partner.tenant_id, "held": holder is not None, "holder": holder}
    output.document(machine_json(document) + "\n")


_FORMATS: Mapping[str, Callable[[Output, Partner, Holder | None], None]] = {
    "terminal": _for_people,
    "json": _as_json,
}
