"""Whether a hold stands, asked before every intent: the notes are read again only when there is one more."""

from __future__ import annotations

from collections.abc import Callable

from pcreconcile.model.errors import Held, StoreError
from pcreconcile.model.notes import Note, standing_holds


class HoldWatch:
    """For one holder of the lock, inside of the transactions that append."""

    def __init__(self) -> None:
        self._last = -1
        self._holds: tuple[Note, ...] = ()

    def require_none(self, last: int, read: Callable[[], tuple[Note, ...]]) -> None:
        """Raises Held when a hold stands, StoreError when notes are missing that were there before.

        `last` is the number of the last note now, 0 for none; `read` gives all notes.
        """
        if last < self._last:
            raise StoreError(f"note {last + 1} is missing")
        if last != self._last:
            self._holds = standing_holds(read())
            self._last = last
        if self._holds:
            raise Held(self._holds)
