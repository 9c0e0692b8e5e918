"""The hash chain of the journal: every event names the one before it, so that no past event can change unseen.

What it cannot show by itself is a journal whose last events were cut off; the store keeps the highest number it ever
gave for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from typing import Any

import msgspec

from pcreconcile.applying.stores.bodies import misfit_of
from pcreconcile.applying.stores.sealing import MAC
from pcreconcile.model.errors import StoreError
from pcreconcile.model.identity import canonical_json, sha256_hex
from pcreconcile.model.run import Event, EventDraft

START = ""


def link(draft: EventDraft, seq: int, prev: str, mac: Callable[[Event], str] | None = None) -> Event:
    """The event that a draft becomes after the event whose hash is `prev`; `mac` gives what its body carries then.

    Raises StoreError when its body cannot be written as JSON, or could not be read again.
    """
    try:
        body = msgspec.json.decode(canonical_json(draft.body))
    except (TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"an event cannot be written to the journal: {error}") from error
    event = Event(
        seq=seq,
        run=draft.run,
        plan=draft.plan,
        at=draft.at.astimezone(UTC),
        kind=draft.kind,
        customer=draft.customer,
        action=draft.action,
        request_id=draft.request_id,
        body=body,
        prev=prev,
        hash="",
    )
    if misfit := misfit_of(event):
        raise StoreError(f"an event cannot be written to the journal: {misfit}")
    if mac is not None:
        event = msgspec.structs.replace(event, body={**body, MAC: mac(event)})
    return msgspec.structs.replace(event, hash=seal_of(event))


def seal_of(event: Event) -> str:
    """SHA-256 over the canonical form of all fields but the hash."""
    document: dict[str, Any] = msgspec.to_builtins(event)
    del document["hash"]
    return sha256_hex(document)


def verified(events: Iterable[Event]) -> Iterator[Event]:
    """The same events, each checked as it passes; raises StoreError at the first that does not fit, saying why."""
    prev = START
    for seq, event in enumerate(events, start=1):
        if misfit := _misfit(event, seq, prev):
            raise StoreError(f"event {event.seq} does not fit the chain: {misfit}")
        if misfit := misfit_of(event):
            raise StoreError(misfit)
        prev = event.hash
        yield event


def _misfit(event: Event, seq: int, prev: str) -> str:
    if event.seq != seq:
        return f"it stands where event {seq} should"
    if event.hash != seal_of(event):
        return "its content and its hash are not of one another"
    return "" if event.prev == prev else "it names another event before it"
