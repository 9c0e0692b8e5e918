"""Dates in every shape that the service sends them (API facts, section 3): Z, offsets, no zone, 0 to 7 digits, 9999."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?\s?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII | re.IGNORECASE
)


_SECONDS = re.compile(r"[0-9]+", re.ASCII)
_MOST_DIGITS = 12
_LONGEST_HTTP_DATE = 64  # characters


def parse_instant(text: str) -> datetime | None:
    """Aware UTC; without a zone it is taken as UTC. None for .NET's empty date (year 1).

    Instants that UTC cannot hold (31 December 9999 west of Greenwich) become the last one. Raises ValueError.
    """
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a date")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if int(year) <= 1:
        return None
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    local = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond, tzinfo=UTC
    )
    try:
        return local - _offset(zone)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def parse_http_date(text: str) -> datetime | None:
    """The instant of a Date or Retry-After header, or None when it is not one."""
    if len(text) > _LONGEST_HTTP_DATE:
        return None
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):  # the parser of mail is not sure of itself
        return None


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, never below 0, for which an answer (header names in lower case) asks to be left alone; None for nothing.

    A number, or a date, which is compared with the answer's own `Date`. What is neither asks for nothing.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value) if len(value) <= _MOST_DIGITS else math.inf
    until, now = parse_http_date(value), parse_http_date(headers.get("date", ""))
    return None if until is None or now is None else max((until - now).total_seconds(), 0.0)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone in "Zz":
        return timedelta(0)
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -size if zone[0] == "-" else size
