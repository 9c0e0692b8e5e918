"""The program: a group that imports a command's module only when that command is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from pcreconcile import __version__
from pcreconcile.cli import ending, words
from pcreconcile.cli.interrupts import sigterm_raises
from pcreconcile.cli.output import Output
from pcreconcile.cli.suggestion import did_you_mean

COMMANDS = (
    "validate",
    "plan",
    "show",
    "explain",
    "deadlines",
    "approve",
    "apply",
    "verify",
    "history",
    "evidence",
    "undo",
    "lock",
    "hold",
    "simulate",
    "login",
    "doctor",
    "schema",
    "version",
)
_HELP = {"help_option_names": ["-h", "--help"]}
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})


class Command(click.Command):
    """A command that understands `-word`, and begins its record stream before anything can go wrong."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **{"context_settings": _HELP, **attributes})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, after the rewriting."""
        options = [param for param in self.params if isinstance(param, click.Option)]
        valued = {name for param in options if not param.is_flag for name in param.opts}
        spelled = words.long_spelling(args, valued)
        if any(param.name == "json" for param in options) and _asks_for_records(spelled):
            _output(ctx).begin_records(__version__)
        return super().parse_args(ctx, spelled)


class Program(click.Group):
    """All commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order in which people use them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of `commands/NAME.py`."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"pcreconcile.cli.commands.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, after the rewriting."""
        return super().parse_args(ctx, words.leading(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a name that is nearly right."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            ctx.fail(f"no such command: {args[0]}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _output(ctx: click.Context) -> Output:
    found: Output = ctx.obj
    return found


def _asks_for_records(arguments: list[str]) -> bool:
    typed = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in typed or os.environ.get("PCRECONCILE_JSON", "").lower() in _TRUE


def _show_version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked:
        _output(ctx).say(f"pcreconcile {__version__}\n")
        ctx.exit()


def _program() -> Program:
    version = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the version and exit.",
    )
    return Program(
        name="pcreconcile",
        params=[version],
        context_settings=_HELP,
        help="GitOps for Microsoft Partner Center: say which customers you keep, which you pause and which you let go;"
        " `plan` tells what that takes, `apply` does it, provably.",
        no_args_is_help=False,
    )


def run(arguments: Sequence[str] | None) -> int:
    """One command of the process, to its exit code."""
    output = Output.standard()

    def call() -> object:
        return _program().main(args=arguments, prog_name="pcreconcile", standalone_mode=False, obj=output)

    with sigterm_raises():
        return ending.settle(call, output)
