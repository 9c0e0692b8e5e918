"""Options as every command has them: an environment variable for each, durations, instants, the manifests' folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from pcreconcile.cli.settings import read_instant
from pcreconcile.model.errors import UsageError

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=365)

DEFAULT_MANIFESTS = "manifests"


class Option(click.Option):
    """An option that `PCRECONCILE_<OPTION>` sets too, under the same name for all commands."""

    def __init__(self, *declarations: Any, **attributes: Any) -> None:
        super().__init__(*declarations, **attributes)
        self.envvar = f"PCRECONCILE_{self.opts[0].strip('-').replace('-', '_').upper()}"
        self.show_envvar = True


class Duration(click.ParamType[timedelta]):
    """`90s`, `15m`, `2h`, `1d`; a bare number is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Raises click.BadParameter for anything else, and for more than a year."""
        if isinstance(value, timedelta):
            return value
        match = _DURATION.fullmatch(value)
        seconds = int(match[1]) * _SECONDS[match[2]] if match else None
        if seconds is None or seconds > _LONGEST.total_seconds():
            self.fail("expected a duration of at most 365 days such as 90s, 15m or 2h", param, ctx)
        return timedelta(seconds=seconds)


class Instant(click.ParamType[datetime]):
    """An instant in ISO 8601; without a zone it is UTC."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Raises click.BadParameter for anything else."""
        if isinstance(value, datetime):
            return value
        try:
            return read_instant(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = Duration()
INSTANT = Instant()
FILE = click.Path(path_type=Path)


def option(*declarations: str, **attributes: Any) -> Callable[[_Decorated], _Decorated]:
    """`click.option` with our class."""
    return click.option(*declarations, cls=Option, **attributes)


def manifests_option(command: _Decorated) -> _Decorated:
    """`--manifests PATH`, for every command that needs Partner, Policy or state."""
    return option(
        "--manifests",
        metavar="PATH",
        default=DEFAULT_MANIFESTS,
        show_default=True,
        help="Folder (or file) of manifests.",
    )(command)


def timeout_option(command: _Decorated) -> _Decorated:
    """`--timeout DURATION`, for every command that reads Partner Center; None where it is not given."""
    return option(
        "--timeout",
        type=DURATION,
        help="Time budget of the whole command.  [default: 2h, longer where the service's limits need it]",
    )(command)


def chosen_manifests(path: str | None, manifests: str) -> str:
    """PATH where a command takes both; an option typed beside another PATH is a contradiction (UsageError)."""
    source = click.get_current_context().get_parameter_source("manifests")
    if path is None:
        return manifests
    if source is ParameterSource.COMMANDLINE and manifests != path:
        raise UsageError("PATH and --manifests name two places: give one of them")
    return path
