"""The journal key: what is written with it is believed, what anybody planted is not; what daily use needs goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pcreconcile.applying.ports import Store
from pcreconcile.applying.stores import store_to_read
from pcreconcile.applying.stores.chain import link, seal_of
from pcreconcile.applying.stores.rows import COLUMNS, row_of
from pcreconcile.applying.stores.sealing import MAC, NO_KEY, JournalKey, Sealing
from pcreconcile.model.errors import ConfigurationError, Held, StoreError
from pcreconcile.model.ids import TenantId
from pcreconcile.model.notes import NoteDraft, NoteKind, standing_holds
from pcreconcile.model.run import Event, EventKind
from tests.applying.journals import InDatabase, InFile, Journal, draft
from tests.applying.world import HELD_BY, NOW, PARTNER, tenant
from tests.postgres import postgres  # noqa: F401 a fixture

KEY = Sealing(JournalKey.parse("k" * 32))
OTHER_KEY = Sealing(JournalKey.parse("o" * 32))
LOOK = EventKind.LOOKED


@pytest.fixture(params=["sqlite", "postgres"])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """The place of a journal that is not there yet."""
    if request.param == "sqlite":
        return InFile(tmp_path / "journal.db")
    server = request.getfixturevalue("postgres")
    return InDatabase(server.url(), server)


def opened(journal: Journal, sealing: Sealing = KEY, partner: TenantId = PARTNER) -> Store:
    return store_to_read(journal.place, partner, sealing)


def write(journal: Journal, sealing: Sealing = KEY, count: int = 3) -> Journal:
    store = opened(journal, sealing)
    with store.lock(PARTNER, 0, HELD_BY):
        for number in range(count):
            store.append(draft(number, kind=LOOK, body={"moment": "before", "document": str(number)}))
    return journal


@pytest.fixture
def journal(nowhere: Journal) -> Journal:
    return write(nowhere)


# Daily use.


def test_every_event_carries_its_mac_and_the_journal_goes_on(journal: Journal):
    write(journal)
    events = list(opened(journal).events())
    assert len({event.body[MAC] for event in events}) == 6
    assert all(event.hash == seal_of(event) for event in events)


def test_without_the_key_it_is_read_and_not_written(journal: Journal):
    assert len(list(opened(journal, NO_KEY).events())) == 3
    with pytest.raises(StoreError, match="set PCRECONCILE_JOURNAL_KEY to write"):
        write(journal, NO_KEY)
    assert len(list(opened(journal).events())) == 3


def test_no_key_and_no_macs_is_as_before(nowhere: Journal):
    write(write(nowhere, NO_KEY), NO_KEY)
    assert not any(MAC in event.body for event in opened(nowhere, NO_KEY).events())


@pytest.mark.parametrize("text", ["", " ", "k" * 31, "  " + "k" * 31 + "\n"])
def test_a_key_that_is_too_short_is_told_and_not_shown(text: str):
    with pytest.raises(ConfigurationError, match="PCRECONCILE_JOURNAL_KEY: too short") as caught:
        JournalKey.parse(text)
    assert "kkk" not in str(caught.value)


def test_a_key_shows_nowhere():
    assert "kkk" not in repr(KEY) + str(KEY)
    assert JournalKey.parse("k" * 32 + "\n") == JournalKey.parse("k" * 32)


# What somebody without the key plants.


def rows_of(journal: Journal) -> list[Event]:
    return list(opened(journal, NO_KEY).events())


def planted(journal: Journal, events: list[Event]) -> None:
    """These events instead of what there is, as whoever may write to the file or database puts them there."""
    quoted = [", ".join(_quoted(value) for value in row_of(event)) for event in events]
    inserts = [f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({values})" for values in quoted]
    count = f"= {len(events)}"
    highest = (
        f"UPDATE sqlite_sequence SET seq {count} WHERE name = 'events'"
        if isinstance(journal, InFile)
        else f"UPDATE journal SET highest {count}"
    )
    journal.hurt("DELETE FROM events", *inserts, highest)


def _quoted(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def rechained(events: list[Event], change: Callable[[Event], dict[str, Any]] = lambda event: event.body) -> list[Event]:
    """The events with other bodies, numbered and chained again by somebody who knows the rules and not the key."""
    made: list[Event] = []
    for event in events:
        prev = made[-1].hash if made else ""
        bare = replace(event, seq=len(made) + 1, prev=prev, body=change(event), hash="")
        made.append(replace(bare, hash=seal_of(bare)))
    return made


def appended(events: list[Event], **body: Any) -> list[Event]:
    return [*events, link(draft(kind=EventKind.RUN_STARTED, body=body), len(events) + 1, events[-1].hash)]


def without_mac(event: Event) -> dict[str, Any]:
    return {name: value for name, value in event.body.items() if name != MAC}


PLANTS: dict[str, Callable[[list[Event]], list[Event]]] = {
    "made from scratch": lambda events: rechained(events, without_mac),
    "made from scratch with a seal": lambda events: rechained(
        [replace(events[0], kind=EventKind.SEALED), *events[1:]],
        lambda event: {**without_mac(event), **({"events": 1, "head": "x"} if event.kind is EventKind.SEALED else {})},
    ),
    "a changed body under the old MAC": lambda events: rechained(events, lambda event: {**event.body, "moment": "x"}),
    "one MAC for all": lambda events: rechained(events, lambda event: {**event.body, MAC: events[0].body[MAC]}),
    "another order": lambda events: rechained([events[1], events[0], events[2]]),
    "the middle taken out": lambda events: rechained([events[0], events[2]]),
    "the beginning taken off": lambda events: rechained(events[1:]),
    "an event repeated": lambda events: rechained([*events, events[2]]),
    "an event added": lambda events: appended(events, approvals=[{"principal": "ann", "key": "k", "document": "d"}]),
    "an event added with a strange MAC": lambda events: appended(events, mac="0" * 64),
    "an event added with no text for a MAC": lambda events: appended(events, mac=[1]),
    "the first MACs taken away": lambda events: rechained(
        events, lambda event: event.body if event.seq == 3 else without_mac(event)
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_journal_is_refused_for_writing_and_for_what_rests_on_it(journal: Journal, name: str):
    planted(journal, PLANTS[name](rows_of(journal)))
    assert rows_of(journal), "the chain alone shows nothing"
    with pytest.raises(StoreError, match="MAC") as caught:
        opened(journal).events()
    assert journal.name in str(caught.value)
    with pytest.raises(StoreError, match="MAC"):
        write(journal)
    assert list(opened(journal, replace_enforced(KEY)).events()) == rows_of(journal), "and told to who only looks"


def replace_enforced(sealing: Sealing) -> Sealing:
    return Sealing(sealing.key, enforced=False)


def test_the_wrong_key_is_told(journal: Journal):
    with pytest.raises(StoreError, match="a MAC that is not of this journal key"):
        opened(journal, OTHER_KEY).events()


def test_another_partners_events_are_not_this_ones(tmp_path: Path):
    """The same key may serve several partners: what is true of one is not of the other."""
    one, two = InFile(tmp_path / "one.db"), InFile(tmp_path / "two.db")
    write(one)
    store = opened(two, NO_KEY, tenant(7))
    with store.lock(tenant(7), 0, HELD_BY):
        pass
    planted(two, rows_of(one))
    with pytest.raises(StoreError, match="a MAC that is not of this journal key"):
        opened(two, KEY, tenant(7)).events()


def test_a_tail_that_was_cut_off_is_told_while_its_number_stands(tmp_path: Path):
    journal = write(InFile(tmp_path / "journal.db"))
    journal.hurt("DELETE FROM events WHERE seq = 3")
    with pytest.raises(StoreError, match="last events are missing"):
        opened(journal).events()


# Notes.


def note(kind: NoteKind, **body: Any) -> NoteDraft:
    return NoteDraft(kind, NOW, "ann@desk", body)


def test_a_hold_without_the_key_holds_and_only_the_key_lifts_it(journal: Journal):
    opened(journal, NO_KEY).note(note(NoteKind.HOLD, why="incident"))
    with pytest.raises(StoreError, match="set PCRECONCILE_JOURNAL_KEY to lift"):
        opened(journal, NO_KEY).note(note(NoteKind.LIFT, lifts=[1]))
    store = opened(journal)
    with store.lock(PARTNER, 0, HELD_BY), pytest.raises(Held, match="incident"):
        store.append(draft())
    opened(journal).note(note(NoteKind.LIFT, lifts=[1]))
    assert standing_holds(opened(journal).notes()) == ()
    with store.lock(PARTNER, 0, HELD_BY):
        store.append(draft())


_NOTE = "INSERT INTO notes (number, kind, at, who, body, mac) "
LIFTS = {
    "without a MAC": _NOTE + "VALUES (2, 'lift', '2026-11-22T12:00:00Z', 'ann@desk', '{\"lifts\":[1]}', '')",
    "with the MAC of the hold": _NOTE
    + "SELECT 2, 'lift', '2026-11-22T12:00:00Z', 'ann@desk', '{\"lifts\":[1]}', mac FROM notes",
}


@pytest.mark.parametrize("name", LIFTS)
def test_a_planted_end_of_a_hold_ends_nothing(journal: Journal, name: str):
    opened(journal).note(note(NoteKind.HOLD, why="incident"))
    journal.say(LIFTS[name])
    store = opened(journal)
    assert [each.number for each in standing_holds(store.notes())] == [1]
    with store.lock(PARTNER, 0, HELD_BY), pytest.raises(Held, match="incident"):
        store.append(draft())


def test_an_end_that_is_played_back_does_not_end_a_later_hold(journal: Journal):
    opened(journal).note(note(NoteKind.HOLD, why="one"))
    opened(journal).note(note(NoteKind.LIFT, lifts=[1]))
    opened(journal).note(note(NoteKind.HOLD, why="two"))
    journal.say(_NOTE + "SELECT 4, kind, at, who, body, mac FROM notes WHERE number = 2")
    assert [each.number for each in standing_holds(opened(journal).notes())] == [3]
    journal.say(_NOTE + "SELECT 5, kind, at, who, '{\"lifts\":[3]}', mac FROM notes WHERE number = 2")
    assert [each.number for each in standing_holds(opened(journal).notes())] == [3]


def test_what_forbids_counts_without_a_mac_and_is_not_proven(journal: Journal):
    for kind in (NoteKind.HOLD, NoteKind.WITHDRAWAL, NoteKind.PROTECTED):
        opened(journal, NO_KEY).note(note(kind))
    assert [each.proven for each in opened(journal).notes()] == [False] * 3
    opened(journal).note(note(NoteKind.WITHDRAWAL))
    assert opened(journal).notes()[-1].proven
