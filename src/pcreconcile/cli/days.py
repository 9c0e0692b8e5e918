"""Days on the command line: `2027-03-01`, a UTC date."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

import click

from pcreconcile.model.errors import UsageError

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LAST_YEAR = 2199


class Day(click.ParamType[date]):
    """Exactly `YYYY-MM-DD`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Raises click.BadParameter for anything else."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value if _FORM.fullmatch(value) else "")
        except ValueError:
            self.fail("expected a day such as 2027-03-01", param, ctx)


DAY = Day()


def begins_ahead(day: date, now: datetime) -> datetime:
    """The beginning of a UTC day that is still ahead: every date of a plan is a UTC date, so this one is too.

    Raises UsageError for today and before, and for what lies beyond any term.
    """
    if day <= now.date():
        raise UsageError(f"--at {day}: expected a day after today ({now.date()} in UTC)")
    if day.year > _LAST_YEAR:
        raise UsageError(f"--at {day}: expected a day of the years up to {_LAST_YEAR}")
    return datetime.combine(day, time.min, tzinfo=UTC)
