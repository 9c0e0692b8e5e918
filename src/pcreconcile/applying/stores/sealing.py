"""The journal key: every event and note carries an HMAC-SHA256, so that only who has the key can have written it.

The hash chain shows that nothing was changed inside of a journal; anybody could make one anew. The MAC stands in the
event's body (`mac`), under the event's hash, so the format of rows and archives stays what it was; it covers the whole
event, the hash of the one before it, and whose journal it is. An older journal is taken over once, by an event
`sealed`: what stands before it is covered by its `prev` and taken on trust. What a MAC cannot show is that a tail was
cut off together with the number of the last event; anchors do.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pcreconcile.model.errors import ConfigurationError, StoreError
from pcreconcile.model.identity import canonical_json
from pcreconcile.model.ids import TenantId
from pcreconcile.model.notes import Note, NoteKind
from pcreconcile.model.run import Event, EventKind

SETTING = "PCRECONCILE_JOURNAL_KEY"
SHORTEST = 32  # bytes: as long as what SHA-256 gives
MAC = "mac"


@dataclass(frozen=True, slots=True)
class JournalKey:
    """The key; it never shows."""

    _secret: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> JournalKey:
        """The key that a text is, without blanks around it. Raises ConfigurationError for one that is too short."""
        secret = text.strip().encode("utf-8", "surrogateescape")
        if len(secret) < SHORTEST:
            raise ConfigurationError(
                f"{SETTING}: too short; expected at least {SHORTEST} bytes of random text, as given by"
                " `openssl rand -hex 32`"
            )
        return cls(secret)

    def of_event(self, partner: TenantId, event: Event) -> str:
        """The MAC of an event; neither its hash nor a MAC in its body counts."""
        document: dict[str, Any] = msgspec.to_builtins(event)
        del document["hash"]
        document["body"] = {name: value for name, value in event.body.items() if name != MAC}
        return self._mac("event", partner, document)

    def of_note(self, partner: TenantId, note: Note) -> str:
        """The MAC of a note."""
        document = {"number": note.number, "kind": note.kind, "at": note.at, "who": note.who, "body": note.body}
        return self._mac("note", partner, document)

    def _mac(self, sort: str, partner: TenantId, document: Mapping[str, Any]) -> str:
        covered = canonical_json({"pcreconcile": sort, "journal": partner, "content": document})
        return hmac.new(self._secret, covered, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Sealing:
    """How a store deals with MACs. Without a key it neither makes nor checks any.

    `enforced` is False for who only tells what is there, or takes a journal over.
    """

    key: JournalKey | None = None
    enforced: bool = True

    def require(self, events: Sequence[Event], partner: TenantId) -> None:
        """Raises StoreError when a key is set and enforced, and not all events since the seal are of it."""
        if self.enforced and (misfit := self.misfit(events, partner)):
            raise StoreError(misfit)

    def require_writable(self, events: Sequence[Event]) -> None:
        """Raises StoreError for a sealed journal without its key: what would be written could never be believed."""
        if self.key is None and is_sealed(events):
            raise StoreError(f"its events carry MACs of a journal key: set {SETTING} to write to it")

    def misfit(self, events: Sequence[Event], partner: TenantId) -> str:
        """Why these events, a whole journal, are not to be believed; "" when they are, or no key is set."""
        if self.key is None or not events:
            return ""
        first = next((event for event in events if MAC in event.body), None)
        if first is None:
            return (
                f"its {len(events)} events carry no MAC of the journal key ({SETTING}), so anybody may have made them;"
                " if it is yours and older than the key, `pcreconcile verify --seal` takes it over once"
            )
        if first.seq > 1 and first.kind is not EventKind.SEALED:
            return f"event {first.seq} follows events without a MAC, and is no seal"
        wrong = next((event for event in events[first.seq - 1 :] if not self.fits(event, partner)), None)
        if wrong is None:
            return ""
        found = "a MAC that is not of this journal key" if MAC in wrong.body else "no MAC of the journal key"
        return (
            f"event {wrong.seq} carries {found} ({SETTING}): it was written with another key, without one, or changed"
        )

    def maker(self, partner: TenantId) -> Callable[[Event], str] | None:
        """What gives an event its MAC; None without a key."""
        key = self.key
        return None if key is None else lambda event: key.of_event(partner, event)

    def fits(self, event: Event, partner: TenantId) -> bool:
        """Whether an event's MAC is of the key; True without a key."""
        return self.key is None or _same(event.body.get(MAC), self.key.of_event(partner, event))

    def sealed_note(self, note: Note, partner: TenantId) -> Note:
        """The note with its MAC."""
        return note if self.key is None else msgspec.structs.replace(note, mac=self.key.of_note(partner, note))

    def judged(self, notes: Iterable[Note], partner: TenantId) -> tuple[Note, ...]:
        """The same notes; those whose MAC is not of the key are not proven."""
        return tuple(
            note
            if self.key is None or _same(note.mac, self.key.of_note(partner, note))
            else msgspec.structs.replace(note, proven=False)
            for note in notes
        )

    def require_counts(self, kind: NoteKind, sealed: bool) -> None:
        """Raises StoreError for the end of a hold that would end nothing: a sealed journal, and no key."""
        if kind is NoteKind.LIFT and sealed and self.key is None:
            raise StoreError(f"its events carry MACs of a journal key: set {SETTING} to lift a hold")


NO_KEY = Sealing()
"""What a store does where no key is set."""


def is_sealed(events: Iterable[Event]) -> bool:
    """Whether any event carries a MAC."""
    return any(MAC in event.body for event in events)


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
