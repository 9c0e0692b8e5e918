"""The virtual clock, and how the wire writes instants.

Time either runs with the system's UTC plus an offset, or stands still at one instant until somebody moves it.
It never runs backwards: what has expired stays expired.
"""

import calendar
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

__all__ = [
    "Clock",
    "add_term",
    "day_after",
    "is_term",
    "midnight",
    "moment",
    "parse_instant",
    "parse_span",
    "wire_day",
    "wire_time",
]

_SPAN_PART = re.compile(r"(\d{1,7})([wdhms])")
_SPAN = re.compile(r"(?:\d{1,7}[wdhms])+")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_TERM = re.compile(r"P([1-9]\d?)([MY])")

FIRST_YEAR, LAST_YEAR = 2000, 2199
"""Terms are walked one by one, so the clock stays within two centuries."""


def parse_instant(text: str) -> datetime:
    """An aware UTC instant from ISO 8601; without a zone it is UTC, without a time it is midnight.

    Raises ValueError for anything else.
    """
    instant = datetime.fromisoformat(text.strip())
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def parse_span(text: str) -> timedelta:
    """A span such as `3d`, `12h` or `3d12h`; raises ValueError for anything else."""
    if not _SPAN.fullmatch(text):
        raise ValueError(f"expected a span such as 3d, 12h or 3d12h, not {text!r}")
    spans = (timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _SPAN_PART.findall(text))
    return sum(spans, timedelta())


def moment(text: str, created: datetime) -> datetime:
    """An ISO instant, or an offset (`+3d`, `-20d`) from the instant the world was created."""
    try:
        if text[:1] in ("+", "-"):
            span = parse_span(text[1:])
            return created + span if text[0] == "+" else created - span
        return parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise ValueError("expected an ISO date or an offset such as +3d or -20d12h") from error


def wire_time(instant: datetime) -> str:
    """UTC with `Z`, and the seven-digit fraction of .NET when there is one."""
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{instant.microsecond:06d}0Z" if instant.microsecond else f"{text}Z"


def wire_day(instant: datetime) -> str:
    """The day of an instant as the wire writes the end of a commitment: midnight UTC."""
    return wire_time(midnight(instant))


def midnight(instant: datetime) -> datetime:
    """The beginning of that day in UTC."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_after(instant: datetime) -> datetime:
    """When an inclusive end date has passed: midnight after that day."""
    return midnight(instant) + timedelta(days=1)


def is_term(value: object) -> bool:
    """Whether this is a commitment term that can be walked."""
    return isinstance(value, str) and _TERM.fullmatch(value) is not None


def add_term(start: datetime, term: str, count: int = 1) -> datetime:
    """So many commitment terms later (`P1M`, `P1Y`, `P3Y`), clamped to the end of a shorter month."""
    parsed = _TERM.fullmatch(term)
    if not parsed:
        raise ValueError(f"expected a term such as P1M, P1Y or P3Y, not {term!r}")
    months = count * int(parsed[1]) * (12 if parsed[2] == "Y" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


@dataclass(frozen=True, slots=True)
class Clock:
    """The service's time as a value: `fixed` stands still, otherwise the system's UTC plus `offset`."""

    fixed: datetime | None = None
    offset: timedelta = timedelta()

    def now(self) -> datetime:
        """The service's present instant."""
        return self.fixed if self.fixed is not None else datetime.now(UTC) + self.offset

    def moved_to(self, instant: datetime) -> "Clock":
        """This clock standing still at a later instant.

        Raises ValueError when that would be backwards or out of range.
        """
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            raise ValueError(f"the clock stays between {FIRST_YEAR} and {LAST_YEAR}")
        if instant < self.now():
            raise ValueError(f"the clock stands at {wire_time(self.now())} and does not run backwards")
        return replace(self, fixed=instant)

    def advanced(self, span: timedelta) -> "Clock":
        """This clock moved on by a span, standing still there."""
        try:
            return self.moved_to(self.now() + span)
        except OverflowError as error:
            raise ValueError(f"the clock stays between {FIRST_YEAR} and {LAST_YEAR}") from error

    def dump(self) -> dict[str, str]:
        """The clock as text, for the state file."""
        if self.fixed is not None:
            return {"fixed": self.fixed.isoformat()}
        return {"offsetSeconds": str(self.offset.total_seconds())}

    @classmethod
    def load(cls, kept: dict[str, str]) -> "Clock":
        """The clock that `dump` wrote."""
        if "fixed" in kept:
            return cls(fixed=parse_instant(kept["fixed"]))
        return cls(offset=timedelta(seconds=float(kept["offsetSeconds"])))
