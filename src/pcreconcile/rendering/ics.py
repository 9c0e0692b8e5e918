"""The fleet's dates as a calendar (RFC 5545): one event per deadline and per removal date.

Trade-off: written by hand, because what is needed of the format is lines, escapes and folding; names of customers and
products are the only data of anybody in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from pcreconcile.model.agenda import Agenda, AgendaDeadline, AgendaRemoval
from pcreconcile.model.identity import sha256_hex
from pcreconcile.rendering import words
from pcreconcile.rendering.text import outside, prose

_LONGEST = 75  # octets of a line, without its end
_COMMAND = re.compile(r"#(?=#)")
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})

Event = tuple[str, ...]


def render(agenda: Agenda) -> str:
    """The calendar, with CRLF line ends. Its events keep their UIDs from one plan to the next."""
    seen: Counter[str] = Counter()
    events = [*(_deadline(each, agenda) for each in agenda.deadlines), *(_removal(each) for each in agenda.removals)]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//pcreconcile//deadlines//EN", "CALSCALE:GREGORIAN"]
    for uid, *members in events:
        seen[uid] += 1
        lines += ["BEGIN:VEVENT", f"UID:{uid}{_again(seen[uid])}@pcreconcile", f"DTSTAMP:{_instant(agenda.created_at)}"]
        lines += [*members, "END:VEVENT"]
    return "".join(part for line in [*lines, "END:VCALENDAR"] for part in _folded(line))


def _deadline(found: AgendaDeadline, agenda: Agenda) -> Event:
    target = found.target
    named = ("", "") if target is None else (target.type, target.id)
    what = "" if target is None else f" ({words.target_name(target)})"
    local = words.day_in(found.at, agenda.partner.time_zone)
    return (
        _uid(found.tenant_id, *named, found.code),
        f"DTSTART:{_instant(found.at)}",
        f"SUMMARY:{_text(f'{outside(found.customer)}: {prose(found.text)}{what}')}",
        f"DESCRIPTION:{_text(words.day_time(found.at) + (f', {local}' if local else ''))}",
        f"CATEGORIES:{_text(outside(found.code))}",
    )


def _removal(found: AgendaRemoval) -> Event:
    doubt = f" ({found.confidence} confidence)" if found.confidence == "low" else ""
    return (
        _uid(found.tenant_id, "customer", found.tenant_id, "removal"),
        f"DTSTART;VALUE=DATE:{_day(found.on)}",
        f"DTEND;VALUE=DATE:{_day(min(found.on, date.max - timedelta(days=1)) + timedelta(days=1))}",
        f"SUMMARY:{_text(f'{outside(found.customer)}: the relationship can be removed{doubt}')}",
        "CATEGORIES:removal",
        "TRANSP:TRANSPARENT",
    )


def _uid(*names: str) -> str:
    return sha256_hex(names)[:32]


def _again(count: int) -> str:
    """Two dates of one thing and one sort are two events."""
    return f"-{count}" if count > 1 else ""


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _text(said: str) -> str:
    """A TEXT value. What a build service takes for a command is broken first: folding may begin a line anywhere."""
    return _COMMAND.sub(r"\\x23", said.replace("::", ":\\x3a")).translate(_ESCAPES)


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets, cut between characters; a blank begins each that continues."""
    row, room = "", _LONGEST
    for character in line:
        size = len(character.encode())
        if size > room:
            yield row + "\r\n"
            row, room = " ", _LONGEST - 1
        row += character
        room -= size
    yield row + "\r\n"
