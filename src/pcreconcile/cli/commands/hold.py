"""`hold`: keeps every apply from beginning a write, shows what stands, and ends it; sends no request."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from pcreconcile.cli.options import manifests_option, option
from pcreconcile.cli.output import Output
from pcreconcile.cli.program import Command

if TYPE_CHECKING:
    from pcreconcile.cli.holding import State
    from pcreconcile.model.errors import Held


# Without variables of their own: a hold, and its end, are what somebody does, not how a machine is set up.
@click.command("hold", cls=Command)
@click.option("--why", metavar="TEXT", help="Set a hold, for this reason; with --lift: why it ends.")
@click.option("--lift", is_flag=True, help="End the holds that stand.")
@option("--format", "format_", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@manifests_option
@click.pass_obj
def command(output: Output, why: str | None, lift: bool, format_: str, manifests: str) -> None:
    """Keep every apply of the partner tenant from beginning a write; without options show whether a hold stands.

    A run that is at work begins no further write and brings what it has sent to its proof. `--lift` ends the hold; the
    same plan is then finished by applying it again.
    """
    from pcreconcile.cli import holding, wiring

    session = wiring.open_session(manifests)
    if lift:
        state = holding.lift(session, why or "")
    elif why is not None:
        state = holding.hold(session, why)
    else:
        state = holding.state(session)
    _FORMATS[format_](output, state, holding.of_setting(os.environ))


def _for_people(output: Output, state: State, setting: Held | None) -> None:
    from pcreconcile.cli.holding import in_words
    from pcreconcile.model.notes import NoteKind, lifted_by
    from pcreconcile.rendering.text import prose

    written = state.written
    if written is not None and written.kind is NoteKind.LIFT and not state.holds:
        output.say(f"lifted: hold {', '.join(str(number) for number in sorted(lifted_by(written)))}\n")
    for hold in state.holds:
        output.say(f"{prose(in_words(hold))}\n")
    if setting is not None:
        output.say(f"{prose(setting.reason)}; {setting.remedy}\n")
    if not state.holds and setting is None:
        output.say("no hold stands\n")
    elif state.holds:
        output.say("no apply begins a write; `pcreconcile hold --lift` ends it\n")


def _as_json(output: Output, state: State, setting: Held | None) -> None:
    from pcreconcile.model.machine_json import machine_json

    document = {
        "held": bool(state.holds) or setting is not None,
        "holds": state.holds,
        "setting": setting.reason if setting is not None else None,
        "written": state.written,
    }
    output.document(machine_json(document) + "\n")


_FORMATS: Mapping[str, Callable[[Output, State, Held | None], None]] = {
    "terminal": _for_people,
    "json": _as_json,
}
