"""The calendar as RFC 5545 wants it, read back by what the standard says and by nothing of ours."""

import re
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from pcreconcile.model.agenda import AgendaRemoval
from pcreconcile.model.plan import Deadline, Target
from pcreconcile.planning.agenda import agenda
from pcreconcile.rendering import ics
from tests.rendering import sample_plan

TERM = Target("subscription", "S1", "Microsoft 365 E3")


def unfolded(text):
    """Content lines as a calendar program sees them (RFC 5545, 3.1)."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def events(text):
    """Every VEVENT as a mapping, its TEXT values unescaped (3.3.11)."""
    lines = unfolded(text)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    found = []
    for line in lines[1:-1]:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found and line != "END:VEVENT":
            found[-1][name] = re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), value)
    return found


def calendar_of(*deadlines, name="birch-clinic", **members):
    customer = msgspec.structs.replace(sample_plan.ready(), name=name, deadlines=deadlines, **members)
    plan = sample_plan.sample(customers=(customer,))
    plan = msgspec.structs.replace(plan, partner=msgspec.structs.replace(plan.partner, time_zone="Europe/Berlin"))
    return agenda(plan, timedelta(days=30))


def deadline(at, code="term-ends", target=TERM, text="its term ends"):
    return Deadline(at, code, target, text)


AT = datetime(2027, 1, 15, 23, 30, tzinfo=UTC)


def test_a_deadline_is_an_event():
    found = events(ics.render(calendar_of(deadline(AT), earliest_removal=None)))
    assert [{name: value for name, value in each.items() if name != "UID"} for each in found] == [
        {
            "DTSTAMP": "20261122T153000Z",
            "DTSTART": "20270115T233000Z",
            "SUMMARY": "birch-clinic: its term ends (Microsoft 365 E3)",
            "DESCRIPTION": "2027-01-15 23:30 UTC, 2027-01-16 00:30 Europe/Berlin",
            "CATEGORIES": "term-ends",
        }
    ]


def test_a_removal_date_is_a_day_that_takes_no_time():
    found = events(ics.render(calendar_of(earliest_removal=date(2026, 12, 31), confidence="low")))
    assert found[0]["DTSTART;VALUE=DATE"] == "20261231"
    assert found[0]["DTEND;VALUE=DATE"] == "20270101"
    assert found[0]["SUMMARY"] == "birch-clinic: the relationship can be removed (low confidence)"
    assert found[0]["TRANSP"] == "TRANSPARENT"


def test_the_calendar_never_ends():
    last = AgendaRemoval("birch-clinic", sample_plan.tenant(22), date.max, "high")
    found = msgspec.structs.replace(calendar_of(), removals=(last,))
    assert events(ics.render(found))[0]["DTEND;VALUE=DATE"] == "99991231"


def uids(*deadlines, **members):
    return [each["UID"] for each in events(ics.render(calendar_of(*deadlines, earliest_removal=None, **members)))]


def test_an_event_keeps_its_name_while_its_date_and_words_move():
    later = deadline(AT + timedelta(days=30), text="it ends then")
    assert uids(deadline(AT)) == uids(later) == uids(deadline(AT), name="renamed")
    assert len({*uids(deadline(AT)), *uids(deadline(AT, "renews")), *uids(deadline(AT, target=None))}) == 3


def test_two_dates_of_one_sort_are_two_events():
    assert len(set(uids(deadline(AT), deadline(AT + timedelta(days=1))))) == 2


@pytest.mark.parametrize("name", ["a, b; c\\d", "línea 🎉 " * 20, "Größe" * 30])
def test_any_name_comes_back_as_it_was(name):
    target = Target("subscription", "S1", name)
    found = events(ics.render(calendar_of(deadline(AT, target=target), earliest_removal=None)))
    assert f"({name})" in found[0]["SUMMARY"]


@pytest.mark.parametrize("lead", range(12))
def test_no_name_is_a_command_to_a_build_service_or_a_line_of_its_own(lead):
    hostile = "x" * lead + "::error::" * 12 + "##vso[a]##[b]\nEND:VCALENDAR\r\nX-A:\x1b[2J\u202e"
    text = ics.render(calendar_of(deadline(AT, target=Target("subscription", "S1", hostile)), earliest_removal=None))
    assert len(events(text)) == 1
    assert "::" not in text
    assert "##vso" not in text
    assert "##[" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
