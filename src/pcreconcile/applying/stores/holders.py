"""Who holds a lock, as it is written beside the lock and told to people; the lock itself rests on nothing of this."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from pcreconcile.model.identity import canonical_json
from pcreconcile.model.run import Holder

UNKNOWN = "unknown"
LIMIT = 4096  # bytes: a host's and a user's name are far shorter


def document_of(holder: Holder) -> bytes:
    """What is written."""
    return canonical_json(holder)


def holder_of(document: bytes) -> Holder | None:
    """What was written; None when it is no such document."""
    try:
        return msgspec.json.decode(document, type=Holder)
    except (msgspec.MsgspecError, ValueError):
        return None


def unknown(since: datetime) -> Holder:
    """Somebody who holds it and has not said who."""
    return Holder(0, UNKNOWN, UNKNOWN, since)


def locked(holder: Holder | None) -> str:
    """The sentence for who finds the lock taken."""
    text = "another apply for this partner tenant is running"
    if holder is None or holder.host == UNKNOWN:
        return text
    since = holder.since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}: process {holder.process} of {holder.user} on {holder.host}, since {since} UTC"
